"""The log of a company's runs: which plan, which step, what was sent and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Row, and_, bindparam, func, or_, select, update

from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding, finding_document, read_finding
from sagerecon.model.value import canonical, read_json
from sagerecon.planning.settling import Attempt, SetAside, State
from sagerecon.planning.step_document import read_step, read_write_step, step_document
from sagerecon.store.database import Database, Transaction, Values, prepared, upsert
from sagerecon.store.tables import HELD, ID_MAP, RUNS, STEPS


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a plan. Instants are milliseconds since 1970, 0 where it has not come to that."""

    id: str
    plan: str  #: the plan's hash
    purpose: str  #: load, read_back, rollback
    state: str  #: open, finished, superseded
    started_at: int
    finished_at: int
    steps: int
    planned_calls: int
    goes: int  #: how often the same command went at it
    doubted: int  #: steps of which a call got no usable answer, all of them settled once it is finished
    counts: Mapping[str, int]  #: steps that have begun, by state


_BUSINESS = STEPS.c.business == bindparam("business")
_RUN = and_(_BUSINESS, STEPS.c.run == bindparam("run"))
_ASIDE = or_(STEPS.c.state == "quarantined", STEPS.c.state == "blocked", STEPS.c.state == "parked")

KEEP_RUN = upsert("keep_run", RUNS)
GET_RUN = prepared(
    "get_run", select(RUNS).where(RUNS.c.business == bindparam("business"), RUNS.c.run == bindparam("run"))
)
END_RUN = prepared(
    "end_run",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("ended"))
    .values(state="finished", finished_at=bindparam("moment")),
)
GO_ON = prepared(
    "go_on",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("going"))
    .values(goes=RUNS.c.goes + 1),
)
SUPERSEDE = prepared(
    "supersede",
    update(RUNS)
    .where(
        RUNS.c.business == bindparam("company"),
        RUNS.c.run != bindparam("newer"),
        RUNS.c.purpose == "load",
        RUNS.c.state == "open",
    )
    .values(state="superseded"),
)
ALL_RUNS = prepared(
    "all_runs",
    select(RUNS).where(RUNS.c.business == bindparam("business")).order_by(RUNS.c.started_at, RUNS.c.run),
)
COUNTS = prepared(
    "count_steps", select(STEPS.c.state, func.count().label("steps")).where(_RUN).group_by(STEPS.c.state)
)
DOUBTED = prepared("count_doubted", select(func.count().label("steps")).where(_RUN, STEPS.c.failures > 0))
HIGHEST = prepared("highest_step", select(func.coalesce(func.max(STEPS.c.number), 0)).where(_RUN))
STATE = prepared(
    "step_state", select(STEPS.c.state, STEPS.c.pages).where(_RUN, STEPS.c.number == bindparam("number"))
)
EPOCHS = prepared(
    "epochs",
    select(STEPS.c.kind, STEPS.c.key, func.max(STEPS.c.epoch).label("epoch"))
    .where(_BUSINESS, STEPS.c.epoch > 0)
    .group_by(STEPS.c.kind, STEPS.c.key),
)
IN_DOUBT = prepared(
    "in_doubt", select(STEPS).where(_BUSINESS, STEPS.c.state == "sent").order_by(STEPS.c.first_sent_at)
)
REASON = prepared(
    "set_aside_reason",
    select(STEPS.c.findings).where(
        _RUN,
        STEPS.c.kind == bindparam("kind"),
        STEPS.c.key == bindparam("key"),
        or_(_ASIDE, STEPS.c.state == "sent"),
    ),
)
SET_ASIDE = prepared(
    "get_set_aside",
    select(STEPS.c.step, STEPS.c.state, STEPS.c.findings).where(_RUN, _ASIDE).order_by(STEPS.c.number),
)
WRITTEN = prepared(
    "written",
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
    .order_by(ID_MAP.c.kind, ID_MAP.c.key),
)
_HELD = (
    select(HELD.c.kind, HELD.c.sage_id, HELD.c.body)
    .where(HELD.c.business == bindparam("business"), HELD.c.run == bindparam("run"))
    .order_by(HELD.c.number, HELD.c.position)
)
HELD_ALL = prepared("held_all", _HELD)
HELD_KIND = prepared("held_kind", _HELD.where(HELD.c.kind == bindparam("kind")))
HELD_STEP = prepared("held_step", _HELD.where(HELD.c.number == bindparam("number")))

KEEP_INTENT = upsert(
    "keep_intent",
    STEPS,
    (
        *("action", "kind", "key", "state", "method", "path", "body", "step", "idempotency_id", "epoch"),
        *("first_sent_at", "sent_at", "expires_at", "failures"),
    ),
)
KEEP_OUTCOME = upsert(
    "keep_outcome",
    STEPS,
    ("action", "kind", "key", "state", "step", "adopted", "recorded_at", "answer"),
)
KEEP_ASIDE = upsert(
    "keep_aside", STEPS, ("action", "kind", "key", "state", "step", "epoch", "recorded_at", "findings")
)
KEEP_READING = upsert(
    "keep_reading", STEPS, ("action", "kind", "key", "state", "step", "pages", "recorded_at")
)
KEEP_HELD = upsert("keep_held", HELD)

#: What may have to be told again from beside the store.
TOLD = (KEEP_RUN, END_RUN, SUPERSEDE, KEEP_INTENT, KEEP_OUTCOME, KEEP_ASIDE, KEEP_READING, KEEP_HELD)


def intent_values(attempt: Attempt) -> dict[str, str | int]:
    """The row of a write that may be in doubt."""
    return {
        **_step_values(attempt),
        "method": attempt.method,
        "path": attempt.path,
        "body": canonical(attempt.body),
        "idempotency_id": attempt.idempotency_id,
        "epoch": attempt.epoch,
        "first_sent_at": attempt.first_sent_at,
        "sent_at": attempt.sent_at,
        "expires_at": attempt.expires_at,
        "failures": attempt.failures,
        "state": attempt.state.value,
    }


def outcome_values(attempt: Attempt, entity: Entity, now: int, *, adopted: bool) -> dict[str, str | int]:
    """The row of a write that was carried out."""
    return {
        **_step_values(attempt),
        "state": State.RECORDED.value,
        "adopted": int(adopted),
        "recorded_at": now,
        "answer": canonical(entity.body),
    }


def aside_values(run: str, aside: SetAside, epoch: int, now: int) -> dict[str, str | int]:
    """The row of a step that could not be carried out."""
    step = aside.step
    return {
        "run": run,
        "number": step.number,
        "action": step.action.value,
        "kind": step.kind,
        "key": step.key,
        "state": aside.state.value,
        "step": canonical(step_document(step)),
        "epoch": epoch,
        "recorded_at": now,
        "findings": canonical([finding_document(finding) for finding in aside.findings]),
    }


def attempt_of(row: Row[tuple[str]]) -> Attempt:
    """The attempt that `intent_values` wrote."""
    return Attempt(
        run=row.run,
        step=read_write_step(read_json(row.step)),
        method=row.method,
        path=row.path,
        body=read_json(row.body),
        idempotency_id=row.idempotency_id,
        epoch=row.epoch,
        state=State(row.state),
        first_sent_at=row.first_sent_at,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        failures=row.failures,
    )


def set_aside_of(row: Row[tuple[str]]) -> SetAside:
    """The step that `aside_values` wrote."""
    return SetAside(read_step(read_json(row.step)), State(row.state), findings_of(row))


def findings_of(row: Row[tuple[str]]) -> tuple[Finding, ...]:
    """The findings of a step that was set aside."""
    return tuple(read_finding(document) for document in read_json(row.findings or "[]"))


def read_written(database: Database, business: str) -> Iterator[Written]:
    """Every record that was written or adopted, by kind and key."""
    for row in database.stream(WRITTEN, {"business": business}):
        yield Written(
            kind=row.kind,
            key=row.key,
            sage_id=row.sage_id,
            sent=read_json(row.step).get("body", {}),
            answer=read_json(row.answer or "{}"),
            written_at=row.recorded_at,
            content=row.content,
            adopted=bool(row.adopted),
            snapshot=row.snapshot,
            mappings=row.mappings,
        )


def read_held(
    database: Database, business: str, run: str, kind: str | None, step: int | None
) -> Iterator[Entity]:
    """What the readings of a run found, in the order they were read."""
    values: dict[str, str | int] = {"business": business, "run": run}
    statement = HELD_ALL
    if step is not None:
        statement, values["number"] = HELD_STEP, step
    elif kind is not None:
        statement, values["kind"] = HELD_KIND, kind
    for row in database.stream(statement, values):
        if kind is None or row.kind == kind:
            yield Entity(row.kind, row.sage_id, read_json(row.body))


def read_runs(transaction: Transaction, business: str) -> list[Run]:
    """Every run, oldest first."""
    runs = []
    for row in transaction.rows(ALL_RUNS, {"business": business}):
        where: Values = {"business": business, "run": row.run}
        counts = {counted.state: counted.steps for counted in transaction.rows(COUNTS, where)}
        doubted = sum(found.steps for found in transaction.rows(DOUBTED, where))
        runs.append(
            Run(
                id=row.run,
                plan=row.plan,
                purpose=row.purpose,
                state=row.state,
                started_at=row.started_at,
                finished_at=row.finished_at,
                steps=row.steps,
                planned_calls=row.planned_calls,
                goes=row.goes,
                doubted=doubted,
                counts=counts,
            )
        )
    return runs


def _step_values(attempt: Attempt) -> dict[str, str | int]:
    step = attempt.step
    return {
        "run": attempt.run,
        "number": step.number,
        "action": step.action.value,
        "kind": step.kind,
        "key": step.key,
        "step": canonical(step_document(step)),
    }
