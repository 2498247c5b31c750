"""One call to Sage and its answer, before either is interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the API: `path` is relative (`/contacts`), `body` is the JSON with its wrapper."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of the server. `body` is None where it is not JSON."""

    status: int
    body: Any
    retry_after_ms: int | None = None  #: from Retry-After, given in seconds or as a date
    request_id: str = ""  #: `x_request_id`, which Sage's support needs
    size: int = 0  #: bytes of the answer, for the hourly byte limit
    expires_at: int = 0  #: when the bearer token expires; not to be sent again before then


@dataclass(frozen=True, slots=True)
class CallTotal:
    """The requests of one or several runs."""

    sent: int
    unanswered: int  #: sent, and no answer came
    rate_limited: int  #: answered 429
    is_complete: bool = True  #: False where some were sent before the store counted them by run
