"""The QuickBooks pack on an export of its own: open items, items as products, files of two days."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moves import QBO, Move, move, needs_qbo
from pack_moves import refusal
from small_quickbooks import write_export

from sagerecon.commands import sources
from sagerecon.model.draft import Draft, Quarantined
from sagerecon.pairing.consequences import Verdict
from sagerecon.runner.run import Ended
from sagerecon.testing.shown import plain

DATES = {"2017-03-31        #": "2026-12-31        #", "as_at: 2017-03-31": "as_at: 2026-12-31"}
NAMED = {"result_account: null": "result_account: Opening Balance Equity"}


@contextmanager
def small(folder: Path) -> Iterator[Move]:
    data = write_export(folder / "data")
    with move(folder / "project", "quickbooks", data, {**DATES, **NAMED}) as opened:
        yield opened


def change(path: Path, entity: str, index: int, **values: Any) -> None:
    """Change a record of an export's file."""
    document = json.loads(path.read_text())
    document["QueryResponse"][entity][index].update(values)
    path.write_text(json.dumps(document, indent=1))


def test_a_small_export_ties_out(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        assert moved.load().ended is Ended.FINISHED
        assert moved.reconcile().reconciliation.ties_out


def test_c19_files_of_different_days_are_an_error(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        change(tmp_path / "data" / "invoices.json", "Invoice", 0, Balance=100.0)
        message = refusal(moved)
    assert "in the file of all invoices 100.00; in the file of open invoices 120.00" in message
    assert "The two files were exported at different times; export both again together." in message


def test_open_documents_of_one_number_are_kept_apart(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        change(tmp_path / "data" / "bills_open_only.json", "Bill", 0, DocNumber="1001")
        outcomes = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None).outcomes
        items = {o.key: o for o in outcomes if isinstance(o, Draft) and o.kind == "contact_opening_balance"}
        assert {key: item.body["reference"] for key, item in items.items()} == {
            "open_sales/INVOICE|9": "1001-9",
            "open_bills/12": "1001-12",
        }
        (made,) = items["open_bills/12"].changes
        assert (made.field, made.before, made.after) == ("reference", "1001", "1001-12")
        assert moved.load().ended is Ended.FINISHED
        assert moved.reconcile().reconciliation.ties_out


def test_items_become_products_and_services(tmp_path: Path) -> None:
    items = {
        "Item": [
            {
                "Id": "3",
                "FullyQualifiedName": "Gardening",
                "Type": "Service",
                "IncomeAccountRef": {"value": "34"},
            },
            {
                "Id": "4",
                "FullyQualifiedName": "Pump",
                "Description": "Fountain pump",
                "Type": "Inventory",
                "IncomeAccountRef": {"value": "34"},
                "ExpenseAccountRef": {"value": "34"},
            },
        ]
    }
    with small(tmp_path) as moved:
        (tmp_path / "data" / "items.json").write_text(
            json.dumps({"QueryResponse": {**items, "maxResults": 2}})
        )
        for name in ("products", "services"):
            (moved.folder / "whole_documents" / f"{name}.yaml").rename(
                moved.folder / "mappings" / f"{name}.yaml"
            )
        assert moved.load().ended is Ended.FINISHED
        found = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None).outcomes
        assert {
            o.key: o.body["description"]
            for o in found
            if isinstance(o, Draft) and o.kind in ("product", "service")
        } == {"services/3": "Gardening", "products/4": "Fountain pump"}


def test_lines_of_whole_invoices_keep_their_order(tmp_path: Path) -> None:
    lines = [
        {
            "DetailType": "SalesItemLineDetail",
            "Description": f"Work {n}",
            "Amount": 10.0,
            "SalesItemLineDetail": {"ItemRef": {"value": "3"}},
        }
        for n in range(1, 13)
    ]
    with small(tmp_path) as moved:
        moved.set("cut_over: 2026-12-31", "cut_over: 2026-11-30")
        change(tmp_path / "data" / "invoices.json", "Invoice", 0, Line=lines)
        folder = moved.folder
        (folder / "whole_documents" / "sales_invoices.yaml").rename(
            folder / "mappings" / "sales_invoices.yaml"
        )
        (folder / "mappings" / "open_sales.yaml").unlink()
        found = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None).outcomes
    (invoice,) = (o for o in found if isinstance(o, Draft) and o.kind == "sales_invoice")
    made = invoice.body["invoice_lines"]
    assert isinstance(made, list | tuple)
    assert [line["description"] for line in made] == [f"Work {n}" for n in range(1, 13)]  # type: ignore[index,call-overload]


@pytest.mark.parametrize("account", ["null", "Sales Tax Payable"])
def test_sales_tax_of_a_whole_invoice_is_a_line_to_the_account_that_carries_it(
    tmp_path: Path, account: str
) -> None:
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 100.0,
        "SalesItemLineDetail": {"ItemRef": {"value": "3"}},
    }
    with small(tmp_path) as moved:
        moved.set("cut_over: 2026-12-31", "cut_over: 2026-11-30")
        moved.set("sales_tax_account: null", f"sales_tax_account: {account}")
        change(
            tmp_path / "data" / "invoices.json",
            "Invoice",
            0,
            Line=[line],
            TotalAmt=108.0,
            TxnTaxDetail={"TotalTax": 8.0},
        )
        crosswalk = moved.folder / "crosswalks" / "accounts.csv"
        crosswalk.write_text(crosswalk.read_text() + "Sales Tax Payable,22999,\n")
        (moved.folder / "whole_documents" / "sales_invoices.yaml").rename(
            moved.folder / "mappings" / "sales_invoices.yaml"
        )
        (moved.folder / "mappings" / "open_sales.yaml").unlink()
        found = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None).outcomes
    (invoice,) = (each for each in found if each.kind == "sales_invoice" and each.amount == 108)
    if account == "null":
        assert isinstance(invoice, Quarantined)
        assert any("parameters.sales_tax_account" in finding.message for finding in invoice.findings)
    else:
        assert isinstance(invoice, Draft)
        lines = plain(invoice.body)["invoice_lines"]
        assert [(each["unit_price"], each.get("description")) for each in lines] == [
            (100, "SalesItemLineDetail"),
            (8, "Sales tax"),
        ]
        assert lines[1]["ledger_account_id"] == "ledger_account nominal_code 22999"


def test_open_estimates_become_quotes(tmp_path: Path) -> None:
    line = {
        "DetailType": "SalesItemLineDetail",
        "Description": "Pond",
        "Amount": 250.0,
        "SalesItemLineDetail": {"ItemRef": {"value": "3"}},
    }
    usual = {"TxnDate": "2026-11-01", "CustomerRef": {"value": "1"}, "TotalAmt": 250.0, "Line": [line]}
    estimates = [
        {"Id": "7", "DocNumber": "E-7", "TxnStatus": "Pending", "ExpirationDate": "2027-01-31", **usual},
        {"Id": "8", "DocNumber": "E-8", "TxnStatus": "Closed", **usual},
        {"Id": "9", "TxnStatus": "Accepted", **usual},
        {"Id": "10", "DocNumber": "E-10", "TxnStatus": "Pending", **usual, "TotalAmt": 260.0},
    ]
    with small(tmp_path) as moved:
        document = {"QueryResponse": {"Estimate": estimates, "maxResults": 4}}
        (tmp_path / "data" / "estimates.json").write_text(json.dumps(document))
        (moved.folder / "whole_documents" / "sales_quotes.yaml").rename(
            moved.folder / "mappings" / "sales_quotes.yaml"
        )
        found = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None).outcomes
        of_quotes = {o.key: o for o in found if o.kind == "sales_quote"}
        assert {key: type(o).__name__ for key, o in of_quotes.items()} == {
            "sales_quotes/7": "Draft",
            "sales_quotes/8": "LeftOut",
            "sales_quotes/9": "Draft",
            "sales_quotes/10": "Quarantined",
        }
        assert moved.load().ended is Ended.FINISHED
        found_in_sage = moved.reconcile().reconciliation
        quotes = [each for each in found_in_sage.verdicts if each.kind == "sales_quote"]
        verified = {each.key for each in quotes if each.verdict is Verdict.VERIFIED}
        assert verified == {"sales_quotes/7", "sales_quotes/9"}
        assert all(tie_out.ties for tie_out in found_in_sage.tie_outs)


@needs_qbo
def test_c19_the_canadian_files_are_of_different_days(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(QBO, data)
    for path in (QBO / "ca").glob("*.json"):
        shutil.copy(path, data / path.name)
    changes = {"result_account: null": "result_account: Retained Earnings"}
    with move(tmp_path / "project", "quickbooks", data, changes) as moved:
        message = refusal(moved)
    assert "2,020.50 more than in the file of all invoices" in message
    assert "in 1017 (-1,740.20) and 1018 (-280.30)" in message
