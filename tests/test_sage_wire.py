"""The wire format and paging: pure, without a call."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sage import small_catalog

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import instant
from sagerecon.model.errors import SageError
from sagerecon.sage.paging import pages
from sagerecon.sage.wire import (
    error_codes,
    error_sentences,
    is_subscription_lapsed,
    read_body,
    read_entity,
    read_listing,
    retry_after_ms,
)

CONTACT = small_catalog()["contact"]
NOW = instant("2026-01-05T08:00:00Z")


def test_amounts_are_decimal_wherever_the_catalog_says_so() -> None:
    body = read_body(
        b'{"id": "ab", "name": "12.50", "credit_limit": "2000.0", "displayed_as": "1.0",'
        b' "main_address": {"city": "1.5", "distance": "0.10"}, "lines": [{"distance": 3}, {}]}'
    )
    entity = read_entity(CONTACT, body)
    assert entity.sage_id == "ab"
    assert entity.body["name"] == "12.50"
    assert entity.body["displayed_as"] == "1.0"
    assert entity.body["credit_limit"] == Decimal("2000.0")
    assert isinstance(entity.body["credit_limit"], Decimal)
    assert entity.body["main_address"] == {"city": "1.5", "distance": Decimal("0.10")}
    assert entity.body["lines"] == [{"distance": Decimal(3)}, {}]


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a":', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_not_json_has_no_body(content: bytes) -> None:
    assert read_body(content) is None


def test_an_amount_that_is_none_and_an_entity_without_an_id_say_so() -> None:
    with pytest.raises(SageError, match=r"Sage sent 'many' is not a number as contact.credit_limit"):
        read_entity(CONTACT, {"id": "ab", "credit_limit": "many"})
    with pytest.raises(SageError, match="a contact without an id"):
        read_entity(CONTACT, {"name": "Oak"})
    with pytest.raises(SageError, match="no page of contacts"):
        list(read_listing(CONTACT, [{"id": "ab"}]))
    assert [entity.sage_id for entity in read_listing(CONTACT, {"$items": [{"id": "ab"}]})] == ["ab"]


def test_errors_become_sentences_with_their_field() -> None:
    body = [
        {
            "$severity": "error",
            "$dataCode": "RecordInvalid",
            "$message": "This field is required.",
            "$source": "n",
        },
        {"$dataCode": "RecordInvalid", "$message": "Couldn't find Supplier.", "$source": "base"},
        {"$dataCode": "Odd"},
    ]
    assert error_sentences(body) == ("n: This field is required.", "Couldn't find Supplier.", "Odd")
    assert error_codes(body) == ("RecordInvalid", "RecordInvalid", "Odd")
    assert error_sentences({"error": "invalid_grant", "error_description": "Used."}) == ("Used.",)
    assert error_sentences(None) == error_codes("x") == ()
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
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_its_shapes(text: str | None, wait: int | None) -> None:
    assert retry_after_ms(text, NOW) == wait


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "$items", "$message", "$source", "error", "credit_limit", "main_address"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(st.text(max_size=40), JSON)
def test_whatever_a_server_sends_there_is_no_traceback(text: str, body: Any) -> None:
    wait = retry_after_ms(text, NOW)
    assert wait is None or wait >= 0
    assert all(isinstance(sentence, str) for sentence in (*error_sentences(body), *error_codes(body)))
    is_subscription_lapsed(body)
    try:
        list(read_listing(CONTACT, body))
    except SageError as error:
        assert str(error).startswith("Sage sent")


def read_all(count: int, size: int, *, total: bool = True, next_path: bool = True) -> tuple[list[int], int]:
    """The items that paging reads of a listing of `count`, and the calls it took."""
    items, calls = [], 0
    paging = pages(Call("GET", "/contacts", {"attributes": "name"}), size)
    call = next(paging)
    while True:
        calls += 1
        assert call.query["attributes"] == "name"
        last = max(1, -(-count // size))
        page = min(int(call.query["page"]), last)  # beyond the end, the last page again
        found = list(range(count))[(page - 1) * size : page * size]
        body: dict[str, Any] = {"$page": page, "$items": [{"id": number} for number in found]}
        if total:
            body["$total"] = count
        if next_path:
            body["$next"] = f"/contacts?page={page + 1}" if page < last else None
        items += found
        try:
            call = paging.send(Answer(200, body))
        except StopIteration as stop:
            assert stop.value == len(items)
            return items, calls


@given(st.integers(0, 60), st.integers(1, 20), st.booleans())
def test_every_item_is_read_once_in_as_few_calls_as_can_be(count: int, size: int, next_path: bool) -> None:
    items, calls = read_all(count, size, next_path=next_path)
    assert items == list(range(count))
    assert calls == max(1, -(-count // size))


@given(st.integers(0, 60), st.integers(1, 20))
def test_without_a_total_the_next_path_ends_it(count: int, size: int) -> None:
    assert read_all(count, size, total=False)[0] == list(range(count))


def test_a_page_that_comes_again_ends_it() -> None:
    """Three items were promised, two are there: one was deleted while we read."""
    paging = pages(Call("GET", "/contacts"), 2)
    next(paging)
    body = {"$total": 3, "$page": 1, "$next": None, "$items": [{"id": "a"}, {"id": "b"}]}
    assert paging.send(Answer(200, body)).query["page"] == "2"
    with pytest.raises(StopIteration) as stop:
        paging.send(Answer(200, body))
    assert stop.value.value == 2
