"""Carries a plan out, and resumes it after any interruption with the same command.

Intent first: what is sent, its name and its state are durable before the bytes leave. Its outcome, the id
map and the booking of the call are one commit. A step whose outcome is unknown is settled, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.errors import PausedError, SagereconError, StoreError
from sagerecon.model.finding import Finding
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.reversals import Reversals
from sagerecon.planning.settling import FINAL, Reached
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    KeepStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
    WriteStep,
)
from sagerecon.runner.adopting import adopt
from sagerecon.runner.attempts import settle_doubts
from sagerecon.runner.caller import Caller
from sagerecon.runner.context import RunContext
from sagerecon.runner.conversation import READ_AGAIN, RETRY
from sagerecon.runner.creating import create
from sagerecon.runner.door import PATIENCE, CompanyDoor, Stopped
from sagerecon.runner.listings import NOT_BEGUN, awaited_looks, outdated_listings
from sagerecon.runner.ports import RunLog, Sage
from sagerecon.runner.progress import Event, Progress, Reporter
from sagerecon.runner.reading import key_fields, read, used_keys
from sagerecon.runner.recovery import Recovery, recover
from sagerecon.runner.reversing import reverse, settle_by_look
from sagerecon.runner.shortage import ShortageError, stop_on_shortage
from sagerecon.runner.updating import update


class Ended(StrEnum):
    """How a run ended."""

    FINISHED = "finished"  #: every step came to an end; some may be set aside for good
    UNFINISHED = "unfinished"  #: every step was tried, and the same command tries some of them again
    PAUSED = "paused"  #: by the budget or by Sage; the same command resumes it
    STOPPED = "stopped"  #: on request
    BLOCKED = "blocked"  #: before the first write, by what Sage lacks; the same command goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run did between its start or resumption and its end."""

    run: str
    ended: Ended
    why: str = ""
    until: int | None = None  #: when it can be resumed, in milliseconds since 1970
    calls: int
    counts: Mapping[Event, int]
    findings: tuple[Finding, ...] = ()  #: what Sage lacks, where that blocks the run
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
    recovery: Recovery | None = None,
    suggested: Callable[[str], Sequence[Suspect]] = lambda _: (),
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
        recovery: what a comparison with Sage found that the store did not know; None where it was trusted.
        suggested: returns, before the first creation, the suspects that the readings of the run show.
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
    context = _context(plan, log, clock, catalog, caller, reporter)

    def outcome(
        ended: Ended, why: str = "", until: int | None = None, findings: tuple[Finding, ...] = ()
    ) -> RunOutcome:
        return RunOutcome(
            run=context.run,
            ended=ended,
            why=why,
            until=until,
            calls=reporter.calls,
            counts=reporter.counts,
            findings=findings,
            to_do=len(context.retried),
        )

    try:
        _walk(plan, context, recovery, suggested)
        log.end(context.run, is_finished=not context.retried)
    except PausedError as pause:
        log.end(context.run, is_finished=False)
        return outcome(Ended.PAUSED, pause.why, pause.until)
    except ShortageError as shortage:
        log.end(context.run, is_finished=False)
        return outcome(Ended.BLOCKED, shortage.why, findings=shortage.findings)
    except Stopped:
        log.end(context.run, is_finished=False)
        return outcome(Ended.STOPPED, "Stopped on request.")
    except SagereconError:
        with suppress(StoreError):
            log.end(context.run, is_finished=False)
        raise
    return outcome(Ended.UNFINISHED if context.retried else Ended.FINISHED)


def _context(
    plan: Plan, log: RunLog, clock: Clock, catalog: Catalog, caller: Caller, reporter: Reporter
) -> RunContext:
    """Begin or resume the run of `plan`, and return what its handlers share."""
    context = RunContext(
        run=log.begin(plan),
        business=plan.header.business,
        log=log,
        clock=clock,
        catalog=catalog,
        caller=caller,
        reporter=reporter,
        key_fields=key_fields(plan, catalog),
        used_keys=used_keys(plan, catalog),
        retry=RETRY if plan.header.purpose is Purpose.LOAD else READ_AGAIN,
        listed={step.kind for step in plan.steps if isinstance(step, ReadStep)},
        reversals=Reversals.of(plan, catalog),
        created={(step.kind, step.key) for step in plan.steps if isinstance(step, CreateStep)},
    )
    context.awaited = awaited_looks(plan, context)
    context.absent = set(log.absent(context.run))
    return context


def _walk(
    plan: Plan,
    context: RunContext,
    recovery: Recovery | None,
    suggested: Callable[[str], Sequence[Suspect]],
) -> None:
    """Adopt what was recovered, settle what is in doubt, then carry out each step that is not finished."""
    recovered: set[int] = set()
    if plan.header.purpose is Purpose.LOAD:
        if recovery is not None:
            recovered = recover(recovery, context)
        context.log.vouch()
        settle_doubts(context, settle_by_look)
    reached = context.log.reached(context.run)
    outdated = outdated_listings(plan, reached, context)
    is_checked, is_compared = not plan.header.requirements, False
    for step in plan.steps:
        context.caller.check_stop()
        if isinstance(step, WriteStep) and not is_checked:
            stop_on_shortage(plan, reached, context)
            is_checked = True
        if isinstance(step, CreateStep) and not is_compared:
            is_compared = True
            context.log.suspect(suggested(context.run))
        context.reporter.begin_step(step)
        before = NOT_BEGUN if step.number in outdated else reached.get(step.number, NOT_BEGUN)
        if step.number in recovered:
            pass  # counted when it was adopted or set aside
        elif before.state in FINAL:
            context.reporter.count(Event.BEFORE)
        elif step.number not in context.uncertain_steps:  # counted when it was tried
            _carry_out(step, context, before)
        context.reporter.done += 1


def _carry_out(step: Step, context: RunContext, before: Reached) -> None:
    """Call the handler of the step's action.

    Args:
        before: how far an earlier start came.
    """
    match step:
        case ReadStep():
            read(step, context, before)
        case CreateStep():
            create(step, context)
        case AdoptStep():
            adopt(step, context)
        case UpdateStep():
            update(step, context)
        case ReverseStep():
            reverse(step, context)
        case SkipStep():
            context.reporter.report(Event.SKIPPED, step)
        case LeftOutStep():
            context.reporter.report(Event.LEFT_OUT, step)
        case QuarantinedStep():
            context.reporter.report(Event.QUARANTINED, step)
        case WaitStep():
            context.reporter.report(Event.UNDECIDED, step)
        case RenameStep():
            context.log.rename(context.run, step)
            context.reporter.report(Event.RENAMED, step)
        case SettledStep():
            context.reporter.report(Event.SETTLED, step)
        case KeepStep():
            context.reporter.report(Event.KEPT, step)
