"""Bank movements without a contact: other payments and receipts, and bank transfers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import in_base, rounded, total
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import bank_rate_faults, foreign_bank_currency
from sagerecon.rehearsal.books.documents import region_tax_faults, tax_breakdown, tax_faults
from sagerecon.rehearsal.books.hooks import Hooks, day_faults
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.tax_entries import reclaimed_amounts, tax_shares
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES

#: Sign on the bank account (+1 is a debit), and the side whose tax account the tax is booked to.
_OTHER = {
    "OTHER_PAYMENT": (-1, "VENDOR"),
    "OTHER_RECEIPT": (1, "CUSTOMER"),
    "OTHER_PAYMENT_REFUND": (1, "VENDOR"),
    "OTHER_RECEIPT_REFUND": (-1, "CUSTOMER"),
}


def _complete_other(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if values["transaction_type"].id not in _OTHER:
        yield Fault("Transaction type is not included in the list.", "transaction_type_id")
        return
    yield from day_faults(company, values["date"])
    if values.get("bank_account") is None:
        values["bank_account"] = Link("bank_account", next(iter(company.table("bank_account").rows)))
    yield from bank_rate_faults(company, values, "bank_account", old)
    amount = values["total_amount"] = rounded(values["total_amount"])
    if values.get("part_recoverable"):
        yield Fault(UNSUPPORTED_FEATURES["part_recoverable"], "part_recoverable")
    if amount <= 0:
        yield Fault("Total amount must be greater than 0.", "total_amount")
    for line in values["payment_lines"]:
        yield from _complete_line(company, line, values["date"], values["bank_rate"])
    lines = values["payment_lines"]
    if total(line["total_amount"] for line in lines) != amount:
        yield Fault("The total amount must equal the sum of the payment lines.", "total_amount")
    values["net_amount"] = total(line["net_amount"] for line in lines)
    values["tax_amount"] = total(line["tax_amount"] for line in lines)
    if company.identity.country == "CA" and _OTHER[values["transaction_type"].id][1] == "VENDOR":
        values |= reclaimed_amounts(company, lines, values["date"])
    values["editable"] = values["deletable"] = True


def _complete_line(company: Company, line: Values, day: str, exchange: Decimal) -> Iterator[Fault]:
    amount = line["total_amount"] = rounded(line["total_amount"])
    tax, net = line.get("tax_amount"), line.get("net_amount")
    if tax is None:
        tax = amount - rounded(net) if net is not None else ZERO
    tax = rounded(tax)
    if net is not None and rounded(net) + tax != amount:
        yield Fault("Net and tax amount must sum to the total amount.", "payment_lines.total_amount")
    line["tax_amount"], line["net_amount"] = tax, amount - tax
    line["base_currency_tax_amount"] = in_base(tax, exchange)
    line["base_currency_net_amount"] = in_base(amount - tax, exchange)
    yield from region_tax_faults(company, line, "payment_lines")
    line["displayed_as"] = line.get("details")
    line["tax_breakdown"] = tax_breakdown(company, line.get("tax_rate"), tax, day)
    yield from tax_faults(company, line.get("tax_rate"), tax, "payment_lines.tax_amount")


def _other_postings(company: Company, values: Values) -> list[Posting]:
    sign, side = _OTHER[values["transaction_type"].id]
    bank = company.ledger_account_of(values["bank_account"].id)
    currency = foreign_bank_currency(company, values["bank_account"])
    entries: list[Posting] = []
    for line in values["payment_lines"]:
        rate, details = line.get("tax_rate"), line.get("details")
        shares = [
            (line["ledger_account"].id, line["base_currency_net_amount"], line["net_amount"]),
            # The money has been paid, so the tax is due under any scheme.
            *tax_shares(company, side, {}, line, values["date"]),
        ]
        for account, base, amount in shares:
            in_currency = -sign * amount if currency else ZERO
            entries.append(
                Posting(
                    account=account,
                    amount=-sign * base,
                    contact="",
                    tax_rate=rate,
                    details=details,
                    currency=currency,
                    foreign=in_currency,
                )
            )
    base = -total(entry.amount for entry in entries)
    in_currency = sign * values["total_amount"] if currency else ZERO
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
        *entries,
    ]


def _other_base_total(values: Values) -> Decimal:
    lines = values["payment_lines"]
    return total(line[f"base_currency_{name}_amount"] for line in lines for name in ("net", "tax"))


def other_payment_hooks() -> Hooks:
    """Return the hooks of other payments and receipts."""
    booking = Booking(
        kind="other_payment",
        transaction_type=lambda _company, values: str(values["transaction_type"].id),
        postings=_other_postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        base_total=_other_base_total,
    )
    return booking.hooks(_complete_other)


def _complete_transfer(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from day_faults(company, values["date"])
    yield from bank_rate_faults(company, values, "from_bank_account", old)
    if foreign_bank_currency(company, values["from_bank_account"]) != foreign_bank_currency(
        company, values["to_bank_account"]
    ):
        yield Fault(UNSUPPORTED_FEATURES["transfer_currency"], "to_bank_account_id")
    amount = values["amount"] = rounded(values["amount"])
    if amount <= 0:
        yield Fault("Amount must be greater than 0.", "amount")
    if values["from_bank_account"] == values["to_bank_account"]:
        yield Fault("The two bank accounts must differ.", "to_bank_account_id")
    origin = company.find(values["from_bank_account"])
    if origin is not None and origin.values["bank_account_type"].id == "CASH_IN_HAND":
        yield Fault("You cannot transfer from a cash account; use a bank deposit.", "from_bank_account_id")
    values["editable"] = True


def transfer_postings(company: Company, values: Values, moved: Decimal) -> list[Posting]:
    """Return the postings that move money between two bank accounts in the same currency."""
    currency = foreign_bank_currency(company, values["from_bank_account"])
    base, amount = in_base(moved, values["bank_rate"]), moved if currency else ZERO
    target = company.ledger_account_of(values["to_bank_account"].id)
    origin = company.ledger_account_of(values["from_bank_account"].id)
    return [
        Posting(
            account=target,
            amount=base,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=amount,
        ),
        Posting(
            account=origin,
            amount=-base,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=-amount,
        ),
    ]


def transfer_hooks() -> Hooks:
    """Return the hooks of bank transfers."""
    booking = Booking(
        kind="bank_transfer",
        transaction_type=lambda _company, _values: "BANK_TRANSFER",
        postings=lambda company, values: transfer_postings(company, values, values["amount"]),
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["amount"]),
        base_total=lambda values: in_base(values["amount"], values["bank_rate"]),
    )
    return booking.hooks(_complete_transfer)
