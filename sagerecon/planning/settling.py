"""The life of an attempt: what an answer means, and how a call whose outcome is unknown is settled.

    planned -> sent -> recorded | quarantined | unknown -> (resend same id | look up) -> recorded | absent

An attempt in the state SENT is in doubt: its bytes may have reached Sage. Sage promises to replay a call that
carries the same `idempotency_id` for seven days, so the usual way to settle it is to send the same body again
with the same id. That doubles the record where a server does not keep the promise, so nothing is sent a
second time before the promise was proven for the business: the id of a creation that was answered before is
sent with an empty body. A server that knows the id answers with the entity it created; one that does not
refuses the empty body; neither creates anything. The proof costs one call, at the first doubt, and is kept in
the store.

Where a kind has no such id, the seven days are over, or the promise is not proven or not kept, the record is
looked up, and sent again only if it is absent. A record that a look-up cannot tell from another waits for a
decision. Its outcome is never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import DAY, HOUR, SECOND
from sagerecon.model.finding import Finding
from sagerecon.planning.step import Step, UpdateStep, WriteStep

#: A resend with the same id is safe while Sage remembers the first; half a day short of its seven.
REPLAY_WINDOW = 6 * DAY + 12 * HOUR

#: An answer that has not come after this will not come: twice the longest time we wait for one.
ANSWER_MAY_TAKE = 120 * SECOND

#: How far Sage's listings may lag behind what it has saved.
SEARCH_LAG = 30 * SECOND

#: How often one body is sent without an answer, or with the same failure, before it is looked up instead.
SENDINGS = 3


#: The code of the refusal of an id that was sent with another body before.
_OTHER_BODY = "IdempotencyResourceMismatch"


class State(Enum):
    """What has become of a step of a run. A step without a state has not begun."""

    PLANNED = "planned"  #: begun, and known not to have been carried out
    SENT = "sent"  #: its bytes may have left; the outcome is not known
    READING = "reading"  #: some pages are read
    RECORDED = "recorded"  #: carried out, and Sage's answer is kept
    QUARANTINED = "quarantined"  #: needs review; this plan does not try it again
    UNDECIDED = "undecided"  #: not carried out: Sage holds something else than was written; a decision is due
    BLOCKED = "blocked"  #: something it refers to is not in Sage; the same command tries it again once it is
    PARKED = "parked"  #: not carried out for a reason outside the record; the same command tries it again


#: States of steps that are finished for good.
FINAL = frozenset({State.RECORDED, State.QUARANTINED, State.UNDECIDED})


class RunState(StrEnum):
    """What has become of a run."""

    OPEN = "open"  #: begun; the same command continues it
    FINISHED = "finished"  #: every step came to an end; its plan cannot be used again
    SUPERSEDED = "superseded"  #: a newer plan was begun


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a step of a run has come: its state, and for a reading the pages that are recorded."""

    state: State
    pages: int = 0
    total: int = 0  #: the entities of the listing, as the last of these pages stated
    entities: int = 0  #: those that these pages showed


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One write, in the form that is committed before its bytes leave: wrapped, with every id in it."""

    run: str
    step: WriteStep
    method: str
    path: str
    body: Mapping[str, Any]
    idempotency_id: str = ""  #: empty where the kind has none
    epoch: int = 0  #: number of earlier attempts that are known not to have been carried out
    state: State = State.PLANNED
    first_sent_at: int = 0
    sent_at: int = 0
    expires_at: int = 0  #: after this nothing can be written with the attempt's token
    failures: int = 0  #: sendings without a usable answer

    @property
    def call(self) -> Call:
        """The request itself. What a deletion says is in its query too, for Sage documents both."""
        if self.method != "DELETE":
            return Call(self.method, self.path, body=self.body)
        fields = self.body[self.step.kind]
        return Call(self.method, self.path, fields, self.body if fields else None)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A step that could not be carried out, with all the reasons."""

    step: Step
    state: State
    findings: tuple[Finding, ...]


def idempotency_id(business: str, kind: str, key: str, body: str, epoch: int, apart: str = "") -> str:
    """Return the name of one write, 32 hex characters that follow from its arguments alone.

    The name has no secret and no randomness in it, so that a run whose store was lost sends the same names
    for its creations again.

    Args:
        body: the canonical text of the fields that are sent.
        apart: what distinguishes the write from an equal one of the same record: of a change its run and the
            instant, of a creation the Sage id of the entity that it replaces.
    """
    facts = ("1", business, kind, key, hashlib.sha256(body.encode()).hexdigest(), str(epoch), apart)
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


class Meaning(Enum):
    """What an answer means for a write."""

    DONE = "done"  #: carried out
    REJECTED = "rejected"  #: not carried out, and will not be while the record is the same
    FORBIDDEN = "forbidden"  #: not carried out: the user lacks the right
    RATE_LIMITED = "rate_limited"  #: not carried out: too many calls
    UNKNOWN = "unknown"  #: Sage may have saved it before it failed


def meaning(answer: Answer) -> Meaning:
    """Return what `answer` means. A 500 may come after Sage has saved the record, as its guide states."""
    if 200 <= answer.status < 300:
        return Meaning.DONE
    if answer.status == 429:
        return Meaning.RATE_LIMITED
    if answer.status in (401, 403):
        return Meaning.FORBIDDEN
    if 400 <= answer.status < 500 and answer.status != 408:
        return Meaning.REJECTED
    return Meaning.UNKNOWN


class Replays(StrEnum):
    """Whether Sage answers a second call with the same `idempotency_id` without carrying it out."""

    UNKNOWN = ""  #: not proven yet
    HONOURED = "honoured"
    IGNORED = "ignored"  #: it would be carried out again


@dataclass(frozen=True, slots=True)
class AnsweredCreation:
    """A creation that was answered at its first sending; its id proves whether answers are replayed."""

    kind: str
    path: str
    idempotency_id: str
    sage_id: str

    @property
    def proof(self) -> Call:
        """The call that proves it: the same id with an empty body, from which no entity can be created."""
        return Call("POST", self.path, body={self.kind: {"idempotency_id": self.idempotency_id}})

    def replays(self, answer: Answer | None) -> Replays:
        """Return what the answer to `proof` says."""
        if answer is None:
            return Replays.UNKNOWN
        found = meaning(answer)
        if found is Meaning.DONE:
            is_same = isinstance(answer.body, Mapping) and answer.body.get("id") == self.sage_id
            return Replays.HONOURED if is_same else Replays.IGNORED
        if found is not Meaning.REJECTED:
            return Replays.UNKNOWN
        return Replays.HONOURED if _knows_the_id(answer) else Replays.IGNORED


def _knows_the_id(answer: Answer) -> bool:
    """Return whether Sage refuses the id because it was sent with another body before."""
    errors = answer.body if isinstance(answer.body, list) else [answer.body]
    return any(isinstance(error, Mapping) and error.get("$dataCode") == _OTHER_BODY for error in errors)


class Remedy(Enum):
    """How an attempt in doubt is settled."""

    RESEND = "resend"
    LOOK_UP = "look_up"


def remedy(attempt: Attempt, now: int, replays: Callable[[], Replays] = lambda: Replays.HONOURED) -> Remedy:
    """Return whether to send the same bytes again or to look the record up.

    A change sets fields to given values, so sending it twice does no harm. A server that answers the same
    failure again and again may be replaying it.

    Args:
        replays: returns whether Sage replays answers; called only where that decides.
    """
    if isinstance(attempt.step, UpdateStep):
        return Remedy.RESEND
    # A sending in the future was dated by a wrong clock, so that it may be older than Sage remembers.
    is_replayed = attempt.idempotency_id and -HOUR < now - attempt.first_sent_at < REPLAY_WINDOW
    if not is_replayed or attempt.failures >= SENDINGS or replays() is not Replays.HONOURED:
        return Remedy.LOOK_UP
    return Remedy.RESEND


def settled_at(attempt: Attempt) -> int:
    """Return when a look-up can be relied on: the attempt's token has ended and listings have caught up."""
    return max(attempt.expires_at, attempt.sent_at + ANSWER_MAY_TAKE) + SEARCH_LAG
