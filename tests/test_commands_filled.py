"""What a clerk fills in Sage beside what was sent is an edit: it is named, and never overwritten unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_trade import INVOICES, HandTrade, loaded_trade

DISCOUNT = {"discount_percentage": "10"}
SHIPPING = {"shipping_net_amount": "3.00", "shipping_tax_rate_id": "GB_NO_TAX", "shipping_tax_amount": "0"}
BANK = {"account_name": "Kim", "account_number": "12345678", "sort_code": "30-00-00"}


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def put(trade: HandTrade, resource: str, reference: str, fields: dict[str, Any]) -> None:
    path = f"/{resource}/{trade.sage_id(resource, reference)}"
    reply = trade.served.by_other_hand("PUT", path, {resource.removesuffix("s"): fields})
    assert reply.status == 200, reply
    trade.served.clock.sleep(60_000)


def invoice(trade: HandTrade, reference: str = "00011") -> dict[str, Any]:
    found = next(item for item in trade.in_sage() if item["reference"] == reference)
    return dict(found)


def give_discount(trade: HandTrade) -> None:
    (line,) = invoice(trade)["invoice_lines"]
    kept = {name: line[name] for name in ("description", "quantity", "unit_price", "tax_amount")}
    links = {f"{name}_id": line[name]["id"] for name in ("ledger_account", "tax_rate")}
    put(trade, "sales_invoices", "00011", {"invoice_lines": [{**kept, **links, **DISCOUNT}]})
    assert invoice(trade)["total_amount"] == "9.45"


def test_a_discount_on_a_line_is_named_and_taken_back_by_decision(trade: HandTrade) -> None:
    give_discount(trade)
    code, text = trade.run("reconcile")
    assert code == 1 and "edited in Sage: invoice 00011" in text and "discount_percentage" in text
    assert "net_amount" not in text  # what follows from the discount is not named beside it
    assert trade.decide("invoices/00011", "push")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert invoice(trade)["total_amount"] == "10.5"
    assert trade.run("reconcile")[0] == 0


@pytest.mark.parametrize("is_read", [True, False], ids=["read before", "not read"])
def test_a_discount_on_a_line_is_not_overwritten_by_a_change_of_the_source(
    trade: HandTrade, is_read: bool
) -> None:
    give_discount(trade)
    if is_read:
        trade.run("reconcile")
    trade.change("invoices", "10.50", "11.50")
    code, text = trade.run("plan")
    assert (code, "both changed" in text) == ((1, True) if is_read else (0, False))
    assert trade.run("apply")[0] == 1
    assert invoice(trade)["total_amount"] == "9.45"


def test_the_rest_of_a_record_may_change_beside_a_discount_and_it_stays_named(trade: HandTrade) -> None:
    give_discount(trade)
    trade.change("invoices", "2017-04-02", "2017-04-09")
    trade.run("plan")
    assert trade.run("apply")[0] == 1
    assert invoice(trade)["total_amount"] == "9.45"
    code, text = trade.run("reconcile")
    assert code == 1 and "00011" in text and "discount_percentage" in text


def test_shipping_that_a_clerk_adds_is_named(trade: HandTrade) -> None:
    put(trade, "sales_invoices", "00012", SHIPPING)
    assert invoice(trade, "00012")["total_amount"] == "23.5"
    code, text = trade.run("reconcile")
    assert code == 1 and "edited in Sage: invoice 00012 shipping_net_amount" in text


def test_bank_details_that_a_clerk_fills_are_named_and_cleared_by_decision(trade: HandTrade) -> None:
    put(trade, "contacts", "0001", {"bank_account_details": BANK})
    code, text = trade.run("reconcile")
    assert code == 1 and "edited in Sage: Firm 1" in text and "bank_account_details" in text
    assert trade.decide("customers/0001", "push")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    code, text = trade.run("reconcile")
    assert code == 0, text


def test_what_nobody_touched_ties_out(trade: HandTrade) -> None:
    assert INVOICES.count("\n") == 3
    code, text = trade.run("reconcile")
    assert code == 0 and "Everything ties out" in text


def test_the_day_of_a_payment_on_account_is_put_back_by_decision(trade: HandTrade) -> None:
    """The part that Sage keeps on account has the day of the payment; it is no edit of its own."""
    put(trade, "contact_payments", "00031", {"date": "2017-05-09"})
    code, text = trade.run("reconcile")
    assert code == 1 and "date" in text and "payment_on_account" not in text
    assert trade.decide("payments/00031", "push")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0, text
    held = next(item for item in trade.in_sage("contact_payments") if item["reference"] == "00031")
    assert held["date"] == "2017-05-02"
    assert trade.run("reconcile")[0] == 0
