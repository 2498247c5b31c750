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
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import empty_source_finding, require_format, source_error
from sagerecon.sources.flat_table import FlatTable
from sagerecon.sources.rows import Row
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
        self._scales = {column.path[0]: column.scale for column in file.columns if column.type == "decimal"}

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, is not a workbook, or does not have the declared sheet.
        """
        require_format(path, name, "xlsx")
        with open_workbook(path, Place(name)) as sheets:
            yield from self._rows(self._sheet(sheets, name), name)

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

    def _rows(self, sheet: Sheet, name: str) -> Iterator[Row | Finding]:
        sheet.reset_dimensions()  # some programs write a size that is too small
        table: FlatTable | None = None
        scales: list[int | None] = []
        count = 0
        for line, cells in enumerate(_sheet_rows(sheet, name), start=1):
            if line <= self._file.skip or cells.count(None) == len(cells):
                continue
            if table is None:
                header = _header(cells)
                table = FlatTable(self._file, header, Place(name, line))
                scales = [self._scales.get(title.strip()) for title in header]
                yield from table.header_findings()
                continue
            count += 1
            place = Place(name, line)
            beyond = cells[len(scales) :]
            if beyond.count(None) < len(beyond):
                message = f"the row has more cells than the header row ({len(scales)})."
                yield Finding(Code.RAGGED_ROW, place, message)
                continue
            filled = [at for at, cell in enumerate(cells) if cell is not None]  # of few in a wide row
            yield from _value_findings(cells, filled, scales, place)
            exact: list[object] = [None] * len(scales)
            for at in filled:
                exact[at] = _exact(cells[at], scales[at])
            row, findings = table.row(exact, line)
            yield from findings
            yield row
        if table is None:
            raise source_error(Finding(Code.EMPTY_FILE, Place(name), f"the sheet '{sheet.title}' is empty."))
        if not count:
            yield empty_source_finding(
                Place(name), self._file, "the sheet has a header row but no data rows."
            )


def _exact(cell: object, scale: int | None) -> object:
    """Return the cell with a float converted to an exact Decimal, and a time to text.

    A workbook stores numbers as binary floats. `repr` gives the shortest digits for a float, so 1.15 and
    27136760851.95 keep their digits. A formula may add a binary error (0.1 + 0.2 gives
    0.30000000000000004); if the number has more decimals than `scale`, it is rounded to 15 significant
    digits as in Excel, provided that it then fits the scale.
    """
    if isinstance(cell, float):
        number = Decimal(repr(cell))
        exponent = number.as_tuple().exponent
        if scale is not None and isinstance(exponent, int) and -exponent > scale:
            rounded = Decimal(f"{cell:.{_EXCEL_DIGITS}g}")
            if rounded == rounded.quantize(Decimal(1).scaleb(-scale)):
                return rounded
        return number
    if isinstance(cell, time | timedelta):
        return str(cell)
    return cell


def _value_findings(
    cells: Sequence[object], filled: Sequence[int], scales: Sequence[int | None], place: Place
) -> Iterator[Finding]:
    """Yield a finding for each failed formula, date before 1900, and number too large for its decimals."""
    for number in filled:
        cell, scale, at = cells[number], scales[number], Place(place.file, place.line, number + 1)
        if isinstance(cell, str) and cell in _ERRORS:
            yield Finding(
                Code.FORMULA_FAILED, at, f"the cell holds the formula error {cell}.", "Correct the formula."
            )
        elif isinstance(cell, date) and cell.year < _FIRST_YEAR:
            message = (
                f"the cell holds a date of the year {cell.year}; a workbook has none before {_FIRST_YEAR}."
            )
            yield Finding(Code.NOT_DATE, at, message, "Correct the date, or store it as text.")
        elif isinstance(cell, float) and scale is not None and not _is_exact(cell, scale):
            yield Finding(
                Code.UNCERTAIN_NUMBER,
                at,
                f"{cell!r} is too large for a workbook to store with {scale} exact decimals.",
                "Store such amounts as text, or export CSV.",
            )


def _is_exact(number: float, scale: int) -> bool:
    """Return whether no other amount with `scale` decimals is stored as the same float."""
    return Decimal(math.ulp(number)) < Decimal(1).scaleb(-scale)


def _header(cells: Sequence[object]) -> list[str]:
    titles = ["" if cell is None else str(cell) for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    return titles


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
