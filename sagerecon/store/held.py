"""Statements about the entities that reading steps found."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, or_, select

from sagerecon.planning.settling import State
from sagerecon.planning.step import Action
from sagerecon.store.database import prepared
from sagerecon.store.steps import OF_RUN
from sagerecon.store.tables import HELD, RUNS, STEPS

_HELD = (
    select(HELD.c.kind, HELD.c.sage_id, HELD.c.body)
    .where(HELD.c.business == bindparam("business"), HELD.c.run == bindparam("run"))
    .order_by(HELD.c.number, HELD.c.position)
)
IDS_HELD = prepared(
    "ids_held",
    select(HELD.c.kind, HELD.c.sage_id).where(
        HELD.c.business == bindparam("business"), HELD.c.run == bindparam("run")
    ),
)
_OF_STEP = and_(
    STEPS.c.business == HELD.c.business, STEPS.c.run == HELD.c.run, STEPS.c.number == HELD.c.number
)
_IS_UNDECIDED = STEPS.c.state == State.UNDECIDED.value
_IS_UPDATED = and_(STEPS.c.action == Action.UPDATE.value, STEPS.c.state == State.RECORDED.value)
_IS_NOT_ADOPTED = and_(STEPS.c.action == Action.ADOPT.value, STEPS.c.state == State.QUARANTINED.value)
#: What was read of the records that were not updated or deleted, of the fields that an update left as they
#: were, and of what was to be adopted and is gone; by the newest run that looked at each last.
LOOKS = prepared(
    "looks",
    select(HELD.c.kind, HELD.c.sage_id, HELD.c.body, STEPS.c.recorded_at)
    .select_from(
        HELD.join(STEPS, _OF_STEP).join(
            RUNS, and_(RUNS.c.business == HELD.c.business, RUNS.c.run == HELD.c.run)
        )
    )
    .where(HELD.c.business == bindparam("business"), or_(_IS_UNDECIDED, _IS_UPDATED, _IS_NOT_ADOPTED))
    .order_by(RUNS.c.sequence),
)
#: Updates and deletions that Sage refused, with what it held just before, the oldest first.
REFUSALS = prepared(
    "refusals",
    select(STEPS.c.step, STEPS.c.findings, STEPS.c.recorded_at, HELD.c.kind, HELD.c.sage_id, HELD.c.body)
    .select_from(
        HELD.join(STEPS, _OF_STEP).join(
            RUNS, and_(RUNS.c.business == HELD.c.business, RUNS.c.run == HELD.c.run)
        )
    )
    .where(
        HELD.c.business == bindparam("business"),
        STEPS.c.state == State.QUARANTINED.value,
        or_(STEPS.c.action == Action.UPDATE.value, STEPS.c.action == Action.REVERSE.value),
    )
    .order_by(RUNS.c.sequence, STEPS.c.number),
)
LOOKS_OF_RUN = prepared(
    "looks_of_run",
    select(HELD.c.kind, HELD.c.sage_id, HELD.c.body)
    .select_from(HELD.join(STEPS, _OF_STEP))
    .where(OF_RUN, _IS_UNDECIDED),
)
HELD_ALL = prepared("held_all", _HELD)
HELD_KIND = prepared("held_kind", _HELD.where(HELD.c.kind == bindparam("kind")))
# A run that reads Sage has few steps, and an entity is found by its run, its step and its id.
HELD_ENTITY = prepared(
    "held_entity",
    select(HELD.c.body)
    .select_from(STEPS.join(HELD, _OF_STEP))
    .where(OF_RUN, STEPS.c.action == Action.READ.value)
    .where(HELD.c.sage_id == bindparam("sage_id"), HELD.c.kind == bindparam("kind"))
    .order_by(HELD.c.number)
    .limit(1),
)
