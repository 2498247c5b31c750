"""The table of steps: the intent of each write before it is sent, and its outcome after."""

from __future__ import annotations

from sqlalchemy import Row, and_, bindparam, case, delete, func, or_, select, update

from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding, finding_document, read_finding
from sagerecon.model.reading import Reading
from sagerecon.model.typed import require_types
from sagerecon.model.value import canonical, read_json
from sagerecon.planning.settling import Attempt, SetAside, State
from sagerecon.planning.step import Action, AdoptStep, ReadStep, RenameStep, ReverseStep, Step
from sagerecon.planning.step_document import read_step, read_write_step, step_document
from sagerecon.store.database import prepared, upsert
from sagerecon.store.stored import reads_rows
from sagerecon.store.tables import ADOPTED_BY_DECISION, HELD, STEPS

OF_COMPANY = STEPS.c.business == bindparam("business")
OF_RUN = and_(OF_COMPANY, STEPS.c.run == bindparam("run"))
IS_SENT = STEPS.c.state == State.SENT.value
IS_SET_ASIDE = or_(
    *(
        STEPS.c.state == state.value
        for state in (State.QUARANTINED, State.UNDECIDED, State.BLOCKED, State.PARKED)
    )
)

_IS_OF_STEP = and_(
    HELD.c.business == STEPS.c.business, HELD.c.run == STEPS.c.run, HELD.c.number == STEPS.c.number
)
_ENTITIES = select(func.count()).select_from(HELD).where(_IS_OF_STEP).scalar_subquery()
REACHED = prepared(
    "steps_reached",
    select(STEPS.c.number, STEPS.c.state, STEPS.c.pages, STEPS.c.total)
    .add_columns(case((STEPS.c.pages > 0, _ENTITIES), else_=0).label("entities"))
    .where(OF_RUN),
)
EPOCHS = prepared(
    "epochs",
    select(STEPS.c.kind, STEPS.c.key, func.max(STEPS.c.epoch).label("epoch"))
    .where(OF_COMPANY, STEPS.c.epoch > 0)
    .group_by(STEPS.c.kind, STEPS.c.key),
)
IN_DOUBT = prepared("in_doubt", select(STEPS).where(OF_COMPANY, IS_SENT).order_by(STEPS.c.first_sent_at))
READINGS = prepared(
    "readings",
    select(STEPS.c.kind, STEPS.c.key, STEPS.c.state, STEPS.c.first_sent_at, STEPS.c.recorded_at)
    .add_columns(STEPS.c.pages, STEPS.c.findings, STEPS.c.step)
    .add_columns(_ENTITIES.label("entities"))
    .where(OF_RUN, STEPS.c.action == Action.READ.value)
    .order_by(STEPS.c.number),
)
ANSWERED_CREATION = prepared(
    "answered_creation",
    select(STEPS.c.kind, STEPS.c.path, STEPS.c.idempotency_id, STEPS.c.answer)
    .where(
        OF_COMPANY,
        STEPS.c.state == State.RECORDED.value,
        STEPS.c.action == Action.CREATE.value,
        STEPS.c.adopted == 0,
        STEPS.c.failures == 0,
        STEPS.c.idempotency_id != "",
        STEPS.c.first_sent_at >= bindparam("since"),
    )
    .order_by(STEPS.c.first_sent_at.desc())
    .limit(1),
)
REASON = prepared(
    "set_aside_reason",
    select(STEPS.c.findings).where(
        OF_RUN,
        STEPS.c.kind == bindparam("kind"),
        STEPS.c.key == bindparam("key"),
        or_(IS_SET_ASIDE, IS_SENT),
    ),
)

_STEP_COLUMNS = ("action", "kind", "key", "state", "step")
KEEP_INTENT = upsert(
    "keep_intent",
    STEPS,
    (
        *_STEP_COLUMNS,
        *("method", "path", "body", "idempotency_id", "epoch"),
        *("first_sent_at", "sent_at", "expires_at", "failures"),
    ),
)
#: A sending of the step got no usable answer. No other statement writes that column, so that it stays.
MARK_IN_DOUBT = prepared(
    "mark_in_doubt",
    update(STEPS)
    .where(
        STEPS.c.business == bindparam("company"),
        STEPS.c.run == bindparam("writer"),
        STEPS.c.number == bindparam("at"),
    )
    .values(was_in_doubt=1),
)
MARK_ALL_IN_DOUBT = prepared(
    "mark_all_in_doubt",
    update(STEPS).where(STEPS.c.business == bindparam("company"), IS_SENT).values(was_in_doubt=1),
)
KEEP_OUTCOME = upsert("keep_outcome", STEPS, (*_STEP_COLUMNS, "adopted", "recorded_at", "answer"))
KEEP_SET_ASIDE = upsert("keep_set_aside", STEPS, (*_STEP_COLUMNS, "epoch", "recorded_at", "findings"))
KEEP_READING = upsert("keep_reading", STEPS, (*_STEP_COLUMNS, "pages", "total", "recorded_at"))
KEEP_FIRST_PAGE = upsert(
    "keep_first_page", STEPS, (*_STEP_COLUMNS, "pages", "total", "recorded_at", "first_sent_at")
)
KEEP_HELD = upsert("keep_held", HELD)
FORGET_HELD = prepared(
    "forget_held",
    delete(HELD).where(
        HELD.c.business == bindparam("company"),
        HELD.c.run == bindparam("reader"),
        HELD.c.number == bindparam("at"),
    ),
)
#: A key that is given up may come back. An equal creation then needs another name, or Sage replays the
#: answer to the first.
KEEP_EPOCH = prepared(
    "keep_epoch",
    update(STEPS)
    .where(OF_COMPANY, STEPS.c.kind == bindparam("of_kind"), STEPS.c.key == bindparam("of_key"))
    .values(epoch=bindparam("next_epoch")),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (
    KEEP_EPOCH,
    KEEP_INTENT,
    MARK_IN_DOUBT,
    KEEP_OUTCOME,
    KEEP_SET_ASIDE,
    KEEP_READING,
    KEEP_FIRST_PAGE,
    FORGET_HELD,
    KEEP_HELD,
)


def intent_values(attempt: Attempt) -> dict[str, str | int]:
    """Return the row of a write before its outcome is known."""
    return {
        **_step_values(attempt.run, attempt.step, attempt.state),
        "method": attempt.method,
        "path": attempt.path,
        "body": canonical(attempt.body),
        "idempotency_id": attempt.idempotency_id,
        "epoch": attempt.epoch,
        "first_sent_at": attempt.first_sent_at,
        "sent_at": attempt.sent_at,
        "expires_at": attempt.expires_at,
        "failures": attempt.failures,
    }


def outcome_values(attempt: Attempt, entity: Entity, now: int, *, adopted: bool) -> dict[str, str | int]:
    """Return the row of a write that Sage carried out, or of an entity that was adopted."""
    return {
        **_step_values(attempt.run, attempt.step, State.RECORDED),
        "adopted": int(adopted),
        "recorded_at": now,
        "answer": canonical(entity.body),
    }


def adoption_values(run: str, step: AdoptStep, entity: Entity, now: int) -> dict[str, str | int]:
    """Return the row of an entity that was adopted for a step: by decision, or because it is equal."""
    return {
        **_step_values(run, step, State.RECORDED),
        "adopted": int(True) if step.is_equal else ADOPTED_BY_DECISION,
        "recorded_at": now,
        "answer": canonical(entity.body),
    }


def rename_values(run: str, step: RenameStep, before: Written) -> dict[str, str | int]:
    """Return the row of a step by which a key takes over what was written under an earlier one."""
    return {
        **_step_values(run, step, State.RECORDED),
        "adopted": ADOPTED_BY_DECISION if before.is_claimed else int(before.adopted),
        "recorded_at": before.written_at,
        "answer": canonical(before.answer),
    }


def reversal_values(run: str, step: ReverseStep, entity: Entity, now: int) -> dict[str, str | int]:
    """Return the row of a step whose entity Sage holds no more, or holds as void."""
    return {
        **_step_values(run, step, State.RECORDED),
        "adopted": 0,
        "recorded_at": now,
        "answer": canonical(entity.body),
    }


def set_aside_values(run: str, aside: SetAside, epoch: int, now: int) -> dict[str, str | int]:
    """Return the row of a step that could not be carried out."""
    return {
        **_step_values(run, aside.step, aside.state),
        "epoch": epoch,
        "recorded_at": now,
        "findings": canonical([finding_document(finding) for finding in aside.findings]),
    }


def reading_values(
    run: str, step: Step, state: State, pages: int, total: int, now: int
) -> dict[str, str | int]:
    """Return the row of a reading step of which `pages` pages are recorded."""
    return {**_step_values(run, step, state), "pages": pages, "total": total, "recorded_at": now}


@reads_rows
def read_stored_step(row: Row[tuple[str]]) -> Step:
    """Read the step of a row."""
    return require_types(read_step(read_json(row.step)))


@reads_rows
def read_reading(row: Row[tuple[str]]) -> Reading:
    """Read the reading of one step of a run that read Sage; whole only where its last page is recorded."""
    step = read_stored_step(row)
    return Reading(
        kind=row.kind,
        key=row.key,
        query=step.query if isinstance(step, ReadStep) else {},
        started_at=row.first_sent_at or row.recorded_at,
        ended_at=row.recorded_at,
        pages=row.pages,
        count=row.entities,
        why_incomplete=_why_incomplete(row),
    )


@reads_rows
def read_attempt(row: Row[tuple[str]]) -> Attempt:
    """Read the attempt that `intent_values` wrote."""
    return Attempt(
        run=row.run,
        step=require_types(read_write_step(read_json(row.step))),
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


@reads_rows
def read_set_aside(row: Row[tuple[str]]) -> SetAside:
    """Read the step that `set_aside_values` wrote."""
    return SetAside(read_stored_step(row), State(row.state), read_findings(row))


@reads_rows
def read_findings(row: Row[tuple[str]]) -> tuple[Finding, ...]:
    """Read the findings of a step that was set aside."""
    documents = read_json(row.findings or "[]")
    return tuple(require_types(read_finding(document)) for document in documents)


def _why_incomplete(row: Row[tuple[str]]) -> str:
    if row.state == State.RECORDED.value:
        return ""
    messages = [finding.message for finding in read_findings(row)]
    return " ".join(messages) or f"{row.key} was not read to its last page."


def _step_values(run: str, step: Step, state: State) -> dict[str, str | int]:
    return {
        "run": run,
        "number": step.number,
        "action": step.action.value,
        "kind": step.kind,
        "key": step.key,
        "state": state.value,
        "step": canonical(step_document(step)),
    }
