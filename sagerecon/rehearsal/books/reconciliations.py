"""Bank reconciliations as the API creates them: a statement's date and balance, with no line matched."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.ledger import ZERO
from sagerecon.rehearsal.books.records import Row, Values
from sagerecon.rehearsal.books.refusal import Fault

#: Lines can only be matched in Sage's own pages, so a reconciliation made here is never completed.
_IN_PROGRESS = {"id": "IN_PROGRESS", "displayed_as": "In Progress"}


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if old is not None:
        values["bank_account"] = old.values["bank_account"]
    values["statement_date"] = values.get("statement_date") or day_of(company.now).isoformat()
    ended = values["statement_end_balance"] = rounded(values.get("statement_end_balance") or ZERO)
    start = old.values["starting_balance"] if old is not None else _last_balance(company, values)
    values["starting_balance"] = values["closing_balance"] = values["reconciled_balance"] = start
    values["total_received"] = values["total_paid"] = ZERO
    values["balance_difference"] = ended - start
    values["status"] = dict(_IN_PROGRESS)
    yield from ()


def _last_balance(company: Company, values: Values) -> Decimal:
    """Return the closing balance of the account's latest reconciliation."""
    for row in reversed(list(company.table("bank_reconciliation"))):
        if row.values["bank_account"] == values["bank_account"]:
            return Decimal(row.values["closing_balance"])
    return ZERO


RECONCILIATION = Hooks(_complete)
