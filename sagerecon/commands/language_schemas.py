"""The JSON Schemas that hold for every project, for the editors of those who write its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sagerecon.documents.package import schema

#: The files that people edit.
_SORTS = ("project", "sources", "mapping", "crosswalk", "tests", "decisions")


def language_schemas() -> dict[str, str]:
    """Return the JSON Schemas that hold for every project, by the names of their files."""
    return {schema_file(sort): schema_text(schema(sort)) for sort in _SORTS}


def schema_file(sort: str) -> str:
    """Return the name of the file with the schema of a sort of files."""
    return f"{sort}.schema.json"


def schema_text(document: Mapping[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(_for_editors(document), ensure_ascii=False, separators=(",", ":")) + "\n"


def _for_editors(schema: Any) -> Any:
    """Return a schema for readers that take `12.10` for a number, which sagerecon reads as text."""
    if isinstance(schema, list):
        return [_for_editors(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = {name: _for_editors(each) for name, each in schema.items()}
    types = schema.get("type")
    if isinstance(types, list) and {"string", "integer"} <= set(types) and "number" not in types:
        changed["type"] = [*types, "number"]
    return changed
