"""The definition of a transform: a named, typed, pure step of a pipeline, with its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.probe import Probe
from sagerecon.mapping.record_context import CompiledValue, RecordContext
from sagerecon.mapping.scope import Scope
from sagerecon.model.place import Place
from sagerecon.model.type import Type

#: Applies a step to a value that is not null.
Apply: TypeAlias = Callable[[Any, RecordContext], Any]

#: What `gives` says of a step that leaves the type as it is.
SAME_TYPE = "as the input"

SCALARS = ("text", "integer", "decimal", "boolean", "date", "datetime")


class Group(StrEnum):
    """What a transform is for; the reference lists them in this order."""

    TEXT = "text"
    DATES = "dates"
    NUMBERS = "numbers and money"
    CODES = "codes"
    IDENTITY = "identity"
    VALIDATION = "validation"
    LISTS = "lists"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a transform.

    `type` is integer, number, text, texts (one or a list), word, table, names, name or value.
    """

    name: str
    type: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An example for the reference: `do` turns `before` into `after`; all three are YAML."""

    do: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BoundTransform:
    """A transform with its options. `constants` are all values it can give, where they are known."""

    apply: Apply
    output_type: Type
    constants: tuple[tuple[Any, Place], ...] = ()
    accepts_null: bool = False  #: whether it is applied to null


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one use of a transform, read and checked, and what they are compiled against."""

    values: Mapping[str, Any]
    place: Place
    input: CompiledValue
    scope: Scope
    faults: Faults
    crosswalks: Mapping[str, Crosswalk | None]
    nodes: Mapping[str, Node] = field(default_factory=dict)
    probe: Probe | None = None
    path: str = ""  #: under which changes are recorded; empty where they are not
    rule: str = ""  #: the step as written

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Transform:
    """A named step. `reports_change` lists each value it alters as a change that finance signs.

    `gives` is the type of its result, as the reference shows it.
    `build` returns the step for one use of it, or None, with a finding, where its options are invalid.
    """

    name: str
    about: str
    input_types: tuple[str, ...]
    build: Callable[[Options], BoundTransform | None]
    example: Example
    group: Group
    gives: str = "text"
    parameters: tuple[Parameter, ...] = ()
    reports_change: bool = False
    grows: bool = False  #: whether it may give a longer text than it is given
    note: str = ""  #: a further sentence for the reference

    def accepts(self, type_: Type) -> bool:
        """Return whether it accepts values of this type."""
        return type_.name == "unknown" or type_.name in self.input_types


def without_options(
    function: Callable[[Any], Any], output_type: Type
) -> Callable[[Options], BoundTransform | None]:
    """Return the `build` of a transform without options."""
    return lambda _: BoundTransform(lambda value, _: function(value), output_type)


def day_of(value: Any) -> date | None:
    """Return the calendar day of a date or of a date with time; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
