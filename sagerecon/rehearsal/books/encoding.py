"""Whole records as JSON text, built from fragments that are encoded once per kind.

A page of `attributes=all` has some 15,000 fields, most of them empty. Building objects first and encoding
them afterwards takes twice as long as writing the text directly; the result is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.presentation import (
    Answer,
    Shape,
    amount_text,
    cached_instant_text,
    json_value,
    name_of,
    reference_answer,
)
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.reply import json_text

Pieces = dict[str, str]


class Template:
    """The fields of a kind as `"name":`, and the empty value of each."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.names = {name: f"{encode_basestring(name)}:" for name in shape.whole}
        self.empty: Pieces = {
            name: f"{self.names[name]}{json_text(value)}" for name, value in shape.whole.items()
        }

    def pieces(self, company: Company, row: Row) -> Pieces:
        """Return the fields of a record as JSON text."""
        shape, names, pieces = self.shape, self.names, self.empty.copy()
        kind = shape.kind
        pieces["id"] = f'"id":"{row.id}"'
        pieces["displayed_as"] = f'"displayed_as":{_string(name_of(company, kind.name, row))}'
        pieces["$path"] = f'"$path":"{kind.path}/{row.id}"'
        pieces["created_at"] = f'"created_at":"{cached_instant_text(row.created_at)}"'
        pieces["updated_at"] = f'"updated_at":"{cached_instant_text(row.updated_at)}"'
        if row.deleted_at:
            pieces["deleted_at"] = f'"deleted_at":"{cached_instant_text(row.deleted_at)}"'
        shown, lines = shape.empty, shape.lines
        for name, value in row.values.items():
            if value is None or name not in shown:
                continue
            if value and name in lines:
                whole = [{**lines[name], **line} for line in json_value(company, value)]
                pieces[name] = names[name] + json_text(whole)
            else:
                pieces[name] = names[name] + value_text(company, value)
        return pieces


def value_text(company: Company, value: Any) -> str:
    """Return a value of a record as JSON text."""
    if value is None:
        return "null"
    type_ = value.__class__
    if type_ is str:
        return encode_basestring(value)
    if type_ is bool:
        return "true" if value else "false"
    if type_ is Link:
        named = reference_answer(company, value)
        shown = _string(named["displayed_as"])
        return f'{{"id":{encode_basestring(value.id)},"displayed_as":{shown},"$path":"{named["$path"]}"}}'
    if type_ is Decimal:
        return f'"{amount_text(value)}"'
    if type_ is list:
        return f"[{','.join([value_text(company, item) for item in value])}]"
    if type_ is dict:
        parts = [f"{encode_basestring(name)}:{value_text(company, item)}" for name, item in value.items()]
        return f"{{{','.join(parts)}}}"
    return json_text(json_value(company, value))


def set_fields(pieces: Pieces, computed: Mapping[str, Any]) -> None:
    """Set computed fields, replacing earlier ones."""
    for name, value in computed.items():
        text = "true" if value is True else "false" if value is False else json_text(value)
        pieces[name] = f"{encode_basestring(name)}:{text}"


def join_object(pieces: Pieces) -> str:
    """Return the fields as one JSON object."""
    return f"{{{','.join(pieces.values())}}}"


def envelope_text(envelope: Answer, items: Iterable[str]) -> bytes:
    """Return an envelope as JSON, with `$items`, its last field, given as text."""
    head = json_text(envelope)
    return f"{head.removesuffix('[]}')}[{','.join(items)}]}}".encode()


def _string(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
