"""Typed cells, and what is said of a cell that does not have its declared type or was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place

#: A cell as written to newline-delimited JSON. Decimals and dates are text, so that no value becomes a float.
Cell: TypeAlias = "str | int | bool | list[dict[str, Cell]] | None"
CellConverter: TypeAlias = Callable[[object], Cell]


@dataclass(frozen=True, slots=True)
class Filled:
    """A blank cell, and the value that a declared rule gives it from another cell."""

    value: object
    rule: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """A value that a declared rule changed on reading."""

    origin: str  #: the address of the row
    column: str
    before: str
    after: str
    rule: str  #: the declaration, such as `round: 2`


@dataclass(frozen=True, slots=True)
class Merged:
    """A blank cell that is merged with another one."""

    first: str  #: the address of the cell that has the value, such as A2


class CellNote(Exception):
    """What is said of a cell; `value` is kept."""

    def __init__(self, value: Cell, changes: tuple[CellChange, ...] = ()) -> None:
        super().__init__()
        self.value = value
        self.changes = changes  #: without origin and column; the column of a list's item is one of the list


class CellChanged(CellNote):
    """A declared rule changed the cell."""

    @classmethod
    def by(cls, rule: str, before: object, after: Cell) -> CellChanged:
        """Return the note of one change."""
        shown = "" if before is None else _plain(before)
        changed = "" if after is None else str(after)
        return cls(after, (CellChange(origin="", column="", before=shown, after=changed, rule=rule),))


class CellError(CellNote):
    """A cell that does not match its column. A warning carries the `value` that is kept.

    `others` are the further errors of a list.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        value: Cell = None,
        changes: tuple[CellChange, ...] = (),
        others: tuple[CellError, ...] = (),
    ) -> None:
        super().__init__(value, changes)
        self.others = others
        self.code = code
        self.message = message
        self.hint = hint
        self.severity = severity

    def findings(self, place: Place, column: str) -> Iterator[Finding]:
        """Yield each error as a finding at `place`, with the name of the column."""
        for error in (self, *self.others):
            yield Finding(
                code=error.code,
                place=place,
                message=f"{column}: {error.message}",
                hint=error.hint,
                severity=error.severity,
            )


def display_text(cell: object) -> str:
    """Return the cell for use in a message: at most 40 characters, unpaired surrogates escaped."""
    if isinstance(cell, dict | list):
        return "an object" if isinstance(cell, dict) else "a list"
    if isinstance(cell, bool):
        return str(cell).lower()
    text = _plain(cell)
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return f"'{text}'".encode("utf-8", "backslashreplace").decode()


def type_hint(cell: object) -> str:
    """Return the declaration of a column of which a cell with a type of its own would be a value."""
    match cell:
        case bool():
            return "Set type: boolean."
        case datetime() if cell.time() != time():
            return "Set type: datetime, or type: date with drop_time: true."
        case date():
            return "Set type: date."
        case _:
            return ""


def cell_word(cell: object) -> str:
    """Return the word of a cell, as `null_words` names it: for a day at midnight its ISO date."""
    if isinstance(cell, datetime) and cell.time() == time() and cell.tzinfo is None:
        return cell.date().isoformat()
    return str(cell).strip()


def plain_digits(number: Decimal) -> str:
    """Return the number without an exponent, unless it has so many digits that they would fill the memory."""
    return f"{number:f}" if -60 < number.adjusted() < 60 else str(number)


def _plain(cell: object) -> str:
    return plain_digits(cell) if isinstance(cell, Decimal) else str(cell)
