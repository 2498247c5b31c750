"""`explain` shows a sensible part of a long record, says how much more there is, and names a way to it."""

from pathlib import Path

import pytest
from tiny import CONTACTS, MAPPING, PROJECT
from typer.testing import CliRunner

from sagerecon.cli.main import app

LINES = 1_000
SOURCES = """\
sagerecon: sources/v1
files:
  contacts:
    path: contacts.csv
    columns: {ref: {type: text, required: true}, name: {type: text, required: true}}
  lines:
    path: lines.csv
    columns: {line: {type: integer}, text: {type: text}, amount: {type: decimal, scale: 2}}
datasets:
  contacts: {sql: SELECT * FROM contacts ORDER BY ref}
  invoices:
    sql: |
      SELECT 'I1' AS number, 'C1' AS ref,
             list({text: text, account: '4000', amount: amount} ORDER BY line) AS lines,
             list(_origin ORDER BY line) AS _origin
      FROM lines
"""
INVOICES = """\
sagerecon: mapping/v1
unmapped: {source: ignore, target: error_if_required}
mapping: invoices
source: {dataset: invoices, key: [number]}
target: {kind: sales_invoice, identity: {reference: number}, on_existing: create}
fields:
  contact_id: {ref: {mapping: customers, by: ref, on_missing: quarantine}}
  date: {value: '2017-04-03'}
  reference: {from: number}
  invoice_lines:
    each: lines
    fields:
      description: {from: item.text, do: [squeeze]}
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: item.account}, on_missing: quarantine}
      quantity: {value: '1'}
      unit_price: {from: item.amount}
      tax_rate_id: {value: GB_ZERO}
      tax_amount: {value: '0.00'}
"""


def shown(folder: Path, *words: str, exit_code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*words, "--project", str(folder)])
    assert result.exit_code == exit_code, result.output
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture
def long_invoice(tmp_path: Path) -> Path:
    """Return a project with an invoice of a thousand lines, each changed by the mapping."""
    rows = (f"{number},Oak  board {number:04},1.50" for number in range(LINES))
    for name, text in {
        "sagerecon.yaml": PROJECT,
        "sources.yaml": SOURCES,
        "mappings/customers.yaml": MAPPING,
        "mappings/invoices.yaml": INVOICES,
        "data/contacts.csv": CONTACTS,
        "data/lines.csv": "\n".join(["line,text,amount", *rows]) + "\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shown(tmp_path, "snapshot")
    return tmp_path


def test_a_record_of_a_thousand_lines_is_shown_in_part(long_invoice: Path) -> None:
    text = shown(long_invoice, "explain", "invoices/I1")
    assert len(text) < 8_000, len(text)
    assert "lines.csv:13, … and 988 more" in text and "lines.csv:14" not in text
    assert "Oak board 0011" in text and "Oak board 0012" not in text
    assert text.count('"… and 988 more"') == 2  # the cell and the draft
    assert "… and 988 more changes" in text


def test_a_field_of_a_thousand_lines_is_shown_in_part_and_by_its_position(long_invoice: Path) -> None:
    text = shown(long_invoice, "explain", "invoices/I1.invoice_lines.description")
    assert "Oak board 0011" in text and "draft invoice_lines[12].description" not in text
    example = "invoice_lines[12].description"
    assert f"… and 988 more values. Name one to see it, such as {example}" in text
    one = shown(long_invoice, "explain", f"invoices/I1.{example}")
    assert "draft Oak board 0012" in one and "more values" not in one


def test_a_position_that_a_list_does_not_have_is_refused_with_those_it_has(long_invoice: Path) -> None:
    last = shown(long_invoice, "explain", "invoices/I1.invoice_lines[999].description")
    assert "draft Oak board 0999" in last
    for path in ("invoice_lines[1000].description", "invoice_lines[1000]"):
        text = shown(long_invoice, "explain", f"invoices/I1.{path}", exit_code=2)
        assert "There is no invoice_lines[1000]: the list has 1,000 items." in text
        assert "Name one of invoice_lines[0] to invoice_lines[999]." in text


def test_a_field_has_the_changes_of_its_cells_by_reading_and_by_sql(tmp_path: Path) -> None:
    sources = (
        "sagerecon: sources/v1\nfiles:\n  contacts:\n    path: contacts.csv\n"
        "    columns: {ref: {type: text}, name: {type: text}, sum: {type: decimal, round: 2}}\ndatasets:\n"
        "  contacts: {sql: 'SELECT ref, upper(name) AS name, sum AS credit, _origin FROM contacts'}\n"
    )
    mapping = MAPPING.replace(
        "  contact_type", "  credit_limit: {from: credit, do: [{money: 0}]}\n  contact_type"
    )
    files = {
        "sagerecon.yaml": PROJECT,
        "sources.yaml": sources,
        "mappings/customers.yaml": mapping,
        "data/contacts.csv": "ref,name,sum\nC1,Oak  Ltd,19.989999\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    run = CliRunner(env={"COLUMNS": "200"}).invoke
    assert run(app, ["snapshot", "-p", str(tmp_path)]).exit_code == 0

    def changes(field: str) -> list[str]:
        shown = run(app, ["explain", "-p", str(tmp_path), f"customers/C1.{field}"]).stdout.splitlines()
        return [line.removeprefix("change").strip() for line in shown if line.startswith("change")]

    assert changes("name") == [
        "contacts.name: 'Oak  Ltd' -> 'OAK  LTD' (SQL of contacts, sources.yaml:7:19)",
        "name: 'OAK  LTD' -> 'OAK LTD' (squeeze, mappings/customers.yaml:8:27)",
    ]
    assert [change.partition(" (")[0] for change in changes("credit_limit")] == [
        "contacts.sum: '19.989999' -> '19.99'",
        "credit_limit: '19.99' -> '20'",
    ]
    assert changes("reference") == []
