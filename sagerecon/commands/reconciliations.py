"""Compare what Sage holds with the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import provenance
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.read_back import ReadBack
from sagerecon.commands.verification import judge
from sagerecon.model.clock import Clock, ServerClock
from sagerecon.planning.plan import Plan
from sagerecon.project.project import Project
from sagerecon.project.sage import sage_access
from sagerecon.project.state import read_readings, write_readings
from sagerecon.project.store import open_store
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import RunOutcome


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciliation, and the prepared source it compared with."""

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
    """Read Sage back within the call budget and compare it with the source.

    Args:
        prepared: the result of `snapshot`, if the caller still has it.
        max_calls: the most calls that reading back may make; None means the call budget alone.

    Returns:
        The reconciliation, or the outcome of the reading run if it paused.

    Raises:
        PlanningError: reading back takes more than `max_calls`.
    """
    prepared = prepared or prepare(project)
    clock = ServerClock(clock)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        read_back = ReadBack(
            folder=project.state,
            cut_over=project.cut_over,
            as_at=project.as_at,
            provenance=provenance(project, prepared.snapshot),
            company=company,
            catalog=project.catalog,
            clock=clock,
            budget=call_budget(project.limits, project.catalog.api),
            max_calls=max_calls,
            on_plan=on_plan,
            on_progress=on_progress,
        )
        runs = read_back.run(sage_access(project).open_reader(store.vault, session, clock))
        if isinstance(runs, RunOutcome):
            return runs
        write_readings(project.state, runs)
        reconciliation = judge(project, prepared, company, read_readings(project.state))
        verdicts = [(v.id, v.fingerprint, v.verdict.value) for v in reconciliation.open_verdicts]
        company.reconciliations.record_verdicts(runs[0], verdicts)
    return Reconciled(reconciliation, prepared)
