"""Detect the columns of records that hold values at paths, as those of JSON and XML files do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import WORKBOOK_COLUMNS
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column
from sagerecon.sources.detected import cell_column, column_names, warning
from sagerecon.sources.files import source_error
from sagerecon.sources.headings import SAMPLE_ROWS

Keys: TypeAlias = "tuple[str, ...]"

#: Yields the path and value of each value in a record that is no object. The second argument is the path of
#: the record itself, from the outermost one.
Leaves: TypeAlias = Callable[[Any, Keys], Iterator[tuple[Keys, object]]]

#: Levels of lists in lists; what lies deeper is left out.
_MOST_LISTS = 2


@dataclass(slots=True)
class _Cells:
    """What records have at one path."""

    values: list[object] = field(default_factory=list)  #: the first that are no lists
    items: NestedShape | None = None  #: those of its lists
    is_blank: bool = True  #: whether no record has a value
    is_too_deep: bool = False  #: whether its lists lie in more lists than are read


class NestedShape:
    """Collects the paths of records, and some of the values at each."""

    def __init__(self, leaves: Leaves, place: Place, attribute: str = "", at: Keys = ()) -> None:
        """Begin.

        Args:
            place: of the file.
            attribute: what begins a step to a value beside another one, such as `@`; empty for none.
            at: the path of the list whose items are collected, from the outermost record.
        """
        self._leaves, self._place, self._attribute, self._at = leaves, place, attribute, at
        self._cells: dict[Keys, _Cells] = {}

    def add(self, record: object, depth: int = 0) -> None:
        """Add a record.

        Raises:
            SourceError: the records have more values than a table may have columns.
        """
        for path, value in self._leaves(record, self._at):
            cells = self._cells.setdefault(path, _Cells())
            if isinstance(value, list):
                cells.is_blank = False
                items = cells.items or NestedShape(
                    self._leaves, self._place, self._attribute, (*self._at, *path)
                )
                cells.items = items
                cells.is_too_deep = depth >= _MOST_LISTS
                for item in () if cells.is_too_deep else value:
                    items.add(item, depth + 1)
            elif value is not None and value != "":
                cells.is_blank = False
                if len(cells.values) < SAMPLE_ROWS:
                    cells.values.append(value)
        if len(self._cells) > WORKBOOK_COLUMNS.most:
            message = f"the records have too many values; {WORKBOOK_COLUMNS.sentence}."
            raise source_error(Finding(Code.TOO_LONG, self._place, message))

    def columns(self) -> tuple[tuple[Column, ...], tuple[Finding, ...]]:
        """Return a column for each path, and a finding for each that no column can read in all records."""
        found: list[Column] = []
        findings: list[Finding] = []
        filled = {path for path, cells in self._cells.items() if not cells.is_blank}
        led = {path[:length] for path in filled for length in range(len(path))}
        names = column_names("_".join(path) or "value" for path in self._cells)
        for name, (path, cells) in zip(names, self._cells.items(), strict=True):
            if path in led and cells.is_blank:
                continue  # a blank where other records have an object
            column, left_out = self._column(name, path, cells, filled)
            findings += left_out
            if column is not None:
                found.append(column)
        return tuple(found), tuple(findings)

    def _column(
        self, name: str, path: Keys, cells: _Cells, filled: set[Keys]
    ) -> tuple[Column | None, Sequence[Finding]]:
        """Return the column of a path, and what is left out of it."""
        above = next(
            (
                path[:length]
                for length in range(len(path))
                if path[:length] in filled
                and not (self._attribute and path[length].startswith(self._attribute))
            ),
            None,
        )
        if above is not None:
            what = f"'{self._shown(above)}' is an object in some records and a value in others"
            return None, [self._left_out(Code.NOT_AN_OBJECT, path, what)]
        if cells.items is None:
            column = cell_column(name, path, cells.values, self._place)
            return replace(column, optional=True), ()
        if cells.values:
            what = "it is a list in some records and a value in others"
            return None, [self._left_out(Code.NOT_A_LIST, path, what)]
        if cells.is_too_deep:
            what = f"lists that lie in more than {_MOST_LISTS} lists are not read"
            return None, [self._left_out(Code.TOO_DEEP, path, what)]
        inner, findings = cells.items.columns()
        if not inner:  # all lists are empty, or nothing in them can be read
            return None, findings
        column = Column(name=name, type="list", path=path, place=self._place, columns=inner)
        return replace(column, optional=True), findings

    def _left_out(self, code: Code, path: Keys, why: str) -> Finding:
        message = f"no column is declared for '{self._shown(path)}': {why}."
        return warning(code, self._place, message)

    def _shown(self, path: Keys) -> str:
        return ".".join((*self._at, *path)) or "the item"
