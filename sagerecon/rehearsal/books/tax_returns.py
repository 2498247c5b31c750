"""Tax returns: bookings in a filed return can no longer be changed.

The API cannot create the return of a period; in Sage, an accountant does it in the user interface. Here it is
`Business.file_tax_return`. As in Sage, a return includes everything up to its last day that no earlier return
included; what is booked into the period later is part of the next return.
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


def file_tax_return(company: Company, start: str, end: str, now: int) -> Row:
    """File the return of a period and return it; bookings up to `end` are marked as reconciled.

    `start` and `end` are ISO days; bookings without tax are not included.
    """
    accounts = _tax_accounts(company)
    due = Decimal()
    for transaction in list(_unreturned(company, end, accounts)):
        due -= total(
            entry.amount
            for entry in company.ledger.active_entries(transaction.id)
            if entry.account in accounts
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


def _unreturned(company: Company, end: str, accounts: frozenset[str]) -> Iterator[Row]:
    """Yield active bookings up to a day that belong in a return and are in none yet."""
    none = f"{company.identity.country}_NO_TAX"
    transactions: Table = company.table("transaction")
    for transaction in transactions:
        values = transaction.values
        if values["deleted"] or values.get("tax_reconciled") or values["date"] > end:
            continue
        entries = company.ledger.active_entries(transaction.id)
        if _belongs_in_return(company, transaction, entries, accounts, none):
            yield transaction


def _belongs_in_return(
    company: Company, transaction: Row, entries: list[Entry], accounts: frozenset[str], none: str
) -> bool:
    """Return whether tax is due on a booking, or its amounts must be declared.

    Under cash accounting that is the payment, not the document it settles.
    """
    if any(entry.account in accounts for entry in entries):
        return True
    origin = company.find(transaction.values["origin"])
    if origin is None or origin.values.get("tax_point") == ON_PAYMENT:
        return False
    if any(entry.tax_rate is not None and entry.tax_rate.id != none for entry in entries):
        return True
    return any(
        _settles_cash_document(company, part["artefact"])
        for part in origin.values.get("allocated_artefacts") or ()
    )


def _settles_cash_document(company: Company, link: object) -> bool:
    settled = company.artefacts.get(getattr(link, "id", ""))
    document = company.find(settled.origin) if settled is not None else None
    return document is not None and document.values.get("tax_point") == ON_PAYMENT
