"""The types of the values in a column, a field or an expression.

The types of a dataset are known without its data, so that a mapping is checked before a row is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Type:
    """A type of value: text, integer, decimal, boolean, date, datetime, list, object, reference or unknown.

    A list has the type of its items, an object the types of its fields.
    """

    name: str
    item: Type | None = None
    fields: Mapping[str, Type] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"list of {self.item}" if self.item is not None else self.name


TEXT = Type("text")
INTEGER = Type("integer")
DECIMAL = Type("decimal")
BOOLEAN = Type("boolean")
DATE = Type("date")
DATETIME = Type("datetime")
UNKNOWN = Type("unknown")  #: null, or not known before a row is read

#: The columns of a dataset by name.
Columns = Mapping[str, Type]


def list_of(item: Type) -> Type:
    """Return the type of a list of `item`."""
    return Type("list", item=item)


def object_of(fields: Columns) -> Type:
    """Return the type of an object with these fields."""
    return Type("object", fields=fields)
