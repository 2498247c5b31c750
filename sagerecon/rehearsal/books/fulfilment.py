"""Documents that move stock: sales take it out, purchases bring it in, notes undo, and none may be short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import Conduct
from sagerecon.rehearsal.books.documents import Sort, is_booked
from sagerecon.rehearsal.books.presenting import displayed_as
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.stock import count_again, item_of, level_of, write_movement

NOTHING = Decimal()
_ITEM, _MOVEMENT = "stock_item", "stock_movement"

#: Sage's own words, which do not name the item.
_SHORT = "You cannot fulfil this invoice as you do not have enough stock."


def stocked(sort: Sort, conduct: Conduct) -> Conduct:
    """The conduct of documents that move stock: sales take it out, purchases bring it in, notes undo."""
    direction = {"sales_invoice": -1, "sales_credit_note": 1, "purchase_invoice": 1}.get(sort.kind, -1)

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        faults = list(conduct.complete(company, values, old))
        yield from faults
        if not faults:
            before = old.values if old is not None else None
            yield from _short_faults(company, sort, direction, before, values)

    def keeps(company: Company, row: Row) -> Iterator[Fault]:
        yield from conduct.keeps(company, row)
        yield from _short_faults(company, sort, direction, row.values, None)

    def created(company: Company, row: Row, now: int) -> None:
        conduct.created(company, row, now)
        _move(company, sort, direction, row, now)

    def changed(company: Company, row: Row, before: Values, now: int) -> None:
        conduct.changed(company, row, before, now)
        if _moves(company, sort, before) != _moves(company, sort, row.values):
            _move_back(company, row, now)
            _move(company, sort, direction, row, now)

    def removed(company: Company, row: Row, now: int) -> None:
        conduct.removed(company, row, now)
        _move_back(company, row, now)

    def releases(company: Company, row: Row) -> Iterator[Fault]:
        yield from _short_faults(company, sort, direction, None, {**row.values, "status": None})

    return replace(
        conduct,
        complete=complete,
        keeps=keeps,
        created=created,
        changed=changed,
        removed=removed,
        releases=releases,
    )


def _items(company: Company, sort: Sort, values: Values) -> Iterable[tuple[Row, Values]]:
    """Each line that names a stock item, with the item."""
    table = company.tables.get(_ITEM)
    if table is None or not table.rows or not is_booked(values):
        return
    for line in values.get(sort.lines) or ():
        link = line.get("product")
        item = table.get(link.id) if link is not None else None
        if item is not None:
            yield item, line


def _moves(company: Company, sort: Sort, values: Values) -> list[tuple[str, str, Decimal, Decimal]]:
    """What a document moves, so that a change of words moves nothing."""
    return [
        (values["date"], item.id, line["quantity"], line["base_currency_net_amount"])
        for item, line in _items(company, sort, values)
    ]


def _quantities(company: Company, sort: Sort, values: Values) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for item, line in _items(company, sort, values):
        found[item.id] = found.get(item.id, NOTHING) + line["quantity"]
    return found


def _short_faults(
    company: Company, sort: Sort, direction: int, before: Values | None, after: Values | None
) -> Iterator[Fault]:
    """No item may fall below zero by what a document takes more, or brings less, than it did."""
    had = _quantities(company, sort, before) if before is not None else {}
    has = _quantities(company, sort, after) if after is not None else {}
    for id in {**had, **has}:
        change = direction * (has.get(id, NOTHING) - had.get(id, NOTHING))
        if change < 0 and level_of(company.table(_ITEM).rows[id]).quantity + change < 0:
            yield Fault(_SHORT)
            return


def _move(company: Company, sort: Sort, direction: int, row: Row, now: int) -> None:
    for item, line in _items(company, sort, row.values):
        if not line["quantity"]:
            continue
        level = level_of(item)
        bought = rounded(line["base_currency_net_amount"] / line["quantity"], 10)
        cost = level.average if sort.side == "CUSTOMER" else bought
        values: Values = {
            "stock_item": Link(_ITEM, item.id),
            "date": row.values["date"],
            "quantity": direction * line["quantity"],
            "cost_price": abs(cost),
            "details": _details(company, sort, row),
            "reference": row.values.get("reference"),
            "origin": Link(sort.kind, row.id),
        }
        movement = company.add(_MOVEMENT, values, now, item.id)
        row.values.setdefault("movements", []).append(movement.id)
        write_movement(company, movement, now)


def _details(company: Company, sort: Sort, row: Row) -> str:
    named = row.values.get(sort.number) if sort.number else None
    named = named or row.values.get("vendor_reference") or displayed_as(company, Link(sort.kind, row.id))
    return f"{row.values['contact_name']} (Ref: {named})"


def _move_back(company: Company, row: Row, now: int) -> None:
    """Take out the movements a document made."""
    table, items = company.table(_MOVEMENT), {}
    for id in row.values.pop("movements", ()):
        movement = table.rows[id]
        item = item_of(company, movement)
        items[item.id] = item
        table.remove(movement, now, item.id)
    for item in items.values():
        count_again(company, item, now)
