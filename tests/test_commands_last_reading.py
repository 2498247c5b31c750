"""A plan takes what Sage holds from the last reconciliation, also for records that the source left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_looks import edit, parties, plan_again, the_id, write

from sagerecon.commands import decisions, runs
from sagerecon.commands.decisions import Choice
from sagerecon.planning.step import Action
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger

EDITED, DELETED, SAME = "C1", "C2", "C3"


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of three customers, of whom one was edited in Sage and one deleted."""
    with signed_in(write(tmp_path, 3)) as opened:
        opened.load()
        opened.clock.sleep(60_000)
        edit(opened, EDITED, name="By hand")
        assert opened.by_other_hand("DELETE", f"/contacts/{the_id(opened, DELETED)}").status == 204
        yield opened


def steps(move: Move, text: str) -> dict[str, tuple[Action, str]]:
    made = plan_again(move, text)
    found = {step.key.partition("/")[2]: step for step in made.steps if step.key.startswith("parties/")}
    return {
        key: (step.action, getattr(step, "standing", None) and step.standing.value)
        for key, step in found.items()
    }


def test_records_that_the_source_left_alone_stand_as_they_were_read(move: Move) -> None:
    move.reconcile()
    assert steps(move, parties(3)) == {
        EDITED: (Action.KEEP, "edited in Sage"),
        DELETED: (Action.WAIT, "deleted in Sage"),
        SAME: (Action.SKIP, None),
    }


def test_records_changed_in_the_source_stand_as_they_were_read(move: Move) -> None:
    move.reconcile()
    assert steps(move, parties(3, " Ltd")) == {
        EDITED: (Action.WAIT, "both changed"),
        DELETED: (Action.WAIT, "deleted in Sage"),
        SAME: (Action.UPDATE, None),
    }


def test_nothing_is_missing_by_a_listing_that_was_not_read_whole(move: Move) -> None:
    move.faults.add(Trigger(1, "GET", "/contacts", times=99), Fault(FaultType.ERROR, status=403))
    move.reconcile()
    assert {action for action, _ in steps(move, parties(3)).values()} == {Action.SKIP}


def test_nothing_is_concluded_where_no_reconciliation_has_read_sage(move: Move) -> None:
    assert {action for action, _ in steps(move, parties(3)).values()} == {Action.SKIP}


def test_an_edit_that_was_taken_back_is_no_edit_any_more(move: Move) -> None:
    move.reconcile()
    edit(move, EDITED, name="Firm 1")
    move.clock.sleep(60_000)
    move.reconcile()
    assert steps(move, parties(3))[EDITED] == (Action.SKIP, None)


def test_a_reading_says_nothing_about_what_was_written_after_it(move: Move) -> None:
    plan_again(move, parties(3, " Ltd"))
    move.reconcile()  # finds the earlier name, and the source has changed since
    runs.apply(move.project, move.clock, move.session)
    assert steps(move, parties(3, " Ltd"))[SAME] == (Action.SKIP, None)


def test_a_decision_about_many_lapses_in_the_reconciliation_that_finds_one_more(move: Move) -> None:
    choice = Choice(answer="accept", because="agreed", by="Kim")
    move.reconcile()
    decisions.take(move.project, move.clock, "contact:edited_in_sage", choice)
    accepted = move.reconcile().reconciliation
    assert [str(found.key) for found in accepted.verdicts if found.accepted] == ["parties/C1"]
    edit(move, SAME, name="By hand too")
    move.clock.sleep(60_000)
    found = move.reconcile().reconciliation
    assert not any(found.accepted for found in found.verdicts)
    (lapsed,) = found.settlement.lapsed
    assert lapsed.why == "it was made about 1 record, and there are 2 records now"
