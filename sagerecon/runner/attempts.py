"""Prepares a write, and follows it until its outcome is known and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.pairing.natural_key import identity_keys
from sagerecon.pairing.standing import Standing
from sagerecon.planning.settling import REPLAY_WINDOW, Attempt, Replays, SetAside, State
from sagerecon.planning.step import UpdateStep, WriteStep, name_of
from sagerecon.runner.caller import RESENT_WITHIN
from sagerecon.runner.context import RunContext
from sagerecon.runner.conversation import (
    NotRecorded,
    Recorded,
    Result,
    Retracted,
    carry_out,
    with_epoch,
)
from sagerecon.runner.entity import read_entity
from sagerecon.runner.lookup import sent_fields
from sagerecon.runner.progress import Event
from sagerecon.runner.request import NoteFailure, ReadEntity, ReadPage, Send, WaitUntil


def new_attempt(
    step: WriteStep,
    kind: Kind,
    body: Mapping[str, Any],
    *,
    run: str,
    business: str,
    sage_id: str = "",
    epoch: int = 0,
    now: int = 0,
) -> Attempt:
    """Return the attempt at a step: a POST of the whole body, or a PUT of the fields that may be changed.

    Args:
        body: the body as JSON, with every id in it.
        sage_id: the entity to change.
        epoch: number of earlier attempts that are known not to have been carried out.
        now: milliseconds since 1970, for an attempt that is sent.
    """
    if isinstance(step, UpdateStep):
        method, path = "PUT", kind.operations["update"].path.replace("{key}", sage_id)
        body = {name: value for name, value in body.items() if _may_change(kind, name)}
    else:
        method, path = "POST", kind.path
    attempt = Attempt(run=run, step=step, method=method, path=path, body={kind.name: dict(body)})
    return with_epoch(attempt, kind, business, epoch, now)


def send(
    step: WriteStep,
    context: RunContext,
    body: Mapping[str, Any],
    sage_id: str,
    held: Entity | None = None,
) -> None:
    """Send `body`, and record the outcome; park the step where Sage forbade the kind before.

    Args:
        sage_id: the entity to change; empty for a creation.
        held: what Sage holds of it.
    """
    method = "PUT" if isinstance(step, UpdateStep) else "POST"
    if why := context.forbidden.get((method, step.kind)):
        message = f"{name_of(step)} was not sent: {why}."
        return context.park(step, Code.PARKED, message)
    attempt = new_attempt(
        step,
        context.catalog[step.kind],
        body,
        run=context.run,
        business=context.business,
        sage_id=sage_id,
        epoch=context.log.epoch(step.kind, step.key),
        now=context.clock.now(),
    )
    return finish(attempt, context, held=held)


def settle_doubts(context: RunContext, settle_by_look: Callable[[Attempt, RunContext], bool]) -> None:
    """Settle every attempt of the company that is in doubt, whichever run made it.

    A creation that this plan does not have is looked up and never sent again: since it was sent, it may have
    been decided otherwise, or its record may have left the source.

    Args:
        settle_by_look: settles an update or a reversal and returns True; returns False for any other attempt.
    """
    for attempt in context.log.in_doubt():
        context.caller.check_stop()
        context.caller.ready()  # its answer corrects the clock, by which the remedy is chosen
        if settle_by_look(attempt, context):
            continue
        is_planned = (attempt.step.kind, attempt.step.key) in context.created
        finish(attempt, context, is_planned=is_planned)


def finish(
    attempt: Attempt, context: RunContext, *, is_planned: bool = True, held: Entity | None = None
) -> None:
    """Follow an attempt until its outcome is known, and record it.

    Args:
        is_planned: whether the plan has its step; one in doubt that it does not have is not sent again.
        held: what Sage held before an update; recorded where Sage refuses it.
    """
    result = _converse(attempt, context, is_planned=is_planned)
    match result:
        case Recorded():
            _record(result, context)
        case NotRecorded():
            _record_failure(result, context, held)
        case Retracted():
            context.log.retract(result.attempt)


def _record(result: Recorded, context: RunContext) -> None:
    context.caller.succeeded()
    step, log, entity = result.attempt.step, context.log, result.entity
    if not entity.sage_id:  # a change may be answered with an empty body
        entity = replace(entity, sage_id=log.sage_id(step.kind, step.key) or "")
    kind = context.catalog[step.kind]
    if isinstance(step, UpdateStep) and step.left:
        entity = _with_left_fields(step, kind, entity, context)
    sent = sent_fields(result.attempt)
    keys = [key for _, key in identity_keys(context.catalog, kind, step.identity, sent)]
    log.record(result.attempt, entity, keys)
    event = Event.ADOPTED if result.is_repeated else Event.CREATED
    return context.reporter.report(Event.UPDATED if isinstance(step, UpdateStep) else event, step)


def left_answers(fields: Mapping[str, Field], step: UpdateStep, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return of an answer the fields that a decision leaves as Sage holds them."""
    names = [fields[name].answered_as for name in step.left if name in fields]
    return {name: answer[name] for name in names if name in answer}


def _with_left_fields(step: UpdateStep, kind: Kind, entity: Entity, context: RunContext) -> Entity:
    """Return the entity without the edits of the fields that a decision leaves as Sage holds them.

    So they stay edited in Sage, and the decision stays about them.
    """
    written = context.log.written(step.kind, step.key)
    before = {} if written is None else left_answers(kind.fields, step, written.answer)
    theirs = left_answers(kind.fields, step, entity.body)
    ours = {name: value for name, value in entity.body.items() if name not in theirs}
    return replace(entity, body={**ours, **before})


def _converse(attempt: Attempt, context: RunContext, *, is_planned: bool) -> Result:
    """Serve the requests of a conversation until it returns its result."""
    caller, reporter = context.caller, context.reporter
    was_in_doubt = attempt.state is State.SENT
    conversation = carry_out(
        attempt,
        context.catalog,
        context.business,
        context.log.owner,
        context.clock.now(),
        lambda: _replays(context),
        is_planned=is_planned,
    )
    answer: Any = None
    while True:
        try:
            request = conversation.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        match request:
            case Send():
                answer = caller.send(request.attempt)
                if was_in_doubt and answer.was_sent:
                    reporter.report(Event.RESENT, request.attempt.step)
                was_in_doubt = (
                    was_in_doubt and not answer.was_sent
                )  # what is sent again after this was noted as a failure
            case NoteFailure():
                context.log.fail(request.attempt)
                reporter.report(Event.RESENT, request.attempt.step)
                caller.wait_after(request.attempt.failures, "Sage gave no usable answer")
                answer = context.clock.now()
            case WaitUntil():
                caller.wait_until(request.until, "Waiting until Sage's listings show what it has saved.")
            case ReadPage():
                reporter.report(Event.LOOKED_UP, attempt.step)
                answer = caller.get(request.call, settling=True)
            case ReadEntity():
                reporter.report(Event.LOOKED_UP, attempt.step)
                answer = read_entity(request.kind, request.sage_id, context, settling=True)


def _replays(context: RunContext) -> Replays:
    """Return whether Sage replays answers to this business; prove it where that is not known yet."""
    known = context.log.replays()
    creation = context.log.answered_creation(context.clock.now() - REPLAY_WINDOW)
    if known is not Replays.UNKNOWN or creation is None:
        return known
    if not any(field.required for field in context.catalog[creation.kind].fields.values()):
        return known  # an empty body might create an entity
    asked_at = context.clock.now()
    found = creation.replays(context.caller.get(creation.proof, settling=True))
    context.reporter.report(Event.PROVED, None)
    if abs(context.clock.now() - asked_at) > RESENT_WITHIN:
        return Replays.UNKNOWN  # the answer corrected the clock: Sage may have forgotten this creation, too
    if found is not Replays.UNKNOWN:
        context.log.learn(found)
    return found


def _record_failure(result: NotRecorded, context: RunContext, held: Entity | None) -> None:
    attempt, step, message = result.attempt, result.attempt.step, result.finding.message
    if result.forbidden:
        context.forbidden[attempt.method, step.kind] = result.forbidden
    if not result.is_known:
        context.log.fail(attempt)  # it stays in doubt for the next start
        if attempt.run == context.run:
            context.uncertain_steps.add(step.number)
        context.report_set_aside(step, State.PARKED, message)
        return
    if result.is_absent:
        _leave_absent(attempt, context, message)
        return
    if result.alike:
        context.suspect(step, result.alike, message)
    if isinstance(step, UpdateStep) and result.finding.code is Code.REJECTED and held is not None:
        context.log.record_look(attempt.run, step, held)  # by it a later plan sees what has changed
    # Once Sage's side was corrected, the same body must go out under another name.
    epoch = attempt.epoch + (result.state is State.QUARANTINED)
    context.log.set_aside(attempt.run, SetAside(step, result.state, (result.finding,)), epoch)
    context.report_set_aside(step, result.state, message)


def _leave_absent(attempt: Attempt, context: RunContext, message: str) -> None:
    """Leave an update undecided whose entity Sage does not hold; nothing that refers to it is sent."""
    step, sage_id = attempt.step, context.log.sage_id(attempt.step.kind, attempt.step.key)
    if isinstance(step, UpdateStep) and sage_id is not None:
        context.log.record_look(attempt.run, step, Entity(step.kind, sage_id, {}))
        context.absent.add((step.kind, sage_id))
    why = f"{name_of(step)} was not updated ({Standing.MISSING_IN_SAGE.value}). {message}"
    context.leave_undecided(step, why, run=attempt.run)


def _may_change(kind: Kind, name: str) -> bool:
    return name not in kind.fields or kind.fields[name].update
