"""Bank deposits: cash and cheques moved from a cash account to a bank account."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import in_base, rounded
from sagerecon.rehearsal.books.banking import transfer_postings
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import bank_rate_faults, foreign_bank_currency
from sagerecon.rehearsal.books.hooks import Hooks, day_faults
from sagerecon.rehearsal.books.ledger import ZERO
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"])
    yield from bank_rate_faults(company, values, "from_bank_account", old)
    if foreign_bank_currency(company, values["from_bank_account"]) != foreign_bank_currency(
        company, values["to_bank_account"]
    ):
        yield Fault(UNSUPPORTED_FEATURES["transfer_currency"], "to_bank_account_id")
    cash = values["cash_amount"] = rounded(values["cash_amount"])
    cheques = values["cheque_amount"] = rounded(values.get("cheque_amount") or ZERO)
    if cash < 0 or cheques < 0:
        yield Fault("The amounts of a deposit cannot be negative.", "cash_amount")
    if cash + cheques <= 0:
        yield Fault("Cash amount must be greater than 0.", "cash_amount")
    values["total_amount"] = cash + cheques
    origin = company.find(values["from_bank_account"])
    if origin is not None and origin.values["bank_account_type"] != Link("bank_account_type", "CASH_IN_HAND"):
        yield Fault("You can only deposit from a cash account; use a bank transfer.", "from_bank_account_id")
    if values["from_bank_account"] == values["to_bank_account"]:
        yield Fault("The two bank accounts must differ.", "to_bank_account_id")


def deposit_hooks() -> Hooks:
    """Return the hooks of bank deposits; Sage has no operation to change one."""
    booking = Booking(
        kind="bank_deposit",
        transaction_type=lambda _company, _values: "DEPOSIT",
        postings=lambda company, values: transfer_postings(company, values, values["total_amount"]),
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        base_total=lambda values: in_base(values["total_amount"], values["bank_rate"]),
    )
    return booking.hooks(_complete)
