"""Quick entries: documents of one line, and opening balances shown as quick entries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_business import Clerk, messages


def entry(clerk: Clerk, contact: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of an invoice of 100.00 and 20.00 tax."""
    return {
        "quick_entry_type_id": "INVOICE",
        "contact_id": contact,
        "date": "2026-01-05",
        "reference": "Q-1",
        "ledger_account_id": clerk.account(4000),
        "net_amount": "100.00",
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": "20.00",
        **fields,
    }


def test_a_sales_entry_books_like_an_invoice_of_one_line() -> None:
    clerk = Clerk()
    made = clerk.post("sales_quick_entry", **entry(clerk, clerk.customer(credit_days=30)))
    assert clerk.balances(1100, 4000, 2200) == ["120.00", "-100.00", "-20.00"]
    assert (made["displayed_as"], made["status"]["id"], made["total_amount"]) == ("QE-Q-1", "UNPAID", "120.0")
    assert made["due_date"] == "2026-02-04"
    assert made["transaction_type"]["id"] == "SALES_INVOICE"
    assert made["tax_breakdown"][0]["percentage"] == "20.0"


def test_a_purchase_credit_note_is_the_reverse_on_the_other_side() -> None:
    clerk = Clerk()
    fields = {"quick_entry_type_id": "CREDIT_NOTE", "ledger_account_id": clerk.account(5000)}
    made = clerk.post("purchase_quick_entry", **entry(clerk, clerk.vendor(), **fields))
    assert clerk.balances(2100, 5000, 2201) == ["120.00", "-100.00", "-20.00"]
    assert made["transaction_type"]["id"] == "PURCHASE_CREDIT_NOTE"


@pytest.mark.parametrize(
    ("sent", "amounts"),
    [
        ({"net_amount": None, "tax_amount": "20.00", "total_amount": "120.00"}, ("100.0", "20.0", "120.0")),
        ({"tax_amount": None, "total_amount": "120.00"}, ("100.0", "20.0", "120.0")),
        ({"total_amount": "120.00"}, ("100.0", "20.0", "120.0")),
        ({"tax_rate_id": "GB_ZERO", "tax_amount": None}, ("100.0", "0.0", "100.0")),
    ],
)
def test_net_tax_and_total_complete_each_other(sent: dict[str, Any], amounts: tuple[str, str, str]) -> None:
    clerk = Clerk()
    fields = {k: v for k, v in entry(clerk, clerk.customer(), **sent).items() if v is not None}
    made = clerk.post("sales_quick_entry", **fields)
    assert (made["net_amount"], made["tax_amount"], made["total_amount"]) == amounts


@pytest.mark.parametrize(
    ("sent", "source", "message"),
    [
        ({"total_amount": "119.00"}, "total_amount", "Net and tax amount must sum to the total amount."),
        ({"net_amount": None, "tax_amount": None}, "net_amount", "This field is required."),
        ({"tax_amount": None}, "tax_amount", "This field is required."),
        ({"tax_rate_id": "GB_ZERO"}, "tax_amount", "The tax amount must be zero for this tax rate."),
        ({"date": "2025-12-31"}, "date", "The date cannot be before your accounts start date, 2026-01-01."),
        ({"reference": None}, "reference", "This field is required."),
    ],
)
def test_refusals(sent: dict[str, Any], source: str, message: str) -> None:
    clerk = Clerk()
    fields = {k: v for k, v in entry(clerk, clerk.customer(), **sent).items() if v is not None}
    assert (source, message) in messages(clerk.send("sales_quick_entry", **fields))


def test_a_supplier_has_no_sales_entries() -> None:
    clerk = Clerk()
    reply = clerk.send("sales_quick_entry", **entry(clerk, clerk.vendor()))
    assert messages(reply) == [("", "Couldn't find Customer.")]


def test_an_entry_is_paid_changed_and_deleted_as_documents_are() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    made = clerk.post("sales_quick_entry", **entry(clerk, customer))["id"]
    receipt = clerk.receipt(customer, "50.00", (made, "50.00"))
    paid = clerk.get(f"/sales_quick_entries/{made}", show_payments_allocations="true")
    assert (paid["status"]["id"], paid["outstanding_amount"]) == ("PART_PAID", "70.0")
    assert [part["amount"] for part in paid["payments_allocations"]] == ["50.0"]
    assert receipt["allocated_artefacts"][0]["artefact"]["$path"] == f"/sales_quick_entries/{made}"
    assert clerk.put("sales_quick_entry", made, reference="Q-2").status == 200
    assert clerk.put("sales_quick_entry", made, net_amount="90.00").status == 422
    assert clerk.delete("sales_quick_entry", made).status == 422
    clerk.delete("contact_payment", receipt["id"])
    changed = clerk.put("sales_quick_entry", made, net_amount="50.00", tax_amount="10.00")
    assert (changed.status, changed.body["total_amount"]) == (200, "60.0")
    assert clerk.balances(1100, 4000, 2200) == ["60.00", "-50.00", "-10.00"]
    assert clerk.put("sales_quick_entry", made, total_amount="70.00").body["net_amount"] == "60.0"
    assert clerk.delete("sales_quick_entry", made).status == 204
    assert clerk.balances(1100, 4000, 2200) == ["0.00", "0.00", "0.00"]
    assert clerk.get("/sales_quick_entries", deleted_since="2026-01-01")["$total"] == 1


def test_an_opening_balance_can_be_read_under_its_listed_path() -> None:
    clerk = Clerk()
    opening = clerk.post(
        "contact_opening_balance",
        contact_id=clerk.vendor(reference="ELM01", credit_days=30),
        contact_opening_balance_type_id="INVOICE",
        date="2025-12-31",
        reference="O/BAL",
        total_amount="36.98",
    )
    [artefact] = clerk.get("/unallocated_artefacts")["$items"]
    assert artefact["$path"] == f"/purchase_quick_entries/{opening['id']}"
    shown = clerk.get(artefact["$path"])
    assert (shown["displayed_as"], shown["$path"]) == ("OB-O/BAL", artefact["$path"])
    assert shown["transaction_type"]["id"] == "VENDOR_OPENING_BALANCE_INVOICE"
    assert (shown["due_date"], shown["outstanding_amount"]) == ("2026-01-30", "36.98")
    assert shown["ledger_account"]["id"] == clerk.account(9999)
    assert clerk.request("GET", f"/sales_quick_entries/{opening['id']}").status == 404
    assert clerk.delete("purchase_quick_entry", opening["id"]).status == 404
    assert clerk.get("/purchase_quick_entries")["$items"] == []


def test_under_cash_accounting_the_tax_is_deferred_until_payment() -> None:
    clerk = Clerk(tax_scheme="CASH_ACCOUNTING")
    customer = clerk.customer()
    made = clerk.post("sales_quick_entry", **entry(clerk, customer))["id"]
    assert clerk.balances(1100, 2200) == ["120.00", "0.00"]
    clerk.receipt(customer, "60.00", (made, "60.00"))
    assert clerk.balances(1100, 2200) == ["60.00", "-10.00"]


def test_an_entry_in_another_currency_is_booked_at_its_rate() -> None:
    clerk = Clerk(multi_currency=True)
    customer = clerk.customer(currency_id="EUR")
    made = clerk.post("sales_quick_entry", **entry(clerk, customer, exchange_rate="1.25"))
    assert (made["total_amount"], made["base_currency_total_amount"]) == ("120.0", "96.0")
    assert clerk.balances(1100, 4000, 2200) == ["96.00", "-80.00", "-16.00"]


@settings(max_examples=40, deadline=None)
@given(
    side=st.sampled_from(["sales", "purchase"]),
    type=st.sampled_from(["INVOICE", "CREDIT_NOTE"]),
    pence=st.integers(0, 1_000_000),
    scheme=st.sampled_from(["STANDARD", "CASH_ACCOUNTING"]),
    rate=st.sampled_from(["1", "1.1", "0.87"]),
)
def test_an_entry_books_exactly_like_a_document_of_one_line(
    side: str, type: str, pence: int, scheme: str, rate: str
) -> None:
    net = Decimal(pence) / 100
    tax = (net / 5).quantize(Decimal("0.01"))
    balances = []
    for is_entry in (True, False):
        clerk = Clerk(tax_scheme=scheme, multi_currency=True)
        currency = {} if rate == "1" else {"currency_id": "EUR"}
        contact = clerk.customer(**currency) if side == "sales" else clerk.vendor(**currency)
        head = {"contact_id": contact, "date": "2026-01-05", "due_date": "2026-01-05"}
        head |= {} if rate == "1" else {"exchange_rate": rate}
        code = 4000 if side == "sales" else 5000
        if is_entry:
            amounts = {"net_amount": str(net), "tax_amount": str(tax), "quick_entry_type_id": type}
            fields = entry(clerk, contact, ledger_account_id=clerk.account(code), **amounts)
            made = clerk.post(f"{side}_quick_entry", **fields | head)
        else:
            lines = f"{type.lower()}_lines"
            fields = {lines: [clerk.line(str(net), str(tax), code)], **head}
            made = clerk.post(f"{side}_{type.lower()}", **fields)
        report = clerk.get("/trial_balance", from_date="2026-01-01", to_date="2026-12-31")
        accounts = {each["displayed_as"]: each["closing_balance"] for each in report["ledger_accounts"]}
        balances.append((accounts, made["outstanding_amount"], made["base_currency_outstanding_amount"]))
    assert balances[0] == balances[1]
