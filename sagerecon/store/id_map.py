"""The id map: from a draft key or a natural key to Sage's id, from what was written and what was read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select

from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import Key, NaturalKey, escaped, unescaped
from sagerecon.model.packed_json import Packer
from sagerecon.model.value import canonical
from sagerecon.planning.known import KnownEntities
from sagerecon.store.database import Database, Transaction, Values, prepared, upsert
from sagerecon.store.stored import read_object
from sagerecon.store.tables import HELD, ID_MAP, NATURAL_KEYS, STEPS
from sagerecon.store.write_buffer import WriteBuffer
from sagerecon.store.written import ONE_WRITTEN, read_written

#: Ids kept in memory. Most documents refer to what was written or read a short time before.
CACHE_SIZE = 50_000

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
_WITH_KEY = prepared(
    "get_entities_with_key",
    select(NATURAL_KEYS.c.sage_id).where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.field == bindparam("field"),
        NATURAL_KEYS.c.value == bindparam("value"),
    ),
)
_FOUND = prepared(
    "find_entities",
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
_SHARED = (
    select(ID_MAP.c.kind, ID_MAP.c.sage_id)
    .where(ID_MAP.c.business == bindparam("business"))
    .group_by(ID_MAP.c.kind, ID_MAP.c.sage_id)
    .having(func.count() > 1)
    .subquery()
)
_WITH_SHARED_ENTITY = prepared(
    "ids_with_shared_entity",
    select(ID_MAP.c.kind, ID_MAP.c.key)
    .select_from(
        ID_MAP.join(_SHARED, and_(_SHARED.c.kind == ID_MAP.c.kind, _SHARED.c.sage_id == ID_MAP.c.sage_id))
    )
    .where(ID_MAP.c.business == bindparam("business")),
)
_ALL_IDS = prepared(
    "all_ids",
    select(ID_MAP.c.kind, ID_MAP.c.key, ID_MAP.c.sage_id, ID_MAP.c.content)
    .add_columns(ID_MAP.c.run, ID_MAP.c.number)  # an entity may be written again with the same content
    .where(ID_MAP.c.business == bindparam("business"))
    .order_by(ID_MAP.c.kind, ID_MAP.c.key),
)
_ALL_KEYS = prepared(
    "all_keys",
    select(*_NATURAL_KEY).where(NATURAL_KEYS.c.business == bindparam("business")).order_by(*_NATURAL_KEY),
)
KEEP_ID = upsert("keep_id", ID_MAP)
FORGET_ID = prepared(
    "forget_id",
    delete(ID_MAP).where(
        ID_MAP.c.business == bindparam("business"),
        ID_MAP.c.kind == bindparam("kind"),
        ID_MAP.c.key == bindparam("key"),
    ),
)
KEEP_KEY = upsert("keep_key", NATURAL_KEYS)
FORGET_KEYS = prepared(
    "forget_keys",
    delete(NATURAL_KEYS).where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.was_read == 1,
        or_(NATURAL_KEYS.c.run != bindparam("run"), NATURAL_KEYS.c.number == bindparam("number")),
    ),
)
FORGET_KEYS_OF = prepared(
    "forget_keys_of",
    delete(NATURAL_KEYS).where(
        NATURAL_KEYS.c.business == bindparam("business"),
        NATURAL_KEYS.c.kind == bindparam("kind"),
        NATURAL_KEYS.c.sage_id == bindparam("sage_id"),
    ),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (KEEP_ID, FORGET_ID, KEEP_KEY, FORGET_KEYS, FORGET_KEYS_OF)


class IdMap:
    """The id map of one company; `runner.ports.RunLog` documents its look-ups."""

    def __init__(self, business: str, database: Database, buffer: WriteBuffer) -> None:
        self._business = business
        self._database = database
        self._buffer = buffer
        self._cache: dict[tuple[str, Key], tuple[str, str]] = {}  # (kind, key) -> (sage_id, content)

    def sage_id(self, kind: str, key: Key) -> str | None:
        known = self._get(kind, key)
        return None if known is None else known[0]

    def content(self, kind: str, key: str) -> str | None:
        known = self._get(kind, key)
        return known[1] or None if known is not None else None

    def known(self) -> KnownEntities:
        """Return the content of the id map, read once, with its fingerprint."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            ids, keys = self._content(transaction)
        entities = Counter((row.kind, NaturalKey(row.field, unescaped(row.value))) for row in keys)
        return KnownEntities(
            fingerprint=_fingerprint(ids, keys),
            contents={(row.kind, row.key): row.content for row in ids},
            natural_keys={key for key, count in entities.items() if count == 1},
        )

    def shared(self) -> frozenset[tuple[str, str]]:
        """Return kind and draft key of the records whose entity is recorded for another record too."""
        self._buffer.flush()
        rows = self._buffer.reader.rows(_WITH_SHARED_ENTITY, {"business": self._business})
        return frozenset((row.kind, row.key) for row in rows)

    def fingerprint(self) -> str:
        """Return the fingerprint of the whole id map."""
        self._buffer.flush()
        with self._database.reading() as transaction:
            return self.fingerprint_in(transaction)

    def fingerprint_in(self, transaction: Transaction) -> str:
        """Return the fingerprint of the id map as `transaction` sees it."""
        return _fingerprint(*self._content(transaction))

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        if isinstance(key, NaturalKey):
            found = self.found(kind, key)
            return found[0].body if len(found) == 1 else None
        self._buffer.flush_key(kind, key)
        row = self._buffer.reader.one(_GET_ANSWER, self._where(kind, key))
        return None if row is None else read_object(row.answer)

    def written(self, kind: str, key: str) -> Written | None:
        self._buffer.flush_key(kind, key)
        row = self._buffer.reader.one(ONE_WRITTEN, self._where(kind, key))
        return None if row is None else read_written(row, Packer())

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        self._buffer.flush_key(kind, key)
        rows = self._buffer.reader.rows(_FOUND, self._where(kind, key))
        return [Entity(kind, row.sage_id, read_object(row.body)) for row in rows]

    def owner(self, kind: str, sage_id: str) -> str | None:
        self._buffer.flush()
        where: Values = {"business": self._business, "kind": kind, "sage_id": sage_id}
        row = self._buffer.reader.one(_OWNER, where)
        return None if row is None else str(row.key)

    def owners(self, kind: str, sage_id: str) -> Sequence[str]:
        self._buffer.flush()
        where: Values = {"business": self._business, "kind": kind, "sage_id": sage_id}
        return [str(row.key) for row in self._buffer.reader.rows(_OWNER, where)]

    def add(self, kind: str, key: str, sage_id: str, content: str, run: str, number: int) -> None:
        """Record that step `number` of `run` wrote or adopted the entity of a draft key.

        Args:
            content: the fingerprint of the body that was sent.
        """
        values: Values = {**self._where(kind, key), "sage_id": sage_id, "content": content}
        self._buffer.add(KEEP_ID, {**values, "run": run, "number": number}, [(kind, key)])
        self._remember(kind, key, sage_id, content)

    def forget(self, kind: str, key: str) -> None:
        """Forget the entity of a draft key."""
        self._buffer.add(FORGET_ID, self._where(kind, key), [(kind, key)])
        self._cache.pop((kind, key), None)

    def add_natural_keys(
        self, entity: Entity, keys: Sequence[NaturalKey], run: str, number: int, *, was_read: bool
    ) -> None:
        """Record that an entity has these natural keys, known from step `number` of `run`."""
        for key in keys:
            self._cache.pop((entity.kind, key), None)
            values: Values = {**self._where(entity.kind, key), "sage_id": entity.sage_id, "run": run}
            row: Values = {**values, "number": number, "was_read": int(was_read)}
            self._buffer.add(KEEP_KEY, row, [(entity.kind, key)])

    def forget_keys_of(self, kind: str, sage_id: str) -> None:
        """Forget the natural keys of an entity that is no longer in Sage."""
        self._buffer.add(
            FORGET_KEYS_OF, {"business": self._business, "kind": kind, "sage_id": sage_id}, [(kind, None)]
        )
        self._forget_cached(kind)

    def forget_natural_keys(self, kind: str, run: str, number: int) -> None:
        """Delete the natural keys that other runs, or an earlier start of this step, have read of a kind.

        Step `number` of `run` reads the kind anew.
        """
        values: Values = {"business": self._business, "kind": kind, "run": run, "number": number}
        self._buffer.add(FORGET_KEYS, values, [(kind, None)])
        self._forget_cached(kind)

    def _forget_cached(self, kind: str) -> None:
        self._cache = {known: ids for known, ids in self._cache.items() if known[0] != kind}

    def _get(self, kind: str, key: Key) -> tuple[str, str] | None:
        """Return Sage's id and the content written, for a draft key or an unambiguous natural key."""
        if (known := self._cache.get((kind, key))) is not None:
            return known
        self._buffer.flush_key(kind, key)
        where = self._where(kind, key)
        if isinstance(key, NaturalKey):
            entities = self._buffer.reader.rows(_WITH_KEY, where)
            return self._remember(kind, key, entities[0].sage_id, "") if len(entities) == 1 else None
        row = self._buffer.reader.first(_GET, where)
        return None if row is None else self._remember(kind, key, *row)

    def _content(self, transaction: Transaction) -> tuple[list[Row[Any]], list[Row[Any]]]:
        """Return the rows of draft keys and those of natural keys."""
        where = {"business": self._business}
        return transaction.rows(_ALL_IDS, where), transaction.rows(_ALL_KEYS, where)

    def _where(self, kind: str, key: Key) -> dict[str, str | int]:
        match key:
            case NaturalKey(field, value):  # escaped, because PostgreSQL refuses a NUL in a text
                return {"business": self._business, "kind": kind, "field": field, "value": escaped(value)}
            case _:
                return {"business": self._business, "kind": kind, "key": key}

    def _remember(self, kind: str, key: Key, sage_id: str, content: str) -> tuple[str, str]:
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[kind, key] = (sage_id, content)
        return sage_id, content


def _fingerprint(*tables: Iterable[Row[Any]]) -> str:
    digest = hashlib.sha256()
    for row in chain(*tables):
        digest.update(canonical(list(row)).encode())
    return digest.hexdigest()
