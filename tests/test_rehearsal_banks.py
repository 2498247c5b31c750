"""Bank deposits and reconciliations."""

from __future__ import annotations

from typing import Any

import pytest
from small_business import Clerk, messages


def deposit(clerk: Clerk, **fields: Any) -> dict[str, Any]:
    """Return the fields of a deposit of 11.00 from the cash account to the bank."""
    banks = {"from_bank_account_id": clerk.bank(1), "to_bank_account_id": clerk.bank()}
    return {**banks, "date": "2026-01-10", "reference": "D-1", "cash_amount": "11.00", **fields}


def test_a_deposit_moves_cash_to_the_bank() -> None:
    clerk = Clerk()
    made = clerk.post("bank_deposit", **deposit(clerk, cheque_amount="4.00"))
    assert clerk.balances(1200, 1230) == ["15.00", "-15.00"]
    assert (made["cash_amount"], made["cheque_amount"], made["total_amount"]) == ("11.0", "4.0", "15.0")
    assert (made["displayed_as"], made["transaction_type"]["displayed_as"]) == ("D-1", "Deposit")
    assert clerk.get(f"/transactions/{made['transaction']['id']}")["total"] == "15.0"
    assert clerk.delete("bank_deposit", made["id"]).status == 204
    assert clerk.balances(1200, 1230) == ["0.00", "0.00"]


def test_a_deposit_cannot_be_changed() -> None:
    clerk = Clerk()
    made = clerk.post("bank_deposit", **deposit(clerk))
    assert clerk.put("bank_deposit", made["id"], reference="x").status == 405


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"cash_amount": "0"}, "cash_amount"),
        ({"cash_amount": "-1"}, "cash_amount"),
        ({"date": "2025-12-31"}, "date"),
        ({"reference": None}, "reference"),
    ],
)
def test_refused_deposits(fields: dict[str, Any], source: str) -> None:
    clerk = Clerk()
    reply = clerk.send("bank_deposit", **deposit(clerk, **fields))
    assert reply.status == 422
    assert source in [where for where, _ in messages(reply)]


def test_only_a_cash_account_is_deposited_into_another_account() -> None:
    clerk = Clerk()
    reply = clerk.send("bank_deposit", **deposit(clerk, from_bank_account_id=clerk.bank()))
    assert messages(reply) == [
        ("from_bank_account_id", "You can only deposit from a cash account; use a bank transfer."),
        ("to_bank_account_id", "The two bank accounts must differ."),
    ]


def test_a_deposit_into_an_account_in_another_currency_is_refused() -> None:
    clerk = Clerk(multi_currency=True)
    clerk.post("business_exchange_rate", currency_id="EUR", rate="1.1")
    details = {"account_name": "Euro"}
    euro = clerk.post(
        "bank_account", bank_account_type_id="CHECKING", currency_id="EUR", bank_account_details=details
    )["id"]
    reply = clerk.send("bank_deposit", **deposit(clerk, to_bank_account_id=euro))
    assert [source for source, _ in messages(reply)] == ["to_bank_account_id"]


def test_a_reconciliation_stores_the_statement_and_matches_no_line() -> None:
    clerk = Clerk()
    fields = {
        "bank_account_id": clerk.bank(),
        "statement_date": "2026-01-31",
        "statement_end_balance": "15.50",
    }
    made = clerk.post("bank_reconciliation", **fields, reference="January")
    assert made["displayed_as"] == "Current Account (1200) - 2026-01-31"
    assert (made["reconciled_balance"], made["balance_difference"]) == ("0.0", "15.5")
    assert (made["total_received"], made["total_paid"]) == ("0.0", "0.0")
    assert made["status"]["id"] == "IN_PROGRESS"
    changed = clerk.put("bank_reconciliation", made["id"], statement_end_balance="20", total_received="7")
    assert (changed.body["balance_difference"], changed.body["total_received"]) == ("20.0", "0.0")
    assert clerk.get("/bank_reconciliations", bank_account_id=clerk.bank(1))["$total"] == 0
    assert clerk.get("/bank_reconciliations", bank_account_id=clerk.bank())["$total"] == 1
    assert clerk.delete("bank_reconciliation", made["id"]).status == 405
    assert clerk.get("/ledger_entries")["$total"] == 0
