"""After the store was lost, decisions about what Sage may hold already: nothing is doubled or lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import COUNTS, write_small_trade
from test_store_distrust import apply, delete_store, held, plan, sign_in, total, uncertain

from sagerecon.commands import decisions
from sagerecon.model.clock import DAY, MINUTE
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import AdoptStep, CreateStep, SkipStep, WaitStep
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_trade(tmp_path / "project")) as opened:
        yield opened


class Crash(BaseException):
    """The process ends here."""


def decide(moving: Move, name: str, answer: str, **more: Any) -> None:
    choice = decisions.Choice(answer=answer, because="compared with Sage", by="Kim", **more)
    decisions.take(moving.project, moving.clock, name, choice)


def replan(moving: Move) -> Plan:
    moving.clock.sleep(MINUTE)
    return plan(moving)


def records(made: Plan, kind: type) -> list[str]:
    return [step.key for step in made.steps if isinstance(step, kind)]


def lost_with_an_edit(moving: Move) -> str:
    """Load, edit an invoice in Sage, lose the store and rebuild it; return the Sage id of the invoice.

    The invoice waits, and the receipt that pays it.
    """
    plan(moving)
    apply(moving)
    (invoice,) = [
        item
        for item in moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
        if item["contact"]["displayed_as"].startswith("Ash")
    ]
    edit = {"sales_invoice": {"due_date": "2017-06-30"}}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice['id']}", edit).status == 200
    delete_store(moving, Path())
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)
    assert apply(moving, distrust_store=True).ended is Ended.FINISHED
    assert held(moving) == COUNTS
    return str(invoice["id"])


def test_after_a_loss_what_was_edited_in_sage_is_adopted_by_decision(moving: Move) -> None:
    invoice = lost_with_an_edit(moving)
    made = replan(moving)
    assert records(made, WaitStep) == ["invoices/I4", "receipts/R2"]
    assert len(uncertain(made)) == 2
    decide(moving, "sales_invoice:already_in_sage", "adopt")
    decide(moving, "contact_payment:already_in_sage", "adopt")
    made = replan(moving)
    assert (records(made, AdoptStep), records(made, WaitStep)) == (["invoices/I4", "receipts/R2"], [])
    assert made.header.calls == 1 + 2  # the settings, and each entity once
    calls = moving.sage.calls
    outcome = apply(moving)
    assert (outcome.ended, outcome.counts[Event.ADOPTED]) == (Ended.FINISHED, 2)
    assert moving.sage.calls == calls + 3
    assert held(moving) == COUNTS
    assert {type(step) for step in replan(moving).steps[1:]} == {SkipStep}
    moving.reconcile()
    body = moving.by_other_hand("GET", f"/sales_invoices/{invoice}").body
    assert body["due_date"] == "2017-06-30"  # nothing overwrote the edit


@pytest.mark.parametrize("number", [1, 2])
def test_a_crash_among_adoptions_adopts_the_rest_at_the_next_start(moving: Move, number: int) -> None:
    lost_with_an_edit(moving)
    replan(moving)
    decide(moving, "sales_invoice:already_in_sage", "adopt")
    decide(moving, "contact_payment:already_in_sage", "adopt")
    replan(moving)
    adopted: list[int] = []

    def crash(progress: object) -> None:
        if getattr(progress, "event", None) == "adopted":
            adopted.append(1)
            if len(adopted) == number:
                raise Crash

    with pytest.raises(Crash):
        apply(moving, on_progress=crash)
    assert apply(moving).ended is Ended.FINISHED
    assert held(moving) == COUNTS
    assert {type(step) for step in replan(moving).steps[1:]} == {SkipStep}


@pytest.mark.parametrize("is_equal", [False, True], ids=["", "became equal"])
@pytest.mark.parametrize("fault", [FaultType.ANSWER_LOST, FaultType.RESET, None])
def test_a_record_kept_apart_is_created_once_whatever_happens(
    moving: Move, fault: FaultType | None, is_equal: bool
) -> None:
    invoice = lost_with_an_edit(moving)
    replan(moving)
    decide(moving, "invoices/I4", "keep_apart")
    decide(moving, "receipts/R2", "adopt")
    if is_equal:
        back = {"sales_invoice": {"due_date": "2017-02-02"}}
        assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice}", back).status == 200
    made = replan(moving)
    assert (records(made, CreateStep), records(made, AdoptStep)) == (["invoices/I4"], ["receipts/R2"])
    if fault is not None:
        moving.faults.add(Trigger(1, "POST", "/sales_invoices", times=1), Fault(fault))

    def crash(progress: object) -> None:
        if getattr(progress, "event", None) in ("resent", "created"):
            raise Crash

    with pytest.raises(Crash):
        apply(moving, on_progress=crash)
    moving.clock.sleep(8 * DAY)  # Sage has forgotten the idempotency id: it is looked up
    sign_in(moving)
    outcome = apply(moving)
    while outcome.ended is not Ended.FINISHED:
        outcome = apply(moving)
    assert held(moving) == {**COUNTS, "sales_invoice": COUNTS["sales_invoice"] + 1}
    assert {type(step) for step in replan(moving).steps[1:]} == {SkipStep}
    apply(moving)
    assert total(moving) == sum(COUNTS.values()) + 1


def test_a_record_kept_apart_is_not_taken_for_a_record_of_a_lost_store(moving: Move) -> None:
    """The census before the first write finds the entity again, and the decision about it holds."""
    invoice = lost_with_an_edit(moving)
    replan(moving)
    decide(moving, "invoices/I4", "keep_apart")
    back = {"sales_invoice": {"due_date": "2017-02-02"}}  # equal by now, and still another one by decision
    assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice}", back).status == 200
    assert records(replan(moving), CreateStep) == ["invoices/I4"]
    outcome = apply(moving, distrust_store=True)
    assert (outcome.counts[Event.CREATED], outcome.counts.get(Event.ADOPTED)) == (1, None)
    assert held(moving)["sales_invoice"] == COUNTS["sales_invoice"] + 1


def test_what_is_gone_by_the_last_reconciliation_is_created(moving: Move) -> None:
    plan(moving)
    apply(moving)
    listed = moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
    invoice = next(item["id"] for item in listed if item["total_paid"] == "0.0" and "Oak" in str(item))
    edit = {"sales_invoice": {"due_date": "2017-06-30"}}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice}", edit).status == 200
    delete_store(moving, Path())
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)
    apply(moving, distrust_store=True)
    (waiting,) = records(replan(moving), WaitStep)
    void = {"sales_invoice": {"void_reason": "entered twice"}}
    assert moving.by_other_hand("DELETE", f"/sales_invoices/{invoice}", void).status in (200, 204)
    moving.clock.sleep(MINUTE)
    assert records(replan(moving), WaitStep) == [waiting]  # no reading has shown that it is gone
    moving.reconcile()
    assert records(replan(moving), CreateStep) == [waiting]
    assert apply(moving).counts[Event.CREATED] == 1
    assert {type(step) for step in replan(moving).steps[1:]} == {SkipStep}
