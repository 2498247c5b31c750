"""Reads Sage's wire format exactly: no number becomes a float."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from sagerecon.model.clock import SECOND, Clock, ServerClock
from sagerecon.model.value import read_json

#: Digits of the seconds to wait: a longer number than a century's is none.
_SECONDS_DIGITS = 9

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def read_body(content: bytes) -> Any:
    """Return the JSON of an answer, or None where it is empty or not JSON.

    An escape such as `\\ud800` stands for half of a character: it is no text, and neither the store nor a
    fingerprint could take it. U+FFFD is read in its place.
    """
    try:
        body = read_json(content) if content else None
        return _with_whole_characters(body) if b"\\ud" in content.lower() else body
    except (ValueError, RecursionError):
        return None


def _with_whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    if isinstance(value, dict):
        items = value.items()
        return {_with_whole_characters(name): _with_whole_characters(item) for name, item in items}
    return value


def retry_after_ms(text: str | None, now: int) -> int | None:
    """Return the milliseconds to wait of a Retry-After header, or None where it has no valid value.

    Its value is a number of seconds or an HTTP date.
    """
    text = (text or "").strip()
    if text.isdecimal():
        return int(text) * SECOND if len(text) <= _SECONDS_DIGITS else None
    moment = _http_date(text)
    return None if moment is None else max(moment - now, 0)


def observe_time(clock: Clock, date: str | None, asked_at: int) -> None:
    """Correct a `ServerClock` by the Date header of an answer; leave any other clock unchanged.

    Args:
        asked_at: the time on the clock when the request was sent.
    """
    if not isinstance(clock, ServerClock):
        return None
    return clock.observe(_http_date(date or ""), asked_at)


def _http_date(text: str) -> int | None:
    """Return the milliseconds since 1970 of a date of HTTP, or None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, ArithmeticError):  # of Python's own reading, by what is wrong with it
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * SECOND


def is_subscription_lapsed(body: Any) -> bool:
    """Return whether a 401 was given because the subscription has ended; new tokens do not help then."""
    errors = body if isinstance(body, list) else []
    return any(
        isinstance(error, Mapping) and "No active subscription" in str(error.get("$message", ""))
        for error in errors
    )
