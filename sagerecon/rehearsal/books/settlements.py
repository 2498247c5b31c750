"""Payments to and from contacts, and allocations."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import in_base, rounded, total
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.booking import Booking, Settlement, settled_parts
from sagerecon.rehearsal.books.chart import (
    CREDITORS,
    DEBTORS,
    DISCOUNT_ALLOWED,
    DISCOUNT_RECEIVED,
    EXCHANGE,
)
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import bank_currency_faults, foreign_currency, rate_faults
from sagerecon.rehearsal.books.hooks import Hooks, contact_faults, day_faults
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.presentation import ON_ACCOUNT
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault
from sagerecon.rehearsal.books.tax_entries import tax_due_postings
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES

#: Sign of the artefacts a payment settles: a receipt settles debits of the customer.
_SETTLES = {"CUSTOMER_RECEIPT": 1, "CUSTOMER_REFUND": -1, "VENDOR_PAYMENT": -1, "VENDOR_REFUND": 1}

_NOT_OPEN = "You can only pay unpaid or part-paid invoices."


def _side(values: Values) -> str:
    return str(values["transaction_type"].id).partition("_")[0]


def _sign(values: Values) -> int:
    return _SETTLES[values["transaction_type"].id]


def _parts(values: Values) -> list[Values]:
    return values.get("allocated_artefacts") or []


def _payment_settlements(_company: Company, values: Values) -> list[Settlement]:
    sign = _sign(values)
    return [
        Settlement(part["artefact"].id, sign * part["amount"], sign * (part.get("discount") or ZERO))
        for part in _parts(values)
    ]


def _payment_postings(company: Company, values: Values) -> list[Posting]:
    """Return a payment's postings to bank, discount, control and exchange accounts, and due tax.

    The bank is posted at the payment's rate, the contact at the rates of the settled documents, and the
    difference to the exchange account.
    """
    sign, side, currency = _sign(values), _side(values), foreign_currency(company, values)
    parts = settled_parts(values, _payment_settlements(company, values))
    base, amount = sign * values["base_currency_total_amount"], sign * values["total_amount"]
    discount, base_discount = (
        total(part.discount for part in parts),
        total(part.base_discount for part in parts),
    )
    settled = total(part.base for part in parts) + sign * _base_on_account(values)
    bank = company.ledger_account_of(values["bank_account"].id)
    given = company.controls[DISCOUNT_ALLOWED if side == "CUSTOMER" else DISCOUNT_RECEIVED]
    owed = company.controls[DEBTORS if side == "CUSTOMER" else CREDITORS]
    contact = values["contact"].id
    entries = [
        Posting(
            account=bank,
            amount=base,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=amount if currency else ZERO,
        ),
        Posting(
            account=given,
            amount=base_discount,
            contact="",
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=discount if currency else ZERO,
        ),
        Posting(
            account=owed,
            amount=-settled,
            contact=contact,
            tax_rate=None,
            details=None,
            currency=currency,
            foreign=-amount - discount if currency else ZERO,
        ),
    ]
    difference = total(entry.amount for entry in entries)
    if difference:
        entries.append(Posting(company.controls[EXCHANGE], -difference))
    return [*entries, *tax_due_postings(company, side, parts)]


def _on_account(values: Values) -> Decimal:
    return Decimal(values["total_amount"]) - total(part["amount"] for part in _parts(values))


def _base_on_account(values: Values) -> Decimal:
    rest = _on_account(values)
    if rest == values["total_amount"]:
        return Decimal(values["base_currency_total_amount"])
    return in_base(rest, values["exchange_rate"])


def _payment_artefact(company: Company, row: Row) -> Artefact | None:
    values = row.values
    rest = _on_account(values)
    if not rest:
        return None
    origin, sign = Link("contact_payment", row.id), -_sign(values)
    base, currency = sign * _base_on_account(values), foreign_currency(company, values)
    return Artefact(values["on_account"], origin, values["contact"].id, sign * rest, base, currency)


def _complete_payment(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if values["transaction_type"].id not in _SETTLES:
        yield Fault("Transaction type is not included in the list.", "transaction_type_id")
        return
    yield from contact_faults(company, values["contact"], _side(values))
    yield from day_faults(company, values["date"])
    yield from rate_faults(company, values, old)
    yield from bank_currency_faults(company, values)
    amount = values["total_amount"] = rounded(values["total_amount"])
    if values.get("base_currency_currency_charge"):
        yield Fault(UNSUPPORTED_FEATURES["currency_charge"], "base_currency_currency_charge")
    if amount <= 0:
        yield Fault("Total amount must be greater than 0.", "total_amount")
    faults = list(_part_faults(company, values, old, "contact_payment"))
    yield from faults
    if faults:
        return
    rest = _on_account(values)
    if rest < 0:
        yield Fault("You cannot allocate more than the total amount.", "allocated_artefacts")
    if rest > 0 and values["transaction_type"].id.endswith("_REFUND"):
        yield Fault("A refund must be allocated in full.", "allocated_artefacts")
    if rest > 0 and company.identity.edition == "start":
        yield Fault("Payments on account are not available in the start edition.", "allocated_artefacts")
    known = old.values.get("on_account") if old is not None else None
    values["on_account"] = known or ""
    values["net_amount"] = values["tax_amount"] = ZERO
    values["base_currency_net_amount"] = values["base_currency_tax_amount"] = ZERO
    values["base_currency_currency_charge"] = ZERO
    values["base_currency_total_amount"] = in_base(amount, values["exchange_rate"])
    values["editable"] = True


def _assign_on_account_id(company: Company, row: Row, _now: int) -> None:
    row.values["on_account"] = company.identifiers.next()


def _part_faults(company: Company, values: Values, old: Row | None, kind: str) -> Iterator[Fault]:
    """Yield faults unless each artefact is the contact's and has enough outstanding.

    What this record itself had settled before its change counts as outstanding.
    """
    path = "allocated_artefacts"
    wanted: dict[str, Decimal] = {}
    by = Link(kind, old.id if old is not None else "")
    sign = _sign(values) if kind == "contact_payment" else 1
    for part in _parts(values):
        link = part.get("artefact")
        if link is None or part.get("amount") is None:
            yield Fault(REQUIRED, f"{path}.{'artefact_id' if link is None else 'amount'}")
            continue
        artefact = company.artefacts.get(link.id)
        is_own = artefact is not None and artefact.contact == values["contact"].id
        if artefact is None or not is_own or not _same_currency(company, artefact, values, kind):
            yield Fault("Couldn't find record.", f"{path}.artefact_id", "RecordNotFound")
            continue
        part["artefact"] = artefact_link(artefact)
        part["amount"] = rounded(part["amount"])
        discount = rounded(part.get("discount") or ZERO)
        if kind == "contact_payment":
            part["discount"] = discount
            if discount < 0:
                yield Fault("Discount cannot be negative.", f"{path}.discount")
        if not part["amount"] and not discount:
            yield Fault("Amount must not be 0.", f"{path}.amount")
        wanted[link.id] = wanted.get(link.id, ZERO) + sign * (part["amount"] + discount)
    for id, amount in wanted.items():
        found = company.artefacts.get(id)
        if found is not None and not _can_settle(found, amount, by):
            yield Fault(_NOT_OPEN)


def _same_currency(company: Company, artefact: Artefact, values: Values, kind: str) -> bool:
    """Return whether the currency fits; the currencies of an allocation are checked later."""
    return kind != "contact_payment" or artefact.currency == foreign_currency(company, values)


def _can_settle(artefact: Artefact, amount: Decimal, by: Link) -> bool:
    left = artefact.outstanding + artefact.settled_by.get(by, ZERO)
    return amount * left > 0 and abs(amount) <= abs(left)


def artefact_link(artefact: Artefact) -> Link:
    """Return the link by which an answer refers to an artefact."""
    if artefact.origin.id == artefact.id:
        return artefact.origin
    return Link(ON_ACCOUNT, artefact.id)


def payment_hooks() -> Hooks:
    """Return the hooks of payments to and from contacts."""
    booking = Booking(
        kind="contact_payment",
        transaction_type=lambda _company, values: str(values["transaction_type"].id),
        postings=_payment_postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        settlements=_payment_settlements,
        artefact=_payment_artefact,
        base_total=lambda values: Decimal(values["base_currency_total_amount"]),
    )
    return booking.hooks(_complete_payment, _assign_on_account_id)


def _allocation_settlements(_company: Company, values: Values) -> list[Settlement]:
    return [Settlement(part["artefact"].id, part["amount"]) for part in _parts(values)]


def _allocation_postings(company: Company, values: Values) -> list[Posting]:
    """Return an allocation's postings: the exchange difference and the tax now due."""
    side, settlements = _side(values), _allocation_settlements(company, values)
    parts = settled_parts(values, settlements)
    owed = company.controls[DEBTORS if side == "CUSTOMER" else CREDITORS]
    artefact = company.artefacts.get(settlements[0].artefact) if settlements else None
    entries: list[Posting] = []
    if difference := total(part.base for part in parts):
        currency = artefact.currency if artefact is not None else ""
        entries.append(
            Posting(
                account=owed,
                amount=-difference,
                contact=values["contact"].id,
                tax_rate=None,
                details=None,
                currency=currency,
            )
        )
        entries.append(Posting(company.controls[EXCHANGE], difference))
    return [*entries, *tax_due_postings(company, side, parts)]


def _complete_allocation(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if values["transaction_type"].id not in ("CUSTOMER_ALLOCATION", "VENDOR_ALLOCATION"):
        yield Fault("Transaction type is not included in the list.", "transaction_type_id")
        return
    yield from contact_faults(company, values["contact"], _side(values))
    values["date"] = values.get("date") or day_of(company.now).isoformat()
    yield from day_faults(company, values["date"])
    faults = list(_part_faults(company, values, old, "contact_allocation"))
    yield from faults
    if not faults and total(part["amount"] for part in _parts(values)):
        yield Fault("The allocated amounts must sum to zero.", "allocated_artefacts")
    artefacts = [company.artefacts.get(part["artefact"].id) for part in _parts(values)] if not faults else []
    if len({artefact.currency for artefact in artefacts if artefact is not None}) > 1:
        yield Fault("The allocated artefacts must be in one currency.", "allocated_artefacts")


def allocation_hooks() -> Hooks:
    """Return the hooks of allocations."""
    booking = Booking(
        kind="contact_allocation",
        transaction_type=lambda _company, values: str(values["transaction_type"].id),
        postings=_allocation_postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda _values: ZERO,
        settlements=_allocation_settlements,
    )
    return booking.hooks(_complete_allocation)
