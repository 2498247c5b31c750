"""What a function of the expression language is: a named value with its types, its words and an example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sagerecon.mapping.frame import NUMBERS, Frame, Typed, a
from sagerecon.model.type import Type

Gives: TypeAlias = Callable[[Sequence[Type]], Type]

#: What a parameter may be called, and the types it stands for. "any" is every scalar.
_ACCEPTS: dict[str, tuple[str, ...]] = {
    "number": NUMBERS,
    "integer": ("integer",),
    "text": ("text",),
    "date": ("date", "datetime"),
    "any": ("text", "integer", "decimal", "boolean", "date", "datetime"),
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of single values. With a null argument it gives null, unless it `sees_null`."""

    name: str
    signature: str
    about: str
    takes: tuple[str, ...]
    gives: Gives
    apply: Callable[..., Any]
    example: tuple[str, str]  #: an expression and the text of what it gives
    repeats: bool = False  #: the last parameter may come again and again
    sees_null: bool = False

    def problem(self, types: Sequence[Type]) -> str:
        """What is wrong with arguments of these types, or nothing."""
        least, most = len(self.takes), 99 if self.repeats else len(self.takes)
        if not least <= len(types) <= most:
            return (
                f"{self.name} takes {least}{' or more' if self.repeats else ''} and was given {len(types)}."
            )
        for number, type_ in enumerate(types):
            wanted = self.takes[min(number, least - 1)]
            if type_.name not in (*_ACCEPTS[wanted], "unknown"):
                return (
                    f"{self.name} wants {a(wanted) if wanted != 'any' else 'a single value'}, not {a(type_)}."
                )
        if self.repeats and self._mixed(types):
            return f"{self.name} cannot mix {' and '.join(dict.fromkeys(str(type_) for type_ in types))}."
        return ""

    def _mixed(self, types: Sequence[Type]) -> bool:
        names = {type_.name for type_ in types} - {"unknown"}
        return len(names) > 1 and not names <= set(NUMBERS)


@dataclass(frozen=True, slots=True)
class ListFunction:
    """A function over the items of a list; its second argument is worked out for each, as `item`."""

    name: str
    signature: str
    about: str
    accepts: Callable[[Type, int], bool]  #: the type of an item, and how many arguments there are
    gives: Callable[[Type], Type]
    apply: Callable[[list[Any]], Any]
    example: tuple[str, str]
    needs_body: bool = False


def call(function: Function, arguments: Sequence[Typed]) -> Typed:
    """The value of the function over its arguments."""
    reads, apply = [argument.read for argument in arguments], function.apply
    result = function.gives([argument.type for argument in arguments])
    if function.sees_null:
        return Typed(result, lambda frame: apply(*[read(frame) for read in reads]))

    def read(frame: Frame) -> Any:
        values = [read(frame) for read in reads]
        return None if None in values else apply(*values)

    return Typed(result, read)
