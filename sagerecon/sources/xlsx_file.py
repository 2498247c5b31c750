"""Reading sheets of XLSX workbooks into typed rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.cell import Cell, CellConverter, CellError, Merged, display_text
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import require_format, source_error
from sagerecon.sources.flat_table import FlatFormat, RawRow, flat_rows
from sagerecon.sources.merged_cells import MergedRange, with_merged_cells
from sagerecon.sources.notation import Notation
from sagerecon.sources.number_format import shown_number
from sagerecon.sources.rows import ReadItem, converter, notation_of
from sagerecon.sources.sheet_cells import FormattedNumber, FormulaError, NoDate, UncalculatedFormula, as_shown
from sagerecon.sources.workbook import Sheet, open_workbook, workbook_errors

#: Dates are counted from 1900 or 1904. A negative count is read as an earlier day; Excel shows it as #####.
_FIRST_YEAR = 1900

#: Opens a workbook at a place, and yields its sheets.
OpenSheets: TypeAlias = "Callable[[Path, Place], AbstractContextManager[Sequence[Sheet]]]"

#: The first year of the other count of days, which older programs of Apple's computers used.
_LATER_EPOCH = 1904

#: Sheets that are named in a message.
_LISTED = 12


class WorkbookReader:
    """Reads the workbooks of one table."""

    def __init__(self, file: SourceFile, open_sheets: OpenSheets = open_workbook) -> None:
        """Begin a table.

        Args:
            open_sheets: opens the sheets of a workbook of the format.
        """
        self._file = file
        self._open_sheets = open_sheets

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file in its order, and a note for each error or change in them.

        Raises:
            SourceError: the file cannot be read, is not a workbook, or does not have the declared sheet.
        """
        require_format(path, name, self._file.format)
        with self._open_sheets(path, Place(name)) as sheets:
            sheet = self._sheet(sheets, name)
            file = _counting_as(self._file, sheet.first_year)
            yield from flat_rows(self._rows(sheet, name), file, name, _format(sheet))

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the header row has already shown which columns are missing."""
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
        """Yield the rows with their numbers."""
        with workbook_errors(Place(name)):
            ranges = sheet.merged_ranges()
        rows: Iterator[RawRow] = enumerate(_sheet_rows(sheet, name), start=1)
        if ranges:
            rows = _with_merged_cells(rows, ranges, name, is_filled=self._file.merged == "fill")
        for line, cells in rows:
            if line > self._file.skip:
                yield line, cells


def _format(sheet: Sheet) -> FlatFormat:
    return FlatFormat(
        workbook_converter,
        f"the sheet '{sheet.title}'",
        are_short_rows_padded=True,
        are_notes_passed_over=True,
        are_rows_chosen=True,
    )


def _counting_as(file: SourceFile, year: int) -> SourceFile:
    """Return the file with days counted as its workbook counts them, wherever numbers are dates."""
    system = 1904 if year == _LATER_EPOCH else 1900

    def counted(notation: Notation) -> Notation:
        return replace(notation, excel_serial=system) if notation.excel_serial else notation

    columns = tuple(
        replace(column, notation=counted(column.notation)) if column.notation is not None else column
        for column in file.columns
    )
    return replace(file, notation=counted(file.notation), columns=columns)


def workbook_converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a cell of a workbook by its column.

    Raises:
        CellError: by the returned function, if the cell does not match the column, holds the error of a
            formula or a formula without a value, a date that never was, or a number too large for its
            decimals.
    """
    convert = converter(column, file)
    scale = column.scale if column.type == "decimal" else None
    is_text = column.type == "text"
    is_percent_kept = notation_of(column, file).percent == "number"

    def convert_exact(cell: object) -> Cell:
        number = cell.number if isinstance(cell, FormattedNumber) else cell
        if isinstance(number, float) and not _is_exact(number, scale or 0):
            message = f"{number!r} is too large for a workbook to store with {scale or 0} exact decimals."
            raise CellError(Code.UNCERTAIN_NUMBER, message, "Store such numbers as text, or export CSV.")
        if isinstance(cell, FormattedNumber):
            if is_text:
                return convert(_shown(cell))
            if is_percent_kept and scale is not None and cell.is_percentage:
                return convert(_exact(float(cell.number), scale + 2).scaleb(2))
            cell = number
        if isinstance(cell, float):
            return convert(as_shown(cell) if is_text else _exact(cell, scale))
        if isinstance(cell, FormulaError | UncalculatedFormula | NoDate | Merged):
            raise _no_value(cell)
        if isinstance(cell, date | time | timedelta):
            if is_text:
                raise CellError(
                    Code.DATE_IN_TEXT,
                    f"{display_text(cell)} is a date or a time: the workbook may have taken a code for one.",
                    "Correct the cell and format it as text, or set type: date.",
                )
            if isinstance(cell, date) and cell.year < _FIRST_YEAR:
                message = f"a date of the year {cell.year}: a workbook has none before {_FIRST_YEAR}."
                raise CellError(Code.NOT_DATE, message, "Correct the date, or store it as text.")
        return convert(str(cell) if isinstance(cell, time | timedelta) else cell)

    return convert_exact


def _no_value(cell: FormulaError | UncalculatedFormula | NoDate | Merged) -> CellError:
    match cell:
        case FormulaError():
            message = f"the cell holds the formula error {cell}."
            return CellError(Code.FORMULA_FAILED, message, "Correct the formula.")
        case UncalculatedFormula():
            message = (
                f"the cell holds the formula {display_text(cell)} and no value: it was never calculated."
            )
            hint = "Open the workbook in a spreadsheet program and save it."
            return CellError(Code.FORMULA_NOT_CALCULATED, message, hint)
        case NoDate():
            message = f"the cell has the format of a date, and its number {display_text(cell)} is none."
            return CellError(Code.NOT_DATE, message, "Correct the cell, or store the date as text.")
        case Merged():
            message = f"the cell is merged with {cell.first}, which alone has a value."
            hint = "Set merged: fill, or fill_down: true of the column, if each cell has this value."
            return CellError(Code.MERGED_CELL, message, hint)


def _shown(cell: FormattedNumber) -> str:
    """Return the number as the sheet shows it.

    Raises:
        CellError: its number format is not read.
    """
    text = shown_number(as_shown(cell.number), cell.number_format)
    if text is None:
        raise CellError(
            Code.NUMBER_FORMAT,
            f"{display_text(as_shown(cell.number))} is shown by the number format "
            f"{display_text(cell.number_format)}, which is not read.",
            "Set type: decimal or integer, or format the cell as text.",
        )
    return text


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
        rounded = as_shown(cell)
        if rounded == rounded.quantize(Decimal(1).scaleb(-scale)):
            return rounded
    return number


def _is_exact(number: float, scale: int) -> bool:
    """Return whether no other amount with `scale` decimals is stored as the same float."""
    return Decimal(math.ulp(number)) < Decimal(1).scaleb(-scale)


def _with_merged_cells(
    rows: Iterable[RawRow], ranges: Sequence[MergedRange], name: str, *, is_filled: bool
) -> Iterator[RawRow]:
    marked = with_merged_cells(rows, ranges, is_filled=is_filled)
    while True:
        with workbook_errors(Place(name)):
            row = next(marked, None)
        if row is None:
            return
        yield row


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
