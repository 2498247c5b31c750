"""Compare what Sage holds with the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from sagerecon.commands.plan_file import budget_of
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.verification import Reading, judge
from sagerecon.model.clock import Clock
from sagerecon.planning.plan import Plan
from sagerecon.project.project import Project
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import RunOutcome


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
        company = store.company(project.business.id)
        reading = Reading(
            project, prepared, company, clock, budget_of(project), max_calls, on_plan, on_progress
        )
        readings = reading.read_back(project.open_reader(store, session, clock))
        if isinstance(readings, RunOutcome):
            return readings
        reconciliation = judge(project, prepared, company.history, company.reconciliations, readings)
        verdicts = [(v.id, v.fingerprint, v.verdict.value) for v in reconciliation.open_verdicts]
        company.reconciliations.record_verdicts(readings[0], verdicts)
    return Reconciled(reconciliation, prepared)
