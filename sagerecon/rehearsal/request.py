"""The seam between the rehearsal's door and the books behind it: what is asked and what is answered.

The door has dealt with everything that concerns the whole API by then: sign-in, rights, limits,
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
    """Who is asking. Bookings are stamped with the initials; `role` is the one in this business."""

    id: str
    displayed_as: str
    initials: str
    role: str = FULL


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that has passed the door. `path` is bare (`/contacts/ab12`), `now` is milliseconds."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any  #: parsed JSON with numbers exact, without its `idempotency_id`; None where there is none
    user: User
    now: int
    wants_text: bool = False  #: whether a list may come back as the bytes that go out


@dataclass(frozen=True, slots=True)
class ApiReply:
    """What a business answers. `body` is JSON-able; amounts are strings in it already; None sends no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Books(Protocol):
    """A business as the door sees it. A refused request changes nothing."""

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
        """The answer to `request`, with an error array for a refusal."""
        ...

    def offers(self, kind: Kind, operation: str) -> bool:
        """Whether the operation is answered here at all."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What `/businesses/{id}` says of it beside id, name, path and the asker's rights."""
        ...

    def document(self) -> Any:
        """All of it as JSON, for saving."""
        ...


def error(code: str, message: str, source: str = "", severity: str = "error") -> dict[str, str]:
    """One member of the array that Sage answers with when it refuses."""
    return {"$severity": severity, "$dataCode": code, "$message": message, "$source": source}
