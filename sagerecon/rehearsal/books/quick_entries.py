"""Quick entries: documents of one line, without a number of their own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import in_base, rounded
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.chart import OPENING
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import rate_faults
from sagerecon.rehearsal.books.documents import (
    DOCUMENT_TYPES,
    DocumentType,
    document_artefact,
    document_booking,
    region_tax_faults,
    tax_breakdown,
    tax_faults,
)
from sagerecon.rehearsal.books.hooks import (
    Hooks,
    contact_faults,
    day_faults,
    days_after,
    side_of,
)
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault
from sagerecon.rehearsal.books.tax_entries import tax_point

#: Contact type by kind of quick entry.
SIDES = {"sales_quick_entry": "CUSTOMER", "purchase_quick_entry": "VENDOR"}

_LINES = {"INVOICE": "invoice_lines", "CREDIT_NOTE": "credit_note_lines"}
_DOCUMENT_TYPES = {
    (document_type.side, document_type.lines): document_type for document_type in DOCUMENT_TYPES
}


#: Fields of a quick entry that are copied to the line of its document.
_LINE = (
    "ledger_account",
    "net_amount",
    "tax_amount",
    "total_amount",
    "tax_rate",
    "base_currency_net_amount",
    "base_currency_tax_amount",
    "base_currency_total_amount",
    "gst_amount",
    "pst_amount",
    "tax_recoverable",
)


def _document_type(side: str, values: Values) -> DocumentType:
    """Return the document type that a quick entry is booked as."""
    return _DOCUMENT_TYPES[side, _LINES[values["quick_entry_type"].id]]


def _as_document(document_type: DocumentType, values: Values) -> Values:
    """Return a quick entry as a document of one line."""
    line = {name: values[name] for name in _LINE if name in values}
    line["description"] = values.get("details")
    return {**values, document_type.lines: [line]}


def quick_entry_hooks(kind: str) -> Hooks:
    """Return the hooks of sales or purchase quick entries, which book like documents."""
    side = SIDES[kind]

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        yield from contact_faults(company, values["contact"], side)
        yield from day_faults(company, values["date"])
        yield from rate_faults(company, values, old)
        yield from _amount_faults(company, values, old)
        yield from region_tax_faults(company, values, "")
        values["status"] = old.values.get("status") if old is not None else None
        values["tax_point"] = tax_point(company, old, values["total_amount"])
        _fill(company, values)

    return _booking(kind, side).hooks(complete)


def _booking(kind: str, side: str) -> Booking:
    documents = {
        document_type: document_booking(document_type)
        for document_type in DOCUMENT_TYPES
        if document_type.side == side
    }

    def postings(company: Company, values: Values) -> list[Posting]:
        document_type = _document_type(side, values)
        return documents[document_type].postings(company, _as_document(document_type, values))

    def artefact(company: Company, row: Row) -> Artefact:
        document_type = _document_type(side, row.values)
        return document_artefact(company, document_type, Link(kind, row.id), row.values, postings)

    return Booking(
        kind=kind,
        transaction_type=lambda _company, values: _document_type(side, values).kind.upper(),
        postings=postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        artefact=artefact,
        base_total=lambda values: Decimal(values["base_currency_total_amount"]),
    )


def _amount_faults(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    """Complete net, tax and total from each other, and yield faults if they disagree."""
    rate, tax = values.get("tax_rate"), values.get("tax_amount")
    net, whole = values.get("net_amount"), values.get("total_amount")
    if old is not None:  # fields not given follow from those given
        net, whole = _renewed(values, old, tax)
    if net is None and whole is None:
        yield Fault(REQUIRED, "net_amount")
        net = ZERO
    known = company.tax_rates.get(rate.id) if rate else None
    if tax is None and net is not None and whole is not None:
        tax = whole - net
    if tax is None and company.is_tax_registered and known is not None and known.is_taxed:
        yield Fault(REQUIRED, "tax_amount")
    tax = rounded(tax or ZERO)
    net = rounded(net) if net is not None else rounded(whole or ZERO) - tax
    if whole is not None and rounded(whole) != net + tax:
        yield Fault("Net and tax amount must sum to the total amount.", "total_amount")
    if net + tax < 0:
        yield Fault("The total amount cannot be negative.", "total_amount")
    yield from tax_faults(company, rate, tax, "tax_amount")
    values["net_amount"], values["tax_amount"], values["total_amount"] = net, tax, net + tax


def _renewed(values: Values, old: Row, tax: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Return net and total after a change: keep only the one that was changed, so the other follows."""
    net, whole = values.get("net_amount"), values.get("total_amount")
    if net == old.values["net_amount"] and whole != old.values["total_amount"]:
        return None, whole
    if whole == old.values["total_amount"] and (
        net != old.values["net_amount"] or tax != old.values["tax_amount"]
    ):
        return net, None
    return net, whole


def _fill(company: Company, values: Values) -> None:
    contact = company.find(values["contact"])
    if contact is not None:
        values["contact_name"] = values.get("contact_name") or contact.values["name"]
        values["contact_reference"] = values.get("contact_reference") or contact.values.get("reference")
        values["due_date"] = days_after(values["date"], contact.values.get("credit_days") or 0)
    rate, day = values.get("tax_rate"), values["date"]
    net, tax = (in_base(values[name], values["exchange_rate"]) for name in ("net_amount", "tax_amount"))
    values["base_currency_net_amount"], values["base_currency_tax_amount"] = net, tax
    values["base_currency_total_amount"] = net + tax
    values["tax_breakdown"] = tax_breakdown(company, rate, values["tax_amount"], day)
    values["base_currency_tax_breakdown"] = tax_breakdown(company, rate, tax, day)


def opening_as_entry(company: Company, kind: str, id: str) -> Row | None:
    """Return a contact's opening balance as the quick entry that Sage shows for it, or None."""
    row = company.table("contact_opening_balance").get(id)
    if row is None or side_of(company, row.values["contact"]) != SIDES.get(kind):
        return None
    values = row.values
    contact = company.find(values["contact"])
    known = contact.values if contact is not None else {}
    entry = {
        **values,
        "quick_entry_type": Link("quick_entry_type", values["contact_opening_balance_type"].id),
        "ledger_account": Link("ledger_account", company.controls[OPENING]),
        "contact_name": known.get("name"),
        "contact_reference": known.get("reference"),
        "due_date": days_after(values["date"], known.get("credit_days") or 0),
        "inverse_exchange_rate": values.get("inverse_exchange_rate") or values["exchange_rate"],
    }
    shown = Row(row.id, row.sequence, row.created_at, entry)
    shown.updated_at = row.updated_at
    return shown
