"""Reading the columns of a JSON table from its records, and tracking paths that no record has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.finding import Severity
from sagerecon.sources.cell import Cell, CellChanged, CellConverter, CellError, CellNote, display_text
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.rows import Field, converter


def json_fields(file: SourceFile) -> tuple[Field, ...]:
    """Return for each column of the table how it is read from a record."""
    return tuple(_field(column, file) for column in file.columns)


def _field(column: Column, file: SourceFile) -> Field:
    if column.type == "list":
        convert = list_converter(column, tuple(_field(inner, file) for inner in column.columns))
    else:
        convert = converter(column, file)
    return Field(column, _picker(column.path), convert)


def _picker(path: tuple[str, ...]) -> Callable[[object], object]:
    """Return a function that finds the value at `path` in a record.

    Paths of one step into an object are the usual case and take a short cut.
    """
    first = path[0] if len(path) == 1 else ""

    def pick(record: object) -> object:
        if first and isinstance(record, dict):
            return record.get(first)
        value: Any = record
        for number, step in enumerate(path):
            if value is None:
                return None
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal():
                value = value[int(step)] if int(step) < len(value) else None
            else:
                where = ".".join(path[:number]) or "the item"
                raise CellError(Code.NOT_AN_OBJECT, f"{where} is not an object, so it has no key '{step}'.")
        return value

    return pick


def list_converter(column: Column, fields: Sequence[Field]) -> CellConverter:
    """Return a function that converts each item of a list. None is an empty list: APIs omit empty lists.

    Args:
        fields: of an item.
    """

    def convert(cell: object) -> Cell:
        if cell is None:
            cell = []
        if not isinstance(cell, list):
            raise CellError(Code.NOT_A_LIST, f"{display_text(cell)} is not a list.")
        if column.required and not cell:
            raise CellError(Code.MISSING_VALUE, "the list is empty; at least one item is required.")
        items: list[dict[str, Cell]] = []
        notes: list[CellNote] = []
        for number, item in enumerate(cell, start=1):
            items.append(_item(number, item, fields, notes))
        if notes:
            raise _one_note(items, notes)
        return items

    return convert


def _item(number: int, item: object, fields: Sequence[Field], notes: list[CellNote]) -> dict[str, Cell]:
    values: dict[str, Cell] = {}
    is_object = True  # until an error has said that it is not
    for field in fields:
        try:
            values[field.column.name] = field.convert(field.pick(item))
        except CellNote as note:
            values[field.column.name] = note.value
            where = f"item {number}, {field.column.name}"
            changes = tuple(
                replace(change, column=f"{where}, {change.column}" if change.column else where)
                for change in note.changes
            )
            if isinstance(note, CellError):
                is_said = note.code is Code.NOT_AN_OBJECT and not is_object
                is_object = is_object and note.code is not Code.NOT_AN_OBJECT
                for error in () if is_said else (note, *note.others):
                    message = f"{where}: {error.message}"
                    notes.append(CellError(error.code, message, error.hint, error.severity, error.value))
            if changes:
                notes.append(CellChanged(note.value, changes))
    return values


def _one_note(items: list[dict[str, Cell]], notes: Sequence[CellNote]) -> CellNote:
    """Return what is said of a list: its errors and warnings, and every change in it."""
    changes = tuple(change for note in notes for change in note.changes)
    errors = [note for note in notes if isinstance(note, CellError)]
    if not errors:
        return CellChanged(items, changes)
    first, *others = sorted(errors, key=lambda error: error.severity is not Severity.ERROR)
    value = None if first.severity is Severity.ERROR else items
    return CellError(first.code, first.message, first.hint, first.severity, value, changes, tuple(others))


class PathTracker:
    """Tracks which declared paths no record has had so far, to report misspelt paths."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._unseen: list[tuple[tuple[Column, ...], set[str]]] = [
            (chain, set()) for chain in _chains(columns)
        ]

    def observe(self, record: Mapping[str, Any]) -> None:
        """Remove the paths that this record has from those not yet seen."""
        if self._unseen:
            self._unseen = [(chain, keys) for chain, keys in self._unseen if not _has(record, chain, keys)]

    def missing(self) -> Iterator[tuple[Column, str, set[str]]]:
        """Yield each column that no record has, its path, and the keys found in place of it.

        A column whose parent object or list never occurred is left out.
        """
        for chain, keys in self._unseen:
            if keys:
                yield chain[-1], ".".join(step for column in chain for step in column.path), keys


def _chains(columns: Sequence[Column], above: tuple[Column, ...] = ()) -> Iterator[tuple[Column, ...]]:
    for column in columns:
        if column.path and not (column.required or column.optional):
            yield (*above, column)
        yield from _chains(column.columns, (*above, column))


def _has(value: Any, chain: Sequence[Column], keys: set[str]) -> bool:
    column, *below = chain
    for step in column.path:
        if isinstance(value, dict):
            if step not in value:
                keys.update(value if not below else ())
                return False
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    if not below:
        return True
    items = value if isinstance(value, list) else ()
    return any(_has(item, below, keys) for item in items)
