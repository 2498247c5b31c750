"""The conversation about one write, until something certain is known of it.

A generator asks and is told; whoever drives it makes the calls, keeps the log and waits. So the whole
policy is tested without a network, a store or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.value import canonical
from sagerecon.planning.plan import Action, Step
from sagerecon.planning.settling import (
    SENDINGS,
    Attempt,
    Meaning,
    Remedy,
    State,
    idempotency_id,
    meaning,
    remedy,
    settled_at,
)
from sagerecon.runner.lookup import Found, LookUp, judge, listing, wanted_by
from sagerecon.runner.pages import read_page


@dataclass(frozen=True, slots=True)
class Send:
    """Make the intent durable, then send it. Told: `Heard`."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Heard:
    """The attempt as it went out, and the answer; None where no usable one came."""

    attempt: Attempt
    answer: Answer | None
    now: int
    expires_at: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Note one more sending without a usable answer, and wait a little. Told: now."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait until then. Told: now."""

    until: int


@dataclass(frozen=True, slots=True)
class Read:
    """Read one page. Told: the answer, or None where Sage keeps failing."""

    call: Call


Ask: TypeAlias = Send | Failed | Rest | Read


@dataclass(frozen=True, slots=True)
class Recorded:
    """The write was carried out and this is the entity."""

    attempt: Attempt
    entity: Entity


@dataclass(frozen=True, slots=True)
class Refused:
    """The write was not carried out, and why. `is_known` is False where it is still in doubt."""

    attempt: Attempt
    state: State
    finding: Finding
    is_known: bool = True
    status: int = 0


Ending: TypeAlias = Recorded | Refused
Conversation: TypeAlias = Generator[Ask, Any, Ending]


def prepare(
    run: str, step: Step, kind: Kind, document: Mapping[str, Any], business: str, sage_id: str, epoch: int
) -> Attempt:
    """The attempt at a step: a POST of the whole document, or a PUT of what may be changed."""
    if step.action is Action.UPDATE:
        path = kind.operations["update"].path.replace("{key}", sage_id)
        sent = {name: value for name, value in document.items() if _may_change(kind, name)}
        attempt = Attempt(run, step, "PUT", path, {kind.name: sent})
    else:
        attempt = Attempt(run, step, "POST", kind.path, {kind.name: dict(document)})
    return renamed(attempt, kind, business, epoch)


def renamed(attempt: Attempt, kind: Kind, business: str, epoch: int) -> Attempt:
    """The attempt under the name of its epoch; two bodies never share one."""
    document = wanted_by(attempt)
    name, body = "", {kind.name: document}
    if kind.is_idempotent:
        plan = attempt.run if attempt.method == "PUT" else ""
        name = idempotency_id(business, kind.name, attempt.step.key, canonical(document), epoch, plan)
        body = {kind.name: {"idempotency_id": name, **document}}
    return replace(attempt, body=body, idempotency_id=name, epoch=epoch)


def carry_out(
    attempt: Attempt, catalog: Catalog, business: str, owner: Callable[[str, str], str | None], now: int
) -> Conversation:
    """Whether the write was carried out, after as many sendings and look-ups as it takes to know.

    An attempt that comes in SENT is in doubt and is settled first. A record that Sage keeps failing on is
    parked after two rounds of sendings.
    """
    rejection: Answer | None = None
    rounds = 1
    kind = catalog[attempt.step.kind]
    while True:
        in_doubt = attempt.state is State.SENT
        if in_doubt and (rejection is not None or remedy(attempt, now) is Remedy.LOOK_UP):
            looked = yield from _look_up(attempt, catalog, owner, now)
            if looked.found is Found.OURS and looked.entity is not None:
                return Recorded(attempt, looked.entity)
            if looked.found is Found.UNCERTAIN:
                return _for_a_person(attempt, looked, rejection)
            if looked.found is Found.UNKNOWN:
                return _parked(attempt, looked.why, is_known=False)
            if rejection is not None:
                return rejected(attempt, rejection)
            attempt = renamed(_as_planned(attempt), kind, business, attempt.epoch + 1)
            if rounds == 0:
                return _parked(attempt, f"Sage failed on it {2 * SENDINGS} times", is_known=True)
            rounds -= 1
            in_doubt = False
        if in_doubt and attempt.step.action is Action.UPDATE and attempt.failures >= SENDINGS:
            return _parked(attempt, f"Sage failed on it {attempt.failures} times", is_known=False)
        heard: Heard = yield Send(attempt)
        attempt, now = heard.attempt, heard.now
        match _meaning(heard, attempt):
            case Meaning.DONE:
                assert heard.answer is not None  # noqa: S101 - DONE is said of an answer
                body = heard.answer.body if isinstance(heard.answer.body, Mapping) else {}
                return Recorded(attempt, Entity(kind.name, str(body.get("id", "")), body))
            case Meaning.REJECTED if in_doubt:
                rejection = heard.answer  # a server that forgot the first may call the second a duplicate
            case Meaning.REJECTED:
                assert heard.answer is not None  # noqa: S101 - as above
                return rejected(attempt, heard.answer)
            case Meaning.FORBIDDEN:
                assert heard.answer is not None  # noqa: S101 - as above
                return replace(
                    _parked(attempt, said(heard.answer), is_known=not in_doubt), status=heard.answer.status
                )
            case _:
                failures = attempt.failures + 1
                expires_at = max(attempt.expires_at, heard.expires_at)
                attempt = replace(attempt, state=State.SENT, failures=failures, expires_at=expires_at)
                now = yield Failed(attempt)


def rejected(attempt: Attempt, answer: Answer) -> Refused:
    """The write that Sage will not take as it is; its body stays with the reason."""
    step = attempt.step
    message = f"Sage rejected {step.label or step.key}: {said(answer)}."
    finding = Finding(
        Code.REJECTED, place_of(step), message, "Correct the record or its mapping, then plan again."
    )
    return Refused(_as_planned(attempt), State.QUARANTINED, finding, status=answer.status)


def said(answer: Answer) -> str:
    """Sage's own words in a refusal."""
    items = answer.body if isinstance(answer.body, list) else [answer.body]
    words = [_words(item) for item in items if isinstance(item, Mapping)]
    return "; ".join(word for word in words if word) or f"status {answer.status}"


def place_of(step: Step) -> Place:
    """Where the record stands in the source, or its mapping where that is not known."""
    return step.origins[0] if step.origins else step.mapping


def _look_up(
    attempt: Attempt, catalog: Catalog, owner: Callable[[str, str], str | None], now: int
) -> Generator[Ask, Any, LookUp]:
    call = listing(attempt, catalog)
    if call is None:
        return LookUp(Found.UNCERTAIN, why="Sage has no list in which to look for it")
    if settled_at(attempt) > now:
        yield Rest(settled_at(attempt))
    entities: list[Entity] = []
    page = 0
    while True:
        page += 1
        query = {**call.query, "page": str(page)} if page > 1 else call.query
        answer: Answer | None = yield Read(Call("GET", call.path, query))
        if answer is None or answer.status != 200:
            return LookUp(Found.UNKNOWN, why="Sage does not say whether it was saved")
        found = read_page(answer.body, page, call.query)
        entities += [Entity(attempt.step.kind, str(body.get("id", "")), body) for body in found.items]
        if found.is_last:
            return judge(attempt, catalog, entities, owner)


def _meaning(heard: Heard, attempt: Attempt) -> Meaning:
    if heard.answer is None:
        return Meaning.UNKNOWN
    said_so = meaning(heard.answer)
    body = heard.answer.body
    if said_so is Meaning.DONE and attempt.method == "POST":
        has_id = isinstance(body, Mapping) and body.get("id")
        return Meaning.DONE if has_id else Meaning.UNKNOWN
    return said_so


def _for_a_person(attempt: Attempt, looked: LookUp, rejection: Answer | None) -> Refused:
    step = attempt.step
    why = looked.why if rejection is None else f"{said(rejection)}; {looked.why}"
    message = f"Whether {step.label or step.key} was written is not certain: {why}."
    finding = Finding(
        Code.IN_DOUBT, place_of(step), message, "Look in Sage; then correct one side and plan again."
    )
    return Refused(attempt, State.QUARANTINED, finding)


def _parked(attempt: Attempt, why: str, *, is_known: bool) -> Refused:
    step = attempt.step
    message = f"{step.label or step.key} waits: {why}."
    finding = Finding(Code.PARKED, place_of(step), message, "The same command tries it again.")
    return Refused(_as_planned(attempt) if is_known else attempt, State.PARKED, finding, is_known)


def _as_planned(attempt: Attempt) -> Attempt:
    """The attempt as one that never went out."""
    return replace(attempt, state=State.PLANNED, first_sent_at=0, sent_at=0, expires_at=0, failures=0)


def _may_change(kind: Kind, name: str) -> bool:
    return name not in kind.fields or kind.fields[name].update


def _words(item: Mapping[str, Any]) -> str:
    message, source = str(item.get("$message", "")).rstrip("."), str(item.get("$source", ""))
    return f"{source}: {message}" if source and source != "base" else message
