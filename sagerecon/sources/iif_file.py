"""Reading IIF files, the text format of QuickBooks Desktop, into typed rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import CELL, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.flat_table import FlatFormat, RawRow, flat_rows
from sagerecon.sources.rows import ReadItem, converter
from sagerecon.sources.text_lines import text_lines

#: The title under which a line of a transaction has the number of its transaction.
TRANSACTION = "_transaction"

#: The first line of a transaction, its other lines, and its end.
_HEAD, _SPLIT, _END = "TRNS", "SPL", "ENDTRNS"

#: The lists whose rows belong to a transaction.
TRANSACTION_LISTS = (_HEAD, _SPLIT)

#: Lists that are named in a message.
_SHOWN_LISTS = 30


class _Transactions:
    """Numbers the transactions of all files of a table: a TRNS line, its SPL lines, and ENDTRNS."""

    def __init__(self) -> None:
        self.number = 0
        self._is_open = False

    def enter(self, key: str) -> str:
        """Follow a line with a key; return what is wrong with its place, or an empty text."""
        if key == _HEAD:
            was_open, self._is_open = self._is_open, True
            self.number += 1
            return "the transaction before is not closed by ENDTRNS." if was_open else ""
        if key in (_SPLIT, _END):
            was_open, self._is_open = self._is_open, key == _SPLIT
            return "" if was_open else f"{key} follows no TRNS line."
        return ""

    def close(self) -> bool:
        """End a file; return whether its last transaction was not closed."""
        was_open, self._is_open = self._is_open, False
        return was_open


class IifReader:
    """Reads one list of the IIF files of one table, such as TRNS or CUST."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._key = file.records[0].upper()
        self._transactions = _Transactions()
        self._lists: dict[str, None] = {}  #: of the file that is being read
        self._findings: list[Finding] = []  #: of its lines, until they are yielded
        self._lacking: list[Finding] = []  #: of an optional list, a finding for each file without it
        self._is_there = False  #: whether a file has the list

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of the declared list in one file, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, or is not IIF.
        """
        kind = FlatFormat(converter, f"the list '{self._key}'", are_short_rows_padded=True)
        with self.raw_rows(path, name) as rows:
            first = next(rows, None)
            if first is None:
                missing = self._missing_list(name)
                if self._file.optional:
                    self._lacking.append(missing)
                else:
                    yield missing
            else:
                self._is_there = True
                for row in flat_rows(chain((first,), rows), self._file, name, kind):
                    yield from self._taken_findings()
                    yield row
            yield from self._taken_findings()

    @contextmanager
    def raw_rows(self, path: Path, name: str) -> Iterator[Iterator[RawRow]]:
        """Open a file, and yield the heading of the declared list and its rows; errors as `rows`."""
        require_format(path, name, "iif")
        self._lists = {}
        csv.field_size_limit(CELL.most)
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
            yield self._rows(text_lines(stream, name, self._file.encoding), name)

    def finish(self) -> Iterator[Finding]:
        """Yield a finding for each file if none of them has an optional list."""
        if not self._is_there:
            yield from self._lacking

    def _taken_findings(self) -> list[Finding]:
        found, self._findings = self._findings, []
        return found

    def _rows(self, lines: Iterable[tuple[int, str]], name: str) -> Iterator[RawRow]:
        """Yield the heading of the list, then its rows, each with the cells of the first heading."""
        heading: _Heading | None = None
        line = 0
        for line, text in lines:
            if not text or text.isspace():
                continue
            place = Place(name, line)
            try:
                cells = _cells(text)
            except csv.Error as error:
                message = f"the line cannot be split into cells: {error}."
                self._findings.append(Finding(Code.NOT_IIF, place, message, "Write a quote in a cell twice."))
                continue
            key = cells[0].strip().upper()
            if key.startswith("!"):
                self._lists[key[1:]] = None
                if key[1:] == self._key:
                    is_first, heading = heading is None, self._heading(cells, heading)
                    if is_first:
                        yield line, heading.titles
                    elif lost := heading.lost(self._file):
                        self._findings.append(_lost_column(lost, place))
                continue
            if not self._lists:
                message = "the file does not begin with a heading such as !TRNS, so it is not IIF."
                raise source_error(Finding(Code.WRONG_FORMAT, place, message))
            if (problem := self._transactions.enter(key)) and self._key in TRANSACTION_LISTS:
                self._findings.append(Finding(Code.NOT_IIF, place, problem))
            if key != self._key:
                continue
            if heading is None:
                message = f"{key} has no heading !{key} above it, so its columns are not known."
                self._findings.append(Finding(Code.NOT_IIF, place, message))
            else:
                yield line, heading.fitted(cells, self._transactions.number)
        if self._transactions.close() and self._key in TRANSACTION_LISTS:
            message = "the last transaction is not closed by ENDTRNS."
            self._findings.append(
                Finding(Code.TRUNCATED, Place(name, line), message, "Export the file again.")
            )

    def _heading(self, cells: Sequence[str], first: _Heading | None) -> _Heading:
        titles = [cell.strip() for cell in cells[1:]]
        return _Heading(titles, titles if first is None else first.first)

    def _missing_list(self, name: str) -> Finding:
        message = f"the file has no list '{self._key}'."
        if self._file.optional or not self._lists:
            return empty_source_finding(Place(name), self._file, message)
        shown = ", ".join(list(self._lists)[:_SHOWN_LISTS])
        hint = suggestion(self._key, self._lists) or f"Its lists are {shown}."
        return Finding(Code.RECORDS_NOT_THERE, Place(name), message, hint)


def count_lists(path: Path, name: str, encoding: str) -> dict[str, int]:
    """Return the number of rows of each list with a heading, in their order; ENDTRNS is none.

    Raises:
        SourceError: the file cannot be read.
    """
    counts: dict[str, int] = {}
    with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
        for _, text in text_lines(stream, name, encoding):
            key = text.partition("\t")[0].strip().strip('"').upper()
            if key.startswith("!") and key[1:] not in ("", _END):
                counts.setdefault(key[1:], 0)
            elif key in counts:
                counts[key] += 1
    return counts


class _Heading:
    """A heading of a list. It may be repeated in a file, with other titles or in another order."""

    def __init__(self, own: Sequence[str], first: Sequence[str]) -> None:
        self._own = own
        self.first = first
        self.titles = (TRANSACTION, *first)
        numbers = {title: number for number, title in enumerate(_numbered(own))}
        self._numbers = None if own == first else [numbers.get(title) for title in _numbered(first)]

    def lost(self, file: SourceFile) -> str:
        """Return the title of a declared column, in whatever case, that the first heading has not."""
        declared = {column.path[0].casefold() for column in file.columns if column.path}
        known = set(_numbered(self.first))
        return next(
            (t for t, n in _numbered(self._own) if t.casefold() in declared and (t, n) not in known), ""
        )

    def fitted(self, cells: Sequence[str], transaction: int) -> Sequence[object]:
        """Return the cells of a row in the order of the first heading, after its transaction."""
        values = [cell or None for cell in cells[1:]]
        while values and values[-1] is None:
            values.pop()
        if self._numbers is None:
            return (transaction, *values)
        padded = dict(enumerate(values))
        beyond = values[len(self._own) :]
        return (
            transaction,
            *(None if number is None else padded.get(number) for number in self._numbers),
            *beyond,
        )


def _numbered(titles: Iterable[str]) -> list[tuple[str, int]]:
    """Return each title with the number of those before it that are the same."""
    before = Counter[str]()
    numbered = []
    for title in titles:
        numbered.append((title, before[title]))
        before[title] += 1
    return numbered


def _lost_column(title: str, place: Place) -> Finding:
    message = f"the heading has a column '{title}', which the first heading of the list does not have."
    hint = "Put the rows below this heading in a file of their own."
    return Finding(Code.MISSING_COLUMN, place, message, hint)


def _cells(text: str) -> list[str]:
    """Return the cells of a line that is not blank.

    Raises:
        csv.Error: a quote is not closed.
    """
    return text.split("\t") if '"' not in text else next(csv.reader((text,), delimiter="\t", strict=True))
