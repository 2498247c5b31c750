"""The names an expression may use, each with its type, and which source columns were used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sagerecon.mapping.frame import NOTHING, Frame, Read, Typed, constant, type_of
from sagerecon.model.type import UNKNOWN, Columns, Type
from sagerecon.model.value import Scalar

#: The name under which a project's own values stand in expressions.
PARAMETERS = "param"


@dataclass(frozen=True, slots=True)
class Scope:
    """Names by where they come from; the inner ones are asked first.

    `columns` is None where the dataset is not known: then any name passes, for its own fault is told already.
    """

    columns: Columns | None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    lets: Mapping[str, Typed] = field(default_factory=dict)
    elements: Mapping[str, Type] = field(default_factory=dict)
    fields: Mapping[str, Type] = field(default_factory=dict)  #: the target's fields, in checks
    used: set[str] = field(default_factory=set)  #: columns and lets that something asked for

    def find(self, name: str) -> Typed | None:
        """The value under a bare name, or None."""
        if name in self.elements:
            return Typed(self.elements[name], _element(name))
        if name in self.fields:
            return Typed(self.fields[name], _field(name))
        if name in self.lets:
            self.used.add(name)
            return self.lets[name]
        if self.columns is None:
            return NOTHING
        if name in self.columns:
            self.used.add(name)
            return Typed(self.columns[name], _column(name))
        return None

    def parameter(self, name: str) -> Typed | None:
        """The value of a project's parameter, or None."""
        if name not in self.parameters:
            return None
        value = self.parameters[name]
        return constant(value, type_of(value))

    def names(self) -> Iterator[str]:
        """Every bare name there is."""
        yield from self.elements
        yield from self.fields
        yield from self.lets
        yield from self.columns or ()
        if self.parameters:
            yield PARAMETERS

    def is_taken(self, name: str) -> bool:
        """Whether a new name would hide one that is there already."""
        return name == PARAMETERS or name in set(self.names())

    def with_let(self, name: str, value: Typed) -> Scope:
        """This scope and one more `let`, worked out at most once for a record."""
        return replace(self, lets={**self.lets, name: replace(value, read=_once(name, value.read))})

    def with_element(self, name: str, type_: Type) -> Scope:
        """This scope inside a list whose items bear `name`."""
        return replace(self, elements={**self.elements, name: type_})

    def with_fields(self, fields: Mapping[str, Type]) -> Scope:
        """This scope with the target's fields in front."""
        return replace(self, fields=fields)


def attribute(value: Typed, name: str) -> Typed:
    """The part `name` of an object; null where the object is null."""
    read = value.read

    def part(frame: Frame) -> Any:
        whole = read(frame)
        return whole.get(name) if isinstance(whole, Mapping) else None

    return Typed(value.type.fields.get(name, UNKNOWN), part)


def for_each(name: str, items: Read, body: Read) -> Callable[[Frame], list[Any]]:
    """Gives what `body` reads while `name` is bound to each item of a list in turn; null is an empty list."""

    def run(frame: Frame) -> list[Any]:
        elements = frame.elements
        hidden = elements.get(name)
        made: list[Any] = []
        try:
            for item in items(frame) or ():
                elements[name] = item
                made.append(body(frame))
        finally:
            elements[name] = hidden
        return made

    return run


def _column(name: str) -> Read:
    return lambda frame: frame.row.get(name)


def _element(name: str) -> Read:
    return lambda frame: frame.elements.get(name)


def _field(name: str) -> Read:
    return lambda frame: frame.fields.get(name)


def _once(name: str, read: Read) -> Read:
    def known(frame: Frame) -> Any:
        lets = frame.lets
        if name not in lets:
            lets[name] = read(frame)
        return lets[name]

    return known
