"""Requests and answers between the API gateway and the books behind it.

Whatever concerns the whole API is done before the books see a request: sign-in, permissions, limits,
idempotency, faults. A business sees a user, a bare path and parsed JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sagerecon.model.catalog import Kind

FULL = "full"
RESTRICTED = "restricted"  #: may not delete
READ_ONLY = "read_only"  #: may not write


@dataclass(frozen=True, slots=True)
class User:
    """The user who sends a request; bookings carry the initials, `role` applies to this business."""

    id: str
    displayed_as: str
    initials: str
    role: str = FULL


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that passed the gateway; `path` is bare (`/contacts/ab12`), `now` is milliseconds."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any  #: parsed JSON with exact numbers, without its `idempotency_id`; None if there is none
    user: User
    now: int
    wants_text: bool = False  #: whether a list may be answered as encoded bytes


@dataclass(frozen=True, slots=True)
class ApiReply:
    """The answer of a business: a JSON-able body with amounts as strings, or None for no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Books(Protocol):
    """A business as the gateway sees it. A refused request changes nothing."""

    @property
    def id(self) -> str:
        """32 hex characters."""
        ...

    @property
    def name(self) -> str: ...

    @property
    def country(self) -> str:
        """GB, IE or CA."""
        ...

    @property
    def edition(self) -> str: ...

    def handle(self, request: ApiRequest) -> ApiReply:
        """Answer a request; a refusal has an error array as its body."""
        ...

    def offers(self, kind: Kind, operation: str) -> bool:
        """Return whether this business offers the operation."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Return the fields of `/businesses/{id}` besides id, name, path and the user's permissions."""
        ...

    def document(self) -> Any:
        """Return the whole state as JSON, for saving."""
        ...


def error(code: str, message: str, source: str = "", severity: str = "error") -> dict[str, str]:
    """Return one member of the error array that Sage answers when it refuses."""
    return {"$severity": severity, "$dataCode": code, "$message": message, "$source": source}
