"""Whole records as JSON text, put together from pieces that are encoded once per kind.

A page of `attributes=all` is some 15,000 fields, most of them empty. Making the objects first and encoding
them afterwards takes twice as long as writing the text at once; what it says is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.presenting import (
    Answer,
    Shape,
    amount_text,
    base,
    instant_shown,
    name_of,
    plain,
)
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.reply import json_text

Pieces = dict[str, str]


class Template:
    """The fields of a kind as `"name":` and, where nothing was given, the empty value behind it."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.names = {name: f"{encode_basestring(name)}:" for name in shape.whole}
        self.empty: Pieces = {
            name: f"{self.names[name]}{json_text(value)}" for name, value in shape.whole.items()
        }

    def pieces(self, company: Company, row: Row) -> Pieces:
        """The fields of a record, each as text."""
        shape, names, pieces = self.shape, self.names, self.empty.copy()
        kind = shape.kind
        pieces["id"] = f'"id":"{row.id}"'
        pieces["displayed_as"] = f'"displayed_as":{_string(name_of(company, kind.name, row))}'
        pieces["$path"] = f'"$path":"{kind.path}/{row.id}"'
        pieces["created_at"] = f'"created_at":"{instant_shown(row.created_at)}"'
        pieces["updated_at"] = f'"updated_at":"{instant_shown(row.updated_at)}"'
        if row.deleted_at:
            pieces["deleted_at"] = f'"deleted_at":"{instant_shown(row.deleted_at)}"'
        shown, lines = shape.empty, shape.lines
        for name, value in row.values.items():
            if value is None or name not in shown:
                continue
            if value and name in lines:
                whole = [{**lines[name], **line} for line in plain(company, value)]
                pieces[name] = names[name] + json_text(whole)
            else:
                pieces[name] = names[name] + text_of(company, value)
        return pieces


def text_of(company: Company, value: Any) -> str:
    """A value of a record as JSON text."""
    if value is None:
        return "null"
    sort = value.__class__
    if sort is str:
        return encode_basestring(value)
    if sort is bool:
        return "true" if value else "false"
    if sort is Link:
        named = base(company, value)
        shown = _string(named["displayed_as"])
        return f'{{"id":{encode_basestring(value.id)},"displayed_as":{shown},"$path":"{named["$path"]}"}}'
    if sort is Decimal:
        return f'"{amount_text(value)}"'
    if sort is list:
        return f"[{','.join([text_of(company, item) for item in value])}]"
    if sort is dict:
        parts = [f"{encode_basestring(name)}:{text_of(company, item)}" for name, item in value.items()]
        return f"{{{','.join(parts)}}}"
    return json_text(plain(company, value))


def put(pieces: Pieces, computed: Mapping[str, Any]) -> None:
    """Put what was worked out over what stood there."""
    for name, value in computed.items():
        text = "true" if value is True else "false" if value is False else json_text(value)
        pieces[name] = f"{encode_basestring(name)}:{text}"


def joined(pieces: Pieces) -> str:
    """The pieces as one object."""
    return f"{{{','.join(pieces.values())}}}"


def envelope_text(envelope: Answer, items: Iterable[str]) -> bytes:
    """An envelope whose `$items`, the last of its fields, are text."""
    head = json_text(envelope)
    return f"{head.removesuffix('[]}')}[{','.join(items)}]}}".encode()


def _string(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
