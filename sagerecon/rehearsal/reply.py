"""What leaves the rehearsal Sage: bytes with a status, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.model.money import decimal_text
from sagerecon.rehearsal.request import error

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    is_cut: bool = False  #: the connection ends before the whole body is through
    took: int = 0  #: milliseconds between the request and this


class Dropped(Exception):
    """The connection ended without an answer; `sent` says whether the request had left."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the connection ended without an answer")
        self.sent = sent


def json_bytes(document: Any) -> bytes:
    """The bytes of a JSON answer; an amount that is still a Decimal goes out as a string, as Sage's do."""
    return json_text(document).encode()


def json_reply(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body, or with none where `document` is None; bytes go out as they are."""
    if document is None or isinstance(document, bytes):
        return Reply(status, dict(headers or {}), document or b"")
    return Reply(status, {"Content-Type": JSON, **(headers or {})}, json_bytes(document))


def refusal(status: int, code: str, message: str, source: str = "") -> Reply:
    """An error array with one member."""
    return json_reply(status, [error(code, message, source)])


def html_reply(status: int, page: str) -> Reply:
    """A page for a browser."""
    return Reply(status, {"Content-Type": HTML, "Cache-Control": "no-store"}, page.encode())


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value, least_places=1)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


# An answer is made of values that were just put together: it holds no circle to look for.
json_text = json.JSONEncoder(
    default=_plain, ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode
