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


@pytest.mark.parametrize(
    ("body", "page", "why"),
    [
        ({"$total": 3, "$items": []}, 1, "it has 0, and Sage counts 2"),
        (
            {"$total": 3, "$items": [{}]},
            1,
            "it has 1, and Sage counts 2",
        ),
        ({"$total": 3, "$items": []}, 2, "it has 0, and Sage counts 1"),
        ({"$total": 3, "$items": [{}]}, 2, ""),
        ({"$total": 3, "$itemsPerPage": 1, "$items": [{}]}, 1, ""),  # Sage allows fewer than asked for
        ({"$total": 2, "$items": []}, 2, ""),  # the last one was deleted in the meantime
        ({"$total": 0, "$items": []}, 1, ""),
    ],
)
def test_a_page_that_lacks_what_sage_counts_is_incomplete(body: dict[str, Any], page: int, why: str) -> None:
    prefix = f"page {page} of the listing lacks entities: " if why else ""
    assert read_page(body, page, QUERY).why_incomplete == prefix + why


def test_a_page_past_the_end_is_recognised_as_a_repetition() -> None:
    found = read_page({"$page": 2, "$items": [{"id": "A"}]}, 3, QUERY)
    assert (found.items, found.is_last, found.is_repeated) == ([], True, True)


def test_a_single_entity_is_one_page() -> None:
    assert read_page({"from_date": "2026-01-01"}, 1, {}).items == [{"from_date": "2026-01-01"}]
    assert read_page(None, 1, {}).items == []
