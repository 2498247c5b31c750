"""An entity that the last reading shows to be equal is adopted without a decision, and nothing is sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import INVOICES, HandTrade, loaded_trade
from moves import signed_in
from small_trade import COUNTS, write_small_trade
from test_commands_already_in_sage import records, replan
from test_store_distrust import apply, delete_store, held, plan, sign_in, store_of

from sagerecon.commands import decisions, status
from sagerecon.model.clock import DAY, MINUTE
from sagerecon.planning.step import CreateStep, SkipStep, WaitStep
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended

LAST = INVOICES.splitlines()[-1] + "\n"
NEW = "99,0001,2017-06-01,5.00\n"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def entered(trade: HandTrade) -> str:
    """Let a clerk and the source have the same invoice, and reconcile; return the Sage id."""
    sage_id = trade.enter("99", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    code, text = trade.run("reconcile")
    assert code == 1 and f"no run is known to have written it (Sage id {sage_id})" in text
    assert "Apply the plan: it adopts an equal entity" in text and "decide list" not in text
    return sage_id


def test_an_equal_invoice_with_its_key_is_adopted_by_one_look(trade: HandTrade) -> None:
    sage_id = entered(trade)
    assert trade.run("decide", "list") == (0, "Nothing waits for a decision.")
    code, text = trade.run("plan")
    assert code == 0 and "2 calls" in text and "waiting" not in text
    code, text = trade.run("apply")
    assert code == 0 and "2 calls" in text and "1 adopted" in text and "created" not in text
    assert trade.references() == ["00011", "00012", "99"]
    assert trade.run("reconcile")[0] == 0
    assert f'"{sage_id}"' in trade.run("explain", "invoices/99", "--json")[1]


def test_equal_invoices_are_adopted_by_one_page_but_for_what_was_edited_since(trade: HandTrade) -> None:
    days = ["2017-06-01", "2017-06-02", "2017-06-03"]
    ids = [trade.enter(f"9{n}", "0001", "5.00", day) for n, day in enumerate(days)]
    rows = [f"9{n},0001,{day},5.00\n" for n, day in enumerate(days)]
    trade.change("invoices", LAST, LAST + "".join(rows))
    assert trade.run("reconcile")[0] == 1
    code, text = trade.run("plan")
    assert code == 0 and "2 calls; the minimum is 2 (100.0 %)" in text  # the settings, one page
    body = {"sales_invoice": {"date": "2017-06-30"}}
    assert trade.served.by_other_hand("PUT", f"/sales_invoices/{ids[1]}", body).status == 200
    code, text = trade.run("apply")
    assert code == 1 and "2 calls:" in text and "2 adopted" in text
    assert (
        f"invoice 91 was not adopted, for the entity {ids[1]} in Sage differs by now"
        in trade.run("status")[1]
    )


@pytest.mark.parametrize(("answer", "held"), [("keep_apart", 4), ("leave_out", 3)])
def test_a_decision_says_otherwise(trade: HandTrade, answer: str, held: int) -> None:
    entered(trade)
    assert trade.decide("invoices/99", answer)[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0 and "adopted" not in text
    assert len(trade.in_sage()) == held


def test_a_mapping_that_refuses_what_exists_waits(trade: HandTrade) -> None:
    path = trade.served.folder / "mappings/invoices.yaml"
    path.write_text(path.read_text().replace("on_existing: create", "on_existing: error"))
    trade.enter("99", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    code, text = trade.run("reconcile")
    assert code == 1 and "Compare it with Sage, and decide which it is: sagerecon decide list" in text
    code, text = trade.run("plan")
    assert code == 1 and "Sage may hold 1 sales_invoice record (5.00) already: invoices/99" in text
    assert trade.run("decide", "list")[0] == 1


def test_a_lapsed_decision_about_it_keeps_it_from_being_adopted(trade: HandTrade) -> None:
    sage_id = entered(trade)
    decided = ("decide", "take", "invoices/99", "keep_apart", "--because", "x", "--until", "2026-01-05")
    assert trade.run(*decided)[0] == 0
    trade.served.clock.sleep(DAY)
    code, text = trade.run("plan")
    assert code == 1 and "sagerecon decide drop invoices/99" in text
    assert trade.run("apply")[0] == 1
    code, text = trade.run("decide", "list")
    assert code == 1 and sage_id in text
    assert trade.run("decide", "drop", "invoices/99")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0 and "1 adopted" in text


def test_one_that_was_edited_since_the_reading_is_set_aside_and_waits(trade: HandTrade) -> None:
    sage_id = entered(trade)
    assert trade.run("plan")[0] == 0
    change = {"sales_invoice": {"date": "2017-06-09", "due_date": "2017-06-09"}}
    assert trade.served.by_other_hand("PUT", f"/sales_invoices/{sage_id}", change).status == 200
    code, text = trade.run("apply")
    assert code == 1 and "1 quarantined" in text and "adopted" not in text
    assert f"the entity {sage_id} in Sage differs by now in date" in trade.run("status")[1]
    code, text = trade.run("plan")  # what was looked at counts, and not the older reading
    assert code == 1 and "Not sent until that is decided" in text
    code, text = trade.run("decide", "list")
    assert code == 1 and "sales_invoice:already_in_sage adopt" in text
    assert trade.run("reconcile")[0] == 1
    assert trade.decide("invoices/99", "adopt")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert len(trade.in_sage()) == 3


def test_the_documents_of_a_contact_adopted_by_decision_are_adopted_after_a_reconciliation(
    trade: HandTrade,
) -> None:
    """The store is lost, and a clerk has renamed the contact: what refers to it cannot be compared."""
    contact = trade.sage_id("contacts", "0001")
    change = {"contact": {"name": "Firm by Kim"}}
    assert trade.served.by_other_hand("PUT", f"/contacts/{contact}", change).status == 200
    for path in trade.served.folder.glob(".sagerecon/store.sqlite*"):
        path.unlink()
    trade.served.clock.sleep(MINUTE)
    trade.served.sign_in("owner")
    trade.run("plan")
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 1
    assert trade.run("plan")[0] == 1
    assert trade.decide("customers/0001", "adopt")[0] == 0
    trade.run("plan")
    trade.run("apply")
    assert "what it refers to was not found in Sage for certain" in trade.run("plan")[1]
    trade.run("reconcile")
    text = trade.run("plan")[1]
    assert "was not found in Sage for certain" not in text and "Sage may hold" not in text
    assert "3 adopted" in trade.run("apply")[1]
    text = trade.run("reconcile")[1]
    assert "already in Sage" not in text and "edited in Sage: Firm 1" in text
    assert trade.references() == ["00011", "00012"]
    assert len(trade.in_sage("contact_payments")) == 2


def test_a_distrusted_store_adopts_by_the_listing_what_the_plan_would_look_at(
    trade: HandTrade, tmp_path: Path
) -> None:
    """The copy of the store is from before the invoice was sent, and a reconciliation shows it."""
    store = trade.served.folder / ".sagerecon/store.sqlite"
    copy = shutil.copy(store, tmp_path / "copy")
    trade.change("invoices", LAST, LAST + NEW)
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    for path in store.parent.glob("store.sqlite*"):
        path.unlink()
    shutil.copy(copy, store)
    trade.served.clock.sleep(MINUTE)
    trade.served.sign_in("owner")
    assert trade.run("reconcile")[0] == 1
    assert "adopt existing" in trade.run("plan")[1]
    code, text = trade.run("apply")
    assert code == 1 and "run: sagerecon apply --distrust-store" in text
    code, text = trade.run("apply", "--distrust-store", "--yes")
    assert code == 0 and "1 call: 1 adopted, 1 read" in text  # the listing of the plan, after the comparison
    assert trade.references() == ["00011", "00012", "99"]


def test_after_a_restore_and_a_reconciliation_what_waits_for_another_record_is_adopted_too(
    tmp_path: Path,
) -> None:
    """The copy of the store is from before the documents were loaded."""
    with signed_in(write_small_trade(tmp_path / "project")) as moving:
        documents = moving.folder / "data/documents.csv"
        text = documents.read_text()
        head, *rows = text.splitlines(keepends=True)
        documents.write_text(head + "".join(row for row in rows if ",J," in row))
        plan(moving)
        apply(moving)
        copy = shutil.copy(store_of(moving), tmp_path / "copy")
        documents.write_text(text)
        plan(moving)
        apply(moving)
        delete_store(moving, Path())
        shutil.copy(copy, store_of(moving))
        moving.clock.sleep(8 * DAY)
        sign_in(moving)
        documents.write_text(text + "R9,R,P3,2017-02-05,1.00,I4\n")  # the source has one more since
        plan(moving)
        moving.reconcile()
        made = replan(moving)
        assert {step.key for step in made.steps if isinstance(step, WaitStep) and step.refers_to}
        outcome = apply(moving, distrust_store=True)
        assert (outcome.ended, outcome.counts.get(Event.UNDECIDED, 0)) == (Ended.FINISHED, 0)
        assert held(moving) == COUNTS
        (aside,) = status.status(moving.project, moving.clock).aside
        assert (aside.step.key, aside.findings[0].hint) == (
            "receipts/R9",
            "Create a new plan: sagerecon plan",
        )
        assert not decisions.decidable(moving.project, moving.clock).waiting
        made = replan(moving)
        assert (records(made, CreateStep), records(made, WaitStep)) == (["receipts/R9"], [])
        assert len(records(made, SkipStep)) == sum(COUNTS.values()) + 1  # the bank account


@pytest.mark.parametrize("is_decided", [True, False])
def test_one_that_is_gone_when_it_is_looked_at_is_created_by_the_next_plan(
    trade: HandTrade, is_decided: bool
) -> None:
    sage_id = entered(trade)
    if is_decided:
        assert trade.decide("sales_invoice:already_in_sage", "adopt")[0] == 0
    assert trade.run("plan")[0] == 0
    trade.delete("sales_invoices", "99")
    code, text = trade.run("apply")
    assert code == 1 and "1 quarantined" in text and "adopted" not in text
    code, text = trade.run("status")
    assert f"invoice 99 was not adopted, for Sage no longer holds the entity {sage_id}" in text
    assert "Create a new plan: sagerecon plan" in text
    assert trade.run("plan")[0] == 0
    code, text = trade.run("decide", "list")
    assert code == 0 and "Nothing waits for a decision." in text
    assert ("Not needed now: sales_invoice:already_in_sage: adopt" in text) is is_decided
    code, text = trade.run("apply")
    assert code == 0 and "1 created" in text
    assert trade.references() == ["00011", "00012", "99"]
    assert trade.run("reconcile")[0] == 0


@pytest.mark.parametrize("on_existing", ["create", "adopt_if_equal"])
def test_where_one_of_several_is_gone_when_it_is_looked_at_the_record_waits_for_the_others(
    trade: HandTrade, on_existing: str
) -> None:
    """They were found by a reconciliation, or by a run, which keeps what it found."""
    path = trade.served.folder / "mappings/invoices.yaml"
    path.write_text(path.read_text().replace("on_existing: create", f"on_existing: {on_existing}"))
    first, second = (trade.enter("99", "0001", "5.00", f"2017-06-0{day}") for day in (2, 3))
    trade.change("invoices", LAST, LAST + NEW)
    if on_existing == "create":
        assert trade.run("reconcile")[0] == 1
    else:
        assert trade.run("plan")[0] == 0
        assert trade.run("apply")[0] == 1
    taken = ("decide", "take", "invoices/99", "this_one", "--sage-id", first, "--because", "x")
    assert trade.run(*taken)[0] == 0
    assert trade.run("plan")[0] == 0
    delete = trade.served.by_other_hand("DELETE", f"/sales_invoices/{first}", void_reason="by mistake")
    assert delete.status < 300
    assert trade.run("apply")[0] == 1
    code, text = trade.run("plan")
    assert code == 1 and "Sage may hold 1 sales_invoice record (5.00) already: invoices/99" in text
    code, text = trade.run("decide", "list")
    assert code == 1 and f"In Sage: {second}" in text
    assert trade.decide("invoices/99", "adopt")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0 and "1 adopted" in text
    assert trade.references() == ["00011", "00012", "99"]
