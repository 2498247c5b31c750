"""Balances and reports, all computed from the one ledger and the one sub-ledger, so that they agree."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sagerecon.model.clock import instant, instant_text
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.chart import CREDITORS, DEBTORS
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import foreign_currency
from sagerecon.rehearsal.books.hooks import side_of
from sagerecon.rehearsal.books.presentation import amount_text, displayed_as, reference_answer
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, Refusal, invalid
from sagerecon.rehearsal.books.tax import TaxRate

ZERO = Decimal()


def read_day(query: Mapping[str, str], name: str) -> str:
    """Return the ISO day of a query parameter, or an empty string.

    Raises:
        Refusal: 400, it is not a date.
    """
    text = query.get(name, "")
    if not text:
        return ""
    try:
        instant(text)
    except ValueError:
        raise Refusal(400, [Fault(f"{name} is not a date.", name, "ValidationError")]) from None
    return text[:10]


def trial_balance(company: Company, query: Mapping[str, str]) -> dict[str, Any]:
    """Return each account's opening balance, net movement in the period and closing balance."""
    start, end = read_day(query, "from_date"), read_day(query, "to_date")
    missing = [Fault(REQUIRED, name) for name, day in (("from_date", start), ("to_date", end)) if not day]
    if missing:
        raise invalid(*missing)
    accounts: list[dict[str, Any]] = []
    for row in company.table("ledger_account"):
        if not company.ledger.is_used(row.id):
            continue
        sums = company.ledger.account(row.id)
        opening, closing = sums.before(start), sums.at(end)
        accounts.append(
            {
                **reference_answer(company, Link("ledger_account", row.id)),
                "opening_balance": _sides(opening),
                "closing_balance": _sides(closing),
                **_sides(closing - opening),
            }
        )
    return {"from_date": start, "to_date": end, "ledger_accounts": accounts}


def _sides(amount: Decimal) -> dict[str, str]:
    return {
        "debit": amount_text(max(amount, ZERO), 0),
        "credit": amount_text(max(-amount, ZERO), 0),
    }


def balance_details(company: Company, account: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return an account's balance; with dates, the movement between them."""
    start, end = read_day(query, "from_date"), read_day(query, "to_date")
    sums = company.ledger.account(account)
    opening = sums.before(start) if start else ZERO
    amount = sums.at(end) - opening
    active_only = query.get("exclude_deleted_entries", "").lower() in ("true", "1")
    debits, credits = company.ledger.turnover(account, start, end, active_only=active_only)
    return {
        "balance": amount_text(abs(amount)),
        "credit_or_debit": "credit" if amount < 0 else "debit",
        "credits": amount_text(credits),
        "debits": amount_text(debits),
        "from_date": start or None,
        "to_date": end or None,
    }


def contact_balance(company: Company, contact: str, day: str = "", *, in_base: bool = False) -> Decimal:
    """Return a contact's balance at the end of a day; positive is the usual sign of its type.

    It is in the contact's own currency, or in the base currency.
    """
    row = company.find(Link("contact", contact))
    currency = foreign_currency(company, row.values) if row is not None else ""
    amount = ZERO
    for role in (DEBTORS, CREDITORS):
        account = company.controls[role]
        if currency and not in_base:
            amount += company.ledger.foreign(account, currency, contact).at(day)
        else:
            amount += company.ledger.contact(account, contact).at(day)
    is_customer = row is not None and row.values["contact_types"][0].id == "CUSTOMER"
    return amount if is_customer else -amount


def bank_balance(company: Company, bank_account: Row, day: str = "") -> Decimal:
    """Return the balance of a bank account in its own currency; positive for an asset."""
    account, currency = (
        bank_account.values["ledger_account"].id,
        foreign_currency(company, bank_account.values),
    )
    if currency:
        return company.ledger.foreign(account, currency).at(day)
    return company.ledger.account(account).at(day)


def matching_rates(company: Company, query: Mapping[str, str]) -> list[TaxRate]:
    """Return the tax rates of the country, or those that apply in a region."""
    rates = list(company.tax_rates.values())
    region = query.get("address_region_id", "")
    if region:
        rates = [rate for rate in rates if not rate.regions or region in rate.regions]
    if query.get("cis_only", "").lower() in ("true", "1"):
        return []
    return rates


def open_artefacts(company: Company, query: Mapping[str, str]) -> list[Artefact]:
    """Return the artefacts that are not settled, oldest first, by contact or part of its name."""
    found = list(company.artefacts.open(query.get("contact_id", "")))
    wanted = query.get("search", "").casefold()
    if wanted:
        names = {artefact.contact: "" for artefact in found}
        for contact in names:
            names[contact] = str(displayed_as(company, Link("contact", contact))).casefold()
        found = [artefact for artefact in found if wanted in names[artefact.contact]]
    return found


def artefact_base(company: Company, artefact: Artefact) -> dict[str, Any]:
    """Return the short form of an artefact; opening balances have the path of a quick entry."""
    answer = reference_answer(company, artefact.origin)
    answer["id"] = artefact.id
    if artefact.origin.kind == "contact_opening_balance":
        is_customer = side_of(company, Link("contact", artefact.contact)) == "CUSTOMER"
        answer["$path"] = f"/{'sales' if is_customer else 'purchase'}_quick_entries/{artefact.id}"
    return answer


def payment_on_account(company: Company, artefact: Artefact) -> dict[str, Any]:
    """Return the part of a payment that is not allocated."""
    payment = company.find(artefact.origin)
    contact = company.find(Link("contact", artefact.contact))
    if payment is None or contact is None:
        return {}
    amount, left = amount_text(abs(artefact.total)), amount_text(abs(artefact.outstanding))
    in_base = amount_text(abs(artefact.base_total))
    return {
        **artefact_base(company, artefact),
        "created_at": instant_text(payment.created_at),
        "updated_at": instant_text(payment.updated_at),
        "contact_name": contact.values["name"],
        "contact_reference": contact.values.get("reference"),
        "contact": reference_answer(company, Link("contact", artefact.contact)),
        "date": payment.values["date"],
        "reference": payment.values.get("reference"),
        "net_amount": amount,
        "tax_amount": "0.0",
        "total_amount": amount,
        "outstanding_amount": left,
        "currency": reference_answer(company, payment.values["currency"]),
        "exchange_rate": amount_text(payment.values["exchange_rate"]),
        "base_currency_net_amount": in_base,
        "base_currency_tax_amount": "0.0",
        "base_currency_total_amount": in_base,
        "base_currency_outstanding_amount": amount_text(abs(artefact.base_outstanding)),
        "status": reference_answer(company, Link("artefact_status", artefact.status)),
    }


def payments_allocations(company: Company, artefact: Artefact) -> list[dict[str, Any]]:
    """Return the payments and allocations that settled an artefact."""
    answers: list[dict[str, Any]] = []
    for by, amount in artefact.settled_by.items():
        row = company.find(by)
        if row is not None:
            answers.append(
                {
                    **reference_answer(company, by),
                    "date": row.values["date"],
                    "reference": row.values.get("reference"),
                    "amount": amount_text(abs(amount)),
                    "transaction_type": reference_answer(company, row.values["transaction_type"]),
                }
            )
    return answers
