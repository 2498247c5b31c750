"""Sales and purchase documents: their lines, tax, totals and postings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.money import in_base, rounded, total
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.chart import CARRIAGE, CREDITORS, DEBTORS
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import foreign_currency, rate_faults
from sagerecon.rehearsal.books.hooks import Hooks, contact_faults, day_faults, days_after
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault
from sagerecon.rehearsal.books.tax_entries import (
    ON_PAYMENT,
    deferred_tax,
    provincial_part,
    reclaimed_amounts,
    tax_point,
    tax_shares,
)
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES

_ONE = Decimal(1)
_BOTH = ("", "base_currency_")
_DRAFTS = ("DRAFT", "PRO_FORMA")

#: Fields of tax treatments that the rehearsal does not support.
_UNSUPPORTED_FIELDS = (
    "vat_reverse_charge",
    "destination_consignment",
    "postponed_accounting",
    "import",
    "vat_exempt_consignment",
    "cis_applicable_amount",
    "withholding_tax_amount",
    "part_recoverable",
)


#: Fields of the contact's main address that are copied to a sales document.
_ADDRESS = ("address_line_1", "address_line_2", "city", "region", "postal_code", "country", "address_type")


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type of document; `sign` is +1 if it debits the contact's control account."""

    kind: str
    side: str
    sign: int
    lines: str
    number: str = ""
    prefix: str = ""
    posts: bool = True  #: whether it is booked; quotes and estimates are not

    @property
    def control(self) -> str:
        """Role of the control account."""
        return DEBTORS if self.side == "CUSTOMER" else CREDITORS


DOCUMENT_TYPES = (
    DocumentType(
        kind="sales_invoice",
        side="CUSTOMER",
        sign=1,
        lines="invoice_lines",
        number="invoice_number",
        prefix="SI-",
    ),
    DocumentType(
        kind="sales_credit_note",
        side="CUSTOMER",
        sign=-1,
        lines="credit_note_lines",
        number="credit_note_number",
        prefix="SCN-",
    ),
    DocumentType("purchase_invoice", "VENDOR", -1, "invoice_lines"),
    DocumentType("purchase_credit_note", "VENDOR", 1, "credit_note_lines"),
)

OFFER_TYPES = (
    DocumentType(
        kind="sales_quote",
        side="CUSTOMER",
        sign=1,
        lines="quote_lines",
        number="quote_number",
        prefix="SQ-",
        posts=False,
    ),
    DocumentType(
        kind="sales_estimate",
        side="CUSTOMER",
        sign=1,
        lines="estimate_lines",
        number="estimate_number",
        prefix="SE-",
        posts=False,
    ),
)

#: Statuses of quotes and estimates.
_OFFER_STATUSES = ("DRAFT", "ACCEPTED", "DECLINED", "ACCEPTED_BY_CUSTOMER", "DECLINED_BY_CUSTOMER")


def is_booked(values: Values) -> bool:
    """Return whether a document is booked: not a draft, a pro forma invoice or void."""
    status = values.get("status")
    return status is None or status.id not in (*_DRAFTS, "VOID")


def document_hooks(document_type: DocumentType) -> Hooks:
    """Return the hooks of a document type."""

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        if old is not None and old.values.get("status") == Link("artefact_status", "VOID"):
            yield Fault("You cannot change a void document.", "base")
            return
        yield from _head_faults(company, document_type, values, old)
        yield from _line_faults(company, document_type, values)
        _fill_head(company, document_type, values)
        values["tax_point"] = tax_point(company, old, values["total_amount"])
        if values["total_amount"] < 0:
            yield Fault("The total amount cannot be negative.", "total_amount")

    def before(company: Company, row: Row, _now: int) -> None:
        if document_type.number:
            _number(company, document_type, row.values)
        mark_items_used(company, row.values[document_type.lines])

    return document_booking(document_type).hooks(complete, before)


def document_booking(document_type: DocumentType) -> Booking:
    """Return how documents of a type are booked."""

    def postings(company: Company, values: Values) -> list[Posting]:
        sign, contact = document_type.sign, values["contact"].id
        currency = foreign_currency(company, values)
        entries: list[Posting] = []

        def add_entry(
            account: str, base: Decimal, amount: Decimal, rate: Link | None = None, details: str | None = None
        ) -> None:
            in_currency = amount if currency else ZERO
            entries.append(
                Posting(
                    account=account,
                    amount=base,
                    contact="",
                    tax_rate=rate,
                    details=details,
                    currency=currency,
                    foreign=in_currency,
                )
            )

        for line in values[document_type.lines]:
            rate, details = line.get("tax_rate"), line["description"]
            account = line["ledger_account"].id
            add_entry(
                account, -sign * line["base_currency_net_amount"], -sign * line["net_amount"], rate, details
            )
            for account, base, amount in tax_shares(
                company, document_type.side, values, line, values["date"]
            ):
                add_entry(account, -sign * base, -sign * amount, rate, details)
        carriage = carriage_line(company, values)
        if carriage["net_amount"] or carriage["tax_amount"]:
            rate, account = carriage["tax_rate"], company.controls[CARRIAGE]
            add_entry(
                account, -sign * carriage["base_currency_net_amount"], -sign * carriage["net_amount"], rate
            )
            for account, base, amount in tax_shares(
                company, document_type.side, values, carriage, values["date"]
            ):
                add_entry(account, -sign * base, -sign * amount, rate)
        whole = sign * values["total_amount"] if currency else ZERO
        base = sign * values["base_currency_total_amount"]
        return [
            Posting(
                account=company.controls[document_type.control],
                amount=base,
                contact=contact,
                tax_rate=None,
                details=None,
                currency=currency,
                foreign=whole,
            ),
            *entries,
        ]

    def artefact(company: Company, row: Row) -> Artefact:
        return document_artefact(
            company, document_type, Link(document_type.kind, row.id), row.values, postings
        )

    return Booking(
        kind=document_type.kind,
        transaction_type=lambda _company, _values: document_type.kind.upper(),
        postings=postings,
        day=lambda _company, values: str(values["date"]),
        total=lambda values: Decimal(values["total_amount"]),
        artefact=artefact,
        base_total=lambda values: Decimal(values["base_currency_total_amount"]),
        is_booked=lambda values: document_type.posts and is_booked(values),
    )


def document_artefact(
    company: Company,
    document_type: DocumentType,
    origin: Link,
    values: Values,
    postings: Callable[[Company, Values], list[Posting]],
) -> Artefact:
    """Return a document's artefact: its amount, its base value and its deferred tax."""
    amount, base = (
        document_type.sign * values["total_amount"],
        document_type.sign * values["base_currency_total_amount"],
    )
    deferred = {}
    if values.get("tax_point") == ON_PAYMENT:
        deferred = deferred_tax(company, document_type.side, values, postings(company, values))
    currency = foreign_currency(company, values)
    return Artefact(origin.id, origin, values["contact"].id, amount, base, currency, deferred)


def carriage_line(company: Company, values: Values) -> Values:
    """Return the carriage of a document as a line."""
    rate = values.get("exchange_rate") or _ONE
    net, tax = values.get("shipping_net_amount") or ZERO, values.get("shipping_tax_amount") or ZERO
    return {
        "ledger_account": Link("ledger_account", company.controls[CARRIAGE]),
        "tax_rate": values.get("shipping_tax_rate"),
        "net_amount": net,
        "tax_amount": tax,
        "base_currency_net_amount": in_base(net, rate),
        "base_currency_tax_amount": in_base(tax, rate),
    }


def _head_faults(
    company: Company, document_type: DocumentType, values: Values, old: Row | None
) -> Iterator[Fault]:
    yield from contact_faults(company, values["contact"], document_type.side)
    if document_type.posts:
        yield from day_faults(company, values["date"])
    yield from rate_faults(company, values, old)
    for name in _UNSUPPORTED_FIELDS:
        if values.get(name):
            yield Fault(UNSUPPORTED_FEATURES[name], name)
    yield from _status_faults(document_type, values, old)
    number = values.get(document_type.number) if document_type.number else None
    if number and (old is None or old.values.get(document_type.number) != number):
        full = f"{values.get(f'{document_type.number}_prefix') or ''}{number}"
        if (f"{document_type.kind}.{document_type.number}", full) in company.keys:
            yield Fault(
                f"{document_type.number.replace('_', ' ').capitalize()} has already been taken.",
                document_type.number,
            )


def _status_faults(document_type: DocumentType, values: Values, old: Row | None) -> Iterator[Fault]:
    """Yield a fault unless a new document is a draft or booked; later statuses follow from payments."""
    status = values.get("status")
    if not document_type.posts:
        values["status"] = status or Link("artefact_status", "DRAFT")
        if values["status"].id not in _OFFER_STATUSES:
            yield Fault("Status is invalid.", "status_id")
    elif old is not None:
        values["status"] = old.values.get("status")
    elif status is not None and status.id not in (*_DRAFTS, "UNPAID"):
        yield Fault("Status is invalid.", "status_id")
    elif status == Link("artefact_status", "UNPAID"):
        values["status"] = None


def _line_faults(company: Company, document_type: DocumentType, values: Values) -> Iterator[Fault]:
    for line in values[document_type.lines] or ():
        yield from _complete_line(company, line, document_type.lines, values)
    tax = values.get("shipping_tax_amount") or ZERO
    yield from tax_faults(company, values.get("shipping_tax_rate"), tax, "shipping_tax_amount")


def _complete_line(company: Company, line: Values, path: str, values: Values) -> Iterator[Fault]:
    day, exchange = values["date"], values["exchange_rate"]
    quantity = line["quantity"] = line.get("quantity") or _ONE
    discount = line.get("discount_amount") or ZERO
    gross = quantity * line["unit_price"]
    if not discount and line.get("discount_percentage"):
        discount = rounded(gross * line["discount_percentage"] / 100)
    rate, tax = line.get("tax_rate"), line.get("tax_amount")
    known = company.tax_rates.get(rate.id) if rate else None
    if tax is None and company.is_tax_registered and known is not None and known.is_taxed:
        yield Fault(REQUIRED, f"{path}.tax_amount")
    tax = rounded(tax or ZERO)
    yield from tax_faults(company, rate, tax, f"{path}.tax_amount")
    net = rounded(gross - discount)
    if line.get("unit_price_includes_tax"):
        net -= tax
    line["displayed_as"] = line["description"]
    line["discount_amount"] = discount
    base_net, base_tax = in_base(net, exchange), in_base(tax, exchange)
    line["net_amount"], line["base_currency_net_amount"] = net, base_net
    line["tax_amount"], line["base_currency_tax_amount"] = tax, base_tax
    line["total_amount"], line["base_currency_total_amount"] = net + tax, base_net + base_tax
    price = line["unit_price"]
    line["base_currency_unit_price"] = price if exchange == _ONE else rounded(price / exchange, 6)
    line["base_currency_discount_amount"] = in_base(discount, exchange)
    line["tax_breakdown"] = tax_breakdown(company, rate, tax, day)
    line["base_currency_tax_breakdown"] = tax_breakdown(company, rate, base_tax, day)
    yield from region_tax_faults(company, line, path)


def tax_breakdown(company: Company, rate: Link | None, tax: Decimal, day: str) -> list[Values]:
    """Return the tax of a line by rate, with the percentage of the day; empty if there is no tax."""
    known = company.tax_rates.get(rate.id) if rate else None
    if known is None or not tax:
        return []
    if known.provincial:
        provincial = provincial_part(known, {"tax_amount": tax}, day)
        federal = known.at(day) - known.provincial_at(day)
        if not federal:
            return [{"tax_rate": rate, "percentage": known.at(day), "amount": tax}]
        return [
            {"tax_rate": rate, "percentage": federal, "amount": tax - provincial},
            {"tax_rate": rate, "percentage": known.provincial_at(day), "amount": provincial},
        ]
    return [{"tax_rate": rate, "percentage": known.at(day), "amount": tax}]


def region_tax_faults(company: Company, line: Values, path: str) -> Iterator[Fault]:
    """Yield a fault unless the GST and PST of a Canadian line sum to its tax."""
    gst, pst = line.get("gst_amount"), line.get("pst_amount")
    if company.identity.country != "CA" or (gst is None and pst is None):
        return
    if gst is not None and pst is not None and gst + pst != line["tax_amount"]:
        yield Fault("The GST and PST amounts must sum to the tax amount.", f"{path}.gst_amount".lstrip("."))


def tax_faults(company: Company, rate: Link | None, tax: Decimal, source: str) -> Iterator[Fault]:
    """Yield a fault if there is tax although the business is not registered, or the rate has none."""
    if not tax:
        return
    if not company.is_tax_registered:
        yield Fault("You cannot add tax, your business is not registered for tax", source)
        return
    known = company.tax_rates.get(rate.id) if rate else None
    if known is None or not known.is_taxed:
        yield Fault("The tax amount must be zero for this tax rate.", source)


def _fill_head(company: Company, document_type: DocumentType, values: Values) -> None:
    lines = values[document_type.lines]
    contact = company.find(values["contact"])
    if contact is not None:
        values["contact_name"] = values.get("contact_name") or contact.values["name"]
        values["contact_reference"] = values.get("contact_reference") or contact.values.get("reference")
        days = contact.values.get("credit_days") or 0
        if document_type.lines == "invoice_lines" and not values.get("due_date"):
            values["due_date"] = days_after(values["date"], days)
    carriage = values["shipping_net_amount"] = rounded(values.get("shipping_net_amount") or ZERO)
    carriage_tax = values["shipping_tax_amount"] = rounded(values.get("shipping_tax_amount") or ZERO)
    counted = [*lines, carriage_line(company, values)]
    net, base_net = (total(line[f"{prefix}net_amount"] for line in counted) for prefix in _BOTH)
    tax, base_tax = (total(line[f"{prefix}tax_amount"] for line in counted) for prefix in _BOTH)
    values["total_quantity"] = total(line["quantity"] for line in lines)
    values["net_amount"], values["base_currency_net_amount"] = net, base_net
    values["tax_amount"], values["base_currency_tax_amount"] = tax, base_tax
    values["total_amount"], values["base_currency_total_amount"] = net + tax, base_net + base_tax
    values["editable"] = True
    if company.identity.country == "CA" and document_type.side == "VENDOR":
        values |= reclaimed_amounts(company, lines, values["date"])
    if document_type.side == "CUSTOMER":
        address = company.find(contact.values.get("main_address")) if contact is not None else None
        if values.get("main_address") is None and address is not None:
            values["main_address"] = {name: address.values.get(name) for name in _ADDRESS}
        values["shipping_total_amount"] = carriage + carriage_tax
        shown = carriage_line(company, values)
        base_carriage, base_carriage_tax = (
            shown["base_currency_net_amount"],
            shown["base_currency_tax_amount"],
        )
        values["base_currency_shipping_net_amount"] = base_carriage
        values["base_currency_shipping_tax_amount"] = base_carriage_tax
        values["base_currency_shipping_total_amount"] = base_carriage + base_carriage_tax
        values["total_discount_amount"] = total(line["discount_amount"] for line in lines)
        values["base_currency_total_discount_amount"] = total(
            line["base_currency_discount_amount"] for line in lines
        )
    values["tax_analysis"] = _tax_analysis(lines)


def mark_items_used(company: Company, lines: list[Values]) -> None:
    """Mark the products and services of the lines as used, so that they can't be deleted."""
    for line in lines:
        for name in ("product", "service"):
            if line.get(name) is not None:
                company.used_items.add(line[name])


def _tax_analysis(lines: list[Values]) -> list[Values]:
    """Return net, tax and total by rate, in the order of the lines."""
    sums: dict[Link, list[Decimal]] = {}
    for line in lines:
        if line.get("tax_rate") is not None:
            found = sums.setdefault(line["tax_rate"], [ZERO, ZERO])
            found[0] += line["net_amount"]
            found[1] += line["tax_amount"]
    return [
        {"tax_rate": rate, "net_amount": net, "tax_amount": tax, "total_amount": net + tax}
        for rate, (net, tax) in sums.items()
    ]


def _number(company: Company, document_type: DocumentType, values: Values) -> None:
    """Set the number of a document: the one given, or the next free one."""
    field = f"{document_type.kind}.{document_type.number}"
    prefix = values.get(f"{document_type.number}_prefix")
    if values.get(document_type.number):
        values[document_type.number] = f"{prefix or ''}{values[document_type.number]}"
    else:
        prefix = document_type.prefix if prefix is None else prefix
        number = f"{prefix}{company.next_number(document_type.kind)}"
        while (field, number) in company.keys:
            number = f"{prefix}{company.next_number(document_type.kind)}"
        values[document_type.number] = number
    values[f"{document_type.number}_prefix"] = prefix
    company.keys[field, values[document_type.number]] = ""
