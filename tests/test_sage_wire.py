"""Tests of reading Sage's wire format."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.model.clock import instant
from sagerecon.sage.wire import is_subscription_lapsed, read_body, retry_after_ms

NOW = instant("2026-01-05T08:00:00Z")

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["$message", "$source", "error"]), inner, max_size=3),
    ),
    max_leaves=12,
)


def test_numbers_are_exact() -> None:
    assert read_body(b'{"weight": 0.1, "count": 3}') == {"weight": Decimal("0.1"), "count": 3}
    assert isinstance(read_body(b"0.1"), Decimal)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a":', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_content_that_is_not_json_is_none(content: bytes) -> None:
    assert read_body(content) is None


def test_half_a_character_is_read_as_lost() -> None:
    body = rb'{"a\ud800": ["Oak \uDC00", "\ud83d\ude80 \\ud800"], "b": 1}'
    assert read_body(body) == {"a\ufffd": ["Oak \ufffd", "\U0001f680 \\ud800"], "b": 1}


def test_a_lapsed_subscription_differs_from_an_expired_token() -> None:
    assert is_subscription_lapsed([{"$message": "No active subscription. (MSE)"}])
    assert not is_subscription_lapsed([{"$message": "Token expired"}])


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("30", 30_000),
        (" 0 ", 0),
        ("Mon, 05 Jan 2026 08:01:30 GMT", 90_000),
        ("Mon, 05 Jan 2026 09:01:30 +0100", 90_000),
        ("Mon, 05 Jan 2026 07:00:00 GMT", 0),
        ("soon", None),
        ("9" * 5_000, None),
        ("1 Jan 99999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_each_form(text: str | None, wait: int | None) -> None:
    assert retry_after_ms(text, NOW) == wait


@given(st.text(max_size=40), JSON)
def test_any_content_is_read_without_an_exception(text: str, body: Any) -> None:
    wait = retry_after_ms(text, NOW)
    assert wait is None or wait >= 0
    is_subscription_lapsed(body)
