"""Other currencies: whether they are allowed, base values of documents, exchange gains and losses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from small_business import Clerk, messages

from sagerecon.rehearsal.books.reports import contact_balance

EXCHANGE = 8260


def abroad(**options: Any) -> tuple[Clerk, str]:
    """Return a clerk of a business with multi-currency, and a customer in euros."""
    clerk = Clerk(multi_currency=True, **options)
    return clerk, clerk.customer("Eiche GmbH", currency_id="EUR")


def euro_bank(clerk: Clerk) -> str:
    """Create a bank account in euros and return its id."""
    details = {"account_name": "Euro Account"}
    fields = {"bank_account_type_id": "CHECKING", "currency_id": "EUR", "bank_account_details": details}
    return str(clerk.post("bank_account", **fields)["id"])


def test_other_currencies_need_multi_currency() -> None:
    clerk = Clerk()
    refusal = [("currency_id", "Multi-currency is not enabled for this business.")]
    fields = {"name": "Eiche GmbH", "contact_type_ids": ["CUSTOMER"], "currency_id": "EUR"}
    assert messages(clerk.send("contact", **fields)) == refusal
    settings = {"financial_settings": {"multi_currency_enabled": True}}
    assert clerk.request("PUT", "/financial_settings", settings).status == 200
    assert clerk.send("contact", **fields).status == 201
    off = {"financial_settings": {"multi_currency_enabled": False}}
    reply = clerk.request("PUT", "/financial_settings", off)
    assert messages(reply) == [("multi_currency_enabled", "There are records in other currencies.")]


def test_the_start_edition_has_one_currency() -> None:
    clerk = Clerk(edition="start")
    reply = clerk.request(
        "PUT", "/financial_settings", {"financial_settings": {"multi_currency_enabled": True}}
    )
    assert messages(reply) == [
        ("multi_currency_enabled", "Multi-currency is not available in the start edition.")
    ]


def test_a_document_is_in_the_currency_of_its_contact_at_its_own_rate() -> None:
    clerk, customer = abroad()
    invoice = clerk.invoice(customer, clerk.line("99.99", "20.00"), exchange_rate="1.25")
    assert (invoice["currency"]["id"], invoice["exchange_rate"], invoice["inverse_exchange_rate"]) == (
        "EUR",
        "1.25",
        "0.8",
    )
    assert (invoice["total_amount"], invoice["base_currency_total_amount"]) == ("119.99", "95.99")
    assert invoice["base_currency_outstanding_amount"] == "95.99"
    assert clerk.balances(1100, 4000, 2200) == ["95.99", "-79.99", "-16.00"]
    [booked] = clerk.get("/transactions", attributes="all")["$items"]
    assert (booked["total"], booked["total_in_transaction_currency"]) == ("95.99", "119.99")
    entry = next(iter(clerk.business.company.ledger.entries))
    assert (entry.posting.amount, entry.posting.foreign, entry.posting.currency) == (
        Decimal("95.99"),
        Decimal("119.99"),
        "EUR",
    )


def test_the_inverse_rate_is_accepted() -> None:
    clerk, customer = abroad()
    invoice = clerk.invoice(customer, inverse_exchange_rate="0.8")
    assert (invoice["exchange_rate"], invoice["base_currency_total_amount"]) == ("1.25", "96.0")
    changed = clerk.put("sales_invoice", invoice["id"], inverse_exchange_rate="0.5")
    assert (changed.body["exchange_rate"], clerk.balances(1100)) == ("2.0", ["60.00"])


def test_without_a_rate_the_business_rate_is_used() -> None:
    clerk, customer = abroad()
    fields = {"contact_id": customer, "date": "2026-01-05", "invoice_lines": [clerk.line()]}
    assert messages(clerk.send("sales_invoice", **fields)) == [("exchange_rate", "This field is required.")]
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.2")
    assert clerk.post("sales_invoice", **fields)["base_currency_total_amount"] == "100.0"


@pytest.mark.parametrize(
    ("rate", "currency", "message"),
    [
        ("0", "EUR", ("exchange_rate", "Exchange rate must be greater than 0.")),
        ("-1", "EUR", ("exchange_rate", "Exchange rate must be greater than 0.")),
        ("1.2", "USD", ("currency_id", "The currency must be the currency of the contact.")),
    ],
)
def test_invalid_rates_and_currencies(rate: str, currency: str, message: tuple[str, str]) -> None:
    clerk, customer = abroad()
    fields = {"contact_id": customer, "date": "2026-01-05", "invoice_lines": [clerk.line()]}
    reply = clerk.send("sales_invoice", exchange_rate=rate, currency_id=currency, **fields)
    assert messages(reply) == [message]


def test_the_base_currency_has_no_rate() -> None:
    clerk, _ = abroad()
    fields = {"contact_id": clerk.customer(), "date": "2026-01-05", "invoice_lines": [clerk.line()]}
    reply = clerk.send("sales_invoice", exchange_rate="1.1", **fields)
    assert messages(reply) == [("exchange_rate", "The exchange rate of the base currency is 1.")]


def test_a_change_of_rate_until_payment_is_a_gain_or_a_loss() -> None:
    clerk, customer = abroad()
    invoice = clerk.invoice(customer, exchange_rate="1.25")["id"]
    clerk.receipt(customer, "60.00", (invoice, "60.00"), exchange_rate="1.20")
    assert clerk.balances(1200, 1100, EXCHANGE) == ["50.00", "48.00", "-2.00"]
    second = clerk.receipt(customer, "60.00", (invoice, "60.00"), exchange_rate="1.50")
    assert clerk.balances(1200, 1100, EXCHANGE) == ["90.00", "0.00", "6.00"]
    assert clerk.get(f"/sales_invoices/{invoice}")["status"]["id"] == "PAID"
    clerk.delete("contact_payment", second["id"])
    assert clerk.balances(1200, 1100, EXCHANGE) == ["50.00", "48.00", "-2.00"]


def test_the_last_payment_takes_all_rounding() -> None:
    clerk, customer = abroad()
    invoice = clerk.invoice(customer, clerk.line("1.00", "0.00"), exchange_rate="3")["id"]
    assert clerk.balances(1100) == ["0.33"]
    for _ in range(3):
        clerk.receipt(customer, "0.33", (invoice, "0.33"), exchange_rate="3")
    clerk.receipt(customer, "0.01", (invoice, "0.01"), exchange_rate="3")
    assert clerk.balances(1100, 1200, EXCHANGE) == ["0.00", "0.33", "0.00"]


def test_a_discount_is_valued_at_the_rate_of_the_document() -> None:
    clerk, customer = abroad()
    invoice = clerk.invoice(customer, exchange_rate="1.25")["id"]
    part = [{"artefact_id": invoice, "amount": "110.00", "discount": "10.00"}]
    fields = clerk.payment("CUSTOMER_RECEIPT", customer, "110.00", exchange_rate="1.1")
    clerk.post("contact_payment", **(fields | {"allocated_artefacts": part}))
    assert clerk.balances(1100, 1200, 4009, EXCHANGE) == ["0.00", "100.00", "8.00", "-12.00"]


def test_a_payment_on_account_keeps_its_own_rate() -> None:
    clerk, customer = abroad()
    receipt = clerk.receipt(customer, "120.00", exchange_rate="1.50")
    rest = receipt["payment_on_account"]
    assert (rest["currency"]["id"], rest["exchange_rate"], rest["base_currency_total_amount"]) == (
        "EUR",
        "1.5",
        "80.0",
    )
    invoice = clerk.invoice(customer, exchange_rate="1.25")["id"]
    parts = [
        {"artefact_id": invoice, "amount": "120.00"},
        {"artefact_id": rest["id"], "amount": "-120.00"},
    ]
    fields = {"transaction_type_id": "CUSTOMER_ALLOCATION", "contact_id": customer}
    allocation = clerk.post("contact_allocation", allocated_artefacts=parts, **fields)["id"]
    assert clerk.balances(1100, EXCHANGE) == ["0.00", "16.00"]
    clerk.delete("contact_allocation", allocation)
    assert clerk.balances(1100, EXCHANGE) == ["16.00", "0.00"]


def test_a_balance_is_in_the_currency_of_the_contact_and_in_that_of_the_business() -> None:
    clerk, customer = abroad()
    clerk.invoice(customer, exchange_rate="1.25")
    clerk.receipt(customer, "20.00", exchange_rate="1.00", date="2026-02-01")
    contact = f"/contacts/{customer}"
    assert clerk.get(contact, show_balance="true")["balance"] == "100.0"
    company = clerk.business.company
    assert contact_balance(company, customer, in_base=True) == Decimal("76.00")
    assert contact_balance(company, customer, "2026-01-31", in_base=True) == Decimal("96.00")


def test_a_bank_account_in_another_currency_keeps_its_own_balance() -> None:
    clerk, customer = abroad()
    bank = euro_bank(clerk)
    invoice = clerk.invoice(customer, exchange_rate="1.25")["id"]
    clerk.receipt(customer, "120.00", (invoice, "120.00"), exchange_rate="1.20", bank_account_id=bank)
    assert clerk.get(f"/bank_accounts/{bank}")["balance"] == "120.0"
    code = clerk.get(f"/bank_accounts/{bank}", nested_attributes="all")["ledger_account"]["nominal_code"]
    assert clerk.balances(code) == ["100.00"]
    changed = clerk.put("bank_account", bank, currency_id="USD")
    assert messages(changed) == [("currency_id", "You cannot change the currency of a bank account.")]
    home = clerk.payment("CUSTOMER_RECEIPT", clerk.customer("Ash"), "1.00", bank_account_id=bank)
    assert messages(clerk.send("contact_payment", **home)) == [
        ("bank_account_id", "The payment must be in the currency of the bank account.")
    ]


def test_bookings_without_a_rate_use_the_business_rate() -> None:
    clerk, _ = abroad()
    bank = euro_bank(clerk)
    opening = {"bank_account_id": bank, "date": "2025-12-31", "debit": "125.00", "credit": "0"}
    assert messages(clerk.send("bank_opening_balance", **opening)) == [
        ("bank_account_id", "There is no business exchange rate for EUR.")
    ]
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.25")
    clerk.post("bank_opening_balance", **opening)
    line = {"ledger_account_id": clerk.account(7500), "total_amount": "12.50"}
    fields = {"transaction_type_id": "OTHER_PAYMENT", "date": "2026-01-05", "total_amount": "12.50"}
    clerk.post("other_payment", bank_account_id=bank, payment_lines=[line], **fields)
    assert clerk.balances(9999, 7500) == ["-100.00", "10.00"]
    assert clerk.get(f"/bank_accounts/{bank}")["balance"] == "112.5"


def test_transfers_need_one_currency() -> None:
    clerk, _ = abroad()
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.25")
    fields = {"from_bank_account_id": clerk.bank(), "to_bank_account_id": euro_bank(clerk)}
    reply = clerk.send("bank_transfer", date="2026-01-05", amount="1.00", **fields)
    assert messages(reply) == [
        (
            "to_bank_account_id",
            "The rehearsal supports transfers between bank accounts of the same currency only.",
        )
    ]


def test_an_opening_balance_carries_the_rate_of_the_document() -> None:
    clerk, customer = abroad()
    opening = clerk.post(
        "contact_opening_balance",
        contact_opening_balance_type_id="INVOICE",
        contact_id=customer,
        date="2025-12-31",
        reference="OLD-1",
        total_amount="120.00",
        exchange_rate="1.20",
    )
    assert (opening["base_currency_total_amount"], clerk.balances(1100, 9999)) == (
        "100.0",
        ["100.00", "-100.00"],
    )
    clerk.receipt(customer, "120.00", (opening["id"], "120.00"), exchange_rate="1.50")
    assert clerk.balances(1100, 1200, EXCHANGE) == ["0.00", "80.00", "20.00"]


def test_a_payment_settles_documents_in_its_own_currency() -> None:
    clerk, customer = abroad()
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.25")
    invoice = clerk.invoice(customer)["id"]
    charge = clerk.payment("CUSTOMER_RECEIPT", customer, "120.00", (invoice, "120.00"))
    reply = clerk.send("contact_payment", base_currency_currency_charge="1.00", **charge)
    assert [source for source, _ in messages(reply)] == ["base_currency_currency_charge"]
    in_use = clerk.put("contact", customer, currency_id="GBP")
    assert messages(in_use) == [
        ("currency_id", "You cannot change the currency of a contact that is in use.")
    ]
