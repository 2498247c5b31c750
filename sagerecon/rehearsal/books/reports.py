"""Balances and reports: all of them read the one ledger and the one sub-ledger, so they agree."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sagerecon.model.clock import instant, instant_text
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.chart import CREDITORS, DEBTORS
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import side_of
from sagerecon.rehearsal.books.currency import foreign
from sagerecon.rehearsal.books.presenting import amount_text, base, displayed_as
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, Refusal, invalid
from sagerecon.rehearsal.books.tax import TaxRate

NOTHING = Decimal()


def day_given(query: Mapping[str, str], name: str) -> str:
    """The ISO day under a name of a query, or empty.

    Raises:
        Refusal: it is not a day.
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
    """Each account with its opening balance, its movement in the period and its closing balance, net."""
    start, end = day_given(query, "from_date"), day_given(query, "to_date")
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
                **base(company, Link("ledger_account", row.id)),
                "opening_balance": _sides(opening),
                "closing_balance": _sides(closing),
                **_sides(closing - opening),
            }
        )
    return {"from_date": start, "to_date": end, "ledger_accounts": accounts}


def _sides(amount: Decimal) -> dict[str, str]:
    return {
        "debit": amount_text(max(amount, NOTHING), 0),
        "credit": amount_text(max(-amount, NOTHING), 0),
    }


def balance_details(company: Company, account: str, query: Mapping[str, str]) -> dict[str, Any]:
    """An account's balance; with dates, what was booked between them."""
    start, end = day_given(query, "from_date"), day_given(query, "to_date")
    sums = company.ledger.account(account)
    opening = sums.before(start) if start else NOTHING
    amount = sums.at(end) - opening
    standing = query.get("exclude_deleted_entries", "").lower() in ("true", "1")
    debits, credits = company.ledger.turnover(account, start, end, standing=standing)
    return {
        "balance": amount_text(abs(amount)),
        "credit_or_debit": "credit" if amount < 0 else "debit",
        "credits": amount_text(credits),
        "debits": amount_text(debits),
        "from_date": start or None,
        "to_date": end or None,
    }


def contact_balance(company: Company, contact: str, day: str = "", *, in_base: bool = False) -> Decimal:
    """What a contact owes, or is owed: positive as usual for its type, as at the end of a day; in the
    contact's own currency, or in the base currency."""
    row = company.find(Link("contact", contact))
    currency = foreign(company, row.values) if row is not None else ""
    amount = NOTHING
    for role in (DEBTORS, CREDITORS):
        account = company.controls[role]
        if currency and not in_base:
            amount += company.ledger.foreign(account, currency, contact).at(day)
        else:
            amount += company.ledger.contact(account, contact).at(day)
    is_customer = row is not None and row.values["contact_types"][0].id == "CUSTOMER"
    return amount if is_customer else -amount


def bank_balance(company: Company, bank_account: Row, day: str = "") -> Decimal:
    """What stands on a bank account in its own currency, in our favour if positive."""
    account, currency = bank_account.values["ledger_account"].id, foreign(company, bank_account.values)
    if currency:
        return company.ledger.foreign(account, currency).at(day)
    return company.ledger.account(account).at(day)


def chosen_rates(company: Company, query: Mapping[str, str]) -> list[TaxRate]:
    """The tax rates of the country, or those of a region: its own and the ones that apply everywhere."""
    rates = list(company.tax_rates.values())
    region = query.get("address_region_id", "")
    if region:
        rates = [rate for rate in rates if not rate.regions or region in rate.regions]
    if query.get("cis_only", "").lower() in ("true", "1"):
        return []
    return rates


def unallocated(company: Company, query: Mapping[str, str]) -> list[Artefact]:
    """What is not settled, in the order it arose; by contact, or by a part of a contact's name."""
    found = list(company.artefacts.open(query.get("contact_id", "")))
    wanted = query.get("search", "").casefold()
    if wanted:
        names = {artefact.contact: "" for artefact in found}
        for contact in names:
            names[contact] = str(displayed_as(company, Link("contact", contact))).casefold()
        found = [artefact for artefact in found if wanted in names[artefact.contact]]
    return found


def artefact_base(company: Company, artefact: Artefact) -> dict[str, Any]:
    """How an artefact stands in a list: opening balances under the path of quick entries."""
    answer = base(company, artefact.origin)
    answer["id"] = artefact.id
    if artefact.origin.kind == "contact_opening_balance":
        is_customer = side_of(company, Link("contact", artefact.contact)) == "CUSTOMER"
        answer["$path"] = f"/{'sales' if is_customer else 'purchase'}_quick_entries/{artefact.id}"
    return answer


def payment_on_account(company: Company, artefact: Artefact) -> dict[str, Any]:
    """The part of a payment that settles nothing yet."""
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
        "contact": base(company, Link("contact", artefact.contact)),
        "date": payment.values["date"],
        "reference": payment.values.get("reference"),
        "net_amount": amount,
        "tax_amount": "0.0",
        "total_amount": amount,
        "outstanding_amount": left,
        "currency": base(company, payment.values["currency"]),
        "exchange_rate": amount_text(payment.values["exchange_rate"]),
        "base_currency_net_amount": in_base,
        "base_currency_tax_amount": "0.0",
        "base_currency_total_amount": in_base,
        "base_currency_outstanding_amount": amount_text(abs(artefact.base_outstanding)),
        "status": base(company, Link("artefact_status", artefact.status)),
    }


def payments_allocations(company: Company, artefact: Artefact) -> list[dict[str, Any]]:
    """What has settled an artefact so far."""
    answers: list[dict[str, Any]] = []
    for by, amount in artefact.uses.items():
        row = company.find(by)
        if row is not None:
            answers.append(
                {
                    **base(company, by),
                    "date": row.values["date"],
                    "reference": row.values.get("reference"),
                    "amount": amount_text(abs(amount)),
                    "transaction_type": base(company, row.values["transaction_type"]),
                }
            )
    return answers
