"""Tax postings of a booking: to the tax account, or deferred until payment under cash accounting.

In Canada the federal and the provincial part are posted separately.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.artefacts import Part
from sagerecon.rehearsal.books.chart import (
    PROVINCIAL_TAX,
    PURCHASE_TAX,
    PURCHASE_TAX_DEFERRED,
    SALES_TAX,
    SALES_TAX_DEFERRED,
)
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.tax import TaxRate

ON_INVOICE = "invoice"
ON_PAYMENT = "payment"

_ACCOUNTS = {
    ("CUSTOMER", ON_INVOICE): SALES_TAX,
    ("VENDOR", ON_INVOICE): PURCHASE_TAX,
    ("CUSTOMER", ON_PAYMENT): SALES_TAX_DEFERRED,
    ("VENDOR", ON_PAYMENT): PURCHASE_TAX_DEFERRED,
}


def tax_point(company: Company, old: Row | None, total: Decimal) -> str:
    """Return when the tax of a document becomes due: ON_INVOICE or ON_PAYMENT.

    A booked document keeps its tax point. A document with a total of zero is never paid, so its tax is due
    at once.
    """
    if old is not None and "transaction" in old.values:
        point = str(old.values.get("tax_point") or ON_INVOICE)
    else:
        is_cash = company.settings["tax_scheme"] == Link("tax_scheme", "CASH_ACCOUNTING")
        point = ON_PAYMENT if is_cash else ON_INVOICE
    return point if total else ON_INVOICE


def tax_account(company: Company, side: str, values: Values) -> str:
    """Return the id of the account for the tax of a customer's or vendor's document."""
    return company.controls[_ACCOUNTS[side, values.get("tax_point") or ON_INVOICE]]


def deferred_tax(
    company: Company, side: str, values: Values, postings: Iterable[Posting]
) -> dict[Link, Decimal]:
    """Return the tax that a document's postings defer until payment, by rate."""
    deferred: dict[Link, Decimal] = {}
    if values.get("tax_point") != ON_PAYMENT:
        return deferred
    account = company.controls[_ACCOUNTS[side, ON_PAYMENT]]
    for posting in postings:
        if posting.account == account and posting.tax_rate is not None:
            deferred[posting.tax_rate] = deferred.get(posting.tax_rate, ZERO) + posting.amount
    return {rate: amount for rate, amount in deferred.items() if amount}


def tax_due_postings(company: Company, side: str, parts: Iterable[Part]) -> Iterator[Posting]:
    """Yield the postings that move settled tax from the deferred to the tax account."""
    for part in parts:
        for rate, amount in part.tax.items():
            yield Posting(company.controls[_ACCOUNTS[side, ON_PAYMENT]], -amount, "", rate)
            yield Posting(company.controls[_ACCOUNTS[side, ON_INVOICE]], amount, "", rate)


def provincial_part(rate: TaxRate | None, line: Values, day: str) -> Decimal:
    """Return the provincial part of a line's tax: as given, or by the percentages of the day."""
    tax: Decimal = line["tax_amount"]
    if line.get("pst_amount") is not None:
        return Decimal(line["pst_amount"])
    if line.get("gst_amount") is not None:
        return tax - Decimal(line["gst_amount"])
    if rate is None or not rate.provincial or not rate.at(day):
        return ZERO
    return rounded(tax * rate.provincial_at(day) / rate.at(day))


def reclaimed_amounts(company: Company, lines: Iterable[Values], day: str) -> Values:
    """Return what a Canadian business reclaims: the federal input tax credit and Quebec's refund."""
    sums = {"itc": ZERO, "itr": ZERO}
    bases = dict(sums)
    for line in lines:
        if line.get("tax_recoverable") is False:
            continue
        rate = company.tax_rates.get(line["tax_rate"].id) if line.get("tax_rate") else None
        base, tax = line["base_currency_tax_amount"], line["tax_amount"]
        provincial = provincial_part(rate, line, day)
        share = provincial_share(base, tax, provincial)
        sums["itc"] += tax - provincial
        bases["itc"] += base - share
        if rate is not None and rate.is_provincial_reclaimed:
            sums["itr"] += provincial
            bases["itr"] += share
    return {
        **{f"total_{name}_amount": amount for name, amount in sums.items()},
        **{f"base_currency_total_{name}_amount": amount for name, amount in bases.items()},
    }


def provincial_share(base: Decimal, tax: Decimal, provincial: Decimal) -> Decimal:
    """Return the provincial part of a tax in the base currency."""
    if provincial == tax:
        return base
    return rounded(base * provincial / tax) if tax else ZERO


def tax_shares(
    company: Company, side: str, values: Values, line: Values, day: str
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Yield account, base amount and document amount of each part of a line's tax.

    A provincial tax has its own account; if it cannot be reclaimed on purchases it is part of the cost.
    """
    base, tax = line["base_currency_tax_amount"], line["tax_amount"]
    own = tax_account(company, side, values)
    rate = company.tax_rates.get(line["tax_rate"].id) if line.get("tax_rate") else None
    provincial = provincial_part(rate, line, day) if company.identity.country == "CA" else ZERO
    if side == "VENDOR" and line.get("tax_recoverable") is False:
        yield line["ledger_account"].id, base, tax
        return
    if not provincial:
        yield own, base, tax
        return
    share = provincial_share(base, tax, provincial)
    yield own, base - share, tax - provincial
    is_cost = side == "VENDOR" and not (rate is not None and rate.is_provincial_reclaimed)
    account = line["ledger_account"].id if is_cost else company.controls[PROVINCIAL_TAX]
    yield account, share, provincial
