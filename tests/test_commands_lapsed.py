"""What a lapsed decision covered waits: nothing of it is sent until it is decided again or dropped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_looks import edit, parties, plan_again, write

from sagerecon.commands import decisions, runs
from sagerecon.commands.decisions import Choice
from sagerecon.model.clock import DAY, day_of
from sagerecon.model.code import Code
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.groups import Group, decide_command_of
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action

GROUP, CUSTOMERS = "contact:source_changed", ("C1", "C2", "C3")
WAIT, SETTLED = Action.WAIT, Action.SETTLED


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


def keys(group: Group) -> list[str]:
    return [at.key for at in group.positions]


def records_covered(move: Move) -> dict[str, int]:
    """Return by subject the number of records that each decision in effect covers."""
    found = decisions.decidable(move.project, move.clock).settlement.in_effect
    return {decision.subject: decision.covers.records for decision in found}


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


def test_a_decision_about_a_group_is_not_about_a_record_with_a_lapsed_one_of_its_own(move: Move) -> None:
    plan_again(move, parties(3, " Ltd"))
    take(move, "parties/C1", "keep")
    plan_again(move, parties(3, " Limited"))
    found = decisions.decidable(move.project, move.clock)
    (group,) = found.waiting
    assert (group.is_alone, group.offered, keys(group)) == (True, (), ["parties/C1"])
    assert decide_command_of(group) == "sagerecon decide show parties/C1"
    take(move, GROUP, "keep")
    assert records_covered(move) == {GROUP: 2}
    assert actions(plan_again(move, parties(3, " Limited")), *CUSTOMERS) == [WAIT, SETTLED, SETTLED]
    take(move, "parties/C1", "keep")
    assert records_covered(move) == {GROUP: 2, "parties/C1": 1}
    assert actions(plan_again(move, parties(3, " Limited")), *CUSTOMERS) == [SETTLED] * 3
    decisions.drop(move.project, "parties/C1")  # nobody has decided on it then, and it is one more
    assert actions(plan_again(move, parties(3, " Limited")), *CUSTOMERS) == [Action.UPDATE, WAIT, WAIT]


def test_the_records_of_a_group_that_wait_are_listed_apart_from_those_decided_alone(move: Move) -> None:
    for customer in CUSTOMERS:
        edit(move, customer, notes="by Kim")
    move.reconcile()
    take(move, "parties/C1", "accept")
    edit(move, "C1", notes="by Lee")
    move.reconcile()
    waits = decisions.decidable(move.project, move.clock).waiting
    assert [(keys(group), bool(group.offered)) for group in waits] == [
        (["parties/C2", "parties/C3"], True),
        (["parties/C1"], False),
    ]
    hints = [f.hint for f in plan_again(move, parties(3)).header.findings if f.code is Code.UNDECIDED]
    (alone, rest) = sorted(hints, key=len)
    assert alone == "Decide: sagerecon decide show parties/C1"
    assert rest.startswith("Decide: sagerecon decide take contact:edited_in_sage ANSWER")


def test_a_group_each_of_whose_records_is_decided_alone_is_refused_with_the_command_that_works(
    move: Move,
) -> None:
    plan_again(move, parties(3, " Ltd").replace("Firm 2 Ltd", "Firm 2").replace("Firm 3 Ltd", "Firm 3"))
    take(move, "parties/C1", "keep")
    plan_again(move, parties(3).replace("Firm 1", "Firm One"))
    with pytest.raises(ProjectError, match="Each record of contact:source_changed has a decision") as error:
        take(move, GROUP, "keep")
    assert error.value.hint == "Decide on each: sagerecon decide show parties/C1"
    found = decisions.decidable(move.project, move.clock)
    assert found.offers(decisions.subject_of(GROUP, found.groups)) == ()


@pytest.mark.parametrize("is_known", [True, False])
def test_a_decision_about_a_group_stays_in_effect_where_one_record_is_decided_alone_later(
    move: Move, is_known: bool
) -> None:
    plan_again(move, parties(3, " Ltd"))
    take(move, GROUP, "keep")
    take(move, "parties/C1", "keep", until=date(2026, 1, 6))
    if not is_known:
        shutil.rmtree(move.project.state / "decided")
    assert actions(plan_again(move, parties(3, " Ltd")), *CUSTOMERS) == [SETTLED] * 3
    move.clock.sleep(3 * DAY)
    assert actions(plan_again(move, parties(3, " Ltd")), *CUSTOMERS) == [WAIT, SETTLED, SETTLED]
    if is_known:
        changed = parties(3, " Ltd").replace("Firm 1 Ltd", "Firm One")
        assert actions(plan_again(move, changed), *CUSTOMERS) == [WAIT, SETTLED, SETTLED]


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
