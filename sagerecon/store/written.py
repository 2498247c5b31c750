"""Records as runs wrote them: the id map with the step that wrote or adopted each entity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from sys import intern

from sqlalchemy import Row, and_, bindparam, select

from sagerecon.model.entity import Written
from sagerecon.model.money import decimal
from sagerecon.model.packed_json import Packer
from sagerecon.model.place import Place
from sagerecon.model.typed import require_types
from sagerecon.model.value import read_json
from sagerecon.planning.settling import State
from sagerecon.planning.step import Action
from sagerecon.store.database import prepared
from sagerecon.store.stored import reads_rows
from sagerecon.store.tables import ADOPTED_BY_DECISION, ID_MAP, RUNS, STEPS


@dataclass(frozen=True, slots=True)
class WrittenId:
    """What an earlier run wrote or adopted, and when, in milliseconds since 1970."""

    kind: str
    sage_id: str
    written_at: int


_WITH_STEP = ID_MAP.join(
    STEPS,
    and_(
        STEPS.c.business == ID_MAP.c.business,
        STEPS.c.run == ID_MAP.c.run,
        STEPS.c.number == ID_MAP.c.number,
    ),
)
_WRITTEN = (
    select(ID_MAP.c.kind, ID_MAP.c.key, ID_MAP.c.sage_id, ID_MAP.c.content, STEPS.c.step, STEPS.c.answer)
    .add_columns(STEPS.c.recorded_at, STEPS.c.adopted, RUNS.c.snapshot, RUNS.c.mappings)
    .select_from(
        _WITH_STEP.join(RUNS, and_(RUNS.c.business == ID_MAP.c.business, RUNS.c.run == ID_MAP.c.run))
    )
    .where(ID_MAP.c.business == bindparam("business"))
    .order_by(ID_MAP.c.kind, ID_MAP.c.key)
)
ALL_WRITTEN = prepared("written", _WRITTEN)
IDS_WRITTEN = prepared(
    "ids_written",
    select(ID_MAP.c.kind, ID_MAP.c.sage_id, STEPS.c.recorded_at)
    .select_from(_WITH_STEP)
    .where(ID_MAP.c.business == bindparam("business"))
    .order_by(ID_MAP.c.kind, ID_MAP.c.key),
)
ONE_WRITTEN = prepared(
    "one_written",
    _WRITTEN.where(ID_MAP.c.kind == bindparam("kind"), ID_MAP.c.key == bindparam("key")),
)
#: Every deletion that was carried out.
DELETIONS = prepared(
    "deletions",
    select(STEPS.c.kind, STEPS.c.step, STEPS.c.recorded_at).where(
        STEPS.c.business == bindparam("business"),
        STEPS.c.action == Action.REVERSE.value,
        STEPS.c.state == State.RECORDED.value,
    ),
)
#: Deletions of entities whose records are not written any more, the newest of each record last.
REVERSALS = prepared(
    "reversals",
    select(STEPS.c.step, STEPS.c.recorded_at)
    .select_from(
        STEPS.outerjoin(
            ID_MAP,
            and_(
                ID_MAP.c.business == STEPS.c.business,
                ID_MAP.c.kind == STEPS.c.kind,
                ID_MAP.c.key == STEPS.c.key,
            ),
        )
    )
    .where(
        STEPS.c.business == bindparam("business"),
        STEPS.c.action == Action.REVERSE.value,
        STEPS.c.state == State.RECORDED.value,
        ID_MAP.c.sage_id.is_(None),
    )
    .order_by(STEPS.c.recorded_at),
)
#: The renames that were carried out, in the order of the runs.
RENAMES = prepared(
    "renames",
    select(STEPS.c.kind, STEPS.c.key, STEPS.c.step)
    .select_from(STEPS.join(RUNS, and_(RUNS.c.business == STEPS.c.business, RUNS.c.run == STEPS.c.run)))
    .where(
        STEPS.c.business == bindparam("business"),
        STEPS.c.action == Action.RENAME.value,
        STEPS.c.state == State.RECORDED.value,
    )
    .order_by(RUNS.c.sequence, STEPS.c.number),
)


@reads_rows
def read_written(row: Row[tuple[str]], packer: Packer) -> Written:
    """Read one row of these statements. What many rows share is kept once."""
    step = read_json(row.step)
    is_renamed = step.get("action") == Action.RENAME.value
    written = Written(
        kind=intern(row.kind),
        key=row.key,
        sage_id=row.sage_id,
        sent=step.get("body", {}),
        answer={},
        written_at=row.recorded_at,
        content=row.content,
        adopted=bool(row.adopted),
        is_claimed=row.adopted == ADOPTED_BY_DECISION,
        label=step.get("label", ""),
        amount=decimal(step["amount"]) if "amount" in step else None,
        identity=step.get("identity", {}),
        origins=tuple(Place.parse(text) for text in step.get("origins", ())),
        snapshot="" if is_renamed else intern(row.snapshot),  # the body is that of an earlier snapshot
        mappings=intern(row.mappings),
    )
    return replace(
        require_types(written),
        sent=packer.pack(row.step, f"step {row.kind}", "body"),
        answer=packer.pack(row.answer or "{}", row.kind),
    )
