"""All that is kept of one company, behind one door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import PlanStaleError
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import canonical, fingerprint
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Step, node_document, step_document
from sagerecon.planning.settling import Attempt, SetAside, State
from sagerecon.store import steps
from sagerecon.store.call_ledger import CallLedger, Traffic
from sagerecon.store.database import Database, Transaction
from sagerecon.store.disk import Disk
from sagerecon.store.id_map import IdMap
from sagerecon.store.lane import Lane
from sagerecon.store.steps import Run
from sagerecon.store.verdicts import LastVerdict, keep_verdicts, read_verdicts
from sagerecon.store.work import Work


@dataclass(frozen=True, slots=True)
class Status:
    """Where a company stands: its newest load, and the calls of the last day."""

    run: Run | None
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    refused: int  #: calls Sage refused though we had room: somebody else is calling
    bytes_last_hour: int


class BusinessStore:
    """All that is kept of one company; satisfies `planning.planner.KnownEntities` and `runner.RunLog`."""

    def __init__(self, business: str, database: Database, disk: Disk | None, clock: Clock) -> None:
        self.business = business
        self._database = database
        self._clock = clock
        self._work = Work(database, disk)
        self._ledger = CallLedger(business, clock, self._work)
        self._ids = IdMap(business, self._work)
        self._lane = Lane(business, clock)
        self._highest: dict[str, int] = {}  # run -> the highest step that has begun
        self._epochs: dict[tuple[str, str], int] = {}
        self._loads: set[str] = set()  # runs whose readings renew the natural keys of their kinds

    # Known entities

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Sage's id for a draft key, or for a natural key that exactly one entity bears."""
        known = self._ids.get(kind, key)
        return None if known is None else known[0]

    def content(self, kind: str, key: str) -> str | None:
        """The fingerprint of the body an earlier run recorded for a draft key, or None."""
        known = self._ids.get(kind, key)
        return known[1] or None if known is not None else None

    def fingerprint(self) -> str:
        """The name of the id map's content."""
        self._work.flush()
        with self._database.reading() as transaction:
            return self._ids.fingerprint(transaction)

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """What Sage said of the entity that bears a draft key or a natural key."""
        return self._ids.answer(kind, key)

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Every entity known to bear a natural key."""
        return self._ids.found(kind, key)

    def owner(self, kind: str, sage_id: str) -> str | None:
        """The draft key that has this entity, or None where it is not ours."""
        return self._ids.owner(kind, sage_id)

    # The run log

    def begin(self, plan: Plan) -> str:
        """The run of this plan, begun or gone on with.

        Raises:
            PlanStaleError: the plan is used up, of another company, or made from another id map.
            StoreError: another process is working on the company.
        """
        if plan.header.business != self.business:
            raise PlanStaleError(
                f"The plan is for business {plan.header.business}, not for {self.business}.",
                "Make it again: sagerecon plan.",
            )
        name = plan.hash
        run = name[:16]
        where = {"business": self.business, "run": run}
        with self._database.writing() as transaction:
            self._may_begin(transaction, plan, run)
            if plan.header.purpose != "read_back":
                self._lane.enter(transaction)
            is_new = transaction.one(steps.GET_RUN, where) is None
            transaction.run(steps.GO_ON, {"company": self.business, "going": run})
            highest = transaction.one(steps.HIGHEST, where)
            epochs = transaction.rows(steps.EPOCHS, {"business": self.business})
        if plan.header.purpose == "load":
            self._loads.add(run)
        self._highest[run] = 0 if highest is None else highest[0]
        self._epochs = {(row.kind, row.key): row.epoch for row in epochs}
        if is_new:
            self._tell_run(plan, name, run)
        return run

    def end(self, run: str, *, is_finished: bool) -> None:
        """Let the company go; a finished run uses its plan up."""
        if is_finished:
            moment = self._clock.now()
            self._work.tell(steps.END_RUN, {"company": self.business, "ended": run, "moment": moment})
        self._work.commit(self._leave)

    def state(self, run: str, number: int) -> State | None:
        """Where a step stands, or None where it has not begun."""
        if number > self._highest.get(run, 0):
            return None
        self._work.flush()
        row = self._work.reader.one(steps.STATE, self._step(run, number))
        return None if row is None else State(row.state)

    def in_doubt(self) -> Sequence[Attempt]:
        """Attempts of any run whose bytes may have left, oldest first."""
        self._work.flush()
        rows = self._work.reader.rows(steps.IN_DOUBT, {"business": self.business})
        return [steps.attempt_of(row) for row in rows]

    def set_aside_reason(self, run: str, kind: str, key: str) -> str | None:
        """Why a record of this run is not in Sage, or None."""
        self._work.flush()
        where = {"business": self.business, "run": run, "kind": kind, "key": key}
        rows = self._work.reader.rows(steps.REASON, where)
        if not rows:
            return None
        messages = [finding.message for row in rows for finding in steps.findings_of(row)]
        return " ".join(messages) or "its outcome is not known yet"

    def epoch(self, kind: str, key: str) -> int:
        """How many attempts at this record are known to have come to nothing."""
        return self._epochs.get((kind, key), 0)

    def pages_read(self, run: str, number: int) -> int:
        """How many pages of a reading are recorded."""
        if number > self._highest.get(run, 0):
            return 0
        self._work.flush()
        row = self._work.reader.one(steps.STATE, self._step(run, number))
        return 0 if row is None else int(row.pages)

    def book(self, budget: Budget, *, settling: bool = False) -> int:
        """0 where a call is booked and may go now, else the instant from which one may."""
        self._work.has_room()

        def take(transaction: Transaction) -> int:
            self._lane.keep(transaction)
            return self._ledger.take(transaction, budget, settling=settling)

        return self._work.commit(take)

    def intend(self, attempt: Attempt, budget: Budget, *, settling: bool = False) -> int:
        """As `book`; with 0, the intent is durable as well and the bytes may leave."""
        self._work.has_room()
        values = {"business": self.business, **steps.intent_values(attempt)}

        def take(transaction: Transaction) -> int:
            self._lane.keep(transaction)
            if moment := self._ledger.take(transaction, budget, settling=settling):
                return moment
            transaction.run(steps.KEEP_INTENT, values)
            return 0

        moment = self._work.commit(take)
        if not moment:
            self._begun(attempt.run, attempt.step.number)
        return moment

    def received(self, size: int) -> None:
        """The answer to the booked call is here: it counts from now."""
        self._ledger.received(size)

    def refund(self) -> None:
        """The booked call was never made."""
        self._ledger.refund()

    def refused(self) -> None:
        """Sage refused a call that we had room for: somebody else is calling. Books one call more."""
        self._work.commit(self._ledger.refused)

    def record(
        self, attempt: Attempt, entity: Entity, keys: Sequence[NaturalKey], *, adopted: bool = False
    ) -> None:
        """The step is carried out: its answer, the id map and natural keys, in one commit."""
        step = attempt.step
        values = steps.outcome_values(attempt, entity, self._clock.now(), adopted=adopted)
        self._work.tell(steps.KEEP_OUTCOME, {"business": self.business, **values}, [(step.kind, step.key)])
        content = fingerprint(node_document(step.body))
        self._ids.tell(step.kind, step.key, entity.sage_id, content, attempt.run, step.number)
        self._ids.tell_keys(entity, keys, attempt.run, step.number, was_read=False)
        self._begun(attempt.run, step.number)

    def retract(self, attempt: Attempt) -> None:
        """The attempt was certainly not carried out; `attempt.epoch` is what the next one takes."""
        values = steps.intent_values(replace(attempt, state=State.PLANNED))
        self._work.tell(steps.KEEP_INTENT, {"business": self.business, **values})
        self._epochs[attempt.step.kind, attempt.step.key] = attempt.epoch

    def fail(self, attempt: Attempt) -> None:
        """The attempt stays in doubt after one more sending without a usable answer."""
        values = steps.intent_values(replace(attempt, state=State.SENT))
        self._work.tell(steps.KEEP_INTENT, {"business": self.business, **values})

    def set_aside(self, run: str, aside: SetAside, epoch: int = 0) -> None:
        """The step cannot be carried out, and why; `epoch` is what a later attempt takes."""
        step = aside.step
        epoch = max(epoch, self.epoch(step.kind, step.key))
        values = steps.aside_values(run, aside, epoch, self._clock.now())
        self._work.tell(steps.KEEP_ASIDE, {"business": self.business, **values}, [(step.kind, step.key)])
        self._epochs[step.kind, step.key] = epoch
        self._begun(run, step.number)

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
        if page == 1 and run in self._loads:
            self._ids.forget_read(step.kind, run)
        at = self._step(run, step.number)
        for position, (entity, keys) in enumerate(entities):
            values = {"sage_id": entity.sage_id, "kind": entity.kind, "body": canonical(entity.body)}
            self._work.tell(steps.KEEP_HELD, {**at, **values, "position": page * 1_000 + position})
            self._ids.tell_keys(entity, keys, run, step.number, was_read=True)
        reading = {
            **at,
            "action": step.action.value,
            "kind": step.kind,
            "key": step.key,
            "state": (State.RECORDED if is_last else State.READING).value,
            "step": canonical(step_document(step)),
            "pages": page,
            "recorded_at": self._clock.now(),
        }
        self._work.tell(steps.KEEP_READING, reading)
        self._begun(run, step.number)

    def rest(self, until: int) -> None:
        """We sleep until then and keep the company."""
        self._work.commit(lambda transaction: self._lane.keep(transaction, until))

    def flush(self) -> None:
        """Make everything told so far durable."""
        self._work.flush()

    # What is read afterwards

    def written(self) -> Iterator[Written]:
        """Every record an earlier run wrote or adopted, by kind and key."""
        self._work.flush()
        return steps.read_written(self._database, self.business)

    def held(self, run: str, kind: str | None = None, step: int | None = None) -> Iterator[Entity]:
        """What the readings of a run found, in the order they were read; of one kind or one step if asked."""
        self._work.flush()
        return steps.read_held(self._database, self.business, run, kind, step)

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        self._work.flush()
        with self._database.reading() as transaction:
            return steps.read_runs(transaction, self.business)

    def traffic(self) -> list[Traffic]:
        """Every minute in which a call was answered, oldest first."""
        self._work.flush()
        with self._database.reading() as transaction:
            return self._ledger.traffic(transaction)

    def status(self) -> Status:
        """Where the company stands."""
        loads = [run for run in self.runs() if run.purpose == "load"]
        booked = self.booked()
        minute_ago = self._clock.now() - MINUTE
        in_doubt = len(self.in_doubt())
        with self._database.reading() as transaction:
            return Status(
                run=loads[-1] if loads else None,
                in_doubt=in_doubt,
                calls_last_minute=sum(at > minute_ago for at in booked),
                calls_last_day=len(booked),
                refused=self._ledger.refusals(transaction),
                bytes_last_hour=self._ledger.bytes_last_hour(transaction),
            )

    def quarantined(self, run: str | None = None) -> Iterator[SetAside]:
        """Steps that could not be carried out, of one run or of the newest load."""
        if run is None:
            newest = self.status().run
            if newest is None:
                return
            run = newest.id
        self._work.flush()
        where = {"business": self.business, "run": run}
        for row in self._database.stream(steps.SET_ASIDE, where):
            yield steps.set_aside_of(row)

    def booked(self, since: int | None = None) -> list[int]:
        """Receive times of the calls since an instant (default: one day back), oldest first."""
        self._work.flush()
        with self._database.reading() as transaction:
            return self._ledger.booked(transaction, self._ledger.day_ago() if since is None else since)

    def record_verdicts(self, run: str, verdicts: Iterable[tuple[str, str, str]]) -> None:
        """Keep what a reconciliation said: (id of the difference, fingerprint of its figures, state)."""
        with self._database.writing() as transaction:
            keep_verdicts(transaction, self.business, run, list(verdicts))

    def last_verdicts(self) -> dict[str, LastVerdict]:
        """What the last reconciliations said, by id of the difference."""
        with self._database.reading() as transaction:
            return read_verdicts(transaction, self.business)

    def close(self) -> None:
        """Give the connections back; what was told and not committed is lost, as in a crash."""
        self._work.close()

    def _may_begin(self, transaction: Transaction, plan: Plan, run: str) -> None:
        row = transaction.one(steps.GET_RUN, {"business": self.business, "run": run})
        if row is None:
            if plan.header.id_map != self._ids.fingerprint(transaction):
                raise PlanStaleError(
                    "Since the plan was made, another run has changed what we know to be in Sage.",
                    "Make it again: sagerecon plan.",
                )
        elif row.state == "finished":
            raise PlanStaleError(
                f"The plan was carried out by {instant_text(row.finished_at)}; a plan is used once.",
                "Make a new one: sagerecon plan.",
            )
        elif row.state == "superseded":
            raise PlanStaleError("A newer plan has taken this one's place.", "Carry that one out.")

    def _tell_run(self, plan: Plan, name: str, run: str) -> None:
        """The plan's consumption, in the commit of its first step."""
        if plan.header.purpose == "load":
            self._work.tell(steps.SUPERSEDE, {"company": self.business, "newer": run})
        self._work.tell(
            steps.KEEP_RUN,
            {
                "business": self.business,
                "run": run,
                "plan": name,
                "purpose": plan.header.purpose,
                "state": "open",
                "started_at": self._clock.now(),
                "finished_at": 0,
                "steps": len(plan.steps),
                "planned_calls": plan.header.calls,
                "goes": 1,
                "snapshot": plan.header.snapshot,
                "mappings": plan.header.mappings,
            },
        )

    def _leave(self, transaction: Transaction) -> None:
        self._lane.keep(transaction)
        self._lane.leave(transaction)

    def _begun(self, run: str, number: int) -> None:
        self._highest[run] = max(number, self._highest.get(run, 0))

    def _step(self, run: str, number: int) -> dict[str, str | int]:
        return {"business": self.business, "run": run, "number": number}
