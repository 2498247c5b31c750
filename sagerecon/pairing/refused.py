"""The records of which Sage refused what a plan would send, and the decisions that it refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sagerecon.pairing.answers import awaits_decision, proposal
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.refusal import Refusal
from sagerecon.pairing.settlement import Settlement, WithoutEffect
from sagerecon.pairing.standing import standing

#: Whether what is proposed begins with a deletion; what sends neither a change nor a deletion is not here.
_IS_DELETION = {
    Proposal.UPDATE: False,
    Proposal.PUSH: False,
    Proposal.REVERSE: True,
    Proposal.REPLACE: True,
}


def is_refused(position: Position) -> bool:
    """Return whether Sage refused the update that a plan would send without a decision."""
    return position.refusals != () and _refusal(position, PROPOSALS[standing(position)]) is not None


def is_left_alone(position: Position) -> bool:
    """Return whether a record is left alone and named until it is decided on."""
    is_awaited = awaits_decision(standing(position)) and not position.is_adoptable
    return is_awaited or is_refused(position)


def without_refused(positions: Iterable[Position], settlement: Settlement) -> Settlement:
    """Return the decisions in effect without those about records of which Sage refused what they say.

    A decision that was made after the refusal is carried out once more.
    """
    refused: dict[RecordKey, Refusal] = {}
    for position in positions:
        decision = settlement.of(position) if position.refusals else None
        if decision is not None and (refusal := _against(position, decision)) is not None:
            refused[position.kind, position.key] = refusal
    if not refused:
        return settlement
    first = {id(settlement.by_record[record]): record for record in reversed(list(refused))}
    impossible = [
        WithoutEffect(settlement.by_record[record], _why(refused[record]), is_refused=True)
        for record in first.values()
    ]
    return replace(settlement.without(refused), impossible=(*settlement.impossible, *impossible))


def _against(position: Position, decision: Decision) -> Refusal | None:
    """Return the refusal of what a decision says, where the decision was made before it."""
    refusal = _refusal(position, proposal(decision.standing, decision.answer))
    return None if refusal is None or decision.is_after(refusal) else refusal


def _refusal(position: Position, proposed: Proposal) -> Refusal | None:
    is_deletion = _IS_DELETION.get(proposed)
    return None if is_deletion is None else position.refusal(is_deletion=is_deletion)


def _why(refusal: Refusal) -> str:
    first = "delete in Sage what refers to it" if refusal.is_deletion else "correct it in Sage"
    return f"{refusal.key}: {refusal.text.rstrip('.')}; {first}, then reconcile"
