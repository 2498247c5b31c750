"""Sheets of XLSX workbooks to typed rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from sagerecon.model.code import Code
from sagerecon.model.document import suggestion
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.flat_table import FlatTable
from sagerecon.sources.rows import Row

Sheet: TypeAlias = Any  # openpyxl's read-only sheet has no public type

#: What Excel writes into a cell whose formula failed.
_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})

#: Excel itself keeps and shows no more significant digits than this.
_EXCEL_DIGITS = 15


class XlsxReader:
    """Reads the files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._scales = {column.path[0]: column.scale for column in file.columns if column.type == "decimal"}

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """The rows of one file in its order, and what is wrong with them.

        Raises:
            SourceError: the file cannot be read, is no workbook, or has no such sheet.
        """
        require_format(path, name, "xlsx")
        with _workbook(path, name) as workbook:
            yield from self._rows(self._sheet(workbook, name), name)

    def finish(self) -> Iterator[Finding]:
        """Nothing: a heading says at once what is not there."""
        return iter(())

    def _sheet(self, workbook: Any, name: str) -> Sheet:
        names = [sheet.title for sheet in workbook.worksheets]
        wanted = self._file.sheet or (names[0] if len(names) == 1 else "")
        if not wanted:
            message = f"the workbook has {len(names)} sheets: {', '.join(names)}."
            raise source_error(Finding(Code.WHICH_SHEET, Place(name), message, "Say which one: sheet: …."))
        if wanted not in names:
            message = f"there is no sheet '{wanted}'; the workbook has {', '.join(names)}."
            raise source_error(Finding(Code.NO_SHEET, Place(name), message, suggestion(wanted, names)))
        return workbook[wanted]

    def _rows(self, sheet: Sheet, name: str) -> Iterator[Row | Finding]:
        sheet.reset_dimensions()  # some writers state a size that cuts rows off
        table: FlatTable | None = None
        scales: list[int | None] = []
        count = 0
        for line, cells in enumerate(_sheet_rows(sheet, name), start=1):
            if line <= self._file.skip or all(cell is None for cell in cells):
                continue
            if table is None:
                heading = _headings(cells)
                table = FlatTable(self._file, heading, Place(name, line))
                scales = [self._scales.get(title.strip()) for title in heading]
                yield from table.faults()
                continue
            count += 1
            place = Place(name, line)
            if any(cell is not None for cell in cells[len(scales) :]):
                message = f"the row is wider than the heading ({len(scales)})."
                yield Finding(Code.RAGGED_ROW, place, message)
                continue
            padded = (*cells, *[None] * (len(scales) - len(cells)))
            yield from _faults(padded, scales, place)
            exact = [_exact(cell, scale) for cell, scale in zip(padded, scales, strict=False)]
            row, findings = table.row(exact, line)
            yield from findings
            yield row
        if table is None:
            raise source_error(Finding(Code.EMPTY_FILE, Place(name), f"the sheet '{sheet.title}' is empty."))
        if not count:
            yield empty_source_finding(Place(name), self._file, "the sheet has a heading and no row.")


def _exact(cell: object, scale: int | None) -> object:
    """The cell with a float made exact: the one place where a float comes into the program.

    A workbook keeps numbers as binary floats. `repr` gives the shortest digits that mean this very
    float, so 1.15 and 27136760851.95 stay what they are. A formula may leave binary noise (0.1 + 0.2 gives
    0.30000000000000004): where that is finer than the column, Excel's own 15 digits are taken.
    """
    if isinstance(cell, float):
        number = Decimal(repr(cell))
        exponent = number.as_tuple().exponent
        if scale is not None and isinstance(exponent, int) and -exponent > scale:
            shown = Decimal(f"{cell:.{_EXCEL_DIGITS}g}")
            if shown == shown.quantize(Decimal(1).scaleb(-scale)):
                return shown
        return number
    if isinstance(cell, time | timedelta):
        return str(cell)
    return cell


def _faults(cells: Sequence[object], scales: Sequence[int | None], place: Place) -> Iterator[Finding]:
    """Cells that hold no value to trust: a failed formula, a number too large for its decimals."""
    for number, (cell, scale) in enumerate(zip(cells, scales, strict=False), start=1):
        at = Place(place.file, place.line, number)
        if isinstance(cell, str) and cell in _ERRORS:
            yield Finding(Code.FORMULA_FAILED, at, f"the cell shows {cell}.", "Correct the formula.")
        elif isinstance(cell, float) and scale is not None and not _is_certain(cell, scale):
            yield Finding(
                Code.UNCERTAIN_NUMBER,
                at,
                f"a workbook cannot hold {cell!r} to {scale} decimals: the next amount is the same number.",
                "Keep such amounts as text, or export CSV.",
            )


def _is_certain(number: float, scale: int) -> bool:
    """Whether the float means one amount of so many decimals and no other."""
    return Decimal(math.ulp(number)) < Decimal(1).scaleb(-scale)


def _headings(cells: Sequence[object]) -> list[str]:
    titles = ["" if cell is None else str(cell) for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    return titles


@contextmanager
def _workbook(path: Path, name: str) -> Iterator[Any]:
    with _translated(name):
        workbook = load_workbook(path, read_only=True, data_only=True)
    try:
        yield workbook
    finally:
        workbook.close()


def _sheet_rows(sheet: Sheet, name: str) -> Iterator[tuple[object, ...]]:
    rows = sheet.iter_rows(values_only=True)
    while True:
        with _translated(name):
            cells = next(rows, None)
        if cells is None:
            return
        yield cells


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """What openpyxl, zipfile and the XML parser raise on a damaged workbook, as one error of ours."""
    try:
        with file_errors(Place(name)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles, which are not read here
            yield
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, EOFError, ParseError) as error:
        words = str(error).strip("'\"") or type(error).__name__
        raise source_error(
            Finding(
                Code.NOT_A_WORKBOOK, Place(name), f"not a whole XLSX workbook: {words}.", "Save it again."
            )
        ) from error
