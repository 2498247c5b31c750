"""A place in a file: its name, a line, a column."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern

#: Digits of a line or a column; SQL may make any text a place.
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines, rows and columns count from 1, and 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
        if self.line and self.column:
            parts.append(str(self.column))
        return ":".join(parts)

    @property
    def address(self) -> str:
        """The place as `file:line:column`, from which `parse` returns the same place; empty for no place."""
        return f"{self.file}:{self.line}:{self.column}" if self != NOWHERE else ""

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return the place written as `file[:line[:column]]`.

        A file name may hold colons. One that ends in a colon and digits is only read right from `address`.
        """
        numbers: list[int] = []
        file = text
        while len(numbers) < 2:
            head, colon, tail = file.rpartition(":")
            if not (colon and head and tail.isdecimal() and len(tail) <= _MOST_DIGITS):
                break
            numbers.insert(0, int(tail))
            file = head
        return cls(intern(file), *numbers)  # thousands of places have the same file


#: No place at all.
NOWHERE = Place("")
