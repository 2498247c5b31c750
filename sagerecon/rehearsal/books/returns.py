"""Tax returns: what has been returned to the authority stays as it was returned.

The API has no operation that makes a return of a period, so it is made by whoever plays the accountant
at the desk: `Business.mark_returned`. As in Sage, a return takes in everything up to its last day that no
earlier return took in; what is booked into the period later goes into the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import total
from sagerecon.rehearsal.books.chart import PROVINCIAL_TAX, PURCHASE_TAX, SALES_TAX
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.ledger import Entry
from sagerecon.rehearsal.books.records import Row, Table
from sagerecon.rehearsal.books.tax_entries import ON_PAYMENT

_KIND = "tax_return"


def mark_returned(company: Company, start: str, end: str, now: int) -> Row:
    """The return of a period of ISO days: every booking up to `end` that carries tax is reconciled."""
    accounts = _tax_accounts(company)
    due = Decimal()
    for transaction in list(_returnable(company, end, accounts)):
        due -= total(
            entry.amount for entry in company.ledger.standing(transaction.id) if entry.account in accounts
        )
        transaction.values["tax_reconciled"] = True
        company.table("transaction").touch(transaction, now)
        origin = company.find(transaction.values["origin"])
        if origin is not None:
            origin.values["tax_reconciled"] = True
            origin.values["editable"] = False
            company.table(transaction.values["origin"].kind).touch(origin, now)
    number = f"{company.next_number(_KIND):04d}"
    values = {
        "tax_return_number": number,
        "period_start_date": start,
        "period_end_date": end,
        "total_amount": due,
        "paid": False,
        "status": {"id": "SUBMITTED", "name": "Submitted"},
        "tax_return_type": {"id": "VAT_RETURN", "name": "VAT Return"},
    }
    return company.add(_KIND, values, now)


def _tax_accounts(company: Company) -> frozenset[str]:
    roles = (SALES_TAX, PURCHASE_TAX, PROVINCIAL_TAX)
    return frozenset(company.controls[role] for role in roles if role in company.controls)


def _returnable(company: Company, end: str, accounts: frozenset[str]) -> Iterator[Row]:
    """Standing bookings up to a day that no return has taken in and that a return is made of."""
    none = f"{company.identity.country}_NO_TAX"
    transactions: Table = company.table("transaction")
    for transaction in transactions:
        values = transaction.values
        if values["deleted"] or values.get("tax_reconciled") or values["date"] > end:
            continue
        entries = company.ledger.standing(transaction.id)
        if _is_returned(company, transaction, entries, accounts, none):
            yield transaction


def _is_returned(
    company: Company, transaction: Row, entries: list[Entry], accounts: frozenset[str], none: str
) -> bool:
    """Whether tax is due on a booking, or its amounts are declared though none is.

    Under cash accounting that is the payment, not the document that it settles.
    """
    if any(entry.account in accounts for entry in entries):
        return True
    origin = company.find(transaction.values["origin"])
    if origin is None or origin.values.get("tax_point") == ON_PAYMENT:
        return False
    if any(entry.tax_rate is not None and entry.tax_rate.id != none for entry in entries):
        return True
    return any(_is_cash(company, part["artefact"]) for part in origin.values.get("allocated_artefacts") or ())


def _is_cash(company: Company, link: object) -> bool:
    settled = company.artefacts.get(getattr(link, "id", ""))
    document = company.find(settled.origin) if settled is not None else None
    return document is not None and document.values.get("tax_point") == ON_PAYMENT
