"""The table of runs: one row for each plan that was begun, so that a plan is used only once."""

from __future__ import annotations

from sqlalchemy import Row, bindparam, select, update

from sagerecon.model.clock import instant_text
from sagerecon.model.errors import PlanStaleError
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import RunState
from sagerecon.store.database import Values, prepared, upsert
from sagerecon.store.tables import RUNS

KEEP_RUN = upsert("keep_run", RUNS)
GET_RUN = prepared(
    "get_run", select(RUNS).where(RUNS.c.business == bindparam("business"), RUNS.c.run == bindparam("run"))
)
END_RUN = prepared(
    "end_run",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("ended"))
    .values(state=RunState.FINISHED.value, finished_at=bindparam("moment")),
)
COUNT_ATTEMPT = prepared(
    "count_attempt",
    update(RUNS)
    .where(RUNS.c.business == bindparam("company"), RUNS.c.run == bindparam("begun"))
    .values(attempts=RUNS.c.attempts + 1),
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

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (KEEP_RUN, END_RUN, SUPERSEDE)


def run_values(business: str, run: str, plan: Plan, now: int) -> Values:
    """Return the row of a run that begins at `now`."""
    return {
        "business": business,
        "run": run,
        "plan": plan.hash,
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
