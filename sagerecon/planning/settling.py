"""The life of an attempt: what an answer means, and what to do about a call whose outcome is unknown.

    planned -> sent -> recorded | quarantined | unknown -> (resend same id | look up) -> recorded | absent

An attempt found SENT is in doubt: its bytes may have reached Sage. Sage replays a call that carries the same
`idempotency_id` for seven days, so the usual way to settle it is to send the same body again with the same
id. Where a kind does not support that, or the time is over, it is looked up; never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import DAY, HOUR, SECOND
from sagerecon.model.finding import Finding
from sagerecon.planning.plan import Action, Step

#: A resend with the same id is safe while Sage remembers the first; half a day short of its seven.
REPLAY_WINDOW = 6 * DAY + 12 * HOUR

#: An answer that is not there after this will not come: twice the longest read we wait for.
ANSWER_MAY_TAKE = 120 * SECOND

#: How far Sage's listings may lag behind what it has saved.
SEARCH_LAG = 30 * SECOND

#: Sendings of one body that end without an answer, or with the same failure, before it is looked up instead.
SENDINGS = 3


class State(Enum):
    """Where a step of a run stands. A step without a state has not begun."""

    PLANNED = "planned"  #: begun, and known not to have been carried out
    SENT = "sent"  #: its bytes may have left; what came of them is not known
    READING = "reading"  #: some pages are read
    RECORDED = "recorded"  #: carried out, and what Sage answered is kept
    QUARANTINED = "quarantined"  #: a person must look; not tried again by this plan
    BLOCKED = "blocked"  #: something it refers to is not in Sage
    PARKED = "parked"  #: refused for a reason outside the record; the same command tries again


#: States of steps that are behind us for good.
FINAL = frozenset({State.RECORDED, State.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write, as it is committed before its bytes leave. `body` has its wrapper and every id put in."""

    run: str
    step: Step
    method: str
    path: str
    body: Mapping[str, Any]
    idempotency_id: str = ""  #: empty where the kind has none
    epoch: int = 0  #: counts attempts known to have come to nothing
    state: State = State.PLANNED
    first_sent_at: int = 0
    sent_at: int = 0
    expires_at: int = 0  #: nobody can write with this attempt's token after it
    failures: int = 0  #: sendings without a usable answer

    @property
    def call(self) -> Call:
        """The request itself."""
        return Call(self.method, self.path, body=self.body)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A step that could not be carried out, with all the reasons."""

    step: Step
    state: State
    findings: tuple[Finding, ...]


def idempotency_id(business: str, kind: str, key: str, body: str, epoch: int, plan: str = "") -> str:
    """The name of one write, 32 hex characters that follow from the plan's content alone.

    No secret and no randomness are in it, so that a run whose store was lost sends the same names again.
    `plan` tells one change of an entity from a later, equal one.
    """
    facts = ("1", business, kind, key, hashlib.sha256(body.encode()).hexdigest(), str(epoch), plan)
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


class Meaning(Enum):
    """What an answer says about a write."""

    DONE = "done"  #: carried out
    REJECTED = "rejected"  #: not carried out, and will not be as it is
    FORBIDDEN = "forbidden"  #: not carried out: the user lacks the right
    REFUSED_FOR_NOW = "refused_for_now"  #: not carried out: too many calls
    UNKNOWN = "unknown"  #: Sage may have saved it before it failed


def meaning(answer: Answer) -> Meaning:
    """What `answer` says. A 500 may come after Sage has saved the record: its own guide says so."""
    if 200 <= answer.status < 300:
        return Meaning.DONE
    if answer.status == 429:
        return Meaning.REFUSED_FOR_NOW
    if answer.status in (401, 403):
        return Meaning.FORBIDDEN
    if 400 <= answer.status < 500 and answer.status != 408:
        return Meaning.REJECTED
    return Meaning.UNKNOWN


class Remedy(Enum):
    """How an attempt in doubt is settled."""

    RESEND = "resend"
    LOOK_UP = "look_up"


def remedy(attempt: Attempt, now: int) -> Remedy:
    """Whether to send the same bytes again or to look the record up.

    A change sets fields to given values, so that sending it twice does no harm. A server that answers the
    same failure again and again may be replaying it.
    """
    if attempt.step.action is Action.UPDATE:
        return Remedy.RESEND
    replayed = attempt.idempotency_id and now - attempt.first_sent_at < REPLAY_WINDOW
    return Remedy.RESEND if replayed and attempt.failures < SENDINGS else Remedy.LOOK_UP


def settled_at(attempt: Attempt) -> int:
    """From when a look-up tells the truth: nobody can write with its token, and listings have caught up."""
    return max(attempt.expires_at, attempt.sent_at + ANSWER_MAY_TAKE) + SEARCH_LAG
