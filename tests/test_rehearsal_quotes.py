"""Quotes and estimates: numbers, totals, statuses; they are never booked."""

from __future__ import annotations

from typing import Any

import pytest
from small_business import Clerk, messages

KINDS = {
    "sales_quote": ("quote_lines", "quote_number", "SQ-"),
    "sales_estimate": ("estimate_lines", "estimate_number", "SE-"),
}


def offer(clerk: Clerk, kind: str, **fields: Any) -> Any:
    """Create a quote or an estimate of 100.00 and 20.00 tax."""
    lines = {KINDS[kind][0]: [clerk.line()]}
    usual = {"contact_id": clerk.customer(), "date": "2026-01-05", "expiry_date": "2026-02-04"}
    return clerk.post(kind, **{**usual, **lines, **fields})


@pytest.mark.parametrize("kind", KINDS)
def test_an_offer_has_a_number_and_totals_and_books_nothing(kind: str) -> None:
    clerk = Clerk()
    made = offer(clerk, kind)
    lines, number, prefix = KINDS[kind]
    assert made["displayed_as"] == made[number] == f"{prefix}1"
    assert (made["total_amount"], made["expiry_date"], made["status"]["id"]) == (
        "120.0",
        "2026-02-04",
        "DRAFT",
    )
    assert made[lines][0]["tax_breakdown"][0]["amount"] == "20.0"
    assert "transaction" not in made
    assert clerk.get("/transactions")["$total"] == clerk.get("/ledger_entries")["$total"] == 0
    assert clerk.get("/unallocated_artefacts")["$total"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_offer_is_changed_accepted_and_deleted(kind: str) -> None:
    clerk = Clerk()
    made = offer(clerk, kind)["id"]
    lines = {KINDS[kind][0]: [clerk.line("10.00", "2.00")]}
    assert clerk.put(kind, made, **lines).body["total_amount"] == "12.0"
    assert (
        clerk.put(kind, made, status_id="ACCEPTED_BY_CUSTOMER").body["status"]["id"] == "ACCEPTED_BY_CUSTOMER"
    )
    assert messages(clerk.put(kind, made, status_id="PAID")) == [("status_id", "Status is invalid.")]
    assert clerk.get(f"/{kind}s", status_id="ACCEPTED_BY_CUSTOMER")["$total"] == 1
    assert clerk.delete(kind, made).status == 204
    assert clerk.request("GET", f"/{kind}s/{made}").status == 404


def test_an_offer_may_be_dated_before_the_accounts_start() -> None:
    assert offer(Clerk(), "sales_quote", date="2025-12-01")["date"] == "2025-12-01"


def test_an_offer_needs_a_customer_and_an_expiry_date() -> None:
    clerk = Clerk()
    fields = {"contact_id": clerk.vendor(), "date": "2026-01-05", "quote_lines": [clerk.line()]}
    assert messages(clerk.send("sales_quote", **fields)) == [("expiry_date", "This field is required.")]
    reply = clerk.send("sales_quote", **fields, expiry_date="2026-02-04")
    assert messages(reply) == [("", "Couldn't find Customer.")]


def test_lists_of_quotes_are_searched_and_sorted() -> None:
    clerk = Clerk()
    customer = clerk.customer("Elm & Sons")
    for day in ("2026-03-01", "2026-02-01"):
        offer(clerk, "sales_quote", contact_id=customer, expiry_date=day, reference=f"R{day[5:7]}")
    found = clerk.get("/sales_quotes", sort="expiry_date:asc", attributes="reference")["$items"]
    assert [item["reference"] for item in found] == ["R02", "R03"]
    assert clerk.get("/sales_quotes", search="r03")["$total"] == 1
    assert clerk.get("/sales_quotes", search="elm")["$total"] == 2
