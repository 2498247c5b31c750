"""Write tables for people, as CSV or XLSX, with no text that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sagerecon.files.writing import replacing
from sagerecon.model.visible import visible

Cell: TypeAlias = str | int | bool | Decimal | date | None

#: What begins a formula in a spreadsheet; the wide forms do in some languages.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")

#: A text that a spreadsheet takes for a number, which does no harm.
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")

#: The digits that a spreadsheet keeps of a number, and the characters of a cell.
_DIGITS = 15
_CHARACTERS = 32_767

#: Rows of a sheet, its heading included.
SHEET_ROWS = 1_048_576


class TooManyRowsError(Exception):
    """A sheet cannot hold so many rows."""


class TableWriter(Protocol):
    """Writes rows to one of several tables."""

    def row(self, table: str, cells: Sequence[Cell]) -> None:
        """Add a row.

        Raises:
            TooManyRowsError: the format cannot hold so many.
        """
        ...


@contextmanager
def csv_table(path: Path, table: str, heading: Sequence[str]) -> Iterator[TableWriter]:
    """Write one of several tables as CSV in UTF-8; rows of the others are left out.

    The file takes the place of `path` when the block ends without an error.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as stream:
        text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")  # by its mark, Excel knows UTF-8
        writer = _CsvWriter(text, table)
        writer.row(table, heading)
        yield writer
        text.detach()


@contextmanager
def workbook_tables(path: Path, headings: Mapping[str, Sequence[str]]) -> Iterator[TableWriter]:
    """Write a workbook with a sheet for each table; errors as `csv_table`."""
    with replacing(path) as stream:
        writer = _WorkbookWriter(headings)
        try:
            yield writer
        except BaseException:
            writer.discard()
            raise
        writer.save(stream)


def plain_text(text: str) -> str:
    """Return a text as a spreadsheet shows it and never calculates it: `=1+1` as `'=1+1`."""
    shown = visible(text)
    is_formula = _FORMULA.match(shown) is not None and _NUMBER.fullmatch(shown) is None
    return f"'{shown}" if is_formula else shown


class _CsvWriter:
    def __init__(self, stream: TextIOWrapper, table: str) -> None:
        self._writer = csv.writer(stream, lineterminator="\r\n")
        self._table = table

    def row(self, table: str, cells: Sequence[Cell]) -> None:
        if table == self._table:
            self._writer.writerow([_csv_cell(cell) for cell in cells])


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return plain_text(cell)
        case Decimal():
            return f"{cell:f}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


class _WorkbookWriter:
    def __init__(self, headings: Mapping[str, Sequence[str]]) -> None:
        from openpyxl import Workbook  # noqa: PLC0415 - openpyxl is large; few commands write workbooks
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
        from openpyxl.styles import Font  # noqa: PLC0415

        self._cell = WriteOnlyCell
        self._bold = Font(bold=True)
        self._book = Workbook(write_only=True)
        self._sheets: dict[str, Any] = {}
        self._rows: dict[str, int] = {}
        for table, heading in headings.items():
            sheet: Any = self._book.create_sheet(table)
            sheet.freeze_panes = "A2"
            self._sheets[table], self._rows[table] = sheet, 0
            self.row(table, heading, is_heading=True)

    def row(self, table: str, cells: Sequence[Cell], *, is_heading: bool = False) -> None:
        self._rows[table] += 1
        if self._rows[table] > SHEET_ROWS:
            raise TooManyRowsError(f"a sheet holds at most {SHEET_ROWS:,} rows")
        made = [self._made(self._sheets[table], cell) for cell in cells]
        for cell in made if is_heading else ():
            cell.font = self._bold
        self._sheets[table].append(made)

    def save(self, stream: Any) -> None:
        self._book.save(stream)

    def discard(self) -> None:
        """Remove the temporary file of each sheet."""
        for sheet in self._sheets.values():
            sheet.close()
            sheet._writer.cleanup()

    def _made(self, sheet: Any, value: Cell) -> Any:
        cell: Any = self._cell(sheet)
        if isinstance(value, Decimal) and _is_exact(value):
            exponent = value.as_tuple().exponent
            decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
            cell.value = value
            cell.number_format = f"0.{'0' * decimals}" if decimals else "0"
        elif isinstance(value, str | Decimal) or (isinstance(value, int) and not _is_exact(Decimal(value))):
            text = visible(value) if isinstance(value, str) else str(value)
            cell.value = text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
            cell.data_type = "s"  # or openpyxl takes a text that begins with = for a formula
            cell.quotePrefix = bool(_FORMULA.match(text))  # a spreadsheet shows it as text when it is edited
        else:
            cell.value = value
            if isinstance(value, date):
                has_time = isinstance(value, datetime)
                cell.number_format = "yyyy-mm-dd hh:mm:ss" if has_time else "yyyy-mm-dd"
        return cell


def _is_exact(number: Decimal) -> bool:
    return len(number.normalize().as_tuple().digits) <= _DIGITS
