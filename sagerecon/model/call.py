"""One call to Sage and what came back, before anybody judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the API: `path` is bare (`/contacts`), `body` is the JSON with its wrapper."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. `body` is None where it sent nothing that is JSON."""

    status: int
    body: Any
    retry_after_ms: int | None = None  #: from Retry-After, whether in seconds or as a date
    request_id: str = ""  #: `x_request_id`, which Sage's support asks for
    size: int = 0  #: bytes of the answer, for the hourly byte limit
    expires_at: int = 0  #: when the bearer token that was used ends; nobody re-sends before it
