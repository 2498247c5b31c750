"""Decisions in a history: what a person who knows the truth says about a record that waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from history_source import MAPPINGS, Record
from history_steps import History

from sagerecon.commands import decisions
from sagerecon.commands.decisions import Choice
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.answers import DecisionAnswer, answers, is_carried_out
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing, standing

#: Answers that may be wrong about a record, or need more than its key: nobody gives them here.
_NOT_GIVEN = frozenset(
    {
        DecisionAnswer.FIELDS,
        DecisionAnswer.THIS_ONE,
        DecisionAnswer.LATER,
        DecisionAnswer.ADOPT,
        DecisionAnswer.KEEP_APART,
        DecisionAnswer.THEIRS,
    }
)


@dataclass(frozen=True)
class Decide:
    """Decide on a record that waits, by an answer that is true of it."""

    place: int
    choice: int

    def __call__(self, history: History) -> None:
        world = history.world
        if world.prepared is None:
            return
        waiting = [at for group in world.decidable() for at in group.positions]
        if not waiting:
            return
        position = waiting[self.place % len(waiting)]
        choices = _choices(position, history)
        if not choices:
            return
        answer, earlier = list(choices.items())[self.choice % len(choices)]
        choice = Choice(answer=answer.value, because="it is so", by="J. Reviewer", earlier=earlier)
        try:
            decisions.take(world.project, world.machine_clock, position.key, choice)
        except ProjectError as error:
            assert "is not possible" in error.message, error
            return
        history.moment += 1
        history.judged = None  # it was judged without the decision
        if answer is DecisionAnswer.PUSH and position.held is not None:
            world.books.give_up(position.held.entity.sage_id, position.held.entity.body)


def _choices(position: Position, history: History) -> Mapping[DecisionAnswer, str]:
    """Return the answers that are true of a record, each with the earlier key that it names, if any."""
    found = standing(position)
    possible = [
        answer for answer in answers(found) if is_carried_out(found, answer) and answer not in _NOT_GIVEN
    ]
    if found is not Standing.RENAMED_IN_SOURCE:
        return dict.fromkeys(possible, "")
    same = _same_record(position, history)
    return {DecisionAnswer.TWO_RECORDS: ""} if same is None else {DecisionAnswer.SAME_RECORD: same}


def _same_record(position: Position, history: History) -> str | None:
    """Return the earlier key of a renamed record; None where none of those proposed is it."""
    source = history.world.source
    record: Record | None = next((r for r in source.present() if r.draft_key == position.key), None)
    earlier = position.rename.earlier if position.rename else ()
    for written in earlier:
        number = written.key.removeprefix(f"{MAPPINGS[written.kind]}/")
        if record is not None and source.uids.get((written.kind, number)) == record.uid:
            return written.key
    return None
