"""The figures that a decision rests on, and the digest by which a change of them is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.draft import Draft, node_document
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
    """Return the figures of a position: draft, what was written, and what was edited in Sage since."""
    outcome, written, held = position.outcome, position.written, position.held
    earlier = position.rename.earlier if position.rename else ()
    sides: list[object] = [
        node_document(outcome.body) if isinstance(outcome, Draft) else None,
        None if written is None else [written.sage_id, written.content, written.written_at],
        sorted([record.kind, record.key, record.sage_id, record.content] for record in earlier),
        None if held is None else sorted([edit.path, edit.mark] for edit in position.agreement.edits),
    ]
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
    """Return the amount of a record in the source; of one that the source lost, as it was written."""
    known = position.outcome or position.written
    return None if known is None else known.amount
