"""What the pages of a report are made from."""

from __future__ import annotations

from collections import Counter
from datetime import date

from sagerecon.commands.plan_file import budget_of, open_plan
from sagerecon.commands.preparation import Prepared
from sagerecon.documents.package import catalog_fingerprint, version
from sagerecon.model.clock import Clock, day_of, instant_text
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.project.project import Project
from sagerecon.report.facts import Cover, ReportFacts, RunFacts
from sagerecon.store.run_history import RunHistory


def facts_of(project: Project, prepared: Prepared, history: RunHistory, clock: Clock) -> ReportFacts:
    """What the pages say of project, plan and runs; the reconciliation is put in by whoever has one."""
    made = open_plan(project) if project.plan_file.exists() else None
    cover = Cover(
        company=project.company,
        cut_over=project.cut_over,
        created_on=day_of(clock.now()),
        currency=project.business.currency,
        business=project.business.id,
        tool_version=version(),
        fingerprints={
            "snapshot": prepared.snapshot,
            "mappings": project.content(),
            "catalog": catalog_fingerprint(),
            "plan": made.hash if made else "",
        },
        files=tuple((file.path, file.sha256, file.rows) for file in prepared.files),
    )
    run = _run_facts(project, history, made) if made else None
    return ReportFacts(cover, plan=made, run=run, findings=prepared.findings)


def _run_facts(project: Project, history: RunHistory, made: Plan) -> RunFacts | None:
    """How the newest load went; None where none has begun."""
    loads = [known for known in history.runs() if known.purpose is Purpose.LOAD]
    if not loads:
        return None
    calls, rate_limited = Counter[date](), Counter[date]()
    for minute in history.traffic():
        calls[day_of(minute.at)] += minute.calls
        rate_limited[day_of(minute.at)] += minute.rate_limited
    load, budget = loads[-1], budget_of(project)
    return RunFacts(
        calls_by_day=tuple(sorted(calls.items())),
        calls_planned=made.header.calls,
        lower_bound=made.header.lower_bound,
        lower_bound_reason=made.header.bound_reason,
        limit_per_day=budget.per_day,
        reserve=budget.reserve,
        rate_limited_by_day=dict(rate_limited),
        rate_limited=sum(rate_limited.values()),
        in_doubt=load.uncertain_steps,
        resumed=max(load.attempts - 1, 0),
        started_at=instant_text(load.started_at),
        finished_at=instant_text(load.finished_at) if load.finished_at else "",
    )
