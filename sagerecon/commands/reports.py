"""Write the report of a move."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import open_plan
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.reconciliations import Reconciled
from sagerecon.commands.verification import judge
from sagerecon.documents.package import catalog_fingerprint
from sagerecon.model.clock import Clock, day_of, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.model.version import VERSION
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.project.project import Project
from sagerecon.project.source import mappings_fingerprint
from sagerecon.project.state import read_readings
from sagerecon.project.store import open_store
from sagerecon.report.facts import Cover, ReportFacts, RunFacts
from sagerecon.report.pages import write_plan_report, write_reports
from sagerecon.store.run_history import RunHistory


def report(
    project: Project, clock: Clock, target: Path | None = None, reconciled: Reconciled | None = None
) -> list[Path]:
    """Write the pages of the last reconciliation, or of the plan if there is none; return their paths.

    Args:
        target: the folder to write to; by default `reports` in the project.
        reconciled: the result of `reconcile`, if the caller still has it.

    Raises:
        ProjectError: there is neither a reconciliation nor a plan, or the folder cannot be written.
    """
    folder = target or project.folder / "reports"
    prepared = reconciled.prepared if reconciled else prepare(project)
    plan = open_plan(project) if project.plan_file.exists() else None
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        facts = ReportFacts(
            _cover(project, prepared, plan, clock),
            plan=plan,
            run=_run_facts(company.history, plan, call_budget(project.limits, project.catalog.api))
            if plan
            else None,
            findings=prepared.findings,
        )
        readings = read_readings(project.state)
        if readings.runs:
            judged = reconciled.reconciliation if reconciled else judge(project, prepared, company, readings)
            return write_reports(folder, replace(facts, reconciliation=judged))
    if plan is None:
        raise ProjectError("There is nothing to report on yet.", "Create a plan: sagerecon plan")
    return write_plan_report(folder, facts)


def _cover(project: Project, prepared: Prepared, plan: Plan | None, clock: Clock) -> Cover:
    return Cover(
        company=project.company,
        cut_over=project.cut_over,
        created_on=day_of(clock.now()),
        currency=project.business.currency,
        business=project.business.id,
        tool_version=VERSION,
        fingerprints={
            "snapshot": prepared.snapshot,
            "mappings": mappings_fingerprint(project),
            "catalog": catalog_fingerprint(),
            "plan": plan.hash if plan else "",
        },
        files=tuple((file.path, file.sha256, file.rows) for file in prepared.files),
    )


def _run_facts(history: RunHistory, plan: Plan, budget: Budget) -> RunFacts | None:
    """Return the facts of the newest load run; None if there is none."""
    loads = [known for known in history.runs() if known.purpose is Purpose.LOAD]
    if not loads:
        return None
    calls, rate_limited = Counter[date](), Counter[date]()
    for minute in history.traffic():
        calls[day_of(minute.at)] += minute.calls
        rate_limited[day_of(minute.at)] += minute.rate_limited
    load = loads[-1]
    return RunFacts(
        calls_by_day=tuple(sorted(calls.items())),
        calls_planned=plan.header.calls,
        lower_bound=plan.header.lower_bound,
        lower_bound_reason=plan.header.bound_reason,
        limit_per_day=budget.per_day,
        reserve=budget.reserve,
        rate_limited_by_day=dict(rate_limited),
        rate_limited=sum(rate_limited.values()),
        in_doubt=load.uncertain_steps,
        resumed=max(load.attempts - 1, 0),
        started_at=instant_text(load.started_at),
        finished_at=instant_text(load.finished_at) if load.finished_at else "",
    )
