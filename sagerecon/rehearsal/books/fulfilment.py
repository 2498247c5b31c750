"""Stock movements of documents: sales take stock out, purchases bring it in, credit notes reverse it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.documents import DocumentType, is_booked
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.presentation import displayed_as
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.stock import item_of, level_of, recalculate_level, write_movement

ZERO = Decimal()
_ITEM, _MOVEMENT = "stock_item", "stock_movement"

#: Sage's own message, which does not name the item.
_SHORT = "You cannot fulfil this invoice as you do not have enough stock."


def with_stock(document_type: DocumentType, hooks: Hooks) -> Hooks:
    """Return the hooks of a document type with stock movements added."""
    direction = {"sales_invoice": -1, "sales_credit_note": 1, "purchase_invoice": 1}.get(
        document_type.kind, -1
    )

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        faults = list(hooks.complete(company, values, old))
        yield from faults
        if not faults:
            before = old.values if old is not None else None
            yield from _stock_faults(company, document_type, direction, before, values)

    def delete_faults(company: Company, row: Row) -> Iterator[Fault]:
        yield from hooks.delete_faults(company, row)
        yield from _stock_faults(company, document_type, direction, row.values, None)

    def after_create(company: Company, row: Row, now: int) -> None:
        hooks.after_create(company, row, now)
        _create_movements(company, document_type, direction, row, now)

    def after_update(company: Company, row: Row, before: Values, now: int) -> None:
        hooks.after_update(company, row, before, now)
        if _movements(company, document_type, before) != _movements(company, document_type, row.values):
            _delete_movements(company, row, now)
            _create_movements(company, document_type, direction, row, now)

    def after_delete(company: Company, row: Row, now: int) -> None:
        hooks.after_delete(company, row, now)
        _delete_movements(company, row, now)

    def release_faults(company: Company, row: Row) -> Iterator[Fault]:
        yield from _stock_faults(company, document_type, direction, None, {**row.values, "status": None})

    return replace(
        hooks,
        complete=complete,
        delete_faults=delete_faults,
        after_create=after_create,
        after_update=after_update,
        after_delete=after_delete,
        release_faults=release_faults,
    )


def _items(company: Company, document_type: DocumentType, values: Values) -> Iterable[tuple[Row, Values]]:
    """Yield each line that names a stock item, with the item."""
    table = company.tables.get(_ITEM)
    if table is None or not table.rows or not is_booked(values):
        return
    for line in values.get(document_type.lines) or ():
        link = line.get("product")
        item = table.get(link.id) if link is not None else None
        if item is not None:
            yield item, line


def _movements(
    company: Company, document_type: DocumentType, values: Values
) -> list[tuple[str, str, Decimal, Decimal]]:
    """Return the stock movements of a document, to see whether a change affects stock."""
    return [
        (values["date"], item.id, line["quantity"], line["base_currency_net_amount"])
        for item, line in _items(company, document_type, values)
    ]


def _quantities(company: Company, document_type: DocumentType, values: Values) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for item, line in _items(company, document_type, values):
        found[item.id] = found.get(item.id, ZERO) + line["quantity"]
    return found


def _stock_faults(
    company: Company, document_type: DocumentType, direction: int, before: Values | None, after: Values | None
) -> Iterator[Fault]:
    """Yield a fault if the change of a document would make an item's stock negative."""
    had = _quantities(company, document_type, before) if before is not None else {}
    has = _quantities(company, document_type, after) if after is not None else {}
    for id in {**had, **has}:
        change = direction * (has.get(id, ZERO) - had.get(id, ZERO))
        if change < 0 and level_of(company.table(_ITEM).rows[id]).quantity + change < 0:
            yield Fault(_SHORT)
            return


def _create_movements(
    company: Company, document_type: DocumentType, direction: int, row: Row, now: int
) -> None:
    for item, line in _items(company, document_type, row.values):
        if not line["quantity"]:
            continue
        level = level_of(item)
        bought = rounded(line["base_currency_net_amount"] / line["quantity"], 10)
        cost = level.average if document_type.side == "CUSTOMER" else bought
        values: Values = {
            "stock_item": Link(_ITEM, item.id),
            "date": row.values["date"],
            "quantity": direction * line["quantity"],
            "cost_price": abs(cost),
            "details": _details(company, document_type, row),
            "reference": row.values.get("reference"),
            "origin": Link(document_type.kind, row.id),
        }
        movement = company.add(_MOVEMENT, values, now, item.id)
        row.values.setdefault("movements", []).append(movement.id)
        write_movement(company, movement, now)


def _details(company: Company, document_type: DocumentType, row: Row) -> str:
    named = row.values.get(document_type.number) if document_type.number else None
    named = (
        named or row.values.get("vendor_reference") or displayed_as(company, Link(document_type.kind, row.id))
    )
    return f"{row.values['contact_name']} (Ref: {named})"


def _delete_movements(company: Company, row: Row, now: int) -> None:
    """Delete the movements a document created."""
    table, items = company.table(_MOVEMENT), {}
    for id in row.values.pop("movements", ()):
        movement = table.rows[id]
        item = item_of(company, movement)
        items[item.id] = item
        table.remove(movement, now, item.id)
    for item in items.values():
        recalculate_level(company, item, now)
