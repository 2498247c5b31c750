"""The tables of a business: records by id, one table per kind, in creation order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sagerecon.model.money import decimal_text
from sagerecon.rehearsal.books.order import Order

#: A record's values by the names they are answered with. Links are `Link`, amounts are Decimal, dates are
#: ISO text, lines are lists of such values.
Values = dict[str, Any]


class Link(NamedTuple):
    """A reference to another record."""

    kind: str
    id: str


class Row:
    """One record; `sequence` is its number in creation order, instants are in milliseconds."""

    __slots__ = (
        "created_at",
        "deleted_at",
        "id",
        "position",
        "search_text",
        "sequence",
        "updated_at",
        "values",
    )

    def __init__(self, id: str, sequence: int, now: int, values: Values) -> None:
        self.id = id
        self.sequence = sequence
        self.created_at = now
        self.updated_at = now
        self.deleted_at = 0
        self.values = values
        self.position = 0  #: position in the `Order` of its table
        self.search_text = ""  #: searchable text, built when first needed


class Table:
    """The records of one kind.

    Two indexes avoid reading all records for a request: ids in the order of their last change, and ids by the
    contact or other record that owns them.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self.deleted: dict[str, Row] = {}
        self._order: Order[Row] | None = Order(())
        self._changes: dict[str, None] = {}
        self._owned: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def get(self, id: str) -> Row | None:
        """Return the record with this id, unless it is deleted."""
        return self.rows.get(id)

    def add(self, row: Row, owner: str = "") -> None:
        """Add a new record; `owner` is the id of the contact it belongs to."""
        self.rows[row.id] = row
        self._changes[row.id] = None
        if self._order is not None:
            self._order.add(row)
        if owner:
            self._owned.setdefault(owner, {})[row.id] = None

    def touch(self, row: Row, now: int) -> None:
        """Mark a record as changed at `now`."""
        row.updated_at = now
        row.search_text = ""
        del self._changes[row.id]
        self._changes[row.id] = None
        if self._order is not None and not self._order.touch(row):
            self._order = None

    @property
    def order(self) -> Order[Row]:
        """The records in creation order, for paging and search."""
        if self._order is None:
            self._order = Order(self.rows.values())
        return self._order

    def change_owner(self, row: Row, before: str, after: str) -> None:
        """Move a record from one owner to another."""
        if before == after:
            return
        if before:
            del self._owned[before][row.id]
        if after:
            self._owned.setdefault(after, {})[row.id] = None

    def remove(self, row: Row, now: int, owner: str = "") -> None:
        """Delete a record; `deleted_since` still finds it."""
        row.deleted_at = now
        row.updated_at = now
        self._order = None
        del self.rows[row.id]
        del self._changes[row.id]
        if owner:
            del self._owned[owner][row.id]
        self.deleted[row.id] = row

    def owned(self, owner: str) -> Iterator[Row]:
        """Yield the records of an owner, in creation order."""
        for id in self._owned.get(owner, ()):
            yield self.rows[id]

    def has_owned(self, owner: str) -> bool:
        """Return whether any record belongs to this owner."""
        return owner in self._owned and bool(self._owned[owner])

    def changed_since(self, instant: int) -> Sequence[Row]:
        """Return the records created or changed at or after `instant`, in creation order."""
        found: list[Row] = []
        limit = len(self.rows) // 32
        for id in reversed(self._changes):
            row = self.rows[id]
            if row.updated_at < instant:
                break
            found.append(row)
            if len(found) > limit:  # for many changes, scanning all is faster than sorting
                return self.order.changed_since(instant)
        found.sort(key=_sequence)
        return found

    def deleted_since(self, instant: int) -> list[Row]:
        """Return the records deleted after `instant`."""
        return [row for row in self.deleted.values() if row.deleted_at > instant]

    def restore(self, rows: Iterable[Row], deleted: Iterable[Row]) -> None:
        """Replace the records by those of a saved table."""
        self.rows = {row.id: row for row in rows}
        self.deleted = {row.id: row for row in deleted}
        self._order = None
        by_change = sorted(self.rows.values(), key=lambda row: (row.updated_at, row.sequence))
        self._changes = {row.id: None for row in by_change}

    def set_owner(self, row: Row, owner: str) -> None:
        """Set the owner of a restored record."""
        if owner:
            self._owned.setdefault(owner, {})[row.id] = None


def _sequence(row: Row) -> int:
    return row.sequence


class Identifiers:
    """A sequence of ids of 32 hex characters, determined by the seed."""

    def __init__(self, seed: str, used: int = 0) -> None:
        self.seed = seed
        self.used = used
        self._key = hashlib.blake2b(seed.encode(), digest_size=32).digest()

    def next(self) -> str:
        """Return a new id."""
        self.used += 1
        text = self.used.to_bytes(8, "big")
        return hashlib.blake2b(text, digest_size=16, key=self._key).hexdigest()


def encode_value(value: Any) -> Any:
    """Return a record's value as plain JSON that `decode_value` reads."""
    if isinstance(value, Link):
        return {"$link": [value.kind, value.id]}
    if isinstance(value, Decimal):
        return {"$decimal": decimal_text(value, least_places=0)}
    if isinstance(value, dict):
        return {name: encode_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [encode_value(item) for item in value]
    return value


def decode_value(value: Any) -> Any:
    """Return the value that `encode_value` wrote."""
    if isinstance(value, dict):
        if "$link" in value:
            return Link(*value["$link"])
        if "$decimal" in value:
            return Decimal(value["$decimal"])
        return {name: decode_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    return value
