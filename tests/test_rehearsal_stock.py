"""Stock: quantities and costs follow from the movements; stock is never negative."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_business import Clerk, messages

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business

SHORT = [("", "You cannot fulfil this invoice as you do not have enough stock.")]


class Storekeeper(Clerk):
    """A clerk with one stock item."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.item = self.new_item("GLASSES")

    def new_item(self, code: str, **fields: Any) -> str:
        accounts = {
            "sales_ledger_account_id": self.account(4000),
            "purchase_ledger_account_id": self.account(5000),
        }
        return str(self.post("stock_item", item_code=code, description="Glasses", **accounts, **fields)["id"])

    def movement(self, quantity: str, cost: str, **fields: Any) -> dict[str, Any]:
        usual = {"stock_item_id": self.item, "date": "2026-01-05", "details": "Stock take"}
        return {**usual, "quantity": quantity, "cost_price": cost, **fields}

    def move(self, quantity: str, cost: str = "1.00", **fields: Any) -> Any:
        return self.post("stock_movement", **self.movement(quantity, cost, **fields))

    def level(self) -> tuple[str, str, str]:
        """Return quantity, average cost and last cost."""
        item = self.get(f"/stock_items/{self.item}")
        return item["quantity_in_stock"], item["average_cost_price"], item["last_cost_price"]

    def sold(self, quantity: str, **fields: Any) -> Any:
        """Return a document line that names the item."""
        return self.line(
            "5.00", "0", tax_rate_id="GB_ZERO", quantity=quantity, product_id=self.item, **fields
        )


def test_quantities_and_costs_follow_from_the_movements() -> None:
    clerk = Storekeeper()
    clerk.move("10", "10.00")
    clerk.move("5", "5.00")
    clerk.move("-5", "0")
    assert clerk.level() == ("10.0", "8.33", "5.0")
    item = clerk.get(f"/stock_items/{clerk.item}")
    assert (item["average_cost_price_stock_value"], item["last_cost_price_stock_value"]) == ("83.33", "50.0")
    assert item["cost_price_last_updated"] == "2026-01-01"


def test_movements_post_nothing() -> None:
    clerk = Storekeeper()
    clerk.move("10", "10.00")
    assert clerk.get("/transactions")["$total"] == clerk.get("/ledger_entries")["$total"] == 0


def test_a_movement_has_its_date_with_a_time_its_number_and_its_item() -> None:
    clerk = Storekeeper()
    made = clerk.move("1", "2.00")
    assert (made["date"], made["movement_number"], made["quantity"]) == ("2026-01-05T00:00:00.000Z", 1, "1.0")
    assert made["stock_item"]["item_code"] == "GLASSES"
    assert clerk.move("1")["movement_number"] == 2
    assert clerk.get("/stock_movements", from_date="2026-01-06")["$total"] == 0
    assert clerk.get("/stock_movements", stock_item_id=clerk.item, search="TAKE")["$total"] == 2


def test_movements_can_change_while_stock_is_not_negative() -> None:
    clerk = Storekeeper()
    first = clerk.move("10", "10.00")["id"]
    clerk.move("-4", "0")
    assert clerk.put("stock_movement", first, quantity="3").status == 422
    assert clerk.put("stock_movement", first, quantity="4", cost_price="2.00").status == 200
    assert clerk.level() == ("0.0", "2.0", "2.0")
    assert messages(clerk.delete("stock_movement", first)) == [("quantity", "You do not have enough stock.")]
    clerk.move("4", "1.00")
    assert clerk.delete("stock_movement", first).status == 204
    assert clerk.level()[0] == "0.0"


@pytest.mark.parametrize(
    ("fields", "source", "message"),
    [
        ({"quantity": "-1"}, "quantity", "You do not have enough stock."),
        ({"quantity": "0"}, "quantity", "Quantity must not be 0."),
        ({"cost_price": "-1"}, "cost_price", "Cost price cannot be negative."),
        ({"details": "x" * 51}, "details", "Details is too long (maximum is 50 characters)."),
        ({"stock_item_id": "ab"}, "stock_item_id", "Couldn't find Stock Item."),
    ],
)
def test_refused_movements(fields: dict[str, str], source: str, message: str) -> None:
    clerk = Storekeeper()
    reply = clerk.send("stock_movement", **{**clerk.movement("1", "1"), **fields})
    assert (reply.status, messages(reply)) == (422, [(source, message)])


def test_sales_take_stock_out_and_are_refused_without_enough() -> None:
    clerk = Storekeeper()
    clerk.move("10", "2.00")
    customer = clerk.customer()
    invoice = clerk.invoice(customer, clerk.sold("4"))
    assert clerk.level() == ("6.0", "2.0", "2.0")
    before = json.dumps(clerk.business.document())
    fields = {
        "contact_id": customer,
        "date": "2026-01-05",
        "invoice_lines": [clerk.sold("4"), clerk.sold("3")],
    }
    assert messages(clerk.send("sales_invoice", **fields)) == SHORT
    assert json.dumps(clerk.business.document()) == before
    out = clerk.get("/stock_movements", attributes="all")["$items"][-1]
    assert (out["quantity"], out["cost_price"], out["displayed_as"]) == ("-4.0", "2.0", "Oak Ltd (Ref: SI-1)")
    assert clerk.delete("stock_movement", out["id"]).status == 422
    assert clerk.put("stock_movement", out["id"], quantity="-1").status == 422
    assert invoice["invoice_lines"][0]["product"]["displayed_as"] == "Glasses"


def test_only_a_change_of_quantity_moves_stock() -> None:
    clerk = Storekeeper()
    clerk.move("10", "2.00")
    made = clerk.invoice(clerk.customer(), clerk.sold("4"))["id"]
    numbers = [item["id"] for item in clerk.get("/stock_movements")["$items"]]
    assert clerk.put("sales_invoice", made, notes="x").status == 200
    assert [item["id"] for item in clerk.get("/stock_movements")["$items"]] == numbers
    assert messages(clerk.put("sales_invoice", made, invoice_lines=[clerk.sold("11")])) == SHORT
    assert clerk.put("sales_invoice", made, invoice_lines=[clerk.sold("10")]).status == 200
    assert clerk.level()[0] == "0.0"
    assert clerk.delete("sales_invoice", made, void_reason="x").status == 200
    assert clerk.level()[0] == "10.0"


def test_a_draft_moves_stock_when_it_is_released() -> None:
    clerk = Storekeeper()
    made = clerk.invoice(clerk.customer(), clerk.sold("4"), status_id="DRAFT")["id"]
    assert messages(clerk.request("POST", f"/sales_invoices/{made}/release")) == SHORT
    clerk.move("4")
    assert clerk.request("POST", f"/sales_invoices/{made}/release").status == 201
    assert clerk.level()[0] == "0.0"


def test_purchases_bring_stock_in_at_cost_and_credit_notes_reverse_it() -> None:
    clerk = Storekeeper()
    vendor = clerk.vendor()
    fields = {"contact_id": vendor, "date": "2026-01-05", "due_date": "2026-01-05"}
    bill = clerk.post("purchase_invoice", **fields, invoice_lines=[clerk.sold("4", unit_price="4.50")])
    assert clerk.level() == ("4.0", "4.5", "4.5")
    note = {"contact_id": vendor, "date": "2026-01-06", "credit_note_lines": [clerk.sold("3")]}
    made = clerk.post("purchase_credit_note", **note)
    assert clerk.level()[0] == "1.0"
    assert messages(clerk.delete("purchase_invoice", bill["id"])) == SHORT
    assert clerk.delete("purchase_credit_note", made["id"]).status == 204
    back = {"contact_id": clerk.customer(), "date": "2026-01-06", "credit_note_lines": [clerk.sold("2")]}
    clerk.post("sales_credit_note", **back)
    assert clerk.level() == ("6.0", "4.5", "4.5")


def test_a_stock_item_is_also_a_product() -> None:
    clerk = Storekeeper()
    [product] = clerk.get("/products", attributes="all")["$items"]
    assert (product["id"], product["catalog_item_type"]["id"]) == (clerk.item, "STOCK_ITEM")
    assert clerk.get(f"/products/{clerk.item}")["displayed_as"] == "Glasses"
    assert clerk.put("product", clerk.item, description="x").status == 404
    assert clerk.delete("product", clerk.item).status == 404
    accounts = {
        "sales_ledger_account_id": clerk.account(4000),
        "purchase_ledger_account_id": clerk.account(5000),
    }
    reply = clerk.send("stock_item", item_code="GLASSES", description="x", **accounts)
    assert messages(reply) == [("item_code", "Item code has already been taken.")]
    assert clerk.put("stock_item", clerk.item, description="Cups").body["displayed_as"] == "Cups"
    assert clerk.get("/products", attributes="description")["$items"][0]["description"] == "Cups"
    assert clerk.delete("stock_item", clerk.item).status == 204
    assert clerk.get("/products")["$total"] == clerk.get("/stock_items")["$total"] == 0
    assert clerk.get("/products", deleted_since="2026-01-01")["$total"] == 1


def test_a_stock_item_with_movements_cannot_be_deleted() -> None:
    clerk = Storekeeper()
    made = clerk.move("1")["id"]
    reply = clerk.delete("stock_item", clerk.item)
    assert (reply.status, reply.body[0]["$message"]) == (
        405,
        "You cannot delete a stock item that is in use.",
    )
    assert clerk.get(f"/stock_items/{clerk.item}")["deletable"] is False
    clerk.delete("stock_movement", made)
    assert clerk.get(f"/stock_items/{clerk.item}")["deletable"] is True


def test_a_stock_item_on_a_quote_cannot_be_deleted() -> None:
    clerk = Storekeeper()
    fields = {"contact_id": clerk.customer(), "date": "2026-01-05", "expiry_date": "2026-02-05"}
    clerk.post("sales_quote", **fields, quote_lines=[clerk.sold("4")])
    assert clerk.level()[0] == "0.0"
    assert clerk.delete("stock_item", clerk.item).status == 405


def test_computed_fields_cannot_be_written() -> None:
    clerk = Storekeeper()
    clerk.move("2", "3.00")
    changed = clerk.put("stock_item", clerk.item, quantity_in_stock="99", average_cost_price="9")
    assert (changed.body["quantity_in_stock"], changed.body["average_cost_price"]) == ("2.0", "3.0")


def test_filters_of_low_stock() -> None:
    clerk = Storekeeper()
    clerk.put("stock_item", clerk.item, reorder_level="5")
    full = clerk.new_item("FULL", reorder_level="1")
    clerk.move("3", stock_item_id=full)

    def found(**query: str) -> list[str]:
        return [item["id"] for item in clerk.get("/stock_items", **query)["$items"]]

    assert found(out_of_stock="true") == [clerk.item]
    assert found(out_of_stock="false") == [full]
    assert found(below_reorder_level="true") == [clerk.item]


def test_stock_continues_after_loading() -> None:
    clerk = Storekeeper()
    clerk.move("10", "2.00")
    made = clerk.invoice(clerk.customer(), clerk.sold("4"))["id"]
    clerk.business = Business.from_document(json.loads(json.dumps(clerk.business.document())), catalog())
    clerk.put("stock_item", clerk.item, description="Cups")
    assert clerk.get(f"/products/{clerk.item}")["description"] == "Cups"
    assert clerk.delete("sales_invoice", made, void_reason="x").status == 200
    assert clerk.level()[0] == "10.0"


def test_only_the_plus_edition_has_stock() -> None:
    assert Clerk(edition="standard").request("GET", "/stock_items").status == 403


def test_a_movement_keeps_its_number_when_it_is_cleared() -> None:
    clerk = Storekeeper()
    moved = clerk.move("10", "10.00")
    changed = clerk.put("stock_movement", moved["id"], movement_number="")
    assert changed.body["movement_number"] == moved["movement_number"]


def test_stock_of_too_large_a_value_is_refused() -> None:
    clerk = Storekeeper()
    reply = clerk.send("stock_movement", **clerk.movement("999999999999", "999999999999"))
    assert messages(reply) == [("quantity", "The amount is too large.")]
    clerk.move("900000000000", "0.01")
    reply = clerk.send("stock_movement", **clerk.movement("1", "900000000000"))
    assert messages(reply) == [("quantity", "The amount is too large.")]
