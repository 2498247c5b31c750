"""The table of runs: a load is begun once for each plan; a reading may be asked again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ClauseElement, Row, bindparam, exists, func, or_, select, update
from sqlalchemy.engine.interfaces import Dialect

from sagerecon.model.clock import HOUR, instant_text
from sagerecon.model.errors import PlanStaleError
from sagerecon.model.value import fingerprint
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import RunState
from sagerecon.planning.step import ReadStep
from sagerecon.store.database import Statement, Transaction, Values, insert_into, prepared
from sagerecon.store.process import this_process
from sagerecon.store.tables import RECONCILIATIONS, RUNS

_COLUMNS = tuple(column.name for column in RUNS.columns if not column.primary_key)


def _keep_run(dialect: Dialect) -> ClauseElement:
    """Build the statement that adds a run with the next sequence, or updates one and keeps its sequence."""
    values: dict[str, Any] = {name: bindparam(name) for name in ("business", "run", *_COLUMNS)}
    values["sequence"] = select(func.coalesce(func.max(RUNS.c.sequence), 0) + 1).scalar_subquery()
    insert = insert_into(RUNS, dialect.name).values(values)
    changes = {name: insert.excluded[name] for name in _COLUMNS if name != "sequence"}
    updating: ClauseElement = insert.on_conflict_do_update(index_elements=["business", "run"], set_=changes)
    return updating


KEEP_RUN = Statement("keep_run", _keep_run)
GET_RUN = prepared(
    "get_run", select(RUNS).where(RUNS.c.business == bindparam("business"), RUNS.c.run == bindparam("run"))
)
END_RUN = prepared(
    "end_run",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("ended"))
    .values(state=RunState.FINISHED.value, finished_at=bindparam("moment")),
)
LEAVE_RUN = prepared(
    "leave_run",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("left"))
    .values(holder=""),
)
COUNT_ATTEMPT = prepared(
    "count_attempt",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("begun"))
    .values(attempts=RUNS.c.attempts + 1, holder=bindparam("process"), continued_at=bindparam("moment")),
)

#: The newest first; a reading that a reconciliation has used already is not among them.
_IS_JUDGED = exists().where(
    RECONCILIATIONS.c.business == RUNS.c.business,
    or_(RECONCILIATIONS.c.reading == RUNS.c.run, RECONCILIATIONS.c.deletions == RUNS.c.run),
)
SAME_READINGS = prepared(
    "same_readings",
    select(RUNS)
    .where(
        RUNS.c.business == bindparam("business"),
        RUNS.c.purpose == bindparam("purpose"),
        RUNS.c.question == bindparam("question"),
        RUNS.c.state == bindparam("state"),
        RUNS.c.continued_at >= bindparam("since"),
        ~_IS_JUDGED,
    )
    .order_by(RUNS.c.sequence.desc()),
)
SUPERSEDE = prepared(
    "supersede",
    update(RUNS)
    .where(
        RUNS.c.business == bindparam("company"),
        RUNS.c.run != bindparam("newer"),
        RUNS.c.purpose == Purpose.LOAD.value,
        RUNS.c.state == RunState.OPEN.value,
    )
    .values(state=RunState.SUPERSEDED.value),
)
REDATE = prepared(
    "redate_run",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("begun"))
    .values(started_at=RUNS.c.started_at + bindparam("later")),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (KEEP_RUN, END_RUN, LEAVE_RUN, SUPERSEDE, REDATE)


#: How long after it was begun or resumed a reading may be continued. A day's budget may pause it for a day;
#: after more than that its first pages say too little about the present.
CONTINUABLE = 36 * HOUR


def question(plan: Plan) -> str:
    """Return the fingerprint of what a reading plan asks, for which id map; empty for a load.

    A reading answers its own question alone: another as-at day, other kinds or records written since make
    another question.
    """
    if plan.header.purpose is Purpose.LOAD:
        return ""
    steps = [
        [step.number, step.kind, step.key, step.path, dict(step.query)]
        for step in plan.steps
        if isinstance(step, ReadStep)
    ]
    return fingerprint([plan.header.id_map, plan.header.catalog, steps])


def same_readings(transaction: Transaction, plan: Plan, state: RunState, now: int) -> list[Row[Any]]:
    """Return the recent readings of the same question that no reconciliation has used, the newest first."""
    values: Values = {
        "business": plan.header.business,
        "purpose": plan.header.purpose.value,
        "question": question(plan),
        "state": state.value,
        "since": now - CONTINUABLE,
    }
    return transaction.rows(SAME_READINGS, values)


def run_values(business: str, run: str, plan: Plan, now: int) -> Values:
    """Return the row of a run that begins at `now`."""
    return {
        "business": business,
        "run": run,
        "plan": plan.hash,
        "question": question(plan),
        "holder": this_process(),
        "continued_at": now,
        "purpose": plan.header.purpose.value,
        "state": RunState.OPEN.value,
        "started_at": now,
        "finished_at": 0,
        "steps": len(plan.steps),
        "planned_calls": plan.header.calls,
        "attempts": 1,
        "snapshot": plan.header.snapshot,
        "mappings": plan.header.mappings,
    }


def raise_if_used(row: Row[tuple[str]]) -> None:
    """Check that a run whose plan was begun before may be continued.

    Raises:
        PlanStaleError: the run is finished, or a newer plan was begun since.
    """
    if row.state == RunState.FINISHED:
        raise PlanStaleError(
            f"This plan was completed on {instant_text(row.finished_at)} and cannot be used again.",
            "Create a new one: sagerecon plan",
        )
    if row.state == RunState.SUPERSEDED:
        raise PlanStaleError(
            "This plan was superseded: a newer plan was begun after it.",
            "Apply the newer plan, or create a new one: sagerecon plan",
        )
