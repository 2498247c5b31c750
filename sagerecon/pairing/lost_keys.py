"""Decisions about a record that is not to be found under its key, and the records that may be it now.

The source no longer has the key, or the store no longer knows that the record was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sagerecon.model.draft import Draft
from sagerecon.pairing.aliases import Aliases, current_key
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decisions import UNWRITTEN, WRITTEN, Decision
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.renames import spelling
from sagerecon.pairing.settlement import Members, Settlement, WithoutEffect
from sagerecon.pairing.standing import standing

#: Records named where several may be the one that was decided on.
_EXAMPLES = 3


def without_lost_keys(
    settlement: Settlement,
    decisions: Iterable[Decision],
    positions: Sequence[Position],
    keys: Members,
    renamed: Aliases,
) -> Settlement:
    """Return the decisions without those about a record that may have another key now, or that was forgotten.

    Such a decision has lapsed. Nothing is sent of the record that took over its entity, nor of one that may
    be it by its key and about which no other decision is in effect.

    Args:
        settlement: what the decisions settle about the records under the keys that they name.
        keys: of decisions about many, the draft keys of their records where they are known.
        renamed: the key of today by kind and earlier key, of entities that a key took over by decision.
    """
    found: _Records | None = None
    present = {(at.kind, at.key) for at in positions}
    decisions = tuple(decisions)
    unwritten: set[RecordKey] = set()
    if any(decision.standing in WRITTEN for decision in decisions):
        unwritten = {(at.kind, at.key) for at in positions if standing(at) in UNWRITTEN}
    for decision in decisions:
        named = {decision.key} if decision.key else keys.get(decision.covers.fingerprint, frozenset())
        known = present - unwritten if decision.standing in WRITTEN else present
        lost = sorted(key for key in named if (decision.kind, key) not in known)
        if not lost:
            continue
        found = found or _Records(positions, renamed)
        may_be = {key: found.perhaps(key, decision, settlement.by_record) for key in lost}
        if moved := {key: records for key, records in may_be.items() if records}:
            settlement = _lapsed(settlement, decision, moved)
    return settlement


def _lapsed(
    settlement: Settlement, decision: Decision, moved: Mapping[str, Sequence[Position]]
) -> Settlement:
    """Return the decisions with one lapsed.

    Args:
        moved: by each key that the source lost, the records that may have had it.
    """
    in_effect = [record for record, made in settlement.by_record.items() if made is decision]
    settlement = settlement.without(in_effect)
    lapsed = settlement.lapsed
    if all(entry.decision is not decision for entry in (*lapsed, *settlement.impossible)):
        lapsed = (*lapsed, WithoutEffect(decision, _why(decision, moved)))
    records = {(at.kind, at.key): decision for found in moved.values() for at in found}
    return replace(
        settlement,
        lapsed=lapsed,
        idle=tuple(entry for entry in settlement.idle if entry is not decision),
        withheld={**settlement.withheld, **records},
    )


def _why(decision: Decision, moved: Mapping[str, Sequence[Position]]) -> str:
    """Return why a decision has lapsed, by the first of the keys that the source lost."""
    key, records = next(iter(moved.items()))
    if records[0].key == key and decision.standing in WRITTEN:
        return "the store does not know what was written of it"
    names = [at.key for at in records]
    others = f" or {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    lost = "this key" if decision.key else f"the key {key}"
    more = f", and {len(moved) - 1:,} more of its records have lost theirs" if len(moved) > 1 else ""
    return f"the source has no record with {lost}; {' or '.join(names[:_EXAMPLES])}{others} may be it{more}"


class _Records:
    """The records of the source, by what remains of an earlier key."""

    def __init__(self, positions: Iterable[Position], renamed: Aliases) -> None:
        self._renamed = renamed
        self._by_key: dict[RecordKey, Position] = {}
        self._alike: dict[tuple[str, ...], list[Position]] = {}
        self._mappings: set[str] = set()
        for at in positions:
            self._by_key[at.kind, at.key] = at
            if isinstance(at.outcome, Draft):
                mapping, _, key = at.key.partition("/")
                self._mappings.add(mapping)
                self._alike.setdefault(spelling(key), []).append(at)

    def perhaps(
        self, key: str, decision: Decision, decided: Mapping[RecordKey, Decision]
    ) -> tuple[Position, ...]:
        """Return the records that may have had a lost key, and that a decision about it concerns.

        Where the key's entity was taken over, that is the one record with the entity; else those whose key
        is spelt alike.

        Args:
            decided: the decisions in effect, about records that need no other one.
        """
        now = self._by_key.get((decision.kind, current_key(decision.kind, key, self._renamed)))
        if now is not None and now.key == key:
            found = [now]
        elif now is not None:
            found = [now] if decision.is_about(standing(now)) else []
        else:
            found = [
                at
                for at in self._alike.get(spelling(key.partition("/")[2]), ())
                if self._is_alike(at, key, decision.kind) and _would_be_settled(at, decision)
            ]
        return tuple(at for at in found if (at.kind, at.key) not in decided)

    def _is_alike(self, position: Position, key: str, kind: str) -> bool:
        """Return whether a record is of the kind, and of a mapping that may have made the key.

        The same key in the source by the same mapping may be of another kind now.
        """
        before, now = key.partition("/")[0], position.key.partition("/")[0]
        return position.key == key or (
            position.kind == kind and (now == before or before not in self._mappings)
        )


def _would_be_settled(position: Position, decision: Decision) -> bool:
    """Return whether a decision about an earlier key of a record may keep it from being sent.

    What Sage was found to hold of a record that no run has written is recorded by the earlier key, so that
    its standing may be another one now.
    """
    found = standing(position)
    is_unwritten = {decision.standing, found} <= UNWRITTEN
    return is_unwritten or (decision.is_about(found) and PROPOSALS[found] is Proposal.UPDATE)
