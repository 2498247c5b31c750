# ruff: noqa: E501 - one case per line reads as a table
"""XLSX workbooks: exact numbers, dates, and messages for invalid workbooks and missing sheets."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import finding_messages, snapshot, table, take
from workbook_files import HEADER, workbook

from sagerecon.model.errors import SourceError

COLUMNS = """
no: {column: "Cust No", type: text, required: true}
owed: {column: Balance, type: decimal}
since: {column: Since, type: date}
"""
CUSTOMERS = table(COLUMNS, "path: t.xlsx")


def test_cells_are_exact_and_rows_have_their_number(tmp_path: Path) -> None:
    rows = [
        HEADER,
        ("C001", 20000000.99, date(2017, 3, 31)),
        ("0002", 0.1 + 0.7, datetime(2017, 3, 31)),  # noqa: DTZ001
        (),
        (17850, 5, None),
        ("C5", "1.15"),
        ("C6", -27136760851.95, None),
    ]
    with snapshot(tmp_path, CUSTOMERS, {"t.xlsx": workbook(rows)}) as opened:
        assert [tuple(row.values()) for row in opened.rows("t")] == [
            ("C001", Decimal("20000000.99"), date(2017, 3, 31), "t.xlsx:2", 1),
            ("0002", Decimal("0.80"), date(2017, 3, 31), "t.xlsx:3", 2),
            ("17850", Decimal("5.00"), None, "t.xlsx:5", 3),
            ("C5", Decimal("1.15"), None, "t.xlsx:6", 4),
            ("C6", Decimal("-27136760851.95"), None, "t.xlsx:7", 5),
        ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([HEADER, ("C1", "ten", None)], "t.xlsx:2:2: owed: 'ten' is not a number. If it means an empty cell, set null_words: [\"ten\"]."),
        ([HEADER, ("C1", 1.005, None)], "t.xlsx:2:2: owed: '1.005' has 3 decimals; the column keeps 2. Set scale: 3, or round: 2 to round the amounts."),
        ([HEADER, ("C1", 1, datetime(2017, 3, 31, 8))], "t.xlsx:2:3: since: '2017-03-31 08:00:00' has a time of day. Set drop_time: true to keep the day alone, or type: datetime."),  # noqa: DTZ001
        ([HEADER, ("C1", 90071992547409.93, None)], "t.xlsx:2:2: owed: 90071992547409.94 is too large for a workbook to store with 2 exact decimals. Store such numbers as text, or export CSV."),
        ([HEADER, ("C1", True, None)], "t.xlsx:2:2: owed: true is not a number. Set type: boolean."),
        ([HEADER, (None, 1, None)], "t.xlsx:2:1: no: the cell is empty; a value is required."),
        ([HEADER, ("C1", 1, None, "x")], "t.xlsx: cells beside the table were passed over in 1 row. Lines: 2 (x)."),
        ([("CustNo", "Balance", "Since"), ("C1", 1, None)], "t.xlsx:1: the header row has no column 'Cust No', declared as 'no'. Did you mean 'CustNo'?"),
        ([HEADER], "t.xlsx: the sheet 'Customers' has a header row but no data rows. Set optional: true if the file may be empty."),
    ],
)  # fmt: skip
def test_an_error_in_the_sheet_is_reported_at_its_place(
    tmp_path: Path, rows: list[Sequence[object]], message: str
) -> None:
    assert finding_messages(tmp_path, CUSTOMERS, {"t.xlsx": workbook(rows)}) == [message]


def test_a_failed_formula_is_reported(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: t.xlsx")
    assert finding_messages(tmp_path, text, {"t.xlsx": workbook([["a"], ["#REF!"]])}) == [
        "t.xlsx:2:1: a: the cell holds the formula error #REF!. Correct the formula."
    ]


def test_a_sheet_can_be_chosen_by_name(tmp_path: Path) -> None:
    data = workbook([("Report",), HEADER, ("C1", 1, None)], "Notes")
    text = table(COLUMNS, "path: t.xlsx\nsheet: Customers\nskip: 1")
    with snapshot(tmp_path, text, {"t.xlsx": data}) as opened:
        assert [row["_origin"] for row in opened.rows("t")] == ["t.xlsx:3"]


def damaged() -> bytes:
    data = workbook([HEADER, ("C1", 1, None)])
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (workbook([HEADER], "Notes"), "", "t.xlsx: the workbook has 2 sheets: Customers, Notes. Set sheet: to one of them."),
        (workbook([HEADER], "Notes"), "\nsheet: Custmers", "t.xlsx: the workbook has no sheet 'Custmers'; its sheets are Customers, Notes. Did you mean 'Customers'?"),
        (workbook([]), "", "t.xlsx: the sheet 'Customers' is empty."),
        (b"<html>Sign in</html>", "", "t.xlsx:1:1: the file is a web page, not an XLSX workbook. Check whether an error page was saved instead of the export."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "", "t.xlsx:1:1: the file is a workbook in the old .xls format, not an XLSX workbook. Set format: xls."),
        (b"no,name\n", "", "t.xlsx: invalid workbook: File is not a zip file. Save the workbook again."),
        (damaged(), "", "t.xlsx: invalid workbook: File is not a zip file. Save the workbook again."),
    ],
)  # fmt: skip
def test_an_unreadable_workbook_is_refused(tmp_path: Path, data: bytes, settings: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        take(tmp_path, table(COLUMNS, f"path: t.xlsx{settings}"), {"t.xlsx": data})
    assert str(caught.value) == message
