"""Stock: items, what came in and went out, and what documents take.

Movements keep quantities and costs and post nothing: Sage calls them information about an item, gives
them no transaction and knows no type of transaction for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import rounded
from sagerecon.rehearsal.accounts import item_conduct
from sagerecon.rehearsal.checking import LARGEST, TOO_LARGE
from sagerecon.rehearsal.company import Company
from sagerecon.rehearsal.conduct import Conduct
from sagerecon.rehearsal.documents import Sort, is_booked
from sagerecon.rehearsal.presenting import displayed_as
from sagerecon.rehearsal.records import Link, Row, Values
from sagerecon.rehearsal.refusal import Fault

NOTHING = Decimal()
_ITEM, _MOVEMENT = "stock_item", "stock_movement"

#: Sage's own words, which do not name the item.
_SHORT = "You cannot fulfil this invoice as you do not have enough stock."


@dataclass(frozen=True, slots=True)
class Level:
    """What there is of an item, what one cost on average, and what the last ones cost."""

    quantity: Decimal = NOTHING
    average: Decimal = NOTHING
    last: Decimal = NOTHING

    def after(self, quantity: Decimal, cost: Decimal) -> Level:
        """The level once so many have come in at `cost` each, or gone out."""
        left = self.quantity + quantity
        if quantity <= 0:
            return replace(self, quantity=left)
        if self.quantity <= 0 or left <= 0:
            return Level(left, cost, cost)
        average = (self.quantity * self.average + quantity * cost) / left
        return Level(left, rounded(average, 10), cost)


def level_of(item: Row) -> Level:
    """What an item's record says."""
    values = item.values
    return Level(
        values.get("quantity_in_stock") or NOTHING,
        values.get("average") or NOTHING,
        values.get("last_cost_price") or NOTHING,
    )


def _write_level(company: Company, item: Row, level: Level, now: int) -> None:
    values = item.values
    values["quantity_in_stock"], values["average"] = level.quantity, level.average
    values["last_cost_price"], values["average_cost_price"] = level.last, rounded(level.average)
    values["last_cost_price_stock_value"] = rounded(level.quantity * level.last)
    values["average_cost_price_stock_value"] = rounded(level.quantity * level.average)
    values["cost_price_last_updated"] = day_of(now).isoformat()
    _touch_both(company, item, now)


def _twin(company: Company, item: Row) -> Row:
    """The record in the list of products that shows the values of a stock item."""
    return company.table("product").rows[item.id]


def _touch_both(company: Company, item: Row, now: int) -> None:
    company.table(_ITEM).touch(item, now)
    _show_twin(company, item, now)


def _show_twin(company: Company, item: Row, now: int) -> None:
    twin = _twin(company, item)
    twin.values = item.values
    company.table("product").touch(twin, now)


def _count_again(company: Company, item: Row, now: int) -> None:
    """The level from all movements, in the order they were made."""
    level = Level()
    for row in company.table(_MOVEMENT).owned(item.id):
        level = level.after(row.values["quantity"], row.values["cost_price"])
    _write_level(company, item, level, now)


_ITEM_CONDUCT = item_conduct(_ITEM, "sales_prices", "product_sales_price_type", "price_name")

#: What follows from the movements and is nobody's to write.
_COUNTED = (
    "quantity_in_stock",
    "average",
    "last_cost_price",
    "last_cost_price_stock_value",
    "average_cost_price",
    "average_cost_price_stock_value",
    "cost_price_last_updated",
)


def _complete_item(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from _ITEM_CONDUCT.complete(company, values, old)
    supplier = values.get("usual_supplier")
    found = company.find(supplier)
    if found is not None and found.values["contact_types"][0].id != "VENDOR":
        yield Fault("Couldn't find Supplier.", "usual_supplier_id")
    for name in _COUNTED:
        if old is None:
            values[name] = None if name == "cost_price_last_updated" else NOTHING
        else:
            values[name] = old.values.get(name)
    for name in ("cost_price", "reorder_level", "reorder_quantity"):
        if values.get(name) is None:
            values[name] = NOTHING


def _write_item(company: Company, row: Row, now: int) -> None:
    """A stock item is a product as well: it stands in that list and can be named on a line."""
    _ITEM_CONDUCT.created(company, row, now)
    company.table("product").add(Row(row.id, row.sequence, now, row.values))


def _change_item(company: Company, row: Row, before: Values, now: int) -> None:
    _ITEM_CONDUCT.changed(company, row, before, now)
    _show_twin(company, row, now)


def is_stock_deletable(company: Company, row: Row) -> bool:
    """Whether a stock item can be deleted: it never moved and no document ever named it."""
    named = Link("product", row.id) in company.used_items
    return not named and not company.table(_MOVEMENT).has_owned(row.id)


def _keep_item(company: Company, row: Row) -> Iterator[Fault]:
    if not is_stock_deletable(company, row):
        yield Fault("You cannot delete a stock item that is in use.", code="MethodNotAllowed")


def _remove_item(company: Company, row: Row, now: int) -> None:
    _ITEM_CONDUCT.removed(company, row, now)
    company.table("product").remove(_twin(company, row), now)


STOCK_ITEM = Conduct(_complete_item, _keep_item, _write_item, _change_item, _remove_item)


def _complete_movement(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if old is not None and old.values.get("origin") is not None:
        yield Fault("You cannot change a movement that a document made.", "base")
        return
    if old is not None and values["stock_item"] != old.values["stock_item"]:
        yield Fault("You cannot move a movement to another stock item.", "stock_item_id")
    if old is not None and not values.get("movement_number"):
        values["movement_number"] = old.values["movement_number"]
    if not values["quantity"]:
        yield Fault("Quantity must not be 0.", "quantity")
    if values["cost_price"] < 0:
        yield Fault("Cost price cannot be negative.", "cost_price")
    item = company.find(values["stock_item"])
    had = old.values["quantity"] if old is not None else NOTHING
    left = values["quantity"] - had + (level_of(item).quantity if item is not None else NOTHING)
    if left < 0:
        yield Fault("You do not have enough stock.", "quantity")
    if left >= LARGEST or left * values["cost_price"] >= LARGEST:
        yield Fault(TOO_LARGE, "quantity")


def _write_movement(company: Company, row: Row, now: int) -> None:
    values = row.values
    if not values.get("movement_number"):
        values["movement_number"] = str(company.next_number(_MOVEMENT))
    item = company.table(_ITEM).rows[values["stock_item"].id]
    _write_level(company, item, level_of(item).after(values["quantity"], values["cost_price"]), now)


def _item_of(company: Company, row: Row) -> Row:
    return company.table(_ITEM).rows[row.values["stock_item"].id]


def _keep_movement(company: Company, row: Row) -> Iterator[Fault]:
    if row.values.get("origin") is not None:
        yield Fault("You cannot delete a movement that a document made.", "base")
    elif level_of(_item_of(company, row)).quantity < row.values["quantity"]:
        yield Fault("You do not have enough stock.", "quantity")


def _remove_movement(company: Company, row: Row, now: int) -> None:
    item = _item_of(company, row)
    level = Level()
    for each in company.table(_MOVEMENT).owned(item.id):
        if each is not row:
            level = level.after(each.values["quantity"], each.values["cost_price"])
    _write_level(company, item, level, now)


STOCK_MOVEMENT = Conduct(
    _complete_movement,
    _keep_movement,
    _write_movement,
    lambda company, row, _before, now: _count_again(company, _item_of(company, row), now),
    _remove_movement,
)


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
        _write_movement(company, movement, now)


def _details(company: Company, sort: Sort, row: Row) -> str:
    named = row.values.get(sort.number) if sort.number else None
    named = named or row.values.get("vendor_reference") or displayed_as(company, Link(sort.kind, row.id))
    return f"{row.values['contact_name']} (Ref: {named})"


def _move_back(company: Company, row: Row, now: int) -> None:
    """Take out the movements a document made."""
    table, items = company.table(_MOVEMENT), {}
    for id in row.values.pop("movements", ()):
        movement = table.rows[id]
        item = _item_of(company, movement)
        items[item.id] = item
        table.remove(movement, now, item.id)
    for item in items.values():
        _count_again(company, item, now)
