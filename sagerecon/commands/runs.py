"""Apply a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import open_plan, raise_if_stale
from sagerecon.model.clock import Clock, ServerClock
from sagerecon.project.project import Project
from sagerecon.project.sage import sage_access
from sagerecon.project.store import open_store
from sagerecon.runner.door import PATIENCE
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import RunOutcome, run


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
    """Run the plan as far as the call budget allows. The same command resumes it.

    Args:
        file: the plan; by default the project's newest.
        patience_ms: the longest wait for budget; a longer one pauses the run.
        should_stop: whether to stop after the current call.

    Raises:
        PlanStaleError: the plan was made from another business, source, mapping or catalog.
        AuthorizationError: sign in again.
    """
    plan = open_plan(project, file)
    clock = ServerClock(clock)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        if not any(known.plan == plan.hash for known in company.history.runs()):
            raise_if_stale(project, plan)
        return run(
            plan,
            sage_access(project).open_sage(store.vault, session, clock),
            company.run_log,
            clock,
            call_budget(project.limits, project.catalog.api),
            project.catalog,
            patience_ms=patience_ms,
            should_stop=should_stop,
            on_progress=on_progress,
        )


def adopted_keys(project: Project, clock: Clock) -> frozenset[str]:
    """Return the keys of the drafts for which an equal entity was already in Sage."""
    with open_store(project, clock) as store:
        written = store.company(project.business.id).history.written()
        return frozenset(record.key for record in written if record.adopted)
