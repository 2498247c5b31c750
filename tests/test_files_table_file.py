"""Tables for people: no text is a formula, numbers are numbers."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sagerecon.files import table_file
from sagerecon.files.table_file import Cell, TooManyRowsError, csv_table, plain_text, workbook_tables

CELLS: list[Cell] = [
    "=1+1",
    "-5",
    "-cmd|x",
    "oak",
    Decimal("-12.50"),
    7,
    True,
    date(2017, 3, 31),
    None,
    "a\nb\x1b",
]


def test_csv_holds_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with csv_table(path, "t", ["a", "=b"]) as table:
        table.row("t", CELLS)
        table.row("other", ["left out"])
    heading, row = csv.reader(path.read_text("utf-8-sig").splitlines())
    assert heading == ["a", "'=b"]
    assert row == ["'=1+1", "-5", "'-cmd|x", "oak", "-12.50", "7", "true", "2017-03-31", "", r"a\nb\x1b"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_workbook_holds_numbers_as_numbers_and_texts_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    long = Decimal("1234567890123456.78")
    with workbook_tables(path, {"s": ["h"], "t": ["a"]}) as tables:
        tables.row("t", [*CELLS, long, "x" * 40_000])
        tables.row("s", ["=2"])
    book = load_workbook(path)
    cells = next(iter(book["t"].iter_rows(min_row=2)))
    assert [cell.data_type for cell in cells[:7]] == ["s", "s", "s", "s", "n", "n", "b"]
    assert [cell.value for cell in cells[:4]] == ["=1+1", "-5", "-cmd|x", "oak"]
    assert (cells[4].value, cells[4].number_format) == (-12.5, "0.00")
    assert cells[10].value == str(long) and len(cells[11].value) == 32_767
    assert book["s"]["A2"].data_type == "s" and book["t"].freeze_panes == "A2"


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), csv_table(path, "t", ["a"]):
        raise RuntimeError
    assert path.read_text() == "old" and [each.name for each in tmp_path.iterdir()] == ["t.csv"]


def test_a_sheet_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "SHEET_ROWS", 2)
    with pytest.raises(TooManyRowsError), workbook_tables(tmp_path / "t.xlsx", {"t": ["a"]}) as tables:
        tables.row("t", [1])
        tables.row("t", [2])


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_begins_as_a_formula(text: str) -> None:
    shown = plain_text(text)
    assert shown[:1] not in {"=", "@", "＝", "＠", "\t", "\r", "\n"}
    assert shown[:1] not in {"+", "-", "＋", "－"} or shown[1:2].isdigit()
