"""The path to the value of a natural key: through the fields of a kind and its links to other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sagerecon.model.catalog import Catalog, Field, Kind
from sagerecon.model.count import with_article

#: Kinds by name, as a catalog gives them.
Kinds: TypeAlias = Catalog | Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Where an answer has the value of a natural key.

    `field` is the last field of the path; None for a field of every answer, such as `id`. Where the path
    crosses a link, `link` is the link's path in the answer, `linked_kind` the kind that it leads to, and
    `linked_field` the key of that kind.
    """

    names: tuple[str, ...]  #: in the answer
    field: Field | None
    sent_as: str = ""  #: the first name as a body has it: `bank_account_id`
    link: str = ""
    linked_kind: str = ""
    linked_field: str = ""

    @property
    def is_link(self) -> bool:
        """Whether the value is the id of another entity."""
        return self.field is not None and bool(self.field.refers_to) and self.field.type != "list"


def key_path(kinds: Kinds, kind: Kind, name: str) -> KeyPath | None:
    """Return the way to the key `name`, perhaps dotted, of `kind`; None where the catalog has no such field.

    Each part has its name in requests, or its name in answers.
    """
    fields, parts = kind.fields, name.split(".")
    if name in kind.base_fields and name not in fields:
        return KeyPath((name,), None, name)
    names: list[str] = []
    sent_as = ""
    for number, part in enumerate(parts, start=1):
        found = _field(fields, part)
        if found is None:
            return None
        names.append(found.answered_as)
        sent_as = sent_as or found.name
        rest = parts[number:]
        if not rest:
            return KeyPath(tuple(names), found, sent_as)
        if _field(found.fields, rest[0]) is None and found.refers_to in kinds:
            beyond = key_path(kinds, kinds[found.refers_to], ".".join(rest))
            return beyond and KeyPath(
                (*names, *beyond.names),
                beyond.field,
                sent_as,
                link=".".join(names),
                linked_kind=found.refers_to,
                linked_field=".".join(rest),
            )
        fields = found.fields
    return None


def why_never_found(kinds: Kinds, kind: Kind, name: str) -> str:
    """Return why no reading of Sage can find an entity by the key `name`; empty where one can.

    Args:
        name: a field that `key_path` knows.
    """
    path = key_path(kinds, kind, name)
    if path is None or path.names == ("id",):
        return ""
    if why := _why_not_listed(kind):
        return why
    if path.field is None:
        return ""
    unanswered = _unanswered(kind, path)
    if unanswered:
        return f"Sage does not answer {unanswered} of {with_article(kind.name)}"
    if path.field.type in ("list", "object") and not path.is_link:
        return f"{name} is {'a list' if path.field.type == 'list' else 'an object'}, not a single value"
    if path.link and (why := why_never_found(kinds, kinds[path.linked_kind], path.linked_field)):
        return why
    return ""


def is_answered_in_listing(kind: Kind, path: KeyPath) -> bool:
    """Return whether a listing of `kind` shows the value, and not only the link on the way to it."""
    return not path.link or "nested_attributes" in kind.filters


def _why_not_listed(kind: Kind) -> str:
    if not kind.can("list"):
        return f"Sage has no listing of {kind.resource}"
    if kind.required_filters:
        return f"a listing of {kind.resource} needs {', '.join(kind.required_filters)}"
    return ""


def _unanswered(kind: Kind, path: KeyPath) -> str:
    """Return the first field of the path, as far as the kind's own fields go, that is in no answer."""
    fields = kind.fields
    for name in path.names:
        found = _field(fields, name)
        if found is None:
            return ""
        if not found.answered:
            return found.name
        fields = found.fields
    return ""


def _field(fields: Mapping[str, Field], name: str) -> Field | None:
    """Return the field with this name in requests or in answers."""
    found = fields.get(name)
    return found or next((known for known in fields.values() if known.answered_as == name), None)
