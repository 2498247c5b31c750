"""Move suppliers and purchase orders of the AdventureWorks schema: stories C14 and C15."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from moves import SHARED, Move, move
from pack_moves import refusal, snapshot, tied_out

from sagerecon.commands.preparation import Prepared
from sagerecon.model.draft import Draft, LeftOut
from sagerecon.model.money import total

MANUFACTURER = SHARED / "data" / "adventureworks-purchasing"

needs_manufacturer = pytest.mark.skipif(
    not MANUFACTURER.exists(), reason="the manufacturer's tables lie in ../shared/data, which is absent"
)

#: Tables without a header row; a bar stands for the tab, T0 for the time of each date.
TABLES = {
    "Vendor": """\
        1|ELMTIMBER0001|Elm Timber|1|1|1||2022-12-22T0
        2|ELMTIMBER0002|Elm Timber North|1|1|1||2022-12-22T0
        3|FIR1|Fir Bikes|1|1|0||2022-12-22T0
        4|GORSE1|Gorse|1|1|0||2022-12-22T0
    """,
    "PurchaseOrderHeader": """\
        1|5|4|258|1|3|2022-04-15T0|2022-04-24T0|100.1250|8.0100|2.5031|110.6381|2022-04-24T0
        2|5|4|258|3|3|2022-04-16T0|2022-05-02T0|20.0000|.0000|.0000|20.0000|2022-04-24T0
        3|5|1|258|2|3|2022-04-17T0|2022-04-24T0|1.5000|.1200|.0300|1.6500|2022-04-24T0
        4|5|3|258|2|3|2022-04-17T0|2022-04-24T0|1.5000|.1200|.0300|1.6500|2022-04-24T0
    """,
    "PurchaseOrderDetail": """\
        1|1|2022-04-29T0|3|11|33.3750|100.1250|3.00|.00|3.00|2022-04-22T0
        2|2|2022-04-29T0|2|12|10.0000|20.0000|2.00|1.00|1.00|2022-04-22T0
        3|3|2022-04-29T0|1|12|1.5000|1.5000|1.00|.00|1.00|2022-04-22T0
        4|4|2022-04-29T0|1|12|1.5000|1.5000|1.00|.00|1.00|2022-04-22T0
    """,
    "Product": """\
        11|Race|AR-1|0|0||1000|750|.0000|.0000|||||0||||5||2019-04-30T0||||x
        12|Ball|BA-2|0|0||1000|750|1.2500|.0000|||||0||||||2019-04-30T0||||x
    """,
    "ProductCategory": "1|Bikes|x|2019-04-30T0",
    "ProductSubcategory": "5|1|Mountain Bikes|x|2019-04-30T0",
}


@contextmanager
def small(folder: Path, changes: Mapping[str, str] = {}, **tables: str) -> Iterator[Move]:
    """Yield the move of two suppliers' orders; `tables` replaces texts above, by table."""
    data = folder / "data"
    data.mkdir(parents=True)
    for name, text in {**TABLES, **tables}.items():
        rows = "".join(f"{row.strip()}\n" for row in text.strip().splitlines())
        (data / f"{name}.csv").write_text(rows.replace("|", "\t").replace("T0", " 00:00:00.000"))
    with move(folder / "project", "adventureworks", data, changes) as opened:
        yield opened


def creditors(moved: Move) -> str:
    """Carry the move out, and return what Sage owes; all tie-outs agree."""
    return tied_out(moved)["creditors"]


def messages(prepared: Prepared, code: str) -> list[str]:
    return [found.message for found in prepared.findings if found.code == code]


def test_complete_orders_tie_out_and_rounding_is_stated_once(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        prepared = snapshot(moved)
        (message,) = messages(prepared, "rounding")
        assert "2 complete orders sum to 130.6381 before rounding and to 130.64" in message
        assert message.endswith("rounding 0.0019.")
        invoice = next(o for o in prepared.outcomes if o.key == "purchase_invoices/1")
        assert isinstance(invoice, Draft)
        lines = invoice.body["invoice_lines"]
        assert isinstance(lines, list | tuple)
        assert [(line["description"], str(line["unit_price"])) for line in lines] == [  # type: ignore[index,call-overload]
            ("Race (AR-1)", "33.3750"),
            ("Sales tax of the supplier", "8.0100"),
            ("Freight", "2.5031"),
        ]
        left_out = {
            o.key: o.rule for o in prepared.outcomes if isinstance(o, LeftOut) and o.kind != "product"
        }
        assert left_out == {
            "suppliers/4": "inactive",
            "purchase_invoices/3": "pending",
            "purchase_invoices/4": "rejected",
            "analysis_categories/5": "not_wanted",
        }
        assert creditors(moved) == "130.64"


def test_long_account_codes_stay_different(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        found = [o for o in snapshot(moved).outcomes if isinstance(o, Draft) and o.kind == "contact"]
    references = {o.key: str(o.body["reference"]) for o in found}
    assert references["suppliers/3"] == "FIR1"
    assert len(set(references.values())) == 3
    assert max(map(len, references.values())) == 10


def test_c15_inactive_suppliers_are_kept_or_left_out_with_their_orders(tmp_path: Path) -> None:
    with small(tmp_path / "keep") as moved:
        prepared = snapshot(moved)
        assert messages(prepared, "inactive_suppliers") == [
            "supplier FIR1 is inactive and has 1 orders, 1 of them complete."
        ]
        kept = next(o for o in prepared.outcomes if o.key == "suppliers/3")
        assert isinstance(kept, Draft)
        assert kept.body["notes"] == "Inactive in the old system"
        assert any("kept because it has complete orders" in str(change.rule) for change in kept.changes)
    changes = {"inactive_suppliers: keep": "inactive_suppliers: leave_out"}
    with small(tmp_path / "leave_out", changes) as moved:
        rules = {o.key: o.rule for o in snapshot(moved).outcomes if isinstance(o, LeftOut)}
        assert (rules["suppliers/3"], rules["purchase_invoices/2"]) == ("inactive", "inactive_supplier")
        assert creditors(moved) == "110.64"


def test_products_and_subcategories_are_created_by_choice(tmp_path: Path) -> None:
    with small(tmp_path, {"products: leave_out": "products: create"}) as moved:
        kinds = Counter(o.kind for o in snapshot(moved).outcomes if isinstance(o, Draft))
        assert (kinds["product"], kinds["analysis_type_category"]) == (2, 1)
        assert creditors(moved) == "130.64"


@pytest.mark.parametrize(
    ("table", "before", "after", "message"),
    [
        ("PurchaseOrderHeader", "110.6381", "110.6382", "order 1 over 110.6382 is not the sum of its parts"),
        ("PurchaseOrderDetail", "|12|10.0000", "|13|10.0000", "is of product 13, which is not in the export"),
        ("PurchaseOrderHeader", "|258|3|", "|258|9|", "order 2 is of supplier 9, which is not in the export"),
    ],
)
def test_what_does_not_fit_stops_the_plan(
    tmp_path: Path, table: str, before: str, after: str, message: str
) -> None:
    with small(tmp_path, {}, **{table: TABLES[table].replace(before, after)}) as moved:
        assert message in refusal(moved)


@needs_manufacturer
def test_c14_complete_orders_have_the_known_total(tmp_path: Path) -> None:
    with move(tmp_path / "project", "adventureworks", MANUFACTURER) as moved:
        prepared = snapshot(moved)
    invoices = [o for o in prepared.outcomes if isinstance(o, Draft) and o.kind == "purchase_invoice"]
    rounded = total(o.amount or Decimal() for o in invoices)
    assert (len(invoices), str(rounded)) == (3_689, "62786174.25")
    (message,) = messages(prepared, "rounding")
    assert "3689 complete orders sum to 62786162.5048 before rounding and to 62786174.25" in message
    assert message.endswith(f"rounding {rounded - Decimal('62786162.5048')}.")
    left_out = Counter(o.rule for o in prepared.outcomes if isinstance(o, LeftOut))
    assert (left_out["pending"], left_out["approved"], left_out["rejected"]) == (225, 12, 86)


@needs_manufacturer
def test_c15_orders_of_inactive_suppliers_have_their_supplier_or_are_listed(tmp_path: Path) -> None:
    changes = {"inactive_suppliers: keep": "inactive_suppliers: leave_out"}
    with move(tmp_path / "project", "adventureworks", MANUFACTURER, changes) as moved:
        outcomes = snapshot(moved).outcomes
    left_out = Counter((o.kind, o.rule) for o in outcomes if isinstance(o, LeftOut))
    assert left_out["contact", "inactive"] == 4
    assert left_out["purchase_invoice", "inactive_supplier"] == 185  # of their 203 orders the complete ones
    suppliers = {o.key for o in outcomes if isinstance(o, Draft) and o.kind == "contact"}
    invoices = [o for o in outcomes if isinstance(o, Draft) and o.kind == "purchase_invoice"]
    assert {r.key for o in invoices for r in o.references if r.kind == "contact"} <= suppliers


@needs_manufacturer
def test_the_first_orders_tie_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(MANUFACTURER, data)
    for name in ("PurchaseOrderHeader", "PurchaseOrderDetail"):
        path = data / f"{name}.csv"
        rows = path.read_text().splitlines(keepends=True)
        path.write_text("".join(row for row in rows if int(row.split("\t")[0]) <= 60))
    with move(tmp_path / "project", "adventureworks", data) as moved:
        creditors(moved)
