"""JSON from which the same values are read: amounts, dates, references and tuples keep their type.

`canonical` writes amounts and dates as plain strings, as Sage wants them; here each carries a tag.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any

from sagerecon.model.draft import Reference
from sagerecon.model.key import NaturalKey


def exact_json(value: object) -> str:
    """Return the JSON of a value, on one line and in ASCII; `read_exact` returns an equal value.

    Raises:
        TypeError: it holds something that is neither a value nor a reference.
    """
    return json.dumps(_tagged(value), separators=(",", ":"))


def read_exact(text: str) -> Any:
    """Return the value that `exact_json` wrote.

    Raises:
        ValueError: the text is not of that form.
    """
    try:
        return json.loads(text, object_hook=_untagged)
    except (RecursionError, ArithmeticError, LookupError, TypeError) as error:
        raise ValueError(f"not exact JSON: {type(error).__name__}") from error


def _tagged(value: Any) -> Any:
    """Return the value with a tag at each part that JSON does not have."""
    sort = type(value)
    if sort is str or value is None:  # nearly every leaf
        return value
    if sort is dict:
        tagged = {name: _tagged(part) for name, part in value.items()}
        is_plain = not any(name[:1] == "$" for name in tagged)
        return tagged if is_plain else {"$map": [[name, part] for name, part in tagged.items()]}
    if sort is list:
        return [_tagged(part) for part in value]
    if sort is tuple:
        return {"$tuple": [_tagged(part) for part in value]}
    if sort in (bool, int, float):
        return value
    if sort in _TAGS:
        tag, write = _TAGS[sort]
        return {tag: write(value)}
    if isinstance(value, str):  # a code, or the name of a check
        return str(value)
    if isinstance(value, Mapping):
        return _tagged(dict(value))
    raise TypeError(f"{sort.__name__} has no exact JSON")


def _reference(reference: Reference) -> list[str]:
    if isinstance(reference.key, NaturalKey):
        return [reference.kind, reference.part, reference.key.field, reference.key.value]
    return [reference.kind, reference.part, reference.key]


@lru_cache(maxsize=4_096)  # most records refer to the same few accounts and tax rates
def _read_reference(kind: str, part: str, *key: str) -> Reference:
    return Reference(kind, NaturalKey(*key) if len(key) > 1 else key[0], part)


_TAGS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    Decimal: ("$decimal", str),
    date: ("$date", date.isoformat),
    datetime: ("$datetime", datetime.isoformat),
    Reference: ("$reference", _reference),
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$datetime": datetime.fromisoformat,
    "$reference": lambda parts: _read_reference(*parts),
    "$tuple": tuple,
    "$map": dict,
}


def _untagged(document: dict[str, Any]) -> Any:
    if len(document) == 1:
        ((name, content),) = document.items()
        if name[:1] == "$":
            return _READERS[name](content)
    return {intern(name): part for name, part in document.items()}  # of which each record has the same
