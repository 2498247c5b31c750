"""The memory of a run: what is sent, its outcome, and which entity has which key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import Any, TypeVar

from sagerecon.model.clock import Clock, correction
from sagerecon.model.draft import node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import PlanStaleError
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import canonical, fingerprint
from sagerecon.pairing.held import created_at, is_absent
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import AnsweredCreation, Attempt, Reached, Replays, RunState, SetAside, State
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, RenameStep, ReverseStep, Step, UpdateStep
from sagerecon.store import runs, steps
from sagerecon.store.call_ledger import CallLedger
from sagerecon.store.company_lock import CompanyLock
from sagerecon.store.database import Database, Statement, Transaction, Values
from sagerecon.store.held import LOOKS_OF_RUN
from sagerecon.store.id_map import IdMap
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.run_calls import NO_RUN
from sagerecon.store.stored import read_object
from sagerecon.store.suspects import Suspects
from sagerecon.store.witness import WitnessError
from sagerecon.store.write_buffer import WriteBuffer

T = TypeVar("T")


class RunLog:
    """The run log of one company; satisfies `runner.ports.RunLog`, which documents its methods."""

    def __init__(
        self,
        business: str,
        database: Database,
        buffer: WriteBuffer,
        id_map: IdMap,
        ledger: CallLedger,
        lock: CompanyLock,
        clock: Clock,
    ) -> None:
        self._business = business
        self._database = database
        self._buffer = buffer
        self._id_map = id_map
        self._ledger = ledger
        self._lock = lock
        self._clock = clock
        self._epochs: dict[tuple[str, str], int] = {}
        self._asked_at = 0  # when the last call was booked, by the uncorrected clock
        self._begun: tuple[str, int] | None = None  #: the new run, and how its clock was corrected
        self._suspects = Suspects(business, buffer)
        self._suspicions: dict[tuple[str, str], Suspect] = {}
        self._loads: set[str] = set()  # runs whose readings replace the natural keys of their kinds

    # The run

    def begin(self, plan: Plan) -> str:
        """Begin or resume the run of this plan.

        A new run is committed with its first step; until then the plan of a load counts as unused. A plan
        that reads may be run again: it resumes a paused reading of its question, or begins a new one.
        """
        if plan.header.business != self._business:
            raise PlanStaleError(
                f"The plan is for business {plan.header.business}, not for {self._business}.",
                "Create a new one: sagerecon plan",
            )
        is_reading = plan.header.purpose is not Purpose.LOAD
        with self._database.writing() as transaction:
            if not is_reading:
                self._lock.require_complete(transaction)  # first: an older copy has another id map, too
            run = self._paused_reading(transaction, plan) if is_reading else plan.hash[:16]
            row = transaction.one(runs.GET_RUN, {"business": self._business, "run": run})
            if not is_reading:
                if row is None:
                    self._require_same_id_map(transaction, plan)
                else:
                    runs.raise_if_used(row)
                self._lock.acquire(transaction)
            values: Values = {"process": this_process(), "moment": self._clock.now()}
            transaction.run(runs.COUNT_ATTEMPT, {"company": self._business, "begun": run, **values})
            if not is_reading:  # what is in doubt now, a killed process sent
                transaction.run(steps.MARK_ALL_IN_DOUBT, {"company": self._business})
            epochs = transaction.rows(steps.EPOCHS, {"business": self._business})
        if not is_reading:
            self._loads.add(run)
            self._suspicions = dict(self._suspects.read(self._buffer.reader))
        self._epochs = {(row.kind, row.key): row.epoch for row in epochs}
        if row is None:
            run = run or token_hex(8)  # two readings may begin within one instant
            self._add_run(run, plan)
        self._ledger.run = run
        return run

    def is_witnessed(self) -> bool:
        """Return whether a witness states that the store is complete; False where there is no witness.

        Raises:
            IncompleteStoreError: the store does not know all that was written to the company.
        """
        return self._lock.require_complete(self._buffer.reader)

    def began_before(self) -> int:
        """Return when the move began by its witnesses, 0 where none states it."""
        return self._lock.began_before()

    def distrust(self) -> None:
        """Let the next run begin though the store is incomplete: what Sage holds was read instead."""
        self._lock.distrust()

    def vouch(self) -> None:
        self._buffer.flush()
        self._lock.vouch(self._buffer.reader)

    def end(self, run: str, *, is_finished: bool) -> None:
        self._ledger.run = NO_RUN
        if is_finished:
            values: Values = {"company": self._business, "ended": run, "moment": self._clock.now()}
            self._buffer.add(runs.END_RUN, values)
        self._buffer.add(runs.LEAVE_RUN, {"company": self._business, "left": run})
        self._write_witness(at_once=True)
        self._buffer.commit(self._lock.release)

    def keep_locked(self, until: int) -> None:
        self._buffer.commit(lambda transaction: self._lock.renew(transaction, until))

    def flush(self) -> None:
        self._buffer.flush()

    # Its steps

    def reached(self, run: str) -> Mapping[int, Reached]:
        self._buffer.flush()
        rows = self._buffer.reader.rows(steps.REACHED, {"business": self._business, "run": run})
        return {row.number: Reached(State(row.state), row.pages, row.total, row.entities) for row in rows}

    def in_doubt(self) -> Sequence[Attempt]:
        self._buffer.flush()
        rows = self._buffer.reader.rows(steps.IN_DOUBT, {"business": self._business})
        return [steps.read_attempt(row) for row in rows]

    def replays(self) -> Replays:
        return self._lock.replays(self._buffer.reader)

    def learn(self, replays: Replays) -> None:
        self._buffer.commit(lambda transaction: self._lock.learn(transaction, replays))

    def answered_creation(self, since: int) -> AnsweredCreation | None:
        self._buffer.flush()
        where: Values = {"business": self._business, "since": since}
        row = self._buffer.reader.one(steps.ANSWERED_CREATION, where)
        if row is None:
            return None
        answer = read_object(row.answer)
        entity = Entity(row.kind, str(answer.get("id", "")), answer)
        if (created := created_at(entity)) is not None and created < since:
            return None  # a repeated answer: Sage remembers the id since it created the entity
        return AnsweredCreation(row.kind, row.path, row.idempotency_id, entity.sage_id)

    def set_aside_reason(self, run: str, kind: str, key: str) -> str | None:
        self._buffer.flush()
        where = {"business": self._business, "run": run, "kind": kind, "key": key}
        rows = self._buffer.reader.rows(steps.REASON, where)
        if not rows:
            return None
        messages = [finding.message for row in rows for finding in steps.read_findings(row)]
        return " ".join(messages) or "its outcome is not known yet"

    def epoch(self, kind: str, key: str) -> int:
        return self._epochs.get((kind, key), 0)

    def record(
        self, attempt: Attempt, entity: Entity, keys: Sequence[NaturalKey], *, adopted: bool = False
    ) -> None:
        step = attempt.step
        values = steps.outcome_values(attempt, entity, self._clock.now(), adopted=adopted)
        self._add(steps.KEEP_OUTCOME, values, step)
        content = fingerprint(node_document(step.body))
        if isinstance(step, CreateStep) and step.replaces:
            self._id_map.forget_keys_of(step.kind, step.replaces)
        self._id_map.add(step.kind, step.key, entity.sage_id, content, attempt.run, step.number)
        self._id_map.add_natural_keys(entity, keys, attempt.run, step.number, was_read=False)
        self.clear(step.kind, step.key)

    def adopt(self, run: str, step: AdoptStep, entity: Entity, keys: Sequence[NaturalKey]) -> None:
        self._add(steps.KEEP_OUTCOME, steps.adoption_values(run, step, entity, self._clock.now()), step)
        content = fingerprint(node_document(step.body))
        if step.replaces:
            self._id_map.forget_keys_of(step.kind, step.replaces)
        self._id_map.add(step.kind, step.key, entity.sage_id, content, run, step.number)
        self._id_map.add_natural_keys(entity, keys, run, step.number, was_read=False)
        self.clear(step.kind, step.key)

    def rename(self, run: str, step: RenameStep) -> None:
        self._buffer.flush_if_full()
        before = self._id_map.written(step.kind, step.earlier)
        if before is None or before.sage_id != step.sage_id:
            raise PlanStaleError(
                f"{step.earlier} is not recorded as it was when the plan was created.",
                "Create a new one: sagerecon plan",
            )
        self._add(steps.KEEP_OUTCOME, steps.rename_values(run, step, before), step)
        self._give_up(step.kind, step.earlier)
        content = fingerprint(node_document(step.body))
        self._id_map.add(step.kind, step.key, step.sage_id, content, run, step.number)

    def record_reversal(self, run: str, step: ReverseStep, entity: Entity) -> None:
        is_recorded = self._id_map.sage_id(step.kind, step.key) == step.sage_id
        self._add(steps.KEEP_OUTCOME, steps.reversal_values(run, step, entity, self._clock.now()), step)
        self._id_map.forget_keys_of(step.kind, step.sage_id)
        if is_recorded:  # else the key has another entity by now, such as one that was adopted
            self._give_up(step.kind, step.key)

    def set_aside(self, run: str, aside: SetAside, epoch: int = 0) -> None:
        step = aside.step
        epoch = max(epoch, self.epoch(step.kind, step.key))
        values = steps.set_aside_values(run, aside, epoch, self._clock.now())
        self._add(steps.KEEP_SET_ASIDE, values, step)
        self._epochs[step.kind, step.key] = epoch

    def record_look(self, run: str, step: UpdateStep | ReverseStep | AdoptStep, entity: Entity) -> None:
        values = {"sage_id": entity.sage_id, "kind": entity.kind, "body": canonical(entity.body)}
        self._buffer.add(steps.KEEP_HELD, {**self._step(run, step.number), "position": 0, **values})

    def absent(self, run: str) -> frozenset[tuple[str, str]]:
        self._buffer.flush()
        rows = self._buffer.reader.rows(LOOKS_OF_RUN, {"business": self._business, "run": run})
        found = (Entity(row.kind, row.sage_id, read_object(row.body)) for row in rows)
        return frozenset((e.kind, e.sage_id) for e in found if is_absent(e))

    def record_page(
        self,
        run: str,
        step: ReadStep,
        page: int,
        entities: Sequence[tuple[Entity, Sequence[NaturalKey]]],
        *,
        total: int,
        is_last: bool,
    ) -> None:
        """Record a page. The first page of a load replaces the natural keys that were read before.

        A search shows some entities of the kind alone, so that it replaces none.
        """
        if page == 1 and run in self._loads and "search" not in step.query:
            self._id_map.forget_natural_keys(step.kind, run, step.number)
        if page == 1:
            self._buffer.add(steps.FORGET_HELD, {"company": self._business, "reader": run, "at": step.number})
        for position, (entity, keys) in enumerate(entities):
            values = {"sage_id": entity.sage_id, "kind": entity.kind, "body": canonical(entity.body)}
            place = {**self._step(run, step.number), "position": page * 1_000 + position}
            self._buffer.add(steps.KEEP_HELD, {**place, **values})
            self._id_map.add_natural_keys(entity, keys, run, step.number, was_read=True)
        state = State.RECORDED if is_last else State.READING
        reading = steps.reading_values(run, step, state, page, total, self._clock.now())
        if page == 1:
            first = {**reading, "first_sent_at": self._asked_at + correction(self._clock)}
            self._buffer.add(steps.KEEP_FIRST_PAGE, {"business": self._business, **first})
        else:
            self._buffer.add(steps.KEEP_READING, {"business": self._business, **reading})

    def suspect(self, suspects: Sequence[Suspect]) -> None:
        self._suspects.keep(suspects)
        self._suspicions.update({(suspect.kind, suspect.key): suspect for suspect in suspects})

    def clear(self, kind: str, key: str) -> None:
        if self._suspicions.pop((kind, key), None) is not None:
            self._suspects.forget(kind, key)

    def suspicion(self, kind: str, key: str) -> Suspect | None:
        return self._suspicions.get((kind, key))

    # Its calls

    def book(
        self, budget: Budget, *, settling: bool = False, sent_within: int = 0, is_call: bool = True
    ) -> int:
        self._buffer.require_disk_space()

        def book(transaction: Transaction) -> int:
            return self._ledger.book(
                transaction, budget, settling=settling, sent_within=sent_within, is_call=is_call
            )

        self._asked_at = self._clock.now() - correction(self._clock)
        return self._commit_booking(book)

    def intend(self, attempt: Attempt, budget: Budget, *, settling: bool = False) -> int:
        self._buffer.require_disk_space()
        values = {"business": self._business, **steps.intent_values(attempt)}

        def book(transaction: Transaction) -> int:
            if moment := self._ledger.book(transaction, budget, settling=settling):
                return moment
            transaction.run(steps.KEEP_INTENT, values)
            self._lock.count_write(transaction)
            return 0

        moment = self._commit_booking(book)
        self._write_witness()
        return moment

    def received(self, size: int, *, is_call: bool = True, has_answer: bool = True) -> None:
        self._ledger.received(size, is_call=is_call, has_answer=has_answer)
        self._redate_begin()

    def refund(self) -> None:
        self._ledger.refund()

    def add_calls(self, budget: Budget, calls: int) -> None:
        """Book calls that were answered before it was known that they are this company's."""
        self._commit_booking(lambda transaction: self._ledger.add(transaction, budget, calls))

    def rate_limited(self, until: int, in_a_row: int) -> None:
        self._commit_booking(lambda transaction: self._ledger.rate_limited(transaction, until, in_a_row))

    def close(self, until: int) -> None:
        self._buffer.commit(lambda transaction: self._ledger.close(transaction, until))

    def accepted(self) -> None:
        self._ledger.accepted()

    def closed_until(self) -> int:
        return self._ledger.closed_until()

    @property
    def unknown_calls(self) -> int:
        return self._ledger.unknown_calls

    def refusals(self) -> int:
        return self._ledger.refusals()

    def retract(self, attempt: Attempt) -> None:
        self._add(steps.KEEP_INTENT, steps.intent_values(replace(attempt, state=State.PLANNED)))
        self._epochs[attempt.step.kind, attempt.step.key] = attempt.epoch

    def fail(self, attempt: Attempt) -> None:
        self._add(steps.KEEP_INTENT, steps.intent_values(replace(attempt, state=State.SENT)))
        mark: Values = {"company": self._business, "writer": attempt.run, "at": attempt.step.number}
        self._buffer.add(steps.MARK_IN_DOUBT, mark)

    # The id map

    def sage_id(self, kind: str, key: Key) -> str | None:
        return self._id_map.sage_id(kind, key)

    def content(self, kind: str, key: str) -> str | None:
        return self._id_map.content(kind, key)

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        return self._id_map.answer(kind, key)

    def written(self, kind: str, key: str) -> Written | None:
        return self._id_map.written(kind, key)

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        return self._id_map.found(kind, key)

    def owner(self, kind: str, sage_id: str) -> str | None:
        return self._id_map.owner(kind, sage_id)

    def _give_up(self, kind: str, key: str) -> None:
        """Forget the entity of a key; an equal creation with that key has another name from now on."""
        self._id_map.forget(kind, key)
        epoch = self.epoch(kind, key) + 1
        values: Values = {"of_kind": kind, "of_key": key, "next_epoch": epoch}
        self._buffer.add(steps.KEEP_EPOCH, {"business": self._business, **values}, [])
        self._epochs[kind, key] = epoch

    def owners(self, kind: str, sage_id: str) -> Sequence[str]:
        return self._id_map.owners(kind, sage_id)

    def _commit_booking(self, book: Callable[[Transaction], T]) -> T:
        """Commit what `book` does, then record in the witness which calls it has booked."""
        result = self._buffer.commit(book)
        self._ledger.witness_booked()
        return result

    def _paused_reading(self, transaction: Transaction, plan: Plan) -> str:
        """Return the newest unfinished reading of the question without a running process; else empty."""
        for row in runs.same_readings(transaction, plan, RunState.OPEN, self._clock.now()):
            if not row.holder or is_alive(row.holder) is False:
                return str(row.run)
        return ""

    def _write_witness(self, *, at_once: bool = False) -> None:
        """Write the witness of the store if it is due, or at once.

        A failure does not stop the run, which began with a witness; the next start compares with that one.
        """
        with suppress(WitnessError):
            self._lock.write_witness(self._buffer.reader, at_once=at_once)

    def _require_same_id_map(self, transaction: Transaction, plan: Plan) -> None:
        if plan.header.id_map != self._id_map.fingerprint_in(transaction):
            raise PlanStaleError(
                "The plan is stale: another run has changed the id map since it was created.",
                "Create a new one: sagerecon plan",
            )

    def _add_run(self, run: str, plan: Plan) -> None:
        if plan.header.purpose is Purpose.LOAD:
            self._buffer.add(runs.SUPERSEDE, {"company": self._business, "newer": run})
        self._buffer.add(runs.KEEP_RUN, runs.run_values(self._business, run, plan, self._clock.now()))
        self._begun = run, correction(self._clock)

    def _redate_begin(self) -> None:
        """Correct when the run began, as soon as Sage's answer has corrected the clock."""
        if self._begun is None or (now := correction(self._clock)) == self._begun[1]:
            return
        run, before = self._begun
        self._buffer.add(runs.REDATE, {"company": self._business, "begun": run, "later": now - before})
        self._begun = run, now

    def _add(self, statement: Statement, values: Values, step: Step | None = None) -> None:
        keys = [] if step is None else [(step.kind, step.key)]
        self._buffer.add(statement, {"business": self._business, **values}, keys)

    def _step(self, run: str, number: int) -> dict[str, str | int]:
        return {"business": self._business, "run": run, "number": number}
