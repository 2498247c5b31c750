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
from sagerecon.model.errors import ProjectError
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import SettledStep, SkipStep, Step, UpdateStep, WaitStep
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
    assert not (found.waiting or found.settlement.lapsed or found.settlement.impossible)


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


def test_fields_left_to_sage_are_decided_on_again_when_one_is_edited_again(move: Move) -> None:
    _settled_field_by_field(move)
    edit(move, notes="pays at once")
    assert verdicts(move)["parties/C1"] == ("edited in Sage", True)
    made = planned(move)
    assert not isinstance(step_of(made), UpdateStep | SettledStep)
    assert any("'field_by_field' about parties/C1 has lapsed" in at for at in warnings(made))


def test_fields_left_to_sage_are_decided_on_again_when_the_source_changes_one(move: Move) -> None:
    _settled_field_by_field(move)
    made = plan_again(move, parties(1, " Ltd", "York"))
    assert isinstance(step_of(made), WaitStep)
    assert any("'field_by_field' about parties/C1 has lapsed" in at for at in warnings(made))


def test_a_field_that_sage_got_is_decided_on_again_when_it_is_edited_again(move: Move) -> None:
    _settled_field_by_field(move)
    edit(move, name="Oak by hand")
    assert verdicts(move)["parties/C1"] == ("edited in Sage", True)
    made = planned(move)
    assert not isinstance(step_of(made), UpdateStep | SettledStep)
    assert any("'field_by_field' about parties/C1 has lapsed" in at for at in warnings(made))


def test_a_later_change_of_another_field_is_sent_without_those_left_to_sage(move: Move) -> None:
    _settled_field_by_field(move)
    step = step_of(plan_again(move, parties(1, " and Sons")))
    assert isinstance(step, UpdateStep)
    assert step.changed == ("name",)
    assert apply(move).counts[Event.UPDATED] == 1
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Firm 1 and Sons", "pays late")
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("edited in Sage", False)


def _settled_field_by_field(move: Move) -> None:
    """Edit two fields in Sage, push one, and leave the other as it is there."""
    edit(move, name="Oak by hand", notes="pays late")
    verdicts(move)
    plan_again(move, parties(1, " Ltd"))
    take(move, "parties/C1", "field_by_field", ours=("name",), theirs=("notes",))
    planned(move)
    assert apply(move).counts[Event.UPDATED] == 1
    assert verdicts(move)["parties/C1"] == ("edited in Sage", False)


@pytest.mark.parametrize("after", [False, True])
def test_fields_left_to_sage_stay_so_whenever_the_process_is_killed(move: Move, after: bool) -> None:
    edit(move, name="Oak by hand", notes="pays late")
    verdicts(move)
    take(move, "parties/C1", "field_by_field", ours=("name",), theirs=("notes",))
    planned(move)
    with killed_at(move, "PUT", f"/contacts/{the_id(move)}", after=after):
        pass
    assert apply(move).counts[Event.UPDATED] == 1
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Firm 1", "pays late")
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("edited in Sage", False)


def test_what_is_said_of_fields_must_fit_the_record(move: Move) -> None:
    edit(move, name="Oak by hand", notes="pays late")
    verdicts(move)
    for fields, message in (
        ({}, "It is not said which side counts for name, notes."),
        ({"ours": ("nmae",)}, "Source and Sage do not differ in 'nmae'."),
        ({"ours": ("name",)}, "not possible: it is not said which side counts for notes."),
    ):
        with pytest.raises(ProjectError, match=message):
            take(move, "parties/C1", "field_by_field", **fields)
    with pytest.raises(ProjectError, match="--ours and --theirs do not apply to 'push'"):
        take(move, "parties/C1", "push", ours=("name",))
    assert not (move.folder / "decisions.yaml").exists()


def test_a_group_is_pushed_by_one_listing_but_for_what_was_edited_since(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 6)) as move:
        move.load()
        for number in range(1, 6):
            edit(move, f"C{number}", name=f"By hand {number}")
        verdicts(move)
        take(move, "contact:edited_in_sage", "push")
        made = planned(move)
        updates = [step for step in made.steps if isinstance(step, UpdateStep)]
        assert (len(updates), {step.look_calls for step in updates}, made.header.calls) == (5, {0}, 7)
        edit(move, "C3", notes="pays late")
        outcome = apply(move)
        assert outcome.counts[Event.UPDATED] == 4
        assert outcome.counts[Event.UNDECIDED] == 1
        assert outcome.calls == 6  # no update of the one that was edited
        assert [held(move, the_id(move, f"C{n}"))["name"] for n in (1, 3)] == ["Firm 1", "By hand 3"]
        made = planned(move)
        assert not any(isinstance(step, UpdateStep) for step in made.steps)
        assert any("'push' about contact:edited_in_sage has lapsed" in at for at in warnings(made))


def test_a_group_push_that_was_stopped_goes_on(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 4)) as move:
        move.load()
        for number in range(1, 5):
            edit(move, f"C{number}", name=f"By hand {number}")
        verdicts(move)
        take(move, "contact:edited_in_sage", "push")
        made = planned(move)
        stops = iter([False] * 4 + [True] * 9)
        first = runs.apply(move.project, move.clock, move.session, should_stop=lambda: next(stops, False))
        again = planned(move)  # the decision holds for those that are left
        left = sum(isinstance(step, UpdateStep) for step in again.steps)
        assert 0 < left < 4
        second = apply(move)
        assert first.counts[Event.UPDATED] + second.counts[Event.UPDATED] == 4
        assert second.calls == again.header.calls
        assert made.header.calls == 6
        assert [held(move, the_id(move, f"C{n}"))["name"] for n in range(1, 5)] == [
            f"Firm {n}" for n in range(1, 5)
        ]


def test_what_was_accepted_holds_until_either_side_changes(move: Move) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    plan_again(move, parties(1, " Ltd"))
    take(move, "parties/C1", "accept")
    assert isinstance(step_of(planned(move)), SettledStep)
    assert apply(move).counts[Event.SETTLED] == 1
    assert verdicts(move)["parties/C1"] == ("both changed", False)
    assert isinstance(step_of(planned(move)), SettledStep)
    made = plan_again(move, parties(1, " Ltd", "York"))
    assert isinstance(step_of(made), WaitStep)
    assert any("'accept' about parties/C1 has lapsed" in at for at in warnings(made))


def test_a_field_left_to_sage_lets_the_source_change_the_others(move: Move) -> None:
    edit(move, name="Oak by hand")
    verdicts(move)
    plan_again(move, parties(1, " Ltd"))
    take(move, "parties/C1", "field_by_field", theirs=("name",))
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("both changed", False)
    made = plan_again(move, parties(1, " Ltd", "York"))
    step = step_of(made)
    assert isinstance(step, UpdateStep)
    assert (step.changed, step.left) == (("notes",), ("name",))
    assert apply(move).counts[Event.UPDATED] == 1
    found = held(move, the_id(move))
    assert (found["name"], found["notes"]) == ("Oak by hand", "York")
    assert verdicts(move)["parties/C1"] == ("both changed", False)
    assert isinstance(step_of(planned(move)), SettledStep)


ADDRESSES = """\
sagerecon: mapping/v1
mapping: addresses
source: {dataset: parties, key: [ref]}
target: {kind: address, on_existing: create}
label: name
fields:
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  name: {value: Main}
  address_type_id: {value: ACCOUNTS}
  address_line_1: {from: city}
  city: {from: city}
  country_id: {value: GB}
  is_main_address: {value: true}
"""


def test_an_address_that_a_record_of_ours_made_is_no_edit(tmp_path: Path) -> None:
    folder = write(tmp_path, 1)
    (folder / "mappings/addresses.yaml").write_text(ADDRESSES)
    with signed_in(folder) as move:
        move.load()
        plan_again(move, parties(1, " Ltd"))
        assert apply(move).counts[Event.UPDATED] == 1
        edit(move, name="Oak by hand")
        verdicts(move)
        take(move, "parties/C1", "push")
        step = step_of(planned(move))
        assert isinstance(step, UpdateStep)
        assert step.changed == ("name",)
        assert apply(move).counts[Event.UPDATED] == 1
        found = held(move, the_id(move))
        assert (found["name"], bool(found["main_address"])) == ("Firm 1 Ltd", True)


def test_fields_left_to_sage_stay_so_though_no_reconciliation_read_them(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    edit(move, notes="pays late")
    assert apply(move).counts[Event.UNDECIDED] == 1
    planned(move)
    take(move, "parties/C1", "field_by_field", ours=("name",), theirs=("notes",))
    planned(move)
    assert apply(move).counts[Event.UPDATED] == 1
    assert isinstance(step_of(planned(move)), SettledStep)
    assert verdicts(move)["parties/C1"] == ("edited in Sage", False)


def test_a_decision_holds_while_sage_is_read_again(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    edit(move, notes="pays late", tax_number="GB123456789")
    assert apply(move).counts[Event.UNDECIDED] == 1
    planned(move)
    take(move, "parties/C1", "push")
    assert isinstance(step_of(planned(move)), UpdateStep)
    verdicts(move)
    assert isinstance(step_of(planned(move)), UpdateStep)
    assert apply(move).counts[Event.UPDATED] == 1
