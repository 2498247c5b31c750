"""Settings besides the financial ones, and their effects."""

from __future__ import annotations

from typing import Any

import pytest
from small_business import Clerk, messages
from test_rehearsal_quotes import offer


def put(clerk: Clerk, kind: str, **fields: Any) -> Any:
    return clerk.request("PUT", f"/{kind}", {kind: fields})


def test_invoice_settings_number_documents() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    assert clerk.get("/invoice_settings")["next_invoice_number"] == 1
    reply = put(clerk, "invoice_settings", next_invoice_number=376, sales_invoice_number_prefix="OLD-")
    assert (reply.status, reply.body["next_invoice_number"]) == (200, 376)
    assert clerk.invoice(customer)["displayed_as"] == "OLD-376"
    assert clerk.invoice(customer, invoice_number="7")["displayed_as"] == "7"
    assert clerk.get("/invoice_settings")["next_invoice_number"] == 377
    reply = put(clerk, "invoice_settings", next_invoice_number=376)
    assert messages(reply) == [("next_invoice_number", "The number has been used.")]
    put(clerk, "invoice_settings", next_quote_number=29, quote_number_prefix="Q")
    assert offer(clerk, "sales_quote")["displayed_as"] == "Q29"


def test_invoice_settings_provide_texts_and_due_dates() -> None:
    clerk = Clerk()
    put(
        clerk,
        "invoice_settings",
        default_note_on_invoice="Thank you",
        invoice_terms_and_conditions="Terms",
        customer_credit_days=30,
    )
    made = clerk.invoice(clerk.customer())
    assert (made["notes"], made["terms_and_conditions"], made["due_date"]) == (
        "Thank you",
        "Terms",
        "2026-02-04",
    )
    own = clerk.invoice(clerk.customer(credit_days=7), notes="Mine")
    assert (own["notes"], own["due_date"]) == ("Mine", "2026-01-12")


def test_a_setting_of_several_parts_is_changed_part_by_part() -> None:
    clerk = Clerk()
    put(clerk, "invoice_settings", document_headings={"sales_invoice": "Invoice"})
    headings = clerk.get("/invoice_settings")["document_headings"]
    assert (headings["sales_invoice"], headings["statement"]) == ("Invoice", "Statement")


def test_quick_entries_have_the_prefix_of_the_settings() -> None:
    clerk = Clerk()
    put(clerk, "invoice_settings", quick_entry_prefix="E/")
    fields = {"quick_entry_type_id": "INVOICE", "date": "2026-01-05", "reference": "1", "net_amount": "1"}
    made = clerk.post(
        "sales_quick_entry", contact_id=clerk.customer(), ledger_account_id=clerk.account(4000), **fields
    )
    assert made["displayed_as"] == "E/1"


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (
            "invoice_settings",
            {"separate_invoice_credit_note_numbering": False},
            "numbers invoices and credit notes separately",
        ),
        ("cis_settings", {"contractor": True}, "construction industry scheme"),
        ("cis_settings", {"subcontractor": True}, "construction industry scheme"),
        ("invoice_settings", {"customer_credit_days": 366}, "Customer credit days is invalid."),
        ("invoice_settings", {"customer_credit_terms": "never"}, "is not included in the list"),
    ],
)
def test_unsupported_settings_are_refused(kind: str, fields: dict[str, Any], words: str) -> None:
    clerk = Clerk()
    before = clerk.get(f"/{kind}")
    reply = put(clerk, kind, **fields)
    assert reply.status == 422
    assert words in reply.body[0]["$message"]
    assert clerk.get(f"/{kind}") == before


def test_business_settings_have_the_default_accounts() -> None:
    clerk = Clerk()
    shown = clerk.get("/business_settings")
    usual = shown["default_ledger_accounts"]
    assert usual["sales_ledger_account"]["id"] == clerk.account(4000)
    assert usual["carriage_ledger_account"]["id"] == clerk.account(4905)
    assert shown["business_type"]["name"] == "Limited Company/LLP"
    changed = put(
        clerk,
        "business_settings",
        business_type_id="SOLE",
        default_ledger_accounts={"sales_ledger_account_id": clerk.account(4010)},
    ).body
    assert changed["business_type"]["id"] == "SOLE"
    assert changed["default_ledger_accounts"]["sales_ledger_account"]["id"] == clerk.account(4010)
    assert changed["default_ledger_accounts"]["purchase_ledger_account"]["id"] == clerk.account(5000)
    reply = put(
        clerk,
        "business_settings",
        default_ledger_accounts={"carriage_ledger_account_id": clerk.account(4000)},
    )
    assert [source for source, _ in messages(reply)] == ["default_ledger_accounts.carriage_ledger_account_id"]


def test_cis_and_email_settings_are_stored() -> None:
    clerk = Clerk()
    assert put(clerk, "cis_settings", unique_tax_reference="1234567890").status == 200
    assert clerk.get("/cis_settings")["unique_tax_reference"] == "1234567890"
    message = {"message_type": "sales_invoice", "locale": "en-GB", "message": "Please find"}
    put(clerk, "email_settings", send_bcc=True, default_messages=[message])
    shown = clerk.get("/email_settings")
    assert (shown["send_bcc"], shown["default_messages"]) == (True, [message])
    assert "$path" not in shown
    assert Clerk(country="IE", currency="EUR").request("GET", "/cis_settings").status == 403


def test_a_tax_profile_shows_the_financial_settings() -> None:
    clerk = Clerk()
    [profile] = clerk.get("/tax_profiles", attributes="all")["$items"]
    held = clerk.get("/financial_settings")
    assert (profile["tax_number"], profile["tax_type"]["id"]) == (held["tax_number"], "MTD")
    assert profile["tax_return_frequency"] == held["tax_return_frequency"]
    assert clerk.put("tax_profile", profile["id"], tax_number="1").status == 403


def test_changing_a_canadian_profile_changes_the_settings() -> None:
    clerk = Clerk(country="CA", currency="CAD")
    [profile] = clerk.get("/tax_profiles")["$items"]
    reply = clerk.put(
        "tax_profile", profile["id"], tax_number="123", address_region={"name": "Quebec", "code": "QC"}
    )
    assert (reply.status, reply.body["tax_number"], reply.body["address_region"]["code"]) == (
        200,
        "123",
        "QC",
    )
    assert clerk.get("/financial_settings")["tax_number"] == "123"


def test_determinations_are_the_rates_of_the_country() -> None:
    clerk = Clerk()
    found = clerk.get("/tax_determinations", usage="sales")["$items"]
    assert [item["id"] for item in found] == [item["id"] for item in clerk.get("/tax_rates")["$items"]]
    assert messages(clerk.request("GET", "/tax_determinations")) == [("usage", "This field is required.")]
