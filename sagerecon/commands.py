"""One function per command: the story of a move, to be read first.

Each stage hands its result to the next: source -> snapshot -> records -> drafts -> findings -> plan ->
run -> what Sage holds -> verdicts and tie-outs. Nothing here prints; `cli` shows what comes back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from sagerecon import package
from sagerecon.model.clock import Clock, SystemClock
from sagerecon.model.document import suggestion
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.record import Record
from sagerecon.new_project import init as init  # noqa: PLC0414 - a command like those below
from sagerecon.plan_file import budget_of, open_plan, provenance, refuse_stale
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Step, plan_lines
from sagerecon.planning.planner import Calendar, plan_steps
from sagerecon.planning.settling import SetAside
from sagerecon.preparation import Compiled, Prepared, compile_project, prepare
from sagerecon.project import Project, read_project, write_private
from sagerecon.reconciliation.reconcile import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsing import sandbox as sandbox  # noqa: PLC0414 - a command like those below
from sagerecon.rehearsing import wanted as wanted  # noqa: PLC0414 - what the sandbox is asked for
from sagerecon.report.pages import write_plan_report, write_reports
from sagerecon.reporting import facts_of
from sagerecon.runner import PATIENCE, Progress, RunOutcome, run
from sagerecon.signing_in import find_business, newest_tokens, sign_in, sign_out
from sagerecon.verification import Reading, judge

#: Names the file of the virtual clock that a sandbox and its clients share in a rehearsal.
REHEARSAL_CLOCK = "SAGERECON_REHEARSAL_CLOCK"


def version() -> str:
    """The program's version."""
    return package.version()


def open_project(folder: Path) -> Project:
    """The project in `folder`."""
    return read_project(folder)


def open_clock(project: Project) -> Clock:
    """The machine's time; for a project at a sandbox, the virtual time the sandbox lives in, if it names one.

    Raises:
        ProjectError: a virtual time is named and the project moves into Sage itself.
    """
    shared = os.environ.get(REHEARSAL_CLOCK)
    if not shared:
        return SystemClock()
    if not project.address:
        raise ProjectError(f"{REHEARSAL_CLOCK} is set, and Sage itself keeps real time.", "Unset it.")
    return SharedClock(Path(shared))


def snapshot(project: Project, clock: Clock, progress: Callable[[str, int], None]) -> Prepared:
    """Read the source, freeze it, and hold its figures against each other and against the mappings.

    Raises:
        SourceError: a file cannot be read at all.
        ValidationError: its rows have faults; all of them.
    """
    project.take_snapshot(clock, progress)
    return prepare(project)


def check(project: Project) -> Compiled:
    """Prove the catalog, and the mappings against it, without a row of data and without a call.

    Raises:
        MappingError: with every fault of every file; of the catalog's alone where there is one, for nothing
            can be held to a broken one.
    """
    return compile_project(project)


def plan(
    project: Project, clock: Clock, target: Path | None = None, prepared: Prepared | None = None
) -> Plan:
    """What a run would do, in order and window by window; nothing is sent.

    `prepared` is what `snapshot` gave, where the caller has it still.

    Raises:
        MappingError: the mappings have faults.
        ValidationError: the source has faults that must be settled first.
        CircularReferenceError: records refer to each other in a circle.
    """
    prepared = prepared or prepare(project)
    prepared.insist()
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        made = plan_steps(
            prepared.outcomes,
            books,
            project.catalog,
            budget_of(project),
            provenance(project, prepared.snapshot),
            Calendar(clock.now(), booked=tuple(at - clock.now() for at in books.booked())),
            prepared.findings,
            project.expected_settings(),
        )
    write_private(target or project.plan_file, plan_lines(made))
    return made


def apply(
    project: Project,
    clock: Clock,
    session: requests.Session,
    file: Path | None = None,
    *,
    patience_ms: int = PATIENCE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> RunOutcome:
    """Carry the plan out as far as the budget allows; the same command goes on where it stopped.

    Raises:
        PlanStaleError: the plan is of another business, another source, or other mappings.
        AuthorizationError: sign in again.
    """
    made = open_plan(project, file)
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        if not any(known.plan == made.hash for known in books.runs()):
            refuse_stale(project, made)
        return run(
            made,
            project.open_sage(store, session, clock),
            books,
            clock,
            budget_of(project),
            project.catalog,
            patience_ms=patience_ms,
            should_stop=should_stop,
            on_progress=on_progress,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a company stands. Instants are milliseconds since 1970, 0 where it has not come to that."""

    state: str  #: of the newest load: none, open, finished, superseded
    started_at: int
    finished_at: int
    steps: int
    planned_calls: int
    counts: Mapping[str, int]  #: steps by state
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    refused: int
    aside: tuple[SetAside, ...]
    budget: Budget


def status(project: Project, clock: Clock) -> Standing:
    """How far the newest run is, what the last day's calls were, and what was set aside."""
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        now = books.status()
        load = now.run
        return Standing(
            state=load.state if load else "none",
            started_at=load.started_at if load else 0,
            finished_at=load.finished_at if load else 0,
            steps=load.steps if load else 0,
            planned_calls=load.planned_calls if load else 0,
            counts=load.counts if load else {},
            in_doubt=now.in_doubt,
            calls_last_minute=now.calls_last_minute,
            calls_last_day=now.calls_last_day,
            refused=now.refused,
            aside=tuple(books.quarantined()) if load else (),
            budget=budget_of(project),
        )


def adopted_keys(project: Project, clock: Clock) -> frozenset[str]:
    """The draft keys whose entity stood in Sage already."""
    with project.open_store(clock) as store:
        written = store.books(project.business.id).written()
        return frozenset(record.key for record in written if record.adopted)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciliation and what it rests on."""

    reconciliation: Reconciliation
    prepared: Prepared


def reconcile(
    project: Project,
    clock: Clock,
    session: requests.Session,
    *,
    prepared: Prepared | None = None,
    max_calls: int | None = None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Reconciled | RunOutcome:
    """What Sage holds, read back within the budget, against the source; the run's outcome where it paused.

    Raises:
        PlanningError: reading back takes more than `max_calls`.
    """
    prepared = prepared or prepare(project)
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        reading = Reading(
            project, prepared, books, clock, budget_of(project), max_calls, on_plan, on_progress
        )
        readings = reading.read_back(project.open_reader(store, session, clock))
        if isinstance(readings, RunOutcome):
            return readings
        reconciliation = judge(project, prepared, books, readings)
        verdicts = [(v.id, v.fingerprint, v.verdict.value) for v in reconciliation.findings]
        books.record_verdicts(readings[0], verdicts)
    return Reconciled(reconciliation, prepared)


def report(
    project: Project, clock: Clock, target: Path | None = None, reconciled: Reconciled | None = None
) -> list[Path]:
    """The paths of the pages written from the last reconciliation, or from the plan where there is none.

    Raises:
        ProjectError: there is neither a reconciliation nor a plan, or the folder cannot be written.
    """
    folder = target or project.folder / "reports"
    prepared = reconciled.prepared if reconciled else prepare(project)
    readings = project.readings()
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        facts = facts_of(project, prepared, books, clock)
        if readings:
            judged = reconciled.reconciliation if reconciled else judge(project, prepared, books, readings)
            return write_reports(folder, replace(facts, reconciliation=judged))
    if facts.plan is None:
        raise ProjectError("There is nothing to report on yet.", "Make a plan: sagerecon plan.")
    return write_plan_report(folder, facts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record's way from its source row to its verdict."""

    record: Record | None
    outcome: Outcome
    step: Step | None
    written: Written | None
    verdict: RecordVerdict | None


def explain(project: Project, clock: Clock, key: str) -> Explanation:
    """Source row -> draft -> step -> request -> Sage id -> verdict, for one draft key.

    Raises:
        ProjectError: no record has that key; the nearest are named.
    """
    prepared = prepare(project)
    outcome = _outcome(prepared, key)
    with project.open_store(clock) as store:
        books = store.books(project.business.id)
        written = next((w for w in books.written() if w.key == outcome.key), None)
        readings = project.readings()
        verdict = None
        if readings:
            judged = judge(project, prepared, books, readings)
            verdict = next((v for v in judged.verdicts if v.key == outcome.key), None)
    step = None
    if project.plan_file.exists():
        step = next((s for s in open_plan(project).steps if s.key == outcome.key), None)
    return Explanation(_record(project, prepared, outcome), outcome, step, written, verdict)


def _record(project: Project, prepared: Prepared, outcome: Outcome) -> Record | None:
    """The record behind an outcome: the one of its mapping whose rows it came from."""
    name = outcome.key.partition("/")[0]
    mapping = next(mapping for mapping in prepared.compiled.mappings if mapping.name == name)
    with project.open_snapshot() as frozen:
        records = frozen.records(mapping.dataset, mapping.key)
        return next((record for record in records if f"{name}/{record.key}" == outcome.key), None)


def _outcome(prepared: Prepared, key: str) -> Outcome:
    """The outcome of a record by its draft key, or by `kind/key` in Sage's words."""
    for outcome in prepared.outcomes:
        if key in (outcome.key, outcome.label):
            return outcome
    hint = suggestion(key, (outcome.key for outcome in prepared.outcomes))
    raise ProjectError(f"No record has the key '{key}'.", hint or "Keys look like customers/C001.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in: into which business, and until when it lasts unused."""

    business: str
    name: str
    until: int


def login(project: Project, clock: Clock, session: requests.Session, show: Callable[[str], None]) -> SignedIn:
    """Sign in by browser: `show` is given the page's address, and the answer comes back to this machine.

    Raises:
        AuthorizationError: access was denied, or nobody came back.
        ProjectError: the sign-in reaches several businesses and the project names none.
    """
    with project.open_store(clock) as store:
        granted = sign_in(project, store, session, clock, show)
        business, name = find_business(project, store, session, clock)
        project.choose_business(business)
    return SignedIn(business, name, granted.refresh_expires_at)


def login_status(project: Project, clock: Clock) -> SignedIn:
    """Whether we are signed in.

    Raises:
        AuthorizationError: nobody is.
    """
    with project.open_store(clock) as store:
        tokens = newest_tokens(store)
    return SignedIn(project.business.id, "", tokens.refresh_expires_at)


def logout(project: Project, clock: Clock, session: requests.Session) -> None:
    """Revoke the sign-in at Sage and forget it here.

    Raises:
        AuthorizationError: nobody is signed in.
    """
    with project.open_store(clock) as store:
        sign_out(project, store, session, clock)
