"""The rows of a CSV stream, each with the line on which it starts: one by one, or many at once."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import TextIO

from sagerecon.model.limits import CELL, CSV_ROW

#: Lines that are read before it is looked at how long they were; each may be as long as a row.
_STEP = 16

#: Characters of the rows that are taken at once.
_MOST_TAKEN = 4_000_000


class LongRowError(Exception):
    """A row is longer than it may be."""

    def __init__(self) -> None:
        super().__init__(f"the row is longer than a row may be; {CSV_ROW.sentence}.")


class CsvRows:
    """Reads the rows of a stream, no row longer than the limit. A quoted cell may hold line ends."""

    def __init__(self, stream: TextIO, delimiter: str, quote: str) -> None:
        csv.field_size_limit(CELL.most)
        self._read_line = partial(stream.readline, CSV_ROW.most + 1)
        self._held: deque[str] = deque()  # lines that were read too early
        self._reader = partial(csv.reader, delimiter=delimiter, quotechar=quote, strict=True)
        self._rows = self._read_rows()
        self._of_row = 0  # characters read since the last row
        self._failure: csv.Error | LongRowError | None = None  # of the row after those that were taken
        self.line = 1  #: the next one that is read
        self.start = 1  #: of the row that was read last, or that cannot be read

    def __iter__(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the rows.

        Raises:
            csv.Error: what follows is not CSV.
            LongRowError: the next row is too long.
        """
        return self._rows

    def next_line(self) -> str:
        """Return the next line; empty at the end. Errors as `__iter__`."""
        line = self._held.popleft() if self._held else self._read_line()
        self._of_row = 0
        self.line += bool(line)
        if len(line) > CSV_ROW.most:
            raise LongRowError
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        """Let lines that were read be the next ones."""
        self._held.extendleft(reversed(lines))
        self.line -= len(lines)

    def take(self, most: int) -> list[tuple[int, Sequence[str]]]:
        """Return the next rows, at most so many; none at the end. Errors as `__iter__`.

        Most files have a row on each line, and many lines are split faster at once than one by one.
        """
        if self._failure is not None:
            raise self._failure
        first = self.line
        lines = self._take_lines(most)
        try:
            rows = list(self._reader(lines))
        except csv.Error:
            rows = []
        if len(rows) == len(lines) and max(map(len, lines), default=0) <= CSV_ROW.most:
            return list(zip(count(first), rows, strict=False))
        self.put_back(lines)
        return self._take_singly(most)

    def _take_singly(self, most: int) -> list[tuple[int, Sequence[str]]]:
        taken: list[tuple[int, Sequence[str]]] = []
        characters = 0
        try:
            for row in self._rows:
                taken.append(row)
                characters += sum(map(len, row[1]))
                if len(taken) == most or characters > _MOST_TAKEN:
                    break
        except (csv.Error, LongRowError) as error:
            if not taken:
                raise
            self._failure = error
        return taken

    def _take_lines(self, most: int) -> list[str]:
        lines: list[str] = [self._held.popleft() for _ in range(min(most, len(self._held)))]
        read, characters = iter(self._read_line, ""), 0
        while len(lines) < most and characters < _MOST_TAKEN:
            step = list(islice(read, _STEP))
            lines += step
            characters += sum(map(len, step))
            if len(step) < _STEP:
                break
        self.line += len(lines)
        return lines

    def _read_rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        reader = self._reader(self._lines())
        while True:
            self.start = self.line
            cells = next(reader, None)
            if cells is None:
                return
            self._of_row = 0
            yield self.start, cells

    def _lines(self) -> Iterator[str]:
        while line := self._held.popleft() if self._held else self._read_line():
            self.line += 1
            self._of_row += len(line)
            if self._of_row > CSV_ROW.most:
                raise LongRowError
            yield line
