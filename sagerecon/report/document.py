"""The report as one plain document, from which both the page and the JSON file are made.

Whatever a reader sees stands in it as text, so the two cannot disagree.
"""

from __future__ import annotations

from typing import Any

from sagerecon.planning.step import LeftOutStep, QuarantinedStep
from sagerecon.report.facts import Cover, ReportFacts
from sagerecon.report.proof import proof_document
from sagerecon.report.work import (
    changes_document,
    findings_document,
    plan_document,
    run_document,
    set_aside,
)

FORMAT_VERSION = 1


def report_document(facts: ReportFacts) -> dict[str, Any]:
    """What was moved and how it was proven."""
    plan, run, reconciliation = facts.plan, facts.run, facts.reconciliation
    return {
        "sagerecon": "report",
        "format_version": FORMAT_VERSION,
        "cover": _cover(facts.cover),
        "proof": None if reconciliation is None else proof_document(reconciliation),
        "findings": findings_document(facts.findings),
        "changes": [] if plan is None else changes_document(plan),
        "plan": None if plan is None else plan_document(plan),
        "run": None if run is None else run_document(run),
    }


def plan_report_document(facts: ReportFacts) -> dict[str, Any]:
    """What a run would do, before it does."""
    plan = facts.plan
    stated = () if plan is None else plan.header.findings
    return {
        "sagerecon": "plan",
        "format_version": FORMAT_VERSION,
        "cover": _cover(facts.cover),
        "findings": findings_document(dict.fromkeys((*facts.findings, *stated))),
        "changes": [] if plan is None else changes_document(plan),
        "left_out": [] if plan is None else set_aside(plan, LeftOutStep),
        "quarantined": [] if plan is None else set_aside(plan, QuarantinedStep),
        "plan": None if plan is None else plan_document(plan),
    }


def _cover(cover: Cover) -> dict[str, Any]:
    return {
        "company": cover.company,
        "cut_over": cover.cut_over.isoformat(),
        "made_on": cover.made_on.isoformat(),
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
