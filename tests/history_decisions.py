"""Decisions in a history: what a person who knows the truth says about a record that can be decided on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from history_source import MAPPINGS, Record
from history_steps import History
from history_world import World

from sagerecon.commands import decisions
from sagerecon.commands.decisions import Choice
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.answers import DecisionAnswer, answers
from sagerecon.pairing.decisions import Side
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import standing

#: By these a plan does nothing about a record as long as its source stays as it is.
_SETTLING = frozenset({DecisionAnswer.KEEP, DecisionAnswer.ACCEPT, DecisionAnswer.LEAVE_OUT})


@dataclass(frozen=True)
class Decide:
    """Decide on a record, by an answer that is true of it: first on those that wait, then on the others.

    Of `field_by_field`, the bits of `choice` say of which fields the source is right.
    """

    place: int
    choice: int

    def __call__(self, history: History) -> None:
        world = history.world
        possible = world.decidable() if world.prepared is not None else ()
        if not possible:
            return
        position = possible[self.place % len(possible)]
        choices = list(_choices(position, world, self.choice))
        if not choices:
            return
        choice = choices[self.choice % len(choices)]
        try:
            decisions.take(world.project, world.machine_clock, position.key, choice)
        except ProjectError as error:
            assert "is not possible" in error.message, error
            return
        history.moment += 1
        history.answers.append(DecisionAnswer(choice.answer))
        history.judged = None  # it was judged without the decision
        _permit(position, choice, world)


def _choices(position: Position, world: World, sides: int) -> Iterator[Choice]:
    """Yield the answers that are true of a record."""
    found = standing(position)
    for answer in answers(found):
        choice = Choice(answer=answer.value, because="it is so", by="J. Reviewer")
        if (true := _true(choice, position, world, sides)) is not None:
            yield true


def _true(choice: Choice, position: Position, world: World, sides: int) -> Choice | None:
    """Return a choice with what it must name; None where it is not true of the record."""
    entities = world.books.entities
    match DecisionAnswer(choice.answer):
        case DecisionAnswer.SAME_RECORD:
            earlier = _same_record(position, world)
            return None if earlier is None else replace(choice, earlier=earlier)
        case DecisionAnswer.TWO_RECORDS:
            return choice if _same_record(position, world) is None else None
        case DecisionAnswer.ADOPT | DecisionAnswer.KEEP_APART | DecisionAnswer.THIS_ONE:
            return _about_suspects(choice, position, world)
        case DecisionAnswer.THEIRS:
            return None if position.key in entities and entities[position.key].uid else choice
        case DecisionAnswer.OURS_BY_HAND:
            return choice if position.key in entities and entities[position.key].uid else None
        case DecisionAnswer.FIELDS:
            names = differing_fields(position)
            of_source = {name for bit, name in enumerate(names) if sides >> bit & 1}
            return replace(choice, fields=decisions.sides(of_source, set(names) - of_source))
        case _:
            return choice


def _about_suspects(choice: Choice, position: Position, world: World) -> Choice | None:
    """Return a choice about the entities that a record may be, if it is true of them."""
    record = world.source.frozen.get(position.key)
    if record is None or position.suspect is None:
        return None
    entities = world.books.entities
    its_own = [found for found in position.suspect.sage_ids if entities[found].uid == record.uid]
    match DecisionAnswer(choice.answer):
        case DecisionAnswer.KEEP_APART:
            return None if its_own else choice
        case DecisionAnswer.THIS_ONE:
            return replace(choice, sage_id=its_own[0]) if its_own else None
        case _:
            return choice if its_own else None


def _same_record(position: Position, world: World) -> str | None:
    """Return the earlier key of a renamed record; None where none of those proposed is it."""
    source = world.source
    record: Record | None = next((r for r in source.present() if r.draft_key == position.key), None)
    earlier = position.rename.earlier if position.rename else ()
    for written in earlier:
        number = written.key.removeprefix(f"{MAPPINGS[written.kind]}/")
        if record is not None and source.uids.get((written.kind, number)) == record.uid:
            return written.key
    return None


def _permit(position: Position, choice: Choice, world: World) -> None:
    """Let the program do what was decided, as long as source and Sage are as the person saw them."""
    books, written = world.books, position.written
    record = world.source.frozen.get(position.key)
    answer = DecisionAnswer(choice.answer)
    if record is not None:
        books.decided(record.uid, is_settled=answer in _SETTLING)
    if written is None:
        return
    if answer in (DecisionAnswer.REVERSE, DecisionAnswer.REPLACE, DecisionAnswer.WRITE_AGAIN):
        books.permit(answer, written.sage_id)
    if position.held is not None and answer in (DecisionAnswer.PUSH, DecisionAnswer.FIELDS):
        held, sent = position.held.entity.body, getattr(position.outcome, "body", {})
        for name in differing_fields(position):
            if choice.fields.get(name, Side.OURS) is Side.OURS:
                books.give_up(written.sage_id, name, held.get(name), sent.get(name))
