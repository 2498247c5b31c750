"""Which entities in Sage may be records of the source, so that none of them is one without a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from sagerecon.pairing.answers import ADOPTIONS, DecisionAnswer
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.objections import adopted_entity
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position

#: Answers by which a record is none of the entities that it may be.
_APART = frozenset({DecisionAnswer.KEEP_APART, DecisionAnswer.WRITE_AGAIN})

#: By kind and draft key, the Sage ids of the entities that a record is decided not to be.
Denied = Mapping[RecordKey, frozenset[str]]


class _Settled(Protocol):
    """Tells the decision in effect about a position."""

    def of(self, position: Position) -> Decision | None: ...


def denied_by(positions: Iterable[Position], settlement: _Settled) -> Denied:
    """Return the entities that records are decided not to be, of those that they may be."""
    found = {(at.kind, at.key): _denied(at, settlement.of(at)) for at in positions if at.suspect is not None}
    return {record: ids for record, ids in found.items() if ids}


def claimed_by(positions: Iterable[Position], denied: Denied) -> set[RecordKey]:
    """Return kind and Sage id of each entity that may be a record, or that the next run adopts for one."""
    claimed: set[RecordKey] = set()
    for at in positions:
        others = denied.get((at.kind, at.key), frozenset())
        ids = at.suspect.sage_ids if at.suspect is not None else ()
        claimed.update((at.kind, sage_id) for sage_id in (*ids, at.looked_up) if sage_id not in others)
    return claimed


def _denied(position: Position, decision: Decision | None) -> frozenset[str]:
    ids = frozenset(position.suspect.sage_ids if position.suspect is not None else ())
    if decision is None or decision.answer not in _APART | ADOPTIONS:
        return frozenset()
    adopted = adopted_entity(position, decision) if decision.answer in ADOPTIONS else None
    return ids if adopted is None else ids - {adopted.sage_id}
