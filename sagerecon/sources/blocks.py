"""Converting many rows at once, column by column, where every cell is as files usually write it.

A table of a million rows has few kinds of cells. What is usual is recognised by one look at all cells of a
column, or has been converted before; of the rest nothing is said here: such rows are converted one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sagerecon.sources.cell import Cell, CellConverter, CellNote
from sagerecon.sources.definitions import MAX_INTEGER_DIGITS, Column
from sagerecon.sources.notation import Notation

#: Rows that are converted at once.
BLOCK_ROWS = 2_000

#: Different cells of a column whose values are kept.
_KEPT = 20_000

#: Converts the cells of a column to what a line of the snapshot holds; None if one of them is not usual.
BlockConverter: TypeAlias = Callable[[Sequence[str]], "Sequence[str] | None"]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one file: for each column of the table the texts of its cells, and the lines of the rows."""

    file: str
    columns: Sequence[Sequence[str]]
    lines: Sequence[int]


def block_converter(column: Column, notation: Notation, convert: CellConverter) -> BlockConverter:
    """Return the function that converts the cells of a column at once.

    Args:
        convert: converts one cell; it says what is wrong with one.
    """
    known = _Known(convert)
    is_usual = _usual(column, notation)
    if is_usual is None:
        return known.texts

    def texts(cells: Sequence[str]) -> Sequence[str] | None:
        return cells if is_usual(cells) else known.texts(cells)

    return texts


def loadable(value: Cell) -> str:
    """Return a value as DuckDB reads it from a line of cells; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _usual(column: Column, notation: Notation) -> Callable[[Sequence[str]], bool] | None:
    """Return a function that tells whether all cells are values as they stand; None if it takes more."""
    if notation.null_words:
        return None
    blank = "" if column.required else "?"
    if column.type == "text":
        return _is_plain_text if not column.required else lambda cells: all(cells) and _is_plain_text(cells)
    if column.type == "integer":
        return _all_match(rf"(?:-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}){blank}")
    if column.type == "decimal" and notation.decimal == "." and column.scale and column.round is None:
        return _all_match(rf"(?:-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}(?:\.[0-9]{{1,{column.scale}}})?){blank}")
    return None


def _is_plain_text(cells: Sequence[str]) -> bool:
    joined = "".join(cells)
    is_plain = joined.isascii() and joined.isprintable() and '"' not in joined
    return is_plain and not any(map(str.isspace, cells))


def _all_match(pattern: str) -> Callable[[Sequence[str]], bool]:
    matches = re.compile(rf"(?:{pattern}\n)*").fullmatch
    return lambda cells: matches("\n".join(cells) + "\n") is not None


class _Known:
    """The values of cells that were converted before."""

    def __init__(self, convert: CellConverter) -> None:
        self._convert = convert
        self._values: dict[str, str] = {}

    def texts(self, cells: Sequence[str]) -> Sequence[str] | None:
        """Return the values of cells as `loadable` writes them; None if something is to be said of one."""
        values = self._values
        if len(values) > _KEPT:
            values.clear()
        try:
            for cell in set(cells) - values.keys():
                values[cell] = loadable(self._convert(cell))
        except CellNote:
            return None
        return [values[cell] for cell in cells]


_NEEDS_QUOTES = re.compile('["\n\r\x1f]')


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
