"""Values that were never sent are compared with Sage's answer to the write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.comparison import Comparison, How
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.agreement import is_shown, sage_edits
from sagerecon.pairing.comparison_rules import ComparisonRules

BY = ComparisonRules(catalog()["sales_invoice"].fields)

LINES = [{"description": "Work", "unit_price": "10.00"}, {"description": "Parts", "unit_price": "20.00"}]
SENT = {"reference": "INV-1", "main_address": {"city": "Leeds"}, "invoice_lines": LINES}
BLANK = {"discount_amount": "0.0", "discount_percentage": None, "net_amount": "10.0", "quantity": "1"}
ANSWER = {
    "reference": "INV-1",
    "notes": None,
    "sent": False,
    "vat_reverse_charge": False,
    "due_date": "2017-05-01",
    "status": {"id": "UNPAID"},
    "net_amount": "30.0",
    "total_amount": "30.0",
    "total_discount_amount": "0.0",
    "base_currency_total_amount": "30.0",
    "main_address": {"id": "a1", "city": "Leeds", "postal_code": ""},
    "delivery_address": {"id": "a2", "city": None},
    "invoice_lines": [{**line, **BLANK} for line in LINES],
}
WRITTEN = Written("sales_invoice", "invoices/1", "s1", SENT, ANSWER, 0, "f")


def edited(by: ComparisonRules = BY, **changes: Any) -> list[tuple[str, str, str]]:
    """Return path, value at the write and value now of each edit."""
    held = Entity("sales_invoice", "s1", {**ANSWER, **changes})
    return [(edit.path, edit.written, edit.held) for edit in sage_edits(WRITTEN, held, by)]


def with_line(number: int, **fields: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [dict(line) for line in ANSWER["invoice_lines"]]  # type: ignore[attr-defined]
    lines[number].update(fields)
    return lines


def test_what_is_as_it_was_is_no_edit() -> None:
    assert edited() == []
    assert edited(total_amount="30.00", main_address={"id": "a1", "city": "Leeds", "postal_code": None}) == []


def test_what_changes_in_use_is_no_edit() -> None:
    assert edited(sent=True, status={"id": "PAID"}, base_currency_total_amount="25.0") == []


def test_a_field_that_was_blank_and_is_filled_is_an_edit_wherever_it_is() -> None:
    assert edited(notes="pays late") == [("notes", "", "pays late")]
    address = {"id": "a1", "city": "Leeds", "postal_code": "LS1"}
    assert edited(main_address=address) == [("main_address.postal_code", "", "LS1")]
    assert edited(delivery_address={"id": "a2", "city": "York"}) == [("delivery_address.city", "", "York")]
    assert edited(invoice_lines=with_line(1, discount_percentage="5.0")) == [
        ("invoice_lines[1].discount_percentage", "", "5.0")
    ]


def test_a_switch_or_a_day_that_is_another_one_now_is_an_edit() -> None:
    assert edited(vat_reverse_charge=True) == [("vat_reverse_charge", "False", "True")]
    assert edited(vat_reverse_charge=None) == []
    assert edited(due_date="2017-06-01") == [("due_date", "2017-05-01", "2017-06-01")]


def test_rows_are_compared_with_the_ones_that_were_sent_in_whatever_order_sage_shows_them() -> None:
    lines = list(reversed(with_line(1, discount_amount="2.0")))
    assert edited(invoice_lines=lines) == [("invoice_lines[1].discount_amount", "0.0", "2.0")]


def test_a_total_counts_where_nothing_else_was_edited() -> None:
    lower = {"net_amount": "28.0", "total_amount": "28.0", "total_discount_amount": "2.0"}
    lines = with_line(0, discount_amount="2.0", net_amount="8.0")
    assert edited(**lower, invoice_lines=lines) == [("invoice_lines[0].discount_amount", "0.0", "2.0")]
    assert edited(total_amount="28.0") == [("total_amount", "30.0", "28.0")]
    assert edited(total_amount="28.0", reference="INV-2") == [("reference", "INV-1", "INV-2")]


@pytest.mark.parametrize("path", ["invoice_lines", "invoice_lines.discount_percentage"])
def test_the_rules_of_the_mapping_ignore_a_field_with_its_parts(path: str) -> None:
    by = replace(BY, rules={path: Comparison(How.IGNORE)})
    assert edited(by, invoice_lines=with_line(1, discount_percentage="5.0")) == []


def test_a_part_that_our_own_record_filled_is_no_edit() -> None:
    by = replace(BY, ours=frozenset({"a2"}))
    assert edited(by, delivery_address={"id": "a2", "city": "York"}) == []


def test_a_listing_without_a_value_that_was_answered_does_not_show_the_record() -> None:
    assert is_shown(WRITTEN, Entity("sales_invoice", "s1", ANSWER), BY)
    without = {name: value for name, value in ANSWER.items() if name != "notes"}
    assert not is_shown(WRITTEN, Entity("sales_invoice", "s1", without), BY)
