"""The step of each record: what is done about it, by its standing and by the decision about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft, LeftOut, Quarantined, Reference
from sagerecon.model.entity import Written
from sagerecon.model.errors import PlanningError
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.answers import proposal
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.objections import adopted_entity
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.refused import is_refused
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement
from sagerecon.pairing.standing import Standing, standing
from sagerecon.planning.left_alone import LEFT_OUT_BY, WAITS
from sagerecon.planning.order import DraftIndex
from sagerecon.planning.passed_steps import (
    gone,
    kept,
    left_out,
    quarantined,
    refused,
    settled,
    skipped,
    waiting,
    waiting_again,
    waiting_for,
)
from sagerecon.planning.reversals import reversal
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    PassedStep,
    ReverseStep,
    SettledStep,
    UpdateStep,
    WaitStep,
    WriteStep,
)
from sagerecon.planning.writing_steps import (
    adopted,
    adopted_as_equal,
    created,
    pushed,
    renamed,
    replaced,
    updated,
    written_again,
)

RecordStep: TypeAlias = WriteStep | AdoptStep | PassedStep


def record_steps(
    positions: Iterable[Position],
    index: DraftIndex,
    catalog: Catalog,
    settlement: Settlement = NOTHING_SETTLED,
    earlier: Mapping[RecordKey, Written] = {},
) -> Iterator[RecordStep]:
    """Yield the step of each record. What refers to a record that waits does not write either: it waits too.

    So does what refers to a record that is known to be in Sage no more, unless that is written again, and
    what refers by its draft key to one that was decided to be left out. An entity with the natural key of
    such a record may be in Sage already. A record waits, too, if a decision was made about it that has no
    effect now. What refers to a record whose update Sage refused does not wait, for Sage holds it. Nothing is
    created that refers to a record which Sage holds and the source does not give, until that one is decided
    to stay.

    A record that was decided to be an earlier one has two steps if it changed: the key takes over the entity,
    and the entity gets the changes. One that is posted again has two: its entity is deleted, and created.

    Args:
        positions: each after those that its draft refers to.
        index: every draft.
        settlement: the decisions in effect.
        earlier: by kind and key of a draft, what was written of it under its earlier key.
    """
    positions = tuple(positions)
    awaited = {at.key: f"which is {_absence(at)}" for at in positions if at.is_absent}
    omitted: dict[str, str] = {}  # by draft key of a record that is left out, the decision
    staying = {at.key for at in positions if _stays(at, settlement)}
    for position in positions:
        found = standing(position)
        takes_over = renamed(position, earlier) if earlier else None
        if takes_over is not None:
            yield takes_over
            if found is Standing.UNCHANGED:
                continue
        decision = _decision(position, found, settlement)
        without_effect = settlement.withholding(position) if decision is None else None
        if decision is None and is_refused(position) and isinstance(position.outcome, Draft):
            step: RecordStep = refused(position.outcome, found, position)
        elif without_effect is not None and isinstance(position.outcome, Draft):
            step = waiting_again(position.outcome, found, without_effect, position)
        else:
            step = _step(position, found, decision, catalog)
        if isinstance(step, CreateStep | UpdateStep) and isinstance(position.outcome, Draft):
            waits = _waiting_for_another(position.outcome, found, step, index, awaited, omitted, staying)
            step = waits or step
        if isinstance(step, WaitStep) and not step.refused:
            awaited.setdefault(step.key, WAITS)
        elif isinstance(step, SettledStep) and decision is not None and not position.is_written:
            omitted[step.key] = decision.subject
        elif isinstance(step, CreateStep | AdoptStep):
            awaited.pop(step.key, None)
        if isinstance(step, CreateStep) and decision is not None and _is_replaced(decision):
            yield _reversal(position, decision, catalog)
        yield step


def _waiting_for_another(
    draft: Draft,
    found: Standing,
    step: CreateStep | UpdateStep,
    index: DraftIndex,
    awaited: Mapping[str, str],
    omitted: Mapping[str, str],
    staying: Collection[str],
) -> WaitStep | None:
    """Return the step of a draft that refers to a record that is not sent; None where it refers to none.

    Args:
        awaited: by draft key, why what refers to the record waits.
        omitted: by draft key of a record that is left out, the decision.
        staying: the draft keys of the records that are decided to stay in Sage as they are.
    """
    creation = step if isinstance(step, CreateStep) else None
    for reference in draft.references:
        if (target := _target(reference, index)) in awaited:
            return waiting_for(draft, found, target, awaited[target], creation)
    for reference in draft.references:
        if isinstance(key := reference.key, str) and key in omitted:
            return waiting_for(draft, found, key, f"{LEFT_OUT_BY}{omitted[key]}", creation, omitted[key])
    for reference in draft.references if creation is not None else ():
        is_ours = isinstance(reference.key, str) and index.get(reference) is None
        if is_ours and (target := _target(reference, index)) not in staying:
            return waiting_for(draft, found, target, WAITS, creation)
    return None


def _stays(position: Position, settlement: Settlement) -> bool:
    """Return whether a record that the source does not give is decided to stay in Sage as it is."""
    if isinstance(position.outcome, Draft) or not position.is_written or position.is_absent:
        return False
    decision = _decision(position, standing(position), settlement)
    return decision is not None and proposal(decision.standing, decision.answer) is Proposal.SETTLED


def _absence(position: Position) -> str:
    """Return how a record that was written came to be in Sage no more."""
    found = Standing.DELETED_IN_SAGE if position.is_deleted else Standing.MISSING_IN_SAGE
    return str(found.value)


def _target(reference: Reference, index: DraftIndex) -> str:
    """Return the key of the record that a draft refers to; empty for what must be in Sage already."""
    draft = index.get(reference)
    if draft is not None:
        return draft.key
    return "" if isinstance(reference.key, NaturalKey) else str(reference.key)


def _decision(position: Position, found: Standing, settlement: Settlement) -> Decision | None:
    """Return the decision about a record, if one is in effect."""
    decision = settlement.of(position)
    return decision if decision is not None and decision.is_about(found) else None


def _is_replaced(decision: Decision) -> bool:
    return proposal(decision.standing, decision.answer) is Proposal.REPLACE


def _reversal(position: Position, decision: Decision, catalog: Catalog) -> ReverseStep:
    """Return the step that deletes what was written of a record.

    Raises:
        PlanningError: it is not known what was written, which is a bug.
    """
    if position.written is None:
        raise PlanningError(f"It is not known what was written of {position.key}.")
    return reversal(position.written, position.key, decision, catalog[position.kind])


def _step(position: Position, found: Standing, decision: Decision | None, catalog: Catalog) -> RecordStep:
    """Return the step of a record by its standing and the decision about it."""
    outcome = position.outcome
    proposed = PROPOSALS[found] if decision is None else proposal(decision.standing, decision.answer)
    if decision is not None and proposed is Proposal.SETTLED:
        return settled(position, found, decision)
    if decision is not None and proposed is Proposal.REVERSE:
        return _reversal(position, decision, catalog)
    if isinstance(outcome, Quarantined):
        return quarantined(outcome, position)
    if outcome is None and found is Standing.LEFT_OUT:
        return gone(position)
    if outcome is None or proposed is Proposal.KEEP:
        return kept(position, found)
    if isinstance(outcome, LeftOut):
        return left_out(outcome)
    match proposed:
        case Proposal.CREATE:
            return created(outcome, catalog[outcome.kind], position.suspect)
        case Proposal.ADOPT if decision is not None and (entity := adopted_entity(position, decision)):
            before = "" if position.written is None else position.written.sage_id
            return adopted(outcome, entity, decision, before)
        case Proposal.ADOPT if decision is None and position.is_adoptable and position.suspect is not None:
            return adopted_as_equal(outcome, position.suspect.entities[0])
        case Proposal.REPLACE if position.written is not None:
            return replaced(outcome, position.written, catalog[outcome.kind])
        case Proposal.WRITE_AGAIN if position.written is not None:
            before = position.written.sage_id
            return written_again(outcome, catalog[outcome.kind], before, position.suspect)
        case Proposal.UPDATE:
            return updated(outcome, position.agreement.source_changes, catalog[outcome.kind])
        case Proposal.PUSH if decision is not None:
            update = pushed(position, outcome, decision, catalog[outcome.kind])
            return update or settled(position, found, decision)
        case Proposal.SKIP:
            return skipped(outcome)
        case _:
            return waiting(outcome, found, position)
