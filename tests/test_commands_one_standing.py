"""Plan, reconciliation and explain say the same of records decided on, set aside, or gone on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import INVOICES, PAYMENTS, HandTrade, loaded_trade

from sagerecon.rehearsal.faults import Fault, FaultType, Trigger

FIRST, LAST = (f"{line}\n" for line in INVOICES.splitlines()[1:])
PAID = PAYMENTS.splitlines()[-1] + "\n"
WITHOUT_ZEROS = (FIRST + LAST, FIRST[3:] + LAST[3:])


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def test_two_records_by_decision_are_new_and_gone_for_the_reconciliation_too(trade: HandTrade) -> None:
    trade.change("invoices", *WITHOUT_ZEROS)
    code, text = trade.run("reconcile")
    assert "renamed in the source" in text and "Decide whether they are one record" in text
    assert trade.decide("sales_invoice:renamed:leading_zeros", "two_records")[0] == 0
    code, text = trade.run("reconcile")
    assert code == 1 and "renamed in the source" not in text
    assert "not yet written: invoice 12" in text and "gone from the source: SI-2" in text
    assert "Needs review: 4 findings" in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "11", "12"]


def test_one_record_by_decision_asks_for_no_decision_again(trade: HandTrade) -> None:
    trade.change("invoices", *WITHOUT_ZEROS)
    assert trade.decide("sales_invoice:renamed:leading_zeros", "same_record")[0] == 0
    _, text = trade.run("reconcile")
    assert "Decide whether they are one record" not in text
    assert "It is decided: same_record. Carry it out: sagerecon plan, then sagerecon apply" in text


def test_a_key_taken_over_without_its_update_was_changed_in_the_source(trade: HandTrade) -> None:
    """An update that Sage rejects leaves the earlier body recorded, which no mapping has changed."""
    trade.change("invoices", *WITHOUT_ZEROS)
    assert trade.decide("sales_invoice:renamed:leading_zeros", "same_record")[0] == 0
    trade.run("plan")
    for reference in ("00011", "00012"):
        path = f"/sales_invoices/{trade.sage_id('sales_invoices', reference)}"
        trade.served.faults.add(Trigger(1, "PUT", path, 1), Fault(FaultType.ERROR, 422))
    code, text = trade.run("apply")
    assert code == 1 and "2 taken over under another key" in text and "updated" not in text
    _, text = trade.run("reconcile")
    assert "changed in source since: invoice 1" in text and "mapping changed" not in text


def test_what_is_quarantined_and_was_voided_in_sage_does_not_stay_there(trade: HandTrade) -> None:
    trade.change("invoices", LAST, LAST.replace("0002", "9999"))
    assert "2026 before; that stays." in trade.run("reconcile")[1]
    trade.delete("sales_invoices", "00012")
    _, text = trade.run("reconcile")
    assert "that stays" not in text and "2026 before; Sage no longer holds it." in text
    trade.run("plan")
    step = (trade.served.folder / ".sagerecon/plan.jsonl").read_text()
    assert "it is no longer in Sage." in step and "stays in Sage" not in step


def test_what_is_gone_on_both_sides_needs_nothing(trade: HandTrade) -> None:
    trade.change("payments", PAID, "")
    trade.change("invoices", LAST, "")
    trade.delete("contact_payments", "00031")
    trade.delete("sales_invoices", "00012")
    code, text = trade.run("reconcile")
    assert code == 0 and "Everything ties out" in text
    code, text = trade.run("plan")
    assert code == 0 and "reverse" not in text and "Left in Sage" not in text
    code, text = trade.run("decide", "list")
    assert (code, text) == (0, "Nothing waits for a decision.")
    _, text = trade.run("explain", "invoices/00012")
    assert "left out. Written on" in text
    assert "no longer in the source, and deleted or voided in Sage." in text
    assert "SI-2" not in text
    trade.change("invoices", FIRST, FIRST + LAST)  # and back again
    code, text = trade.run("plan")
    assert code == 1 and "deleted in Sage" in text


@pytest.mark.parametrize("name", ["invoices/00012", "invoice 00012", "SI-2"])
def test_a_record_that_is_gone_and_stays_in_sage_is_explained(trade: HandTrade, name: str) -> None:
    trade.change("invoices", LAST, "")
    trade.run("reconcile")
    code, text = trade.run("explain", name)
    assert code == 0, text
    assert "sales_invoice invoices/00012" in text and "gone no longer in the source" in text
    assert trade.sage_id("sales_invoices", "00012") in text
    assert "verdict gone from the source." in text
    code, text = trade.run("explain", f"{name}.date")
    assert code == 0 and "Sage holds 2017-04-03" in text


def test_a_record_that_was_reversed_is_explained(trade: HandTrade) -> None:
    trade.change("invoices", LAST, "")
    assert trade.decide("sales_invoice:gone", "reverse")[0] == 0
    trade.run("plan")
    assert trade.run("apply")[0] == 0
    assert trade.run("reconcile")[0] == 0
    for name in ("invoices/00012", "invoice 00012"):
        code, text = trade.run("explain", name)
        assert code == 0 and "gone deleted or voided in Sage on 2026-01-05, decided by" in text
        assert "verdict left out." in text
    code, text = trade.run("explain", "invoices/00013")
    assert code == 2 and "No record has the key 'invoices/00013'." in text
