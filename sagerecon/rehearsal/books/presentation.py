"""Records as Sage answers them: display names, references as objects, amounts as strings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.clock import instant_text
from sagerecon.model.money import decimal_text
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.records import Link, Row, Values

Answer = dict[str, Any]


@lru_cache(maxsize=65_536)
def amount_text(value: Decimal, least_places: int = 1) -> str:
    """Return an amount without trailing zeros: `120.0`, `35.01`; bare `0` in a trial balance."""
    return decimal_text(value.normalize() if value else Decimal(), least_places)


def reference_answer(company: Company, link: Link) -> Answer:
    """Return the short form of a record, as other records refer to it."""
    kind, id = link
    table = company.tables.get(kind)
    row = table.rows.get(id) if table is not None else None
    if row is not None:
        path = company.paths.get(kind) or _path(company, kind)
        return {"id": id, "displayed_as": name_of(company, kind, row), "$path": f"{path}/{id}"}
    known = company.fixed_entries.get(link)
    if known is not None:
        return known.copy()
    if company.fixed_list(link.kind) is not None:
        return _fixed_entry(company, link).copy()
    return {"id": link.id, "displayed_as": displayed_as(company, link), "$path": path_of(company, link)}


def _fixed_entry(company: Company, link: Link) -> Answer:
    """Return an entry of a fixed list, from the cache after the first time."""
    known = company.fixed_entries.get(link)
    if known is None:
        shown = displayed_as(company, link)
        known = company.fixed_entries[link] = {
            "id": link.id,
            "displayed_as": shown,
            "$path": path_of(company, link),
        }
    return known


def path_of(company: Company, link: Link) -> str:
    """Return the bare path of a record."""
    if link.kind == ON_ACCOUNT:
        link = _origin(company, link)
    return f"{_path(company, link.kind)}/{link.id}"


def _path(company: Company, kind: str) -> str:
    known = company.paths.get(kind)
    if known is None:
        found = company.catalog.kinds.get(kind)
        known = company.paths[kind] = found.path if found else f"/{_PLURALS.get(kind, kind + 's')}"
    return known


_PLURALS = {"country": "countries", "currency": "currencies", "artefact_status": "artefact_statuses"}


def displayed_as(company: Company, link: Link) -> str | None:
    """Return the display name of the record a link names."""
    entries = company.fixed_list(link.kind)
    if entries is not None:
        return entries.get(link.id, link.id)
    if link.kind == "tax_rate":
        rate = company.tax_rates.get(link.id)
        return rate.displayed_as if rate else link.id
    if link.kind == ON_ACCOUNT:
        return displayed_as(company, _origin(company, link))
    table = company.table(link.kind)
    row = table.get(link.id) or table.deleted.get(link.id)
    return name_of(company, link.kind, row) if row else link.id


#: Kind of a link to a payment on account, which is answered as its payment.
ON_ACCOUNT = "payment_on_account"


def _origin(company: Company, link: Link) -> Link:
    artefact = company.artefacts.get(link.id)
    return artefact.origin if artefact is not None else Link("contact_payment", link.id)


def name_of(company: Company, kind: str, row: Row) -> str | None:
    """Return the display name of a record."""
    namer = _NAMERS.get(kind)
    if namer is not None:
        return namer(company, row.values)
    found = company.catalog.kinds.get(kind)
    for field in found.label if found else ():
        if row.values.get(field):
            return str(row.values[field])
    return None


def _contact(_company: Company, values: Values) -> str:
    name, reference = values["name"], values.get("reference")
    return f"{name} ({reference})" if reference else str(name)


def _ledger_account(_company: Company, values: Values) -> str:
    return f"{values['display_name']} ({values['nominal_code']:04d})"


def _bank_account(company: Company, values: Values) -> str | None:
    return displayed_as(company, values["ledger_account"])


def _address(company: Company, values: Values) -> str | None:
    if values.get("address_line_1"):
        return str(values["address_line_1"])
    country = values.get("country")
    return str(displayed_as(company, country)).rpartition(" (")[0] if country else ""


def _purchase(_company: Company, values: Values) -> str:
    if values.get("reference"):
        return str(values["reference"])
    year, month, day = values["date"].split("-")
    return f"{day}/{month}/{year} - {values['total_amount']:.2f}"


def _allocation(company: Company, values: Values) -> str:
    return f"{displayed_as(company, values['transaction_type'])} - {values['date']}"


def _field(name: str) -> Callable[[Company, Values], str | None]:
    return lambda _company, values: values.get(name)


def _quick_entry(company: Company, values: Values) -> str:
    """Return the number of a quick entry; an opening balance has its own prefix."""
    type = values.get("transaction_type")
    is_opening = type is not None and "OPENING_BALANCE" in type.id
    settings = company.table("invoice_settings").get("invoice_settings")
    prefix = "OB-" if is_opening else (settings.values["quick_entry_prefix"] if settings else "") or ""
    return f"{prefix}{values['reference']}"


def _reconciliation(company: Company, values: Values) -> str:
    return f"{displayed_as(company, values['bank_account'])} - {values['statement_date']}"


def _tax_profile(company: Company, values: Values) -> str | None:
    type = values.get("tax_type")
    return displayed_as(company, type) if type else company.settings.get("tax_number")


def _rate(company: Company, values: Values) -> str:
    return f"{company.identity.currency} -> {values['currency'].id}"


_NAMERS: Mapping[str, Callable[[Company, Values], str | None]] = {
    "contact": _contact,
    "ledger_account": _ledger_account,
    "bank_account": _bank_account,
    "address": _address,
    "contact_person": _field("name"),
    "product": _field("description"),
    "service": _field("description"),
    "sales_invoice": _field("invoice_number"),
    "sales_credit_note": _field("credit_note_number"),
    "purchase_invoice": _purchase,
    "purchase_credit_note": _purchase,
    "sales_quote": _field("quote_number"),
    "sales_estimate": _field("estimate_number"),
    "sales_quick_entry": _quick_entry,
    "purchase_quick_entry": _quick_entry,
    "stock_item": _field("description"),
    "stock_movement": _field("details"),
    "attachment": _field("description"),
    "analysis_type": _field("name"),
    "analysis_type_category": _field("name"),
    "product_sales_price_type": _field("name"),
    "service_rate_type": _field("name"),
    "bank_deposit": _field("reference"),
    "bank_reconciliation": _reconciliation,
    "tax_profile": _tax_profile,
    "business_exchange_rate": _rate,
    "contact_allocation": _allocation,
    "contact_opening_balance": lambda _company, values: f"OB-{values['reference']}",
    "contact_payment": _field("reference"),
    "other_payment": _field("reference"),
    "bank_transfer": _field("reference"),
    "journal": _field("reference"),
    "opening_balance_journal": _field("reference"),
    "bank_opening_balance": lambda company, values: displayed_as(company, values["bank_account"]),
    "ledger_account_opening_balance": lambda company, values: displayed_as(company, values["ledger_account"]),
    "transaction": _field("reference"),
    "ledger_entry": lambda company, values: displayed_as(company, values["transaction"]),
}


#: Fields that every answer has, and fields that only a query parameter adds.
_SEPARATE_FIELDS = ("id", "displayed_as", "$path", "created_at", "updated_at", "deleted_at")
_ON_REQUEST = ("balance", "balance_details", "payments_allocations")

#: Fields that are sent but never answered.
_WRITE_ONLY = {"attachment": ("file",)}


class Shape:
    """The fields of a kind's answer and their empty values; built once per kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.empty = {
            field.answered_as: _empty_value(field) for field in kind.fields.values() if field.answered
        }
        for name in (*_SEPARATE_FIELDS, *_ON_REQUEST, *_WRITE_ONLY.get(kind.name, ())):
            self.empty.pop(name, None)
        # Most fields of most records are empty, so an answer starts as a copy of an empty one.
        self.whole: Answer = dict.fromkeys(("id", "displayed_as", "$path", "created_at", "updated_at"))
        self.whole.update(self.empty)
        self.lines = {
            field.answered_as: {each.answered_as: _empty_value(each) for each in field.fields.values()}
            for field in kind.fields.values()
            if field.type == "list" and field.fields and field.answered_as in self.empty
        }


def _empty_value(field: Field) -> Any:
    """Return the value of a field that was not given."""
    if field.type == "boolean":
        return False
    if field.type == "list":
        return []
    if field.name == "bank_account_details":
        return {child.answered_as: None for child in field.fields.values()}
    return None


def present(company: Company, shape: Shape, row: Row, wanted: Collection[str] | None = None) -> Answer:
    """Return the record as Sage answers it: all fields, or the `wanted` ones and the base fields."""
    if wanted is None:
        return _present_all(company, shape, row)
    kind = shape.kind
    answer: Answer = {
        "id": row.id,
        "displayed_as": name_of(company, kind.name, row),
        "$path": f"{kind.path}/{row.id}",
    }
    if "created_at" in wanted:
        answer["created_at"] = cached_instant_text(row.created_at)
    if "updated_at" in wanted:
        answer["updated_at"] = cached_instant_text(row.updated_at)
    if row.deleted_at and "deleted_at" in wanted:
        answer["deleted_at"] = cached_instant_text(row.deleted_at)
    shown = {name: shape.empty[name] for name in shape.empty if name in wanted}
    answer.update(shown)
    _fill(company, shape, row, shown, answer)
    return answer


def _present_all(company: Company, shape: Shape, row: Row) -> Answer:
    answer = shape.whole.copy()
    answer["id"] = row.id
    answer["displayed_as"] = name_of(company, shape.kind.name, row)
    answer["$path"] = f"{shape.kind.path}/{row.id}"
    answer["created_at"] = cached_instant_text(row.created_at)
    answer["updated_at"] = cached_instant_text(row.updated_at)
    if row.deleted_at:
        answer["deleted_at"] = cached_instant_text(row.deleted_at)
    _fill(company, shape, row, shape.empty, answer)
    return answer


def _fill(company: Company, shape: Shape, row: Row, shown: Mapping[str, Any], answer: Answer) -> None:
    """Replace the empty values with the record's values."""
    for name, value in row.values.items():
        if value is not None and name in shown:
            kind = value.__class__
            if kind in _PLAIN:
                answer[name] = value
            else:
                answer[name] = (
                    reference_answer(company, value) if kind is Link else json_value(company, value)
                )
    for name, empty_line in shape.lines.items():
        if answer.get(name):
            answer[name] = [{**empty_line, **line} for line in answer[name]]


@lru_cache(maxsize=4096)
def cached_instant_text(moment: int) -> str:
    """Return an instant as ISO text; the same one is often repeated."""
    return instant_text(moment)


_PLAIN = frozenset((str, bool, int))


def json_value(company: Company, value: Any) -> Any:
    """Return a value as JSON."""
    if value is None or value.__class__ in _PLAIN:
        return value
    if isinstance(value, Link):
        return reference_answer(company, value)
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, dict):
        return {name: json_value(company, item) for name, item in value.items()}
    return [json_value(company, item) for item in value]
