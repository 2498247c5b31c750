"""Carries a plan out, and resumes it after any interruption with the same command.

Intent first: what is sent, its name and its state are durable before the bytes leave. Its outcome, the id
map and the booking of the call are one commit. A step whose outcome is unknown is settled, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.errors import PausedError, SagereconError, StoreError
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import FINAL, Reached, State
from sagerecon.planning.step import (
    CreateStep,
    KeepStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
)
from sagerecon.runner.attempts import settle_doubts
from sagerecon.runner.caller import Caller
from sagerecon.runner.context import RunContext
from sagerecon.runner.creating import create
from sagerecon.runner.door import PATIENCE, CompanyDoor, Stopped
from sagerecon.runner.ports import RunLog, Sage
from sagerecon.runner.progress import Event, Progress, Reporter
from sagerecon.runner.reading import key_fields, read
from sagerecon.runner.references import missing_kinds
from sagerecon.runner.updating import update

_NOT_BEGUN = Reached(State.PLANNED)

#: States of readings that no page of an earlier start is added to.
_ENDED = frozenset({State.RECORDED, State.PARKED})


class Ended(StrEnum):
    """How a run ended."""

    FINISHED = "finished"  #: every step came to an end; some may be set aside for good
    UNFINISHED = "unfinished"  #: every step was tried, and the same command tries some of them again
    PAUSED = "paused"  #: by the budget or by Sage; the same command resumes it
    STOPPED = "stopped"  #: on request


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run did between its start or resumption and its end."""

    run: str
    ended: Ended
    why: str = ""
    until: int | None = None  #: when it can be resumed, in milliseconds since 1970
    calls: int
    counts: Mapping[Event, int]
    to_do: int = 0  #: steps that were tried, and that the same command tries again

    @property
    def is_interrupted(self) -> bool:
        """Whether steps were not reached."""
        return self.ended in (Ended.PAUSED, Ended.STOPPED)


def run(
    plan: Plan,
    sage: Sage,
    log: RunLog,
    clock: Clock,
    budget: Budget,
    catalog: Catalog,
    *,
    patience_ms: int = PATIENCE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    failpoint: Callable[[str], None] = lambda _: None,
    seed: int = 0,
) -> RunOutcome:
    """Carry `plan` out as far as the budget, the patience and the stop signal allow.

    A finished run uses its plan up, unless steps are parked, or are blocked by something that may still come
    into Sage: then the same command tries those again.

    Args:
        patience_ms: the longest wait that is slept through.
        should_stop: returns whether a stop was requested; asked between calls.
        on_progress: receives each event.
        failpoint: receives the name of each point at which tests may crash the run.
        seed: for the jitter of waits.

    Raises:
        PlanStaleError: the plan is used up or was made from another id map; nothing was sent.
        AuthorizationError: sign in again; the same command resumes.
        WrongBusinessError: an answer came from another business; nothing more was sent.
        OtherBooksError: the business has other settings than the plan expects; nothing was written.
        StoreError: what must be durable could not be made so; nothing more was sent.
    """
    reporter = Reporter(len(plan.steps), clock, on_progress)
    door = CompanyDoor(
        log,
        clock,
        budget,
        patience_ms=patience_ms,
        should_stop=should_stop,
        on_wait=lambda until, why: reporter.report_wait(Event.WAITING, until, why),
    )
    caller = Caller(
        sage=sage,
        log=log,
        clock=clock,
        budget=budget,
        door=door,
        reporter=reporter,
        failpoint=failpoint,
        jitter=Random(seed),  # noqa: S311 - spreads waits, protects nothing
    )
    context = RunContext(
        run=log.begin(plan),
        business=plan.header.business,
        log=log,
        clock=clock,
        catalog=catalog,
        caller=caller,
        reporter=reporter,
        key_fields=key_fields(plan, catalog),
        listed={step.kind for step in plan.steps if isinstance(step, ReadStep)},
    )

    def outcome(ended: Ended, why: str = "", until: int | None = None) -> RunOutcome:
        return RunOutcome(
            run=context.run,
            ended=ended,
            why=why,
            until=until,
            calls=reporter.calls,
            counts=reporter.counts,
            to_do=len(context.retried),
        )

    try:
        _walk(plan, context)
        log.end(context.run, is_finished=not context.retried)
    except PausedError as pause:
        log.end(context.run, is_finished=False)
        return outcome(Ended.PAUSED, pause.why, pause.until)
    except Stopped:
        log.end(context.run, is_finished=False)
        return outcome(Ended.STOPPED, "Stopped on request.")
    except SagereconError:
        with suppress(StoreError):
            log.end(context.run, is_finished=False)
        raise
    return outcome(Ended.UNFINISHED if context.retried else Ended.FINISHED)


def _walk(plan: Plan, context: RunContext) -> None:
    """Settle what is in doubt, then carry out each step that is not finished."""
    if plan.header.purpose is Purpose.LOAD:
        settle_doubts(context)
    reached = context.log.reached(context.run)
    outdated = _outdated_listings(plan, reached, context)
    for step in plan.steps:
        context.caller.check_stop()
        context.reporter.begin_step(step)
        before = _NOT_BEGUN if step.number in outdated else reached.get(step.number, _NOT_BEGUN)
        if before.state in FINAL:
            context.reporter.count(Event.BEFORE)
        elif step.number not in context.uncertain_steps:  # counted when it was tried
            _carry_out(step, context, before.pages)
        context.reporter.done += 1


def _outdated_listings(plan: Plan, reached: Mapping[int, Reached], context: RunContext) -> set[int]:
    """Return the numbers of ended readings whose kind blocked steps wait for; these are read from page 1.

    The entities may have been added in Sage since an earlier start read the listing.
    """
    kinds: set[str] = set()
    for step in plan.steps:
        if isinstance(step, CreateStep | UpdateStep) and _state(step, reached) is State.BLOCKED:
            kinds |= missing_kinds(step, context)
    return {
        step.number
        for step in plan.steps
        if isinstance(step, ReadStep) and step.kind in kinds and _state(step, reached) in _ENDED
    }


def _state(step: Step, reached: Mapping[int, Reached]) -> State:
    return reached.get(step.number, _NOT_BEGUN).state


def _carry_out(step: Step, context: RunContext, pages: int) -> None:
    """Call the handler of the step's action.

    Args:
        pages: of a reading, the pages that an earlier start recorded.
    """
    match step:
        case ReadStep():
            read(step, context, pages)
        case CreateStep():
            create(step, context)
        case UpdateStep():
            update(step, context)
        case SkipStep():
            context.reporter.report(Event.SKIPPED, step)
        case LeftOutStep():
            context.reporter.report(Event.LEFT_OUT, step)
        case QuarantinedStep():
            context.reporter.report(Event.QUARANTINED, step)
        case WaitStep():
            context.reporter.report(Event.UNDECIDED, step)
        case KeepStep():
            context.reporter.report(Event.KEPT, step)
