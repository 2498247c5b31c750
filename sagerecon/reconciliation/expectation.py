"""What the source's own datasets expect of both sides: balances, open items and tax.

The columns of the datasets are fixed. Accounts: `account`, `name`, `amount` (debit positive) and, for a
named adjusting entry, `adjustment`: its reason. Contacts: `contact` (the draft key), `name`, `document`,
`date`, `due_date`, `amount` (the open part in the currency of the business, credits negative), and where
documents are in other currencies `currency` and `currency_amount`. Tax: `ledger` (sales or purchases),
`code`, `rate` (its percentage, for people), `period` (a month, 2017-03), `net`, `tax`; credits negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from sagerecon.model.clock import first_day
from sagerecon.model.record import Record
from sagerecon.reconciliation.chart_of_accounts import nominal_code
from sagerecon.reconciliation.open_items import OpenItem
from sagerecon.reconciliation.tax import TaxedAmount
from sagerecon.reconciliation.tie_out import Adjustment, ExpectedBalance


def expected_balances(
    records: Iterable[Record], target: Callable[[str], str | None]
) -> tuple[list[ExpectedBalance], list[Adjustment]]:
    """Return the balances of the source with their Sage accounts, and the named adjusting entries.

    `target` is the crosswalk. An account without a row in it keeps its own code, so that the tie-out shows it
    under a code that Sage does not have.
    """
    expected: list[ExpectedBalance] = []
    adjustments: list[Adjustment] = []
    for record in records:
        values = record.values
        code, name, amount = str(values["account"]), str(values["name"] or ""), _amount(values["amount"])
        mapped = target(code)
        account = nominal_code(mapped) if mapped else code
        if reason := values.get("adjustment"):
            adjustments.append(Adjustment(account, amount, name, str(reason)))
        else:
            expected.append(
                ExpectedBalance(code=code, name=name, amount=amount, target=account, origins=record.origins)
            )
    return expected, adjustments


def open_items(records: Iterable[Record]) -> list[OpenItem]:
    """Return the unsettled documents of the source, each under the draft key of its contact."""
    return [
        OpenItem(
            contact=str(record.values["contact"]),
            name=str(record.values["name"] or ""),
            label=str(record.values["document"] or ""),
            amount=_amount(record.values["amount"]),
            due=_day(record.values.get("due_date")) or _day(record.values.get("date")),
            dated=_day(record.values.get("date")),
            currency=str(record.values.get("currency") or ""),
            in_currency=_amount(record.values.get("currency_amount")),
        )
        for record in records
    ]


def taxed_amounts(records: Iterable[Record], target: Callable[[str, date], str | None]) -> list[TaxedAmount]:
    """Return net and tax of the source by Sage's rate, month and direction.

    `target` is the crosswalk of tax codes. A code without a row in it keeps its own name in the tie-out.
    """
    amounts: list[TaxedAmount] = []
    for record in records:
        values = record.values
        code, period = str(values["code"]), str(values["period"])
        begins = first_day(period)
        rate = (target(code, begins) if begins is not None else None) or code
        direction = str(values["ledger"])
        net, tax = _amount(values["net"]), _amount(values["tax"])
        amounts.append(TaxedAmount(rate=rate, period=period, direction=direction, net=net, tax=tax))
    return amounts


def _amount(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal()


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None
