"""Write the report of a move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import open_outline
from sagerecon.commands.preparation import prepare
from sagerecon.commands.reconciliations import source_document
from sagerecon.commands.run_facts import run_facts
from sagerecon.model.clock import Clock, day_of
from sagerecon.model.errors import ProjectError, SagereconError
from sagerecon.model.finding import read_finding
from sagerecon.model.typed import require_types
from sagerecon.model.version import VERSION
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.report.facts import Cover, ReportFacts, RunFacts
from sagerecon.report.pages import write_plan_report, write_reports
from sagerecon.report.reconciliation_document import DOCUMENT_VERSION
from sagerecon.store.reconciliation_log import StoredResult
from sagerecon.store.run_history import RunHistory


def report(project: Project, clock: Clock, target: Path | None = None) -> list[Path]:
    """Write the pages of the last reconciliation, or of the plan if there is none; return their paths.

    The reconciliation is shown as it was recorded: of its own source, mappings and day.

    Args:
        target: the folder to write to; by default `reports` in the project.

    Raises:
        ProjectError: there is neither a reconciliation nor a plan, another version of sagerecon recorded
            the reconciliation, or the folder cannot be written.
    """
    folder = target or project.folder / "reports"
    plan = open_outline(project)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        result = company.reconciliations.last_result()
        if result is not None and result.document.get("format_version") != DOCUMENT_VERSION:
            raise ProjectError(
                "The last reconciliation was recorded by another version of sagerecon, so that its report"
                " cannot be written.",
                "Read Sage back once more: sagerecon reconcile",
            )
        source = result.source if result else source_document(project, prepare(project))
        if result is None and plan is None:
            raise ProjectError("There is nothing to report on yet.", "Create a plan: sagerecon plan")
        budget = call_budget(project.limits, project.catalog.api)
        run = _run_facts(company.history, plan, budget)
        with _errors_of(result):
            facts = ReportFacts(
                _cover(project, source, plan, clock),
                reconciliation=result.document if result else None,
                plan=plan,
                run=run,
                findings=tuple(require_types(read_finding(finding)) for finding in source["findings"]),
            )
            return write_reports(folder, facts) if result else write_plan_report(folder, facts)


@contextmanager
def _errors_of(result: StoredResult | None) -> Iterator[None]:
    """Raise a ProjectError for whatever goes wrong with a reconciliation that was recorded.

    It has no classes, only what the pages make of it; another person may have changed it in the store.
    """
    try:
        yield
    except Exception as error:
        if result is None or isinstance(error, SagereconError):
            raise
        raise ProjectError(
            f"The last reconciliation cannot be shown: its record is damaged ({type(error).__name__}).",
            "Read Sage back once more: sagerecon reconcile",
        ) from error


def _cover(project: Project, source: Mapping[str, Any], plan: Plan | None, clock: Clock) -> Cover:
    return Cover(
        company=project.company,
        cut_over=date.fromisoformat(source["cut_over"]),
        created_on=day_of(clock.now()),
        currency=project.business.currency,
        business=project.business.id,
        tool_version=VERSION,
        fingerprints={**source["fingerprints"], "plan": plan.hash if plan else ""},
        files=tuple((path, sha256, rows) for path, sha256, rows in source["files"]),
    )


def _run_facts(history: RunHistory, plan: Plan | None, budget: Budget) -> RunFacts | None:
    """Return the facts of the newest load run, with the limits; None if there is none."""
    found = run_facts(history, plan)
    if found is None:
        return None
    in_doubt = history.status().in_doubt
    return replace(found, in_doubt=in_doubt, limit_per_day=budget.per_day, reserve=budget.reserve)
