"""Raw rows to typed rows, each cell as its column says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text, plain_digits
from sagerecon.sources.dates import date_converter, datetime_converter
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.numbers import decimal_converter, integer_converter

#: What a boolean may be called where the column does not say.
TRUE_AND_FALSE = {
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
_LOST_LETTER = "\ufffd"


#: A typed row by column name, `_origin` among them.
Row: TypeAlias = "dict[str, Cell]"

#: The column that says where a row stands.
ORIGIN = "_origin"


@dataclass(frozen=True, slots=True)
class Field:
    """How one column is taken from a raw row: `pick` finds the cell, `convert` types it."""

    column: Column
    pick: Callable[[Any], object]
    convert: CellConverter


class RowConverter:
    """Types the rows of one table.

    Every cell of every source passes here, so what can be looked up once is.
    """

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = [(field.column.name, field.pick, field.convert, field.column) for field in fields]

    def row(self, raw: object, origin: str, place_of: Callable[[Column], Place]) -> tuple[Row, list[Finding]]:
        """The typed values of a raw row and the faults in it; `place_of` is asked for faults only."""
        values: Row = {}
        findings: list[Finding] = []
        for name, pick, convert, column in self._fields:
            try:
                values[name] = convert(pick(raw))
            except CellError as fault:
                values[name] = fault.value
                findings.append(fault.finding(place_of(column), name))
        values[ORIGIN] = origin
        return values, findings


def converter(column: Column, file: SourceFile) -> CellConverter:
    """The function that types a cell of this column; a cell of blanks is none."""
    convert = _converter(column, file)
    required = column.required

    def convert_or_blank(cell: object) -> Cell:
        if cell is None or cell == "" or (isinstance(cell, str) and cell.isspace()):
            if required:
                raise CellError(Code.MISSING_VALUE, "a value is required and the cell is empty.")
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
            return _boolean(column.words or TRUE_AND_FALSE)
        case "date":
            return date_converter(column.formats)
        case "datetime":
            return datetime_converter(column.formats)
        case _:
            raise AssertionError(column.type)  # lists are typed by the JSON reader


def _as_text(cell: object) -> Cell:
    if isinstance(cell, str):
        return cell if cell.isascii() else _checked(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal | date):
        raise CellError(Code.NOT_TEXT, f"{display_text(cell)} is not text.")
    return plain_digits(cell) if isinstance(cell, Decimal) else str(cell)


def _checked(text: str) -> str:
    if _SURROGATE.search(text):
        raise CellError(
            Code.HALF_CHARACTER, f"{display_text(text)} holds half a character.", "Export the file again."
        )
    if _LOST_LETTER in text:
        raise CellError(
            Code.LETTERS_LOST,
            f"{display_text(text)} has letters that were lost before this file was written.",
            "Export it again with the right encoding, or correct them by hand.",
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
                f"Words: {', '.join(words)}.",
            )
        return words[word]

    return convert
