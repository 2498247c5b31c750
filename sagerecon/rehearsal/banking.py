"""Money that is not a contact's settlement: other payments and receipts, and bank transfers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import rounded, total
from sagerecon.rehearsal.booking import Booking
from sagerecon.rehearsal.chart import PURCHASE_TAX, SALES_TAX
from sagerecon.rehearsal.company import Company
from sagerecon.rehearsal.conduct import Conduct, day_faults
from sagerecon.rehearsal.documents import tax_breakdown, tax_faults
from sagerecon.rehearsal.ledger import NOTHING, Posting
from sagerecon.rehearsal.records import Link, Row, Values
from sagerecon.rehearsal.refusal import Fault

#: What happens to the bank account, +1 a debit; and the tax account that takes the tax.
_OTHER = {
    "OTHER_PAYMENT": (-1, PURCHASE_TAX),
    "OTHER_RECEIPT": (1, SALES_TAX),
    "OTHER_PAYMENT_REFUND": (1, PURCHASE_TAX),
    "OTHER_RECEIPT_REFUND": (-1, SALES_TAX),
}


def _complete_other(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    if values["transaction_type"].id not in _OTHER:
        yield Fault("Transaction type is not included in the list.", "transaction_type_id")
        return
    yield from day_faults(company, values["date"])
    if values.get("bank_account") is None:
        values["bank_account"] = Link("bank_account", next(iter(company.table("bank_account").rows)))
    amount = values["total_amount"] = rounded(values["total_amount"])
    if amount <= 0:
        yield Fault("Total amount must be greater than 0.", "total_amount")
    for line in values["payment_lines"]:
        yield from _complete_line(company, line, values["date"])
    lines = values["payment_lines"]
    if total(line["total_amount"] for line in lines) != amount:
        yield Fault("The total amount must equal the sum of the payment lines.", "total_amount")
    values["net_amount"] = total(line["net_amount"] for line in lines)
    values["tax_amount"] = total(line["tax_amount"] for line in lines)
    values["editable"] = values["deletable"] = True


def _complete_line(company: Company, line: Values, day: str) -> Iterator[Fault]:
    amount = line["total_amount"] = rounded(line["total_amount"])
    tax, net = line.get("tax_amount"), line.get("net_amount")
    if tax is None:
        tax = amount - rounded(net) if net is not None else NOTHING
    tax = rounded(tax)
    if net is not None and rounded(net) + tax != amount:
        yield Fault("Net and tax amount must sum to the total amount.", "payment_lines.total_amount")
    line["tax_amount"], line["net_amount"] = tax, amount - tax
    line["displayed_as"] = line.get("details")
    line["tax_breakdown"] = tax_breakdown(company, line.get("tax_rate"), tax, day)
    yield from tax_faults(company, line.get("tax_rate"), tax, "payment_lines.tax_amount")


def _other_postings(company: Company, values: Values) -> list[Posting]:
    sign, tax = _OTHER[values["transaction_type"].id]
    bank = company.ledger_account_of(values["bank_account"].id)
    entries = [Posting(bank, sign * values["total_amount"])]
    for line in values["payment_lines"]:
        rate, details = line.get("tax_rate"), line.get("details")
        entries.append(Posting(line["ledger_account"].id, -sign * line["net_amount"], "", rate, details))
        entries.append(Posting(company.controls[tax], -sign * line["tax_amount"], "", rate, details))
    return entries


def other_payment_conduct() -> Conduct:
    """How other payments and receipts behave."""
    booking = Booking(
        "other_payment",
        lambda _company, values: str(values["transaction_type"].id),
        _other_postings,
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["total_amount"]),
    )
    return booking.conduct(_complete_other)


def _complete_transfer(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"])
    amount = values["amount"] = rounded(values["amount"])
    if amount <= 0:
        yield Fault("Amount must be greater than 0.", "amount")
    if values["from_bank_account"] == values["to_bank_account"]:
        yield Fault("The two bank accounts must differ.", "to_bank_account_id")
    origin = company.find(values["from_bank_account"])
    if origin is not None and origin.values["bank_account_type"].id == "CASH_IN_HAND":
        yield Fault("You cannot transfer from a cash account; use a bank deposit.", "from_bank_account_id")
    values["editable"] = True


def _transfer_postings(company: Company, values: Values) -> list[Posting]:
    amount = values["amount"]
    return [
        Posting(company.ledger_account_of(values["to_bank_account"].id), amount),
        Posting(company.ledger_account_of(values["from_bank_account"].id), -amount),
    ]


def transfer_conduct() -> Conduct:
    """How bank transfers behave."""
    booking = Booking(
        "bank_transfer",
        lambda _company, _values: "BANK_TRANSFER",
        _transfer_postings,
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["amount"]),
    )
    return booking.conduct(_complete_transfer)
