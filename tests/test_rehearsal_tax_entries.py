"""Tax postings: due at once or on payment, and in Canada separately per tax."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from small_business import Clerk, messages

CASH = {"tax_scheme": "CASH_ACCOUNTING"}
SALES_HELD, PURCHASES_HELD = 2203, 2204


def bill(clerk: Clerk, contact: str, *lines: Any, **fields: Any) -> Any:
    """Create a purchase invoice."""
    days = {"date": "2026-01-05", "due_date": "2026-02-04"}
    given = {"contact_id": contact, **days, "invoice_lines": list(lines), **fields}
    return clerk.post("purchase_invoice", **given)


def scheme(clerk: Clerk, id: str) -> Any:
    """Return the reply to setting a tax scheme."""
    return clerk.request("PUT", "/financial_settings", {"financial_settings": {"tax_scheme_id": id}})


def test_under_cash_accounting_tax_becomes_due_with_each_payment() -> None:
    clerk = Clerk(**CASH)
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    assert clerk.balances(1100, 4000, 2200, SALES_HELD) == ["120.00", "-100.00", "0.00", "-20.00"]
    clerk.receipt(customer, "30.00", (invoice, "30.00"), date="2026-01-20")
    assert clerk.balances(2200, SALES_HELD) == ["-5.00", "-15.00"]
    second = clerk.receipt(customer, "90.00", (invoice, "90.00"), date="2026-04-20")
    assert clerk.balances(2200, SALES_HELD) == ["-20.00", "0.00"]
    assert f"{clerk.balance(2200, '2026-03-31'):.2f}" == "-5.00"
    clerk.delete("contact_payment", second["id"])
    assert clerk.balances(1100, 2200, SALES_HELD) == ["90.00", "-5.00", "-15.00"]


def test_the_tax_of_each_rate_becomes_due_exactly() -> None:
    clerk = Clerk(**CASH)
    vendor = clerk.vendor()
    lines = (clerk.line("10.00", "2.00", 5000), clerk.line("10.01", "0.50", 5000, tax_rate_id="GB_LOWER"))
    id = bill(clerk, vendor, *lines)["id"]
    clerk.post("contact_payment", **clerk.payment("VENDOR_PAYMENT", vendor, "7.50", (id, "7.50")))
    assert clerk.balances(2201, PURCHASES_HELD) == ["0.84", "1.66"]
    clerk.post("contact_payment", **clerk.payment("VENDOR_PAYMENT", vendor, "15.01", (id, "15.01")))
    assert clerk.balances(2201, PURCHASES_HELD, 2100) == ["2.50", "0.00", "0.00"]
    waiting = {"GB_STANDARD": Decimal(), "GB_LOWER": Decimal()}
    for entry in clerk.get("/ledger_entries", attributes="all", items_per_page="200")["$items"]:
        if entry["ledger_account"]["id"] == clerk.account(PURCHASES_HELD):
            waiting[entry["tax_rate"]["id"]] += Decimal(entry["debit"]) - Decimal(entry["credit"])
    assert not any(waiting.values())


def test_an_allocation_makes_the_tax_of_both_sides_due() -> None:
    clerk = Clerk(**CASH)
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    note = {"contact_id": customer, "date": "2026-01-06", "credit_note_lines": [clerk.line("50.00", "10.00")]}
    note = clerk.post("sales_credit_note", **note)
    assert clerk.balances(2200, SALES_HELD) == ["0.00", "-10.00"]
    parts = [
        {"artefact_id": invoice, "amount": "60.00"},
        {"artefact_id": note["id"], "amount": "-60.00"},
    ]
    fields = {"transaction_type_id": "CUSTOMER_ALLOCATION", "contact_id": customer}
    clerk.post("contact_allocation", allocated_artefacts=parts, **fields)
    assert clerk.balances(2200, SALES_HELD, 1100) == ["0.00", "-10.00", "60.00"]


def test_a_payment_on_account_makes_tax_due_when_allocated() -> None:
    clerk = Clerk(**CASH)
    customer = clerk.customer()
    rest = clerk.receipt(customer, "120.00")["payment_on_account"]["id"]
    invoice = clerk.invoice(customer)["id"]
    assert clerk.balances(2200, SALES_HELD) == ["0.00", "-20.00"]
    parts = [{"artefact_id": invoice, "amount": "120.00"}, {"artefact_id": rest, "amount": "-120.00"}]
    fields = {"transaction_type_id": "CUSTOMER_ALLOCATION", "contact_id": customer}
    clerk.post("contact_allocation", allocated_artefacts=parts, **fields)
    assert clerk.balances(2200, SALES_HELD) == ["-20.00", "0.00"]


def test_an_opening_balance_under_cash_accounting_has_tax() -> None:
    clerk = Clerk(**CASH)
    customer = clerk.customer()
    fields = {
        "contact_opening_balance_type_id": "INVOICE",
        "contact_id": customer,
        "date": "2025-12-31",
        "reference": "OLD-1",
        "total_amount": "120.00",
    }
    assert messages(clerk.send("contact_opening_balance", **fields)) == [
        ("net_amount", "This field is required."),
        ("tax_rate_id", "This field is required."),
    ]
    taxed = {"net_amount": "100.00", "tax_rate_id": "GB_STANDARD"}
    opening = clerk.post("contact_opening_balance", **fields, **taxed)
    assert (opening["tax_amount"], opening["tax_breakdown"][0]["percentage"]) == ("20.0", "20.0")
    assert clerk.balances(1100, 9999, SALES_HELD, 2200) == ["120.00", "-100.00", "-20.00", "0.00"]
    clerk.receipt(customer, "120.00", (opening["id"], "120.00"))
    assert clerk.balances(1100, SALES_HELD, 2200) == ["0.00", "0.00", "-20.00"]
    reply = clerk.send("contact_opening_balance", **fields, net_amount="100.00", tax_rate_id="GB_ZERO")
    assert [source for source, _ in messages(reply)] == ["net_amount"]


def test_otherwise_an_opening_balance_has_no_tax() -> None:
    clerk = Clerk()
    fields = {"contact_opening_balance_type_id": "INVOICE", "date": "2025-12-31", "reference": "OLD-1"}
    opening = clerk.post(
        "contact_opening_balance",
        contact_id=clerk.customer(),
        total_amount="120.00",
        net_amount="100.00",
        tax_rate_id="GB_STANDARD",
        **fields,
    )
    assert (opening["net_amount"], opening["tax_amount"]) == ("120.0", "0.0")
    assert clerk.balances(1100, 9999) == ["120.00", "-120.00"]


def test_a_document_keeps_the_scheme_it_was_booked_under() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    old = clerk.invoice(customer)["id"]
    assert scheme(clerk, "CASH_ACCOUNTING").status == 200
    new = clerk.invoice(customer)["id"]
    assert clerk.balances(2200, SALES_HELD) == ["-20.00", "-20.00"]
    clerk.put("sales_invoice", old, invoice_lines=[clerk.line("50.00", "10.00")])
    assert clerk.balances(2200, SALES_HELD) == ["-10.00", "-20.00"]
    assert scheme(clerk, "STANDARD").status == 200
    clerk.receipt(customer, "120.00", (new, "120.00"))
    assert clerk.balances(2200, SALES_HELD) == ["-30.00", "0.00"]


def test_other_payments_are_taxed_at_once_under_any_scheme() -> None:
    clerk = Clerk(**CASH)
    line = {"ledger_account_id": clerk.account(7500), "total_amount": "12.00", "tax_amount": "2.00"}
    line["tax_rate_id"] = "GB_STANDARD"
    fields = {"transaction_type_id": "OTHER_PAYMENT", "date": "2026-01-05", "total_amount": "12.00"}
    clerk.post("other_payment", payment_lines=[line], **fields)
    assert clerk.balances(2201, PURCHASES_HELD) == ["2.00", "0.00"]


@pytest.mark.parametrize("id", ["FLAT_INVOICE", "FLAT_CASH"])
def test_flat_rate_schemes_are_refused(id: str) -> None:
    assert messages(scheme(Clerk(), id)) == [
        (
            "tax_scheme_id",
            "The rehearsal supports standard and cash accounting only, no flat rate schemes.",
        )
    ]


def test_canada_has_no_cash_accounting() -> None:
    reply = scheme(Clerk(country="CA", currency="CAD"), "CASH_ACCOUNTING")
    assert reply.status in (403, 422)


def canada() -> Clerk:
    """Return a clerk in Canada."""
    return Clerk(country="CA", currency="CAD")


@pytest.mark.parametrize(
    ("rate", "tax", "account", "federal", "provincial"),
    [
        ("CA_HST_ON", "13.00", "100.00", "13.00", "0.00"),
        ("CA_GST_PST_BC", "12.00", "107.00", "5.00", "0.00"),
        ("CA_GST_QST", "14.98", "100.00", "5.00", "9.98"),
        ("CA_PST_SK", "6.00", "106.00", "0.00", "0.00"),
    ],
)
def test_provincial_tax_on_purchases_is_a_cost_except_in_quebec(
    rate: str, tax: str, account: str, federal: str, provincial: str
) -> None:
    clerk = canada()
    bill(clerk, clerk.vendor(), clerk.line("100.00", tax, 5000, tax_rate_id=rate))
    assert clerk.balances(5000, 2201, 2206) == [account, federal, provincial]


def test_provincial_tax_on_sales_is_owed_to_the_province() -> None:
    clerk = canada()
    line = clerk.line("100.00", "12.00", tax_rate_id="CA_GST_PST_BC")
    invoice = clerk.invoice(clerk.customer(), line)
    assert clerk.balances(1100, 4000, 2200, 2206) == ["112.00", "-100.00", "-5.00", "-7.00"]
    breakdown = invoice["invoice_lines"][0]["tax_breakdown"]
    assert [(part["percentage"], part["amount"]) for part in breakdown] == [("5.0", "5.0"), ("7.0", "7.0")]


def test_the_parts_of_a_lines_tax_may_be_given() -> None:
    clerk = canada()
    line = clerk.line("100.00", "12.00", 5000, tax_rate_id="CA_GST_PST_BC")
    given = bill(clerk, clerk.vendor(), line | {"gst_amount": "4.90", "pst_amount": "7.10"})
    assert clerk.balances(5000, 2201) == ["107.10", "4.90"]
    assert (given["total_itc_amount"], given["total_itr_amount"]) == ("4.9", "0.0")
    fields = {"contact_id": clerk.vendor("Ash"), "date": "2026-01-05", "due_date": "2026-01-05"}
    wrong = [line | {"gst_amount": "5.00", "pst_amount": "6.00"}]
    assert messages(clerk.send("purchase_invoice", invoice_lines=wrong, **fields)) == [
        ("invoice_lines.gst_amount", "The GST and PST amounts must sum to the tax amount.")
    ]
    partly = {"part_recoverable": True, "invoice_lines": [line]}
    assert [source for source, _ in messages(clerk.send("purchase_invoice", **partly, **fields))] == [
        "part_recoverable"
    ]


def test_tax_that_cannot_be_reclaimed_is_a_cost() -> None:
    clerk = canada()
    line = clerk.line("100.00", "13.00", 5000, tax_rate_id="CA_HST_ON", tax_recoverable=False)
    given = bill(clerk, clerk.vendor(), line)
    assert clerk.balances(5000, 2201) == ["113.00", "0.00"]
    assert given["total_itc_amount"] == "0.0"
