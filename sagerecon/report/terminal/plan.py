"""A plan: its records, calls and schedule, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType

from sagerecon.model.clock import instant, instant_text
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.money import grouped, total
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import (
    Action,
    CreateStep,
    QuarantinedStep,
    ReadStep,
    SkipStep,
    UpdateStep,
    WaitStep,
)
from sagerecon.report.terminal.shown import ShownTable, ShownText
from sagerecon.report.terminal.tables import count_text, new_table

#: The label of each action in the table of a plan, in the order of the columns.
_ACTIONS = {
    Action.CREATE: "create",
    Action.ADOPT: "adopt",
    Action.UPDATE: "update",
    Action.SKIP: "existing",
    Action.LEAVE_OUT: "left out",
    Action.QUARANTINE: "quarantined",
    Action.WAIT: "waiting",
    Action.KEEP: "kept",
    Action.RENAME: "renamed",
    Action.REVERSE: "reverse",
    Action.SETTLED: "decided",
}


#: Entities that Sage must hold and that a terminal shows; the others are in the plan file.
_REQUIREMENTS = 10


#: Findings that must be reviewed though every record is sent that can be.
_TO_REVIEW = frozenset({Code.INCOMPLETE_STORE, Code.REJECTED})


def plan_summary(plan: Plan) -> RenderableType:
    """Return the records of a plan by action, its calls, and its schedule."""
    header = plan.header
    parts: list[RenderableType] = [_actions(plan), *_required(plan)]
    share = f"{100 * header.lower_bound / header.calls:.1f} %" if header.calls else "100.0 %"
    parts.append(
        ShownText(
            f"{counted(header.calls, 'call')}; the minimum is {header.lower_bound:,} ({share}): "
            f"{header.bound_reason}."
        )
    )
    if header.windows:
        parts.append(_schedule(plan))
        parts.append(
            ShownText(
                f"Start {_timestamp(header.starts_at)}; expected finish {_timestamp(header.finishes_p50)} "
                f"(50 % of runs) or {_timestamp(header.finishes_p90)} (90 %). "
                f"{header.reserve} calls per 24 hours are reserved for other apps."
            )
        )
    return Group(*parts)


def _required(plan: Plan) -> Iterator[RenderableType]:
    """Yield what Sage must hold, that which blocks most first."""
    if not plan.header.requirements:
        return
    table = new_table("Sage must hold", "used by", "blocks", "such as")
    for item in plan.header.requirements[:_REQUIREMENTS]:
        table.add_row(str(item), count_text(item.users), count_text(item.blocked), item.examples[0])
    yield table
    more = len(plan.header.requirements) - _REQUIREMENTS
    further = f"{more:,} more in the plan file. " if more > 0 else ""
    yield ShownText(
        f"{further}These are looked up first. If missing ones block more than "
        f"{plan.header.stop_when_blocked:f} % of the writes (stop_when_blocked), nothing is written."
    )


def requirement_documents(plan: Plan) -> list[dict[str, Any]]:
    """Return what Sage must hold as JSON, that which blocks most first."""
    return [
        {
            "kind": item.kind,
            "by": item.key.field,
            "value": item.key.value,
            "used_by": item.users,
            "blocks": item.blocked,
            "examples": list(item.examples),
        }
        for item in plan.header.requirements
    ]


def action_counts(plan: Plan) -> dict[str, int]:
    """Return the number of steps of a plan by the name of their action."""
    return dict(Counter(step.action.value for step in plan.steps))


def needs_review(plan: Plan) -> bool:
    """Return whether a record must be reviewed before it is sent, or a finding before the plan is applied."""
    return any(isinstance(step, QuarantinedStep | WaitStep) for step in plan.steps) or any(
        finding.code in _TO_REVIEW for finding in plan.header.findings
    )


def _actions(plan: Plan) -> ShownTable:
    counts: dict[str, Counter[Action]] = {}
    amounts: dict[str, list[Decimal]] = {}
    reads = 0
    for step in plan.steps:
        if isinstance(step, ReadStep):
            reads += step.calls
            continue
        name = step.key.partition("/")[0]
        counts.setdefault(name, Counter())[step.action] += 1
        if step.amount is not None and isinstance(step, CreateStep | UpdateStep | SkipStep):
            amounts.setdefault(name, []).append(step.amount)
    used = {
        action: label for action, label in _ACTIONS.items() if any(tally[action] for tally in counts.values())
    }
    table = new_table("mapping", *used.values(), "amount")
    for name, tally in counts.items():
        values = (count_text(tally[action]) for action in used)
        table.add_row(name, *values, grouped(total(amounts[name])) if name in amounts else "")
    if reads:
        table.add_row("existing records", *[""] * len(used), f"{counted(reads, 'call')}")
    return table


def _schedule(plan: Plan) -> ShownTable:
    header = plan.header
    table = new_table("window", "opens", "closes", "calls")
    start = instant(header.starts_at)
    for window in header.windows:
        opens, closes = _instant_text(start + window.opens), _instant_text(start + window.closes)
        table.add_row(str(window.number), opens, closes, f"{window.calls:,}")
    return table


def _timestamp(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00Z").removesuffix("Z") + " UTC"


def _instant_text(milliseconds: int) -> str:
    return _timestamp(instant_text(milliseconds))
