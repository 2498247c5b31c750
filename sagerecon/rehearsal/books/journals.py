"""Journals and the four kinds of opening balance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import in_base, rounded, total
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.chart import CREDITORS, DEBTORS, OPENING
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import (
    bank_rate_faults,
    foreign_bank_currency,
    foreign_currency,
    rate_faults,
)
from sagerecon.rehearsal.books.documents import tax_breakdown, tax_faults
from sagerecon.rehearsal.books.hooks import (
    Hooks,
    day_before,
    day_faults,
    side_of,
)
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault
from sagerecon.rehearsal.books.tax_entries import ON_PAYMENT, deferred_tax, tax_account, tax_point


def _amounts(values: Values) -> Decimal:
    return Decimal(values["debit"]) - Decimal(values["credit"])


def _amount_faults(values: Values, path: str) -> Iterator[Fault]:
    """Yield a fault if debit or credit is negative, or both are given."""
    debit = values["debit"] = rounded(values.get("debit") or ZERO)
    credit = values["credit"] = rounded(values.get("credit") or ZERO)
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


def journal_hooks() -> Hooks:
    """Return the hooks of journals."""
    booking = Booking(
        kind="journal",
        transaction_type=lambda _company, _values: "JOURNAL",
        postings=lambda _company, values: _line_postings(values),
        day=lambda _company, values: str(values["date"]),
        total=_debits,
    )
    return booking.hooks(_complete_journal)


def _complete_opening_journal(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    values["date"] = values.get("date") or day_before(company.settings["accounts_start_date"])
    yield from day_faults(company, values["date"], opening=True)
    for line in values["journal_lines"]:
        yield from _amount_faults(line, "journal_lines.")


def _opening_journal_postings(company: Company, values: Values) -> list[Posting]:
    entries = _line_postings(values)
    rest = total(entry.amount for entry in entries)
    return [*entries, Posting(company.controls[OPENING], -rest)]


def opening_journal_hooks() -> Hooks:
    """Return the hooks of opening journals; a residual is posted to the opening control account."""
    booking = Booking(
        kind="opening_balance_journal",
        transaction_type=lambda _company, _values: "OPENING_BALANCE_JOURNAL",
        postings=_opening_journal_postings,
        day=lambda _company, values: str(values["date"]),
        total=_debits,
        opening=True,
    )
    return booking.hooks(_complete_opening_journal)


def _complete_bank(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"], opening=True)
    yield from _amount_faults(values, "")
    yield from bank_rate_faults(company, values, "bank_account", old)


def _bank_postings(company: Company, values: Values) -> list[Posting]:
    """Return the postings of a bank account's opening balance, in the currency of the account."""
    amount, currency = _amounts(values), foreign_bank_currency(company, values["bank_account"])
    bank, base = company.ledger_account_of(values["bank_account"].id), in_base(amount, values["bank_rate"])
    in_currency = amount if currency else ZERO
    return [
        Posting(
            account=bank,
            amount=base,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=in_currency,
        ),
        Posting(
            account=company.controls[OPENING],
            amount=-base,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=-in_currency,
        ),
    ]


def bank_opening_hooks() -> Hooks:
    """Return the hooks of a bank account's opening balance."""
    booking = Booking(
        kind="bank_opening_balance",
        transaction_type=lambda _company, _values: "BANK_OPENING_BALANCE",
        postings=_bank_postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: abs(_amounts(values)),
        opening=True,
        base_total=lambda values: in_base(abs(_amounts(values)), values["bank_rate"]),
    )
    return booking.hooks(_complete_bank)


def _complete_account(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, day_before(company.settings["accounts_start_date"]), "base", opening=True)
    yield from _amount_faults(values, "")


def _account_postings(company: Company, values: Values) -> list[Posting]:
    amount, details = _amounts(values), values.get("details")
    account = values["ledger_account"].id
    return [
        Posting(account, amount, details=details),
        Posting(company.controls[OPENING], -amount, details=details),
    ]


def account_opening_hooks() -> Hooks:
    """Return the hooks of a ledger account's opening balance.

    It has no date, so it is booked on the day before the accounts start date.
    """
    booking = Booking(
        kind="ledger_account_opening_balance",
        transaction_type=lambda _company, _values: "LEDGER_ACCOUNT_OPENING_BALANCE",
        postings=_account_postings,
        day=lambda company, _values: day_before(company.settings["accounts_start_date"]),
        total=lambda values: abs(_amounts(values)),
        opening=True,
    )
    return booking.hooks(_complete_account)


def _complete_contact(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"], opening=True)
    yield from rate_faults(company, values, old)
    amount = values["total_amount"] = rounded(values["total_amount"])
    if amount <= 0:
        yield Fault("Total amount must be greater than 0.", "total_amount")
    values["tax_point"] = tax_point(company, old, amount)
    net = amount
    # Only under cash accounting can tax of an opening balance still become due.
    if values["tax_point"] == ON_PAYMENT:
        missing = [name for name in ("net_amount", "tax_rate") if values.get(name) is None]
        yield from (Fault(REQUIRED, "tax_rate_id" if name == "tax_rate" else name) for name in missing)
        net = rounded(values.get("net_amount") or ZERO)
        if not missing and not 0 <= net <= amount:
            yield Fault("Net amount must be between 0 and the total amount.", "net_amount")
        if not missing:
            yield from tax_faults(company, values["tax_rate"], amount - net, "net_amount")
    rate, tax = values["exchange_rate"], amount - net
    base_net, base_tax = in_base(net, rate), in_base(tax, rate)
    values["net_amount"], values["base_currency_net_amount"] = net, base_net
    values["tax_amount"], values["base_currency_tax_amount"] = tax, base_tax
    values["base_currency_total_amount"] = base_net + base_tax
    none = f"{company.identity.country}_NO_TAX"
    values["tax_rate"] = values.get("tax_rate") or Link("tax_rate", none)
    values["tax_breakdown"] = tax_breakdown(company, values["tax_rate"], tax, values["date"])
    values["base_currency_tax_breakdown"] = tax_breakdown(
        company, values["tax_rate"], base_tax, values["date"]
    )


def _contact_sign(company: Company, values: Values) -> int:
    """Return +1 if the opening balance debits the contact, else -1."""
    is_invoice = values["contact_opening_balance_type"].id == "INVOICE"
    is_customer = side_of(company, values["contact"]) == "CUSTOMER"
    return 1 if is_invoice == is_customer else -1


def _contact_type(company: Company, values: Values) -> str:
    side = side_of(company, values["contact"])
    return f"{side}_OPENING_BALANCE_{values['contact_opening_balance_type'].id}"


def _contact_postings(company: Company, values: Values) -> list[Posting]:
    sign, side = _contact_sign(company, values), side_of(company, values["contact"])
    details, currency = values.get("details"), foreign_currency(company, values)
    role = DEBTORS if side == "CUSTOMER" else CREDITORS

    def post(account: str, name: str, sign: int, contact: str = "", rate: Link | None = None) -> Posting:
        amount = sign * values[name] if currency else ZERO
        return Posting(
            account=account,
            amount=sign * values[f"base_currency_{name}"],
            contact=contact,
            tax_rate=rate,
            details=details,
            currency=currency,
            foreign=amount,
        )

    entries = [
        post(company.controls[role], "total_amount", sign, values["contact"].id),
        post(company.controls[OPENING], "net_amount", -sign),
    ]
    if values["tax_amount"]:
        entries.append(post(tax_account(company, side, values), "tax_amount", -sign, "", values["tax_rate"]))
    return entries


def _contact_artefact(company: Company, row: Row) -> Artefact:
    values, origin = row.values, Link("contact_opening_balance", row.id)
    sign, side = _contact_sign(company, values), side_of(company, values["contact"])
    amount, base = sign * values["total_amount"], sign * values["base_currency_total_amount"]
    deferred = deferred_tax(company, side, values, _contact_postings(company, values))
    return Artefact(
        row.id, origin, values["contact"].id, amount, base, foreign_currency(company, values), deferred
    )


def contact_opening_hooks() -> Hooks:
    """Return the hooks of a contact's opening balance, which can be paid and allocated."""
    booking = Booking(
        kind="contact_opening_balance",
        transaction_type=_contact_type,
        postings=_contact_postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        artefact=_contact_artefact,
        opening=True,
        base_total=lambda values: Decimal(values["base_currency_total_amount"]),
    )
    return booking.hooks(_complete_contact)
