"""Sales and purchase documents: their lines, their tax, their totals, and what they book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.money import rounded, total
from sagerecon.rehearsal.books.artefacts import Artefact
from sagerecon.rehearsal.books.booking import Booking
from sagerecon.rehearsal.books.chart import CARRIAGE, CREDITORS, DEBTORS
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import Conduct, contact_faults, day_faults, days_after
from sagerecon.rehearsal.books.currency import foreign, in_base, rate_faults
from sagerecon.rehearsal.books.ledger import NOTHING, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault
from sagerecon.rehearsal.books.tax_entries import (
    ON_PAYMENT,
    held_tax,
    provincial_part,
    reclaimed,
    tax_point,
    tax_shares,
)
from sagerecon.rehearsal.books.unkept import WAYS

_ONE = Decimal(1)
_BOTH = ("", "base_currency_")
_DRAFTS = ("DRAFT", "PRO_FORMA")

#: Ways of taxing that the rehearsal does not keep books for.
_NOT_KEPT = (
    "vat_reverse_charge",
    "destination_consignment",
    "postponed_accounting",
    "import",
    "vat_exempt_consignment",
    "cis_applicable_amount",
    "withholding_tax_amount",
    "part_recoverable",
)


#: What of a contact's main address a sales document carries.
_ADDRESS = ("address_line_1", "address_line_2", "city", "region", "postal_code", "country", "address_type")


@dataclass(frozen=True, slots=True)
class Sort:
    """One of the four sorts of document. `sign` is +1 where it debits the contact's control account."""

    kind: str
    side: str
    sign: int
    lines: str
    number: str = ""
    prefix: str = ""
    books: bool = True  #: a quote or an estimate books nothing

    @property
    def control(self) -> str:
        """The control account's role."""
        return DEBTORS if self.side == "CUSTOMER" else CREDITORS


SORTS = (
    Sort("sales_invoice", "CUSTOMER", 1, "invoice_lines", "invoice_number", "SI-"),
    Sort("sales_credit_note", "CUSTOMER", -1, "credit_note_lines", "credit_note_number", "SCN-"),
    Sort("purchase_invoice", "VENDOR", -1, "invoice_lines"),
    Sort("purchase_credit_note", "VENDOR", 1, "credit_note_lines"),
)

OFFERS = (
    Sort("sales_quote", "CUSTOMER", 1, "quote_lines", "quote_number", "SQ-", books=False),
    Sort("sales_estimate", "CUSTOMER", 1, "estimate_lines", "estimate_number", "SE-", books=False),
)

#: What may become of an offer.
_ANSWERS = ("DRAFT", "ACCEPTED", "DECLINED", "ACCEPTED_BY_CUSTOMER", "DECLINED_BY_CUSTOMER")


def is_booked(values: Values) -> bool:
    """Drafts and pro forma invoices are not in the books yet, void documents no more."""
    status = values.get("status")
    return status is None or status.id not in (*_DRAFTS, "VOID")


def document_conduct(sort: Sort) -> Conduct:
    """How documents of a sort behave."""

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        if old is not None and old.values.get("status") == Link("artefact_status", "VOID"):
            yield Fault("You cannot change a void document.", "base")
            return
        yield from _head_faults(company, sort, values, old)
        yield from _line_faults(company, sort, values)
        _fill_head(company, sort, values)
        values["tax_point"] = tax_point(company, old, values["total_amount"])
        if values["total_amount"] < 0:
            yield Fault("The total amount cannot be negative.", "total_amount")

    def before(company: Company, row: Row, _now: int) -> None:
        if sort.number:
            _number(company, sort, row.values)
        note_items(company, row.values[sort.lines])

    return document_booking(sort).conduct(complete, before)


def document_booking(sort: Sort) -> Booking:
    """What documents of a sort book."""

    def postings(company: Company, values: Values) -> list[Posting]:
        sign, contact = sort.sign, values["contact"].id
        currency = foreign(company, values)
        entries: list[Posting] = []

        def enter(
            account: str, base: Decimal, amount: Decimal, rate: Link | None = None, details: str | None = None
        ) -> None:
            in_currency = amount if currency else NOTHING
            entries.append(Posting(account, base, "", rate, details, currency, in_currency))

        for line in values[sort.lines]:
            rate, details = line.get("tax_rate"), line["description"]
            account = line["ledger_account"].id
            enter(
                account, -sign * line["base_currency_net_amount"], -sign * line["net_amount"], rate, details
            )
            for account, base, amount in tax_shares(company, sort.side, values, line, values["date"]):
                enter(account, -sign * base, -sign * amount, rate, details)
        carriage = carriage_line(company, values)
        if carriage["net_amount"] or carriage["tax_amount"]:
            rate, account = carriage["tax_rate"], company.controls[CARRIAGE]
            enter(account, -sign * carriage["base_currency_net_amount"], -sign * carriage["net_amount"], rate)
            for account, base, amount in tax_shares(company, sort.side, values, carriage, values["date"]):
                enter(account, -sign * base, -sign * amount, rate)
        whole = sign * values["total_amount"] if currency else NOTHING
        base = sign * values["base_currency_total_amount"]
        return [Posting(company.controls[sort.control], base, contact, None, None, currency, whole), *entries]

    def artefact(company: Company, row: Row) -> Artefact:
        return document_artefact(company, sort, Link(sort.kind, row.id), row.values, postings)

    return Booking(
        sort.kind,
        lambda _company, _values: sort.kind.upper(),
        postings,
        lambda _company, values: str(values["date"]),
        lambda values: Decimal(values["total_amount"]),
        artefact=artefact,
        base_total=lambda values: Decimal(values["base_currency_total_amount"]),
        is_booked=lambda values: sort.books and is_booked(values),
    )


def document_artefact(
    company: Company,
    sort: Sort,
    origin: Link,
    values: Values,
    postings: Callable[[Company, Values], list[Posting]],
) -> Artefact:
    """What a document leaves in the sub-ledger: its amount, its worth and the tax that waits."""
    amount, base = sort.sign * values["total_amount"], sort.sign * values["base_currency_total_amount"]
    held = {}
    if values.get("tax_point") == ON_PAYMENT:
        held = held_tax(company, sort.side, values, postings(company, values))
    currency = foreign(company, values)
    return Artefact(origin.id, origin, values["contact"].id, amount, base, currency, held)


def carriage_line(company: Company, values: Values) -> Values:
    """The carriage of a document as a line of it."""
    rate = values.get("exchange_rate") or _ONE
    net, tax = values.get("shipping_net_amount") or NOTHING, values.get("shipping_tax_amount") or NOTHING
    return {
        "ledger_account": Link("ledger_account", company.controls[CARRIAGE]),
        "tax_rate": values.get("shipping_tax_rate"),
        "net_amount": net,
        "tax_amount": tax,
        "base_currency_net_amount": in_base(net, rate),
        "base_currency_tax_amount": in_base(tax, rate),
    }


def _head_faults(company: Company, sort: Sort, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from contact_faults(company, values["contact"], sort.side)
    if sort.books:
        yield from day_faults(company, values["date"])
    yield from rate_faults(company, values, old)
    for name in _NOT_KEPT:
        if values.get(name):
            yield Fault(WAYS[name], name)
    yield from _status_faults(sort, values, old)
    number = values.get(sort.number) if sort.number else None
    if number and (old is None or old.values.get(sort.number) != number):
        full = f"{values.get(f'{sort.number}_prefix') or ''}{number}"
        if (f"{sort.kind}.{sort.number}", full) in company.keys:
            yield Fault(f"{sort.number.replace('_', ' ').capitalize()} has already been taken.", sort.number)


def _status_faults(sort: Sort, values: Values, old: Row | None) -> Iterator[Fault]:
    """A new document is a draft or is booked; what it has come to since follows from its payments."""
    status = values.get("status")
    if not sort.books:
        values["status"] = status or Link("artefact_status", "DRAFT")
        if values["status"].id not in _ANSWERS:
            yield Fault("Status is invalid.", "status_id")
    elif old is not None:
        values["status"] = old.values.get("status")
    elif status is not None and status.id not in (*_DRAFTS, "UNPAID"):
        yield Fault("Status is invalid.", "status_id")
    elif status == Link("artefact_status", "UNPAID"):
        values["status"] = None


def _line_faults(company: Company, sort: Sort, values: Values) -> Iterator[Fault]:
    for line in values[sort.lines] or ():
        yield from _complete_line(company, line, sort.lines, values)
    tax = values.get("shipping_tax_amount") or NOTHING
    yield from tax_faults(company, values.get("shipping_tax_rate"), tax, "shipping_tax_amount")


def _complete_line(company: Company, line: Values, path: str, values: Values) -> Iterator[Fault]:
    day, exchange = values["date"], values["exchange_rate"]
    quantity = line["quantity"] = line.get("quantity") or _ONE
    discount = line.get("discount_amount") or NOTHING
    gross = quantity * line["unit_price"]
    if not discount and line.get("discount_percentage"):
        discount = rounded(gross * line["discount_percentage"] / 100)
    rate, tax = line.get("tax_rate"), line.get("tax_amount")
    known = company.tax_rates.get(rate.id) if rate else None
    if tax is None and company.is_tax_registered and known is not None and known.is_taxed:
        yield Fault(REQUIRED, f"{path}.tax_amount")
    tax = rounded(tax or NOTHING)
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
    """The tax of a line by rate, with the percentage of the day; none where there is no tax."""
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
    """The federal and the provincial part of a Canadian line's tax add up to it."""
    gst, pst = line.get("gst_amount"), line.get("pst_amount")
    if company.identity.country != "CA" or (gst is None and pst is None):
        return
    if gst is not None and pst is not None and gst + pst != line["tax_amount"]:
        yield Fault("The GST and PST amounts must sum to the tax amount.", f"{path}.gst_amount".lstrip("."))


def tax_faults(company: Company, rate: Link | None, tax: Decimal, source: str) -> Iterator[Fault]:
    """Tax needs a registered business and a rate that taxes."""
    if not tax:
        return
    if not company.is_tax_registered:
        yield Fault("You cannot add tax, your business is not registered for tax", source)
        return
    known = company.tax_rates.get(rate.id) if rate else None
    if known is None or not known.is_taxed:
        yield Fault("The tax amount must be zero for this tax rate.", source)


def _fill_head(company: Company, sort: Sort, values: Values) -> None:
    lines = values[sort.lines]
    contact = company.find(values["contact"])
    if contact is not None:
        values["contact_name"] = values.get("contact_name") or contact.values["name"]
        values["contact_reference"] = values.get("contact_reference") or contact.values.get("reference")
        days = contact.values.get("credit_days") or 0
        if sort.lines == "invoice_lines" and not values.get("due_date"):
            values["due_date"] = days_after(values["date"], days)
    carriage = values["shipping_net_amount"] = rounded(values.get("shipping_net_amount") or NOTHING)
    carriage_tax = values["shipping_tax_amount"] = rounded(values.get("shipping_tax_amount") or NOTHING)
    counted = [*lines, carriage_line(company, values)]
    net, base_net = (total(line[f"{prefix}net_amount"] for line in counted) for prefix in _BOTH)
    tax, base_tax = (total(line[f"{prefix}tax_amount"] for line in counted) for prefix in _BOTH)
    values["total_quantity"] = total(line["quantity"] for line in lines)
    values["net_amount"], values["base_currency_net_amount"] = net, base_net
    values["tax_amount"], values["base_currency_tax_amount"] = tax, base_tax
    values["total_amount"], values["base_currency_total_amount"] = net + tax, base_net + base_tax
    values["editable"] = True
    if company.identity.country == "CA" and sort.side == "VENDOR":
        values |= reclaimed(company, lines, values["date"])
    if sort.side == "CUSTOMER":
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


def note_items(company: Company, lines: list[Values]) -> None:
    """Remember the products and services that a document names: they can't be deleted any more."""
    for line in lines:
        for name in ("product", "service"):
            if line.get(name) is not None:
                company.used_items.add(line[name])


def _tax_analysis(lines: list[Values]) -> list[Values]:
    """Net, tax and total by rate, in the order of the lines."""
    sums: dict[Link, list[Decimal]] = {}
    for line in lines:
        if line.get("tax_rate") is not None:
            found = sums.setdefault(line["tax_rate"], [NOTHING, NOTHING])
            found[0] += line["net_amount"]
            found[1] += line["tax_amount"]
    return [
        {"tax_rate": rate, "net_amount": net, "tax_amount": tax, "total_amount": net + tax}
        for rate, (net, tax) in sums.items()
    ]


def _number(company: Company, sort: Sort, values: Values) -> None:
    """Give the document its number: its own, or the next free one."""
    field = f"{sort.kind}.{sort.number}"
    prefix = values.get(f"{sort.number}_prefix")
    if values.get(sort.number):
        values[sort.number] = f"{prefix or ''}{values[sort.number]}"
    else:
        prefix = sort.prefix if prefix is None else prefix
        number = f"{prefix}{company.next_number(sort.kind)}"
        while (field, number) in company.keys:
            number = f"{prefix}{company.next_number(sort.kind)}"
        values[sort.number] = number
    values[f"{sort.number}_prefix"] = prefix
    company.keys[field, values[sort.number]] = ""
