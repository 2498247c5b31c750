"""A business behind the door: it answers requests and keeps books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.rehearsal.request import ApiReply, ApiRequest


class Business:
    """One company in the rehearsal Sage; satisfies `request.Books`."""

    id: str
    name: str
    country: str
    edition: str

    def handle(self, request: ApiRequest) -> ApiReply:
        """The answer to `request`; a refusal is an error array and changes nothing."""
        raise NotImplementedError

    def facts(self) -> Mapping[str, Any]:
        """What `/businesses/{id}` says of it beside id, name, path and the asker's rights."""
        raise NotImplementedError

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON, for saving."""
        raise NotImplementedError

    @classmethod
    def from_document(cls, document: Any, catalog: Catalog) -> Business:
        """The business that `document` wrote."""
        raise NotImplementedError


def new_business(
    catalog: Catalog,
    id: str,
    name: str,
    *,
    country: str = "GB",
    edition: str = "plus",
    currency: str = "GBP",
    accounts_start: str = "2016-01-01",
    tax_registered: bool = True,
    seed: int = 1,
    now: int = 0,
) -> Business:
    """A fresh business: the default chart, two bank accounts, the system contacts.

    `accounts_start` is an ISO day; ordinary bookings lie on or after it, opening ones before it.
    `now` is when it was opened, in milliseconds.
    """
    raise NotImplementedError
