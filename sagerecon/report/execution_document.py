"""The plan, the run, changes and findings as parts of a report document. All amounts are text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from sagerecon.model.call import CallTotal
from sagerecon.model.clock import instant, instant_text
from sagerecon.model.finding import Finding
from sagerecon.model.money import decimal_text, total
from sagerecon.model.rows import Row, Rows
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import (
    Action,
    AdoptStep,
    KeepStep,
    LeftOutStep,
    PassedStep,
    QuarantinedStep,
    ReadStep,
    SettledStep,
    Step,
    WriteStep,
)
from sagerecon.report.facts import RunFacts

#: The label of each action in a report, in the order of the columns.
ACTIONS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.SKIP: "existing",
    Action.LEAVE_OUT: "left out",
    Action.QUARANTINE: "quarantined",
    Action.WAIT: "waiting",
    Action.KEEP: "kept",
    Action.REVERSE: "reverse",
}


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan with its calls, schedule and counts by mapping."""
    header = plan.header
    start = instant(header.starts_at)
    return {
        "hash": plan.hash,
        "purpose": header.purpose.value,
        "calls": header.calls,
        "lower_bound": header.lower_bound,
        "lower_bound_reason": header.bound_reason,
        "limit_per_minute": header.per_minute,
        "limit_per_day": header.per_day,
        "reserve": header.reserve,
        "starts_at": header.starts_at,
        "finishes_p50": header.finishes_p50,
        "finishes_p90": header.finishes_p90,
        "windows": [
            {
                "number": window.number,
                "opens_at": instant_text(start + window.opens),
                "closes_at": instant_text(start + window.closes),
                "calls": window.calls,
            }
            for window in header.windows
        ],
        "steps": _by_mapping(plan.steps),
        "read_calls": sum(step.calls for step in plan.steps if isinstance(step, ReadStep)),
    }


def run_document(run: RunFacts) -> dict[str, Any]:
    """Return which run it is, its figures in total and by day, and the calls of all runs beside them."""
    return {
        "id": run.id,
        "plan": run.plan,
        "state": run.state.value,
        "progress": run.progress,
        "to_do": run.to_do,
        "calls_used": run.calls.sent,
        "calls_complete": run.calls.is_complete,
        "unanswered": run.calls.unanswered,
        "without_usable_answer": list(run.uncertain),
        "calls_planned": run.calls_planned,
        "lower_bound": run.lower_bound,
        "lower_bound_reason": run.lower_bound_reason,
        "limit_per_day": run.limit_per_day,
        "reserve": run.reserve,
        "days": [{"date": day.isoformat(), **_calls(calls)} for day, calls in run.calls_by_day],
        "rate_limited": run.calls.rate_limited,
        "in_doubt": run.in_doubt,
        "resumed": run.resumed,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "last_active_at": run.last_active_at,
        "calls_of_all_runs": {
            **_calls(run.calls_of_all_runs),
            "complete": run.calls_of_all_runs.is_complete,
            "by_purpose": {name: _calls(calls) for name, calls in run.calls_of_all.items()},
        },
    }


def _calls(calls: CallTotal) -> dict[str, int]:
    return {"calls": calls.sent, "unanswered": calls.unanswered, "rate_limited": calls.rate_limited}


def changes_document(plan: Plan) -> Rows:
    """Return each value changed by the mapping, with its record and the line of the rule."""
    return _rows(lambda: _changes(plan))


def _changes(plan: Plan) -> Iterator[Row]:
    for step in plan.steps:
        if not isinstance(step, ReadStep | LeftOutStep | KeepStep | SettledStep):
            for change in step.changes:
                yield {
                    "record": step.label or step.key,
                    "key": step.key,
                    "field": change.field,
                    "before": change.before,
                    "after": change.after,
                    "rule": change.rule,
                    "mapping_line": str(change.place),
                }


def records_not_sent(plan: Plan, steps: type[LeftOutStep] | type[QuarantinedStep]) -> Rows:
    """Return the records a plan leaves out or quarantines, whichever class is given, with their reasons."""
    return _rows(lambda: (_not_sent(step) for step in plan.steps if isinstance(step, steps)))


def _rows(read: Callable[[], Iterator[Row]]) -> Rows:
    return Rows(sum(1 for _ in read()), read)


def _not_sent(step: LeftOutStep | QuarantinedStep) -> Row:
    return {
        "verdict": ACTIONS[step.action],
        "kind": step.kind,
        "key": step.key,
        "label": step.label or step.key,
        "amount": None if step.amount is None else decimal_text(step.amount),
        "reason": _reason(step),
        "remedy": _remedy(step),
        "source_rows": [str(place) for place in step.origins],
    }


def _reason(step: LeftOutStep | QuarantinedStep) -> str:
    return f"{step.reason} (rule {step.rule})" if isinstance(step, LeftOutStep) and step.rule else step.reason


def _remedy(step: LeftOutStep | QuarantinedStep) -> str:
    """Return the hints of the step's findings, each once."""
    findings = step.findings if isinstance(step, QuarantinedStep) else ()
    return " ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))


def findings_document(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as a list of documents."""
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
    groups: dict[tuple[str, str], list[WriteStep | AdoptStep | PassedStep]] = {}
    for step in steps:
        if not isinstance(step, ReadStep):
            groups.setdefault((step.kind, step.key.partition("/")[0]), []).append(step)
    return [
        {
            "kind": kind,
            "mapping": mapping,
            "records": len({step.key for step in found}),
            "calls": sum(step.calls for step in found),
            "amount": decimal_text(total(_amounts(found))),
            **dict(_counts(found)),
        }
        for (kind, mapping), found in groups.items()
    ]


def _amounts(steps: list[WriteStep | AdoptStep | PassedStep]) -> list[Decimal]:
    """Return the amounts of the records: where one has two steps, that of the last, which is the source's."""
    by_record = {step.key: step.amount for step in steps}
    return [amount for amount in by_record.values() if amount is not None]


def _counts(steps: list[WriteStep | AdoptStep | PassedStep]) -> Iterator[tuple[str, int]]:
    for action, label in ACTIONS.items():
        yield label.replace(" ", "_"), sum(step.action is action for step in steps)
