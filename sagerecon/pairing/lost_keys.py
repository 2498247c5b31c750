"""Decisions about a record that is not to be found under its key, and the records that may be it now.

The source no longer has the key, or the store no longer knows that the record was written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.pairing.aliases import Aliases, current_key
from sagerecon.pairing.decisions import UNWRITTEN, Decision
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.renames import marks, spelling
from sagerecon.pairing.settlement import Keys, Settlement, WithoutEffect
from sagerecon.pairing.standing import Standing, standing

#: Standings of a record that may be one under another key, by a decision about which it may not be sent.
_SENT_UNLESS_DECIDED = UNWRITTEN | {Standing.SOURCE_CHANGED}

_EDITED = frozenset({Standing.EDITED_IN_SAGE, Standing.BOTH_CHANGED})

#: Records named where several may be the one that was decided on.
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Lost:
    """A decision, and by each key that the source lost the records that may have had it."""

    decision: Decision
    records: Mapping[str, Sequence[Position]]


def with_lost_keys(
    decisions: Collection[Decision],
    positions: Sequence[Position],
    keys: Keys,
    renamed: Aliases,
    catalog: Catalog,
) -> Iterator[Lost]:
    """Yield each decision about a record that may have another key now, or that was forgotten.

    Args:
        keys: of the records that each decision was made about, where they are known.
        renamed: the key of today by kind and earlier key, of entities that a key took over by decision.
    """
    found: _Records | None = None
    present = {(at.kind, at.key) for at in positions} if decisions else set[RecordKey]()
    written = present
    if any(decision.is_about_written for decision in decisions):
        written = present - {(at.kind, at.key) for at in positions if standing(at) in UNWRITTEN}
    in_source = written - {(at.kind, at.key) for at in positions if at.outcome is None}
    for decision in decisions:
        known = keys.get(decision.covers.fingerprint, {})
        named = {decision.key} if decision.key else known.keys()
        there = written if decision.is_about_written else present
        if decision.is_about_written and decision.standing is not Standing.GONE_FROM_SOURCE:
            there = in_source
        lost = sorted(key for key in named if (decision.kind, key) not in there)
        if not lost:
            continue
        found = found or _Records(positions, renamed, catalog)
        perhaps = {key: found.perhaps(key, decision, known.get(key, frozenset())) for key in lost}
        yield Lost(decision, {key: records for key, records in perhaps.items() if records})


def decided_alone(lost: Iterable[Lost]) -> frozenset[RecordKey]:
    """Return the records that may have had a key on which was decided by itself."""
    found = (at for one in lost if one.decision.key for records in one.records.values() for at in records)
    return frozenset((at.kind, at.key) for at in found)


def without_lost_keys(settlement: Settlement, lost: Iterable[Lost]) -> Settlement:
    """Return the decisions without those about a record that may have another key now, or that was forgotten.

    Such a decision has lapsed. Nothing is sent of the record that took over its entity, nor of one that may
    be it by its key, or by its content. Another decision about that record replaces it; one about a group
    does not replace one about a record.

    Args:
        settlement: what the decisions settle about the records under the keys that they name.
    """
    for one in lost:
        free = {key: [at for at in each if settlement.of(at) is None] for key, each in one.records.items()}
        if moved := {key: records for key, records in free.items() if records}:
            settlement = _lapsed(settlement, one.decision, moved)
    return settlement


def _lapsed(
    settlement: Settlement, decision: Decision, moved: Mapping[str, Sequence[Position]]
) -> Settlement:
    """Return the decisions with one lapsed.

    Args:
        moved: by each key that the source lost, the records that may have had it.
    """
    records = {(at.kind, at.key) for found in moved.values() for at in found}
    if not decision.key:  # what was decided about one of them alone stands before it
        records -= settlement.alone
    own = {record for record, made in settlement.by_record.items() if made is decision}
    left = settlement.without(own)
    known = [entry.decision for entry in (*settlement.lapsed, *settlement.impossible)]
    lapsed = () if _is_among(decision, known) else (WithoutEffect(decision, _why(decision, moved)),)
    return replace(
        left,
        lapsed=(*settlement.lapsed, *lapsed),
        idle=tuple(made for made in settlement.idle if made is not decision),
        withheld={**left.withheld, **dict.fromkeys(records, decision)},
    )


def _is_among(decision: Decision, others: Iterable[Decision]) -> bool:
    """Return whether a decision is one of others, and not only equal to one."""
    return any(other is decision for other in others)


def _why(decision: Decision, moved: Mapping[str, Sequence[Position]]) -> str:
    """Return why a decision has lapsed, by the first of the keys that the source lost."""
    key, records = next(iter(moved.items()))
    if records[0].key == key and decision.is_about_written:
        return "the store does not know what was written of it"
    names = [at.key for at in records]
    others = f" or {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    lost = "this key" if decision.key else f"the key {key}"
    more = f", and {len(moved) - 1:,} more of its records have lost theirs" if len(moved) > 1 else ""
    return f"the source has no record with {lost}; {' or '.join(names[:_EXAMPLES])}{others} may be it{more}"


class _Records:
    """The records of the source, by what remains of an earlier key."""

    def __init__(self, positions: Iterable[Position], renamed: Aliases, catalog: Catalog) -> None:
        self._renamed = renamed
        self._by_key: dict[RecordKey, Position] = {}
        self._mappings: set[str] = set()
        self._spelt: dict[tuple[str, ...], list[Position]] = {}
        self._marked: dict[str, list[Position]] = {}
        found = tuple(positions)
        earlier = {now: before for (_, before), now in renamed.items()}
        earlier |= {at.key: at.rename.earlier[0].key for at in found if at.rename is not None}
        for at in found:
            self._by_key[at.kind, at.key] = at
            mapping, _, source_key = at.key.partition("/")
            if at.outcome is not None:
                self._mappings.add(mapping)
            if isinstance(at.outcome, Draft) and standing(at) in _SENT_UNLESS_DECIDED:
                self._spelt.setdefault(spelling(source_key), []).append(at)
                for mark in marks(at.outcome, catalog, earlier):
                    self._marked.setdefault(mark, []).append(at)

    def perhaps(self, key: str, decision: Decision, known: Set[str]) -> tuple[Position, ...]:
        """Return the records that may have had a lost key, and that a decision about it concerns.

        Where the key's entity was taken over, that is the one record with the entity; else those whose key
        is spelt alike, or that have a mark in common. A record
        that a run wrote may be in Sage under its key still.

        Args:
            known: the marks of the record when it was decided on; empty where they are not known.
        """
        now = self._by_key.get((decision.kind, current_key(decision.kind, key, self._renamed)))
        is_gone = now is not None and now.outcome is None and now.key == key
        if now is not None and now.key == key and not is_gone:
            return (now,)
        if now is not None and not is_gone:
            return (now,) if _concerns(decision, standing(now)) else ()
        spelt = self._spelt.get(spelling(key.partition("/")[2]), ())
        found = [at for at in spelt if self._may_share(at, key, decision.kind)]
        found += [at for mark in sorted(known) for at in self._marked.get(mark, ())]
        each = {(at.kind, at.key): at for at in found if _concerns(decision, standing(at))}
        return tuple(each.values())

    def _may_share(self, position: Position, key: str, kind: str) -> bool:
        """Return whether a record is of the kind, and of a mapping that may have made the key.

        The same key in the source by the same mapping may be of another kind now.
        """
        before, now = key.partition("/")[0], position.key.partition("/")[0]
        is_free = before not in self._mappings
        return position.key == key or (position.kind == kind and (now == before or is_free))


def _concerns(decision: Decision, found: Standing) -> bool:
    """Return whether a decision about an earlier key of a record concerns the record by its standing now.

    The new key may change the standing: what Sage was found to hold of a record that no run has written is
    recorded by the earlier key, and a key that is sent is a change of the source. A record that the store
    has forgotten has a standing as if no run had written it.
    """
    standings = {decision.standing, found}
    is_forgotten = found in UNWRITTEN and decision.is_about_written
    return decision.is_about(found) or is_forgotten or standings <= UNWRITTEN or standings <= _EDITED
