"""A change or a deletion that Sage refused, and whether an equal request would be refused again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import day_of
from sagerecon.model.draft import Body, Draft, Outcome, node_document, references_in
from sagerecon.model.entity import NOISE, Entity, Written
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import fingerprint
from sagerecon.pairing.natural_key import normal_key
from sagerecon.pairing.owners import RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An update or a deletion that Sage has refused, with what Sage held just before."""

    kind: str
    key: str
    is_deletion: bool
    reason: str  #: a sentence with what Sage answered
    at: int  #: milliseconds since 1970
    held: Entity
    body: Body = field(default_factory=dict)  #: the draft that was sent, or what was to be deleted
    left: tuple[str, ...] = ()  #: the fields of the draft that a decision left as Sage held them
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """When the request was refused, and why."""
        return f"Refused on {day_of(self.at)}: {self.reason}"

    def holds(self, outcome: Outcome | None, written: Written, found: Entity | None) -> bool:
        """Return whether an equal request would be sent: nothing that it depends on has changed since.

        Args:
            outcome: what the source gives now.
            found: what Sage holds by a reading since; None where it was not read since.
        """
        if written.sage_id != self.held.sage_id or written.written_at > self.at:
            return False
        if not self.is_deletion and isinstance(outcome, Draft) and not self._is_content(outcome.body):
            return False
        return found is None or not _differs(self.held.body, found.body)

    def _is_content(self, body: Body) -> bool:
        before, now = (
            fingerprint({name: node_document(value) for name, value in one.items() if name not in self.left})
            for one in (self.body, body)
        )
        return before == now


#: The last refusal of an update and of a deletion, by record.
Refusals: TypeAlias = Mapping[RecordKey, Sequence[Refusal]]


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a run of ours deleted: its body with the references, and when, in milliseconds since 1970."""

    body: Body
    at: int


def still_referred_to(
    refusals: Iterable[Refusal], deletions: Iterable[Deleted], catalog: Catalog
) -> dict[RecordKey, tuple[Refusal, ...]]:
    """Return by record the last refusals, without those after which a record that referred to it was deleted.

    Args:
        refusals: the oldest first.
        deletions: what runs of ours have deleted.
    """
    last = {(one.kind, one.key, one.is_deletion): one for one in refusals}
    deleted_at: dict[tuple[str, Key], int] = {}
    for deletion in deletions if last else ():
        for reference in references_in(deletion.body):
            name = (reference.kind, _normal(reference.kind, reference.key, catalog))
            deleted_at[name] = max(deletion.at, deleted_at.get(name, 0))
    found: dict[RecordKey, tuple[Refusal, ...]] = {}
    for one in last.values():
        natural = (NaturalKey(name, value) for name, value in one.identity.items())
        keys = (one.key, *(_normal(one.kind, key, catalog) for key in natural))
        if max(deleted_at.get((one.kind, key), 0) for key in keys) <= one.at:
            found[one.kind, one.key] = (*found.get((one.kind, one.key), ()), one)
    return found


def _normal(kind: str, key: Key, catalog: Catalog) -> Key:
    return normal_key(catalog, catalog[kind], key) if isinstance(key, NaturalKey) else key


def _differs(before: Any, now: Any) -> bool:
    """Return whether two answers about one entity differ in what both show."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return any(_differs(before[name], now[name]) for name in (before.keys() & now.keys()) - NOISE)
    if isinstance(before, list) and isinstance(now, list):
        return len(before) != len(now) or any(map(_differs, before, now))
    return bool(before != now)
