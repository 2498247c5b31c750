"""Reading sheets of XLSX workbooks into typed rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.cell import Cell, CellConverter, CellError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import require_format, source_error
from sagerecon.sources.flat_table import FlatFormat, RawRow, flat_rows
from sagerecon.sources.rows import Row, converter
from sagerecon.sources.workbook import Sheet, open_workbook, workbook_errors

#: The values of cells whose formula failed.
_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})

#: Dates are counted from 1900 or 1904. A negative count is read as an earlier day; Excel shows it as #####.
_FIRST_YEAR = 1900

#: Sheets that are named in a message.
_LISTED = 12

#: The number of significant digits that Excel keeps.
_EXCEL_DIGITS = 15


class XlsxReader:
    """Reads the XLSX files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, is not a workbook, or does not have the declared sheet.
        """
        require_format(path, name, "xlsx")
        with open_workbook(path, Place(name)) as sheets:
            sheet = self._sheet(sheets, name)
            yield from flat_rows(self._rows(sheet, name), self._file, name, _format(sheet))

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the header row has already rounded which columns are missing."""
        return iter(())

    def _sheet(self, sheets: Sequence[Sheet], name: str) -> Sheet:
        names = [str(sheet.title) for sheet in sheets]
        if not names:
            message = "the workbook has no sheet with cells."
            raise source_error(Finding(Code.NO_SHEET, Place(name), message, "Save the sheet as a table."))
        sheet_name = self._file.sheet or (names[0] if len(names) == 1 else "")
        if not sheet_name:
            message = f"the workbook has {len(names)} sheets: {_listed(names)}."
            raise source_error(Finding(Code.WHICH_SHEET, Place(name), message, "Set sheet: to one of them."))
        if sheet_name not in names:
            message = f"the workbook has no sheet '{sheet_name}'; its sheets are {_listed(names)}."
            raise source_error(Finding(Code.NO_SHEET, Place(name), message, suggestion(sheet_name, names)))
        return sheets[names.index(sheet_name)]

    def _rows(self, sheet: Sheet, name: str) -> Iterator[RawRow]:
        """Yield the rows that are not blank, with their numbers."""
        for line, cells in enumerate(_sheet_rows(sheet, name), start=1):
            if line > self._file.skip and cells.count(None) < len(cells):
                yield line, cells


def _format(sheet: Sheet) -> FlatFormat:
    return FlatFormat(workbook_converter, f"the sheet '{sheet.title}'", are_short_rows_padded=True)


def workbook_converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a cell of a workbook by its column.

    Raises:
        CellError: by the returned function, if the cell does not match the column, holds the error of a
            formula, a date before 1900, or a number too large for its decimals.
    """
    convert = converter(column, file)
    scale = column.scale if column.type == "decimal" else None

    def convert_exact(cell: object) -> Cell:
        if isinstance(cell, float):
            if scale is not None and not _is_exact(cell, scale):
                message = f"{cell!r} is too large for a workbook to store with {scale} exact decimals."
                raise CellError(Code.UNCERTAIN_NUMBER, message, "Store such amounts as text, or export CSV.")
            return convert(_exact(cell, scale))
        if isinstance(cell, str) and cell in _ERRORS:
            message = f"the cell holds the formula error {cell}."
            raise CellError(Code.FORMULA_FAILED, message, "Correct the formula.")
        if isinstance(cell, date) and cell.year < _FIRST_YEAR:
            message = (
                f"the cell holds a date of the year {cell.year}; a workbook has none before {_FIRST_YEAR}."
            )
            raise CellError(Code.NOT_DATE, message, "Correct the date, or store it as text.")
        return convert(str(cell) if isinstance(cell, time | timedelta) else cell)

    return convert_exact


def _exact(cell: float, scale: int | None) -> Decimal:
    """Return a number of a workbook as an exact Decimal.

    A workbook stores numbers as binary floats. `repr` gives the shortest digits for a float, so 1.15 and
    27136760851.95 keep their digits. A formula may add a binary error (0.1 + 0.2 gives
    0.30000000000000004); if the number has more decimals than `scale`, it is rounded to 15 significant
    digits as in Excel, provided that it then fits the scale.
    """
    number = Decimal(repr(cell))
    exponent = number.as_tuple().exponent
    if scale is not None and isinstance(exponent, int) and -exponent > scale:
        rounded = Decimal(f"{cell:.{_EXCEL_DIGITS}g}")
        if rounded == rounded.quantize(Decimal(1).scaleb(-scale)):
            return rounded
    return number


def _is_exact(number: float, scale: int) -> bool:
    """Return whether no other amount with `scale` decimals is stored as the same float."""
    return Decimal(math.ulp(number)) < Decimal(1).scaleb(-scale)


def _listed(names: Sequence[str]) -> str:
    """Return the names of sheets, at most a dozen."""
    more = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _sheet_rows(sheet: Sheet, name: str) -> Iterator[tuple[object, ...]]:
    """Yield the cells of each row of a sheet; a row that is absent in it is empty."""
    line = 0
    with workbook_errors(Place(name)):
        rows = sheet.iter_rows(values_only=True)
    while True:
        line += 1
        try:
            cells = next(rows, None)
        except Exception:
            with workbook_errors(Place(name, line)):
                raise
        if cells is None:
            return
        yield cells
