"""The figures that a decision rests on, and the digest by which a change of them is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.model.draft import Draft, Outcome, Quarantined, node_document
from sagerecon.model.entity import NOISE, Entity
from sagerecon.model.money import total
from sagerecon.model.value import fingerprint
from sagerecon.pairing.decisions import FINGERPRINT_LENGTH, Covers
from sagerecon.pairing.position import Position


@dataclass(frozen=True, slots=True)
class Figures:
    """One record as a decision saw it: its name, its amount, and a digest of the sides that count."""

    kind: str
    key: str
    amount: Decimal | None
    digest: str


def figures(position: Position) -> Figures:
    """Return the figures of a position: draft, what was written, and what was edited in Sage since.

    A reading that shows what was written changes none of them.
    """
    outcome, written, held = position.outcome, position.written, position.held
    if isinstance(outcome, Quarantined) and outcome.duplicates:  # by the source alone
        digest = fingerprint([position.kind, position.key, outcome.duplicates])[:FINGERPRINT_LENGTH]
        return Figures(position.kind, position.key, amount_of(position), digest)
    earlier = position.rename.earlier if position.rename else ()
    sides: list[object] = [
        node_document(outcome.body) if isinstance(outcome, Draft) else None,
        None if written is None else [written.sage_id, written.content, written.written_at],
        sorted([record.kind, record.key, record.sage_id, record.content] for record in earlier),
        sorted([edit.path, edit.mark] for edit in position.agreement.edits) or None,
    ]
    if position.suspect is not None:
        sides += [_alike(entity, outcome) for entity in position.suspect.entities]
    if position.origin is not None and held is not None:
        sides.append(_plain(held.entity.body))
    digest = fingerprint([position.kind, position.key, *sides])[:FINGERPRINT_LENGTH]
    return Figures(position.kind, position.key, amount_of(position), digest)


def theirs_digest(position: Position, fields: Iterable[str]) -> str:
    """Return the digest of fields that are left as Sage holds them: the source's values, and those in Sage.

    It stays the same while other fields of the record are written.
    """
    names = sorted(fields)
    body = node_document(position.outcome.body) if isinstance(position.outcome, Draft) else {}
    edits = sorted([edit.path, edit.mark] for edit in position.agreement.edits if edit.field in names)
    sides = [position.kind, position.key, {name: body.get(name) for name in names}, edits]
    return fingerprint(sides)[:FINGERPRINT_LENGTH]


def covers(records: Iterable[Figures]) -> Covers:
    """Return what a decision about these records covers."""
    found = sorted(records, key=lambda record: (record.kind, record.key))
    amounts = [record.amount for record in found if record.amount is not None]
    return Covers(
        records=len(found),
        amount=total(amounts) if amounts else None,
        fingerprint=digest_of([record.digest for record in found]),
    )


def digest_of(digests: Sequence[str]) -> str:
    """Return the digest of several records, in whatever order."""
    return fingerprint(sorted(digests))[:FINGERPRINT_LENGTH]


def amount_of(position: Position) -> Decimal | None:
    """Return the amount in the source; of a record that the source lost, or never had, the one in Sage.

    Where that was not edited, it is the amount that was written.
    """
    known = position.outcome or (position.written if position.amount is None else None)
    return position.amount if known is None else known.amount


def _alike(entity: Entity, outcome: Outcome | None) -> list[object]:
    """Return the figures of an entity that a draft may be: in the fields of the draft, links by their id."""
    names = sorted(outcome.body) if isinstance(outcome, Draft) else ()
    return [entity.sage_id, {name: _linked(_answered(entity.body, name)) for name in names}]


def _linked(value: Any) -> Any:
    """Return an answered value in which a link is its id, whatever else an answer shows of it."""
    if isinstance(value, Mapping):
        return value["id"] if "id" in value else {name: _linked(child) for name, child in value.items()}
    return [_linked(child) for child in value] if isinstance(value, list) else value


def _answered(body: Mapping[str, Any], name: str) -> Any:
    """Return a field of an answer; a link is answered under its name without `_id`."""
    return body.get(name, body.get(name.removesuffix("_id")))


def _plain(value: Any) -> Any:
    """Return an answered value without what changes by itself."""
    if isinstance(value, Mapping):
        return {name: _plain(child) for name, child in value.items() if name not in NOISE}
    return [_plain(child) for child in value] if isinstance(value, list) else value
