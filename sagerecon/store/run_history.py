"""What the runs of a company did, for status, reports and reconciliation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select

from sagerecon.model.clock import DAY, MINUTE, Clock
from sagerecon.model.entity import Entity, Written
from sagerecon.model.money import decimal
from sagerecon.model.place import Place
from sagerecon.model.reading import Reading
from sagerecon.model.value import read_json
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.planning.step import Action
from sagerecon.store import runs
from sagerecon.store.database import Database, Transaction, Values, prepared
from sagerecon.store.steps import IN_DOUBT, IS_SET_ASIDE, OF_RUN, READINGS, read_reading, read_set_aside
from sagerecon.store.tables import HELD, ID_MAP, RUNS, STEPS
from sagerecon.store.traffic import Traffic, read_calls_since, read_rate_limited, read_traffic
from sagerecon.store.write_buffer import WriteBuffer


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
    uncertain_steps: int  #: steps with a call that got no usable answer; all are settled in a finished run
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
    "count_uncertain_steps", select(func.count().label("steps")).where(OF_RUN, STEPS.c.failures > 0)
)
_SET_ASIDE = prepared(
    "get_set_aside",
    select(STEPS.c.step, STEPS.c.state, STEPS.c.findings)
    .where(OF_RUN, IS_SET_ASIDE)
    .order_by(STEPS.c.number),
)
_WRITTEN_RECORDS = (
    select(ID_MAP.c.kind, ID_MAP.c.key, ID_MAP.c.sage_id, ID_MAP.c.content, STEPS.c.step, STEPS.c.answer)
    .add_columns(STEPS.c.recorded_at, STEPS.c.adopted, RUNS.c.snapshot, RUNS.c.mappings)
    .select_from(
        ID_MAP.join(
            STEPS,
            and_(
                STEPS.c.business == ID_MAP.c.business,
                STEPS.c.run == ID_MAP.c.run,
                STEPS.c.number == ID_MAP.c.number,
            ),
        ).join(RUNS, and_(RUNS.c.business == ID_MAP.c.business, RUNS.c.run == ID_MAP.c.run))
    )
    .where(ID_MAP.c.business == bindparam("business"))
)
_WRITTEN = prepared("written", _WRITTEN_RECORDS.order_by(ID_MAP.c.kind, ID_MAP.c.key))
_WRITTEN_RECORD = prepared(
    "written_record",
    _WRITTEN_RECORDS.where(ID_MAP.c.kind == bindparam("kind"), ID_MAP.c.key == bindparam("key")),
)
_HELD = (
    select(HELD.c.kind, HELD.c.sage_id, HELD.c.body)
    .where(HELD.c.business == bindparam("business"), HELD.c.run == bindparam("run"))
    .order_by(HELD.c.number, HELD.c.position)
)
_HELD_ALL = prepared("held_all", _HELD)
_HELD_KIND = prepared("held_kind", _HELD.where(HELD.c.kind == bindparam("kind")))
# A run that reads Sage has few steps, and an entity is found by its run, its step and its id.
_HELD_ENTITY = prepared(
    "held_entity",
    select(HELD.c.body)
    .select_from(
        STEPS.join(
            HELD,
            and_(
                HELD.c.business == STEPS.c.business,
                HELD.c.run == STEPS.c.run,
                HELD.c.number == STEPS.c.number,
            ),
        )
    )
    .where(OF_RUN, STEPS.c.action == Action.READ.value)
    .where(HELD.c.sage_id == bindparam("sage_id"), HELD.c.kind == bindparam("kind"))
    .order_by(HELD.c.number)
    .limit(1),
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
        now = self._clock.now()
        with self._database.reading() as transaction:
            loads = [run for run in self._runs(transaction) if run.purpose is Purpose.LOAD]
            calls = read_calls_since(transaction, self._business, now - DAY)
            return Status(
                run=loads[-1] if loads else None,
                in_doubt=len(transaction.rows(IN_DOUBT, {"business": self._business})),
                calls_last_minute=sum(at > now - MINUTE for at in calls),
                calls_last_day=len(calls),
                rate_limited=read_rate_limited(transaction, self._business),
            )

    def written(self) -> Iterator[Written]:
        """Yield every record that a run wrote or adopted, by kind and key."""
        self._buffer.flush()
        for row in self._database.stream(_WRITTEN, {"business": self._business}):
            yield _written(row)

    def written_record(self, kind: str, key: str) -> Written | None:
        """Return one record as a run wrote or adopted it; None where none did."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            row = transaction.one(_WRITTEN_RECORD, {"business": self._business, "kind": kind, "key": key})
            return None if row is None else _written(row)

    def entities_read(self, run: str, kind: str | None = None) -> Iterator[Entity]:
        """Yield the entities that the reading steps of `run` found, of one kind or of all, in their order."""
        self._buffer.flush()
        statement = _HELD_ALL if kind is None else _HELD_KIND
        values = {"business": self._business, "run": run}
        for row in self._database.stream(statement, values if kind is None else {**values, "kind": kind}):
            yield Entity(row.kind, row.sage_id, read_json(row.body))

    def entity_read(self, run: str, kind: str, sage_id: str) -> Entity | None:
        """Return one entity as the reading steps of `run` found it; None where they did not."""
        self._buffer.flush()
        where: Values = {"business": self._business, "run": run, "kind": kind, "sage_id": sage_id}
        with self._database.reading() as transaction:
            row = transaction.one(_HELD_ENTITY, where)
            return None if row is None else Entity(kind, sage_id, read_json(row.body))

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
            return read_calls_since(transaction, self._business, self._clock.now() - DAY)

    def traffic(self) -> list[Traffic]:
        """Return the calls of each minute in which one was answered, oldest first."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return read_traffic(transaction, self._business)

    def _runs(self, transaction: Transaction) -> list[Run]:
        found = []
        for row in transaction.rows(_ALL_RUNS, {"business": self._business}):
            where: Values = {"business": self._business, "run": row.run}
            found.append(
                Run(
                    id=row.run,
                    plan=row.plan,
                    purpose=Purpose(row.purpose),
                    state=RunState(row.state),
                    started_at=row.started_at,
                    finished_at=row.finished_at,
                    steps=row.steps,
                    planned_calls=row.planned_calls,
                    attempts=row.attempts,
                    uncertain_steps=sum(counted.steps for counted in transaction.rows(_UNCERTAIN, where)),
                    counts={counted.state: counted.steps for counted in transaction.rows(_COUNTS, where)},
                )
            )
        return found


def _written(row: Row[Any]) -> Written:
    step = read_json(row.step)
    return Written(
        kind=row.kind,
        key=row.key,
        sage_id=row.sage_id,
        sent=step.get("body", {}),
        answer=read_json(row.answer or "{}"),
        written_at=row.recorded_at,
        content=row.content,
        adopted=bool(row.adopted),
        label=step.get("label", ""),
        amount=decimal(step["amount"]) if "amount" in step else None,
        identity=step.get("identity", {}),
        origins=tuple(Place.parse(text) for text in step.get("origins", ())),
        snapshot=row.snapshot,
        mappings=row.mappings,
    )
