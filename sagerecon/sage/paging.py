"""Following a listing page by page; whoever drives it makes the calls."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from sagerecon.model.call import Answer, Call

LARGEST_PAGE = 200


def pages(call: Call, page_size: int = LARGEST_PAGE) -> Generator[Call, Answer, int]:
    """Yields the call for each page and is sent its answer; gives the number of items at the end.

    Only usable answers are sent in. It ends when as many items were read as `$total` says, or when a page
    comes again, which is what Sage does beyond the end. `$next` alone decides only where there is no
    `$total`: it is not always there.
    """
    read, page = 0, 1
    before: Any = None
    while True:
        answer = yield replace(
            call, query={**call.query, "page": str(page), "items_per_page": str(page_size)}
        )
        body = answer.body if isinstance(answer.body, Mapping) else {}
        items = body.get("$items") or []
        if not items or items == before or _page_of(body, page) < page:
            return read
        read += len(items)
        total = body.get("$total")
        if read >= total if isinstance(total, int) else body.get("$next") is None:
            return read
        before, page = items, page + 1


def _page_of(body: Mapping[str, Any], asked: int) -> int:
    page = body.get("$page")
    return page if isinstance(page, int) else asked
