"""A record that the source lost and somebody edited in Sage: it is named so, and never deleted by us."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_trade import write_small_trade
from test_commands_reversals import held, sage_id, source, take, without

from sagerecon.commands import decisions, plans, runs
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Action, KeepStep
from sagerecon.runner.progress import Event

KEY = "invoices/I2"


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move whose trade is loaded, and whose source has lost an invoice since."""
    with signed_in(write_small_trade(tmp_path)) as opened:
        opened.load()
        opened.clock.sleep(60_000)
        source(opened, without("I2"))
        yield opened


def edit(move: Move, **fields: object) -> None:
    found = sage_id(move, "sales_invoice", KEY)
    reply = move.by_other_hand("PUT", f"/sales_invoices/{found}", {"sales_invoice": fields})
    assert reply.status == 200, reply.body
    move.clock.sleep(60_000)


def reprice(move: Move, price: str) -> None:
    """Give the one line of the invoice another price."""
    line = held(move, "sales_invoices", sage_id(move, "sales_invoice", KEY)).body["invoice_lines"][0]
    changed = {
        "id": line["id"],
        "description": line["description"],
        "ledger_account_id": line["ledger_account"]["id"],
        "quantity": "1",
        "unit_price": price,
        "tax_rate_id": line["tax_rate"]["id"],
        "tax_amount": "0.00",
    }
    edit(move, invoice_lines=[changed])


def listed(move: Move) -> tuple[list[str], list[str]]:
    """Return the decisions in effect, and those without."""
    found = decisions.decidable(move.project, move.clock).settlement
    without_effect = (*found.lapsed, *found.impossible)
    return [d.subject for d in found.in_effect], [entry.decision.subject for entry in without_effect]


def test_a_kept_record_that_is_edited_afterwards_is_not_accepted(move: Move) -> None:
    take(move, KEY, "keep")
    assert move.reconcile().reconciliation.open_verdicts == ()
    assert listed(move) == ([KEY], [])
    reprice(move, "9999.00")
    (found,) = move.reconcile().reconciliation.open_verdicts
    amount = held(move, "sales_invoices", found.sage_id).body["total_amount"]
    assert (found.key, found.verdict) == (KEY, Verdict.GONE)
    assert found.amount == found.at_risk == Decimal(amount) > 9000
    assert "no longer in the source, and edited in Sage since (invoice_lines)" in found.reason
    assert "9999.00" in [difference.sage for difference in found.differences]
    assert listed(move) == ([], [KEY])
    (step,) = [step for step in plans.plan(move.project, move.clock).steps if step.key == KEY]
    assert isinstance(step, KeepStep)
    assert (step.amount, step.edited) == (found.amount, ("invoice_lines",))


def test_a_known_edit_refuses_the_reversal_and_is_not_offered_one(move: Move) -> None:
    edit(move, notes="by Kim")
    move.reconcile()
    with pytest.raises(ProjectError, match=r"it was edited in Sage since it was written \(notes\)"):
        take(move, KEY)
    found = decisions.decidable(move.project, move.clock)
    subject = decisions.subject_of(KEY, found.groups)
    offered = [offer.answer.value for offer in found.offers(subject) if not offer.refused]
    assert offered == ["keep", "later"]


def test_a_reversal_that_a_run_refused_is_not_in_effect_any_more(move: Move) -> None:
    take(move, KEY)
    edit(move, notes="by Kim")
    plans.plan(move.project, move.clock)
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.counts[Event.UNDECIDED] == 1
    assert listed(move) == ([], [KEY])
    made = plans.plan(move.project, move.clock)
    assert [step.action for step in made.steps if step.key == KEY] == [Action.KEEP]
    messages = [finding.message for finding in made.header.findings]
    assert any("edited in Sage since (notes)" in message for message in messages)


def test_the_price_of_a_reversal_is_named_before_it_is_decided(move: Move) -> None:
    hints = [finding.hint for finding in plans.plan(move.project, move.clock).header.findings]
    assert any("reverse (2 calls (a look, a deletion))" in hint for hint in hints), hints
