"""The pages of a listing, up to the last one."""

from typing import Any

import pytest

from sagerecon.runner.pages import read_page

QUERY = {"items_per_page": "2"}


@pytest.mark.parametrize(
    ("body", "page", "is_last"),
    [
        ({"$total": 4, "$page": 1, "$items": [{}, {}]}, 1, False),
        ({"$total": 4, "$page": 2, "$next": "/more", "$items": [{}, {}]}, 2, True),  # the total decides
        ({"$total": 0, "$page": 1, "$items": []}, 1, True),
        ({"$next": "/contacts?page=2", "$items": [{}, {}]}, 1, False),
        ({"$next": None, "$items": [{}, {}]}, 1, True),
        ({"$items": [{}, {}]}, 1, False),
        ({"$items": [{}]}, 3, True),
        ({"$total": 9, "$page": 2, "$items": []}, 2, True),
    ],
)
def test_where_a_listing_ends(body: dict[str, Any], page: int, is_last: bool) -> None:
    assert read_page(body, page, QUERY).is_last is is_last


def test_a_page_past_the_end_is_recognised_as_a_repetition() -> None:
    found = read_page({"$page": 2, "$items": [{"id": "A"}]}, 3, QUERY)
    assert (found.items, found.is_last, found.is_repeated) == ([], True, True)


def test_the_size_of_a_page_is_the_one_that_sage_states() -> None:
    body = {"$total": 3, "$page": 2, "$itemsPerPage": 1, "$items": [{}]}
    assert not read_page(body, 2, QUERY).is_last


@pytest.mark.parametrize(
    "body", [{"$total": 9, "$page": 2, "$items": []}, {"$total": 9, "$page": 1, "$items": [{}]}]
)
def test_a_page_without_entities_before_the_total_is_reached_is_cut(body: dict[str, Any]) -> None:
    found = read_page(body, 2, QUERY)
    assert (found.items, found.is_last, found.is_cut) == ([], True, True)


def test_a_single_entity_is_one_page() -> None:
    assert read_page({"from_date": "2026-01-01"}, 1, {}).items == [{"from_date": "2026-01-01"}]
    assert read_page(None, 1, {}).items == []
