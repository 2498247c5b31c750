"""Bank deposits: what the till held is taken to a bank account."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.banking import moved_between
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import Conduct, day_faults
from sagerecon.rehearsal.books.currency import bank_rate_faults, foreign_bank, in_base
from sagerecon.rehearsal.books.ledger import NOTHING
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.unkept import WAYS


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"])
    yield from bank_rate_faults(company, values, "from_bank_account", old)
    if foreign_bank(company, values["from_bank_account"]) != foreign_bank(company, values["to_bank_account"]):
        yield Fault(WAYS["transfer_currency"], "to_bank_account_id")
    cash = values["cash_amount"] = rounded(values["cash_amount"])
    cheques = values["cheque_amount"] = rounded(values.get("cheque_amount") or NOTHING)
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


def deposit_conduct() -> Conduct:
    """How bank deposits behave; Sage offers no way to change one."""
    booking = Booking(
        "bank_deposit",
        lambda _company, _values: "DEPOSIT",
        lambda company, values: moved_between(company, values, values["total_amount"]),
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["total_amount"]),
        base_total=lambda values: in_base(values["total_amount"], values["bank_rate"]),
    )
    return booking.conduct(_complete)
