"""The answers of the rehearsal have the keys of the answers that Sage itself publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_business import Clerk

EXAMPLES = Path(__file__).parents[2] / "shared" / "sage" / "openapi-2025-11-merged.json"


def keys(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of all keys; the items of a list share theirs."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield f"{path}{name}"
            yield from keys(item, f"{path}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, path)


def empty(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of all keys that hold nothing, so that nothing can stand under them."""
    if isinstance(value, dict):
        for name, item in value.items():
            if item is None or item == []:
                yield f"{path}{name}."
            yield from empty(item, f"{path}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from empty(item, path)


def answers() -> dict[str, Any]:
    """One record of each kind, as the rehearsal answers it."""
    clerk = Clerk()
    address = {"address_line_1": "1 High St", "city": "Leeds"}
    customer = clerk.customer(reference="OAK01", main_address=address, main_contact_person={"name": "A"})
    vendor = clerk.vendor(reference="ELM01", main_address=address)
    accounts = {
        "sales_ledger_account_id": clerk.account(4000),
        "purchase_ledger_account_id": clerk.account(5000),
    }
    price = {"product_sales_price_type_id": "SALES_PRICE", "price_name": "Sales Price", "price": "1"}
    product = clerk.post("product", description="Chair", sales_prices=[price], **accounts)["id"]
    rate = {"service_rate_type_id": "RATE", "rate_name": "Rate", "rate": "1"}
    service = clerk.post("service", description="Repair", sales_rates=[rate], **accounts)["id"]
    line = clerk.line(account=5000, product_id=product)
    bill = {"contact_id": vendor, "date": "2026-01-05", "due_date": "2026-01-05", "invoice_lines": [line]}
    note = {"contact_id": vendor, "date": "2026-01-05", "credit_note_lines": [line]}
    sold = clerk.invoice(customer, clerk.line(product_id=product))["id"]
    receipt = clerk.receipt(customer, "150.00", (sold, "100.00"))
    on_account = receipt["payment_on_account"]["id"]
    parts = [{"artefact_id": sold, "amount": "20.00"}, {"artefact_id": on_account, "amount": "-20.00"}]
    pay = {"ledger_account_id": clerk.account(7500), "total_amount": "12.00", "tax_amount": "2.00"}
    lines = [
        {"ledger_account_id": clerk.account(8000), "debit": "1", "credit": "0"},
        {"ledger_account_id": clerk.account(51), "debit": "0", "credit": "1"},
    ]
    opening = {"contact_opening_balance_type_id": "INVOICE", "date": "2025-12-31", "reference": "O"}
    banks = {"from_bank_account_id": clerk.bank(), "to_bank_account_id": clerk.bank(1)}
    made = {
        "/purchase_invoices": clerk.post("purchase_invoice", **bill)["id"],
        "/purchase_credit_notes": clerk.post("purchase_credit_note", **note)["id"],
        "/contact_payments": receipt["id"],
        "/contact_allocations": clerk.post(
            "contact_allocation",
            transaction_type_id="CUSTOMER_ALLOCATION",
            contact_id=customer,
            allocated_artefacts=parts,
        )["id"],
        "/other_payments": clerk.post(
            "other_payment",
            transaction_type_id="OTHER_PAYMENT",
            date="2026-01-10",
            total_amount="12.00",
            payment_lines=[{**pay, "tax_rate_id": "GB_STANDARD"}],
        )["id"],
        "/journals": clerk.post("journal", date="2026-01-31", reference="J", journal_lines=lines)["id"],
        "/contact_opening_balances": clerk.post(
            "contact_opening_balance", contact_id=customer, total_amount="35.01", **opening
        )["id"],
        "/bank_transfers": clerk.post("bank_transfer", date="2026-01-10", amount="1", **banks)["id"],
        "/contacts": customer,
        "/ledger_accounts": clerk.account(41),
        "/bank_accounts": clerk.bank(),
        "/products": product,
        "/services": service,
        "/tax_rates": "GB_STANDARD",
        "/addresses": clerk.get("/addresses")["$items"][0]["id"],
        "/contact_persons": clerk.get("/contact_persons")["$items"][0]["id"],
        "/transactions": clerk.get("/transactions")["$items"][0]["id"],
        "/ledger_entries": clerk.get("/ledger_entries")["$items"][0]["id"],
        "/unallocated_artefacts": on_account,
        "/contact_types": "CUSTOMER",
        "/payment_methods": "CASH",
    }
    found = {f"{path}/{{key}}": clerk.get(f"{path}/{id}") for path, id in made.items()}
    found["/financial_settings"] = clerk.get("/financial_settings")
    found["/trial_balance"] = clerk.get("/trial_balance", from_date="2026-01-01", to_date="2026-12-31")
    return found


@pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES.name} is not beside the checkout")
def test_the_answers_have_the_keys_of_the_published_examples() -> None:
    paths = json.loads(EXAMPLES.read_text())["paths"]
    missing: list[str] = []
    compared = 0
    for path, answer in answers().items():
        examples = paths[path]["get"]["responses"]["200"].get("examples")
        if not examples:
            continue
        compared += 1
        ours, nothing = set(keys(answer)), tuple(empty(answer))
        # Links lead into Sage's own web application, which the rehearsal does not have.
        theirs = [
            key for key in dict.fromkeys(keys(next(iter(examples.values())))) if ".links" not in f".{key}"
        ]
        missing += [f"{path} {key}" for key in theirs if key not in ours and not key.startswith(nothing)]
    assert compared >= 20
    assert missing == []
