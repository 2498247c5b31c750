"""What a lapsed decision covered waits: nothing of it is sent until it is decided again or dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_looks import edit, parties, plan_again, write

from sagerecon.commands import decisions, runs
from sagerecon.commands.decisions import Choice
from sagerecon.model.clock import DAY, day_of
from sagerecon.model.errors import PlanStaleError
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move whose three customers are loaded."""
    with signed_in(write(tmp_path, 3)) as opened:
        opened.load()
        opened.clock.sleep(60_000)
        yield opened


def take(move: Move, name: str, answer: str, until: date | None = None) -> None:
    choice = Choice(answer=answer, because="tested", by="Kim", until=until)
    decisions.take(move.project, move.clock, name, choice)


def actions(made: Plan, *keys: str) -> list[Action]:
    found = {step.key.partition("/")[2]: step.action for step in made.steps}
    return [found[key] for key in keys]


def names(move: Move) -> list[str]:
    items = move.by_other_hand("GET", "/contacts", attributes="name").body["$items"]
    return sorted(item["name"] for item in items if item["name"].startswith("Firm"))


def apply(move: Move) -> None:
    runs.apply(move.project, move.clock, move.session)


def waiting(move: Move) -> list[str]:
    found = decisions.decidable(move.project, move.clock)
    return [at.key for group in found.waiting for at in group.positions]


def test_a_reading_that_shows_what_was_written_leaves_a_decision_in_effect(move: Move) -> None:
    plan_again(move, parties(3, " Ltd"))
    take(move, "contact:source_changed", "keep")
    found = move.reconcile().reconciliation
    assert (found.settlement.lapsed, found.open_verdicts) == ((), ())
    made = plan_again(move, parties(3, " Ltd"))
    assert actions(made, "C1", "C2", "C3") == [Action.SETTLED] * 3
    apply(move)
    assert names(move) == ["Firm 1", "Firm 2", "Firm 3"]


def test_what_a_lapsed_keep_covered_is_not_overwritten(move: Move) -> None:
    plan_again(move, parties(3, " Ltd"))
    take(move, "parties/C1", "keep")
    made = plan_again(move, parties(3, " Limited"))
    assert actions(made, "C1", "C2") == [Action.WAIT, Action.UPDATE]
    assert any("What was decided about parties/C1 has no effect" in f.message for f in made.header.findings)
    apply(move)
    assert names(move) == ["Firm 1", "Firm 2 Limited", "Firm 3 Limited"]
    assert waiting(move) == ["parties/C1"]
    (verdict,) = move.reconcile().reconciliation.open_verdicts
    assert (verdict.key, verdict.verdict) == ("parties/C1", Verdict.SOURCE_CHANGED)
    assert verdict.remedy.endswith("sagerecon decide drop parties/C1")
    decisions.drop(move.project, "parties/C1")
    assert actions(plan_again(move, parties(3, " Limited")), "C1") == [Action.UPDATE]


def test_a_decision_whose_last_day_is_over_holds_its_records_back(move: Move) -> None:
    plan_again(move, parties(4))
    take(move, "parties/C4", "leave_out", until=date(2026, 1, 6))
    assert actions(plan_again(move, parties(4)), "C4") == [Action.SETTLED]
    move.clock.sleep(3 * DAY)
    assert actions(plan_again(move, parties(4)), "C4") == [Action.WAIT]
    assert waiting(move) == ["parties/C4"]
    take(move, "parties/C4", "leave_out")
    assert actions(plan_again(move, parties(4)), "C4") == [Action.SETTLED]
    assert waiting(move) == []


def test_one_more_record_in_a_group_does_not_let_the_others_be_sent(move: Move) -> None:
    plan_again(move, parties(5))
    take(move, "contact:new", "leave_out")
    made = plan_again(move, parties(6))
    assert actions(made, "C4", "C5", "C6") == [Action.WAIT, Action.WAIT, Action.CREATE]
    assert waiting(move) == ["parties/C4", "parties/C5"]
    apply(move)
    assert names(move) == ["Firm 1", "Firm 2", "Firm 3", "Firm 6"]


def test_all_of_the_group_wait_where_it_is_not_known_which_were_meant(move: Move) -> None:
    plan_again(move, parties(5))
    take(move, "contact:new", "leave_out")
    for path in (move.project.state / "decided").iterdir():
        path.unlink()
    assert actions(plan_again(move, parties(6)), "C4", "C5", "C6") == [Action.WAIT] * 3


def test_all_of_the_group_wait_where_one_that_was_meant_may_have_another_key(move: Move) -> None:
    plan_again(move, parties(5))
    take(move, "contact:new", "leave_out")
    moved = parties(6).replace("C4,", "C40,")
    assert actions(plan_again(move, moved), "C40", "C5", "C6") == [Action.WAIT] * 3


def test_the_decision_about_a_group_does_not_take_the_place_of_a_lapsed_one_about_a_record(
    move: Move,
) -> None:
    plan_again(move, parties(3, " Ltd"))
    take(move, "contact:source_changed", "keep")
    take(move, "parties/C1", "keep", until=date(2026, 1, 6))
    move.clock.sleep(3 * DAY)
    assert actions(plan_again(move, parties(3, " Ltd")), "C1", "C2") == [Action.WAIT, Action.SETTLED]


def test_a_decision_that_no_record_needs_any_more_holds_nothing_back(move: Move) -> None:
    edit(move, "C1", name="By hand")
    move.reconcile()
    take(move, "parties/C1", "push")
    plan_again(move, parties(3))
    apply(move)
    move.clock.sleep(60_000)
    assert actions(plan_again(move, parties(3, " Ltd")), "C1") == [Action.UPDATE]


def test_a_plan_is_not_applied_once_the_last_day_of_a_decision_is_over(move: Move) -> None:
    plan_again(move, parties(2))
    take(move, "parties/C3", "reverse", until=day_of(move.clock.now()))
    plan_again(move, parties(2))
    move.clock.sleep(DAY)
    with pytest.raises(PlanStaleError, match="other decisions than those that hold today"):
        apply(move)
    assert "Firm 3" in names(move)
    assert actions(plan_again(move, parties(2)), "C3") == [Action.KEEP]


def test_a_plan_is_not_continued_once_the_last_day_of_a_decision_is_over(move: Move) -> None:
    plan_again(move, parties(2))
    take(move, "parties/C3", "reverse", until=day_of(move.clock.now()))
    plan_again(move, parties(2))
    runs.apply(move.project, move.clock, move.session, should_stop=lambda: True)
    move.clock.sleep(DAY)
    with pytest.raises(PlanStaleError, match="the decisions that hold changed"):
        apply(move)
    assert "Firm 3" in names(move)
