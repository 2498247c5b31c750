"""What a conversation about one write asks of its driver: to send, to read, to wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sagerecon.model.call import Answer, Call
from sagerecon.planning.settling import Attempt


@dataclass(frozen=True, slots=True)
class Send:
    """Request: make the intent durable, then send it. The answer is a `SendResult`."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class SendResult:
    """The attempt as it was sent, and Sage's answer; None where no usable one came.

    One in doubt that could not be sent soon is unchanged, so that its remedy is chosen anew.
    """

    attempt: Attempt
    answer: Answer | None
    now: int
    expires_at: int = 0
    was_sent: bool = True


@dataclass(frozen=True, slots=True)
class NoteFailure:
    """Request: record one more sending without a usable answer, and wait a little. The answer is now."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Request: wait until then. The answer is not used."""

    until: int


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Request: read one page. The answer is Sage's, or None where no usable one came."""

    call: Call


@dataclass(frozen=True, slots=True)
class ReadEntity:
    """Request: read one entity. The answer is what `read_entity` returns."""

    kind: str
    sage_id: str


Request: TypeAlias = Send | NoteFailure | WaitUntil | ReadPage | ReadEntity
