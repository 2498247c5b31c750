"""Carries out a change of an entity that an earlier run recorded, after a look at what Sage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagerecon.model.catalog import Field
from sagerecon.model.code import Code
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.agreement import inner_ids, is_shown
from sagerecon.pairing.before_update import LastLook, last_look, look_in_doubt
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.identity import parts
from sagerecon.pairing.standing import Standing
from sagerecon.planning.settling import Attempt, State
from sagerecon.planning.step import ReverseStep, UpdateStep, name_of
from sagerecon.runner.attempts import left_answers, new_attempt, send
from sagerecon.runner.context import RunContext
from sagerecon.runner.entity import listed_entity, read_entity
from sagerecon.runner.lookup import sent_fields
from sagerecon.runner.progress import Event
from sagerecon.runner.references import resolved_body

#: Standings of a record to which nothing can refer.
_NOT_IN_SAGE = frozenset({Standing.MISSING_IN_SAGE, Standing.DELETED_IN_SAGE})


def update(step: UpdateStep, context: RunContext) -> None:
    """Send the changed fields of `step`, if Sage still holds what was written; Sage keeps the others."""
    body = resolved_body(step, context)
    if body is None:
        return None
    fields = context.catalog[step.kind].fields
    changed = {name: body.get(name, _cleared(fields.get(name))) for name in step.changed}
    written = context.log.written(step.kind, step.key)
    if written is None:
        why = f"{name_of(step)} was not updated, for the store does not have what was written."
        return context.quarantine(step, Code.UNDECIDED, why)
    held = _held(step, context, written)
    if held is None:
        return None
    look = last_look(written, held, {**body, **changed}, comparison_rules(step, context, written, held))
    if look.standing is Standing.CONVERGED:
        kind, ours = context.catalog[step.kind], context.business
        attempt = new_attempt(step, kind, changed, run=context.run, business=ours, sage_id=written.sage_id)
        context.log.record(attempt, held, [])
        return context.reporter.report(Event.CONVERGED, step)
    if not _may_be_sent(step, look):
        return _leave_undecided(step, context, look, held)
    _record_left_fields(step, context, held, context.run)
    return send(step, context, changed, sage_id=written.sage_id, held=held)


def settle_update(attempt: Attempt, context: RunContext) -> bool:
    """Settle an update in doubt by a look at Sage; return False for an attempt to be settled otherwise.

    Where Sage holds what was sent, it was carried out. Where it holds what was there before, the step is
    carried out in its turn. What a user wrote since is not overwritten, and not taken for ours.
    """
    step, log = attempt.step, context.log
    written = log.written(step.kind, step.key)
    if not isinstance(step, UpdateStep) or written is None:
        return False
    held = read_entity(step.kind, written.sage_id, context, settling=True)
    if not isinstance(held, Entity):
        if attempt.run == context.run:
            context.uncertain_steps.add(step.number)
        message = f"It is not known yet whether {name_of(step)} was written: {held}."
        context.report_set_aside(step, State.PARKED, message)
        return True
    look = look_in_doubt(written, held, sent_fields(attempt), comparison_rules(step, context, written, held))
    if look.standing is Standing.CONVERGED:
        _record_left_fields(step, context, held, attempt.run)
        log.record(attempt, _as_answered(written, held, sent_fields(attempt), context), [])
        context.reporter.report(Event.UPDATED, step)
    elif _may_be_sent(step, look):
        log.retract(replace(attempt, epoch=attempt.epoch + 1, first_sent_at=0, sent_at=0, failures=0))
    else:
        _leave_undecided(step, context, look, held, run=attempt.run)
    return True


def _as_answered(written: Written, held: Entity, sent: Mapping[str, Any], context: RunContext) -> Entity:
    """Return the entity as an update answered it whose answer was lost: other edits since are not in it."""
    fields = context.catalog[held.kind].fields
    names = {fields[name].answered_as for name in sent if name in fields}
    ours = {name: value for name, value in held.body.items() if name in names}
    return replace(held, body={**written.answer, **ours})


def _record_left_fields(step: UpdateStep, context: RunContext, held: Entity, run: str) -> None:
    """Record what Sage holds of the fields that a decision leaves as they are, for the next plan."""
    if step.left:
        left = left_answers(context.catalog[step.kind].fields, step, held.body)
        context.log.record_look(run, step, Entity(held.kind, held.sage_id, {"id": held.sage_id, **left}))


def _may_be_sent(step: UpdateStep, look: LastLook) -> bool:
    """Return whether nothing is overwritten, or only edits that a decision covers."""
    if look.standing is Standing.SOURCE_CHANGED:
        return True
    return look.standing is Standing.BOTH_CHANGED and step.covers == look.fingerprint


def _held(step: UpdateStep, context: RunContext, written: Written) -> Entity | None:
    """Return what Sage holds, by a listing of this run or by a reading of the entity itself.

    Where it cannot be read the step is parked, and None returned.
    """
    listed = listed_entity(step.kind, written.sage_id, context)
    if listed is not None and is_shown(written, listed, comparison_rules(step, context, written, listed)):
        return listed
    held = read_entity(step.kind, written.sage_id, context)
    if isinstance(held, Entity):
        return held
    context.park(step, Code.UNREADABLE, f"{name_of(step)} was not updated, for it cannot be read: {held}.")
    return None


def _leave_undecided(
    step: UpdateStep, context: RunContext, look: LastLook, held: Entity, run: str = ""
) -> None:
    """Set a step aside with what was edited in Sage, and record what Sage holds for the next plan."""
    reasons = "; ".join(map(str, look.edits)) or f"it is {look.standing.value}"
    context.log.record_look(run or context.run, step, held)
    if look.standing in _NOT_IN_SAGE:
        context.absent.add((held.kind, held.sage_id))
    why = "Sage holds other edits than were decided on" if step.covers and look.edits else look.standing.value
    message = f"{name_of(step)} was not updated ({why}): {reasons}."
    context.leave_undecided(step, message, run=run)


def comparison_rules(
    step: UpdateStep | ReverseStep, context: RunContext, written: Written, held: Entity
) -> ComparisonRules:
    """Return the rules by which a step compares what Sage holds with what was written."""
    fields = context.catalog[step.kind].fields
    made_with_it = {sage_id for _, sage_id in parts(written, context.catalog.kinds)}
    ours = {
        sage_id
        for sage_id in inner_ids(written, held, fields)
        if sage_id in made_with_it
        or any(context.log.owner(kind, sage_id) is not None for kind in context.catalog.kinds)
    }
    return ComparisonRules(fields, step.compare, ours=ours)


def _cleared(field: Field | None) -> Any:
    """Return the value that clears a field."""
    return [] if field is not None and field.type == "list" else None
