"""Stock items, their movements and levels.

Movements record quantities and costs but post nothing: Sage describes them as information about an item,
and gives them no transaction and no transaction type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.clock import day_of
from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.accounts import item_hooks
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.validation import LARGEST, TOO_LARGE

ZERO = Decimal()
_ITEM, _MOVEMENT = "stock_item", "stock_movement"


@dataclass(frozen=True, slots=True)
class Level:
    """Quantity, average cost and last cost of an item."""

    quantity: Decimal = ZERO
    average: Decimal = ZERO
    last: Decimal = ZERO

    def after(self, quantity: Decimal, cost: Decimal) -> Level:
        """Return the level after a movement of `quantity` at `cost` each."""
        left = self.quantity + quantity
        if quantity <= 0:
            return replace(self, quantity=left)
        if self.quantity <= 0 or left <= 0:
            return Level(left, cost, cost)
        average = (self.quantity * self.average + quantity * cost) / left
        return Level(left, rounded(average, 10), cost)


def level_of(item: Row) -> Level:
    """Return the level stored in an item's record."""
    values = item.values
    return Level(
        values.get("quantity_in_stock") or ZERO,
        values.get("average") or ZERO,
        values.get("last_cost_price") or ZERO,
    )


def _write_level(company: Company, item: Row, level: Level, now: int) -> None:
    values = item.values
    values["quantity_in_stock"], values["average"] = level.quantity, level.average
    values["last_cost_price"], values["average_cost_price"] = level.last, rounded(level.average)
    values["last_cost_price_stock_value"] = rounded(level.quantity * level.last)
    values["average_cost_price_stock_value"] = rounded(level.quantity * level.average)
    values["cost_price_last_updated"] = day_of(now).isoformat()
    _touch_both(company, item, now)


def _product_row(company: Company, item: Row) -> Row:
    """Return the product that shows the values of a stock item."""
    return company.table("product").rows[item.id]


def _touch_both(company: Company, item: Row, now: int) -> None:
    company.table(_ITEM).touch(item, now)
    _update_product(company, item, now)


def _update_product(company: Company, item: Row, now: int) -> None:
    product = _product_row(company, item)
    product.values = item.values
    company.table("product").touch(product, now)


def recalculate_level(company: Company, item: Row, now: int) -> None:
    """Compute the level again from all movements, in creation order."""
    level = Level()
    for row in company.table(_MOVEMENT).owned(item.id):
        level = level.after(row.values["quantity"], row.values["cost_price"])
    _write_level(company, item, level, now)


_ITEM_HOOKS = item_hooks(_ITEM, "sales_prices", "product_sales_price_type", "price_name")

#: Fields computed from the movements; they cannot be written.
_COMPUTED = (
    "quantity_in_stock",
    "average",
    "last_cost_price",
    "last_cost_price_stock_value",
    "average_cost_price",
    "average_cost_price_stock_value",
    "cost_price_last_updated",
)


def _complete_item(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    yield from _ITEM_HOOKS.complete(company, values, old)
    supplier = values.get("usual_supplier")
    found = company.find(supplier)
    if found is not None and found.values["contact_types"][0].id != "VENDOR":
        yield Fault("Couldn't find Supplier.", "usual_supplier_id")
    for name in _COMPUTED:
        if old is None:
            values[name] = None if name == "cost_price_last_updated" else ZERO
        else:
            values[name] = old.values.get(name)
    for name in ("cost_price", "reorder_level", "reorder_quantity"):
        if values.get(name) is None:
            values[name] = ZERO


def _write_item(company: Company, row: Row, now: int) -> None:
    """Add a stock item to the products too: it is listed there, and lines refer to it as a product."""
    _ITEM_HOOKS.after_create(company, row, now)
    company.table("product").add(Row(row.id, row.sequence, now, row.values))


def _change_item(company: Company, row: Row, before: Values, now: int) -> None:
    _ITEM_HOOKS.after_update(company, row, before, now)
    _update_product(company, row, now)


def is_stock_deletable(company: Company, row: Row) -> bool:
    """Return whether a stock item has no movements and no document names it."""
    named = Link("product", row.id) in company.used_items
    return not named and not company.table(_MOVEMENT).has_owned(row.id)


def _item_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
    if not is_stock_deletable(company, row):
        yield Fault("You cannot delete a stock item that is in use.", code="MethodNotAllowed")


def _remove_item(company: Company, row: Row, now: int) -> None:
    _ITEM_HOOKS.after_delete(company, row, now)
    company.table("product").remove(_product_row(company, row), now)


STOCK_ITEM = Hooks(
    complete=_complete_item,
    delete_faults=_item_delete_faults,
    after_create=_write_item,
    after_update=_change_item,
    after_delete=_remove_item,
)


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
    had = old.values["quantity"] if old is not None else ZERO
    left = values["quantity"] - had + (level_of(item).quantity if item is not None else ZERO)
    if left < 0:
        yield Fault("You do not have enough stock.", "quantity")
    if left >= LARGEST or left * values["cost_price"] >= LARGEST:
        yield Fault(TOO_LARGE, "quantity")


def write_movement(company: Company, row: Row, now: int) -> None:
    """Number a movement and add it to the level of its item."""
    values = row.values
    if not values.get("movement_number"):
        values["movement_number"] = str(company.next_number(_MOVEMENT))
    item = company.table(_ITEM).rows[values["stock_item"].id]
    _write_level(company, item, level_of(item).after(values["quantity"], values["cost_price"]), now)


def item_of(company: Company, row: Row) -> Row:
    """Return the stock item of a movement."""
    return company.table(_ITEM).rows[row.values["stock_item"].id]


def _movement_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
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


STOCK_MOVEMENT = Hooks(
    complete=_complete_movement,
    delete_faults=_movement_delete_faults,
    after_create=write_movement,
    after_update=lambda company, row, _before, now: recalculate_level(company, item_of(company, row), now),
    after_delete=_remove_movement,
)
