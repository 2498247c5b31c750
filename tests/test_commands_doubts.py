"""A creation in doubt that a newer plan does not have is looked up, and never sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from moves import Move, signed_in
from runs import Crash
from test_commands_looks import parties, plan_again, write

from sagerecon.commands import runs
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import Ended

Change: TypeAlias = Callable[[Move], Plan]


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of which one customer is loaded, and the second is planned."""
    with signed_in(write(tmp_path, 1)) as opened:
        opened.load()
        plan_again(opened, parties(2))
        yield opened


def leave_out_the_second(move: Move) -> Plan:
    mapping = move.folder / "mappings/parties.yaml"
    rule = "leave_out: [{name: closed, when: \"ref == 'C2'\", reason: closed}]\n"
    if rule not in mapping.read_text():
        mapping.write_text(mapping.read_text() + rule)
    return plan_again(move, parties(2))


def remove_the_second(move: Move) -> Plan:
    return plan_again(move, parties(1))


CHANGES = pytest.mark.parametrize("change", [leave_out_the_second, remove_the_second])


def kill_after_sending(move: Move, fault: FaultType) -> None:
    """Apply the plan until the creation gets no usable answer, and end the process there."""

    def kill(progress: Progress) -> None:
        if progress.event is Event.RESENT:
            raise Crash

    move.faults.add(Trigger(1, "POST", "/contacts"), Fault(fault, status=500))
    with pytest.raises(Crash):
        runs.apply(move.project, move.clock, move.session, on_progress=kill)
    assert in_doubt(move) == 1


def references(move: Move) -> list[str]:
    items = move.by_other_hand("GET", "/contacts", attributes="reference").body["$items"]
    return sorted(item["reference"] for item in items if str(item["reference"]).startswith("C"))


def in_doubt(move: Move) -> int:
    with open_store(move.project, move.clock) as store:
        return store.company(move.project.business.id).history.status().in_doubt


@CHANGES
def test_what_the_plan_does_not_create_any_more_is_not_sent_again(move: Move, change: Change) -> None:
    kill_after_sending(move, FaultType.ERROR)
    change(move)
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.ended is Ended.FINISHED
    assert outcome.counts[Event.LOOKED_UP] == 1
    assert outcome.counts.keys() & {Event.CREATED, Event.RESENT} == set()
    assert (references(move), in_doubt(move)) == (["C1"], 0)


@CHANGES
def test_what_sage_saved_is_recorded_though_the_plan_does_not_create_it(move: Move, change: Change) -> None:
    kill_after_sending(move, FaultType.ERROR_SAVED)
    change(move)
    assert Event.RESENT not in runs.apply(move.project, move.clock, move.session).counts
    assert (references(move), in_doubt(move)) == (["C1", "C2"], 0)
    (action,) = [step.action for step in change(move).steps if step.key == "parties/C2"]
    assert action is Action.KEEP  # it is named, so that it can be reversed


def test_a_creation_that_was_retracted_is_sent_once_when_it_is_wanted_again(move: Move) -> None:
    kill_after_sending(move, FaultType.ERROR)
    remove_the_second(move)
    runs.apply(move.project, move.clock, move.session)
    plan_again(move, parties(2))
    assert runs.apply(move.project, move.clock, move.session).counts[Event.CREATED] == 1
    assert references(move) == ["C1", "C2"]


def test_a_creation_that_the_plan_still_has_is_sent_again(move: Move) -> None:
    kill_after_sending(move, FaultType.ERROR_SAVED)
    outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.counts[Event.RESENT], outcome.counts[Event.CREATED]) == (1, 1)
    assert references(move) == ["C1", "C2"]
