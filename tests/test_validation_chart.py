"""Accounts with a balance and no row in the crosswalk are findings."""

from decimal import Decimal

import pytest

from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.validation.chart import accounts_are_mapped


def balance(account: str, amount: str | None, name: str | None = None) -> Record:
    values = {"account": account, "name": name, "amount": None if amount is None else Decimal(amount)}
    return Record("balances", account, values, (Place("balances.csv", 7),))


@pytest.mark.parametrize("amount", ["0.01", "-0.01", "12345.67"])
def test_an_account_with_a_balance_and_no_row_is_an_error(amount: str) -> None:
    (found,) = accounts_are_mapped([balance("BANK", amount, "Bank")], {}.get, "accounts")
    assert (found.code, found.severity.value, str(found.place)) == (
        "account_without_rule",
        "error",
        "balances.csv:7",
    )
    assert "BANK (Bank)" in found.message and "crosswalk accounts" in found.message


@pytest.mark.parametrize("amount", ["0.00", None])
def test_an_account_without_a_balance_needs_no_row(amount: str | None) -> None:
    assert not list(accounts_are_mapped([balance("BANK", amount)], {}.get, "accounts"))


def test_only_accounts_without_a_row_are_findings() -> None:
    balances = [balance(code, "1.00") for code in ("BANK", "CASH", "LOAN")]
    found = list(accounts_are_mapped(balances, {"CASH": "1210"}.get, "accounts"))
    assert [finding.message.split()[1] for finding in found] == ["BANK", "LOAN"]
