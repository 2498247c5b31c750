"""One page of a listing, and whether it is the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Sage's page where none is asked for.
_USUAL_PAGE = 20


@dataclass(frozen=True, slots=True)
class Page:
    """The entities on a page.

    `total` is the number of entities in the listing as this page states it, 0 where it does not.
    `is_repeated`: Sage answered an earlier page again, as it does past the end. `is_cut`: the page has no
    entity although the total says that more follow.
    """

    items: Sequence[Mapping[str, Any]]
    is_last: bool
    total: int = 0
    is_repeated: bool = False
    is_cut: bool = False


def read_page(body: Any, page: int, query: Mapping[str, str]) -> Page:
    """Return the `page`-th page of a listing from an answer's body, or the single entity in it.

    The total decides whether a page is the last, then the link to the next page: the link is not always
    present, and a loop that waits for an empty page never ends. The size of a page is the one that Sage
    states, which may be smaller than the one asked for.
    """
    if not isinstance(body, Mapping) or "$items" not in body:
        entities = body if isinstance(body, list) else [body]
        return Page([entity for entity in entities if isinstance(entity, Mapping)], is_last=True)
    items = body["$items"]
    size = int(body.get("$itemsPerPage") or query.get("items_per_page") or _USUAL_PAGE)
    total = int(body.get("$total") or 0)
    is_cut = (page - 1) * size < total
    if page > 1 and body.get("$page") not in (None, page):
        return Page([], is_last=True, total=total, is_repeated=True, is_cut=is_cut)
    if body.get("$total") is not None:
        is_last = not items or (page - 1) * size + len(items) >= total
        return Page(items, is_last=is_last, total=total, is_cut=is_cut and not items)
    if "$next" in body:
        return Page(items, is_last=not items or body["$next"] is None)
    return Page(items, is_last=len(items) < size)


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
