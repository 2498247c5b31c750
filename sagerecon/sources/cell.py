"""Typed cells, and the error for a cell that does not have its declared type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place

#: A cell as written to newline-delimited JSON. Decimals and dates are text, so that no value becomes a float.
Cell: TypeAlias = "str | int | bool | list[dict[str, Cell]] | None"
CellConverter: TypeAlias = Callable[[object], Cell]


class CellError(Exception):
    """A cell that does not match its column. A warning carries the `value` that is kept."""

    def __init__(
        self,
        code: Code,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        value: Cell = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.severity = severity
        self.value = value

    def finding(self, place: Place, column: str) -> Finding:
        """Return the error as a finding at `place`, with the name of the column."""
        return Finding(
            code=self.code,
            place=place,
            message=f"{column}: {self.message}",
            hint=self.hint,
            severity=self.severity,
        )


def display_text(cell: object) -> str:
    """Return the cell for use in a message: at most 40 characters, unpaired surrogates escaped."""
    if isinstance(cell, dict | list):
        return "an object" if isinstance(cell, dict) else "a list"
    if isinstance(cell, bool):
        return str(cell).lower()
    text = plain_digits(cell) if isinstance(cell, Decimal) else str(cell)
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return f"'{text}'".encode("utf-8", "backslashreplace").decode()


def plain_digits(number: Decimal) -> str:
    """Return the number without an exponent, unless it has so many digits that they would fill the memory."""
    return f"{number:f}" if -60 < number.adjusted() < 60 else str(number)
