"""A refused change is sent once what stood in its way is gone, and the way out that is named can be taken."""

from __future__ import annotations

import pytest
from moves import Move
from small_trade import DOCUMENTS
from test_commands_reversals import apply, move, order, plan, requests, sage_id, source, take, without

from sagerecon.commands import decisions
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import UpdateStep, WaitStep
from sagerecon.runner.progress import Event

__all__ = ["move"]

#: The invoice I1, for which there is a receipt, has another amount.
CHANGED = DOCUMENTS.replace("I1,I,P1,2017-02-01,10.00", "I1,I,P1,2017-02-01,12.00")


@pytest.fixture
def refused(move: Move) -> Move:
    """Yield a move in which Sage has refused to change the invoice I1."""
    source(move, CHANGED)
    assert updates(plan(move)) == ["invoices/I1"]
    with requests(move) as made:
        assert apply(move)[Event.QUARANTINED] == 1
    assert made == ["PUT sales_invoices"]
    return move


def updates(made: Plan) -> list[str]:
    return [step.key for step in made.steps if isinstance(step, UpdateStep)]


def waiting(made: Plan) -> list[str]:
    return [step.key for step in made.steps if isinstance(step, WaitStep)]


def test_it_is_sent_once_a_run_has_deleted_what_refers_to_it(refused: Move) -> None:
    source(refused, without("R1", text=CHANGED))
    take(refused, "receipts/R1")
    made = plan(refused)
    assert (order(made), updates(made), waiting(made)) == (["reverse receipts/R1"], [], ["invoices/I1"])
    assert apply(refused)[Event.REVERSED] == 1
    assert updates(plan(refused)) == ["invoices/I1"]
    assert apply(refused)[Event.UPDATED] == 1
    assert (updates(made := plan(refused)), waiting(made)) == ([], [])


def test_what_refers_to_it_is_sent_for_sage_holds_it(refused: Move) -> None:
    source(refused, f"{CHANGED}R9,R,P1,2017-02-09,1.00,I1\n")
    made = plan(refused)
    assert (order(made), waiting(made)) == (["create receipts/R9"], ["invoices/I1"])
    assert apply(refused)[Event.CREATED] == 1


def test_the_way_out_that_is_named_is_one(refused: Move) -> None:
    """The receipt is in the source, so that nothing can be decided about it: a person deletes it in Sage."""
    (group,) = decisions.decidable(refused.project, refused.clock).waiting
    why = "receipts/R1 refers to it; delete that in Sage by hand first, or keep it"
    assert [(offer.answer, offer.refused) for offer in group.offers] == [
        (DecisionAnswer.KEEP, ""),
        (DecisionAnswer.REPLACE, f"invoices/I1: {why}"),
        (DecisionAnswer.PUSH, ""),
    ]
    with pytest.raises(ProjectError, match=why):
        take(refused, "invoices/I1", "void_and_post_again")
    receipt = sage_id(refused, "contact_payment", "receipts/R1")
    assert refused.by_other_hand("DELETE", f"/contact_payments/{receipt}").status == 204
    refused.reconcile()
    take(refused, "receipts/R1", "write_again")
    made = plan(refused)
    assert (order(made), updates(made)) == (["create receipts/R1"], ["invoices/I1"])
    assert apply(refused)[Event.UPDATED] == 1


def test_a_refused_replacement_waits_and_is_tried_again_for_a_new_decision(move: Move) -> None:
    """A clerk has allocated a payment that the store does not know, so that Sage refuses the deletion."""
    source(move, without("R1"))
    take(move, "receipts/R1")
    plan(move)
    assert apply(move)[Event.REVERSED] == 1
    pay_by_hand(move)
    source(move, without("R1", text=CHANGED))
    take(move, "invoices/I1", "void_and_post_again")
    for _ in range(2):
        assert order(plan(move)) == ["reverse invoices/I1", "create invoices/I1"]
        apply(move)
        made = plan(move)
        assert (order(made), waiting(made)) == ([], ["invoices/I1"])
        (why,) = [found.message for found in made.header.findings if found.code is Code.REJECTED]
        assert "has no effect: invoices/I1: Refused on 2026-01-05: I1 was not deleted, for Sage" in why
        take(move, "invoices/I1", "void_and_post_again")


def pay_by_hand(move: Move) -> None:
    bank = sage_id(move, "bank_account", "banks/1200")
    invoice = sage_id(move, "sales_invoice", "invoices/I1")
    body = {
        "transaction_type_id": "CUSTOMER_RECEIPT",
        "contact_id": sage_id(move, "contact", "parties/P1"),
        "bank_account_id": bank,
        "date": "2017-03-01",
        "total_amount": "1.00",
        "allocated_artefacts": [{"artefact_id": invoice, "amount": "1.00"}],
    }
    assert move.by_other_hand("POST", "/contact_payments", {"contact_payment": body}).status == 201
