"""The same figures for a terminal of 80 columns, as rich renderables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Group, JustifyMethod, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sagerecon.model.clock import instant, instant_text
from sagerecon.model.draft import Draft, Outcome, Quarantined
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import decimal_text, grouped, total
from sagerecon.model.record import Record
from sagerecon.model.value import canonical
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import SetAside
from sagerecon.planning.step import Action, LeftOutStep, QuarantinedStep, ReadStep, Step
from sagerecon.planning.step_document import node_document
from sagerecon.reconciliation.completeness import SourceLine, Tally
from sagerecon.reconciliation.reconcile import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.reconciliation.verdict import RecordVerdict

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

#: The worst comes last, where the eye is when the command ends.
_WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}

#: What a plan's actions are called in its table, in the order of its columns.
_ACTIONS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.SKIP: "there",
    Action.LEAVE_OUT: "left out",
    Action.QUARANTINE: "quarantined",
}

#: More findings of one code than this are counted rather than listed.
_LISTED = 12


def findings(found: Sequence[Finding]) -> Iterator[RenderableType]:
    """Each finding at its place; many of one code are counted after the first dozen."""
    seen: Counter[str] = Counter()
    for finding in sorted(found, key=lambda finding: (_WEIGHT[finding.severity], finding.place)):
        seen[finding.code] += 1
        if seen[finding.code] <= _LISTED:
            yield _finding(finding)
    for code, count in seen.items():
        if count > _LISTED:
            yield Text(f"… and {count - _LISTED} more of {code} (--json lists all)", style="dim")


def plan_summary(plan: Plan) -> RenderableType:
    """What would be sent, at what price, on which day."""
    header = plan.header
    parts: list[RenderableType] = [_actions(plan)]
    share = f"{100 * header.lower_bound / header.calls:.1f} %" if header.calls else "100.0 %"
    parts.append(
        Text(
            f"{header.calls:,} calls; at least {header.lower_bound:,} are needed ({share}): "
            f"{header.bound_reason}."
        )
    )
    if header.windows:
        parts.append(_calendar(plan))
        parts.append(
            Text(
                f"Starting {_moment(header.starts_at)} it ends {_moment(header.finishes_p50)}, "
                f"in nine of ten runs by {_moment(header.finishes_p90)}. "
                f"{header.reserve} calls of each 24 hours are left to the company's other apps."
            )
        )
    return Group(*parts)


def tie_outs(ties: Iterable[TieOut]) -> RenderableType:
    """One line for each tie-out, and the lines that do not agree below it."""
    table = _table("tie-out", "lines", "expected", "in Sage", "difference", "")
    for tie_out in ties:
        totals = tie_out.totals
        table.add_row(
            tie_out.about,
            f"{len(tie_out.lines)}",
            grouped(totals.expected),
            grouped(totals.sage),
            grouped(totals.difference),
            "ties out" if tie_out.ties else Text("look", style="bold red"),
        )
        for line in tie_out.lines:
            if line.difference:
                name = escape(f"  {line.code} {line.name}".rstrip())
                values = (grouped(line.expected), grouped(line.sage), grouped(line.difference))
                table.add_row(name, "", *values, "", style="yellow")
    return table


def completeness(lines: Sequence[SourceLine]) -> RenderableType:
    """read = created + already there + left out + merged + quarantined + not yet written."""
    columns: dict[str, Callable[[SourceLine], Tally]] = {
        "read": lambda line: line.read,
        "created": lambda line: line.created,
        "there": lambda line: line.already_there,
        "left out": lambda line: line.left_out,
        "merged": lambda line: line.merged,
        "quarantined": lambda line: line.quarantined,
        "not yet": lambda line: line.not_yet_written,
    }
    used = {name: tally for name, tally in columns.items() if any(tally(line).count for line in lines)}
    table = _table("mapping", *used, "money read")
    for line in lines:
        counts = (_count(tally(line).count) for tally in used.values())
        table.add_row(line.mapping, *counts, grouped(line.read.amount) if line.read.amount else "")
    return table


def verdicts(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Each record a person must look at: verdict, source row, Sage id, what clears it."""
    for verdict in reconciliation.findings:
        text = Text()
        text.append(f"{verdict.verdict.value}: ", style="bold red")
        text.append(verdict.label or verdict.key or verdict.sage_id, style="bold")
        text.append(f" {verdict.reason}")
        for difference in verdict.differences:
            text.append(
                f"\n  {difference.field}: source {difference.source or 'nothing'}, "
                f"Sage {difference.sage or 'nothing'} ({difference.cause.value})"
            )
        where = ", ".join(str(place) for place in verdict.origins) or "no source row"
        text.append(f"\n  {where} · Sage id {verdict.sage_id or 'none'}", style="dim")
        if verdict.since:
            text.append(f" · {verdict.since}", style="dim")
        if verdict.clears:
            text.append(f"\n  {verdict.clears}")
        yield text


def source_files(files: Iterable[tuple[str, int]]) -> RenderableType:
    """Each source file with its rows."""
    table = _table("file", "rows")
    for path, rows in files:
        table.add_row(path, f"{rows:,}")
    return table


def created(counts: Mapping[str, int]) -> RenderableType:
    """How many records of each resource came into being."""
    table = _table("created in Sage", "records")
    for resource, count in counts.items():
        table.add_row(resource.replace("_", " "), f"{count:,}")
    return table


def set_aside(plan: Plan) -> int:
    """How many records of a plan a person must look at."""
    return sum(isinstance(step, QuarantinedStep) for step in plan.steps)


def standing(
    state: str,
    steps: int,
    counts: Mapping[str, int],
    in_doubt: int,
    calls: tuple[int, int],
    budget: Budget,
    aside: Sequence[SetAside],
) -> Iterator[RenderableType]:
    """How far a run is; `calls` are those of the last minute and of the last day."""
    done = sum(counts.values())
    words = [f"{count:,} {word}" for word, count in counts.items() if count]
    if state == "finished" and done < steps:
        words.append(f"{steps - done:,} needed no call")
    yield Text(f"Run: {state}. {done:,} of {steps:,} steps have begun: {', '.join(words) or 'none yet'}.")
    minute, day = calls
    yield Text(
        f"Calls: {day:,} of {budget.day_limit:,} in the last 24 hours, {minute:,} in the last minute; "
        f"{budget.reserve:,} are left to the company's other apps."
    )
    if in_doubt:
        yield Text(f"{in_doubt} calls are in doubt; sagerecon apply settles them first.", style="yellow")
    for record in aside:
        text = Text()
        text.append(f"{record.state.value} ", style="bold red")
        text.append(record.step.label or record.step.key, style="bold")
        for finding in record.findings:
            text.append(f"\n  {finding}")
        yield text


def explanation(
    record: Record | None,
    outcome: Outcome,
    step: Step | None,
    written: Written | None,
    verdict: RecordVerdict | None,
) -> Iterator[RenderableType]:
    """One record's way: source cell, each change, what was sent, Sage's id, the verdict."""
    yield Text(f"{outcome.kind} {outcome.key}", style="bold")
    yield Text("source  " + (", ".join(str(place) for place in outcome.origins) or "no row"))
    if record is not None:
        for name, value in record.values.items():
            if value is not None and not name.startswith("_"):
                text = value if isinstance(value, str) else canonical(value)
                yield Text(f"        {name}: {text}")
    if isinstance(outcome, Draft):
        for change in outcome.changes:
            where = f"({change.rule}, {change.place})"
            yield Text(f"change  {change.field}: {change.before!r} -> {change.after!r} {where}")
        yield Text(f"draft   by {outcome.place}: {canonical(node_document(outcome.body))}")
    elif isinstance(outcome, Quarantined):
        yield from (Text(f"held    {finding}", style="yellow") for finding in outcome.findings)
    else:
        yield Text(f"left    by the rule {outcome.rule}: {outcome.reason}")
    if step is not None:
        yield Text(f"plan    step {step.number}, {step.action.value}: {step.reason}")
    if written is not None:
        how = "adopted" if written.adopted else "sent"
        yield Text(f"{how:<8}{instant_text(written.written_at)}: {canonical(written.sent)}")
        yield Text(f"Sage    {written.sage_id}")
    if verdict is not None:
        yield Text(f"verdict {verdict.verdict.value}. {verdict.reason}".rstrip())


def reconciliation_document(reconciliation: Reconciliation) -> dict[str, Any]:
    """The outcome for programs: what needs a person, and the tie-outs' totals."""
    return {
        "ties_out": reconciliation.ties_out,
        "findings": [
            {
                "id": verdict.id,
                "verdict": verdict.verdict.value,
                "label": verdict.label,
                "sage_id": verdict.sage_id,
                "origins": [str(place) for place in verdict.origins],
                "reason": verdict.reason,
                "since": verdict.since,
            }
            for verdict in reconciliation.findings
        ],
        "tie_outs": {
            tie_out.name: {
                "ties": tie_out.ties,
                "expected": decimal_text(tie_out.totals.expected),
                "sage": decimal_text(tie_out.totals.sage),
                "difference": decimal_text(tie_out.totals.difference),
            }
            for tie_out in reconciliation.tie_outs
        },
    }


def _finding(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.severity.value} ", style=_STYLES[finding.severity])
    if str(finding.place):
        text.append(f"{finding.place}: ", style="dim")
    text.append(finding.message)
    if finding.hint:
        text.append(f" {finding.hint}", style="italic")
    return text


def _actions(plan: Plan) -> Table:
    counts: dict[str, Counter[Action]] = {}
    amounts: dict[str, list[Decimal]] = {}
    reads = 0
    for step in plan.steps:
        if isinstance(step, ReadStep):
            reads += step.calls
            continue
        name = step.key.partition("/")[0]
        counts.setdefault(name, Counter())[step.action] += 1
        if step.amount is not None and not isinstance(step, LeftOutStep | QuarantinedStep):
            amounts.setdefault(name, []).append(step.amount)
    used = {
        action: word for action, word in _ACTIONS.items() if any(tally[action] for tally in counts.values())
    }
    table = _table("mapping", *used.values(), "money")
    for name, tally in counts.items():
        values = (_count(tally[action]) for action in used)
        table.add_row(name, *values, grouped(total(amounts[name])) if name in amounts else "")
    if reads:
        table.add_row("what is there already", *[""] * len(used), f"{reads} calls")
    return table


def _calendar(plan: Plan) -> Table:
    header = plan.header
    table = _table("window", "opens", "closes", "calls")
    start = instant(header.starts_at)
    for window in header.windows:
        opens, closes = _day_time(start + window.opens), _day_time(start + window.closes)
        table.add_row(str(window.number), opens, closes, f"{window.calls:,}")
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        justify: JustifyMethod = "left" if number == 0 else "right"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=number > 0)
    return table


def _count(number: int) -> str:
    return f"{number:,}" if number else "·"


def _moment(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00Z").removesuffix("Z") + " UTC"


def _day_time(moment: int) -> str:
    return _moment(instant_text(moment))
