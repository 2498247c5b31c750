"""Choosing the rows of a table by declared conditions, and counting those that are passed over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.cell import Filled, Merged
from sagerecon.sources.definitions import CellTest, RowRule, SourceFile

RowTest: TypeAlias = Callable[[Sequence[object]], bool]

_END_OF_FILE = "\x1a"

#: Rows that are shown of those that a condition passes over, and characters of each.
_EXAMPLES = 3
_EXAMPLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """The titles of a table's columns; empty if it has no header row."""

    titles: tuple[str, ...] = ()

    def number(self, test: CellTest) -> int | None:
        """Return the position of a cell in a row, from 0; None if the table does not have it."""
        if test.number:
            return test.number - 1
        return _position(self.titles, test.title, max(test.occurrence, 1))

    def is_repeated(self, cells: Sequence[object]) -> bool:
        """Return whether a row has the titles in its cells."""
        return bool(self.titles) and tuple(map(title_text, cells[: len(self.titles)])) == self.titles


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow(Finding):
    """The finding for a row that seems to be a total, with the condition that would pass over it."""

    rule: RowRule


class PassedOver:
    """The rows that one condition passes over: their number, and examples."""

    def __init__(self, what: str, place: Place) -> None:
        self._what = what
        self._place = place
        self.count = 0
        self._examples: list[str] = []

    def add(self, line: int, cells: Sequence[object]) -> None:
        """Count one row."""
        self.count += 1
        if len(self._examples) < _EXAMPLES:
            text = ", ".join(text for cell in cells if (text := cell_text(cell)))[: _EXAMPLE_CHARACTERS + 1]
            text = text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:-1]}…"
            self._examples.append(f"{line} ({text})")

    def findings(self, name: str, code: Code = Code.ROWS_PASSED_OVER) -> Iterator[Finding]:
        """Yield the number of rows with examples, if there are any."""
        if self.count:
            what = "row was" if self.count == 1 else "rows were"
            if code is Code.CELLS_PASSED_OVER:
                message = f"cells {self._what} were passed over in {counted(self.count, 'row')}"
            else:
                message = f"{self.count:,} {what} passed over: {self._what}"
            more = ", ..." if self.count > _EXAMPLES else ""
            yield Finding(
                code,
                Place(name),
                f"{message}. Lines: {', '.join(self._examples)}{more}.",
                severity=Severity.INFO,
            )


class RowChooser:
    """Decides by the conditions of a file which of its rows are read."""

    def __init__(self, file: SourceFile, heading: Heading) -> None:
        self._heading = heading
        self._rules = (*file.pass_over, *file.keep, *([file.end] if file.end is not None else []))
        self._keep = [row_test(rule, heading) for rule in file.keep]
        self._pass_over = [
            (row_test(rule, heading), PassedOver(f"'{rule.name}'", rule.place)) for rule in file.pass_over
        ]
        self._declared = file.pass_over
        self._not_kept = PassedOver("not among those to keep", file.path_place)
        self.is_choosing = bool(file.keep or file.pass_over)
        self.has_passed_over = False

    def passes_over(self, cells: Sequence[object], line: int) -> bool:
        """Return whether a row is left unread, and count it."""
        for matches, rows in self._pass_over:
            if matches(cells):
                rows.add(line, cells)
                self.has_passed_over = True
                return True
        if self._keep and not any(matches(cells) for matches in self._keep):
            self._not_kept.add(line, cells)
            self.has_passed_over = True
            return True
        return False

    def findings(self, header: Place) -> Iterator[Finding]:
        """Yield a finding for each condition that names a column which the table does not have."""
        for rule in self._rules:
            for test in rule.tests:
                if self._heading.number(test) is None:
                    yield Finding(
                        Code.MISSING_COLUMN,
                        header,
                        f"the condition '{rule.name}' tests column '{test.title}', "
                        "which the header row does not have.",
                        suggestion(test.title, self._heading.titles),
                    )

    def passed_over(self, name: str) -> Iterator[Finding]:
        """Yield for each condition the number of rows that it passed over, with examples."""
        for rule, (_, rows) in zip(self._declared, self._pass_over, strict=True):
            yield from rows.findings(name)
            if not rows.count:
                message = f"no row is passed over as '{rule.name}'."
                yield Finding(Code.NO_ROWS_MATCH, Place(name), message, severity=Severity.INFO)
        yield from self._not_kept.findings(name)


def row_test(rule: RowRule, heading: Heading) -> RowTest:
    """Return a function that tells whether a row matches a condition."""
    if rule.is_header:
        return heading.is_repeated
    if rule.is_blank:
        return is_blank_row
    tests = [_cell_test(test, heading.number(test)) for test in rule.tests]
    return lambda cells: all(holds(cells) for holds in tests)


def row_rule_text(rule: RowRule) -> str:
    """Return a condition as a `sources.yaml` declares it, of those that are told from a file."""
    if rule.is_header:
        return f"{rule.name}: header"
    tests = [
        f"{{column: {test.number}, {'blank: true' if test.is_blank else f'is: {_quoted(test.equals)}'}}}"
        for test in rule.tests
    ]
    return f"{rule.name}: {tests[0]}" if len(tests) == 1 else f"{rule.name}: [{', '.join(tests)}]"


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _cell_test(test: CellTest, number: int | None) -> RowTest:
    def holds(cells: Sequence[object]) -> bool:
        text = cell_text(cells[number]) if number is not None and number < len(cells) else ""
        if test.is_blank is not None and (text == "") is not test.is_blank:
            return False
        if test.equals and text not in test.equals:
            return False
        if test.contains and not any(part in text for part in test.contains):
            return False
        return not (
            (test.starts_with and not text.startswith(test.starts_with))
            or (test.ends_with and not text.endswith(test.ends_with))
        )

    return holds


def cell_text(cell: object) -> str:
    """Return the text of a raw cell, without spaces around it; empty for a blank cell."""
    return "" if cell is None or isinstance(cell, Filled | Merged) else str(cell).strip()


def title_text(cell: object) -> str:
    """Return the title in a cell of a header row, in which a line may be broken anywhere.

    The byte-order mark of a file that was appended to another one is no part of a title.
    """
    return " ".join(cell_text(cell).removeprefix("\ufeff").split())


def is_blank_row(cells: Sequence[object]) -> bool:
    """Return whether all cells of a row are blank. A cell of spaces is not: a program may write it.

    So is Ctrl-Z, with which programs of DOS end a file.
    """
    if cells and cells[0] and type(cells[0]) not in (Filled, Merged):
        return len(cells) == 1 and cells[0] == _END_OF_FILE
    return all(cell is None or cell == "" or isinstance(cell, Filled | Merged) for cell in cells)


def _position(titles: Iterable[str], title: str, occurrence: int) -> int | None:
    found = [number for number, each in enumerate(titles) if each == title]
    return found[occurrence - 1] if occurrence <= len(found) else None
