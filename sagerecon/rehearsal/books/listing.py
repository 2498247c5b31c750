"""Lists: selection, order, paging, and the envelope around a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sagerecon.model.catalog import Api, Kind
from sagerecon.model.clock import SECOND
from sagerecon.rehearsal.books.attachments import check_deletion_history
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.filters import Query, read_instant, record_tests
from sagerecon.rehearsal.books.order import Order
from sagerecon.rehearsal.books.presentation import displayed_as
from sagerecon.rehearsal.books.records import Link, Row, Table, Values


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: Sequence[Row]
    total: int
    number: int
    size: int
    last: int


def matching_records(company: Company, kind: Kind, query: Query) -> Sequence[Row]:
    """Return the records that pass the filters of a list, in its order.

    Raises:
        Refusal: a filter's value cannot be read.
    """
    rows = _source(company.table(kind.name), kind, query)
    for test in record_tests(company, kind, query):
        rows = list(filter(test, rows))
    wanted = (_filter_value(kind, query, "search") or "").casefold()
    if wanted:
        rows = _searched(company, kind, rows, wanted)
    return _sorted(kind, rows, query)


def _searched(company: Company, kind: Kind, rows: Sequence[Row], wanted: str) -> Sequence[Row]:
    """Return the records whose searchable text contains `wanted`."""
    if isinstance(rows, Order):
        return rows.containing(wanted, lambda row: search_text(company, kind, row.values))
    for row in rows:
        if not row.search_text:
            row.search_text = search_text(company, kind, row.values)
    return [row for row in rows if wanted in row.search_text]


def _source(table: Table, kind: Kind, query: Query) -> Sequence[Row]:
    """Return the shortest list of candidates that an index provides."""
    since = _filter_value(kind, query, kind.deleted_since)
    if since is not None:
        if kind.name == "attachment":
            check_deletion_history(read_instant(since, kind.deleted_since))
        return table.deleted_since(read_instant(since, kind.deleted_since) + SECOND - 1)
    since = _filter_value(kind, query, kind.changed_since)
    if since is not None:
        return table.changed_since(read_instant(since, kind.changed_since))
    contact = _filter_value(kind, query, "contact_id")
    if contact is not None:
        return list(table.owned(contact))
    return table.order


def _filter_value(kind: Kind, query: Query, name: str) -> str | None:
    """Return the value of a filter if the kind has it and the query gives it, else None."""
    return query.get(name) or None if name and name in kind.filters else None


def search_text(company: Company, kind: Kind, values: Values) -> str:
    """Return all searchable fields as one text, separated by newlines."""
    parts: list[str] = []
    for name in kind.search or ("reference",):
        value = values.get(name)
        if isinstance(value, Link):
            value = displayed_as(company, value)
        if value is not None:
            parts.append(str(value))
    return "\n".join(parts).casefold().replace("\0", " ") + "\n"


def _sorted(kind: Kind, rows: Sequence[Row], query: Query) -> Sequence[Row]:
    field, _, direction = query.get("sort", "").partition(":")
    if field not in kind.sort_keys:
        return rows
    backwards = direction == "desc"
    if field in ("created_at", "updated_at"):
        return sorted(rows, key=lambda row: getattr(row, field), reverse=backwards)
    return sorted(rows, key=lambda row: str(row.values.get(field) or ""), reverse=backwards)


def page_of(api: Api, rows: Sequence[Row], query: Query) -> Page:
    """Return the page a query asks for; a page beyond the end is the last one."""
    size = min(max(_number(query.get("items_per_page"), api.default_items_per_page), 1), api.items_per_page)
    last = max((len(rows) + size - 1) // size, 1)
    number = min(max(_number(query.get("page"), 1), 1), last)
    return Page(
        rows=rows[(number - 1) * size : number * size], total=len(rows), number=number, size=size, last=last
    )


def envelope(kind: Kind, page: Page, query: Query, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer to a list; links to neighbouring pages have no version prefix."""
    return {
        "$total": page.total,
        "$page": page.number,
        "$next": _page_path(kind, page, query, page.number + 1) if page.number < page.last else None,
        "$back": _page_path(kind, page, query, page.number - 1) if page.number > 1 else None,
        "$itemsPerPage": page.size,
        "$items": items,
    }


def _page_path(kind: Kind, page: Page, query: Query, number: int) -> str:
    rest = {name: text for name, text in query.items() if name not in ("page", "items_per_page")}
    return f"{kind.path}?{urlencode({'page': number, 'items_per_page': page.size, **rest})}"


def attributes(query: Query, name: str = "attributes") -> frozenset[str] | None:
    """Return the fields a query asks for: none, some, or None for all."""
    names = frozenset(part.strip() for part in query.get(name, "").split(",") if part.strip())
    return None if "all" in names else names


def select_fields(answers: Sequence[dict[str, Any]], wanted: frozenset[str] | None) -> list[dict[str, Any]]:
    """Return the answers reduced to the fields asked for and the base fields."""
    if wanted is None:
        return list(answers)
    keep = wanted | {"id", "displayed_as", "$path"}
    return [{name: answer[name] for name in answer if name in keep} for answer in answers]


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
