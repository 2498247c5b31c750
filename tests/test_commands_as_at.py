"""The tie-out of debtors as at a day, at the command line: what is dated later is no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from history_source import FILES
from served import SANDBOX, Served, serving
from small_books import write_small_books

DEBTORS = """\
  debtors:
    sql: |
      SELECT 'customers/' || c.ref AS contact, c.name, i.number AS document, i.date, i.amount, i._origin
      FROM invoices i JOIN customers c ON c.ref = i.ref ORDER BY ALL
"""
TIE_OUTS = f"tie_outs: {{debtors: {{dataset: debtors}}}}\nsage: {{address: {SANDBOX}}}\n"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve two invoices of April, one of May, and a receipt of 1 May; the day is 30 April."""
    files = {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"].replace("as_at: 2017-12-31", "as_at: 2017-04-30")
        + TIE_OUTS,
        "sources.yaml": FILES["sources.yaml"] + DEBTORS,
        "data/banks.csv": "name,code\nMain,1210\n",
        "data/customers.csv": "ref,name,notes\n0001,Oak Ltd,\n",
        "data/invoices.csv": (
            "number,ref,date,amount\n"
            "00011,0001,2017-04-02,100.00\n00012,0001,2017-04-30,20.00\n00013,0001,2017-05-01,7.00\n"
        ),
        "data/payments.csv": "number,ref,date,amount,bank\n00031,0001,2017-05-01,30.00,Main\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(tmp_path) as found:
        for word in ("snapshot", "plan", "apply"):
            ran = found.run(word)
            assert ran.exit_code == 0, ran.output
        yield found


def test_what_is_dated_after_the_day_is_no_difference(served: Served) -> None:
    ran = served.run("reconcile")
    words = " ".join(ran.output.split())
    assert "Debtors per customer 1 120.00 120.00 0.00 ties out" in words, ran.output
    assert "Not included: 2 documents dated after 30 April 2017, as read on 5 January 2026." in words
    assert "Not included: 1 row of the source dated after 30 April 2017." in words
    assert ran.exit_code == 0


def test_a_receipt_dated_on_the_day_counts(served: Served) -> None:
    (paid,) = served.by_other_hand("GET", "/contact_payments", attributes="all").body["$items"]
    changed = {"contact_payment": {"date": "2017-04-30"}}
    assert served.by_other_hand("PUT", f"/contact_payments/{paid['id']}", changed).status == 200
    served.clock.sleep(60_000)
    ran = served.run("reconcile")
    assert ran.exit_code == 1
    assert "Debtors per customer 1 120.00 90.00 -30.00 review" in " ".join(ran.output.split()), ran.output


def test_a_record_dated_after_the_day_explains_no_gap(served: Served) -> None:
    """Delete the receipt of May: the balances of April agree, and no line has an explanation."""
    (paid,) = served.by_other_hand("GET", "/contact_payments", attributes="all").body["$items"]
    assert served.by_other_hand("DELETE", f"/contact_payments/{paid['id']}").status == 204
    served.clock.sleep(60_000)
    ran = served.run("reconcile")
    assert ran.exit_code == 1
    assert "Debtors per customer 1 120.00 120.00 0.00 ties out" in " ".join(ran.output.split()), ran.output
    assert "deleted in Sage: payment 00031" in ran.output
    assert served.run("report").exit_code == 0
    report = json.loads((served.folder / "reports/report.json").read_text())
    (debtors,) = (tie for tie in report["reconciliation"]["tie_outs"] if tie["name"] == "debtors")
    assert [line["explanation"] for line in debtors["lines"]] == [""]


def test_a_control_account_that_differs_is_named(tmp_path: Path) -> None:
    """Enter an invoice by hand, of a kind that is not read: no line differs, the control account does."""
    trial_balance = "  trial_balance: {dataset: balances, crosswalk: nominals}\n"
    folder = write_small_books(tmp_path, {"sagerecon.yaml": (trial_balance, "")})
    with (folder / "sagerecon.yaml").open("a") as file:
        file.write(f"sage: {{address: {SANDBOX}}}\n")
    with serving(folder) as served:
        for word in ("snapshot", "plan", "apply"):
            assert served.run(word).exit_code == 0
        contacts = served.by_other_hand("GET", "/contacts", attributes="all").body["$items"]
        accounts = served.by_other_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
        line = {
            "description": "Work",
            "ledger_account_id": next(a["id"] for a in accounts if "4000" in a["displayed_as"]),
            "quantity": "1",
            "unit_price": "77.00",
            "tax_rate_id": "GB_NO_TAX",
            "tax_amount": "0.00",
        }
        invoice = {
            "contact_id": next(c["id"] for c in contacts if c["reference"] == "C1"),
            "date": "2017-04-15",
            "due_date": "2017-06-01",
            "reference": "X",
            "invoice_lines": [line],
        }
        assert served.by_other_hand("POST", "/sales_invoices", {"sales_invoice": invoice}).status == 201
        served.clock.sleep(60_000)
        ran = served.run("reconcile")
    words = " ".join(ran.output.split())
    assert ran.exit_code == 1
    assert (
        "The control account 1100 Trade Debtors does not agree in Sage: "
        "balance 197.00, open items 120.00, difference 77.00." in words
    ), ran.output
