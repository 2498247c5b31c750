"""Natural keys in one spelling: of the record that refers to an entity, and of the entity Sage answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import Kinds, key_path


def normal_key(kinds: Kinds, kind: Kind, key: NaturalKey) -> NaturalKey:
    """Return the key in the one spelling the id map keeps: Sage's account 0041 is the integer 41.

    A field that Sage may answer under another path is spelled as that path.
    """
    name = canonical_field(kind, key.field)
    path = key_path(kinds, kind, name)
    field = path.field if path is not None else None
    value = key.value
    if field is not None and field.type == "integer" and value.isdecimal():
        digits = "".join(str(int(digit)) for digit in value)  # int() refuses more than 4,300 digits
        value = digits.lstrip("0") or "0"
    return NaturalKey(name, value)


def natural_keys(
    kinds: Kinds, kind: Kind, answer: Mapping[str, Any], fields: Iterable[str]
) -> Iterator[NaturalKey]:
    """Yield the keys that the entity in `answer` has in `fields`, which may be dotted, each once."""
    found: dict[NaturalKey, None] = {}
    for name in fields:
        for path in dict.fromkeys((name, canonical_field(kind, name))):
            value = _value(kinds, kind, answer, path)
            if value is not None and value != "" and not isinstance(value, list):
                found[normal_key(kinds, kind, NaturalKey(name, str(value)))] = None
    yield from found


def linked_key(kinds: Kinds, kind: Kind, key: NaturalKey) -> tuple[str, Kind, NaturalKey] | None:
    """Return the link that a key crosses, the kind it leads to, and the key of that kind; None without one.

    `ledger_account.nominal_code 1200` of a bank account leads by `ledger_account` to `nominal_code 1200`.
    """
    path = key_path(kinds, kind, canonical_field(kind, key.field))
    if path is None or not path.link:
        return None
    linked = kinds[path.linked_kind]
    return path.link, linked, normal_key(kinds, linked, NaturalKey(path.linked_field, key.value))


def identity_keys(
    kinds: Kinds, kind: Kind, identity: Mapping[str, str], body: Mapping[str, Any]
) -> Iterator[tuple[str, NaturalKey]]:
    """Yield each field of an identity with its key; that of a link is the Sage id in the body.

    Args:
        body: of the request, with every id in it.
    """
    for name, value in identity.items():
        path = key_path(kinds, kind, name)
        sent = body.get(path.sent_as) if path is not None and path.is_link and not path.link else None
        yield name, normal_key(kinds, kind, NaturalKey(name, str(sent) if sent else value))


def key_names(kinds: Kinds, kind: Kind, names: Iterable[str]) -> dict[str, None]:
    """Return the names of keys and of the links that they cross, of which a listing may show the id alone."""
    found: dict[str, None] = {}
    for name in names:
        found[name] = None
        path = key_path(kinds, kind, canonical_field(kind, name))
        if path is not None and path.link:
            found[path.link] = None
    return found


def key_answer_fields(kinds: Kinds, kind: Kind, name: str) -> Iterator[str]:
    """Yield the first names of the paths in an answer on which the value of a key may be."""
    for field in dict.fromkeys((name, canonical_field(kind, name))):
        if (path := key_path(kinds, kind, field)) is not None:
            yield path.names[0]


def canonical_field(kind: Kind, name: str) -> str:
    """Return the field under which a key is kept: Sage may answer `nominal_code` with its ledger account."""
    return next((key.same_as or name for key in kind.natural_keys if key.field == name), name)


def at_path(document: Any, path: Iterable[str]) -> Any:
    """Return what `document` has at `path`, or None where a part of the path is missing."""
    for part in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def _value(kinds: Kinds, kind: Kind, answer: Mapping[str, Any], name: str) -> Any:
    """Return the value of a key in an answer; that of a link is the id of what it leads to."""
    path = key_path(kinds, kind, name)
    value = at_path(answer, path.names if path is not None else name.split("."))
    return value.get("id") if isinstance(value, Mapping) else value
