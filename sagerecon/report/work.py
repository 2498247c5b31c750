"""The part of the document that tells the work: the plan, its price and calendar, and how the run went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sagerecon.model.clock import instant, instant_text
from sagerecon.model.finding import Finding
from sagerecon.model.money import decimal_text, total
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import (
    Action,
    LeftOutStep,
    PassedStep,
    QuarantinedStep,
    ReadStep,
    Step,
    WriteStep,
)
from sagerecon.report.facts import RunFacts

#: How actions are called in the table of a plan, in its order.
ACTIONS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.SKIP: "there already",
    Action.LEAVE_OUT: "left out",
    Action.QUARANTINE: "quarantined",
}


def plan_document(plan: Plan) -> dict[str, Any]:
    """What a run would do: counts, price, calendar."""
    header = plan.header
    start = instant(header.starts_at)
    return {
        "hash": plan.hash,
        "purpose": header.purpose.value,
        "calls": header.calls,
        "lower_bound": header.lower_bound,
        "bound_reason": header.bound_reason,
        "per_minute": header.per_minute,
        "per_day": header.per_day,
        "reserve": header.reserve,
        "starts_at": header.starts_at,
        "finishes_p50": header.finishes_p50,
        "finishes_p90": header.finishes_p90,
        "windows": [
            {
                "number": window.number,
                "opens": instant_text(start + window.opens),
                "closes": instant_text(start + window.closes),
                "calls": window.calls,
            }
            for window in header.windows
        ],
        "steps": _by_mapping(plan.steps),
        "readings": sum(step.calls for step in plan.steps if isinstance(step, ReadStep)),
    }


def run_document(run: RunFacts) -> dict[str, Any]:
    """How the run went, day by day."""
    return {
        "calls_used": run.calls_used,
        "calls_planned": run.calls_planned,
        "lower_bound": run.lower_bound,
        "bound_reason": run.bound_reason,
        "per_day": run.per_day,
        "reserve": run.reserve,
        "days": [
            {"day": day.isoformat(), "calls": calls, "refused": run.refused_by_day.get(day, 0)}
            for day, calls in run.calls_by_day
        ],
        "refused": run.refused,
        "in_doubt": run.in_doubt,
        "resumed": run.resumed,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def changes_document(plan: Plan) -> list[dict[str, Any]]:
    """Every value altered on the way, with its record and the mapping line that did it."""
    return [
        {
            "record": step.label or step.key,
            "key": step.key,
            "field": change.field,
            "before": change.before,
            "after": change.after,
            "rule": change.rule,
            "mapping": str(change.place),
        }
        for step in plan.steps
        if not isinstance(step, ReadStep | LeftOutStep)
        for change in step.changes
    ]


def set_aside(plan: Plan, steps: type[LeftOutStep] | type[QuarantinedStep]) -> list[dict[str, Any]]:
    """Return the records a plan leaves out or quarantines, whichever class is given, with their reasons."""
    return [
        {
            "verdict": ACTIONS[step.action],
            "kind": step.kind,
            "key": step.key,
            "label": step.label or step.key,
            "amount": None if step.amount is None else decimal_text(step.amount),
            "reason": _reason(step),
            "clears": _remedy(step),
            "source_rows": [str(place) for place in step.origins],
        }
        for step in plan.steps
        if isinstance(step, steps)
    ]


def _reason(step: LeftOutStep | QuarantinedStep) -> str:
    return f"{step.reason} (rule {step.rule})" if isinstance(step, LeftOutStep) else step.reason


def _remedy(step: LeftOutStep | QuarantinedStep) -> str:
    """Return the hints of the step's findings, each once."""
    findings = step.findings if isinstance(step, QuarantinedStep) else ()
    return " ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))


def findings_document(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as they stand in a list."""
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "place": str(finding.place),
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in findings
    ]


def _by_mapping(steps: Iterable[Step]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[WriteStep | PassedStep]] = {}
    for step in steps:
        if not isinstance(step, ReadStep):
            groups.setdefault((step.kind, step.key.partition("/")[0]), []).append(step)
    return [
        {
            "kind": kind,
            "mapping": mapping,
            "records": len(found),
            "calls": sum(step.calls for step in found),
            "amount": decimal_text(total(step.amount for step in found if step.amount is not None)),
            **dict(_counts(found)),
        }
        for (kind, mapping), found in groups.items()
    ]


def _counts(steps: list[WriteStep | PassedStep]) -> Iterator[tuple[str, int]]:
    for action, name in ACTIONS.items():
        yield name.replace(" ", "_"), sum(step.action is action for step in steps)
