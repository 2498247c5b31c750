"""What waits for a decision, and the decisions that were made, as text."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sagerecon.model.count import counted
from sagerecon.pairing.answers import DecisionAnswer, price
from sagerecon.pairing.decidable import Decidable
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
from sagerecon.report.decisions_document import MEANINGS, decision_document
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
        **answers_document(group),
    }


def answers_document(group: Group) -> dict[str, Any]:
    """Return as JSON what can be answered about a group or a record, how, and why not the rest."""
    return {
        "answers": [offer.answer.value for offer in group.offered],
        "commands": [decide_command(group.name, offer.words) for offer in group.offered],
        "not_offered": {offer.answer.value: offer.refused for offer in group.offers if offer.refused},
    }


def group_lines(group: Group) -> Iterator[str]:
    """Yield the lines about a group that waits: what, how many, which, and the commands."""
    more = len(group.positions) - _EXAMPLES
    yield f"{group.name}: {group.covers}, {group.standing.value}"
    for position in group.positions[:_EXAMPLES]:
        yield f"    {example(position)}"
    if more > 0:
        yield f"    and {more:,} more: {show_command(group.name)}"
    if group.is_alone:
        yield "  What was decided about each alone has no effect. A decision about all does not replace it."
    if group.others:
        they = counted(group.others, "other record")
        yield f"  A decision about {group.name} would be about {they} too: {show_command(group.name)}"
    if group.offered:
        yield from command_lines(group)
    elif own_keys := [key for key, count in Counter(at.key for at in group.positions).items() if count == 1]:
        yield f"  Decide on each record: {show_command(own_keys[0])}"
    else:
        yield "  They have the same key, so that no decision can name one of them. Correct it in the source."


def held_up_lines(subject: str, held_up: Sequence[Position]) -> Iterator[str]:
    """Yield the lines about records that are not sent, because they refer to one that is left out.

    Args:
        subject: what the decision to leave it out is about.
    """
    more, first = len(held_up) - _EXAMPLES, held_up[0].key
    refer = "refers" if len(held_up) == 1 else "refer"
    yield f"{counted(len(held_up), 'record')} {refer} to what is left out by the decision about {subject}:"
    for position in held_up[:_EXAMPLES]:
        yield f"    {example(position)}"
    if more > 0:
        yield f"    and {more:,} more"
    yield f"  Drop that decision: {drop_command(subject)}"
    each = "it" if len(held_up) == 1 else "each"
    yield f"  Or leave {each} out as well: {decide_command(first, DecisionAnswer.LEAVE_OUT.value)}"


def subject_lines(subject: Group, in_effect: Sequence[Decision], found: Decidable) -> Iterator[str]:
    """Yield the lines about a group or a record: each record, the decisions in effect, and the commands."""
    for position in subject.positions:
        yield example(position)
    yield f"{subject.name}: {subject.covers}, {subject.standing.value}"
    if subject.key and (explain := explain_command(subject.positions[0])):
        yield f"  See the values of each side: {explain}"
    for decision in in_effect:
        yield from decision_lines("In effect", decision)
    yield from command_lines(replace(subject, positions=found.left_to(subject)))
    yield from alone_lines(found.alone(subject))


def subject_document(subject: Group, in_effect: Sequence[Decision]) -> dict[str, Any]:
    """Return as JSON a group or a record with the decisions in effect and the answers."""
    return {
        "subject": subject.name,
        "standing": subject.standing.value,
        "records": [example(position) for position in subject.positions],
        "amount": subject.covers.amount,
        "in_effect": [decision_document(decision) for decision in in_effect],
        **answers_document(subject),
    }


def alone_lines(alone: Sequence[Position]) -> Iterator[str]:
    """Yield a line about the records of a group that a decision about it is not about."""
    if alone:
        each = "each with a decision of its own" if len(alone) > 1 else "which has a decision of its own"
        names = f"{counted(len(alone), 'record')}, {each}: {show_command(alone[0].key)}"
        yield f"  A decision about the group is not about {names}"


def command_lines(group: Group) -> Iterator[str]:
    """Yield the command for each answer, with what it means and costs; then why others cannot be given."""
    if not group.offered:
        yield "  Nothing can be decided about it yet."
    else:
        several = len(group.offered) > 1
        yield f"  Decide with {'one of these commands' if several else 'this command'}:"
    for offer in group.offered:
        yield f"    {decide_command(group.name, offer.words)}"
        calls = price(offer.answer, len(group.positions))
        yield f"        {offer.answer.value}: {MEANINGS[offer.answer]}{f'; {calls}' if calls else ''}"
    for why, refused in group.not_offered.items():
        yield f"    {', '.join(answer.value for answer in refused)}: not offered; {why}"


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
