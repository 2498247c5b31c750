"""What waits for a decision, and the decisions that were made, as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.groups import (
    Group,
    decide_command,
    possible_answers,
    show_command,
)
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
from sagerecon.report.decisions_document import MEANINGS

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
        "commands": commands(group.name, possible_answers(group)),
    }


def group_lines(group: Group) -> Iterator[str]:
    """Yield the lines about a group that waits: what, how many, which, and the commands."""
    more = len(group.positions) - _EXAMPLES
    yield f"{group.name}: {group.covers}, {group.standing.value}"
    for position in group.positions[:_EXAMPLES]:
        yield f"    {example(position)}"
    if more > 0:
        yield f"    and {more:,} more: {show_command(group.name)}"
    if possible := possible_answers(group):
        yield from command_lines(group.name, possible)
    else:
        yield f"  Decide on each record: {show_command(group.positions[0].key)}"


def commands(name: str, possible: Sequence[DecisionAnswer]) -> list[str]:
    """Return the command for each answer that is possible."""
    return [decide_command(name, answer.value) for answer in possible]


def command_lines(name: str, possible: Sequence[DecisionAnswer]) -> Iterator[str]:
    """Yield the command for each answer that is possible, with what the answer means."""
    if not possible:
        yield "  Nothing can be decided about it yet."
        return
    yield "  Decide with one of these commands:" if len(possible) > 1 else "  Decide with this command:"
    for answer in possible:
        yield f"    {decide_command(name, answer.value)}"
        yield f"        {answer.value}: {MEANINGS[answer]}"


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


def decision_text(decision: Decision) -> str:
    """Return a decision in one line."""
    about = f"{decision.subject}: {decision.answer.value}, {decision.covers}"
    return f"{about}, {decision_reason(decision)}"


def decision_reason(decision: Decision) -> str:
    """Return who made a decision and when, until when it holds, and why."""
    until = f", until {decision.until}" if decision.until else ""
    return f"decided by {decision.by} on {decision.on}{until}: {decision.because}"


def settled_lines(settlement: Settlement) -> Iterator[str]:
    """Yield the decisions that were made: in effect, lapsed, impossible, without any record."""
    ignored = {id(entry.decision) for entry in settlement.not_carried_out}
    for decision in settlement.in_effect:
        if id(decision) not in ignored:
            yield from decision_lines("In effect", decision)
    for title, entries in (
        ("Lapsed", settlement.lapsed),
        ("Not possible", (*settlement.impossible, *settlement.not_carried_out)),
    ):
        for entry in entries:
            yield from decision_lines(title, entry.decision)
            yield f"    It has no effect: {entry.why}. Decide again, or: {_drop_command(entry.decision)}"
    for decision in settlement.idle:
        yield from decision_lines("Not needed now", decision)
        yield "    No record needs it now: it was carried out, or others cover its records. It may stay."


def decision_lines(title: str, decision: Decision) -> Iterator[str]:
    """Yield a decision in two lines: what it is about, then who made it and why."""
    yield f"{title}: {decision.subject}: {decision.answer.value}, {decision.covers}"
    yield f"    {decision_reason(decision)}"


def _drop_command(decision: Decision) -> str:
    return f"sagerecon decide drop {shlex.quote(decision.subject)}"
