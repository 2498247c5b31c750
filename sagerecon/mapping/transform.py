"""What a transform is: a named, typed, pure step of a pipeline, and how its options are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.frame import Frame, Typed
from sagerecon.mapping.scope import Scope
from sagerecon.model.place import Place
from sagerecon.model.type import Type

#: What a step does to a value that is not null.
Apply: TypeAlias = Callable[[Any, Frame], Any]

SCALARS = ("text", "integer", "decimal", "boolean", "date", "datetime")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a transform. `type` is integer, text, word, boolean, table, names, name or value."""

    name: str
    type: str
    default: Any = None
    required: bool = False
    words: tuple[str, ...] = ()
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """`do` in a mapping turns `before` into `after`, all three as they stand in YAML."""

    do: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """A transform with its options. `constants` are all values it can give, where that is known."""

    apply: Apply
    gives: Type
    constants: tuple[tuple[Any, Place], ...] = ()
    on_null: bool = False  #: it sees null as well


@dataclass(frozen=True, slots=True)
class Options:
    """What stands in the mapping for one use of a transform, read and checked."""

    values: Mapping[str, Any]
    place: Place
    input: Typed
    scope: Scope
    faults: Faults
    crosswalks: Mapping[str, Crosswalk]
    nodes: Mapping[str, Node] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Transform:
    """A named step. `takes` are the types it works on; `alters` says that a changed value is reported.

    `build` gives the step for one use of it, or None where its options make no sense (told to `faults`).
    """

    name: str
    about: str
    takes: tuple[str, ...]
    build: Callable[[Options], Step | None]
    example: Example
    parameters: tuple[Parameter, ...] = ()
    alters: bool = False
    words: str = ""  #: what else to say about it in the reference

    def accepts(self, type_: Type) -> bool:
        """Whether it works on values of this type."""
        return type_.name == "unknown" or type_.name in self.takes


def simple(function: Callable[[Any], Any], gives: Type) -> Callable[[Options], Step | None]:
    """The builder of a step without options."""
    return lambda _: Step(lambda value, _: function(value), gives)


def day_of(value: Any) -> date | None:
    """The calendar day of a date or a date with time."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
