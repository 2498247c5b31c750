"""`look`: the columns of a file that nobody has declared, and its declaration."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from source_cases import parse_sources, shared
from tiny import write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.sources.snapshot import take_snapshot
from sagerecon.sources.texts import _garbled


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["look", *words])


def events(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def looked(content: str | bytes, name: str = "t.csv") -> tuple[Mapping[str, str], dict[str, Any], list[str]]:
    """Return the types of the columns, the result, and the messages of the findings."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = events(run(name, "--json"))
    types = {each["column"]: each["type"] for each in found if each["event"] == "column"}
    return types, found[-1], [each["message"] for each in found if each["event"] == "finding"]


def types(content: str) -> list[str]:
    return list(looked(content)[0].values())


def declared(name: str, *words: str) -> str:
    """Declare a file, check that a snapshot reads it without a finding, and return the declaration."""
    result = run(name, "--declare", *words)
    assert result.exit_code == 0, result.output
    text = Path("sources.yaml").read_text()
    taken, findings = take_snapshot(parse_sources(text), Path(), Path("snapshot.duckdb"), 0)
    assert taken and not findings, [str(finding) for finding in findings]
    return text


def test_figures_are_of_all_rows() -> None:
    Path("t.csv").write_text("ref;amount;paid\n0010;1.200,50;yes\n0011;;no\n0011;-0,5;no\n")
    found = {each["column"]: each for each in events(run("t.csv", "--json")) if each["event"] == "column"}
    amount = found["amount"]
    assert (amount["rows"], amount["blanks"], amount["distinct"]) == (2, 1, 2)
    assert (amount["least"], amount["greatest"], amount["total"]) == ("-0.5", "1200.5", "1200.0")
    assert found["ref"]["type"] == "text" and found["ref"]["distinct"] == 2  # leading zeros
    assert found["paid"]["type"] == "boolean"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("1 2 30", "integer"),
        ("1.5 2 -3.25", "decimal"),
        ("0010 10 20", "text"),
        ("1234567890123456 1", "text"),
        ("2017-03-31 2016-12-01", "date"),
        ("31/12/2016 01/02/2017", "date %d/%m/%Y"),
        ("12/31/2016 01/02/2017", "date %m/%d/%Y"),
        ("31.12.2016 01.02.2017", "date %d.%m.%Y"),
        ("31-Dec-2016 1-Feb-2017", "date %d-%b-%Y"),
        ("2017-03-31T10:00:00 2016-12-01T11:00:00", "datetime"),
        ("01/02/2017 03/04/2017", "text"),  # either of two dates
        ("1.234 2.345", "text"),  # either of two amounts
        ("1.234 2.345 10.5", "decimal"),
        ("Y N N", "boolean"),
        ("NO NO NO", "text"),  # Norway
        ("x 1 2 3", "text"),
    ],
)
def test_a_type_is_told_only_where_it_fits_all_cells(cells: str, expected: str) -> None:
    assert types("\n".join(["a,b", *(f"{cell},x" for cell in cells.split())]) + "\n")[0] == expected


def test_what_two_readings_fit_is_said_and_left_as_text() -> None:
    found, _, messages = looked("day,n,amount\n03/04/2017,1,1.234\n05/06/2017,2,2.345\n", "t.csv")
    assert found == {"day": "text", "n": "integer", "amount": "text"}
    assert any("'day' may be date %d/%m/%Y or date %m/%d/%Y" in m and "'03/04/2017'" in m for m in messages)
    assert any("'amount' may be decimal with decimal '.' or decimal with decimal ','" in m for m in messages)


def test_another_column_tells_the_decimal_mark() -> None:
    assert types("a;b\n1.234;0,50\n2.345;7,25\n") == ["decimal", "decimal"]


@pytest.mark.parametrize(
    ("cells", "declaration"),
    [
        (
            "£1,200.50 DR|£800.00 CR|£3.00 DR",
            'decimal, currency: ["£"], signs: {CR: negative, DR: positive}}',
        ),
        ("€ 99,90|€ 1.200,50", 'decimal, currency: ["€"]}'),
        ("99.90 GBP|1,200.50 GBP", "decimal, currency: [GBP]}"),
        ("kr 99,90|kr 5,00", "decimal, currency: [kr]}"),
        ("1.50|n/a|2.25|N/A", "decimal, null_words: [n/a, N/A]}"),
        ("5|NULL|7", 'integer, null_words: ["NULL"]}'),
        ("31.12.25|01.02.24", 'date, format: "%d.%m.%y", century: 1950}'),
        ("31/12/25|n/a", 'date, format: "%d/%m/%y", century: 1950, null_words: [n/a]}'),
    ],
)
def test_the_declaration_that_reads_a_whole_column_is_written(cells: str, declaration: str) -> None:
    Path("t.csv").write_text("\n".join(["a|b", *(f'"{cell}"|x' for cell in cells.split("|"))]) + "\n")
    assert run("t.csv", "--declare").exit_code == 0
    text = Path("sources.yaml").read_text()
    assert f"a: {{type: {declaration}\n" in text
    taken, findings = take_snapshot(parse_sources(text), Path(), Path("snapshot.duckdb"), 0)
    assert taken and not findings


def test_how_cells_are_read_is_said() -> None:
    found, _, messages = looked("a;b;c\n5.00 CR;n/a;31.12.25\n2.00 DR;x;01.02.24\n7.00 DR;y;n/a\n")
    assert found == {"a": "decimal", "b": "text", "c": "date %d.%m.%y"}
    assert messages == [
        "column 'a': CR beside an amount is read as negative, and DR as positive.",
        "column 'b' has 'n/a' in 1 row. If it means an empty cell, set null_words: ['n/a'].",
        "column 'c': years of two digits are read as 1950 to 2049.",
        "column 'c' has 'n/a' in 1 row. It is read as empty.",
    ]
    figures = {e["column"]: e for e in events(run("t.csv", "--json")) if e["event"] == "column"}
    assert (figures["a"]["least"], figures["a"]["total"]) == ("-5", "4")
    assert (figures["c"]["rows"], figures["c"]["blanks"], figures["c"]["distinct"]) == (2, 1, 2)


@pytest.mark.parametrize("word", ["Total", "Summe:", "Gesamt", "Totaal", "Suma", "Summa", "SUB-TOTAL"])
def test_a_row_of_totals_is_passed_over(word: str) -> None:
    _, result, messages = looked(f"no,name,amount\n1,Oak,5.00\n2,Elm,7.00\n{word},,12.00\n")
    assert result["rows"] == 2
    assert messages == [f"1 row was passed over: 'total'. Lines: 4 ({word}, 12.00)."]
    figures = {e["column"]: e for e in events(run("t.csv", "--json")) if e["event"] == "column"}
    assert figures["no"]["type"] == "integer" and Decimal(figures["amount"]["total"]) == 12
    text = declare_without_reading("t.csv")
    assert f'pass_over: {{total: [{{column: 1, is: "{word}"}}, {{column: 2, blank: true}}]}}\n' in text
    taken, findings = take_snapshot(parse_sources(text), Path(), Path("snapshot.duckdb"), 0)
    assert taken and [finding.severity.value for finding in findings] == ["info"]


def test_a_row_of_totals_of_a_workbook_is_passed_over() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("No", "Name", "Amount"), (1, "Oak", 5), (2, "Elm", 7), (None, "Summe", 12)):
        sheet.append(row)
    book.save("t.xlsx")
    assert 'pass_over: {total: [{column: 2, is: "Summe"}, {column: 1, blank: true}]}' in (
        declare_without_reading("t.xlsx")
    )
    assert events(run("t.xlsx", "--json"))[-1]["rows"] == 2


def test_a_last_row_that_may_be_a_record_is_read_and_said() -> None:
    _, result, messages = looked("name,amount\nOak,5.00\nTotal,7.00\n")
    assert result["rows"] == 2 and messages[0].startswith("'Total': the last row seems to be a total")


def test_amounts_in_several_currencies_are_no_numbers() -> None:
    found, _, messages = looked("a,b\n£5.00,x\n€2.00,x\n")
    assert found["a"] == "text"
    assert messages == ["column 'a' may be amounts in several currencies: '£', '€'."]


def test_quantities_with_a_unit_are_text() -> None:
    assert types("a,b\n12 kg,x\n5 kg,x\n") == ["text", "text"]


def test_the_decimal_mark_is_told_from_columns_that_fit_in_part() -> None:
    found, result, _ = looked("a;b\n1.200,50;x\n99,90;y\nsee note;z\n")
    assert found["a"] == "text" and result["form"]["numbers"] == "decimal mark ',' and thousands mark '.'"
    text = declared("t.csv")
    assert 'decimal: ","\n    thousands: "."\n' in text


def test_whole_numbers_with_a_decimal_zero_may_be_codes() -> None:
    found, _, messages = looked("customer,amount\n17850.0,5.0\n,2.5\n13047.0,1.0\n")
    assert found == {"customer": "text", "amount": "decimal"}
    (message,) = messages
    assert message.startswith("column 'customer' may be codes or numbers: all are whole and end in .0")
    assert "regexp_replace(customer, '[.]0$', '')" in " ".join(run("t.csv").stdout.split())
    assert "# column 'customer' may be codes or numbers" in declared("t.csv")


def test_a_code_with_a_letter_is_no_amount_in_a_currency() -> None:
    Path("t.csv").write_text("no,b\n" + "".join(f"{n},x\n" for n in range(536365, 536375)) + "C536379,x\n")
    shown = " ".join(run("t.csv").stdout.split())
    assert "no: 90.9 % integer; not 'C536379' (t.csv:12)." in shown and "currency" not in shown


def test_of_two_delimiters_the_one_that_reads_the_first_line_is_told() -> None:
    found, result, messages = looked('first;second\n"0";",0"\n')
    assert result["form"]["delimiter"] == "delimiter semicolon" and list(found) == ["first", "second"]
    assert messages == []


def test_the_share_that_fits_and_what_does_not_is_said() -> None:
    Path("t.csv").write_text("a,b\n" + "1.50,x\n" * 9 + "see note,x\n")
    text = " ".join(run("t.csv").stdout.split())
    assert "a: 90.0 % decimal with decimal '.'; not 'see note' (t.csv:11). If it means" in text
    assert 'null_words: ["see note"]' in text


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("a\tb\n1\t2\n", {"delimiter": "delimiter tab"}),
        ("a|b\n1|2\n", {"delimiter": "delimiter |"}),
        ("sep=;\na;b\n1;2\n", {"delimiter": "delimiter semicolon", "heading": "heading in line 2"}),
        ("My company\n\nTrial balance\na,b\n1,2\n3,4\n", {"heading": "heading in line 4"}),
        ("a,b\nJäger,2\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("a,b\nJäger,2\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("a,b\nJäger,2\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("a,b\nJäger,2\n".encode("utf-8-sig"), {"encoding": "utf-8"}),
    ],
)
def test_the_form_of_a_file_is_told_and_declared(content: str | bytes, form: dict[str, str]) -> None:
    _, result, _ = looked(content)
    assert form.items() <= result["form"].items()
    declared("t.csv")


def test_bytes_that_two_encodings_read_are_said() -> None:
    _, _, messages = looked("a,b\nJäger,2\n".encode("cp1252"))
    assert any(
        "do not tell the encoding: cp1252 reads 'Jäger'; cp850 reads" in message for message in messages
    )


def test_columns_without_a_heading_are_named_by_position() -> None:
    found, result, messages = looked("1,x\n3,y\n")
    assert found == {"column_1": "integer", "column_2": "text"} and result["form"]["heading"] == "no heading"
    assert messages == ["no row holds a title for each column, so the columns are named by their positions."]
    text = declared("t.csv")
    assert "header: none" in text and "column_2: {column: 2, type: text}" in text


def test_titles_that_occur_twice_are_declared_by_occurrence() -> None:
    assert looked("Date,Date,Sum\n2017-03-31,x,1\n")[0] == {
        "date": "date",
        "date_2": "text",
        "sum": "integer",
    }
    assert "date_2: {column: Date, occurrence: 2, type: text}" in declared("t.csv")


@pytest.mark.parametrize(
    ("content", "key"),
    [("a,b,c\n1,2,3\n4\n5,6\n", "short_rows: pad"), ("a,b\n1,2,\n3,4,\n", "trailing_delimiter: true")],
)
def test_rows_of_other_widths_are_declared(content: str, key: str) -> None:
    Path("t.csv").write_text(content)
    assert key in declared("t.csv")


def test_text_with_control_characters_is_kept_and_its_change_is_listed() -> None:
    Path("t.csv").write_text("a,b\nO\x07ak,1\nElm,2\n")
    assert run("t.csv", "--declare").exit_code == 0
    text = Path("sources.yaml").read_text()
    assert "a: {type: text, controls: remove}" in text
    _, findings = take_snapshot(parse_sources(text), Path(), Path("s.duckdb"), 0)
    assert [finding.severity.value for finding in findings] == ["info"]


def test_a_workbook_lists_its_sheets_and_keeps_its_types() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Stock", None, None), ("Code", "Price", "Count"), ("A1", 1.5, 3), ("A2", 19.255, 4)):
        sheet.append(row)
    book.create_sheet("Other").append(("x",))
    book.save("t.xlsx")
    found = events(run("t.xlsx", "--json"))
    assert {e["column"]: e["type"] for e in found if e["event"] == "column"} == {
        "code": "text",
        "price": "decimal",
        "count": "integer",
    }
    assert found[-1]["parts"] == ["Sheet", "Other"]
    text = declared("t.xlsx")
    assert "sheet: Sheet" in text and "skip: 1" in text and "scale: 3" in text
    assert run("t.xlsx#None").exit_code == 2


def test_json_finds_its_records_and_lists() -> None:
    record = {"Id": "1", "Ref": {"value": "7"}, "Line": [{"Amount": 1.5}], "Tags": ["a"], "Odd.key": 2}
    content = json.dumps({"Response": {"Invoice": [record, {"Id": "2"}], "max": 2}})
    found, result, _ = looked(content, "t.json")
    assert result["form"]["records"] == "records Response.Invoice"
    assert found == {
        "id": "integer",
        "ref_value": "integer",
        "line": "list",
        "tags": "list",
        "odd_key": "integer",
    }
    text = declared("t.json")
    assert "line: {path: Line, type: list, optional: true, columns: {amount: {path: Amount" in text


def test_json_lines_are_looked_at() -> None:
    found, _, _ = looked('{"id": "a1", "n": 1}\n{"id": "a2", "day": "2017-03-31"}\n', "t.jsonl")
    assert found == {"id": "text", "n": "integer", "day": "date"}
    declared("t.jsonl")


def test_a_format_with_several_kinds_of_records_is_looked_at_by_kind() -> None:
    Path("t.se").write_text("#FLAGGA 0\n#KONTO 1910 Kassa\n#UB 0 1910 12.50\n")
    assert "name one of" in run("t.se").output
    found = events(run("t.se#ub", "--json"))
    assert {"account": "integer", "amount": "decimal"}.items() <= {
        e["column"]: e["type"] for e in found if e["event"] == "column"
    }.items()
    assert "records: ub" in declared("t.se#ub")


def test_several_files_of_one_table_are_a_pattern() -> None:
    Path("days").mkdir()
    for day in (1, 2):
        Path(f"days/{day}.csv").write_text(f"a,b\n{day},x\n")
    assert events(run("days/*.csv", "--json"))[-1]["rows"] == 2
    assert 'path: "days/*.csv"' in declared("days/*.csv")


def test_a_file_whose_name_is_a_pattern_is_that_file() -> None:
    Path("a[1].csv").write_text("a,b\n1,x\n")
    Path("a1.csv").write_text("a,b\n2,x\n3,x\n")
    assert events(run("a[1].csv", "--json"))[-1]["rows"] == 1


def test_declarations_are_added_and_the_rest_is_kept() -> None:
    Path("sources.yaml").write_text(
        "# mine\nsagerecon: sources/v1\nfiles:\n  old:\n    path: old.csv\n    optional: true\n"
        "    columns: {a: {type: text}}\n\n# below\ndatasets:\n  old: {sql: SELECT * FROM old}\n"
    )
    Path("order.csv").write_text("Sum total,b\n1,x\n")
    text = declare_without_reading("order.csv")
    assert text.startswith("# mine\n") and text.index("  order:\n") < text.index("# below")
    assert """order: {sql: 'SELECT * FROM "order"'}""" in text
    parse_sources(text)
    again = run("order.csv", "--declare")
    assert again.exit_code == 2 and "'order' is declared already" in again.stderr
    assert run("order.csv", "--declare", "--name", "second").exit_code == 0
    assert Path("sources.yaml").read_text().startswith(text.partition("\n# below")[0])


def declare_without_reading(name: str) -> str:
    assert run(name, "--declare").exit_code == 0
    return Path("sources.yaml").read_text()


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("sagerecon: sources/v1\nfiles: {a: {path: a.csv, columns: {a: {type: text}}}}\n", "is not a block"),
        ("sagerecon: sources/v1\nfils: {}\n", "1 error"),
    ],
)
def test_a_file_that_cannot_take_an_entry_is_left_alone(before: str, message: str) -> None:
    Path("sources.yaml").write_text(before)
    Path("t.csv").write_text("a,b\n1,x\n")
    result = run("t.csv", "--declare")
    assert result.exit_code == 2 and message in result.stderr, result.output
    assert Path("sources.yaml").read_text() == before


def test_a_project_is_declared_to_and_its_tables_are_looked_at(folder: Path) -> None:
    write_tiny(folder)
    Path("data/more.csv").write_text("a,b\n1,x\n")
    assert run("data/more.csv", "--declare").exit_code == 0
    assert "path: more.csv" in Path("sources.yaml").read_text()
    Path("elsewhere.csv").write_text("a,b\n1,x\n")
    assert "is not in the data folder" in run("elsewhere.csv", "--declare").stderr
    assert "more: more.csv (csv)" in run().stdout or "more: dataset" in run().stdout
    assert CliRunner().invoke(app, ["snapshot"]).exit_code == 0
    found = [each for each in events(run("contacts", "--json")) if each["event"] == "column"]
    assert [(e["column"], e["type"], e["rows"], e["distinct"], e["samples"]) for e in found] == [
        ("ref", "text", 2, 2, ["C1", "C2"]),
        ("name", "text", 2, 2, ["Elm  Ltd", "Oak Ltd"]),
    ]


def test_without_a_project_a_file_must_be_named() -> None:
    assert run().exit_code == 2
    assert "There is no file absent.csv" in run("absent.csv").stderr
    Path("page.csv").write_text("<!DOCTYPE html><html></html>")
    assert run("page.csv").exit_code == 2


@pytest.mark.parametrize(
    "suffix", ["csv", "xlsx", "ods", "xls", "json", "jsonl", "xml", "iif", "parquet", "db"]
)
def test_a_file_without_bytes_is_empty_whatever_its_format(suffix: str) -> None:
    Path(f"t.{suffix}").write_bytes(b"")
    result = run(f"t.{suffix}")
    assert result.exit_code == 2 and f"t.{suffix}: the file is empty." in result.stdout


def test_a_table_without_rows_and_headings_that_repeat_are_declared() -> None:
    Path("t.csv").write_text("a,b\n")
    assert "    optional: true\n" in declared_with_notes("t.csv")
    Path("u.csv").write_text("a,b\n1,x\na,b\n2,y\n")
    Path("sources.yaml").unlink()
    assert (
        "path: u.csv\n    pass_over: {headings: header}\n    columns:\n      a: {type: integer}"
        in declared_with_notes("u.csv")
    )


def declared_with_notes(name: str) -> str:
    """Declare a file, check that a snapshot reads it without an error, and return the declaration."""
    assert run(name, "--declare").exit_code == 0
    text = Path("sources.yaml").read_text()
    taken, _ = take_snapshot(parse_sources(text), Path(), Path("s.duckdb"), 0)
    assert taken
    return text


def test_a_title_in_several_lines_is_found_again() -> None:
    Path("t.csv").write_text('"Cust\nNo",Name\n1,x\n')
    assert "column: Cust No" in declared("t.csv")


def test_a_file_with_an_error_needs_review() -> None:
    Path("t.csv").write_text("a,b\n1,2\n1,2\n1,2\n1,2,3\n")
    result = run("t.csv")
    assert result.exit_code == 1 and "the row has 3 cells" in result.stdout
    Path("t.csv").write_text("a,b\n1,2,3\n1,2\n1,2\n")
    assert "delimiter comma" in run("t.csv").stdout


def test_cells_that_no_type_reads_leave_their_column_out() -> None:
    Path("t.json").write_text('[{"a": 1, "b": "x\\ud800"}, {"a": 2, "b": "y"}]')
    found = events(run("t.json", "--json"))
    assert [each["column"] for each in found if each["event"] == "column"] == ["a"]
    declared("t.json")


def test_at_most_a_screen_is_shown() -> None:
    Path("t.csv").write_text(",".join(f"c{n}" for n in range(40)) + "\n" + ",".join("x" * 40) + "\n")
    shown = run("t.csv").stdout
    assert len(shown.splitlines()) <= 24 and "… and 24 more columns" in shown
    assert "c39" in run("t.csv", "--all").stdout


CELLS = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6).filter(
        lambda text: not _garbled(text)
    ),
)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t"))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_declared_is_read_without_a_finding(rows: list[tuple[str, str]], delimiter: str) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    lines = ["first;second".replace(";", delimiter), *(delimiter.join(map(quoted, row)) for row in rows)]
    Path("t.csv").write_text("\n".join(lines) + "\n")
    Path("sources.yaml").unlink(missing_ok=True)
    if all(not cell.strip() for row in rows for cell in row):
        return
    result = run("t.csv", "--declare")
    assert result.exit_code == 0, result.output
    taken, findings = take_snapshot(
        parse_sources(Path("sources.yaml").read_text()), Path(), Path("s.duckdb"), 0
    )
    assert taken and not findings, (rows, [str(finding) for finding in findings])


@pytest.mark.parametrize("rows", [499, 500, 501, 1_203])
def test_no_text_is_lost_however_many_there_are(rows: int) -> None:
    """Types are tried on the first texts alone before they are tried on all."""
    Path("t.csv").write_text("code,amount\n" + "".join(f"A{n},{n}.50\n" for n in range(rows)))
    found = {each["column"]: each for each in events(run("t.csv", "--json")) if each["event"] == "column"}
    for column in found.values():
        assert (column["rows"], column["blanks"], column["distinct"]) == (rows, 0, rows)
    assert Decimal(found["amount"]["total"]) == sum(Decimal(n) + Decimal("0.5") for n in range(rows))


def test_real_exports_are_declared_and_read() -> None:
    found = events(run(f"{shared('online-retail-gb')}/by-day/*.csv", "--json"))
    types = {each["column"]: each["type"] for each in found if each["event"] == "column"}
    assert (
        types["invoiceno"] == "text" and types["quantity"] == "integer" and types["invoicedate"] == "datetime"
    )
    assert found[-1]["rows"] == 77_628
    invoices = events(run(f"{shared('xero-company')}/invoice.csv", "--json"))
    total = next(each for each in invoices if each["event"] == "column" and each["column"] == "amount_due")
    assert total["total"] == "42914.86"


def test_a_zero_without_a_digit_before_the_point_is_zero() -> None:
    Path("t.csv").write_text("a,b\n1,.00\n2,5.00\n3,-.00\n")
    figures = next(
        event
        for event in events(run("t.csv", "--json"))
        if event.get("column") == "b" or event.get("name") == "b"
    )
    assert str(figures["total"]) == "5.00" and figures["type"] == "decimal"
