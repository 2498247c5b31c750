"""What each kind posts: accounts and signs of both sides, from drafts and from answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import total
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.postings import effects_of, gap


def account(code: str) -> Reference:
    return Reference("ledger_account", NaturalKey("nominal_code", f"{code}"))


def chart() -> ChartOfAccounts:
    made = ChartOfAccounts(catalog(), Identities())
    supplier = Draft("contact", "s/1", {"contact_type_ids": ["VENDOR"]}, {}, (), NOWHERE)
    bank = Draft("bank_account", "b/1", {"nominal_code": 1200}, {}, (), NOWHERE)
    cash = Entity("bank_account", "b-2", {"ledger_account": {"id": "la"}})
    made.learn_entities([Entity("ledger_account", "la", {"nominal_code": 1230}), cash])
    made.learn_drafts([supplier, bank])
    return made


CUSTOMER, SUPPLIER = Reference("contact", "c/1"), Reference("contact", "s/1")
BANK = Reference("bank_account", "b/1")
LINE = {"ledger_account_id": account("4000"), "quantity": "2", "unit_price": "50.00", "tax_amount": "20.00"}
QUICK = {"ledger_account_id": account("4000"), "net_amount": "100.00", "tax_amount": "20.00"}
PAID = {"bank_account_id": BANK, "total_amount": Decimal("30.00")}
CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "contact_opening_balance",
        {"contact_id": CUSTOMER, "total_amount": "5.00"},
        {"1100": "5.00", "9999": "-5.00"},
    ),
    (
        "contact_opening_balance",
        {"contact_id": SUPPLIER, "total_amount": "5.00"},
        {"2100": "-5.00", "9999": "5.00"},
    ),
    (
        "contact_opening_balance",
        {"contact_id": SUPPLIER, "total_amount": "5.00", "contact_opening_balance_type_id": "CREDIT_NOTE"},
        {"2100": "5.00", "9999": "-5.00"},
    ),
    (
        "contact_opening_balance",
        {
            "contact": {"id": "?"},
            "total_amount": "5.0",
            "transaction_type": {"id": "VENDOR_OPENING_BALANCE_INVOICE"},
        },
        {"2100": "-5.0", "9999": "5.0"},
    ),
    ("bank_opening_balance", {"bank_account_id": BANK, "credit": "7.00"}, {"1200": "-7.00", "9999": "7.00"}),
    (
        "bank_opening_balance",
        {"bank_account": {"id": "b-2"}, "debit": "7.0"},
        {"1230": "7.0", "9999": "-7.0"},
    ),
    (
        "ledger_account_opening_balance",
        {"ledger_account_id": account("0030"), "debit": "7.00"},
        {"30": "7.00", "9999": "-7.00"},
    ),
    ("sales_invoice", {"invoice_lines": [LINE]}, {"1100": "120.00", "4000": "-100.00", "2200": "-20.00"}),
    (
        "sales_credit_note",
        {"credit_note_lines": [LINE]},
        {"1100": "-120.00", "4000": "100.00", "2200": "20.00"},
    ),
    ("purchase_invoice", {"invoice_lines": [LINE]}, {"2100": "-120.00", "4000": "100.00", "2201": "20.00"}),
    (
        "purchase_credit_note",
        {"credit_note_lines": [LINE]},
        {"2100": "120.00", "4000": "-100.00", "2201": "-20.00"},
    ),
    (
        "contact_payment",
        {**PAID, "transaction_type_id": "CUSTOMER_RECEIPT"},
        {"1200": "30.00", "1100": "-30.00"},
    ),
    (
        "contact_payment",
        {**PAID, "transaction_type_id": "CUSTOMER_REFUND"},
        {"1200": "-30.00", "1100": "30.00"},
    ),
    (
        "contact_payment",
        {**PAID, "transaction_type_id": "VENDOR_PAYMENT"},
        {"1200": "-30.00", "2100": "30.00"},
    ),
    (
        "contact_payment",
        {**PAID, "transaction_type_id": "VENDOR_REFUND"},
        {"1200": "30.00", "2100": "-30.00"},
    ),
    (
        "other_payment",
        {
            **PAID,
            "transaction_type_id": "OTHER_PAYMENT",
            "payment_lines": [
                {"ledger_account_id": account("7500"), "total_amount": "30.00", "tax_amount": "5.00"}
            ],
        },
        {"1200": "-30.00", "7500": "25.00", "2201": "5.00"},
    ),
    (
        "other_payment",
        {
            **PAID,
            "transaction_type_id": "OTHER_RECEIPT",
            "payment_lines": [{"ledger_account_id": account("4900"), "total_amount": "30.00"}],
        },
        {"1200": "30.00", "4900": "-30.00"},
    ),
    (
        "other_payment",
        {
            **PAID,
            "transaction_type_id": "OTHER_PAYMENT_REFUND",
            "payment_lines": [
                {"ledger_account_id": account("7500"), "total_amount": "30.00", "tax_amount": "5.00"}
            ],
        },
        {"1200": "30.00", "7500": "-25.00", "2201": "-5.00"},
    ),
    (
        "other_payment",
        {
            **PAID,
            "transaction_type_id": "OTHER_RECEIPT_REFUND",
            "payment_lines": [
                {"ledger_account_id": account("4900"), "total_amount": "30.00", "tax_amount": "5.00"}
            ],
        },
        {"1200": "-30.00", "4900": "25.00", "2200": "5.00"},
    ),
    (
        "sales_quick_entry",
        {**QUICK, "quick_entry_type_id": "INVOICE"},
        {"1100": "120.00", "4000": "-100.00", "2200": "-20.00"},
    ),
    (
        "purchase_quick_entry",
        {**QUICK, "quick_entry_type": {"id": "CREDIT_NOTE"}},
        {"2100": "120.00", "4000": "-100.00", "2201": "-20.00"},
    ),
    (
        "bank_deposit",
        {
            "from_bank_account_id": BANK,
            "to_bank_account": {"id": "b-2"},
            "cash_amount": "9.00",
            "cheque_amount": "1.00",
        },
        {"1200": "-10.00", "1230": "10.00"},
    ),
    (
        "opening_balance_journal",
        {"journal_lines": [{"ledger_account_id": account("1"), "debit": "2.00", "credit": "0"}]},
        {"1": "2.00", "9999": "-2.00"},
    ),
    (
        "bank_transfer",
        {"from_bank_account_id": BANK, "to_bank_account": {"id": "b-2"}, "amount": "9.00"},
        {"1200": "-9.00", "1230": "9.00"},
    ),
    (
        "journal",
        {
            "journal_lines": [
                {"ledger_account_id": account("1"), "debit": "2.00", "credit": "0"},
                {"ledger_account_id": account("2"), "debit": "0", "credit": "2.00"},
            ]
        },
        {"1": "2.00", "2": "-2.00"},
    ),
]


@pytest.mark.parametrize(("kind", "body", "expected"), CASES)
def test_both_sides_of_each_kind(kind: str, body: dict[str, Any], expected: dict[str, str]) -> None:
    effects = effects_of(kind, body, chart())
    assert effects == {code: Decimal(text) for code, text in expected.items()}
    assert total(effects.values()) == 0


@pytest.mark.parametrize("kind", ["sales_corrective_invoice", "purchase_corrective_invoice"])
def test_a_document_whose_sign_is_not_known_has_no_effects(kind: str) -> None:
    assert effects_of(kind, {"invoice_lines": [LINE]}, chart()) == {}


def test_a_kind_that_posts_nothing_has_no_effects() -> None:
    assert effects_of("contact", {"name": "Oak"}, chart()) == {}


def test_the_gap_has_only_accounts_that_differ() -> None:
    left = {"1100": Decimal("5"), "4000": Decimal("-5")}
    assert gap(left, {"1100": Decimal("5"), "4001": Decimal("-5")}) == {
        "4000": Decimal("5"),
        "4001": Decimal("-5"),
    }
