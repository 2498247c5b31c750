"""Check the XML of a workbook while it is read, before openpyxl builds anything of it.

A few kilobytes can stand for a cell of two gigabytes or for a hundred million rows. The parser of this module
builds nothing: it counts rows, cells, characters, and what openpyxl will keep, and stops what passes a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers.expat import ParserCreate

from openpyxl.utils.cell import column_index_from_string
from openpyxl.xml.constants import SHEET_MAIN_NS

from sagerecon.model.limits import (
    CELL,
    WORKBOOK_CELLS,
    WORKBOOK_COLUMNS,
    WORKBOOK_MEMORY,
    WORKBOOK_ROWS,
    Limit,
)

#: A row, and a text of the table of shared texts: what openpyxl reads at a time, and then lets go.
_ROW, _SHARED = f"{SHEET_MAIN_NS}}}row", f"{SHEET_MAIN_NS}}}si"

#: The elements that openpyxl keeps as nodes alone, and not as objects of its own.
_PLAIN = frozenset(f"{SHEET_MAIN_NS}}}{name}" for name in ("row", "c", "v", "f", "is", "si", "t"))

#: Bytes of memory, measured with openpyxl 3.1: a node; an object made of one; what is left of a row or a
#: shared text once it was read; the attributes of a row, which are kept.
_NODE, _OBJECT, _REST, _ATTRIBUTES = 200, 1_500, 150, 300

#: Characters of a number format; Excel takes 255.
_NUMBER_FORMAT = 1_000

#: Of the row, at the end of a cell's address.
_DIGITS = "0123456789"

#: Attributes of a row that openpyxl does not keep.
_ADDRESS = frozenset({"r", "spans"})


class RefusedWorkbookError(Exception):
    """A workbook cannot be read; the text says why, without a full stop."""


class InvalidWorkbookError(RefusedWorkbookError):
    """A workbook is not one."""


class WorkbookLimitError(RefusedWorkbookError):
    """A workbook passes a limit."""

    def __init__(self, what: str, limit: Limit) -> None:
        super().__init__(f"{what}; {limit.sentence}")


class MemoryEstimate:
    """The memory that openpyxl will need for what has been read of a workbook."""

    def __init__(self) -> None:
        self.bytes = 0

    def add(self, size: int) -> None:
        """Add bytes.

        Raises:
            WorkbookLimitError: the workbook needs more than it may.
        """
        self.bytes += size
        if self.bytes > WORKBOOK_MEMORY.most:
            raise WorkbookLimitError("the workbook is too large to be held in memory", WORKBOOK_MEMORY)


class PartGuard:
    """Checks one part of a workbook, piece by piece."""

    def __init__(self, part: str, memory: MemoryEstimate) -> None:
        self._part = part
        self._memory = memory
        self._at_first = memory.bytes
        self._unit = ""  #: the row or shared text that is being read
        self._depth = 0  #: in a cell of the row, or in the shared text; all texts of either are one
        self._before = 0  #: the estimate at its start
        self._kept = 0  #: what stays of it at its end
        self._row = 0
        self._column = 0
        self._cells = 0
        self._text = 0  #: characters since the last tag, or of the cell or the shared text
        self._fed = 0
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._declaration

    def feed(self, piece: bytes) -> None:
        """Check the next bytes.

        Raises:
            WorkbookLimitError: they pass a limit.
            InvalidWorkbookError: they are not XML, or cannot belong to a workbook.
        """
        try:
            self._parser.Parse(piece, False)
        except RefusedWorkbookError:
            raise
        except Exception as error:  # of the parser, which raises LookupError for an encoding, and others
            raise InvalidWorkbookError(f"{self._part}: {error}") from error
        unfinished = self._fed - self._parser.CurrentByteIndex  # a tag or a comment without an end
        self._fed += len(piece)
        if unfinished > CELL.most:
            raise WorkbookLimitError(f"{self._part} has a tag of more than {CELL.most:,} bytes", CELL)

    def close(self) -> None:
        """Take back the estimate for a part with rows: once it was read, nothing is kept of it."""
        if self._row:
            self._memory.bytes = self._at_first

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in (_ROW, _SHARED):
            self._start_unit(name, attributes)
        elif self._unit:
            self._depth += 1
            if self._depth == 1 and self._unit == _ROW:  # whatever its name: openpyxl takes it for a cell
                self._start_cell(attributes.get("r"))
        if not self._depth:
            self._text = 0
        size = _NODE if name in _PLAIN else _OBJECT
        if attributes:
            if len(attributes.get("formatCode", "")) > _NUMBER_FORMAT:
                raise InvalidWorkbookError(
                    f"{self._part} has a number format of over {_NUMBER_FORMAT} characters"
                )
            size += sum(map(len, attributes.values()))
        self._memory.add(size)

    def _start_unit(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._unit:
            raise InvalidWorkbookError(f"{self._part} has a row or a text inside another")
        self._unit, self._depth, self._text = name, int(name == _SHARED), 0
        self._before, self._kept = self._memory.bytes, _REST
        if name == _ROW:
            self._start_row(attributes)

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        if attributes.keys() - _ADDRESS:
            self._kept += _ATTRIBUTES + sum(map(len, attributes.values()))
        number = float(attributes["r"]) if "r" in attributes else self._row + 1.0
        if number > WORKBOOK_ROWS.most:
            raise WorkbookLimitError(f"{self._part} has a row {number:,.0f}", WORKBOOK_ROWS)
        if not (self._row < number and number.is_integer()):
            raise InvalidWorkbookError(
                f"{self._part} has a row {attributes['r'][:20]} after row {self._row}; rows would be lost"
            )
        self._row, self._column = int(number), 0

    def _start_cell(self, address: str | None) -> None:
        self._text = 0
        column = column_index_from_string(address.rstrip(_DIGITS)) if address else self._column + 1
        if column > WORKBOOK_COLUMNS.most:
            raise WorkbookLimitError(f"{self._part} has a column {column:,}", WORKBOOK_COLUMNS)
        if column <= self._column:
            raise InvalidWorkbookError(
                f"{self._part} has the cell {str(address)[:20]} after one to its right; cells would be lost"
            )
        self._column = column

    def _end(self, name: str) -> None:
        if name == _ROW:
            self._cells += self._column
            if self._cells > WORKBOOK_CELLS.most:
                raise WorkbookLimitError(f"{self._part} has {self._cells:,} cells", WORKBOOK_CELLS)
        if name in (_ROW, _SHARED):
            self._unit, self._depth = "", 0
            self._memory.bytes = self._before
            self._memory.add(self._kept)
        elif self._unit:
            self._depth -= 1
        if not self._depth:
            self._text = 0

    def _characters(self, text: str) -> None:
        self._text += len(text)
        if self._text > CELL.most:
            place = f" in row {self._row}" if self._row else ""
            raise WorkbookLimitError(
                f"{self._part} has a text of more than {CELL.most:,} characters{place}", CELL
            )
        size = len(text) if text.isascii() else 4 * len(text)
        self._memory.add(size)
        if self._unit == _SHARED:
            self._kept += size

    def _declaration(self, *_: object) -> None:
        raise InvalidWorkbookError(f"{self._part} has a document type declaration")
