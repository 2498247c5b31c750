"""Answers of the rehearsal Sage as bytes, and the exception for a dropped connection."""

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

#: Of every page: it has styles and nothing else, and no other page shows it in a frame. Its own form is
#: posted with its origin, which `no-referrer` would hide.
_PAGE_HEADERS = {
    "Content-Type": HTML,
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    is_cut: bool = False  #: the connection ends before the whole body is sent
    elapsed_milliseconds: int = 0  #: time between the request and this answer


class Dropped(Exception):
    """The connection ended without an answer; `sent` says whether the request had been sent."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the connection ended without an answer")
        self.sent = sent


def json_bytes(document: Any) -> bytes:
    """Return a JSON answer as bytes; a Decimal is written as a string, as Sage does."""
    return json_text(document).encode()


def json_reply(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a JSON body, or an empty one for None; bytes are sent unchanged."""
    if document is None or isinstance(document, bytes):
        return Reply(status, dict(headers or {}), document or b"")
    return Reply(status, {"Content-Type": JSON, **(headers or {})}, json_bytes(document))


def refusal(status: int, code: str, message: str, source: str = "") -> Reply:
    """Return a reply with an error array of one member."""
    return json_reply(status, [error(code, message, source)])


def html_reply(status: int, page: str) -> Reply:
    """Return an HTML page as a reply."""
    return Reply(status, _PAGE_HEADERS, page.encode())


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value, least_places=1)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


# Answers are freshly built values without cycles, so the check for cycles is skipped.
json_text = json.JSONEncoder(
    default=_plain, ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode
