"""What sort of value stands in a column, a field or an expression.

The shapes of datasets are known without their data, so that a mapping is checked before a row is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Type:
    """A sort of value: text, integer, decimal, boolean, date, datetime, list, object, or unknown.

    A list says what its items are, an object what its fields are.
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
UNKNOWN = Type("unknown")  #: a null, or a plugin that does not say

#: The columns of a dataset by name.
Columns = Mapping[str, Type]


def list_of(item: Type) -> Type:
    """The type of a list of `item`."""
    return Type("list", item=item)


def object_of(fields: Columns) -> Type:
    """The type of an object with these fields."""
    return Type("object", fields=fields)
