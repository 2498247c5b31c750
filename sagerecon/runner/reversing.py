"""Carries out a reversal: deletes an entity that an earlier run created, after a look at what Sage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sagerecon.model.call import Answer
from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.agreement import sage_edits
from sagerecon.pairing.held import is_absent
from sagerecon.pairing.natural_key import normal_key
from sagerecon.planning.settling import SENDINGS, Attempt, Meaning, State, meaning
from sagerecon.planning.step import ReverseStep, name_of
from sagerecon.runner.answer import ABSENT, error_text
from sagerecon.runner.context import RunContext
from sagerecon.runner.conversation import RETRY
from sagerecon.runner.entity import read_entity
from sagerecon.runner.progress import Event
from sagerecon.runner.references import CORRECT_IN_SAGE, NEW_PLAN, missing_references
from sagerecon.runner.updating import comparison_rules, settle_update

#: The hint of a record that is not deleted because it was edited in Sage.
BY_HAND = "Delete it in Sage by hand, or decide to keep it; then create a new plan: sagerecon plan"

#: The hint of a record that Sage does not delete.
IN_USE = "Delete in Sage what refers to it, or decide to keep it; then create a new plan: sagerecon plan"


def reverse(step: ReverseStep, context: RunContext) -> None:
    """Delete the entity of `step`, if Sage still holds what was written. One that is gone is recorded."""
    log = context.log
    if _is_blocked(step, context):
        return None
    written = log.written(step.kind, step.key)
    if written is not None and written.sage_id == step.sage_id:
        others = [key for key in log.owners(step.kind, step.sage_id) if key != step.key]
        if others:
            why = f"{name_of(step)} was not deleted, for it is {', '.join(others)} in Sage too."
            return context.quarantine(step, Code.UNDECIDED, why, BY_HAND)
    held = read_entity(step.kind, step.sage_id, context)
    if isinstance(held, str):
        why = f"{name_of(step)} was not deleted, for it cannot be read: {held}."
        return context.park(step, Code.UNREADABLE, why)
    if is_absent(held):
        return _record(step, context, held)
    if written is None or written.sage_id != step.sage_id:
        why = f"{name_of(step)} was not deleted, for the store does not have what was written."
        return context.quarantine(step, Code.UNDECIDED, why, BY_HAND)
    if held.body.get("deletable") is False:
        return _refused(
            step, context, held, f"{name_of(step)} was not deleted, for Sage says that it is in use."
        )
    if edits := sage_edits(written, held, comparison_rules(step, context, written, held)):
        log.record_look(context.run, step, held)
        reasons = "; ".join(map(str, edits))
        return context.leave_undecided(step, f"{name_of(step)} was not deleted: {reasons}.", hint=BY_HAND)
    return _delete(step, _attempt(step, context), context)


def settle_by_look(attempt: Attempt, context: RunContext) -> bool:
    """Settle an update or a reversal in doubt by a look at Sage; return False for any other attempt.

    Where Sage holds the entity of a reversal still, the step is carried out in its turn.
    """
    step = attempt.step
    if not isinstance(step, ReverseStep):
        return settle_update(attempt, context)
    held = read_entity(step.kind, step.sage_id, context, settling=True)
    if isinstance(held, str):
        _leave_in_doubt(attempt, context, held)
    elif is_absent(held):
        _record(step, context, held, run=attempt.run)
    else:
        context.log.retract(replace(attempt, first_sent_at=0, sent_at=0, failures=0))
    return True


def _is_blocked(step: ReverseStep, context: RunContext) -> bool:
    """Return whether the entity must not be deleted yet; the step is set aside then.

    Sage deletes nothing that another record refers to, and what is created again must be possible to create.
    """
    for referrer in context.reversals.referrers.get((step.kind, step.key), ()):
        if context.log.sage_id(referrer.kind, referrer.key) == referrer.sage_id:
            why = f"{name_of(step)} was not deleted, for {referrer.key} refers to it and was not deleted."
            is_retried = referrer.key in context.retried
            context.block(step, why, RETRY if is_retried else NEW_PLAN, is_retried=is_retried)
            return True
    replacement = context.reversals.creations.get((step.kind, step.key))
    if replacement is None:
        return False
    for reference in missing_references(replacement, context):
        key, kind = reference.key, context.catalog[reference.kind]
        if isinstance(key, NaturalKey):
            may_come = (kind.name, normal_key(context.catalog, kind, key)) not in context.reversals.required
        else:
            later = context.reversals.creations.get((reference.kind, key))
            may_come = later is not None and later.number > step.number
        if not may_come:
            why = f"it refers to {reference}, and could not be created again"
            message = f"{name_of(step)} was not deleted, for {why}."
            context.block(step, message, CORRECT_IN_SAGE, is_retried=True)
            return True
    return False


def _attempt(step: ReverseStep, context: RunContext) -> Attempt:
    """Return the deletion; a reason is sent in the query and in the body, for Sage documents both."""
    kind = context.catalog[step.kind]
    return Attempt(
        run=context.run,
        step=step,
        method="DELETE",
        path=kind.operations["delete"].path.replace("{key}", step.sage_id),
        body={kind.name: {"void_reason": step.void_reason} if step.void_reason else {}},
        epoch=context.log.epoch(step.kind, step.key),
    )


def _delete(step: ReverseStep, attempt: Attempt, context: RunContext) -> None:
    """Send a deletion until its outcome is known.

    Sage is looked at before it is sent again, and where Sage refuses it: another user may have been faster.
    """
    caller = context.caller
    if why := context.forbidden.get((attempt.method, step.kind)):
        return context.park(step, Code.PARKED, f"{name_of(step)} was not deleted: {why}.")
    while True:
        sent = caller.send(attempt)
        attempt, answer = sent.attempt, sent.answer
        if answer is None or meaning(answer) is Meaning.UNKNOWN:
            attempt = replace(attempt, state=State.SENT, failures=attempt.failures + 1)
            context.log.fail(attempt)
            caller.wait_after(attempt.failures, "Sage gave no usable answer")
        else:
            caller.succeeded()
            if meaning(answer) is Meaning.DONE or answer.status in ABSENT:
                body = answer.body if isinstance(answer.body, Mapping) else {}
                return _record(step, context, Entity(step.kind, step.sage_id, body))
        held = read_entity(step.kind, step.sage_id, context, settling=True)
        if isinstance(held, str):
            return _leave_in_doubt(attempt, context, held)
        if is_absent(held):
            return _record(step, context, held)
        if answer is not None and meaning(answer) is not Meaning.UNKNOWN:
            return _not_deleted(step, context, answer, held)
        if attempt.failures >= SENDINGS:
            return _leave_in_doubt(attempt, context, f"{attempt.failures} calls got no usable answer")
        context.reporter.report(Event.RESENT, step)


def _not_deleted(step: ReverseStep, context: RunContext, answer: Answer, held: Entity) -> None:
    """Set a step aside whose deletion Sage refused."""
    why = error_text(answer)
    message = f"{name_of(step)} was not deleted, for Sage refused it: {why}."
    if meaning(answer) is Meaning.FORBIDDEN:
        context.forbidden["DELETE", step.kind] = why
        return context.park(step, Code.PARKED, message)
    return _refused(step, context, held, message)


def _refused(step: ReverseStep, context: RunContext, held: Entity, message: str) -> None:
    """Set a step aside that Sage refuses, with what Sage holds, by which a later plan sees a change."""
    context.log.record_look(context.run, step, held)
    context.quarantine(step, Code.REJECTED, message, IN_USE)


def _leave_in_doubt(attempt: Attempt, context: RunContext, why: str) -> None:
    """Report a deletion whose outcome the next start finds out."""
    if attempt.run == context.run:
        context.uncertain_steps.add(attempt.step.number)
    message = f"It is not known yet whether {name_of(attempt.step)} was deleted: {why}."
    context.report_set_aside(attempt.step, State.PARKED, message)


def _record(step: ReverseStep, context: RunContext, held: Entity, run: str = "") -> None:
    context.log.record_reversal(run or context.run, step, held)
    context.reporter.report(Event.REVERSED, step)
