"""Journals and the four kinds of opening balance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import rounded, total
from sagerecon.rehearsal.artefacts import Artefact
from sagerecon.rehearsal.booking import Booking
from sagerecon.rehearsal.chart import CREDITORS, DEBTORS, OPENING
from sagerecon.rehearsal.company import Company
from sagerecon.rehearsal.conduct import (
    Conduct,
    currency_faults,
    day_before,
    day_faults,
    side_of,
)
from sagerecon.rehearsal.ledger import NOTHING, Posting
from sagerecon.rehearsal.records import Link, Row, Values
from sagerecon.rehearsal.refusal import Fault


def _amounts(values: Values) -> Decimal:
    return Decimal(values["debit"]) - Decimal(values["credit"])


def _amount_faults(values: Values, path: str) -> Iterator[Fault]:
    """One of debit and credit is zero, neither is negative."""
    debit = values["debit"] = rounded(values.get("debit") or NOTHING)
    credit = values["credit"] = rounded(values.get("credit") or NOTHING)
    if debit < 0 or credit < 0:
        yield Fault("Debit and credit cannot be negative.", f"{path}debit")
    if debit and credit:
        yield Fault("Either debit or credit must be 0.", f"{path}debit")


def _line_postings(values: Values) -> list[Posting]:
    return [
        Posting(line["ledger_account"].id, _amounts(line), details=line.get("details"))
        for line in values["journal_lines"]
    ]


def _debits(values: Values) -> Decimal:
    return total(line["debit"] for line in values["journal_lines"])


def _complete_journal(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"])
    for line in values["journal_lines"]:
        yield from _amount_faults(line, "journal_lines.")
    if total(_amounts(line) for line in values["journal_lines"]):
        yield Fault("Total debits must equal total credits.", "journal_lines")
    values["total"] = _debits(values)


def journal_conduct() -> Conduct:
    """How journals behave."""
    booking = Booking(
        "journal",
        lambda _company, _values: "JOURNAL",
        lambda _company, values: _line_postings(values),
        lambda _company, values: str(values["date"]),
        _debits,
    )
    return booking.conduct(_complete_journal)


def _complete_opening_journal(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    values["date"] = values.get("date") or day_before(company.settings["accounts_start_date"])
    yield from day_faults(company, values["date"], opening=True)
    for line in values["journal_lines"]:
        yield from _amount_faults(line, "journal_lines.")


def _opening_journal_postings(company: Company, values: Values) -> list[Posting]:
    entries = _line_postings(values)
    rest = total(entry.amount for entry in entries)
    return [*entries, Posting(company.controls[OPENING], -rest)]


def opening_journal_conduct() -> Conduct:
    """How opening journals behave: they need not balance, the rest goes to the opening control account."""
    booking = Booking(
        "opening_balance_journal",
        lambda _company, _values: "OPENING_BALANCE_JOURNAL",
        _opening_journal_postings,
        lambda _company, values: str(values["date"]),
        _debits,
        opening=True,
    )
    return booking.conduct(_complete_opening_journal)


def _complete_bank(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"], opening=True)
    yield from _amount_faults(values, "")


def _bank_postings(company: Company, values: Values) -> list[Posting]:
    amount = _amounts(values)
    bank = company.ledger_account_of(values["bank_account"].id)
    return [Posting(bank, amount), Posting(company.controls[OPENING], -amount)]


def bank_opening_conduct() -> Conduct:
    """How a bank account's opening balance behaves."""
    booking = Booking(
        "bank_opening_balance",
        lambda _company, _values: "BANK_OPENING_BALANCE",
        _bank_postings,
        lambda _company, values: str(values["date"]),
        lambda values: abs(_amounts(values)),
        opening=True,
    )
    return booking.conduct(_complete_bank)


def _complete_account(_company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from _amount_faults(values, "")


def _account_postings(company: Company, values: Values) -> list[Posting]:
    amount, details = _amounts(values), values.get("details")
    account = values["ledger_account"].id
    return [
        Posting(account, amount, details=details),
        Posting(company.controls[OPENING], -amount, details=details),
    ]


def account_opening_conduct() -> Conduct:
    """How a ledger account's opening balance behaves: it has no date, the day before the start stands."""
    booking = Booking(
        "ledger_account_opening_balance",
        lambda _company, _values: "LEDGER_ACCOUNT_OPENING_BALANCE",
        _account_postings,
        lambda company, _values: day_before(company.settings["accounts_start_date"]),
        lambda values: abs(_amounts(values)),
        opening=True,
    )
    return booking.conduct(_complete_account)


def _complete_contact(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"], opening=True)
    yield from currency_faults(company, values)
    amount = values["total_amount"] = rounded(values["total_amount"])
    if amount <= 0:
        yield Fault("Total amount must be greater than 0.", "total_amount")
    # Only under cash accounting does an opening balance carry tax that is still due.
    values["net_amount"] = values["base_currency_net_amount"] = amount
    values["tax_amount"] = values["base_currency_tax_amount"] = NOTHING
    values["base_currency_total_amount"] = amount
    values["currency"] = Link("currency", company.identity.currency)
    values["exchange_rate"] = Decimal(1)
    none = f"{company.identity.country}_NO_TAX"
    values["tax_rate"] = values.get("tax_rate") or Link("tax_rate", none)


def _contact_sign(company: Company, values: Values) -> int:
    """+1 where the opening balance is a debit of the contact."""
    is_invoice = values["contact_opening_balance_type"].id == "INVOICE"
    is_customer = side_of(company, values["contact"]) == "CUSTOMER"
    return 1 if is_invoice == is_customer else -1


def _contact_type(company: Company, values: Values) -> str:
    side = side_of(company, values["contact"])
    return f"{side}_OPENING_BALANCE_{values['contact_opening_balance_type'].id}"


def _contact_postings(company: Company, values: Values) -> list[Posting]:
    amount = _contact_sign(company, values) * values["total_amount"]
    role = DEBTORS if side_of(company, values["contact"]) == "CUSTOMER" else CREDITORS
    details = values.get("details")
    return [
        Posting(company.controls[role], amount, values["contact"].id, details=details),
        Posting(company.controls[OPENING], -amount, details=details),
    ]


def _contact_artefact(company: Company, row: Row) -> Artefact:
    values = row.values
    amount = _contact_sign(company, values) * values["total_amount"]
    return Artefact(row.id, Link("contact_opening_balance", row.id), values["contact"].id, amount)


def contact_opening_conduct() -> Conduct:
    """How a contact's opening balance behaves: it can be paid and allocated like an invoice."""
    booking = Booking(
        "contact_opening_balance",
        _contact_type,
        _contact_postings,
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["total_amount"]),
        artefact=_contact_artefact,
        opening=True,
    )
    return booking.conduct(_complete_contact)
