"""Payments to and from contacts, and allocations: what settles what."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import rounded, total
from sagerecon.rehearsal.artefacts import Artefact
from sagerecon.rehearsal.booking import Booking, Settlement
from sagerecon.rehearsal.chart import CREDITORS, DEBTORS, DISCOUNT_ALLOWED, DISCOUNT_RECEIVED
from sagerecon.rehearsal.company import Company
from sagerecon.rehearsal.conduct import Conduct, contact_faults, currency_faults, day_faults
from sagerecon.rehearsal.ledger import NOTHING, Posting
from sagerecon.rehearsal.presenting import ON_ACCOUNT
from sagerecon.rehearsal.records import Link, Row, Values
from sagerecon.rehearsal.refusal import REQUIRED, Fault

#: What the payment settles, in the sign of a debit: a receipt settles debits of the customer.
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
        Settlement(part["artefact"].id, sign * part["amount"], sign * (part.get("discount") or NOTHING))
        for part in _parts(values)
    ]


def _payment_postings(company: Company, values: Values) -> list[Posting]:
    sign, contact, amount = _sign(values), values["contact"].id, values["total_amount"]
    is_customer = _side(values) == "CUSTOMER"
    discount = sign * total(part.get("discount") or NOTHING for part in _parts(values))
    return [
        Posting(company.ledger_account_of(values["bank_account"].id), sign * amount),
        Posting(company.controls[DISCOUNT_ALLOWED if is_customer else DISCOUNT_RECEIVED], discount),
        Posting(company.controls[DEBTORS if is_customer else CREDITORS], -sign * amount - discount, contact),
    ]


def _on_account(values: Values) -> Decimal:
    return Decimal(values["total_amount"]) - total(part["amount"] for part in _parts(values))


def _payment_artefact(_company: Company, row: Row) -> Artefact | None:
    rest = _on_account(row.values)
    if not rest:
        return None
    origin = Link("contact_payment", row.id)
    return Artefact(row.values["on_account"], origin, row.values["contact"].id, -_sign(row.values) * rest)


def _complete_payment(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if values["transaction_type"].id not in _SETTLES:
        yield Fault("Transaction type is not included in the list.", "transaction_type_id")
        return
    yield from contact_faults(company, values["contact"], _side(values))
    yield from day_faults(company, values["date"])
    yield from currency_faults(company, values)
    amount = values["total_amount"] = rounded(values["total_amount"])
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
    values["net_amount"] = values["tax_amount"] = NOTHING
    values["base_currency_net_amount"] = values["base_currency_tax_amount"] = NOTHING
    values["base_currency_currency_charge"] = NOTHING
    values["base_currency_total_amount"] = amount
    values["currency"] = Link("currency", company.identity.currency)
    values["exchange_rate"] = Decimal(1)
    values["editable"] = True


def _name_rest(company: Company, row: Row, _now: int) -> None:
    row.values["on_account"] = company.identifiers.next()


def _part_faults(company: Company, values: Values, old: Row | None, kind: str) -> Iterator[Fault]:
    """Each artefact is the contact's, and takes the amount beside what this record had settled of it."""
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
        if artefact is None or artefact.contact != values["contact"].id:
            yield Fault("Couldn't find record.", f"{path}.artefact_id", "RecordNotFound")
            continue
        part["artefact"] = link_of(artefact)
        part["amount"] = rounded(part["amount"])
        discount = rounded(part.get("discount") or NOTHING)
        if kind == "contact_payment":
            part["discount"] = discount
            if discount < 0:
                yield Fault("Discount cannot be negative.", f"{path}.discount")
        if not part["amount"] and not discount:
            yield Fault("Amount must not be 0.", f"{path}.amount")
        wanted[link.id] = wanted.get(link.id, NOTHING) + sign * (part["amount"] + discount)
    for id, amount in wanted.items():
        found = company.artefacts.get(id)
        if found is not None and not _takes(found, amount, by):
            yield Fault(_NOT_OPEN)


def _takes(artefact: Artefact, amount: Decimal, by: Link) -> bool:
    left = artefact.outstanding + artefact.uses.get(by, NOTHING)
    return amount * left > 0 and abs(amount) <= abs(left)


def link_of(artefact: Artefact) -> Link:
    """The link by which an answer names an artefact."""
    if artefact.origin.id == artefact.id:
        return artefact.origin
    return Link(ON_ACCOUNT, artefact.id)


def payment_conduct() -> Conduct:
    """How payments to and from contacts behave."""
    booking = Booking(
        "contact_payment",
        lambda _company, values: str(values["transaction_type"].id),
        _payment_postings,
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["total_amount"]),
        _payment_settlements,
        _payment_artefact,
    )
    return booking.conduct(_complete_payment, _name_rest)


def _allocation_settlements(_company: Company, values: Values) -> list[Settlement]:
    return [Settlement(part["artefact"].id, part["amount"]) for part in _parts(values)]


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


def allocation_conduct() -> Conduct:
    """How allocations behave."""
    booking = Booking(
        "contact_allocation",
        lambda _company, values: str(values["transaction_type"].id),
        lambda _company, _values: [],
        lambda _company, values: str(values["date"]),
        lambda _values: NOTHING,
        _allocation_settlements,
    )
    return booking.conduct(_complete_allocation)
