"""What the runs of a company did, for status, reports and reconciliation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Row, bindparam, func, or_, select

from sagerecon.model.clock import DAY, MINUTE, Clock, cautious_now
from sagerecon.model.entity import Entity, Written
from sagerecon.model.packed_json import Packer
from sagerecon.model.reading import Reading
from sagerecon.pairing.refusal import Deleted, Refusal
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.planning.step import Action, ReverseStep, Step, UpdateStep
from sagerecon.store import runs
from sagerecon.store.database import Database, Transaction, Values, prepared
from sagerecon.store.held import HELD_ALL, HELD_ENTITY, HELD_KIND, IDS_HELD, LOOKS, REFUSALS
from sagerecon.store.process import is_alive
from sagerecon.store.run_calls import DayOfCalls, read_run_calls
from sagerecon.store.steps import (
    IN_DOUBT,
    IS_SENT,
    IS_SET_ASIDE,
    OF_RUN,
    READINGS,
    read_findings,
    read_reading,
    read_set_aside,
    read_stored_step,
)
from sagerecon.store.stored import read_object, reads_rows
from sagerecon.store.suspects import Suspects
from sagerecon.store.tables import RUNS, STEPS
from sagerecon.store.traffic import (
    Traffic,
    read_calls_since,
    read_clock_ahead,
    read_rate_limited,
    read_traffic,
)
from sagerecon.store.write_buffer import WriteBuffer
from sagerecon.store.written import (
    ALL_WRITTEN,
    DELETIONS,
    IDS_WRITTEN,
    ONE_WRITTEN,
    RENAMES,
    REVERSALS,
    WrittenId,
    read_written,
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a plan. Instants are milliseconds since 1970, 0 where they have not been reached."""

    id: str
    plan: str  #: the plan's hash
    purpose: Purpose
    state: RunState
    started_at: int
    finished_at: int
    steps: int
    planned_calls: int
    attempts: int  #: how often a command began or continued it
    continued_at: int  #: when a command last began or continued it
    is_held: bool  #: a process that is alive, or on another machine, carries it out
    counts: Mapping[str, int]  #: begun steps by state


@dataclass(frozen=True, slots=True)
class Status:
    """The newest load of a company, and its calls of the last day."""

    run: Run | None
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    rate_limited: int  #: calls answered 429 although our own limit allowed them: another app is calling


_ALL_RUNS = prepared(
    "all_runs",
    select(RUNS).where(RUNS.c.business == bindparam("business")).order_by(RUNS.c.sequence),
)
_COUNTS = prepared(
    "count_steps", select(STEPS.c.state, func.count().label("steps")).where(OF_RUN).group_by(STEPS.c.state)
)
_UNCERTAIN = prepared(
    "uncertain_steps",
    select(STEPS.c.step, STEPS.c.state)
    .where(
        OF_RUN,
        STEPS.c.first_sent_at > 0,
        or_(
            STEPS.c.failures > 0,
            STEPS.c.sent_at > STEPS.c.first_sent_at,
            STEPS.c.was_in_doubt > 0,
            IS_SENT,
        ),
    )
    .order_by(STEPS.c.number),
)
_LAST_ACTIVITY = prepared(
    "last_activity", select(func.max(STEPS.c.recorded_at), func.max(STEPS.c.sent_at)).where(OF_RUN)
)
_LAST_WRITE = prepared(
    "last_write",
    select(func.max(STEPS.c.sent_at).label("sent_at")).where(STEPS.c.business == bindparam("business")),
)
_CREATIONS_IN_DOUBT = prepared(
    "creations_in_doubt",
    select(STEPS.c.kind, STEPS.c.key).where(
        STEPS.c.business == bindparam("business"), IS_SENT, STEPS.c.action == Action.CREATE.value
    ),
)
_SET_ASIDE = prepared(
    "get_set_aside",
    select(STEPS.c.step, STEPS.c.state, STEPS.c.findings)
    .where(OF_RUN, IS_SET_ASIDE)
    .order_by(STEPS.c.number),
)


class RunHistory:
    """Reads what the runs of one company wrote, read and set aside. Changes nothing."""

    def __init__(self, business: str, database: Database, buffer: WriteBuffer, clock: Clock) -> None:
        self._business = business
        self._database = database
        self._buffer = buffer
        self._clock = clock

    def runs(self) -> list[Run]:
        """Return every run, in the order in which they began."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return self._runs(transaction)

    def status(self) -> Status:
        """Return the newest load and the calls up to now."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            now = self._now(transaction)
            loads = [run for run in self._runs(transaction) if run.purpose is Purpose.LOAD]
            calls = read_calls_since(transaction, self._business, now - DAY)
            return Status(
                run=loads[-1] if loads else None,
                in_doubt=len(transaction.rows(IN_DOUBT, {"business": self._business})),
                calls_last_minute=sum(at > now - MINUTE for at in calls),
                calls_last_day=len(calls),
                rate_limited=read_rate_limited(transaction, self._business),
            )

    def last_write_at(self) -> int:
        """Return when the newest write of any load was sent; 0 where none was."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            row = transaction.one(_LAST_WRITE, {"business": self._business})
            return int(row.sent_at or 0) if row is not None else 0

    def suspects(self) -> Mapping[tuple[str, str], Suspect]:
        """Return the records that Sage may hold already, by kind and draft key."""
        self._buffer.flush()
        return Suspects(self._business, self._buffer).read(self._buffer.reader)

    def suspect(self, kind: str, key: str) -> Suspect | None:
        """Return the entities that one record may be, as a run compared them; None where none did."""
        self._buffer.flush()
        return Suspects(self._business, self._buffer).of(self._buffer.reader, kind, key)

    def creations_in_doubt(self) -> frozenset[tuple[str, str]]:
        """Return kind and draft key of the creations that were sent, and of which no answer is known yet."""
        self._buffer.flush()
        rows = self._database.stream(_CREATIONS_IN_DOUBT, {"business": self._business})
        return frozenset((row.kind, row.key) for row in rows)

    def uncertain_steps(self, run: str) -> list[Step]:
        """Return the writes of a run of which a sending got no usable answer, settled or not."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            rows = transaction.rows(_UNCERTAIN, {"business": self._business, "run": run})
            return [read_stored_step(row) for row in rows]

    def last_activity(self, run: str) -> int:
        """Return when the newest step of a run was sent or recorded; 0 where there is none."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            found = transaction.first(_LAST_ACTIVITY, {"business": self._business, "run": run})
            return max((int(moment) for moment in found or () if moment), default=0)

    def calls_by_day(self) -> list[DayOfCalls]:
        """Return the requests of each run and day, by day."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return read_run_calls(transaction, self._business)

    def written(self) -> Iterator[Written]:
        """Yield every record that a run wrote or adopted, by kind and key."""
        self._buffer.flush()
        packer = Packer()
        for row in self._database.stream(ALL_WRITTEN, {"business": self._business}):
            yield read_written(row, packer)

    def ids_written(self) -> Iterator[WrittenId]:
        """Yield kind, Sage id and time of every record that a run wrote or adopted."""
        self._buffer.flush()
        for row in self._database.stream(IDS_WRITTEN, {"business": self._business}):
            yield WrittenId(row.kind, row.sage_id, row.recorded_at)

    def written_record(self, kind: str, key: str) -> Written | None:
        """Return one record as a run wrote or adopted it; None where none did."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            row = transaction.one(ONE_WRITTEN, {"business": self._business, "kind": kind, "key": key})
            return None if row is None else read_written(row, Packer())

    def entities_read(self, run: str, kind: str | None = None) -> Iterator[Entity]:
        """Yield the entities that the reading steps of `run` found, of one kind or of all, in their order."""
        self._buffer.flush()
        statement = HELD_ALL if kind is None else HELD_KIND
        values = {"business": self._business, "run": run}
        packer = Packer()
        for row in self._database.stream(statement, values if kind is None else {**values, "kind": kind}):
            yield Entity(row.kind, row.sage_id, packer.pack(row.body, row.kind))

    def ids_read(self, run: str) -> Iterator[tuple[str, str]]:
        """Yield kind and Sage id of every entity that the reading steps of `run` found."""
        self._buffer.flush()
        for row in self._database.stream(IDS_HELD, {"business": self._business, "run": run}):
            yield row.kind, row.sage_id

    def looks(self) -> Iterator[tuple[Entity, int]]:
        """Yield what updates found in Sage that were not sent, or that left fields to Sage, oldest first.

        Among them is what was to be adopted and is gone. With each comes its instant in milliseconds since
        1970. Of an entity that was updated, the body has the fields left alone. One that Sage did not find
        has no body.
        """
        self._buffer.flush()
        for row in self._database.stream(LOOKS, {"business": self._business}):
            yield Entity(row.kind, row.sage_id, read_object(row.body)), row.recorded_at

    def refusals(self) -> Iterator[Refusal]:
        """Yield the updates and deletions that Sage refused, the oldest first."""
        self._buffer.flush()
        for row in self._database.stream(REFUSALS, {"business": self._business}):
            step = read_stored_step(row)
            if isinstance(step, UpdateStep | ReverseStep):
                yield Refusal(
                    kind=step.kind,
                    key=step.key,
                    is_deletion=isinstance(step, ReverseStep),
                    reason=" ".join(finding.message for finding in read_findings(row)),
                    at=row.recorded_at,
                    held=Entity(row.kind, row.sage_id, read_object(row.body)),
                    body=step.body,
                    left=step.left if isinstance(step, UpdateStep) else (),
                    identity=step.identity,
                )

    def deletions(self) -> Iterator[Deleted]:
        """Yield every entity that a run has deleted or voided."""
        self._buffer.flush()
        for row in self._database.stream(DELETIONS, {"business": self._business}):
            step = read_stored_step(row)
            if isinstance(step, ReverseStep):
                yield Deleted(step.body, row.recorded_at)

    def ids_deleted(self) -> frozenset[tuple[str, str]]:
        """Return kind and Sage id of every entity that a run has deleted or voided."""
        self._buffer.flush()
        rows = self._database.stream(DELETIONS, {"business": self._business})
        return frozenset((row.kind, str(read_object(row.step).get("sage_id"))) for row in rows)

    def renamed_keys(self) -> Mapping[tuple[str, str], str]:
        """Return by kind and earlier draft key the key that took over its entity, as last recorded."""
        self._buffer.flush()
        rows = self._database.stream(RENAMES, {"business": self._business})
        return {(row.kind, str(read_object(row.step).get("earlier"))): row.key for row in rows}

    def reversals(self) -> Iterator[tuple[ReverseStep, int]]:
        """Yield the deletion of each record that is not written any more, and when it was carried out."""
        self._buffer.flush()
        found: dict[tuple[str, str], tuple[ReverseStep, int]] = {}
        for row in self._database.stream(REVERSALS, {"business": self._business}):
            step = read_stored_step(row)
            if isinstance(step, ReverseStep):
                found[step.kind, step.key] = (step, row.recorded_at)
        yield from found.values()

    def entity_read(self, run: str, kind: str, sage_id: str) -> Entity | None:
        """Return one entity as the reading steps of `run` found it; None where they did not."""
        self._buffer.flush()
        where: Values = {"business": self._business, "run": run, "kind": kind, "sage_id": sage_id}
        with self._database.reading() as transaction:
            row = transaction.one(HELD_ENTITY, where)
            return None if row is None else Entity(kind, sage_id, read_object(row.body))

    def finished_reading(self, plan: Plan) -> str | None:
        """Return the newest finished run that asked what `plan` asks and that no reconciliation has used."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            rows = runs.same_readings(transaction, plan, RunState.FINISHED, self._clock.now())
            return str(rows[0].run) if rows else None

    def readings(self, run: str) -> list[Reading]:
        """Return what `run` asked Sage for, in the order of its plan, without steps that were not begun."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            rows = transaction.rows(READINGS, {"business": self._business, "run": run})
            return [read_reading(row) for row in rows]

    def set_aside(self) -> Iterator[SetAside]:
        """Yield the steps of the newest load that could not be carried out."""
        load = self.status().run
        if load is not None:
            for row in self._database.stream(_SET_ASIDE, {"business": self._business, "run": load.id}):
                yield read_set_aside(row)

    def calls_of_last_day(self) -> list[int]:
        """Return the instants of the calls that the daily limit counts, oldest first."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return read_calls_since(transaction, self._business, self._now(transaction) - DAY)

    def now(self) -> int:
        """Return the time by the clock of this machine, less what it was last ahead of Sage's."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return self._now(transaction)

    def traffic(self) -> list[Traffic]:
        """Return the calls of each minute in which one was answered, oldest first."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return read_traffic(transaction, self._business)

    def _now(self, transaction: Transaction) -> int:
        return cautious_now(self._clock, read_clock_ahead(transaction, self._business))

    def _runs(self, transaction: Transaction) -> list[Run]:
        found = []
        for row in transaction.rows(_ALL_RUNS, {"business": self._business}):
            counts = transaction.rows(_COUNTS, {"business": self._business, "run": row.run})
            found.append(_read_run(row, {counted.state: counted.steps for counted in counts}))
        return found


@reads_rows
def _read_run(row: Row[tuple[str]], counts: Mapping[str, int]) -> Run:
    return Run(
        id=row.run,
        plan=row.plan,
        purpose=Purpose(row.purpose),
        state=RunState(row.state),
        started_at=row.started_at,
        finished_at=row.finished_at,
        steps=row.steps,
        planned_calls=row.planned_calls,
        attempts=row.attempts,
        continued_at=row.continued_at,
        is_held=bool(row.holder) and is_alive(row.holder) is not False,
        counts=counts,
    )
