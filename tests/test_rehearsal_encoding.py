"""Lists written directly as text equal the lists built from objects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_business import Clerk

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.reply import json_bytes
from sagerecon.rehearsal.request import ApiRequest


def full() -> Clerk:
    """Return a clerk of a business with a record of most kinds."""
    clerk = Clerk(multi_currency=True)
    address = {"address_line_1": '1 "High" St\n\\ Ä', "city": "Leeds"}
    person = {"name": "A\tPerson", "email": "a@example.com"}
    oak = clerk.customer("Oak \u2028 & Söhne", reference="OAK01", main_address=address)
    eiche = clerk.customer("Eiche", currency_id="EUR", main_address=address, main_contact_person=person)
    elm = clerk.vendor("Elm")
    invoice = clerk.invoice(oak, notes="a\x00b")["id"]
    clerk.invoice(eiche, exchange_rate="1.25")
    clerk.invoice(oak, status_id="DRAFT")
    clerk.delete("sales_invoice", clerk.invoice(oak)["id"], void_reason="x")
    clerk.receipt(oak, "150.00", (invoice, "100.00"))
    clerk.receipt(eiche, "10.00", exchange_rate="1.2")
    bill = {"contact_id": elm, "date": "2026-01-05", "due_date": "2026-01-05"}
    gone = clerk.post("purchase_invoice", invoice_lines=[clerk.line(account=5000)], **bill)["id"]
    clerk.delete("purchase_invoice", gone)
    clerk.post("purchase_invoice", invoice_lines=[clerk.line(account=5000)], **bill)
    lines = [
        {"ledger_account_id": clerk.account(8000), "debit": "1", "credit": "0"},
        {"ledger_account_id": clerk.account(51), "debit": "0", "credit": "1"},
    ]
    clerk.post("journal", date="2026-01-31", reference="J", journal_lines=lines)
    banks = {"from_bank_account_id": clerk.bank(), "to_bank_account_id": clerk.bank(1)}
    clerk.post("bank_transfer", date="2026-01-10", amount="1", **banks)
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.1")
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    return clerk


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"nested_attributes": "all"},
        {"nested_attributes": "name,city"},
        {"show_balance": "true", "show_balance_details": "true", "show_payments_allocations": "true"},
        {"deleted_since": "2026-01-01"},
        {"items_per_page": "1", "page": "2", "search": "o"},
    ],
)
def test_a_list_as_text_equals_the_list_as_objects(query: dict[str, str]) -> None:
    clerk, seen = full(), 0
    for kind in catalog():
        if kind.operations.get("list") is None or not clerk.business.offers(kind, "list"):
            continue
        asked = {"attributes": "all", **query}

        def ask(wants_text: bool, path: str = kind.path, asked: dict[str, str] = asked) -> Any:
            request = ApiRequest("GET", path, asked, None, clerk.user, clerk.now, wants_text)
            return clerk.business.handle(request)

        objects, text = ask(False), ask(True)
        assert text.status == objects.status
        if isinstance(text.body, bytes):
            seen += 1
            assert text.headers == {"Content-Type": "application/json"}
            assert text.body == json_bytes(objects.body), kind.name
    assert seen > 20


@settings(max_examples=60, deadline=None)
@given(name=st.text(min_size=1, max_size=40), notes=st.text(max_size=40))
def test_any_text_is_returned_unchanged(name: str, notes: str) -> None:
    clerk = Clerk()
    reply = clerk.send("contact", name=name, contact_type_ids=["CUSTOMER"], notes=notes)
    if reply.status != 201:
        return
    query = {"attributes": "all", "exclude_system": "true"}
    request = ApiRequest("GET", "/contacts", query, None, clerk.user, clerk.now, wants_text=True)
    body = clerk.business.handle(request).body.decode("utf-8", "surrogatepass")
    [item] = json.loads(body)["$items"]
    assert (item["name"], item["notes"] or "") == (name, notes)
