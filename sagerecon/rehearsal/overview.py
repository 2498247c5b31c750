"""What is in a business, for a visitor of the start page."""

from __future__ import annotations

from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.rehearsal.request import ApiRequest, Books, User

_VISITOR = User("0" * 32, "A visitor", "--")


def overview(books: Books, catalog: Catalog, now: int) -> dict[str, Any]:
    """Name, country, edition and how many records of each kind stand in it."""
    return {
        "id": books.id,
        "name": books.name,
        "country": books.country,
        "edition": books.edition,
        "contents": {kind.resource: count for kind in catalog if (count := _count(books, kind.path, now))},
    }


def _count(books: Books, path: str, now: int) -> int:
    reply = books.handle(ApiRequest("GET", path, {"items_per_page": "1"}, None, _VISITOR, now))
    if reply.status != 200 or not isinstance(reply.body, dict):
        return 0
    total: int = reply.body.get("$total", 0)
    return total
