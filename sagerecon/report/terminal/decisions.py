"""What waits for a decision, and the decisions that were made, as text."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from sagerecon.pairing.answers import DecisionAnswer, price
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.groups import (
    Group,
    decide_command,
    drop_command,
    show_command,
)
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.suspect import Suspect
from sagerecon.report.decisions_document import MEANINGS
from sagerecon.report.grouping import LISTED, group_alike, more_like_it, pattern

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
        "answers": [answer.value for answer in group.offered],
        "commands": commands(group.name, group.offered),
    }


def group_lines(group: Group) -> Iterator[str]:
    """Yield the lines about a group that waits: what, how many, which, and the commands."""
    more = len(group.positions) - _EXAMPLES
    yield f"{group.name}: {group.covers}, {group.standing.value}"
    for position in group.positions[:_EXAMPLES]:
        yield f"    {example(position)}"
    if more > 0:
        yield f"    and {more:,} more: {show_command(group.name)}"
    if possible := group.offered:
        yield from command_lines(group.name, possible, len(group.positions))
    elif own_keys := [key for key, count in Counter(at.key for at in group.positions).items() if count == 1]:
        yield f"  Decide on each record: {show_command(own_keys[0])}"
    else:
        yield "  They have the same key, so that no decision can name one of them. Correct it in the source."


def commands(name: str, possible: Sequence[DecisionAnswer]) -> list[str]:
    """Return the command for each answer that is possible."""
    return [decide_command(name, _words(answer, possible)) for answer in possible]


def command_lines(name: str, possible: Sequence[DecisionAnswer], records: int) -> Iterator[str]:
    """Yield the command for each answer that is possible, with what the answer means and what it costs."""
    if not possible:
        yield "  Nothing can be decided about it yet."
        return
    yield "  Decide with one of these commands:" if len(possible) > 1 else "  Decide with this command:"
    for answer in possible:
        yield f"    {decide_command(name, _words(answer, possible))}"
        calls = price(answer, records)
        yield f"        {answer.value}: {MEANINGS[answer]}{f'; {calls}' if calls else ''}"


def _words(answer: DecisionAnswer, possible: Sequence[DecisionAnswer]) -> str:
    """Return an answer as it is typed: where several entities in Sage may be meant, with the one that is."""
    is_in_sage = {DecisionAnswer.THIS_ONE, DecisionAnswer.KEEP_APART} <= set(possible)
    return (
        f"{answer.value} --sage-id ID" if is_in_sage and answer is DecisionAnswer.THIS_ONE else answer.value
    )


def example(position: Position) -> str:
    """Return a record by its key, its label, and what it may be: earlier records, or entities in Sage."""
    known = position.outcome or position.written
    name = known.label if known is not None else position.held.entity.displayed_as if position.held else ""
    label = f" ({name})" if name else ""
    earlier = " or ".join(record.key for record in position.rename.earlier[:3]) if position.rename else ""
    fields = ", ".join(differing_fields(position))
    return "".join(
        (
            position.key,
            label,
            f", earlier {earlier}" if earlier else "",
            f", differs in {fields}" if fields else "",
            f": {_in_sage(position.suspect)}" if position.suspect and position.suspect.entities else "",
            *(f": {refusal.text}" for refusal in position.refusals),
        )
    )


def explain_command(position: Position) -> str:
    """Return the command that shows a record or its first difference; empty where it is none of ours."""
    if position.outcome is None and position.written is None:
        return ""
    field = "".join(f".{name}" for name in differing_fields(position)[:1])
    return f"sagerecon explain {shlex.quote(position.key + field)}"


def _in_sage(suspect: Suspect) -> str:
    """Return why a record may be in Sage already, and each entity that it may be with its owner."""
    entities = (
        f"{entity.sage_id} ({entity.displayed_as})"
        + (f", which is {owner}" if (owner := suspect.owners.get(entity.sage_id)) else "")
        for entity in suspect.entities
    )
    return f"{suspect.reason} In Sage: {'; '.join(entities)}"


def decision_text(decision: Decision) -> str:
    """Return a decision in one line."""
    about = f"{decision.subject}: {decision.answer.value}, {decision.covers}"
    return f"{about}, {decision_reason(decision)}"


def decision_reason(decision: Decision) -> str:
    """Return who made a decision and when, until when it holds, and why."""
    until = f", until {decision.until}" if decision.until else ""
    return f"decided by {decision.by} on {decision.on}{until}: {decision.because}"


_IDLE = "Not needed now"
_WHY_IDLE = (
    "No record needs it now: it was carried out, others cover its records, or the source has none with its"
    " key. It may stay."
)


def settled_lines(settlement: Settlement) -> Iterator[str]:
    """Yield the decisions that were made: in effect, lapsed, impossible, without any record.

    Decisions about single records that say the same are one entry. At most twelve entries a sort are listed.
    """
    for title, entries in (
        ("In effect", [(decision, "") for decision in settlement.in_effect]),
        ("Lapsed", [(entry.decision, entry.why) for entry in settlement.lapsed]),
        ("Not possible", [(entry.decision, entry.why) for entry in settlement.impossible]),
        (_IDLE, [(decision, "") for decision in settlement.idle]),
    ):
        alike = group_alike(entries, decision_likeness)
        for found in alike[:LISTED]:
            decision, why = found.first
            yield from decision_lines(title, decision)
            if why:
                yield f"    It has no effect: {why}. Decide again, or: {drop_command(decision.subject)}"
            elif title == _IDLE:
                yield f"    {_WHY_IDLE}"
            if more := more_like_it([other.subject for other, _ in found.others]):
                yield f"    {more}"
        if left := sum(len(list(found)) for found in alike[LISTED:]):
            yield f"{title}: {left:,} more, see decisions.yaml"


def decision_likeness(entry: tuple[Decision, str]) -> Hashable:
    """Return what decisions share that say the same; one about a group of records is like no other.

    Args:
        entry: a decision, and why it has no effect; empty where it has one.
    """
    made, why = entry
    if not made.key:
        return made.selector
    said = (made.answer, made.because, made.by, made.on, made.until)
    return (made.kind, made.standing, *said, pattern(why, made.subject))


def decision_lines(title: str, decision: Decision) -> Iterator[str]:
    """Yield a decision in two lines: what it is about, then who made it and why."""
    yield f"{title}: {decision.subject}: {decision.answer.value}, {decision.covers}"
    yield f"    {decision_reason(decision)}"
