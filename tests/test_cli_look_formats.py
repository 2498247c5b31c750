"""`look` and `compare` of files with several tables: sheets, lists, elements, and tables of databases."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sheet_files import ods, ods_cell, ods_row, xls
from source_cases import parse_sources
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.sources.dataset import compile_queries
from sagerecon.sources.snapshot import open_snapshot, take_snapshot

IIF = """\
!TRNS\tDATE\tAMOUNT
!SPL\tDATE\tAMOUNT
!ENDTRNS
TRNS\t1/31/2017\t12.50
SPL\t1/31/2017\t-10.00
SPL\t1/31/2017\t-2.50
ENDTRNS
!CUST\tNAME\tREF
CUST\tJosé\t0010
CUST\tElm\t0011
"""
XML = """\
<e:Export xmlns:e="urn:e"><Head><Date>2017-01-01</Date></Head>
<Invoices>
<Invoice id="A1"><No>0010</No><Total cur="GBP">12.50</Total><Note/>
  <Lines><Line><Amt>10.00</Amt></Line><Line><Amt>2.50</Amt></Line></Lines></Invoice>
<Invoice id="A2"><No>0011</No><Total cur="GBP">1.00</Total><Note><By>Oak</By></Note>
  <Lines><Line><Amt>1.00</Amt></Line></Lines></Invoice>
<Invoice id="A3"><No>0012</No><Late>x</Late></Invoice>
</Invoices>
<Customers><Customer><Code>C1</Code></Customer><Customer><Code>C2</Code></Customer></Customers></e:Export>
"""
SAFT = """\
<AuditFile xmlns="urn:OECD"><Header><AuditFileVersion>1.0</AuditFileVersion></Header>
<MasterFiles><Customers><Customer><CustomerID>C1</CustomerID><Name>Oak</Name></Customer>
<Customer><CustomerID>C2</CustomerID></Customer></Customers></MasterFiles>
<GeneralLedgerEntries><Journal><Transaction><TransactionID>1</TransactionID>
<Line><Amount>1.00</Amount></Line><Line><Amount>-1.00</Amount></Line><Line><Amount>0</Amount></Line>
</Transaction></Journal></GeneralLedgerEntries></AuditFile>
"""
SHEETS = {
    "Notes": "",
    "Stock": ods_row(ods_cell("Stock list"))
    + ods_row(ods_cell("Code"), ods_cell("Price"))
    + ods_row(ods_cell("0010"), ods_cell(1.5)),
    "Other": ods_row(ods_cell("A"), ods_cell("B")) + ods_row(ods_cell("x"), ods_cell("2017-01-31")),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sqlite(path: str = "t.sqlite") -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            'CREATE TABLE customers (code TEXT, "Bal due" NUMERIC, day TEXT);'
            "INSERT INTO customers VALUES ('0010', 1.5, '2017-01-31'), ('0011', 2, NULL);"
            "CREATE TABLE empty (a INTEGER PRIMARY KEY AUTOINCREMENT);"
            "CREATE VIEW owing AS SELECT * FROM customers; CREATE VIEW lost AS SELECT * FROM absent;"
        )


def parquet(path: str = "t.parquet") -> None:
    duckdb.sql(
        "COPY (SELECT '0010' AS code, 1.50::DECIMAL(10, 2) AS bal, DATE '2017-01-31' AS day, [1] AS tags "
        f"UNION ALL SELECT '0011', 2, NULL, NULL) TO '{path}' (FORMAT parquet)"
    )


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, words)


def looked(name: str) -> tuple[dict[str, str], dict[str, Any], list[str]]:
    """Return the types of the columns, the result, and the messages of the findings."""
    result = run("look", name, "--json")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    types = {each["column"]: each["type"] for each in events if each["event"] == "column"}
    return types, events[-1], [each["message"] for each in events if each["event"] == "finding"]


def declared_rows(name: str) -> list[dict[str, Any]]:
    """Declare a file, take a snapshot of it, and return its rows."""
    result = run("look", name, "--declare")
    assert result.exit_code == 0, result.output
    sources = parse_sources(Path("sources.yaml").read_text())
    taken, findings = take_snapshot(sources, Path(), Path("s.duckdb"), 0)
    assert taken and not findings, [str(finding) for finding in findings]
    shape, _ = compile_queries(sources, {})
    with open_snapshot(Path("s.duckdb"), shape) as snapshot:
        (dataset,) = sources.datasets
        return [{k: v for k, v in row.items() if not k.startswith("_")} for row in snapshot.rows(dataset)]


def test_the_first_sheet_with_rows_of_an_ods_workbook_is_shown_and_others_are_named() -> None:
    Path("t.ods").write_bytes(ods(SHEETS))
    types, result, messages = looked("t.ods")
    assert types == {"code": "text", "price": "decimal"} and result["parts"] == ["Notes", "Stock", "Other"]
    assert result["form"]["sheet"] == "sheet Stock" and result["form"]["heading"] == "heading in line 2"
    assert messages == ["the workbook has several tables: Notes, Stock, Other. 'Stock' is shown."]
    assert looked("t.ods#Other")[0] == {"a": "text", "b": "date"}
    assert "Did you mean 'Other'?" in run("look", "t.ods#Othr").stdout
    Path("u#1.ods").write_bytes(ods({"A#1": SHEETS["Stock"], "B": SHEETS["Other"]}))
    assert looked("u#1.ods#A#1")[1]["form"]["sheet"] == "sheet A#1"
    assert [str(row["price"]) for row in declared_rows("t.ods")] == ["1.50"]


def test_an_old_workbook_is_looked_at() -> None:
    Path("t.xls").write_bytes(xls([["Code", "Day"], ["0010", (42_766, 1)], ["0011", None]]))
    assert looked("t.xls")[0] == {"code": "text", "day": "date"}
    assert [row["code"] for row in declared_rows("t.xls")] == ["0010", "0011"]


def test_the_largest_table_of_a_database_is_shown_and_others_are_named() -> None:
    sqlite()
    types, result, messages = looked("t.sqlite")
    assert types == {"code": "text", "bal_due": "decimal", "day": "date"}
    assert result["parts"] == ["customers", "empty", "owing", "lost"]
    assert "customers (2 rows), empty (0 rows), owing, lost. 'customers' is shown." in messages[0]
    assert looked("t.sqlite#owing")[0] == types
    assert run("look", "t.sqlite#lost").exit_code == 2
    assert [str(row["bal_due"]) for row in declared_rows("t.sqlite#customers")] == ["1.50", "2.00"]
    assert "customers: {sql:" in Path("sources.yaml").read_text()


def test_a_parquet_file_is_looked_at_and_says_what_it_leaves_out() -> None:
    parquet()
    types, _, messages = looked("t.parquet")
    assert types == {"code": "text", "bal": "decimal", "day": "date"}
    assert messages == ["tags: a list is not text. The column is left out."]
    assert [row["code"] for row in declared_rows("t.parquet")] == ["0010", "0011"]


def test_the_longest_list_of_an_iif_file_is_shown_and_others_are_named() -> None:
    Path("t.iif").write_text(IIF, encoding="cp1252")
    types, result, messages = looked("t.iif")
    assert types == {"transaction": "integer", "date": "date %m/%d/%Y", "amount": "decimal"}
    assert result["form"] == {"format": "IIF", "encoding": "cp1252", "records": "records SPL"}
    assert "TRNS (1 row), SPL (2 rows), CUST (2 rows). 'SPL' is shown." in messages[0]
    assert declared_rows("t.iif#cust") == [
        {"name": "José", "ref": "0010"},
        {"name": "Elm", "ref": "0011"},
    ]


def test_records_of_xml_are_the_outermost_elements_that_repeat() -> None:
    Path("t.xml").write_text(XML)
    types, result, messages = looked("t.xml")
    assert result["form"]["records"] == "records Export.Invoices.Invoice"
    assert result["parts"] == ["Export.Invoices.Invoice", "Export.Customers.Customer"]
    assert len(messages) == 1
    assert "Export.Invoices.Invoice (3 rows), Export.Customers.Customer (2 rows)" in messages[0]
    assert types == {
        "id": "text",
        "no": "text",
        "total_cur": "text",
        "total": "decimal",
        "lines_line": "list",
        "note_by": "text",
        "late": "text",
    }
    assert list(looked("t.xml#Export.Invoices.Invoice.Lines.Line")[0]) == ["amt"]
    rows = declared_rows("t.xml#Export.Invoices.Invoice")
    assert [len(row["lines_line"]) for row in rows] == [2, 1, 0]
    assert "\n  invoice:\n" in Path("sources.yaml").read_text()


def test_one_record_of_xml_is_its_root() -> None:
    Path("t.xml").write_text("<Invoice><No>0010</No><Total>2.50</Total></Invoice>")
    assert looked("t.xml")[0] == {"no": "text", "total": "decimal"}
    assert [row["no"] for row in declared_rows("t.xml")] == ["0010"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<a>text</a>", "the file has no element that holds others."),
        ("<a><b><c>1</c>", "the XML is truncated here."),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><b>&b;</b></a>', "has a document type declaration"),
        ("<a>" + "<b>" * 300 + "1" + "</b>" * 300 + "</a>", "nested too deeply"),
    ],
)
def test_xml_without_records_is_refused(content: str, message: str) -> None:
    Path("t.xml").write_text(content)
    result = run("look", "t.xml")
    assert result.exit_code == 2 and message in result.output


def test_saft_is_looked_at_by_section() -> None:
    Path("t.xml").write_text(SAFT)
    types, result, _ = looked("t.xml")
    assert result["form"] == {"format": "SAF-T", "records": "records customers"}
    assert result["parts"] == ["header", "customers", "transactions", "transaction_lines"]
    assert types == {"customerid": "text", "name": "text"}
    assert [str(row["amount"]) for row in declared_rows("t.xml#transaction_lines")] == [
        "1.00",
        "-1.00",
        "0.00",
    ]


def test_a_list_of_json_is_named() -> None:
    Path("t.json").write_text(json.dumps({"a": [{"x": 1}], "b": {"c": [{"y": 1}, {"y": 2}]}}))
    assert looked("t.json")[1]["parts"] == ["a", "b.c"]
    assert looked("t.json#a")[0] == {"x": "integer"}
    assert "and has no 'd'; it has a, b.c." in run("look", "t.json#d").output
    assert [row["y"] for row in declared_rows("t.json#b.c")] == [1, 2]


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.xml"])
def test_no_value_of_a_late_record_is_passed_over(name: str) -> None:
    """Columns are told from all records, not from the first ones."""
    records = [{"a": n, "o": None} for n in range(1_100)] + [{"a": 1, "late": "x", "o": {"b": 1}}]
    content = {
        "t.json": json.dumps(records),
        "t.jsonl": "\n".join(map(json.dumps, records)),
        "t.xml": "<r>" + "<i><a>1</a><o/></i>" * 1_100 + "<i><a>1</a><late>x</late><o><b>1</b></o></i></r>",
    }
    Path(name).write_text(content[name])
    types, _, messages = looked(name)
    assert types == {"a": "integer", "late": "text", "o_b": "integer"} and not messages


def test_what_no_column_reads_in_all_records_is_said() -> None:
    deep = [{"l": [{"m": [{"n": [1]}]}]}]
    records = [{"id": 1, "o": 5, "l": [1]}, {"id": 2, "o": {"p": 1}, "l": 3}, {"id": 3, "deep": deep}]
    Path("t.json").write_text(json.dumps(records))
    types, _, messages = looked("t.json")
    assert types == {"id": "integer"}
    assert any("no column is declared for 'o.p': 'o' is an object in some records" in m for m in messages)
    assert any("no column is declared for 'l': it is a list in some records" in m for m in messages)
    assert any("no column is declared for 'deep.l.m': lists that lie in more than 2" in m for m in messages)
    assert any(m.startswith("o: ") and m.endswith("The column is left out.") for m in messages)


def test_a_file_is_read_as_what_it_is_whatever_its_name_says() -> None:
    parquet("t.csv")
    types, result, messages = looked("t.csv")
    assert result["form"]["format"] == "Parquet" and len(types) == 3
    assert messages[0] == "the name ends in .csv, and the file is Parquet. It is read as that."
    assert len(declared_rows("t.csv")) == 2 and "format: parquet" in Path("sources.yaml").read_text()
    sqlite("books")
    assert looked("books")[1]["form"]["format"] == "a SQLite database"
    Path("t.xls").write_text("a\tb\n1\tx\n")
    assert looked("t.xls")[0] == {"a": "integer", "b": "text"}


@pytest.mark.parametrize(
    ("suffix", "contents"),
    [
        ("csv", ("a,b\n1,x\n", "a,c,b\n2,3,y\n", "b,a\ny,4\n", "a,c\n5,6\n")),
        (
            "json",
            ('[{"a": 1, "b": "x"}]', '[{"a": 2, "c": 3, "b": "y"}]', '[{"a": 4}]', '[{"a": 5, "c": 6}]'),
        ),
    ],
)
def test_the_columns_of_all_files_of_a_pattern_are_declared(suffix: str, contents: tuple[str, ...]) -> None:
    for number, content in enumerate(contents):
        Path(f"{number}.{suffix}").write_text(content)
    rows = declared_rows(f"*.{suffix}")
    assert [(row["a"], row["c"]) for row in rows] == [(1, None), (2, 3), (4, None), (5, 6)]


def test_items_of_lists_of_all_files_are_declared_and_a_file_of_another_table_is_named() -> None:
    Path("0.json").write_text('[{"a": 1, "l": [{"m": 1}]}]')
    Path("1.json").write_text('[{"a": 2, "l": [{"n": 2}]}]')
    assert [row["l"] for row in declared_rows("*.json")] == [[{"m": 1, "n": None}], [{"m": None, "n": 2}]]
    Path("0.csv").write_text("a,b\n1,x\n")
    Path("1.csv").write_text("c;d\n1;x\n")
    result = run("look", "*.csv")
    assert result.exit_code == 1 and "the header row has no column 'a'" in result.stdout


def test_a_file_that_is_one_table_has_no_parts() -> None:
    Path("t.csv").write_text("a,b\n1,x\n")
    assert (
        "CSV is one table, and has no 'Sheet1'. Name it without #Sheet1."
        in run("look", "t.csv#Sheet1").output
    )


def test_tables_of_files_of_several_formats_are_compared() -> None:
    sqlite()
    parquet()
    Path("t.csv").write_text("code,bal\n0010,1.5\n0011,2.00\n")
    assert run("compare", "t.csv", "t.parquet", "--key", "code").exit_code == 0
    words = ("t.csv", "t.sqlite#customers", "--key", "code", "--match", "bal=Bal due")
    assert run("compare", *words).exit_code == 0
    Path("t.xml").write_text(XML)
    Path("c.csv").write_text("Code\nC1\nC3\n")
    assert run("compare", "c.csv", "t.xml#Export.Customers.Customer", "--key", "code").exit_code == 1
    assert run("compare", "c.csv", "t.xml#Nothing", "--key", "code").exit_code == 2
