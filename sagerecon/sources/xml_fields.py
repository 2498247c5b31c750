"""Elements of XML, and reading the columns of a table from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.sources.cell import CellError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.json_fields import list_converter
from sagerecon.sources.rows import Field, converter

#: The step of a path to the element around an element, and the mark of an attribute.
PARENT, ATTRIBUTE = "^", "@"


class Element(dict[str, Any]):
    """An element: its attributes by `@name`, and its elements by name, several of one name as a list."""

    __slots__ = ("column", "has_records", "line", "name", "text")

    def __init__(self, name: str, line: int, column: int) -> None:
        super().__init__()
        self.name = name
        self.line = line
        self.column = column
        self.text = ""
        self.has_records = False  #: whether a record was found in it

    def add(self, name: str, element: Element) -> None:
        """Add an element."""
        other = self.get(name)
        if other is None:
            self[name] = element
        elif isinstance(other, list):
            other.append(element)
        else:
            self[name] = [other, element]

    @property
    def has_elements(self) -> bool:
        """Whether it holds elements."""
        return any(not key.startswith((ATTRIBUTE, PARENT)) for key in self)


def xml_fields(file: SourceFile) -> tuple[Field, ...]:
    """Return for each column of the table how it is read from an element."""
    return tuple(_field(column, file) for column in file.columns)


def place_at(record: Element, path: Sequence[str], file: str) -> Place:
    """Return the place of the value at a path, or of the last element on the way to it."""
    element = record
    for step in path:
        inner = element.get(step)
        inner = inner[0] if isinstance(inner, list) else inner
        if not isinstance(inner, Element):
            break
        element = inner
    return Place(file, element.line, element.column)


def _field(column: Column, file: SourceFile) -> Field:
    if column.type == "list":
        fields = tuple(_field(inner, file) for inner in column.columns)
        return Field(column, _elements(column.path), list_converter(column, fields))
    return Field(column, _text(column.path), converter(column, file))


def _text(path: tuple[str, ...]) -> Callable[[object], object]:
    """Return a function that finds the text of the attribute or element at a path."""
    where = ".".join(path)

    def pick(element: object) -> object:
        value = _find(element, path)
        if isinstance(value, list):
            raise _several(where, len(value))
        if not isinstance(value, Element):
            return value
        if value.has_elements:
            raise CellError(Code.NOT_TEXT, f"{where or 'the item'} holds elements, not a value.")
        return value.text

    return pick


def _elements(path: tuple[str, ...]) -> Callable[[object], object]:
    """Return a function that finds the elements at a path."""

    def pick(element: object) -> object:
        value = _find(element, path)
        return [value] if isinstance(value, Element) else value

    return pick


def _find(element: object, path: tuple[str, ...]) -> object:
    value = element
    for number, step in enumerate(path):
        if value is None:
            return None
        if isinstance(value, list):
            raise _several(".".join(path[:number]), len(value))
        if not isinstance(value, Element):
            raise CellError(Code.NOT_AN_OBJECT, f"{'.'.join(path[:number])} is not an element.")
        value = value.get(step)
    return value


def _several(where: str, count: int) -> CellError:
    return CellError(Code.NOT_TEXT, f"{where} occurs {count} times.", "Declare it with type: list.")
