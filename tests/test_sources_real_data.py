# ruff: noqa: E501 - declarations and messages are not wrapped
"""Real exports read to the cent, compared with figures computed by other programs."""

from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import compiled, parse_sources, shared

from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Severity
from sagerecon.sources.definitions import Sources
from sagerecon.sources.snapshot import open_snapshot, take_snapshot
from sagerecon.validation.preflight import compare_figures

QUICKBOOKS = """\
sagerecon: sources/v1
files:
  accounts:
    path: accounts.json
    records: QueryResponse.Account
    columns:
      id: {path: Id, type: text, required: true}
      name: {path: Name, type: text, required: true}
      type: {path: AccountType, type: text, required: true}
      balance: {path: CurrentBalance, type: decimal, required: true}
  customers:
    path: customers.json
    records: QueryResponse.Customer
    columns:
      id: {path: Id, type: text, required: true}
      name: {path: DisplayName, type: text, required: true}
      balance: {path: Balance, type: decimal, required: true}
  vendors:
    path: vendors.json
    records: QueryResponse.Vendor
    columns:
      id: {path: Id, type: text, required: true}
      balance: {path: Balance, type: decimal, required: true}
  open_invoices:
    path: invoices_open_only.json
    records: QueryResponse.Invoice
    columns:
      id: {path: Id, type: text, required: true}
      number: {path: DocNumber, type: text, required: true}
      date: {path: TxnDate, type: date, required: true}
      customer_id: {path: CustomerRef.value, type: text, required: true}
      total: {path: TotalAmt, type: decimal, required: true}
      balance: {path: Balance, type: decimal, required: true}
      lines:
        path: Line
        type: list
        columns:
          kind: {path: DetailType, type: text}
          amount: {path: Amount, type: decimal}
  bills:
    path: bills_open_only.json
    records: QueryResponse.Bill
    columns:
      id: {path: Id, type: text, required: true}
      vendor_id: {path: VendorRef.value, type: text, required: true}
      balance: {path: Balance, type: decimal, required: true}
  items:
    path: items.json
    records: QueryResponse.Item
    columns:
      id: {path: Id, type: text, required: true}
datasets:
  open_documents:
    sql: |
      SELECT i.id, i.number, i.total, i.balance, c.name AS customer, i.lines, [i._origin, c._origin] AS _origin
      FROM open_invoices i JOIN customers c ON c.id = i.customer_id
      ORDER BY i.number
controls:
  receivables:
    about: what customers owe
    figures:
      open_invoices:
        about: open invoices
        sql: SELECT customer_id AS bucket, sum(balance) AS amount FROM open_invoices GROUP BY ALL
      debtors_account:
        about: debtors account
        sql: SELECT '' AS bucket, sum(balance) AS amount FROM accounts WHERE type = 'Accounts Receivable'
      customer_balances:
        about: customer balances
        sql: SELECT id AS bucket, balance AS amount FROM customers
    items:
      sql: SELECT customer_id AS bucket, 'invoice ' || number AS label, balance AS amount, _origin FROM open_invoices
  payables:
    about: what we owe
    figures:
      bills: {about: open bills, sql: "SELECT vendor_id AS bucket, sum(balance) AS amount FROM bills GROUP BY ALL"}
      account:
        about: creditors account
        sql: SELECT '' AS bucket, -sum(balance) AS amount FROM accounts WHERE type = 'Accounts Payable'
      cards: {about: supplier balances, sql: "SELECT id AS bucket, balance AS amount FROM vendors"}
  trial_balance:
    about: the trial balance
    severity: error
    hint: Name the account that carries this year's result.
    figures:
      accounts: {about: sum of all accounts, sql: "SELECT '' AS bucket, sum(balance) AS amount FROM accounts"}
"""


def test_quickbooks_controls_have_the_known_figures(tmp_path: Path) -> None:
    sources = parse_sources(QUICKBOOKS)
    fingerprint, findings = take_snapshot(sources, shared("qbo-sandbox"), tmp_path / "s.duckdb", 0)
    assert fingerprint
    assert [str(finding) for finding in findings] == [
        "items.json:3:13: the file states maxResults 18 but holds 19 records."
    ]
    with open_snapshot(tmp_path / "s.duckdb", compiled(sources)) as snapshot:
        documents = list(snapshot.records("open_documents", ["id"]))
        controls = snapshot.controls()
        counts = {facts.path: facts.rows for facts in snapshot.facts.files}
    assert counts == {
        "accounts.json": 89,
        "customers.json": 29,
        "vendors.json": 26,
        "invoices_open_only.json": 22,
        "bills_open_only.json": 5,
        "items.json": 19,
    }
    assert len(documents) == 22
    assert sum(Decimal(str(document.values["balance"])) for document in documents) == Decimal("5493.52")
    owed = {document.values["number"]: document.values["balance"] for document in documents}
    assert (owed["1021"], owed["1005"], owed["1007"]) == (
        Decimal("239.00"),
        Decimal("4.00"),
        Decimal("450.00"),
    )
    assert str(documents[-1].origins[0]) == "invoices_open_only.json:4:7"
    said = [finding for control in controls for finding in compare_figures(control)]
    assert [(finding.severity, finding.message) for finding in said] == [
        (
            Severity.WARNING,
            "what customers owe, three ways: open invoices 5,493.52; debtors account 5,443.52; customer "
            "balances 5,281.52. Debtors account: 50.00 less than open invoices; invoice 1039 (50.00) accounts "
            "for it. Customer balances: 212.00 less than open invoices; invoice 1039 (50.00) and invoice 1038 "
            "(162.00) account for it.",
        ),
        (
            Severity.INFO,
            "what we owe, three ways: open bills 1,602.67; creditors account 1,602.67; supplier balances "
            "1,602.67. They agree.",
        ),
        (Severity.ERROR, "the trial balance: sum of all accounts should be zero and is 1,692.46."),
    ]


def broken(path: str, entity: str) -> Sources:
    """Return sources with one table that is read from a broken response."""
    columns = "{id: {path: Id, type: text, required: true}, balance: {path: Balance, type: decimal}}"
    return parse_sources(
        f"sagerecon: sources/v1\nfiles:\n  t:\n    path: broken/{path}\n    format: json\n"
        f"    records: QueryResponse.{entity}\n    columns: {columns}\n"
    )


@pytest.mark.parametrize(
    ("path", "entity", "message"),
    [
        (
            "not_json.txt",
            "Customer",
            "broken/not_json.txt:1:1: the file is XML, not JSON. Check whether an error page was saved instead of the export.",
        ),
        (
            "empty.json",
            "Customer",
            "broken/empty.json:2:20: QueryResponse is an empty object. "
            "Set optional: true if the file may be empty.",
        ),
        (
            "invalid_json.txt",
            "Customer",
            "broken/invalid_json.txt:30:9: invalid JSON: trailing comma before } at '},'.",
        ),
        (
            "credit_memos_other_company.json",
            "Invoice",
            "broken/credit_memos_other_company.json:2:20: QueryResponse has no key 'Invoice'; its keys are CreditMemo, "
            "startPosition, maxResults. Check that this is the right file.",
        ),
    ],
)
def test_a_broken_response_is_refused_with_a_message(
    tmp_path: Path, path: str, entity: str, message: str
) -> None:
    with pytest.raises(SourceError) as caught:
        take_snapshot(broken(path, entity), shared("qbo-sandbox"), tmp_path / "s.duckdb", 0)
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_a_response_of_another_company_is_read_if_its_entity_matches(tmp_path: Path) -> None:
    sources = broken("credit_memos_other_company.json", "CreditMemo")
    fingerprint, findings = take_snapshot(sources, shared("qbo-sandbox"), tmp_path / "s.duckdb", 0)
    assert (len(fingerprint), findings) == (64, [])


def test_an_error_page_is_refused(tmp_path: Path) -> None:
    sources = parse_sources(
        "sagerecon: sources/v1\nfiles:\n  t:\n    path: error_page_not_sie.se\n    format: csv\n"
        "    columns: {a: {type: text}}\n"
    )
    with pytest.raises(SourceError, match="the file is a web page, not CSV"):
        take_snapshot(sources, shared("sie-exports"), tmp_path / "s.duckdb", 0)


TWO_SNAPSHOTS = """\
sagerecon: sources/v1
files:
  invoices:
    path: ca/invoices.json
    records: QueryResponse.Invoice
    columns: {id: {path: Id, type: text}, owed: {path: Balance, type: decimal}}
  open_invoices:
    path: ca/invoices_open_only.json
    records: QueryResponse.Invoice
    columns: {id: {path: Id, type: text}, number: {path: DocNumber, type: text}, owed: {path: Balance, type: decimal}}
datasets:
  strangers:
    sql: SELECT * FROM open_invoices o WHERE NOT EXISTS (FROM invoices i WHERE i.id = o.id AND i.owed = o.owed)
controls:
  one_day:
    about: open invoices against all invoices
    hint: The two files were exported at different times; export both again.
    figures:
      strangers:
        about: open invoices that the file of all invoices does not hold like this
        sql: SELECT id AS bucket, 1 AS amount FROM strangers
    items:
      sql: SELECT id AS bucket, 'invoice ' || number AS label, 1 AS amount, _origin FROM strangers
"""


def test_files_exported_at_different_times_are_reported(tmp_path: Path) -> None:
    sources = parse_sources(TWO_SNAPSHOTS)
    take_snapshot(sources, shared("qbo-sandbox"), tmp_path / "s.duckdb", 0)
    with open_snapshot(tmp_path / "s.duckdb", compiled(sources)) as snapshot:
        (control,) = snapshot.controls()
    (finding,) = compare_figures(control)
    assert finding.severity is Severity.WARNING
    assert "should be zero and is" in finding.message
    assert len(control.items) == sum(control.figures[0].amounts.values())


RETAIL = """\
sagerecon: sources/v1
files:
  lines:
    path: "by-day/*.csv"
    columns:
      document: {column: InvoiceNo, type: text, required: true}
      stock_code: {column: StockCode, type: text}
      quantity: {column: Quantity, type: integer, required: true}
      at: {column: InvoiceDate, type: datetime, required: true}
      price: {column: UnitPrice, type: decimal, required: true, scale: 3}
      customer: {column: CustomerID, type: text}
datasets:
  documents:
    sql: |
      SELECT document, sum(quantity * price) AS net, count(*) AS lines, list(_origin ORDER BY _row) AS _origin
      FROM lines GROUP BY document ORDER BY document
"""


def test_two_months_of_a_wholesaler_have_the_known_totals(tmp_path: Path) -> None:
    sources = parse_sources(RETAIL)
    fingerprint, findings = take_snapshot(sources, shared("online-retail-gb"), tmp_path / "s.duckdb", 0)
    assert [str(finding) for finding in findings if finding.severity is Severity.ERROR] == []
    assert fingerprint
    with open_snapshot(tmp_path / "s.duckdb", compiled(sources)) as snapshot:
        documents = list(snapshot.records("documents", ["document"]))
        rows = sum(facts.rows for facts in snapshot.facts.files)
        profile = {found.column: found for found in snapshot.profile()}
    net = [Decimal(str(document.values["net"])) for document in documents]
    assert (rows, len(documents), sum(net)) == (77_628, 3_501, Decimal("1308957.280"))
    assert sum(1 for amount in net if not amount) == 270
    assert sum(1 for document in documents if document.key.startswith("C")) == 586
    assert max(len(document.origins) for document in documents) == 675
    assert (profile["customer"].distinct, profile["customer"].nulls) == (1_369, 28_866)
    assert profile["stock_code"].distinct == 3_051
