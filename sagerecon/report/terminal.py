"""Plan, run and reconciliation for a terminal of 80 columns, as rich renderables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from rich.console import Group, JustifyMethod, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sagerecon.model.clock import instant, instant_text
from sagerecon.model.draft import Draft, Outcome, Quarantined
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import grouped, total
from sagerecon.model.record import Record
from sagerecon.model.value import canonical
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.planning.step import Action, LeftOutStep, QuarantinedStep, ReadStep, Step
from sagerecon.planning.step_document import node_document
from sagerecon.reconciliation.completeness import SourceLine, Tally
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.report.formatting import counted

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

#: Sort order: errors are printed last, next to the prompt.
_ORDER = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}

#: The label of each action in the table of a plan, in the order of the columns.
_ACTIONS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.SKIP: "existing",
    Action.LEAVE_OUT: "left out",
    Action.QUARANTINE: "quarantined",
}

#: Maximum number of findings listed per code; more are only counted.
_MAX_LISTED = 12


def findings(found: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield each finding with its place, at most twelve per code, and the number of those left out."""
    seen: Counter[str] = Counter()
    for finding in sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.place)):
        seen[finding.code] += 1
        if seen[finding.code] <= _MAX_LISTED:
            yield _finding(finding)
    for code, count in seen.items():
        if count > _MAX_LISTED:
            yield Text(f"… and {count - _MAX_LISTED} more of {code} (--json lists all)", style="dim")


def plan_summary(plan: Plan) -> RenderableType:
    """Return the records of a plan by action, its calls, and its schedule."""
    header = plan.header
    parts: list[RenderableType] = [_actions(plan)]
    share = f"{100 * header.lower_bound / header.calls:.1f} %" if header.calls else "100.0 %"
    parts.append(
        Text(
            f"{header.calls:,} calls; the minimum is {header.lower_bound:,} ({share}): {header.bound_reason}."
        )
    )
    if header.windows:
        parts.append(_schedule(plan))
        parts.append(
            Text(
                f"Start {_timestamp(header.starts_at)}; expected finish {_timestamp(header.finishes_p50)} "
                f"(50 % of runs) or {_timestamp(header.finishes_p90)} (90 %). "
                f"{header.reserve} calls per 24 hours are reserved for other apps."
            )
        )
    return Group(*parts)


def tie_outs(ties: Iterable[TieOut]) -> RenderableType:
    """Return a row for each tie-out, followed by its lines that differ."""
    table = _table("tie-out", "lines", "expected", "in Sage", "difference", "")
    for tie_out in ties:
        totals = tie_out.totals
        table.add_row(
            tie_out.about,
            f"{len(tie_out.lines)}",
            grouped(totals.expected),
            grouped(totals.sage),
            grouped(totals.difference),
            "ties out" if tie_out.ties else Text("review", style="bold red"),
        )
        for line in tie_out.lines:
            if line.difference:
                name = escape(f"  {line.code} {line.name}".rstrip())
                values = (grouped(line.expected), grouped(line.sage), grouped(line.difference))
                table.add_row(name, "", *values, "", style="yellow")
    return table


def completeness(lines: Sequence[SourceLine]) -> RenderableType:
    """Return the records of each mapping by outcome.

    read = created + existing + left out + merged + quarantined + pending (not yet written)
    """
    columns: dict[str, Callable[[SourceLine], Tally]] = {
        "read": lambda line: line.read,
        "created": lambda line: line.created,
        "existing": lambda line: line.already_there,
        "left out": lambda line: line.left_out,
        "merged": lambda line: line.merged,
        "quarantined": lambda line: line.quarantined,
        "pending": lambda line: line.not_yet_written,
    }
    used = {name: tally for name, tally in columns.items() if any(tally(line).count for line in lines)}
    table = _table("mapping", *used, "amount read")
    for line in lines:
        counts = (_count(tally(line).count) for tally in used.values())
        table.add_row(line.mapping, *counts, grouped(line.read.amount) if line.read.amount else "")
    return table


def verdicts(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield each record that needs review: verdict, differences, source row, Sage id, remedy."""
    for verdict in reconciliation.open_verdicts:
        text = Text()
        text.append(f"{verdict.verdict.value}: ", style="bold red")
        text.append(verdict.label or verdict.key or verdict.sage_id, style="bold")
        text.append(f" {verdict.reason}")
        for difference in verdict.differences:
            text.append(
                f"\n  {difference.field}: source {difference.source or 'empty'}, "
                f"Sage {difference.sage or 'empty'} ({difference.cause.value})"
            )
        where = ", ".join(str(place) for place in verdict.origins) or "no source row"
        text.append(f"\n  {where} · Sage id {verdict.sage_id or 'none'}", style="dim")
        if verdict.first_seen:
            text.append(f" · first seen {verdict.first_seen.value}", style="dim")
        if verdict.remedy:
            text.append(f"\n  {verdict.remedy}")
        yield text


def source_files(files: Iterable[tuple[str, int]]) -> RenderableType:
    """Return each source file with its number of rows."""
    table = _table("file", "rows")
    for path, rows in files:
        table.add_row(path, f"{rows:,}")
    return table


def created_records(counts: Mapping[str, int]) -> RenderableType:
    """Return the number of records created in each resource."""
    table = _table("created in Sage", "records")
    for resource, count in counts.items():
        table.add_row(resource.replace("_", " "), f"{count:,}")
    return table


def quarantined_count(plan: Plan) -> int:
    """Return the number of records that a plan quarantines."""
    return sum(isinstance(step, QuarantinedStep) for step in plan.steps)


def run_status(
    state: str,
    steps: int,
    counts: Mapping[str, int],
    in_doubt: int,
    calls: tuple[int, int],
    budget: Budget,
    set_aside: Sequence[SetAside],
) -> Iterator[RenderableType]:
    """Yield the state of a run, its calls, and the records that were set aside.

    `calls` is the number of calls in the last minute and in the last 24 hours.
    """
    done = sum(counts.values())
    parts = [f"{count:,} {step_state}" for step_state, count in counts.items() if count]
    if state == RunState.FINISHED and done < steps:
        parts.append(f"{steps - done:,} without a call")
    yield Text(f"Run {state}. Steps started: {done:,} of {steps:,} ({', '.join(parts) or 'none yet'}).")
    minute, day = calls
    yield Text(
        f"Calls: {day:,} of {budget.day_limit:,} in the last 24 hours, {minute:,} in the last minute; "
        f"{budget.reserve:,} are reserved for other apps."
    )
    if in_doubt:
        yield Text(f"{counted(in_doubt, 'call')} in doubt. Resolve first: sagerecon apply", style="yellow")
    for record in set_aside:
        text = Text()
        text.append(f"{record.state.value} ", style="bold red")
        text.append(record.step.label or record.step.key, style="bold")
        for finding in record.findings:
            text.append(f"\n  {finding}")
        yield text


def record_history(
    record: Record | None,
    outcome: Outcome,
    step: Step | None,
    written: Written | None,
    verdict: RecordVerdict | None,
) -> Iterator[RenderableType]:
    """Yield the history of one record: source row, changes, draft, step, request, Sage id, verdict."""
    yield Text(f"{outcome.kind} {outcome.key}", style="bold")
    yield _labelled("source", ", ".join(str(place) for place in outcome.origins) or "no source row")
    if record is not None:
        for name, value in record.values.items():
            if value is not None and not name.startswith("_"):
                text = value if isinstance(value, str) else canonical(value)
                yield _labelled("", f"{name}: {text}")
    if isinstance(outcome, Draft):
        for change in outcome.changes:
            where = f"({change.rule}, {change.place})"
            yield _labelled("change", f"{change.field}: {change.before!r} -> {change.after!r} {where}")
        yield _labelled("draft", f"by {outcome.place}: {canonical(node_document(outcome.body))}")
    elif isinstance(outcome, Quarantined):
        yield from (_labelled("quarantined", str(finding), "yellow") for finding in outcome.findings)
    else:
        yield _labelled("left out", f"by rule {outcome.rule}: {outcome.reason}")
    if step is not None:
        yield _labelled("plan", f"step {step.number}, {step.action.value}: {step.reason}")
    if written is not None:
        how = "adopted" if written.adopted else "sent"
        yield _labelled(how, f"{instant_text(written.written_at)}: {canonical(written.sent)}")
        yield _labelled("Sage id", written.sage_id)
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def _finding(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.severity.value} ", style=_STYLES[finding.severity])
    if str(finding.place):
        text.append(f"{finding.place}: ", style="dim")
    text.append(finding.message)
    if finding.hint:
        text.append(f" {finding.hint}", style="italic")
    return text


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text(f"{label:<12}{text}", style)


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
        action: label for action, label in _ACTIONS.items() if any(tally[action] for tally in counts.values())
    }
    table = _table("mapping", *used.values(), "amount")
    for name, tally in counts.items():
        values = (_count(tally[action]) for action in used)
        table.add_row(name, *values, grouped(total(amounts[name])) if name in amounts else "")
    if reads:
        table.add_row("existing records", *[""] * len(used), f"{counted(reads, 'call')}")
    return table


def _schedule(plan: Plan) -> Table:
    header = plan.header
    table = _table("window", "opens", "closes", "calls")
    start = instant(header.starts_at)
    for window in header.windows:
        opens, closes = _instant_text(start + window.opens), _instant_text(start + window.closes)
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


def _timestamp(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00Z").removesuffix("Z") + " UTC"


def _instant_text(milliseconds: int) -> str:
    return _timestamp(instant_text(milliseconds))
