"""What waits for a decision, and the decisions that were made, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.groups import Group, decide_command, decide_command_of
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement

#: Records of a group that are named.
_EXAMPLES = 3


def group_document(group: Group) -> dict[str, Any]:
    """Return a group as JSON."""
    covered = group.covers
    return {
        "group": group.name,
        "standing": group.standing.value,
        "records": covered.records,
        "amount": covered.amount,
        "examples": [example(position) for position in group.positions[:_EXAMPLES]],
        "answers": [answer.value for answer in group.answers],
        "command": decide_command_of(group),
    }


def group_lines(group: Group) -> Iterator[str]:
    """Yield the lines about a group that waits: what, how many, which, and the command."""
    more = len(group.positions) - _EXAMPLES
    yield f"{group.name}: {group.covers}, {group.standing.value}"
    for position in group.positions[:_EXAMPLES]:
        yield f"    {example(position)}"
    if more > 0:
        yield f"    and {more:,} more: sagerecon decide show {group.name}"
    yield f"    decide: {decide_command_of(group)}"


def command_text(name: str, possible: Sequence[DecisionAnswer]) -> str:
    """Return the command that records a decision; empty where none can be made about the whole."""
    return decide_command(name, possible) if possible else ""


def example(position: Position) -> str:
    """Return a record by its key, its label, and the earlier records that it may be."""
    known = position.outcome or position.written
    label = f" ({known.label})" if known is not None and known.label else ""
    earlier = " or ".join(record.key for record in position.rename.earlier[:3]) if position.rename else ""
    fields = ", ".join(differing_fields(position))
    return "".join(
        (
            position.key,
            label,
            f", earlier {earlier}" if earlier else "",
            f", differs in {fields}" if fields else "",
        )
    )


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON."""
    return {
        "subject": decision.subject,
        "answer": decision.answer.value,
        "because": decision.because,
        "by": decision.by,
        "on": decision.on,
        "until": decision.until,
        "records": decision.covers.records,
        "amount": decision.covers.amount,
        "line": decision.place.line,
    }


def decision_text(decision: Decision) -> str:
    """Return a decision in one line."""
    until = f", until {decision.until}" if decision.until else ""
    return (
        f"{decision.subject}: {decision.answer.value}, {decision.covers}, because {decision.because}"
        f" ({decision.by}, {decision.on}{until})"
    )


def settled_lines(settlement: Settlement) -> Iterator[str]:
    """Yield the decisions that were made: in effect, lapsed, impossible, without any record."""
    for text in dict.fromkeys(map(decision_text, settlement.by_record.values())):
        yield f"In effect: {text}"
    for title, entries in (("Lapsed", settlement.lapsed), ("Not possible", settlement.impossible)):
        for entry in entries:
            yield f"{title}: {decision_text(entry.decision)}: {entry.why}."
    for decision in settlement.idle:
        yield f"Needed by no record now: {decision_text(decision)}"
