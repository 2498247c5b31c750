"""The conversation with Sage about one write, until its outcome is certain.

A generator yields requests and is sent their answers; its driver makes the calls, keeps the log and waits.
So the whole policy is tested without a network, a store or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.entity import Entity
from sagerecon.model.finding import Finding
from sagerecon.model.value import canonical
from sagerecon.planning.settling import (
    SENDINGS,
    Attempt,
    Meaning,
    Remedy,
    Replays,
    State,
    idempotency_id,
    meaning,
    remedy,
    settled_at,
)
from sagerecon.planning.step import CreateStep, UpdateStep, name_of, place_of
from sagerecon.runner.answer import ABSENT, error_text
from sagerecon.runner.lookup import Found, LookUp, judge, listing, sent_fields
from sagerecon.runner.pages import read_page
from sagerecon.runner.repeated import is_repeated, look_at_repeated
from sagerecon.runner.request import NoteFailure, ReadPage, Request, Send, SendResult, WaitUntil

#: The hint of every finding about a record that the next start of the same plan may still resolve. Status,
#: report and reconcile show it too.
RETRY = "Retry it: sagerecon apply"

#: That of a listing or a report that could not be read by a plan that only reads: several commands make one.
READ_AGAIN = "Run the same command again to retry it."


#: The hint of a creation that Sage refuses, and of an update: an equal one is not sent again.
REFUSED_CREATION = "Correct the record or its mapping, then create a new plan."
REFUSED_UPDATE = (
    "Correct it in Sage or in the source, or decide (sagerecon decide list); then create a new plan."
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The write was carried out, and this is the entity."""

    attempt: Attempt
    entity: Entity
    is_repeated: bool = False  #: it was created before it was sent: by a run that the store does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRecorded:
    """The write was not carried out, or that is not known; `is_known` says which."""

    attempt: Attempt
    state: State
    finding: Finding
    is_known: bool = True
    forbidden: str = ""  #: Sage's reason where the user lacks the right
    alike: tuple[Entity, ...] = ()  #: the entities of which one may be what was sent
    is_absent: bool = False  #: Sage does not hold the entity to be updated


@dataclass(frozen=True, slots=True)
class Retracted:
    """The write was not carried out, and the plan does not ask for it any more."""

    attempt: Attempt  #: as one that was never sent, under a name of its own


Result: TypeAlias = Recorded | NotRecorded | Retracted
Conversation: TypeAlias = Generator[Request, Any, Result]


def with_epoch(attempt: Attempt, kind: Kind, business: str, epoch: int, now: int) -> Attempt:
    """Return the attempt with the idempotency id of its epoch; two bodies never share one.

    A creation has the same one from a store that was lost or restored. A change, which is sent after a look,
    has not: another user may have taken the first back, and Sage would answer from memory.

    Args:
        now: milliseconds since 1970.
    """
    document = sent_fields(attempt)
    name, body = "", {kind.name: document}
    if kind.is_idempotent:
        apart = attempt.step.replaces if isinstance(attempt.step, CreateStep) else f"{attempt.run} {now}"
        name = idempotency_id(business, kind.name, attempt.step.key, canonical(document), epoch, apart)
        body = {kind.name: {"idempotency_id": name, **document}}
    return replace(attempt, body=body, idempotency_id=name, epoch=epoch)


def carry_out(
    attempt: Attempt,
    catalog: Catalog,
    business: str,
    owner: Callable[[str, str], str | None],
    now: int,
    replays: Callable[[], Replays] = lambda: Replays.HONOURED,
    *,
    is_planned: bool = True,
) -> Conversation:
    """Yield as many requests as it takes to know whether the write was carried out, and return that.

    An attempt that comes in the state SENT is in doubt and is settled first. A record for which Sage gives
    no usable answer is parked after two rounds of sendings, or after three look-ups between single ones. One
    for which Sage repeats the answer to the creation of an entity that it has no more is sent under another
    name, and parked after three.

    Args:
        owner: returns the draft key recorded for an entity, by kind and Sage id.
        now: milliseconds since 1970.
        replays: returns whether Sage replays answers; called only in doubt.
        is_planned: whether the plan that is carried out has the write; one in doubt that it does not have
            is looked up, and never sent again.
    """
    rejection: Answer | None = None
    rounds = tried = repeated = 0
    kind = catalog[attempt.step.kind]
    while True:
        in_doubt = attempt.state is State.SENT
        may_resend = is_planned and rejection is None
        if in_doubt and not (may_resend and remedy(attempt, now, replays) is Remedy.RESEND):
            settled = yield from _settle(attempt, catalog, owner, now, rejection)
            if settled is not None:
                return settled
            rounds, tried = rounds + 1, tried + attempt.failures
            is_last = tried >= 2 * SENDINGS or rounds >= SENDINGS
            # Its name is used once more: had Sage carried it out after all, and shown it in no listing, it
            # would answer with that entity. Then the name is given up, for Sage may repeat its failure.
            is_over = not is_planned or rounds > 1 or attempt.failures >= SENDINGS
            attempt = with_epoch(_as_planned(attempt), kind, business, attempt.epoch + is_over, now)
            if not is_planned:
                return Retracted(attempt)
            if is_last:
                return _parked(attempt, f"{counted(tried, 'call')} got no usable answer")
            in_doubt = False
        if in_doubt and isinstance(attempt.step, UpdateStep) and attempt.failures >= SENDINGS:
            return _uncertain(attempt, f"{attempt.failures} calls got no usable answer")
        sent: SendResult = yield Send(attempt)
        if not sent.was_sent:
            now = sent.now
            continue
        attempt, now, answer = sent.attempt, sent.now, sent.answer
        match _meaning(attempt, answer):
            case Meaning.DONE if answer is not None:
                body = answer.body if isinstance(answer.body, Mapping) else {}
                entity = Entity(kind.name, str(body.get("id", "")), body)
                settled = yield from _settle_answered(attempt, entity, owner)
                if settled is not None:
                    return settled
                repeated += 1
                attempt = with_epoch(_as_planned(attempt), kind, business, attempt.epoch + 1, now)
                if repeated >= SENDINGS:
                    return _parked(attempt, f"Sage answered {repeated} times with one that was deleted")
            case Meaning.REJECTED if answer is not None and not in_doubt:
                return rejected(attempt, answer)
            case Meaning.REJECTED:
                rejection = answer  # a server that forgot the first may call the second a duplicate
            case Meaning.FORBIDDEN if answer is not None:
                failed, why = _uncertain if in_doubt else _parked, error_text(answer)
                return replace(failed(attempt, why), forbidden=why)
            case _:
                expires_at = max(attempt.expires_at, sent.expires_at)
                failures = attempt.failures + 1
                attempt = replace(attempt, state=State.SENT, failures=failures, expires_at=expires_at)
                now = yield NoteFailure(attempt)


def rejected(attempt: Attempt, answer: Answer) -> NotRecorded:
    """Return the result of a write that Sage does not accept; it is quarantined with Sage's reason."""
    step = attempt.step
    finding = Finding(
        Code.REJECTED,
        place_of(step),
        f"Sage rejected {name_of(step)}: {error_text(answer)}.",
        REFUSED_UPDATE if isinstance(step, UpdateStep) else REFUSED_CREATION,
    )
    return NotRecorded(
        attempt=_as_planned(attempt),
        state=State.QUARANTINED,
        finding=finding,
        is_absent=isinstance(step, UpdateStep) and answer.status in ABSENT,
    )


def _settle(
    attempt: Attempt,
    catalog: Catalog,
    owner: Callable[[str, str], str | None],
    now: int,
    rejection: Answer | None,
) -> Generator[Request, Any, Result | None]:
    """Look an attempt in doubt up, and return its result; None where Sage does not hold what it sent.

    Args:
        rejection: Sage's refusal of a second sending; it is the result where Sage does not hold the record.
    """
    looked = yield from _look_up(attempt, catalog, owner, now)
    if looked.found is Found.OURS and looked.entity is not None:
        return Recorded(attempt, looked.entity)
    if looked.found is Found.UNCERTAIN:
        return _needs_review(attempt, looked, rejection)
    if looked.found is Found.UNKNOWN:
        return _uncertain(attempt, looked.why)
    return None if rejection is None else rejected(attempt, rejection)


def _settle_answered(
    attempt: Attempt, entity: Entity, owner: Callable[[str, str], str | None]
) -> Generator[Request, Any, Result | None]:
    """Return the result of an answered attempt; None where the answer is repeated, and its entity is gone."""
    if not is_repeated(attempt, entity):
        return Recorded(attempt, entity)
    looked = yield from look_at_repeated(attempt, entity, owner)
    if looked.found is Found.OURS:
        return Recorded(attempt, entity, is_repeated=True)
    return _uncertain(attempt, looked.why) if looked.found is Found.UNKNOWN else None


def _look_up(
    attempt: Attempt, catalog: Catalog, owner: Callable[[str, str], str | None], now: int
) -> Generator[Request, Any, LookUp]:
    call = listing(attempt, catalog)
    if call is None:
        return LookUp(Found.UNCERTAIN, why="Sage has no listing to look it up in")
    if settled_at(attempt) > now:
        yield WaitUntil(settled_at(attempt))
    entities: list[Entity] = []
    page = total = 0
    while True:
        page += 1
        query = {**call.query, "page": str(page)} if page > 1 else call.query
        answer: Answer | None = yield ReadPage(Call("GET", call.path, query))
        if answer is None or answer.status != 200:
            return LookUp(Found.UNKNOWN, why="Sage did not answer the look-up")
        found = read_page(answer.body, page, call.query)
        if found.is_cut or found.total < total:
            return LookUp(Found.UNKNOWN, why="the listing lost entities while it was read")
        total = found.total
        entities += [Entity(attempt.step.kind, str(body.get("id", "")), body) for body in found.items]
        if found.is_last:
            return judge(attempt, catalog, entities, owner)


def _meaning(attempt: Attempt, answer: Answer | None) -> Meaning:
    """Return what `answer` means for this attempt; a creation is only done if the answer has an id."""
    if answer is None:
        return Meaning.UNKNOWN
    found = meaning(answer)
    if found is Meaning.DONE and attempt.method == "POST":
        has_id = isinstance(answer.body, Mapping) and answer.body.get("id")
        return Meaning.DONE if has_id else Meaning.UNKNOWN
    return found


def _needs_review(attempt: Attempt, looked: LookUp, rejection: Answer | None) -> NotRecorded:
    step = attempt.step
    why = looked.why if rejection is None else f"{error_text(rejection)}; {looked.why}"
    finding = Finding(
        Code.IN_DOUBT,
        place_of(step),
        f"It is not certain whether {name_of(step)} was written: {why}.",
        "Check it in Sage, and decide which it is: sagerecon plan, sagerecon decide list",
    )
    return NotRecorded(attempt=attempt, state=State.QUARANTINED, finding=finding, alike=looked.alike)


def _parked(attempt: Attempt, why: str) -> NotRecorded:
    """Return the result of a write that was certainly not carried out, and may be later."""
    message = f"{name_of(attempt.step)} was not written: {why}."
    return NotRecorded(attempt=_as_planned(attempt), state=State.PARKED, finding=_retry(attempt, message))


def _uncertain(attempt: Attempt, why: str) -> NotRecorded:
    """Return the result of a write that is still in doubt."""
    message = f"It is not known yet whether {name_of(attempt.step)} was written: {why}."
    return NotRecorded(attempt=attempt, state=State.PARKED, finding=_retry(attempt, message), is_known=False)


def _retry(attempt: Attempt, message: str) -> Finding:
    return Finding(Code.PARKED, place_of(attempt.step), message, RETRY)


def _as_planned(attempt: Attempt) -> Attempt:
    """Return the attempt as one that was never sent."""
    return replace(attempt, state=State.PLANNED, first_sent_at=0, sent_at=0, expires_at=0, failures=0)
