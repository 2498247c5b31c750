"""The report as one document, from which both the HTML page and the JSON file are written.

Every figure of the page is in the document, so the two files cannot differ.
"""

from __future__ import annotations

from typing import Any

from sagerecon.planning.step import LeftOutStep, QuarantinedStep
from sagerecon.report.execution_document import (
    changes_document,
    findings_document,
    plan_document,
    records_not_sent,
    run_document,
)
from sagerecon.report.facts import Cover, ReportFacts

FORMAT_VERSION = 1


def report_document(facts: ReportFacts) -> dict[str, Any]:
    """Return the document of a report: reconciliation, findings, changes, plan and run."""
    plan, run = facts.plan, facts.run
    return {
        "sagerecon": "report",
        "format_version": FORMAT_VERSION,
        "cover": _cover(facts.cover),
        "reconciliation": facts.reconciliation,
        "findings": findings_document(facts.findings),
        "changes": [] if plan is None else changes_document(plan),
        "plan": None if plan is None else plan_document(plan),
        "run": None if run is None else run_document(run),
    }


def plan_report_document(facts: ReportFacts) -> dict[str, Any]:
    """Return the document of a plan report: what a run would do."""
    plan = facts.plan
    planned = () if plan is None else plan.header.findings
    return {
        "sagerecon": "plan",
        "format_version": FORMAT_VERSION,
        "cover": _cover(facts.cover),
        "findings": findings_document(dict.fromkeys((*facts.findings, *planned))),
        "changes": [] if plan is None else changes_document(plan),
        "left_out": [] if plan is None else records_not_sent(plan, LeftOutStep),
        "quarantined": [] if plan is None else records_not_sent(plan, QuarantinedStep),
        "plan": None if plan is None else plan_document(plan),
        "run": None if facts.run is None else run_document(facts.run),
    }


def _cover(cover: Cover) -> dict[str, Any]:
    return {
        "company": cover.company,
        "cut_over": cover.cut_over.isoformat(),
        "created_on": cover.created_on.isoformat(),
        "currency": cover.currency,
        "source": cover.source,
        "business": cover.business,
        "tool_version": cover.tool_version,
        "fingerprints": dict(cover.fingerprints),
        "files": [{"path": path, "sha256": sha256, "rows": rows} for path, sha256, rows in cover.files],
        "prepared_by": cover.prepared_by,
        "reviewed_by": cover.reviewed_by,
        "approved_by": cover.approved_by,
    }
