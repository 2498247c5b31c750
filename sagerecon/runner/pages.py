"""One page of a listing, and whether it is the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Sage's page where none is asked for.
_USUAL_PAGE = 20


@dataclass(frozen=True, slots=True)
class Page:
    """The entities on a page. `is_repeated`: Sage answered an earlier page again, as it does past the end."""

    items: Sequence[Mapping[str, Any]]
    is_last: bool
    is_repeated: bool = False
    why_incomplete: str = ""  #: why entities of the page are missing from the answer; empty where none is


def read_page(body: Any, page: int, query: Mapping[str, str]) -> Page:
    """Return the `page`-th page of a listing from an answer's body, or the single entity in it.

    The total decides whether a page is the last, then the link to the next page: the link is not always
    present, and a loop that waits for an empty page never ends.
    """
    if not isinstance(body, Mapping) or "$items" not in body:
        entities = body if isinstance(body, list) else [body]
        return Page([entity for entity in entities if isinstance(entity, Mapping)], is_last=True)
    items = body["$items"]
    if page > 1 and body.get("$page") not in (None, page):
        return Page([], is_last=True, is_repeated=True)
    size = int(body.get("$itemsPerPage", query.get("items_per_page", _USUAL_PAGE)))
    if (total := body.get("$total")) is not None:
        before, counted = (page - 1) * size, int(total)
        is_last = not items or before + len(items) >= counted
        why = _why_incomplete(len(items), min(size, counted - before), page)
        return Page(items, is_last, why_incomplete=why)
    if "$next" in body:
        return Page(items, is_last=not items or body["$next"] is None)
    return Page(items, is_last=len(items) < size)


def _why_incomplete(found: int, expected: int, page: int) -> str:
    """Return why a page cannot be relied on: an entity that it lacks would count as absent from Sage."""
    if found >= expected:
        return ""
    return f"page {page} of the listing lacks entities: it has {found:,}, and Sage counts {expected:,}"


def unexpected_values(items: Sequence[Mapping[str, Any]], expect: Mapping[str, str]) -> list[str]:
    """Return a text for each value that is not the expected one; values Sage does not answer are ignored."""
    found = []
    for path, wanted in expect.items():
        for item in items:
            value: Any = item
            for name in path.split("."):
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is not None and str(value) != wanted:
                found.append(f"{path.partition('.')[0].replace('_', ' ')} is {value}, not {wanted}")
    return found
