"""Natural keys in one spelling: of the record that refers to an entity, and of the entity Sage answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.key import NaturalKey


def normal_key(kind: Kind, key: NaturalKey) -> NaturalKey:
    """Return the key in the one spelling the id map keeps: Sage's account 0041 is the integer 41."""
    field = _field(kind, key.field)
    if field is None or field.type != "integer" or not key.value.isdecimal():
        return key
    digits = "".join(str(int(digit)) for digit in key.value)  # int() refuses more than 4,300 digits
    return replace(key, value=digits.lstrip("0") or "0")


def natural_keys(kind: Kind, answer: Mapping[str, Any], fields: Iterable[str]) -> Iterator[NaturalKey]:
    """Yield the keys that the entity in `answer` has in `fields`, which may be dotted."""
    for name in fields:
        value = at_path(answer, _answer_path(kind, name))
        if isinstance(value, Mapping):
            value = value.get("id")
        if value is not None and value != "" and not isinstance(value, list):
            yield normal_key(kind, NaturalKey(name, str(value)))


def at_path(document: Any, path: Iterable[str]) -> Any:
    """Return what `document` has at `path`, or None where a part of the path is missing."""
    for part in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def _answer_path(kind: Kind, name: str) -> list[str]:
    """Return the path of a field, perhaps dotted, in an answer."""
    first, *rest = name.split(".")
    field = kind.fields.get(first)
    return [field.answered_as if field is not None else first, *rest]


def _field(kind: Kind, name: str) -> Field | None:
    """Return the field, perhaps dotted, or None where the catalog does not know it."""
    first, *rest = name.split(".")
    field = kind.fields.get(first)
    for part in rest:
        field = field.fields.get(part) if field is not None else None
    return field
