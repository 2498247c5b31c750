# ruff: noqa: E501 - one case per line reads as a table
"""Exports as they are: where the table begins and ends, which rows and columns of it are read."""

from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError

TRIAL_BALANCE = """\
Oak Ltd,,
Trial Balance,,

,DEBIT,CREDIT
Cash,"1,234.50",
Sales,,"1,234.50"
TOTAL,"$1,234.50","$1,234.50"

"Saturday, Dec 31, 2016 - Accrual Basis"
"""
BALANCES = table(
    "account: {column: 1, type: text, required: true}\ndebit: {column: DEBIT, type: decimal}",
    """
    path: t.csv
    header: [DEBIT, CREDIT]
    thousands: ","
    pass_over:
      total: {column: 1, is: [Total, TOTAL]}
      footer: [{column: 1, ends_with: Basis}, {column: DEBIT, blank: true}]
      other: {column: CREDIT, starts_with: x}
    """,
)


def values(tmp_path: Path, text: str, data: str) -> list[tuple[object, ...]]:
    """Return the values of the rows, without their origin and number."""
    with snapshot(tmp_path, text, {"t.csv": data}) as opened:
        return [tuple(row.values())[:-2] for row in opened.rows("t")]


def test_the_header_row_is_found_and_other_rows_are_passed_over_and_counted(tmp_path: Path) -> None:
    assert values(tmp_path, BALANCES, TRIAL_BALANCE) == [("Cash", Decimal("1234.50")), ("Sales", None)]
    assert finding_messages(tmp_path, BALANCES, {"t.csv": TRIAL_BALANCE}) == [
        "t.csv: no row is passed over as 'other'.",
        "t.csv: 2 rows were passed over: before the table. Lines: 1 (Oak Ltd), 2 (Trial Balance).",
        "t.csv: 1 row was passed over: 'total'. Lines: 7 (TOTAL, $1,234.50, $1,234.50).",
        "t.csv: 1 row was passed over: 'footer'. Lines: 9 (Saturday, Dec 31, 2016 - Accrual Basis).",
    ]


def test_a_header_row_that_is_not_found_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        take(tmp_path, BALANCES, {"t.csv": "a,b\n1,2\n"})
    assert str(caught.value) == "t.csv: no row of the file has the titles DEBIT, CREDIT. Correct header:."


REPEATED = "Date,Ref,Amount\n1,A,1.00\nDate,Ref,Amount\n2,B,2.00\n,Total,3.00\n"
AMOUNTS = "ref: {column: Ref, type: text}\namount: {column: Amount, type: decimal}"


def test_a_repeated_header_row_is_named_once_and_can_be_passed_over(tmp_path: Path) -> None:
    assert finding_messages(tmp_path, table(AMOUNTS), {"t.csv": REPEATED}) == [
        "t.csv:3: the row repeats the header row. Set pass_over: {headings: header}.",
        "t.csv:5:2: 'Total': the last row seems to be a total, and is read as any other row. "
        'Set pass_over: {total: [{column: 2, is: "Total"}, {column: 1, blank: true}]} to leave it out.',
    ]
    passing = "path: t.csv\npass_over: {headings: header, totals: {column: Ref, is: Total}}"
    assert values(tmp_path, table(AMOUNTS, passing), REPEATED) == [("A", Decimal(1)), ("B", Decimal(2))]


def test_a_repeated_header_row_is_found_where_all_columns_are_texts(tmp_path: Path) -> None:
    text = table("a: {type: text}\nb: {type: text}")
    assert finding_messages(tmp_path, text, {"t.csv": "a,b\n1,2\na,b\n3,4\na,5\n"}) == [
        "t.csv:3: the row repeats the header row. Set pass_over: {headings: header}."
    ]
    assert values(tmp_path, table("a: {type: text}"), "a\n1\na\n") == [("1",), ("a",)]


def test_rows_to_keep_are_chosen_by_conditions(tmp_path: Path) -> None:
    keeping = "path: t.csv\nkeep: {dated: {column: Date, is: [1, 2]}, credits: {column: Amount, contains: x}}"
    assert values(tmp_path, table(AMOUNTS, keeping), REPEATED) == [("A", Decimal(1)), ("B", Decimal(2))]
    assert finding_messages(tmp_path, table(AMOUNTS, keeping), {"t.csv": REPEATED}) == [
        "t.csv: 2 rows were passed over: not among those to keep. Lines: 3 (Date, Ref, Amount), 5 (Total, 3.00)."
    ]


def test_a_file_without_rows_to_keep_is_empty(tmp_path: Path) -> None:
    keeping = "path: t.csv\nkeep: {dated: {column: Date, is: 9}}"
    assert finding_messages(tmp_path, table(AMOUNTS, keeping), {"t.csv": REPEATED})[0] == (
        "t.csv: the file has a header row but no data rows that are kept. Set optional: true if the file may be empty."
    )


TWO_TABLES = """\
Customers
No,Name
C1,Oak

Suppliers
No,Name
S1,Elm
S2,Ash
End of report
"""


def test_several_tables_of_one_file_are_declared_one_by_one(tmp_path: Path) -> None:
    columns = "no: {column: No, type: text}\nname: {column: Name, type: text}"
    customers = table(columns, "path: t.csv\nheader: [No]\nend: blank")
    suppliers = table(
        columns, "path: t.csv\nstart: {column: 1, is: Suppliers}\nend: {column: No, starts_with: End}"
    )
    assert values(tmp_path, customers, TWO_TABLES) == [("C1", "Oak")]
    assert values(tmp_path, suppliers, TWO_TABLES) == [("S1", "Elm"), ("S2", "Ash")]


def test_a_start_that_is_not_found_is_an_error(tmp_path: Path) -> None:
    text = table("a: {column: No, type: text}", "path: t.csv\nstart: {column: 1, is: Bank}")
    with pytest.raises(SourceError, match="no row of the file matches 'start'"):
        take(tmp_path, text, {"t.csv": TWO_TABLES})


def test_columns_are_given_by_position_where_there_is_no_header_row(tmp_path: Path) -> None:
    text = table(
        "code: {column: 2, type: text}\nnet: {column: 3, type: decimal}", "path: t.csv\nheader: none"
    )
    assert values(tmp_path, text, "SI,C001,100.00\nSC,C002,20.00\n") == [
        ("C001", Decimal(100)),
        ("C002", Decimal(20)),
    ]
    far = table("code: {column: 4, type: text}", "path: t.csv\nheader: none")
    assert finding_messages(tmp_path, far, {"t.csv": "SI,C001,100.00\n"})[0].startswith(
        "t.csv:1: 'code' is declared as column 4; the table has 3 columns."
    )


def test_columns_are_given_by_the_occurrence_of_their_title(tmp_path: Path) -> None:
    data = "Account,Debit,Credit,Debit\n1,2,3,4\n"
    both = table(
        "first: {column: Debit, occurrence: 1, type: decimal}\nsecond: {column: Debit, occurrence: 2, type: decimal}"
    )
    assert values(tmp_path, both, data) == [(Decimal(2), Decimal(4))]
    assert finding_messages(tmp_path, table("d: {column: Debit, type: decimal}"), {"t.csv": data}) == [
        "t.csv:1:2: column 'Debit' occurs 2 times in the header row. Set occurrence: 1 for the first of them, or column: 2."
    ]
    assert finding_messages(
        tmp_path, table("d: {column: Debit, occurrence: 3, type: decimal}"), {"t.csv": data}
    ) == [
        "t.csv:1: 'd' is declared as occurrence 3 of column 'Debit', which the header row has 2 times. Correct occurrence:."
    ]


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ("a,b,c\n1\n", "short_rows: pad", "t.csv:2: the row has 1 cell; the header row has 3. Set short_rows: pad if blank cells at the end of a row are left out."),
        ("a,b\n1,2,\n", "trailing_delimiter: true", "t.csv:2: the row has 3 cells; the header row has 2. Set trailing_delimiter: true if rows end in a delimiter."),
        ("a,b\n1,2,,\n", "trailing_delimiter: true", "t.csv:2: the row has 4 cells; the header row has 2. Set trailing_delimiter: true if rows end in a delimiter."),
        ("a,b,\n1,2\n", "trailing_delimiter: true", "t.csv:2: the row has 2 cells; the header row has 3. Set short_rows: pad if blank cells at the end of a row are left out."),
    ],
)  # fmt: skip
def test_rows_of_another_width_are_refused_or_declared(
    tmp_path: Path, data: str, settings: str, message: str
) -> None:
    assert finding_messages(tmp_path, table("a: {type: text}"), {"t.csv": data}) == [message]
    assert values(tmp_path, table("a: {type: text}", f"path: t.csv\n{settings}"), data) == [("1",)]


def test_a_cell_that_would_be_lost_is_refused_whatever_is_declared(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: t.csv\nshort_rows: pad\ntrailing_delimiter: true")
    assert finding_messages(tmp_path, text, {"t.csv": "a,b\n1,2,3\n"}) == [
        "t.csv:2: the row has 3 cells; the header row has 2. Check for a delimiter inside an unquoted cell."
    ]


def test_a_total_in_the_last_row_is_a_warning(tmp_path: Path) -> None:
    data = "Ref,Amount\nA,1\nB,2\nTOTAL,3\n"
    assert finding_messages(tmp_path, table(AMOUNTS), {"t.csv": data}) == [
        "t.csv:4:1: 'TOTAL': the last row seems to be a total, and is read as any other row. "
        'Set pass_over: {total: {column: 1, is: "TOTAL"}} to leave it out.'
    ]
    assert finding_messages(tmp_path, table(AMOUNTS), {"t.csv": "Ref,Amount\nA,1\nTotal Energies,2\n"}) == []


def test_titles_are_found_though_their_lines_are_broken(tmp_path: Path) -> None:
    text = table('no: {column: "Cust No", type: text}', 'path: t.csv\nheader: ["Cust No"]')
    assert values(tmp_path, text, '"Cust\r\n No ",x\nC1,\n') == [("C1",)]


def test_blank_cells_are_filled_from_above_and_listed(tmp_path: Path) -> None:
    text = table("ref: {type: text, fill_down: true}\namount: {type: decimal}")
    data = "ref,amount\n,0\nA,1\n,2\nB,3\n,4\n"
    assert [row[0] for row in values(tmp_path, text, data)] == [None, "A", "A", "B", "B"]
    assert finding_messages(tmp_path, text, {"t.csv": data}) == [
        "t.csv:4: ref: 2 values changed by fill_down: '' to 'A', '' to 'B' (t.csv:6)."
    ]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_in_which_excel_states_its_delimiter_is_read(tmp_path: Path, first: str) -> None:
    data = f"{first}\na;b\n1;2\n"
    with snapshot(tmp_path, table("a: {type: text}", "path: t.csv\ndelimiter: ;"), {"t.csv": data}) as opened:
        assert list(opened.rows("t")) == [{"a": "1", "_origin": "t.csv:3", "_row": 1}]
    assert finding_messages(tmp_path, table("a: {type: text}"), {"t.csv": data})[0] == (
        "t.csv:1: the file states that its delimiter is ';'. Set delimiter: ';'."
    )


def test_rows_are_numbered_over_all_files_of_a_table(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: '*.csv'").replace(
        "SELECT * FROM t", "SELECT list(a ORDER BY _row) AS a, list(_origin ORDER BY _row) AS _origin FROM t"
    )
    first = "a\n" + "".join(f"{number}\n" for number in range(12))
    with snapshot(tmp_path, text, {"a.csv": first, "b.csv": "a\n12\n13\n"}) as opened:
        (row,) = opened.rows("t")
    assert row["a"] == [str(number) for number in range(14)]


@pytest.mark.parametrize(
    ("settings", "columns", "message"),
    [
        ("header: none", "a: {type: text}", "there is no header row in which column 'a' could be found. Give its position: column: 1."),
        ("start: {column: Name, is: x}", "a: {type: text}", "'start' tests a column by its title, and no header row is read before. Give its position: column: 1."),
        ("pass_over: {x: {column: a}}", "a: {type: text}", "'x' tests nothing of the column. Add one of is, starts_with, ends_with, contains, blank."),
        ("pass_over: {x: blank}", "a: {type: text}", "'x' cannot be blank rows: those are never read. Test a column: {column: 1, is: Total}."),
        ("header: none\npass_over: {x: header}", "a: {column: 1, type: text}", "'x' cannot be the header row here. Test a column: {column: 1, is: Total}."),
        ("", "a: {column: '', type: text}", "'a' has no title by which its column could be found. Give its position: column: 1. If the file has no header row, set header: none."),
        ("", "a: {column: 1, occurrence: 2, type: text}", "'occurrence' does not apply to a column that is given by its position."),
        ("pass_over: {x: total}", "a: {type: text}", "'x' is no condition: 'total'. Test a column: {column: 1, is: Total}."),
        ("header: Date", "a: {type: text}", "header is 'Date'; it must be a list of titles, or none. Write it as [Date]."),
        ("merged: fill", "a: {type: text}", "'merged' does not apply to csv."),
    ],
)  # fmt: skip
def test_a_declaration_that_means_nothing_is_refused(settings: str, columns: str, message: str) -> None:
    found = error_messages(table(columns, f"path: t.csv\n{settings}"))
    assert [text.split(": ", 1)[1] for text in found] == [message]


def test_a_condition_on_a_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: t.csv\npass_over: {x: {column: Nme, is: x}}")
    assert finding_messages(tmp_path, text, {"t.csv": "a,Name\n1,2\n"})[1] == (
        "t.csv:1: the condition 'x' tests column 'Nme', which the header row does not have. Did you mean 'Name'?"
    )


def test_a_heading_that_looks_like_data_is_named(tmp_path: Path) -> None:
    assert finding_messages(tmp_path, table("code: {type: text}"), {"t.csv": "SI,C001\nSI,C002\n"}) == [
        "t.csv:1: the header row has no column 'code', declared as 'code'. Columns found: SI, C001. "
        "If there is no header row, set header: none, and column: 1, column: 2 and so on."
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
def test_text_of_two_bytes_without_a_mark_is_named(tmp_path: Path, encoding: str, name: str) -> None:
    data = ("a,b\n1,Oak Ltd\n" if name == "t.csv" else '{"a": "1"}\n').encode(encoding)
    with pytest.raises(SourceError) as caught:
        take(tmp_path, table("a: {type: text}", f"path: {name}"), {name: data})
    assert f"is text in {encoding} without a byte-order mark, not utf-8-sig. " in f"{caught.value} "


def test_a_wrong_encoding_of_a_file_in_utf_8_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        take(tmp_path, table("a: {type: text}", "path: t.csv\nencoding: cp1252"), {"t.csv": "a\nÁÍ\n"})
    assert caught.value.hint == "Set encoding: utf-8."
