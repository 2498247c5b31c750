"""The decisions `push` and `field_by_field`: what Sage gets, what it keeps, and what is never overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from runs import Crash
from test_commands_looks import edit, held, messages, parties, plan_again, the_id, write

from sagerecon.commands import decisions, plans, runs
from sagerecon.commands.decisions import Choice
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import SettledStep, SkipStep, Step, UpdateStep
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of which one customer is loaded."""
    with signed_in(write(tmp_path, 1)) as opened:
        opened.load()
        yield opened


def take(
    move: Move, name: str, answer: str, ours: tuple[str, ...] = (), theirs: tuple[str, ...] = ()
) -> None:
    fields = decisions.sides(ours, theirs)
    choice = Choice(answer=answer, because="the source is right", by="Kim", fields=fields)
    decisions.take(move.project, move.clock, name, choice)


def planned(move: Move) -> Plan:
    return plans.plan(move.project, move.clock)


def step_of(plan: Plan, key: str = "parties/C1") -> Step:
    return next(step for step in plan.steps if step.key == key)


def warnings(plan: Plan) -> list[str]:
    return [finding.message for finding in plan.header.findings]


def verdicts(move: Move) -> dict[str, tuple[str, bool]]:
    """Return by key the verdict of a new reconciliation, and whether it needs review."""
    found = move.reconcile().reconciliation.verdicts
    return {verdict.key: (verdict.verdict.value, verdict.needs_review) for verdict in found}


def apply(move: Move) -> Any:
    return runs.apply(move.project, move.clock, move.session)


@contextmanager
def killed_at(move: Move, method: str, path: str, *, after: bool) -> Iterator[None]:
    """Crash at a call to this path.

    Args:
        after: crash once Sage has carried the call out, and before its answer comes.
    """
    send = move.session.send

    def crash(request: Any, **options: Any) -> Any:
        is_meant = request.method == method and path in str(request.url)
        if not is_meant:
            return send(request, **options)
        if after:
            send(request, **options)
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(move.session, "send", crash)
        with pytest.raises(Crash):
            apply(move)
    yield


def test_the_name_that_was_edited_in_sage_gets_the_value_of_the_source(move: Move) -> None:
    edit(move, name="Oak by hand")
    assert verdicts(move)["parties/C1"] == ("edited in Sage", True)
    take(move, "parties/C1", "push")
    made = planned(move)
    step = step_of(made)
    assert isinstance(step, UpdateStep)
    assert (step.changed, step.calls, made.header.calls) == (("name",), 2, 3)
    outcome = apply(move)
    assert (outcome.calls, outcome.counts) == (3, {Event.READ: 1, Event.UPDATED: 1})
    assert held(move, the_id(move))["name"] == "Firm 1"
    assert isinstance(step_of(planned(move)), SkipStep)
    assert verdicts(move)["parties/C1"] == ("verified", False)
    found = decisions.decidable(move.project, move.clock)
    assert [entry.subject for entry in found.settlement.idle] == ["parties/C1"]
    assert not found.needs_review


def test_both_sides_that_changed_are_settled_for_the_source(move: Move) -> None:
    edit(move, name="Oak by hand", tax_number="GB123456789")
    verdicts(move)
    plan_again(move, parties(1, " Ltd", "York"))
    take(move, "parties/C1", "push")
    step = step_of(planned(move))
    assert isinstance(step, UpdateStep)
    assert sorted(step.changed) == ["name", "notes", "tax_number"]
    assert apply(move).counts[Event.UPDATED] == 1
    found = held(move, the_id(move))
    assert (found["name"], found["notes"], found["tax_number"]) == ("Firm 1 Ltd", "York", None)
    assert verdicts(move)["parties/C1"] == ("verified", False)


def test_an_edit_between_plan_and_apply_is_not_overwritten(move: Move) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    take(move, "parties/C1", "push")
    planned(move)
    edit(move, notes="pays late")
    outcome = apply(move)
    assert outcome.counts == {Event.READ: 1, Event.UNDECIDED: 1}
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Oak by hand", "pays late")
    assert messages(move) == [
        "Firm 1 was not updated (Sage holds other edits than were decided on):"
        " name was written as 'Firm 1' and is 'Oak by hand' in Sage;"
        " notes was written as 'Leeds' and is 'pays late' in Sage."
    ]
    made = planned(move)
    assert not isinstance(step_of(made), UpdateStep)
    assert any("'push' about parties/C1 has lapsed: the figures have changed" in at for at in warnings(made))


def test_the_same_edit_made_again_after_the_push_is_another_one(move: Move) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    take(move, "parties/C1", "push")
    planned(move)
    apply(move)
    edit(move, name="Oak by hand")
    assert verdicts(move)["parties/C1"] == ("edited in Sage", True)
    made = planned(move)
    assert not isinstance(step_of(made), UpdateStep)
    assert any("'push' about parties/C1 has lapsed: the figures have changed" in at for at in warnings(made))


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("after", [False, True])
def test_a_push_is_carried_out_once_whenever_the_process_is_killed(
    move: Move, method: str, after: bool
) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    take(move, "parties/C1", "push")
    planned(move)
    with killed_at(move, method, f"/contacts/{the_id(move)}", after=after):
        is_sent = after and method == "PUT"
        assert held(move, the_id(move))["name"] == ("Firm 1" if is_sent else "Oak by hand")
    outcome = apply(move)
    assert outcome.counts[Event.UPDATED] == 1
    assert held(move, the_id(move))["name"] == "Firm 1"
    assert verdicts(move)["parties/C1"] == ("verified", False)


@pytest.mark.parametrize("after", [False, True])
def test_an_edit_after_the_kill_is_not_overwritten(move: Move, after: bool) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    take(move, "parties/C1", "push")
    planned(move)
    with killed_at(move, "PUT", f"/contacts/{the_id(move)}", after=after):
        edit(move, name="Elm by hand")
    assert Event.UPDATED not in apply(move).counts
    assert held(move, the_id(move))["name"] == "Elm by hand"
    assert "name was written as 'Firm 1' and is 'Elm by hand' in Sage" in messages(move)[0]


@pytest.mark.parametrize("after", [False, True])
def test_a_push_whose_answer_is_lost_is_settled_by_a_look(move: Move, after: bool) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    take(move, "parties/C1", "push")
    planned(move)
    fault = Fault(FaultType.ERROR_SAVED if after else FaultType.ERROR, status=500)
    move.faults.add(Trigger(1, "PUT", "/contacts", times=3), fault)
    assert apply(move).counts[Event.PARKED] == 1
    assert apply(move).counts[Event.UPDATED] == 1
    assert held(move, the_id(move))["name"] == "Firm 1"
    assert messages(move) == []


def test_of_each_field_it_is_said_which_side_counts(move: Move) -> None:
    edit(move, name="Oak by hand", notes="pays late")
    verdicts(move)
    plan_again(move, parties(1, " Ltd"))
    take(move, "parties/C1", "field_by_field", ours=("name",), theirs=("notes",))
    assert verdicts(move)["parties/C1"] == ("both changed", True)
    made = planned(move)
    step = step_of(made)
    assert isinstance(step, UpdateStep)
    assert (step.changed, step.left, made.header.calls) == (("name",), ("notes",), 3)
    outcome = apply(move)
    assert (outcome.calls, outcome.counts[Event.UPDATED]) == (3, 1)
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Firm 1 Ltd", "pays late")
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("edited in Sage", False)
    made = planned(move)
    assert isinstance(step_of(made), SettledStep)
    assert warnings(made) == []
    assert apply(move).counts[Event.SETTLED] == 1


def test_a_field_that_both_sides_changed_stays_as_sage_holds_it(move: Move) -> None:
    edit(move, name="Oak by hand", notes="pays late")
    verdicts(move)
    plan_again(move, parties(1, " Ltd", "York"))
    take(move, "parties/C1", "field_by_field", ours=("name",), theirs=("notes",))
    planned(move)
    assert apply(move).counts[Event.UPDATED] == 1
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("both changed", False)
    assert isinstance(step_of(planned(move)), SettledStep)
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Firm 1 Ltd", "pays late")
