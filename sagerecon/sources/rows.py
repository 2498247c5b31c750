"""Converting raw rows to typed rows, cell by cell, as the columns declare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.visible import visible
from sagerecon.sources.blocks import Block
from sagerecon.sources.cell import (
    Cell,
    CellChange,
    CellChanged,
    CellConverter,
    CellError,
    CellNote,
    Filled,
    cell_word,
    display_text,
)
from sagerecon.sources.dates import date_converter, datetime_converter, format_namer
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.formats import ENCODED
from sagerecon.sources.notation import Notation, null_words_hint
from sagerecon.sources.numbers import decimal_converter, integer_converter
from sagerecon.sources.texts import seen, text_converter, without_controls

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

#: A typed row by column name, `_origin` among them.
Row: TypeAlias = "dict[str, Cell]"

#: What is said of a row: a finding, or a value that was changed on reading.
Note: TypeAlias = "Finding | CellChange"

#: What is read of a file: a row, rows converted at once, or what is said of one.
ReadItem: TypeAlias = "Row | Block | Note"

#: The column with the number of a row in its table, from 1, in the order of the files and of their rows.
ROW = "_row"

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

    def __init__(self, fields: Iterable[Field], file: SourceFile) -> None:
        fields = tuple(fields)
        self._fields = [(field.column.name, field.pick, field.convert, field.column) for field in fields]
        self._counted = [
            (field.pick, name_format, Counter[str](), field.column)
            for field in fields
            if (name_format := format_namer(field.column, notation_of(field.column, file))) is not None
        ]

    @property
    def counts_formats(self) -> bool:
        """Whether it is counted by which format each cell of a column is read."""
        return bool(self._counted)

    def row(self, raw: object, origin: str, place_of: Callable[[Column], Place]) -> tuple[Row, list[Note]]:
        """Return the typed values of a raw row, and a note for each cell that is not as its column declares.

        Args:
            origin: the address of the row, kept in the column `_origin`.
            place_of: returns the place of a column's cell; called for findings only.
        """
        values: Row = {}
        notes: list[Note] = []
        for name, pick, convert, column in self._fields:
            try:
                values[name] = convert(pick(raw))
            except CellNote as note:
                values[name] = note.value
                if isinstance(note, CellError):
                    notes.extend(note.findings(place_of(column), name))
                for change in note.changes:
                    where = f"{name}.{change.column}" if change.column else name
                    notes.append(replace(change, origin=origin, column=where))
        values[ORIGIN] = origin
        for pick, name_format, counts, _ in self._counted:
            counts[name_format(pick(raw))] += 1
        return values, notes

    def format_counts(self, place: Place) -> Iterator[Finding]:
        """Yield for each column with several formats how many of its cells each has read."""
        for _, _, counts, column in self._counted:
            found = [f"{counted(number, 'cell')} by {name}" for name, number in counts.most_common() if name]
            if found:
                message = f"{column.name}: {', '.join(found)}."
                yield Finding(Code.FORMATS_COUNTED, place, message, severity=Severity.INFO)


def notation_of(column: Column, file: SourceFile) -> Notation:
    """Return how the cells of a column are written."""
    return column.notation or file.notation


def converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a cell of this column; it converts a blank cell to None.

    Raises:
        CellError: by the returned function, if the cell does not match the column.
    """
    notation = notation_of(column, file)
    is_encoded = file.format in ENCODED
    if column.type == "text":
        convert = text_converter(notation, is_encoded=is_encoded)
    else:
        convert = without_controls(_converter(column, notation), notation, is_encoded=is_encoded)
    null_words = frozenset(notation.null_words)

    def convert_or_blank(cell: object) -> Cell:
        if cell is None or cell == "" or (isinstance(cell, str) and cell.isspace()):
            return None
        return convert(cell)

    def convert_or_null(cell: object) -> Cell:
        if isinstance(cell, str | int | Decimal | date) and cell_word(cell) in null_words:
            return None
        if notation.controls and isinstance(cell, str) and seen(cell).strip() in null_words:
            raise CellChanged.by("controls: remove", visible(cell), None)
        return convert_or_blank(cell)

    chosen = convert_or_null if null_words else convert_or_blank
    return _required(chosen) if column.required else chosen


def _required(convert: CellConverter) -> CellConverter:
    def convert_required(cell: object) -> Cell:
        try:
            value = convert(cell)
        except CellChanged as changed:
            if changed.value is not None:
                raise
            value = None
        if value is None:
            raise CellError(Code.MISSING_VALUE, "the cell is empty; a value is required.")
        return value

    return convert_required


def filling_converter(convert: CellConverter) -> CellConverter:
    """Return `convert` for cells among which some are filled from others."""

    def convert_filled(cell: object) -> Cell:
        if not isinstance(cell, Filled):
            return convert(cell)
        try:
            value = convert(cell.value)
        except CellChanged as changed:  # listed for the cell from which it is filled
            value = changed.value
        if value is None:
            return None
        raise CellChanged.by(cell.rule, None, value)

    return convert_filled


def _converter(column: Column, notation: Notation) -> CellConverter:
    match column.type:
        case "integer":
            return integer_converter(notation)
        case "decimal":
            return decimal_converter(column.scale, column.round, notation)
        case "boolean":
            return _boolean(column.words or DEFAULT_BOOLEANS, notation)
        case "date":
            return date_converter(column, notation)
        case "datetime":
            return datetime_converter(column, notation)
        case _:
            raise AssertionError(column.type)  # lists are converted by the JSON reader


def _boolean(words: Mapping[str, bool], notation: Notation) -> CellConverter:
    def convert(cell: object) -> Cell:
        if isinstance(cell, bool):
            return cell
        word = str(cell).strip().casefold() if isinstance(cell, str | int | Decimal) else ""
        if word not in words and isinstance(cell, Decimal) and cell in (0, 1):
            word = str(int(cell))  # some programs write every number with decimals
        if word not in words:
            hint = f"Values: {', '.join(words)}. To read others, set words: {{Ja: true, Nein: false}}."
            if isinstance(cell, str) and cell.isprintable() and not any(map(str.isnumeric, cell)):
                hint += f" {null_words_hint(cell.strip(), notation)}"
            raise CellError(Code.NOT_BOOLEAN, f"{display_text(cell)} is neither true nor false.", hint)
        return words[word]

    return convert
