"""From the key of a thing to Sage's id for it: what we wrote, and what readings found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select

from sagerecon.model.entity import Entity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import canonical, read_json
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import HELD, ID_MAP, NATURAL_KEYS, STEPS
from sagerecon.store.work import EVERY_KEY, Work

#: Ids kept in memory; documents mostly refer to what was written or read a short while ago.
REMEMBERED = 50_000

_NATURAL_KEY = (NATURAL_KEYS.c.kind, NATURAL_KEYS.c.field, NATURAL_KEYS.c.value, NATURAL_KEYS.c.sage_id)
_OF_STEP = and_(
    STEPS.c.business == ID_MAP.c.business, STEPS.c.run == ID_MAP.c.run, STEPS.c.number == ID_MAP.c.number
)
_GET = prepared(
    "get_id",
    select(ID_MAP.c.sage_id, ID_MAP.c.content).where(
        ID_MAP.c.business == bindparam("business"),
        ID_MAP.c.kind == bindparam("kind"),
        ID_MAP.c.key == bindparam("key"),
    ),
)
_GET_ANSWER = prepared(
    "get_answer",
    select(STEPS.c.answer)
    .select_from(ID_MAP.join(STEPS, _OF_STEP))
    .where(
        ID_MAP.c.business == bindparam("business"),
        ID_MAP.c.kind == bindparam("kind"),
        ID_MAP.c.key == bindparam("key"),
    ),
)
_OWNER = prepared(
    "get_owner",
    select(ID_MAP.c.key).where(
        ID_MAP.c.business == bindparam("business"),
        ID_MAP.c.kind == bindparam("kind"),
        ID_MAP.c.sage_id == bindparam("sage_id"),
    ),
)
_BEARERS = prepared(
    "get_bearers",
    select(NATURAL_KEYS.c.sage_id).where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.field == bindparam("field"),
        NATURAL_KEYS.c.value == bindparam("value"),
    ),
)
_FOUND = prepared(
    "found",
    select(NATURAL_KEYS.c.sage_id, func.coalesce(HELD.c.body, STEPS.c.answer, "{}").label("body"))
    .select_from(
        NATURAL_KEYS.outerjoin(
            HELD,
            and_(
                HELD.c.business == NATURAL_KEYS.c.business,
                HELD.c.run == NATURAL_KEYS.c.run,
                HELD.c.number == NATURAL_KEYS.c.number,
                HELD.c.sage_id == NATURAL_KEYS.c.sage_id,
            ),
        ).outerjoin(
            STEPS,
            and_(
                STEPS.c.business == NATURAL_KEYS.c.business,
                STEPS.c.run == NATURAL_KEYS.c.run,
                STEPS.c.number == NATURAL_KEYS.c.number,
            ),
        )
    )
    .where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.field == bindparam("field"),
        NATURAL_KEYS.c.value == bindparam("value"),
    )
    .order_by(NATURAL_KEYS.c.sage_id),
)
_ALL_IDS = prepared(
    "all_ids",
    select(ID_MAP.c.kind, ID_MAP.c.key, ID_MAP.c.sage_id, ID_MAP.c.content)
    .where(ID_MAP.c.business == bindparam("business"))
    .order_by(ID_MAP.c.kind, ID_MAP.c.key),
)
_ALL_KEYS = prepared(
    "all_keys",
    select(*_NATURAL_KEY).where(NATURAL_KEYS.c.business == bindparam("business")).order_by(*_NATURAL_KEY),
)
KEEP_ID = upsert("keep_id", ID_MAP)
KEEP_KEY = upsert("keep_key", NATURAL_KEYS)
FORGET_KEYS = prepared(
    "forget_keys",
    delete(NATURAL_KEYS).where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.was_read == 1,
        NATURAL_KEYS.c.run != bindparam("run"),
    ),
)

#: What may have to be told again from beside the store.
TOLD = (KEEP_ID, KEEP_KEY, FORGET_KEYS)


class IdMap:
    """The id map of one company."""

    def __init__(self, business: str, work: Work) -> None:
        self._business = business
        self._work = work
        self._known: dict[tuple[str, Key], tuple[str, str]] = {}  # (kind, key) -> (sage_id, content)

    def get(self, kind: str, key: Key) -> tuple[str, str] | None:
        """Sage's id and the content written, for a draft key or for a natural key that one entity bears."""
        if (known := self._known.get((kind, key))) is not None:
            return known
        self._work.settle(kind, key)
        where = self._where(kind, key)
        if isinstance(key, NaturalKey):
            bearers = self._work.reader.rows(_BEARERS, where)
            return self._remember(kind, key, bearers[0].sage_id, "") if len(bearers) == 1 else None
        row = self._work.reader.first(_GET, where)
        return self._remember(kind, key, *row) if row is not None else None

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """Return what Sage answered for the entity with this key, or None where no single entity has it."""
        if isinstance(key, NaturalKey):
            found = self.found(kind, key)
            return found[0].body if len(found) == 1 else None
        self._work.settle(kind, key)
        row = self._work.reader.one(_GET_ANSWER, self._where(kind, key))
        return None if row is None else read_json(row.answer)

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Every entity known to bear a natural key."""
        self._work.settle(kind, key)
        rows = self._work.reader.rows(_FOUND, self._where(kind, key))
        return [Entity(kind, row.sage_id, read_json(row.body)) for row in rows]

    def owner(self, kind: str, sage_id: str) -> str | None:
        """The draft key that has this entity."""
        self._work.flush()
        where: Values = {"business": self._business, "kind": kind, "sage_id": sage_id}
        row = self._work.reader.one(_OWNER, where)
        return None if row is None else str(row.key)

    def fingerprint(self, transaction: Transaction) -> str:
        """The name of the map's content."""
        digest = hashlib.sha256()
        for statement in (_ALL_IDS, _ALL_KEYS):
            for row in transaction.rows(statement, {"business": self._business}):
                digest.update(canonical(list(row)).encode())
        return digest.hexdigest()

    def tell(self, kind: str, key: str, sage_id: str, content: str, run: str, number: int) -> None:
        """A draft key has this entity."""
        values: Values = {**self._where(kind, key), "sage_id": sage_id, "content": content}
        self._work.tell(KEEP_ID, {**values, "run": run, "number": number}, [(kind, key)])
        self._remember(kind, key, sage_id, content)

    def tell_keys(
        self, entity: Entity, keys: Sequence[NaturalKey], run: str, number: int, *, was_read: bool
    ) -> None:
        """The entity bears these natural keys."""
        for key in keys:
            self._known.pop((entity.kind, key), None)
            values: Values = {**self._where(entity.kind, key), "sage_id": entity.sage_id, "run": run}
            told: Values = {**values, "number": number, "was_read": int(was_read)}
            self._work.tell(KEEP_KEY, told, [(entity.kind, key)])

    def forget_read(self, kind: str, run: str) -> None:
        """Natural keys that earlier runs read: the kind is being read anew."""
        values: Values = {"business": self._business, "kind": kind, "run": run}
        self._work.tell(FORGET_KEYS, values, [(kind, EVERY_KEY)])
        self._known = {known: ids for known, ids in self._known.items() if known[0] != kind}

    def _where(self, kind: str, key: Key) -> dict[str, str | int]:
        match key:
            case NaturalKey(field, value):
                return {"business": self._business, "kind": kind, "field": field, "value": value}
            case _:
                return {"business": self._business, "kind": kind, "key": key}

    def _remember(self, kind: str, key: Key, sage_id: str, content: str) -> tuple[str, str]:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[kind, key] = (sage_id, content)
        return sage_id, content
