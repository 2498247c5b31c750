"""Check that a value which was read from a file has the types that its class declares.

A file of JSON that this program wrote may have been changed since. Its documents are built into value
classes, which check nothing; this does, so that a wrong type is found where the file is read and not where it
is used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sagerecon.model.value import encodable

Typed = TypeVar("Typed")
_Fits = Callable[[Any], bool]

#: The whole numbers that a database keeps in a column.
_BIGINT = 1 << 63

#: Digits before and after the decimal point; an amount has at most 38.
_MOST_DIGITS = 100

#: The types that refer to themselves, which are checked as JSON is.
_RECURSIVE = {"Node": Any, "Value": Any, "Json": Any}

_LISTS = (Sequence, Collection, list)


def require_types(value: Typed) -> Typed:
    """Return a value of a dataclass, or a named tuple, whose fields have the types that it declares.

    Raises:
        ValueError: a field has another type, a text holds half a character, or a whole number has more than
            64 bits.
    """
    cls: Any = type(value)
    for name, fits in _checks(cls):
        if not fits(getattr(value, name)):
            raise ValueError(f"{type(value).__name__}.{name} is of another type than it has to be")
    return value


@cache
def _checks(cls: type) -> tuple[tuple[str, _Fits], ...]:
    hints = get_type_hints(cls, localns=_RECURSIVE)
    names = getattr(cls, "_fields", None) or [field.name for field in fields(cls) if field.init]
    return tuple((name, _check(hints[name])) for name in names)


def _has_fields(hint: type) -> bool:
    """Return whether a type is a dataclass or a named tuple."""
    return is_dataclass(hint) or hasattr(hint, "_fields")


def _check(hint: Any) -> _Fits:
    """Return whether a value has a type, as a function."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return partial(_fits_one, tuple(map(_check, arguments)))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return partial(_fits_each, tuple(map(_check, arguments)))
    if origin is tuple:
        return partial(_fits_all, (tuple,), _check(arguments[0]))
    if origin in _LISTS:
        return partial(_fits_all, (list, tuple), _check(arguments[0]))
    if origin in (Mapping, dict):
        return partial(_fits_mapping, *map(_check, arguments))
    if isinstance(hint, type) and hint is not Any:
        return _OWN.get(hint) or (partial(_fits_class, hint) if _has_fields(hint) else partial(_is_a, hint))
    return _is_plain  # of any type, or of one that refers to itself


def _fits_one(checks: tuple[_Fits, ...], value: object) -> bool:
    return any(fits(value) for fits in checks)


def _fits_each(checks: tuple[_Fits, ...], value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) != len(checks):
        return False
    return all(fits(part) for fits, part in zip(checks, value, strict=True))


def _fits_all(types: Any, fits: _Fits, value: Any) -> bool:
    return isinstance(value, types) and all(fits(part) for part in value)


def _fits_mapping(key: _Fits, part: _Fits, value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(key, value)) and all(map(part, value.values()))


def _fits_class(cls: type, value: object) -> bool:
    if not isinstance(value, cls):
        return False
    require_types(value)
    return True


def _is_a(cls: type, value: object) -> bool:
    return type(value) is cls or (isinstance(value, cls) and not isinstance(value, bool))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and (value.isascii() or encodable(value) == value)


def _is_whole(value: object) -> bool:
    return type(value) is int and -_BIGINT <= value < _BIGINT


def _is_none(value: object) -> bool:
    return value is None


def _is_plain(value: Any) -> bool:
    """Return whether a value of JSON, or of a body, can be written again."""
    if isinstance(value, str):
        return _is_text(value)
    if isinstance(value, Mapping):
        return all(map(_is_text, value)) and all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, Decimal):
        return _is_decimal(value)
    return not isinstance(value, float)


def _is_decimal(value: object) -> bool:
    """Return whether a value is an amount that can be written out; 1e999999999 fills the memory."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= _MOST_DIGITS and value.adjusted() <= _MOST_DIGITS


_OWN: dict[type, _Fits] = {
    str: _is_text,
    int: _is_whole,
    Decimal: _is_decimal,
    NoneType: _is_none,
    object: _is_plain,
}
