"""Apply a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from sagerecon.commands.budget import call_budget
from sagerecon.commands.census import Census, CensusPaused, price_text
from sagerecon.commands.memory import Memory
from sagerecon.commands.plan_file import open_plan
from sagerecon.commands.plan_inputs import (
    changes_since_begun,
    files_changed_since,
    raise_if_stale,
    readable_snapshot,
)
from sagerecon.commands.provenance import provenance
from sagerecon.model.clock import Clock, ServerClock
from sagerecon.model.errors import IncompleteStoreError, PlanStaleError
from sagerecon.planning.settling import RunState, State
from sagerecon.project.project import Project
from sagerecon.project.sage import sage_access
from sagerecon.project.snapshots import snapshot_facts
from sagerecon.project.store import open_store
from sagerecon.runner.door import PATIENCE
from sagerecon.runner.progress import Progress
from sagerecon.runner.recovery import Recovery
from sagerecon.runner.run import RunOutcome, run
from sagerecon.sources.snapshot import SnapshotFacts
from sagerecon.store.run_history import Run


def apply(
    project: Project,
    clock: Clock,
    session: requests.Session,
    file: Path | None = None,
    *,
    patience_ms: int = PATIENCE,
    as_planned: bool = False,
    distrust_store: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    on_notice: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> RunOutcome:
    """Run the plan as far as the call budget allows. The same command resumes it.

    Every start checks the inputs of the plan. Of a plan in progress, a change of the snapshot or the mappings
    is reported with its effect; the plan is continued if no record is affected, or with `as_planned`.

    Args:
        file: the plan; by default the project's newest.
        patience_ms: the longest wait for budget; a longer one pauses the run.
        as_planned: continue a plan in progress as it was created, though its inputs have changed.
        distrust_store: read Sage first, and adopt what it holds already, though the store does not know it.
        should_stop: whether to stop after the current call.
        on_notice: receives a sentence about inputs that have changed where the run continues.

    Raises:
        PlanStaleError: the plan was made from another business, source, mapping or catalog.
        AuthorizationError: sign in again.
    """
    plan = open_plan(project, file)
    clock = ServerClock(clock)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        begun = next((known for known in company.history.runs() if known.plan == plan.hash), None)
        snapshot: SnapshotFacts | None
        if begun is None:
            snapshot = snapshot_facts(project)
            raise_if_stale(project, plan, snapshot, clock)
        else:  # a plan holds all that it sends, so one in progress is continued without a snapshot too
            snapshot = readable_snapshot(project)
        if begun and begun.state is RunState.OPEN:  # one used up is refused by the run, with that reason
            reached = company.run_log.reached(begun.id)
            done = {number for number, step in reached.items() if step.state is State.RECORDED}
            notice = changes_since_begun(project, plan, snapshot, done, clock, is_accepted=as_planned)
            if notice:
                on_notice(notice)
        for notice in files_changed_since(project, snapshot):
            on_notice(notice)
        budget = call_budget(project.limits, project.catalog.api)
        census = Census(
            company=company,
            sage=sage_access(project).open_reader(store.vault, session, clock),
            clock=clock,
            budget=budget,
            catalog=project.catalog,
            provenance=provenance(project, plan.header.snapshot, clock),
            patience_ms=patience_ms,
            should_stop=should_stop,
            on_progress=on_progress if distrust_store else lambda _: None,
        )
        memory = Memory(
            plan=plan,
            company=company,
            catalog=project.catalog,
            clock=clock,
            census=census,
            on_notice=on_notice,
        )
        try:
            recovery = _compared(memory, begun, distrust_store=distrust_store)
        except CensusPaused as paused:
            return paused.outcome
        return run(
            plan,
            sage_access(project).open_sage(store.vault, session, clock),
            company.run_log,
            clock,
            budget,
            project.catalog,
            patience_ms=patience_ms,
            should_stop=should_stop,
            on_progress=on_progress,
            recovery=recovery,
            suggested=memory.suggested,
        )


def distrust_text(project: Project, file: Path | None = None) -> str:
    """Return what `apply --distrust-store` reads before it writes, with its price. Sends nothing."""
    return price_text(open_plan(project, file), project.catalog)


def _compared(memory: Memory, begun: Run | None, *, distrust_store: bool) -> Recovery | None:
    """Make sure that the store knows all that was written; return what has to be recovered, if anything.

    Raises:
        IncompleteStoreError: it does not.
        PlanStaleError: the plan was made from another id map.
        CensusPaused: reading Sage was paused.
    """
    company, plan = memory.company, memory.plan
    if begun is not None and begun.state is not RunState.OPEN:
        return None  # the run refuses a plan that is used up
    is_witnessed = False
    if not distrust_store:
        try:
            is_witnessed = company.run_log.is_witnessed()
        except IncompleteStoreError as error:
            error.hint += f" --distrust-store reads {price_text(plan, memory.catalog)}."
            raise
    if begun is None and plan.header.id_map != company.id_map.fingerprint():
        raise PlanStaleError(
            "The plan is stale: it was created from another id map.", "Create a new one: sagerecon plan"
        )
    if distrust_store:
        recovery = memory.recover()
        company.run_log.distrust()
        return recovery
    return memory.require_complete(is_witnessed=is_witnessed)


def adopted_keys(project: Project, clock: Clock) -> frozenset[str]:
    """Return the keys of the drafts for which an equal entity was already in Sage."""
    with open_store(project, clock) as store:
        written = store.company(project.business.id).history.written()
        return frozenset(record.key for record in written if record.adopted)
