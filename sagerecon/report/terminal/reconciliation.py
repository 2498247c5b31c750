"""A reconciliation: completeness, tie-outs and verdicts, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from sagerecon.model.count import counted
from sagerecon.model.money import grouped, total
from sagerecon.reconciliation.completeness import SourceLine, Tally
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut, TieOutNotTaken
from sagerecon.reconciliation.verdict import RecordVerdict, Verdict
from sagerecon.report.formatting import spaced
from sagerecon.report.terminal.tables import count_text, new_table

#: Records with one finding that are still shown one by one, and the examples of a larger group.
_EXAMPLES = 3


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
    table = new_table("mapping", *used, "amount read")
    for line in lines:
        counts = (count_text(tally(line).count) for tally in used.values())
        table.add_row(line.mapping, *counts, grouped(line.read.amount) if line.read.amount else "")
    return table


def tie_outs(ties: Iterable[TieOut], not_taken: Iterable[TieOutNotTaken] = ()) -> RenderableType:
    """Return a row for each tie-out, followed by its lines that differ; last, those that were not taken."""
    table = new_table("tie-out", "lines", "expected", "in Sage", "difference", "")
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
    for missing in not_taken:
        table.add_row(missing.about, "", "", "", "", Text("not taken", style="bold red"))
    return table


def unread(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield a line for each kind or report that was not read whole, and for tie-outs not taken, by reason."""
    reasons: dict[str, list[str]] = {}
    for missing in reconciliation.not_taken:
        reasons.setdefault(missing.why, []).append(missing.about)
    for label, text in (
        *(("not read", reason) for reason in reconciliation.unread),
        *(("not taken", f"{', '.join(names)}. {why}") for why, names in reasons.items()),
    ):
        yield Text.assemble((f"{label}: ", "bold red"), text)


def verdicts(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield each record that needs review: verdict, differences, source row, Sage id, remedy.

    Records with the same finding are one entry with their number, the amount at risk and a few examples.
    """
    for alike in _groups(reconciliation.open_verdicts):
        if len(alike) > _EXAMPLES or alike[0].verdict is Verdict.NOT_READ:
            yield _group_text(alike)
        else:
            yield from map(_verdict_text, alike)


def _groups(verdicts: Iterable[RecordVerdict]) -> Iterable[list[RecordVerdict]]:
    """Return the verdicts with the same kind and sentences together; one with differences is by itself."""
    groups: dict[object, list[RecordVerdict]] = {}
    for verdict in verdicts:
        finding = (verdict.verdict, verdict.kind, verdict.reason, verdict.remedy)
        groups.setdefault(verdict.id if verdict.differences else finding, []).append(verdict)
    return groups.values()


def _group_text(alike: Sequence[RecordVerdict]) -> Text:
    first = alike[0]
    text = Text.assemble(
        (f"{first.verdict.value}: ", "bold red"),
        (counted(len(alike), f"{spaced(first.kind)} record"), "bold"),
        f". {first.reason}",
    )
    if at_risk := total(verdict.at_risk for verdict in alike):
        text.append(f" Amount at risk: {grouped(at_risk)}.")
    text.append(f"\n  such as {', '.join(_example(verdict) for verdict in alike[:_EXAMPLES])}", style="dim")
    if first.remedy:
        text.append(f"\n  {first.remedy}")
    return text


def _example(verdict: RecordVerdict) -> str:
    place = f" ({verdict.origins[0]})" if verdict.origins else ""
    return f"{verdict.label or verdict.key or verdict.sage_id}{place}"


def _verdict_text(verdict: RecordVerdict) -> Text:
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
    return text
