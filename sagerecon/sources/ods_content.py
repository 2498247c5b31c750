"""Reading the content of an ODS workbook that a stranger may have made, row by row (OpenDocument 1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate

from sagerecon.model.limits import (
    CELL,
    ODS_REPEATED,
    WORKBOOK_COLUMNS,
    WORKBOOK_MERGED,
    WORKBOOK_ROWS,
    WORKBOOK_SHEETS,
)
from sagerecon.sources.merged_cells import MergedRange
from sagerecon.sources.sheet_cells import FormattedNumber, FormulaError, UncalculatedFormula, as_shown
from sagerecon.sources.workbook_guard import InvalidWorkbookError, WorkbookLimitError

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_TABLE, _TEXT, _OFFICE = f"{_ODF}:table:1.0}}", f"{_ODF}:text:1.0}}", f"{_ODF}:office:1.0}}"
_SPREADSHEET, _SHEET, _ROW = f"{_OFFICE}spreadsheet", f"{_TABLE}table", f"{_TABLE}table-row"
_CELLS = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_NULL_DATE = f"{_TABLE}null-date"
_PARAGRAPH = f"{_TEXT}p"

#: Where LibreOffice says that a cell holds an error, which the standard has no type for.
_ERROR_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"

#: Elements of a paragraph that stand for characters, and those whose text belongs to it.
_SIGNS = {f"{_TEXT}s": " ", f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_INSIDE = frozenset({f"{_TEXT}span", f"{_TEXT}a"})

_NUMBER = re.compile(r"[-+]?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][-+]?[0-9]{1,3})?|[-+]?\.[0-9]{1,400}")
_DURATION = re.compile(r"PT([0-9]{1,6})H([0-9]{1,2})M([0-9]{1,2})(?:[.,][0-9]+)?S")
_DIGITS = 8  #: of a number of repeated or merged cells

Cells: TypeAlias = "list[object]"


class OdsContent:
    """Parses `content.xml`. Once all was fed, `names`, `merged` and `first_year` tell of its sheets."""

    def __init__(self, wanted: int | None) -> None:
        """Begin.

        Args:
            wanted: the number of the sheet whose rows are read, from 0; None for none.
        """
        self._wanted = wanted
        self.names: list[str] = []
        self.merged: list[list[MergedRange]] = []
        self.first_year = 1900  #: from which days are counted
        self._open: list[str] = []  #: the elements that are open
        self._rows: list[tuple[int, int, Cells]] = []
        self._line = 0  #: rows before the one that is read
        self._row: Cells | None = None
        self._row_repeated = 1
        self._blank = 0  #: blank cells that no value has followed yet
        self._cell: Mapping[str, str] | None = None
        self._cell_depth = 0
        self._skipped = 0  #: the depth of an element of a cell that is no text of it; 0 for none
        self._texts: list[str] = []
        self._size = 0  #: characters of the cell
        self._repeated = 0  #: cells that stand in the file once for several
        self._merged_count = 0
        self._fed = 0
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._declaration

    def feed(self, piece: bytes, *, is_last: bool = False) -> Iterator[tuple[int, int, Cells]]:
        """Yield the rows of the wanted sheet that end in the next bytes, without those that have no value.

        Each comes with its number, from 1, and with how often it is repeated.

        Raises:
            InvalidWorkbookError: the bytes are not the content of a workbook.
            WorkbookLimitError: they pass a limit.
        """
        try:
            self._parser.Parse(piece, is_last)
        except (ExpatError, LookupError) as error:
            raise InvalidWorkbookError(f"content.xml: {error}") from error
        unfinished = self._fed - self._parser.CurrentByteIndex
        self._fed += len(piece)
        if unfinished > CELL.most:
            raise WorkbookLimitError(f"content.xml has a tag of more than {CELL.most:,} bytes", CELL)
        rows, self._rows = self._rows, []
        yield from rows

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if self._cell is not None:
            self._start_in_cell(name, attributes)
        elif name == _SHEET and parent == _SPREADSHEET:
            self._start_sheet(attributes)
        elif name == _NULL_DATE and attributes.get(f"{_TABLE}date-value", "").startswith("1904"):
            self.first_year = 1904
        elif name == _ROW and self._open.count(_SHEET) == 1 and _SPREADSHEET in self._open:
            self._row, self._blank = [], 0
            self._row_repeated = _count(attributes, "number-rows-repeated")
        elif name in _CELLS and parent == _ROW and self._row is not None:
            self._cell, self._cell_depth = attributes, len(self._open)
            self._texts, self._size = [], 0

    def _start_sheet(self, attributes: Mapping[str, str]) -> None:
        if len(self.names) >= WORKBOOK_SHEETS.most:
            raise WorkbookLimitError("the workbook has more sheets", WORKBOOK_SHEETS)
        self.names.append(attributes.get(f"{_TABLE}name", ""))
        self.merged.append([])
        self._line = 0

    def _start_in_cell(self, name: str, attributes: Mapping[str, str]) -> None:
        depth = len(self._open)
        if self._skipped:
            return
        if depth == self._cell_depth + 1 and name == _PARAGRAPH:
            if self._texts:
                self._texts.append("\n")
        elif name in _SIGNS and depth > self._cell_depth + 1:
            self._text(_SIGNS[name] * min(int(attributes.get(f"{_TEXT}c", "1") or 1), CELL.most))
        elif name not in _INSIDE:  # a comment, a note, a drawing
            self._skipped = depth

    def _text(self, text: str) -> None:
        if self._cell is None or self._skipped or len(self._open) <= self._cell_depth:
            return
        self._size += len(text)
        if self._size > CELL.most:
            raise WorkbookLimitError("a cell is longer", CELL)
        self._texts.append(text)

    def _end(self, name: str) -> None:
        depth = len(self._open)
        self._open.pop()
        if self._cell is not None:
            if depth == self._skipped:
                self._skipped = 0
            if depth == self._cell_depth:
                self._end_cell(self._cell)
                self._cell = None
        elif name == _ROW and self._row is not None and self._open.count(_SHEET) == 1:
            self._end_row(self._row)
            self._row = None

    def _end_cell(self, attributes: Mapping[str, str]) -> None:
        if self._row is None:
            return
        self._note_merged(attributes)
        value = _value(attributes, "".join(self._texts))
        repeated = _count(attributes, "number-columns-repeated")
        if value is None:
            self._blank += repeated
            return
        width = len(self._row) + self._blank + repeated
        if width > WORKBOOK_COLUMNS.most:
            raise WorkbookLimitError(f"a row has {width:,} cells", WORKBOOK_COLUMNS)
        self._note_repeated(repeated - 1)
        self._row += [None] * self._blank + [value] * repeated
        self._blank = 0

    def _end_row(self, row: Cells) -> None:
        first = self._line + 1
        self._line += self._row_repeated
        if not row:
            return
        if self._line > WORKBOOK_ROWS.most:
            raise WorkbookLimitError(f"a sheet has {self._line:,} rows", WORKBOOK_ROWS)
        self._note_repeated(len(row) * (self._row_repeated - 1))
        if len(self.names) - 1 == self._wanted:
            self._rows.append((first, self._row_repeated, row))

    def _note_repeated(self, cells: int) -> None:
        self._repeated += cells
        if self._repeated > ODS_REPEATED.most:
            raise WorkbookLimitError("the workbook has more repeated cells", ODS_REPEATED)

    def _note_merged(self, attributes: Mapping[str, str]) -> None:
        columns = _count(attributes, "number-columns-spanned")
        rows = _count(attributes, "number-rows-spanned")
        if columns == rows == 1 or self._row is None:
            return
        self._merged_count += 1
        if self._merged_count > WORKBOOK_MERGED.most:
            raise WorkbookLimitError("a sheet has more merged cells", WORKBOOK_MERGED)
        column = len(self._row) + self._blank + 1
        self.merged[-1].append(
            MergedRange(
                first_row=self._line + 1,
                first_column=column,
                last_row=self._line + rows,
                last_column=column + columns - 1,
            )
        )

    def _declaration(self, *_: object) -> None:
        raise InvalidWorkbookError("content.xml has a document type declaration")


def _count(attributes: Mapping[str, str], name: str) -> int:
    """Return how often a cell or row is repeated, or how far it is merged."""
    text = attributes.get(f"{_TABLE}{name}", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text)):
        raise InvalidWorkbookError(f"content.xml has a {name} that is no count")
    return int(text)


def _value(attributes: Mapping[str, str], text: str) -> object:
    """Return the value of a cell by its type, as the reader of XLSX does; None for a blank one."""
    kind = attributes.get(f"{_OFFICE}value-type")
    formula = attributes.get(f"{_TABLE}formula")
    if attributes.get(_ERROR_TYPE) == "error":
        return FormulaError(text or "an error")
    match kind:
        case "float" | "percentage" | "currency":
            number = _number(attributes.get(f"{_OFFICE}value", ""), text)
            if kind == "percentage" and isinstance(number, float):
                return FormattedNumber(number, "0%")
            return number
        case "date":
            return _date(attributes.get(f"{_OFFICE}date-value", ""))
        case "time":
            return _time(attributes.get(f"{_OFFICE}time-value", ""))
        case "boolean":
            return attributes.get(f"{_OFFICE}boolean-value") == "true"
        case None if formula is not None and not text:
            return UncalculatedFormula(formula.removeprefix("of:").removeprefix("="))
    stated = attributes.get(f"{_OFFICE}string-value")
    if formula is not None and stated == "" and text.startswith(("#", "Err:")):
        return FormulaError(text)
    return (text if stated is None else stated) or None


def _number(stated: str, shown: str) -> object:
    """Return a number; with its format where the cell shows leading zeros, letters, or not all digits."""
    if not _NUMBER.fullmatch(stated):
        raise InvalidWorkbookError(f"a cell holds '{stated[:40]}' as a number")
    number = float(stated)
    digits = shown.removeprefix("-")
    if digits.isdecimal() and digits.isascii() and digits.startswith("0") and len(digits) > 1:
        return FormattedNumber(number, "0" * len(digits)) if int(shown) == number else number
    if any(sign.isalpha() for sign in shown) and not _NUMBER.fullmatch(shown):
        return FormattedNumber(number, shown)
    if (found := _significant(shown)) and found != _significant(f"{as_shown(number):f}"):
        return FormattedNumber(number, shown)
    return number


def _significant(text: str) -> str:
    """Return the digits of a number, without its first and last zeros and without separators."""
    return "".join(filter(str.isdecimal, text)).strip("0")


def _date(stated: str) -> date:
    try:
        return datetime.fromisoformat(stated) if "T" in stated else date.fromisoformat(stated)
    except ValueError as error:
        raise InvalidWorkbookError(f"a cell holds '{stated[:40]}' as a date") from error


def _time(stated: str) -> object:
    found = _DURATION.fullmatch(stated)
    if found is None:
        return stated or None
    hours, minutes, seconds = map(int, found.groups())
    if hours < 24 and minutes < 60 and seconds < 60:
        return time(hours, minutes, seconds)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
