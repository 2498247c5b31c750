"""Write the report of a move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sagerecon.commands.preparation import prepare
from sagerecon.commands.reconciliations import Reconciled
from sagerecon.commands.report_facts import facts_of
from sagerecon.commands.verification import judge
from sagerecon.model.clock import Clock
from sagerecon.model.errors import ProjectError
from sagerecon.project.project import Project
from sagerecon.report.pages import write_plan_report, write_reports


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
        company = store.company(project.business.id)
        facts = facts_of(project, prepared, company.history, clock)
        if readings:
            judged = (
                reconciled.reconciliation
                if reconciled
                else judge(project, prepared, company.history, company.reconciliations, readings)
            )
            return write_reports(folder, replace(facts, reconciliation=judged))
    if facts.plan is None:
        raise ProjectError("There is nothing to report on yet.", "Make a plan: sagerecon plan.")
    return write_plan_report(folder, facts)
