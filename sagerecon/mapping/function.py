"""The definition of a function of the expression language: its types, description and example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sagerecon.mapping.record_context import (
    FREE_TEXT,
    NUMBERS,
    CompiledValue,
    RecordContext,
    RefusalError,
    with_article,
)
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.type import DECIMAL, INTEGER, UNKNOWN, Type

ResultType: TypeAlias = Callable[[Sequence[Type]], Type]

#: The types that a parameter accepts, by the name of the parameter type; "any" is every scalar.
_ACCEPTS: dict[str, tuple[str, ...]] = {
    "number": NUMBERS,
    "integer": ("integer",),
    "text": ("text",),
    "date": ("date", "datetime"),
    "any": ("text", "integer", "decimal", "boolean", "date", "datetime"),
    "list": ("list",),
    "numbers": ("list",),
}

_NUMBER_ITEMS = (INTEGER, DECIMAL, UNKNOWN, None)

#: What messages call a parameter type whose own name does not say it.
_SHOWN = {"any": "a single value", "numbers": "a list of numbers"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of single values. A null argument gives null, unless the function `accepts_null`."""

    name: str
    signature: str
    about: str
    parameter_types: tuple[str, ...]
    result_type: ResultType
    apply: Callable[..., Any]
    example: tuple[str, str]  #: an expression and the text of its result
    is_variadic: bool = False  #: the last parameter may be repeated
    accepts_null: bool = False
    is_of_one_type: bool = False  #: the arguments must be of one type

    def argument_error(self, types: Sequence[Type]) -> str:
        """Return what is wrong with arguments of these types; empty where nothing is."""
        least, most = len(self.parameter_types), 99 if self.is_variadic else len(self.parameter_types)
        if not least <= len(types) <= most:
            wanted = f"{least} or more arguments" if self.is_variadic else counted(least, "argument")
            return f"{self.name} needs {wanted}, not {len(types)}."
        for number, type_ in enumerate(types):
            wanted = self.parameter_types[min(number, least - 1)]
            is_of_others = wanted == "numbers" and type_.item not in _NUMBER_ITEMS
            if type_.name not in (*_ACCEPTS[wanted], "unknown") or (type_.name == "list" and is_of_others):
                needed = _SHOWN.get(wanted) or with_article(wanted)
                return f"{self.name} needs {needed}, not {with_article(type_)}."
        if (self.is_variadic or self.is_of_one_type) and self._mixes_types(types):
            return f"{self.name} cannot mix {' and '.join(dict.fromkeys(str(type_) for type_ in types))}."
        return ""

    def _mixes_types(self, types: Sequence[Type]) -> bool:
        names = {type_.name for type_ in types} - {"unknown"}
        return len(names) > 1 and not names <= set(NUMBERS)


@dataclass(frozen=True, slots=True)
class ListFunction:
    """A function of a list; its second argument is evaluated for each item, named `item`."""

    name: str
    signature: str
    about: str
    accepts: Callable[[Type, int], bool]  #: the type of an item, and how many arguments there are
    result_type: Callable[[Type], Type]
    apply: Callable[[list[Any]], Any]
    example: tuple[str, str]
    needs_body: bool = False


def compile_call(function: Function, arguments: Sequence[CompiledValue]) -> CompiledValue:
    """Return the value of the function applied to its arguments."""
    reads, apply = [argument.read for argument in arguments], function.apply
    result = function.result_type([argument.type for argument in arguments])
    accepts_null, name = function.accepts_null, function.name

    def read(record: RecordContext) -> Any:
        values = [read(record) for read in reads]
        if None in values and not accepts_null:
            return None
        try:
            made = apply(*values)
        except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError) as error:
            raise unfit(name, error) from None  # of a type that was not known before this record was read
        if type(made) is str:
            if len(made) > FREE_TEXT:
                record.spend_text(len(made))
        elif type(made) is list:
            record.spend_items(len(made))
        return made

    return CompiledValue(result, read)


def unfit(name: str, error: Exception) -> RefusalError:
    """Return the refusal of a record whose values a function cannot take."""
    return RefusalError(Code.NOT_COMPARABLE, f"{name} cannot be applied to these values: {error}")
