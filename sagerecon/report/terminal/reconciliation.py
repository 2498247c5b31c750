"""A reconciliation: completeness, tie-outs and verdicts, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType

from sagerecon.model.clock import HOUR, instant_text
from sagerecon.model.count import counted
from sagerecon.model.money import grouped, total
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.decisions import Decision
from sagerecon.reconciliation.completeness import SourceLine, Tally
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut, TieOutNotTaken
from sagerecon.reconciliation.verdict import Difference, RecordVerdict
from sagerecon.report.formatting import capitalized, spaced, timestamp
from sagerecon.report.grouping import LISTED, Group, group_alike, more_like_it, record_likeness
from sagerecon.report.terminal.decisions import decision_likeness, decision_reason, decision_text
from sagerecon.report.terminal.shown import ShownText
from sagerecon.report.terminal.tables import count_text, further, new_table

#: A reading that took longer is said to have been paused, in milliseconds.
LONG_READING = HOUR

#: Records of a decision that are shown with what differs.
_ACCEPTED_SHOWN = 3


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
    """Return a row for each tie-out, followed by at most twelve of its lines that differ.

    The tie-outs that were not taken come last.
    """
    table = new_table("tie-out", "lines", "expected", "in Sage", "difference", "")
    for tie_out in ties:
        totals = tie_out.totals
        table.add_row(
            tie_out.about,
            f"{len(tie_out.lines)}",
            grouped(totals.expected),
            grouped(totals.sage),
            grouped(totals.difference),
            "ties out" if tie_out.ties else ShownText("review", style="bold red"),
        )
        differing = [line for line in tie_out.lines if line.difference or line.undated]
        for line in differing[:LISTED]:
            name = f"  {line.code} {line.name}".rstrip()
            values = (grouped(line.expected), grouped(line.sage), grouped(line.difference))
            table.add_row(name, "", *values, "", style="yellow")
        if (left := len(differing) - LISTED) > 0:
            rest = grouped(total(line.difference for line in differing[LISTED:]))
            table.add_row(f"  … and {left:,} more in the report", "", "", "", rest, "", style="yellow")
    for missing in not_taken:
        table.add_row(missing.about, "", "", "", "", ShownText("not taken", style="bold red"))
    return table


def tie_out_notes(ties: Iterable[TieOut]) -> Iterator[RenderableType]:
    """Yield what the tie-outs do not show, once for those that share it."""
    notes: dict[str, list[str]] = {}
    for tie_out in ties:
        for note in tie_out.notes:
            notes.setdefault(note, []).append(tie_out.about)
    for note, names in notes.items():
        yield ShownText(f"{', '.join(names)}: {note}", style="dim")


def read_over(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield a line about a reading that took long: what changed in Sage meanwhile may be unseen in a part."""
    readings = reconciliation.coverage.readings.all
    if not readings:
        return
    first, last = min(each.started_at for each in readings), max(each.ended_at for each in readings)
    if last - first >= LONG_READING:
        yield ShownText(
            f"Sage was read from {timestamp(instant_text(first))} to {timestamp(instant_text(last))}: the"
            " reading was paused and continued. What was read first does not show later changes."
        )


def unread(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield a line for each kind or report that was not read whole, and for tie-outs not taken, by reason.

    One before them says that the store is not complete.
    """
    reasons: dict[str, list[str]] = {}
    for missing in reconciliation.not_taken:
        reasons.setdefault(missing.why, []).append(missing.about)
    incomplete = reconciliation.incomplete_store
    for label, text in (
        *([("store not complete", incomplete)] if incomplete else []),
        *(("not read", reason) for reason in reconciliation.unread),
        *(("not taken", f"{', '.join(names)}. {why}") for why, names in reasons.items()),
    ):
        yield ShownText.of((f"{label}: ", "bold red"), (text, ""))


def verdicts(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield the records that need review: verdict, differences, source row, Sage id, remedy.

    Records of a kind that was not read are one entry for each kind and reason. Of other like records the
    first is shown; the others are counted, with examples and the money at risk.
    """
    for (kind, reason, remedy), count in _not_read(reconciliation).items():
        text = ShownText()
        text.append(f"{Verdict.NOT_READ.value}: ", style="bold red")
        text.append(counted(count, f"{spaced(kind)} record"), style="bold")
        text.append(f". {reason}")
        text.append_line(remedy)
        yield text
    found = [v for v in reconciliation.open_verdicts if v.verdict is not Verdict.NOT_READ]
    groups = group_alike(found, _likeness)
    for group in groups[:LISTED]:
        verdict = group.first
        text = ShownText()
        text.append(f"{verdict.verdict.value}: ", style="bold red")
        text.append(_name(verdict), style="bold")
        text.append(f" {verdict.reason}")
        for difference in verdict.differences[:LISTED]:
            text.append_line(f"{_sides(verdict, difference)} ({difference.cause.value})")
        if (more_fields := len(verdict.differences) - LISTED) > 0:
            text.append_line(f"… and {counted(more_fields, 'more field')}", style="dim")
        where = ", ".join(str(place) for place in verdict.origins[:LISTED]) or "no source row"
        text.append_line(f"{where} · Sage id {verdict.sage_id or 'none'}", style="dim")
        if verdict.first_seen:
            text.append(f" · first seen {verdict.first_seen.value}", style="dim")
        if verdict.remedy:
            text.append_line(f"{verdict.remedy}")
        if more := more_like_it([_name(other) for other in group.others]):
            at_risk = total(each.at_risk for each in group)
            risk = f"; {grouped(at_risk)} at risk in total" if at_risk else ""
            text.append_line(f"{more}{risk}", style="dim")
        yield text
    yield from further(groups[LISTED:])


def accepted(reconciliation: Reconciliation) -> Iterator[RenderableType]:
    """Yield the differences that decisions accept, by decision, and the decisions that have no effect.

    The first records of a decision are shown with what differs; the others are counted. Decisions about
    single records that say the same are one entry, and at most twelve entries of a sort are listed.
    """
    by_decision: dict[int, list[RecordVerdict]] = {}
    for verdict, decision in reconciliation.accepted:
        by_decision.setdefault(id(decision), []).append(verdict)
    settlement = reconciliation.settlement
    used = [(decision, "") for decision in settlement.in_effect if id(decision) in by_decision]
    alike = group_alike(used, decision_likeness)
    for group in alike[:LISTED]:
        (decision, _), others = group.first, [other for other, _ in group.others]
        records = [record for each in (decision, *others) for record in by_decision[id(each)]]
        yield _accepted_by(decision, others, records)
    yield from _further_decisions("accepted", alike[LISTED:])
    for label, entries in (
        ("lapsed", settlement.lapsed),
        ("without effect", settlement.impossible),
    ):
        alike = group_alike([(entry.decision, entry.why) for entry in entries], decision_likeness)
        for group in alike[:LISTED]:
            decision, why = group.first
            text = ShownText.of((f"{label}: ", "bold yellow"), (decision_text(decision), "bold"))
            text.append_line(f"{capitalized(why)}. Its records are judged as if it had not been made.")
            text.append(" A plan sends none of them until it is made again or dropped.")
            if more := more_like_it([other.subject for other, _ in group.others]):
                text.append_line(f"{more}", style="dim")
            yield text
        yield from _further_decisions(label, alike[LISTED:])


def _further_decisions(label: str, left_out: Sequence[Group[Any]]) -> Iterator[RenderableType]:
    if count := sum(1 + len(group.others) for group in left_out):
        yield ShownText(f"{label}: {counted(count, 'more decision')}, see decisions.yaml", style="dim")


def _accepted_by(
    decision: Decision, others: Sequence[Decision], records: Sequence[RecordVerdict]
) -> RenderableType:
    amount = total(each.at_risk for each in records)
    found = counted(len(records), "difference") + (f" ({grouped(amount)})" if amount else "")
    text = ShownText.of(("accepted: ", "bold green"), (found, "bold"))
    text.append(f" by decision: {decision.subject}: {decision.answer.value}")
    text.append_line(decision_reason(decision))
    if like_it := more_like_it([other.subject for other in others]):
        text.append_line(f"{like_it}", style="dim")
    for verdict in records[:_ACCEPTED_SHOWN]:
        risk = f" ({grouped(verdict.at_risk)})" if verdict.at_risk else ""
        key = f" ({verdict.key})" if not verdict.origins else ""  # Sage's name alone tells the source little
        text.append_line(f"{_name(verdict)}{key}, {verdict.verdict.value}{risk}: ", style="dim")
        text.append(_what_differs(verdict), style="dim")
    if (more := len(records) - _ACCEPTED_SHOWN) > 0:
        text.append_line(f"… and {more:,} more in the report", style="dim")
    return text


def _what_differs(verdict: RecordVerdict) -> str:
    differences = [_sides(verdict, each) for each in verdict.differences[:LISTED]]
    return "; ".join(differences) or verdict.reason


def _sides(verdict: RecordVerdict, difference: Difference) -> str:
    """Return the values of a field; of a record that the source lost, the one that was written."""
    what, value = ("source", difference.source)
    if verdict.verdict is Verdict.GONE:
        what, value = ("written", difference.written)
    return f"{difference.field}: {what} {value or 'empty'}, Sage {difference.sage or 'empty'}"


def _name(verdict: RecordVerdict) -> str:
    return verdict.label or verdict.key or verdict.sage_id


def _likeness(verdict: RecordVerdict) -> Hashable:
    return record_likeness(
        (verdict.verdict, verdict.kind, verdict.first_seen),
        (verdict.reason, verdict.remedy),
        (verdict.label, verdict.key, verdict.sage_id),
        [(d.field, d.source, d.cause) for d in verdict.differences],
    )


def _not_read(reconciliation: Reconciliation) -> Counter[tuple[str, str, str]]:
    """Return the number of records that were not read, by kind, reason and remedy."""
    return Counter(
        (verdict.kind, verdict.reason, verdict.remedy)
        for verdict in reconciliation.open_verdicts
        if verdict.verdict is Verdict.NOT_READ
    )
