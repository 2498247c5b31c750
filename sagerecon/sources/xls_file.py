"""Opening workbooks in the old format of Excel 5 to 2003 with xlrd, as the reader of XLSX opens its own.

xlrd keeps each text of a workbook once. Measured with python-calamine 0.9, 700 bytes of a workbook stood for
more memory than the machine has, which ends the process: that library makes a text for each cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import xlrd
from xlrd.xldate import XLDateError, xldate_as_datetime

from sagerecon.files.reading import read_bounded
from sagerecon.model.limits import XLS_FILE
from sagerecon.model.place import Place
from sagerecon.sources.files import file_errors
from sagerecon.sources.merged_cells import MergedRange
from sagerecon.sources.number_format import PLAIN_FORMATS
from sagerecon.sources.sheet_cells import (
    FormattedNumber,
    FormulaError,
    NoDate,
    as_shown,
    is_day_that_never_was,
)
from sagerecon.sources.workbook import workbook_errors


class XlsSheet:
    """A sheet of an old workbook; it is read when its cells are."""

    def __init__(self, book: Any, number: int) -> None:
        self._book = book
        self._number = number
        self.title = str(book.sheet_names()[number])
        self.first_year = 1904 if book.datemode else 1900  #: from which it counts days

    def merged_ranges(self) -> list[MergedRange]:
        """Return its merged ranges, in their order from the top."""
        ranges = self._book.sheet_by_index(self._number).merged_cells
        return sorted(
            MergedRange(first_row=top + 1, first_column=left + 1, last_row=bottom, last_column=right)
            for top, bottom, left, right in ranges
        )

    def iter_rows(self, *, values_only: bool) -> Iterator[tuple[object, ...]]:
        """Yield the cells of each row."""
        del values_only
        sheet = self._book.sheet_by_index(self._number)
        formats = _formats(self._book)
        for row in range(sheet.nrows):
            cells = zip(sheet.row_types(row), sheet.row_values(row), strict=True)
            yield tuple(
                FormattedNumber(value, formats[style])
                if kind == xlrd.XL_CELL_NUMBER and (style := sheet.cell_xf_index(row, column)) in formats
                else self._value(kind, value)
                for column, (kind, value) in enumerate(cells)
            )

    def _value(self, kind: int, value: Any) -> object:
        """Return the value of a cell by its type, as the reader of XLSX does; None for a blank one."""
        match kind:
            case xlrd.XL_CELL_TEXT:
                return value or None
            case xlrd.XL_CELL_NUMBER:
                return value
            case xlrd.XL_CELL_DATE:
                return _moment(value, self._book.datemode)
            case xlrd.XL_CELL_BOOLEAN:
                return bool(value)
            case xlrd.XL_CELL_ERROR:
                return FormulaError(xlrd.error_text_from_code.get(value, "an error"))
            case _:
                return None


@contextmanager
def open_xls(path: Path, place: Place) -> Iterator[list[XlsSheet]]:
    """Yield the sheets of an old workbook in its order.

    Raises:
        SourceError: the file cannot be read, is not a workbook, or passes a limit.
    """
    with file_errors(place):
        content = read_bounded(path, XLS_FILE)
    with workbook_errors(place):
        book = xlrd.open_workbook(
            file_contents=content,
            logfile=StringIO(),
            on_demand=True,
            formatting_info=True,
            ragged_rows=True,
        )
        sheets = [XlsSheet(book, number) for number in range(book.nsheets)]
    try:
        yield sheets
    finally:
        book.release_resources()


def _formats(book: Any) -> dict[int, str]:
    """Return the number format of each style by which a number is shown otherwise than by its digits."""
    formats = {key: each.format_str for key, each in book.format_map.items()}
    shown = {number: formats.get(style.format_key, "General") for number, style in enumerate(book.xf_list)}
    return {number: shown_by for number, shown_by in shown.items() if shown_by not in PLAIN_FORMATS}


def _moment(days: float, mode: int) -> object:
    """Return a date and time, or a time of a day; of a number that is neither what it is."""
    if is_day_that_never_was(days, 1904 if mode else 1900):
        return NoDate(str(as_shown(days)))
    try:
        moment: datetime = xldate_as_datetime(days, mode)
    except (XLDateError, ValueError, OverflowError):
        return NoDate(str(as_shown(days)))
    return moment.time() if 0 <= days < 1 else moment
