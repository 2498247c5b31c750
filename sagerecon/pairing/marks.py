"""Marks by which the key ladder finds the entities that a draft may be, without comparing it with each."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.money import magnitude
from sagerecon.pairing.identity import as_decimal, draft_keys, entity_keys
from sagerecon.pairing.recovery import NUMBER
from sagerecon.pairing.renames import key_fields, names_in, spelling


def marks_of_draft(draft: Draft, catalog: Catalog) -> Iterator[Hashable]:
    """Yield the marks of the entities that a draft may be."""
    yield from marks_of_keys(draft, catalog)
    kind = catalog[draft.kind]
    yield from name_marks(draft.body, kind, key_fields(kind, draft.identity))
    content = content_mark(draft.kind, draft.body, draft.amount, kind)
    if content is not None:
        yield content


def marks_of_keys(draft: Draft, catalog: Catalog) -> Iterator[Hashable]:
    """Yield the keys of a draft and its number, in any spelling."""
    for key in draft_keys(draft, catalog):
        yield from _spelling(draft.kind, key.field, key.value)
    yield from _spelling(draft.kind, NUMBER, draft.body.get(NUMBER))


def marks_of_entity(entity: Entity, catalog: Catalog) -> Iterator[Hashable]:
    """Yield the marks of the drafts that may be an entity; none of a kind that the catalog does not have."""
    if entity.kind not in catalog:
        return
    for key in entity_keys(entity, catalog):
        yield from _spelling(entity.kind, key.field, key.value)
    yield from _spelling(entity.kind, NUMBER, entity.body.get(NUMBER))
    yield from name_marks(entity.body, catalog[entity.kind], ())
    content = content_mark(entity.kind, entity.body, None, catalog[entity.kind])
    if content is not None:
        yield content


def _spelling(kind: str, field: str, value: object) -> Iterator[Hashable]:
    """Yield the mark of a key in any spelling; none where it has no letter or digit."""
    spelt = spelling(str(value or ""))
    if spelt:
        yield (kind, field, spelt)


def name_marks(body: Mapping[str, Any], kind: Kind, keys: Collection[str]) -> Iterator[Hashable]:
    """Yield a mark for each name of a record of a kind without a date; the day, of one without an amount."""
    for _, name in names_in(body, kind, keys):
        yield (kind.name, "name for people", name)
    if kind.date and not kind.amount and (day := str(body.get(kind.date) or "")[:10]):
        yield (kind.name, "day", day)


def content_mark(kind: str, body: Mapping[str, Any], amount: object, known: Kind) -> Hashable:
    """Return the mark of date and amount; None where one of them is not known."""
    day = str(body.get(known.date) or "")[:10] if known.date else ""
    found = as_decimal(body.get(known.amount)) if known.amount else None
    found = as_decimal(amount) if found is None else found
    return (kind, day, magnitude(found)) if day and found is not None else None
