"""Carries a plan out, survives anything, and goes on with the same command.

Intent first: what is sent, its name and its state are durable before the bytes leave; what came of it, the
id map and the booking of the call are one commit. A step whose outcome is unknown is settled, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from random import Random
from typing import Any, Protocol

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock
from sagerecon.model.code import Code
from sagerecon.model.draft import OnExisting, Reference
from sagerecon.model.entity import Entity
from sagerecon.model.errors import OtherBooksError, PlanningError, SagereconError, StoreError
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import fingerprint
from sagerecon.pairing.adoption import Candidate, is_other_record, objection_to_adopting
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Action, Plan, Step, node_document
from sagerecon.planning.request import filled_in, key_fields, natural_keys, normal_key
from sagerecon.planning.settling import FINAL, Attempt, Meaning, SetAside, State, meaning
from sagerecon.runner.caller import Bookings, Caller, Paused, Stopped
from sagerecon.runner.caller import Sage as Sage  # noqa: PLC0414 - whoever calls `run` names the port
from sagerecon.runner.conversation import (
    Ending,
    Failed,
    Read,
    Recorded,
    Refused,
    Rest,
    Send,
    carry_out,
    place_of,
    prepare,
    said,
)
from sagerecon.runner.pages import Page, read_page, unexpected

#: A wait longer than this is not slept through: the run ends, and the same command goes on later.
PATIENCE = 15 * MINUTE


class RunLog(Bookings, Protocol):
    """The memory of a run. What it is told is durable with the next `book`, `intend` or `flush`."""

    def begin(self, plan: Plan) -> str:
        """The run of this plan, begun or gone on with; no other process works on the company until `end`.

        Raises:
            PlanStaleError: the plan is used up, or the id map is not the one it was made from.
            StoreError: another process is working on the company.
        """
        ...

    def end(self, run: str, *, is_finished: bool) -> None:
        """Let the company go; a finished run uses its plan up."""
        ...

    def state(self, run: str, number: int) -> State | None:
        """Where a step stands, or None where it has not begun."""
        ...

    def in_doubt(self) -> Sequence[Attempt]:
        """Attempts of any run of the company whose bytes may have left, oldest first."""
        ...

    def set_aside_reason(self, run: str, kind: str, key: str) -> str | None:
        """Why a record of this run is not in Sage, or None."""
        ...

    def epoch(self, kind: str, key: str) -> int:
        """How many attempts at this record are known to have come to nothing."""
        ...

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Sage's id for a draft key, or for a natural key that one entity bears."""
        ...

    def content(self, kind: str, key: str) -> str | None:
        """The fingerprint of the body recorded for a draft key, or None."""
        ...

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """What Sage said of the entity that bears a draft key or a natural key."""
        ...

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Every entity known to bear a natural key."""
        ...

    def owner(self, kind: str, sage_id: str) -> str | None:
        """The draft key that has this entity, or None where it is not ours."""
        ...

    def pages_read(self, run: str, number: int) -> int:
        """How many pages of a reading are recorded."""
        ...

    def record(
        self, attempt: Attempt, entity: Entity, keys: Sequence[NaturalKey], *, adopted: bool = False
    ) -> None:
        """The step is carried out: its answer, the id map and natural keys, in one commit."""
        ...

    def set_aside(self, run: str, aside: SetAside, epoch: int = 0) -> None:
        """The step cannot be carried out, and why; `epoch` is what a later attempt takes."""
        ...

    def record_page(
        self,
        run: str,
        step: Step,
        page: int,
        entities: Sequence[tuple[Entity, Sequence[NaturalKey]]],
        *,
        is_last: bool,
    ) -> None:
        """One page of a reading: each entity with the natural keys it bears."""
        ...


class Ended(Enum):
    """How a run ended."""

    FINISHED = "finished"  #: every step came to an end; some perhaps set aside
    PAUSED = "paused"  #: by a window or by Sage; the same command goes on
    STOPPED = "stopped"  #: by whoever asked


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What one go at a plan came to. `counts` has a line for each word a Progress may have in `what`."""

    run: str
    ended: Ended
    why: str = ""
    until: int | None = None  #: when it may go on, in milliseconds since 1970
    calls: int = 0  #: made by this go
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that happened, for whoever watches."""

    at: int  #: milliseconds since 1970
    #: created adopted updated read skipped left_out quarantined blocked parked, and on the way
    #: resent looked_up waiting refused
    what: str
    done: int  #: steps behind us
    of: int  #: steps of the plan
    calls: int  #: made by this go so far
    kind: str = ""
    key: str = ""
    label: str = ""
    note: str = ""
    until: int = 0  #: when the waiting ends


def run(
    plan: Plan,
    sage: Sage,
    log: RunLog,
    clock: Clock,
    budget: Budget,
    catalog: Catalog,
    *,
    patience_ms: int = PATIENCE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    failpoint: Callable[[str], None] = lambda _: None,
    seed: int = 0,
) -> RunOutcome:
    """What came of carrying `plan` out as far as the budget, the patience and whoever watches allow.

    A finished run uses its plan up, unless steps were parked: then the same command tries those again.

    Raises:
        PlanStaleError: the plan is used up or was made from another id map; nothing was sent.
        PlanningError: the plan holds an action that is not carried out yet; nothing was sent.
        AuthorizationError: sign in again; the same command goes on.
        WrongBusinessError: an answer came from another business; nothing more was sent.
        OtherBooksError: the business keeps its books otherwise than the plan expects; nothing was sent.
        StoreError: what must be durable could not be made so; nothing more was sent.
    """
    _refuse_rollback(plan)
    calls = Caller(sage, log, clock, budget, patience_ms, should_stop, failpoint, Random(seed))  # noqa: S311
    walk = _Walk(plan, log.begin(plan), log, clock, catalog, calls, on_progress)
    outcome = partial(RunOutcome, walk.run, counts=walk.counts)
    try:
        walk.settle_doubts()
        for step in plan.steps:
            calls.check_stop()
            walk.take(step)
        log.end(walk.run, is_finished=not walk.has_parked)
    except Paused as pause:
        log.end(walk.run, is_finished=False)
        return outcome(Ended.PAUSED, pause.why, pause.until, calls.made)
    except Stopped:
        log.end(walk.run, is_finished=False)
        return outcome(Ended.STOPPED, "It was asked to stop.", calls=calls.made)
    except SagereconError:
        with suppress(StoreError):
            log.end(walk.run, is_finished=False)
        raise
    return outcome(Ended.FINISHED, calls=calls.made)


def _refuse_rollback(plan: Plan) -> None:
    for step in plan.steps:
        if step.action in (Action.DELETE, Action.VOID):
            raise PlanningError(f"Step {step.number} would {step.action.value} {step.key}; runs only add.")


class _Walk:
    """One go at a plan, step by step."""

    def __init__(
        self,
        plan: Plan,
        run: str,
        log: RunLog,
        clock: Clock,
        catalog: Catalog,
        calls: Caller,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.run = run
        self.counts: dict[str, int] = {}
        self.has_parked = False
        self._plan = plan
        self._log = log
        self._clock = clock
        self._catalog = catalog
        self._calls = calls
        self._on_progress = on_progress
        self._done = 0
        self._step: Step | None = None
        self._business = plan.header.business
        self._keys = key_fields(plan, catalog) if plan.header.purpose == "load" else {}
        self._parked: set[int] = set()  # steps of this run still in doubt after this go tried to settle them
        self._closed: dict[tuple[str, str], str] = {}  # (method, kind) -> why Sage does not let us
        self._unread: set[str] = set()  # kinds of which we could not read what Sage holds
        calls.on_wait = self._waiting

    def settle_doubts(self) -> None:
        """Settle every attempt whose bytes may have left, whichever run made it."""
        if self._plan.header.purpose == "read_back":
            return
        for attempt in self._log.in_doubt():
            self._calls.check_stop()
            self._tell("resent", attempt.step)
            self._finish(attempt)

    def take(self, step: Step) -> None:
        """Do what the step says, unless that is done."""
        self._step = step
        state = self._log.state(self.run, step.number)
        if state in FINAL:
            self._count("before")
        elif step.number in self._parked:
            pass  # counted when it was tried
        elif step.action is Action.READ:
            self._read(step)
        elif step.action in (Action.CREATE, Action.ADOPT, Action.UPDATE):
            self._write(step)
        else:
            self._tell(_PASSED[step.action], step)
        self._done += 1

    def _read(self, step: Step) -> None:
        page = self._log.pages_read(self.run, step.number)
        while True:
            page += 1
            query = {**step.query, "page": str(page)} if page > 1 else step.query
            answer = self._calls.get(Call("GET", step.path, query))
            if answer is None or meaning(answer) is not Meaning.DONE:
                return self._unreadable(step, answer)
            found = read_page(answer.body, page, step.query)
            if found.is_repeated:
                page -= 1
            if wrong := unexpected(found.items, step.expect):
                raise OtherBooksError(wrong)
            self._log.record_page(self.run, step, page, self._entities(step, found), is_last=found.is_last)
            if found.is_last:
                return self._tell("read", step)
            self._calls.check_stop()

    def _entities(self, step: Step, page: Page) -> list[tuple[Entity, list[NaturalKey]]]:
        kind = self._catalog[step.kind]
        fields = sorted(self._keys.get(step.kind, ()))
        return [
            (Entity(step.kind, str(body.get("id", step.key)), body), natural_keys(kind, body, fields))
            for body in page.items
        ]

    def _unreadable(self, step: Step, answer: Answer | None) -> None:
        why = "Sage kept failing" if answer is None else said(answer)
        self._unread.add(step.kind)
        self._set_aside(
            step, State.PARKED, Code.UNREADABLE, f"{step.label or step.key} cannot be read: {why}."
        )

    def _write(self, step: Step) -> None:
        missing: list[Reference] = []
        document = filled_in(step.body, self._log, self._catalog, missing)
        if missing:
            return self._set_aside(step, State.BLOCKED, Code.BLOCKED, self._why_missing(step, missing))
        if step.action is Action.UPDATE:
            return self._send(step, document, self._log.sage_id(step.kind, step.key) or "")
        if self._log.sage_id(step.kind, step.key) is not None:
            return self._known_already(step)
        if step.on_existing is not OnExisting.CREATE and step.kind in self._unread:
            why = f"{step.label or step.key} waits: what Sage holds of its kind could not be read."
            return self._set_aside(step, State.BLOCKED, Code.BLOCKED, why)
        if bearers := self._bearers(step, document):
            return self._adopt(step, document, bearers)
        if step.action is Action.ADOPT:
            why = f"{step.label or step.key} is not in Sage any more."
            return self._set_aside(step, State.QUARANTINED, Code.GONE, why)
        return self._send(step, document, "")

    def _send(self, step: Step, document: Mapping[str, Any], sage_id: str) -> None:
        method = "PUT" if step.action is Action.UPDATE else "POST"
        if why := self._closed.get((method, step.kind)):
            return self._set_aside(step, State.PARKED, Code.PARKED, f"{step.label or step.key} waits: {why}.")
        epoch = self._log.epoch(step.kind, step.key)
        kind = self._catalog[step.kind]
        return self._finish(prepare(self.run, step, kind, document, self._business, sage_id, epoch))

    def _finish(self, attempt: Attempt) -> None:
        """See an attempt through, and keep what came of it."""
        ending = self._converse(attempt)
        step, calls = ending.attempt.step, self._calls
        if isinstance(ending, Recorded):
            calls.succeeded()
            kind = self._catalog[step.kind]
            entity = ending.entity
            if not entity.sage_id:  # a change may be answered with nothing
                entity = replace(entity, sage_id=self._log.sage_id(step.kind, step.key) or "")
            keys = [normal_key(kind, NaturalKey(name, value)) for name, value in step.identity.items()]
            self._log.record(ending.attempt, entity, keys)
            return self._tell("updated" if step.action is Action.UPDATE else "created", step)
        if ending.status == 403:
            self._closed[ending.attempt.method, step.kind] = ending.finding.message
        return self._refused(ending)

    def _converse(self, attempt: Attempt) -> Ending:
        owner = self._log.owner
        conversation = carry_out(attempt, self._catalog, self._business, owner, self._clock.now())
        told: Any = None
        while True:
            try:
                ask = conversation.send(told)
            except StopIteration as end:
                ending: Ending = end.value
                return ending
            match ask:
                case Send():
                    told = self._calls.send(ask.attempt)
                case Failed():
                    self._log.fail(ask.attempt)
                    self._tell("resent", ask.attempt.step)
                    self._calls.fail(ask.attempt.failures, "Sage gave no usable answer")
                    told = self._clock.now()
                case Rest():
                    self._calls.rest(ask.until, "What Sage saved must be seen in its lists first.")
                case Read():
                    self._tell("looked_up", attempt.step)
                    told = self._calls.get(ask.call, settling=True)

    def _refused(self, ending: Refused) -> None:
        attempt, step = ending.attempt, ending.attempt.step
        if not ending.is_known:
            self._log.fail(attempt)  # it stays in doubt, for the next go
            self._parked.add(step.number if attempt.run == self.run else 0)
            self.has_parked = True
            return self._tell("parked", step, ending.finding.message)
        # A rejected body may be sent again once Sage has been put right: under another name.
        epoch = attempt.epoch + (ending.state is State.QUARANTINED)
        self._log.set_aside(attempt.run, SetAside(step, ending.state, (ending.finding,)), epoch)
        self.has_parked |= ending.state is State.PARKED
        return self._tell(ending.state.value, step, ending.finding.message)

    def _bearers(self, step: Step, document: Mapping[str, Any]) -> list[Entity]:
        """The entities in Sage that the step's identity may mean."""
        if step.on_existing is OnExisting.CREATE and step.action is not Action.ADOPT:
            return []
        kind = self._catalog[step.kind]
        unique = {key.field for key in kind.natural_keys if key.is_unique}
        bearers: dict[str, Entity] = {}
        for name, value in step.identity.items():
            for entity in self._log.found(step.kind, normal_key(kind, NaturalKey(name, value))):
                if name in unique or not is_other_record(kind, document, entity.body):
                    bearers[entity.sage_id] = entity
        return list(bearers.values())

    def _adopt(self, step: Step, document: Mapping[str, Any], bearers: Sequence[Entity]) -> None:
        kind = self._catalog[step.kind]
        owner = self._log.owner(step.kind, bearers[0].sage_id)
        record = Candidate(
            key=step.key,
            name=step.label or step.key,
            identity=step.identity,
            on_existing=step.on_existing,
            body=document,
        )
        if (objection := objection_to_adopting(record, kind, bearers, owner)) is not None:
            return self._set_aside(step, State.QUARANTINED, *objection)
        attempt = prepare(self.run, step, kind, document, self._business, "", 0)
        self._log.record(attempt, bearers[0], [], adopted=True)
        return self._tell("adopted", step)

    def _known_already(self, step: Step) -> None:
        """Settling an earlier run's doubt has brought the record in."""
        if self._log.content(step.kind, step.key) == fingerprint(node_document(step.body)):
            return self._tell("skipped", step)
        why = f"{step.label or step.key} was written by an earlier run with other content."
        return self._set_aside(step, State.QUARANTINED, Code.CHANGED_AFTER_WRITE, why)

    def _why_missing(self, step: Step, missing: Sequence[Reference]) -> str:
        reasons = []
        for reference in dict.fromkeys(missing):
            if isinstance(reference.key, NaturalKey):
                key = normal_key(self._catalog[reference.kind], reference.key)
                bearers = self._log.found(reference.kind, key)
                why = f"{len(bearers)} entities in Sage bear it" if len(bearers) > 1 else None
            else:
                why = self._log.set_aside_reason(self.run, reference.kind, reference.key)
            reasons.append(f"{reference} ({(why or 'Sage holds no such thing').rstrip('.')})")
        return f"{step.label or step.key} refers to {', '.join(reasons)}."

    def _set_aside(self, step: Step, state: State, code: Code, why: str) -> None:
        hint = "" if state is State.QUARANTINED else "The same command tries it again."
        finding = Finding(code, place_of(step), why, hint)
        self._log.set_aside(self.run, SetAside(step, state, (finding,)))
        self.has_parked |= state is State.PARKED
        self._tell(state.value, step, why)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _tell(self, what: str, step: Step | None, note: str = "", until: int = 0) -> None:
        self._count(what)
        kind, key, label = (step.kind, step.key, step.label) if step is not None else ("", "", "")
        self._on_progress(
            Progress(
                at=self._clock.now(),
                what=what,
                done=self._done,
                of=len(self._plan.steps),
                calls=self._calls.made,
                kind=kind,
                key=key,
                label=label,
                note=note,
                until=until,
            )
        )

    def _waiting(self, what: str, until: int, why: str) -> None:
        self._tell(what, self._step, why, until)


#: Steps that make no call.
_PASSED = {Action.SKIP: "skipped", Action.LEAVE_OUT: "left_out", Action.QUARANTINE: "quarantined"}
