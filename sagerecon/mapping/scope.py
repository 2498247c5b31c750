"""The names an expression may use, each with its type, and the names used so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sagerecon.mapping.record_context import (
    FREE_TEXT,
    NOTHING,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    constant,
    require_small,
    type_of,
    with_article,
)
from sagerecon.model.code import Code
from sagerecon.model.type import UNKNOWN, Columns, Type
from sagerecon.model.value import Scalar

#: The name through which expressions read the parameters of the project: `param.cut_over`.
PARAMETERS = "param"

#: The name of the part that is being made of a record which the mapping splits.
PART = "part"


@dataclass(frozen=True, slots=True)
class Scope:
    """The names in scope by their origin; inner names hide outer ones.

    `columns` is None where the dataset is unknown: then every name is accepted, because the dataset has a
    finding of its own.
    """

    columns: Columns | None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    lets: Mapping[str, CompiledValue] = field(default_factory=dict)
    elements: Mapping[str, Type] = field(default_factory=dict)
    fields: Mapping[str, Type] = field(default_factory=dict)  #: the target's fields, in checks
    used: set[str] = field(default_factory=set)  #: columns and lets that were found by name

    def find(self, name: str) -> CompiledValue | None:
        """Return the value with this name, or None; a column or let counts as used from then on."""
        if name in self.elements:
            return CompiledValue(self.elements[name], _element(name))
        if name in self.fields:
            return CompiledValue(self.fields[name], _field(name))
        if name in self.lets:
            self.used.add(name)
            return self.lets[name]
        if self.columns is None:
            return NOTHING
        if name in self.columns:
            self.used.add(name)
            return CompiledValue(self.columns[name], _column(name))
        return None

    def parameter(self, name: str) -> CompiledValue | None:
        """Return the value of a project parameter, or None."""
        if name not in self.parameters:
            return None
        value = self.parameters[name]
        return constant(value, type_of(value))

    def names(self) -> Iterator[str]:
        """Yield every name in scope."""
        yield from self.elements
        yield from self.fields
        yield from self.lets
        yield from self.columns or ()
        if self.parameters:
            yield PARAMETERS

    def is_taken(self, name: str) -> bool:
        """Return whether a new name would hide one in scope."""
        return name == PARAMETERS or name in set(self.names())

    def with_let(self, name: str, value: CompiledValue) -> Scope:
        """Return this scope with one more `let`, evaluated at most once for each record."""
        return replace(self, lets={**self.lets, name: replace(value, read=_read_once(name, value.read))})

    def with_element(self, name: str, type_: Type) -> Scope:
        """Return this scope inside a list whose items are called `name`."""
        return replace(self, elements={**self.elements, name: type_})

    def with_fields(self, fields: Mapping[str, Type]) -> Scope:
        """Return this scope with the fields of the target, which hide lets and columns."""
        return replace(self, fields=fields)


def attribute(value: CompiledValue, name: str) -> CompiledValue:
    """Return the attribute `name` of an object; null where the object is null."""
    read = value.read

    def part(record: RecordContext) -> Any:
        whole = read(record)
        return whole.get(name) if isinstance(whole, Mapping) else None

    return CompiledValue(value.type.fields.get(name, UNKNOWN), part)


def for_each(name: str, items: Reader, body: Reader) -> Callable[[RecordContext], list[Any]]:
    """Return a reader of the list of `body`, read once for each of `items` bound to `name`; null is empty."""

    def run(record: RecordContext) -> list[Any]:
        elements = record.elements
        hidden = elements.get(name)
        made: list[Any] = []
        try:
            found = listed(items(record))
            record.spend_items(len(found))
            for item in found:
                elements[name] = item
                made.append(body(record))
        finally:
            elements[name] = hidden
        if made and isinstance(made[0], list | tuple):
            require_small(made)
        spend_texts(record, made)
        return made

    return run


def spend_texts(record: RecordContext, items: Sequence[Any]) -> None:
    """Count the long texts of a list, of which each may be the same one; errors as `spend_text`."""
    for item in items:
        if type(item) is str and len(item) > FREE_TEXT:
            record.spend_text(len(item))


def listed(value: Any) -> Sequence[Any]:
    """Return the items of a list; none for null.

    Raises:
        RefusalError: the value is not a list, which its type did not tell before it was read.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise RefusalError(Code.NOT_A_LIST, f"{with_article(type_of(value))} is not a list")
    return value


def _column(name: str) -> Reader:
    return lambda record: record.row.get(name)


def _element(name: str) -> Reader:
    return lambda record: record.elements.get(name)


def _field(name: str) -> Reader:
    return lambda record: record.fields.get(name)


def _read_once(name: str, read: Reader) -> Reader:
    def known(record: RecordContext) -> Any:
        lets = record.lets
        if name not in lets:
            try:
                lets[name] = read(record)
            except RecursionError:
                raise RefusalError(
                    Code.TOO_DEEP,
                    f"the let '{name}' builds on too many others",
                    "Let fewer build on each other.",
                ) from None
        return lets[name]

    return known
