"""A summary of a business, for the start page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.rehearsal.request import ApiRequest, Books, User

_VISITOR = User("0" * 32, "A visitor", "--")


def overview(books: Books, catalog: Catalog, now: int) -> dict[str, Any]:
    """Return name, country, edition and record counts of a business, without fixed lists and rates."""
    return {
        "id": books.id,
        "name": books.name,
        "country": books.country,
        "edition": books.edition,
        "contents": {
            kind.resource: count
            for kind in catalog
            if _has_records(kind) and (count := _count(books, kind.path, now))
        },
    }


def _has_records(kind: Kind) -> bool:
    return not kind.is_fixed_list and (kind.can("create") or "id" in kind.base_fields)


def references(books: Books, path: str, now: int) -> Iterator[str]:
    """Yield the reference of every record of a list, as the business answers it."""
    page, read, total = 1, 0, 1
    while read < total:
        query = {"items_per_page": "200", "page": str(page), "attributes": "reference"}
        reply = books.handle(
            ApiRequest(method="GET", path=path, query=query, body=None, user=_VISITOR, now=now)
        )
        if reply.status != 200 or not reply.body["$items"]:
            return
        yield from (item["reference"] for item in reply.body["$items"] if item.get("reference"))
        read, total, page = read + len(reply.body["$items"]), reply.body["$total"], page + 1


def _count(books: Books, path: str, now: int) -> int:
    reply = books.handle(
        ApiRequest(method="GET", path=path, query={"items_per_page": "1"}, body=None, user=_VISITOR, now=now)
    )
    if reply.status != 200 or not isinstance(reply.body, dict):
        return 0
    total: int = reply.body.get("$total", 0)
    return total
