"""Stock: items, what came in and went out, and what documents take.

Movements keep quantities and costs and post nothing: Sage calls them information about an item, gives
them no transaction and knows no type of transaction for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.accounts import item_conduct
from sagerecon.rehearsal.books.checking import LARGEST, TOO_LARGE
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import Conduct
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault

NOTHING = Decimal()
_ITEM, _MOVEMENT = "stock_item", "stock_movement"


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


def count_again(company: Company, item: Row, now: int) -> None:
    """Write the level from all movements, in the order they were made."""
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


def write_movement(company: Company, row: Row, now: int) -> None:
    """Number a movement and count it."""
    values = row.values
    if not values.get("movement_number"):
        values["movement_number"] = str(company.next_number(_MOVEMENT))
    item = company.table(_ITEM).rows[values["stock_item"].id]
    _write_level(company, item, level_of(item).after(values["quantity"], values["cost_price"]), now)


def item_of(company: Company, row: Row) -> Row:
    """The stock item of a movement."""
    return company.table(_ITEM).rows[row.values["stock_item"].id]


def _keep_movement(company: Company, row: Row) -> Iterator[Fault]:
    if row.values.get("origin") is not None:
        yield Fault("You cannot delete a movement that a document made.", "base")
    elif level_of(item_of(company, row)).quantity < row.values["quantity"]:
        yield Fault("You do not have enough stock.", "quantity")


def _remove_movement(company: Company, row: Row, now: int) -> None:
    item = item_of(company, row)
    level = Level()
    for each in company.table(_MOVEMENT).owned(item.id):
        if each is not row:
            level = level.after(each.values["quantity"], each.values["cost_price"])
    _write_level(company, item, level, now)


STOCK_MOVEMENT = Conduct(
    _complete_movement,
    _keep_movement,
    write_movement,
    lambda company, row, _before, now: count_again(company, item_of(company, row), now),
    _remove_movement,
)
