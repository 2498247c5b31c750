"""Show how far the newest run is. Opens the store and the plan, not the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import not_sent
from sagerecon.commands.run_facts import run_facts
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.not_carried import LEFT_OUT, NotCarried
from sagerecon.model.place import NOWHERE
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import SetAside, State
from sagerecon.planning.step import QuarantinedStep, WaitStep, place_of
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.report.facts import RunFacts
from sagerecon.report.not_carried import plan_not_carried
from sagerecon.store.company import CompanyStore


@dataclass(frozen=True, slots=True)
class Status:
    """The newest load run of a company, and its call budget."""

    run: RunFacts | None  #: None if there is no load run
    counts: Mapping[str, int]  #: steps by state
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    rate_limited: int  #: calls answered 429 although our own limit allowed them
    aside: tuple[SetAside, ...]
    budget: Budget
    left_out: tuple[NotCarried, ...]  #: what the run's plan leaves out by rules
    waiting: tuple[str, ...]  #: the keys of the records that the run's plan leaves until it is decided
    findings: tuple[Finding, ...]  #: about these, by group, and about the store where it is incomplete
    closed_until: int = 0  #: until when Sage accepts no calls, as it asked; 0 where it accepts them
    is_incomplete: bool = False  #: whether the store lacks what was written to Sage, by its witness


#: What a plan says of the records that wait.
_OF_WAITING = frozenset(
    {Code.RENAMED_IN_SOURCE, Code.REFERS_TO_WAITING, Code.UNCERTAIN_IN_SAGE, Code.UNDECIDED}
)


def status(project: Project, clock: Clock) -> Status:
    """Return the progress of the newest load run, the calls of the last day, and what was not sent."""
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        now, run = company.history.status(), run_facts(company.history)
        load = now.run
        aside = tuple(company.history.set_aside()) if load else ()
        plan = not_sent(project, run.plan) if run is not None else None
        waiting = [] if plan is None else list(_waiting(plan, company, aside))
        incomplete = tuple(_incomplete(company))
        closed_until = company.run_log.closed_until()
        return Status(
            run=run,
            counts=load.counts if load else {},
            in_doubt=now.in_doubt,
            calls_last_minute=now.calls_last_minute,
            calls_last_day=now.calls_last_day,
            rate_limited=now.rate_limited,
            aside=aside if plan is None else (*aside, *_quarantined(plan, aside)),
            budget=call_budget(project.limits, project.catalog.api),
            left_out=() if plan is None else tuple(_left_out(plan)),
            waiting=tuple(step.key for step in waiting),
            findings=(*incomplete, *(() if plan is None else _findings(plan, waiting))),
            closed_until=closed_until if closed_until > company.history.now() else 0,
            is_incomplete=bool(incomplete),
        )


def _incomplete(company: CompanyStore) -> Iterator[Finding]:
    """Yield a finding where the store lacks what was written to Sage, as its witness says."""
    try:
        company.run_log.is_witnessed()
    except IncompleteStoreError as error:
        yield Finding(
            code=Code.INCOMPLETE_STORE,
            place=NOWHERE,
            message=error.message,
            hint=error.hint,
            severity=Severity.WARNING,
        )


def _waiting(plan: Plan, company: CompanyStore, aside: Iterable[SetAside]) -> Iterator[WaitStep]:
    """Yield the steps that wait, without the creations that a comparison with Sage has settled since."""
    settled = {(found.step.kind, found.step.key) for found in aside}
    for step in plan.steps:
        if isinstance(step, WaitStep) and not (
            (step.kind, step.key) in settled
            or (step.creation and company.id_map.sage_id(step.kind, step.key) is not None)
        ):
            yield step


def _quarantined(plan: Plan, aside: Iterable[SetAside]) -> Iterator[SetAside]:
    """Yield the records that the plan quarantines, without those that the run has set aside."""
    known = {found.step.key for found in aside}
    for step in plan.steps:
        if isinstance(step, QuarantinedStep) and step.key not in known:
            yield SetAside(step, State.QUARANTINED, step.findings)


def _left_out(plan: Plan) -> Iterator[NotCarried]:
    """Yield the records that the plan leaves out."""
    for record in plan_not_carried(plan):
        if record.state == LEFT_OUT:
            yield record


def _findings(plan: Plan, waiting: Iterable[WaitStep]) -> Iterator[Finding]:
    """Yield what the plan says of the records that wait, by group, each at the place of its first record."""
    places = {place_of(step) for step in waiting}
    for finding in plan.header.findings:
        if finding.code in _OF_WAITING and finding.place in places:
            yield finding
