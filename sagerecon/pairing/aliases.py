"""Keys that a record had earlier: what was written under them, and what referred to them, in today's keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagerecon.model.draft import node_document, read_node
from sagerecon.model.entity import Written
from sagerecon.model.value import fingerprint

#: Kind and earlier draft key -> the key that the record has now.
Aliases = Mapping[tuple[str, str], str]


def under_todays_key(record: Written, aliases: Aliases) -> Written:
    """Return what was written with today's keys: its own, and those of the records it refers to."""
    sent = with_todays_references(record.sent, aliases)
    key = current_key(record.kind, record.key, aliases)
    if key == record.key:
        return record if sent == record.sent else replace(record, sent=sent)
    return replace(record, key=key, sent=sent, content=fingerprint(node_document(read_node(sent))))


def with_todays_references(document: Any, aliases: Aliases) -> Any:
    """Return a body as `node_document` writes it, with each reference to an earlier key as one to today's."""
    if isinstance(document, Mapping):
        if "$ref" in document and "key" in document:
            key = current_key(document["$ref"], document["key"], aliases)
            return {**document, "key": key}
        return {name: with_todays_references(child, aliases) for name, child in document.items()}
    if isinstance(document, list | tuple):
        return [with_todays_references(child, aliases) for child in document]
    return document


def current_key(kind: str, key: str, aliases: Aliases) -> str:
    """Return the key that a record has now, however often it was renamed."""
    seen = {key}
    while (later := aliases.get((kind, key))) is not None and later not in seen:
        seen.add(later)
        key = later
    return key
