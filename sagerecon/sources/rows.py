"""Converting raw rows to typed rows, cell by cell, as the columns declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import CELL
from sagerecon.model.place import Place
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text, plain_digits
from sagerecon.sources.dates import date_converter, datetime_converter
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.numbers import decimal_converter, integer_converter

#: The values of a boolean column that declares none of its own.
DEFAULT_BOOLEANS = {
    "true": True,
    "yes": True,
    "y": True,
    "t": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "f": False,
    "0": False,
}

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT_CHARACTER = "\ufffd"


#: A typed row by column name, `_origin` among them.
Row: TypeAlias = "dict[str, Cell]"

#: The column with the address of a row, such as `customers.csv:17`.
ORIGIN = "_origin"


@dataclass(frozen=True, slots=True)
class Field:
    """How one column is read from a raw row: `pick` finds the cell, `convert` converts it."""

    column: Column
    pick: Callable[[Any], object]
    convert: CellConverter


class RowConverter:
    """Converts the rows of one table.

    Every cell of every source passes through this class, so lookups are done once, in the constructor.
    """

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = [(field.column.name, field.pick, field.convert, field.column) for field in fields]

    def row(self, raw: object, origin: str, place_of: Callable[[Column], Place]) -> tuple[Row, list[Finding]]:
        """Return the typed values of a raw row, and a finding for each cell that does not match its column.

        Args:
            origin: the address of the row, kept in the column `_origin`.
            place_of: returns the place of a column's cell; called for findings only.
        """
        values: Row = {}
        findings: list[Finding] = []
        for name, pick, convert, column in self._fields:
            try:
                values[name] = convert(pick(raw))
            except CellError as error:
                values[name] = error.value
                findings.append(error.finding(place_of(column), name))
        values[ORIGIN] = origin
        return values, findings


def converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a cell of this column; it converts a blank cell to None.

    Raises:
        CellError: by the returned function, if the cell does not match the column.
    """
    convert = _converter(column, file)
    required = column.required

    def convert_or_blank(cell: object) -> Cell:
        if cell is None or cell == "" or (isinstance(cell, str) and cell.isspace()):
            if required:
                raise CellError(Code.MISSING_VALUE, "the cell is empty; a value is required.")
            return None
        return convert(cell)

    return convert_or_blank


def _converter(column: Column, file: SourceFile) -> CellConverter:
    match column.type:
        case "text":
            return _as_text
        case "integer":
            return integer_converter(file)
        case "decimal":
            return decimal_converter(column.scale, file)
        case "boolean":
            return _boolean(column.words or DEFAULT_BOOLEANS)
        case "date":
            return date_converter(column.formats)
        case "datetime":
            return datetime_converter(column.formats)
        case _:
            raise AssertionError(column.type)  # lists are converted by the JSON reader


def _as_text(cell: object) -> Cell:
    if isinstance(cell, str):
        if len(cell) > CELL.most:
            raise CellError(Code.TOO_LONG, f"{display_text(cell)} is too long; {CELL.sentence}.")
        return cell if cell.isascii() else _check_characters(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal | date):
        raise CellError(Code.NOT_TEXT, f"{display_text(cell)} is not text.")
    return plain_digits(cell) if isinstance(cell, Decimal) else str(cell)


def _check_characters(text: str) -> str:
    if _SURROGATE.search(text):
        raise CellError(
            Code.HALF_CHARACTER,
            f"{display_text(text)} contains an unpaired surrogate.",
            "Export the file again.",
        )
    if _REPLACEMENT_CHARACTER in text:
        raise CellError(
            Code.LETTERS_LOST,
            f"{display_text(text)} contains U+FFFD: letters were lost before the file was written.",
            "Export the file again with the right encoding, or correct the text by hand.",
            Severity.WARNING,
            text,
        )
    return text


def _boolean(words: Mapping[str, bool]) -> CellConverter:
    def convert(cell: object) -> Cell:
        if isinstance(cell, bool):
            return cell
        word = str(cell).strip().casefold() if isinstance(cell, str | int) else ""
        if word not in words:
            raise CellError(
                Code.NOT_BOOLEAN,
                f"{display_text(cell)} is neither true nor false.",
                f"Values: {', '.join(words)}.",
            )
        return words[word]

    return convert
