"""A typed cell, and what is wrong with one that is not of its type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place

#: A cell as it is written to newline-delimited JSON: decimals and dates as text, so that no float comes up.
Cell: TypeAlias = "str | int | bool | list[dict[str, Cell]] | None"
CellConverter: TypeAlias = Callable[[object], Cell]


class CellError(Exception):
    """A cell that is not what its column says. A warning has a `value` all the same."""

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
        """The fault with its address."""
        return Finding(self.code, place, f"{column}: {self.message}", self.hint, self.severity)


def display_text(cell: object) -> str:
    """The cell as a message shows it: short, and never what a terminal cannot write."""
    if isinstance(cell, dict | list):
        return "an object" if isinstance(cell, dict) else "a list"
    if isinstance(cell, bool):
        return str(cell).lower()
    text = plain_digits(cell) if isinstance(cell, Decimal) else str(cell)
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return f"'{text}'".encode("utf-8", "backslashreplace").decode()


def plain_digits(number: Decimal) -> str:
    """Plain digits, but for numbers such as 1E+999999999 whose digits would fill the memory."""
    return f"{number:f}" if -60 < number.adjusted() < 60 else str(number)
