"""Check that an answer has the form of its resource: no later place asks what a list or an object is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import Catalog, Field, Kind

#: What counts the entities of a listing; none has as many digits as this number.
_COUNTS, _MOST = ("$total", "$page", "$itemsPerPage"), 10**12

#: What names an entity of any kind.
_NAMES = ("id", "displayed_as", "number", "reference", "created_at", "updated_at", "deleted_at")


def form_fault(body: Any, path: str, catalog: Catalog) -> str:
    """Return what has another form than the catalog says, such as `$items`; empty if nothing has.

    A value may be absent or null anywhere, and simple values are compared where they are used: only what has
    to be an object or a list is looked at.

    Args:
        path: of the call, such as /contacts/1.
    """
    kind = catalog.by_resource(path.strip("/").partition("/")[0])
    if not isinstance(body, Mapping) or "$items" not in body:
        entities, inside = (body if isinstance(body, list) else [body]), ""
        if not isinstance(body, Mapping | list):
            return "the whole"
    else:
        if name := next((name for name in _COUNTS if not _is_count(body.get(name))), ""):
            return name
        entities, inside = body["$items"], "$items"
    if not isinstance(entities, list) or not all(isinstance(entity, Mapping) for entity in entities):
        return inside or "the whole"
    faults = (_fault(entity, kind) for entity in entities)
    return next((fault for fault in faults if fault), "")


def _is_count(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < _MOST)


def _fault(entity: Mapping[str, Any], kind: Kind | None) -> str:
    if name := next((name for name in _NAMES if isinstance(entity.get(name), Mapping | list)), ""):
        return name
    return _fields_fault(entity, kind.fields if kind else {})


def _fields_fault(held: Mapping[str, Any], fields: Mapping[str, Field]) -> str:
    for field in fields.values():
        value, name = held.get(field.answered_as), field.answered_as
        has_objects = bool(field.refers_to or field.fields) or "object" in (field.type, field.items)
        if value is None or not (has_objects or field.type == "list"):
            continue
        if isinstance(value, list) is not (field.type == "list"):
            return name
        for item in value if isinstance(value, list) else [value]:
            if has_objects and not isinstance(item, Mapping):
                return name
            if field.fields and (fault := _fields_fault(item, field.fields)):
                return f"{name}.{fault}"
    return ""
