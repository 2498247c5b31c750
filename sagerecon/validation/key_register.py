"""The keys and the references of all outcomes, to find keys that clash and references that lead nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sagerecon.model.draft import Draft, LeftOut, Outcome

#: Rows that are written at a time.
_BATCH = 1_000

#: Records one after the other of which each is merged into the next.
_MOST_MERGES = 20

#: `unsent` is the round in which an outcome was set aside, 0 for one that never was a draft; else it is null.
_TABLES = """
CREATE TABLE own (position INTEGER PRIMARY KEY, kind TEXT, key TEXT, unsent INTEGER);
CREATE TABLE natural (kind TEXT, field TEXT, value TEXT, position INTEGER);
CREATE TABLE refs (position INTEGER, kind TEXT, key TEXT);
CREATE TABLE short (position INTEGER, kind TEXT, field TEXT, value TEXT, original TEXT);
CREATE TABLE counted (kind TEXT, key TEXT, by_kind TEXT, by_key TEXT, PRIMARY KEY (kind, key));
"""
#: Digits of the codes that are tried with other leading zeros.
_LONGEST_CODE = 12

_INDEXES = """
CREATE INDEX own_by_key ON own (kind, key, unsent);
CREATE INDEX natural_by_key ON natural (kind, field, value, position);
CREATE INDEX short_by_value ON short (kind, field, value, original);
CREATE INDEX refs_by_position ON refs (position, kind, key);
"""
_SHARING = """
SELECT position FROM own JOIN (
    SELECT kind, key FROM own WHERE unsent IS NULL GROUP BY kind, key HAVING count(*) > 1
) USING (kind, key) WHERE unsent IS NULL
UNION
SELECT position FROM natural JOIN (
    SELECT kind, field, value FROM natural GROUP BY kind, field, value HAVING min(position) < max(position)
) USING (kind, field, value)
ORDER BY position
"""
_SAME_SHORT = """
SELECT kind, field, value, position, original FROM short JOIN (
    SELECT kind, field, value FROM short GROUP BY kind, field, value HAVING min(original) < max(original)
) USING (kind, field, value)
ORDER BY kind, field, value, position
"""
_IS_SENT = "(unsent IS NULL OR unsent >= :round)"
_IS_LOST = f"""
NOT EXISTS (SELECT 1 FROM own WHERE own.kind = refs.kind AND own.key = refs.key AND {_IS_SENT})
AND NOT EXISTS (
    SELECT 1 FROM counted JOIN own ON own.kind = by_kind AND own.key = by_key
    WHERE counted.kind = refs.kind AND counted.key = refs.key AND {_IS_SENT}
)
"""  # noqa: S608 - constants
_ORPHANS = f"""
SELECT DISTINCT refs.position FROM refs CROSS JOIN own AS draft ON draft.position = refs.position
WHERE (draft.unsent IS NULL OR draft.unsent >= :round) AND {_IS_LOST} ORDER BY refs.position
"""  # noqa: S608 - constants
_LOST = f"SELECT DISTINCT kind, key FROM refs WHERE position = :position AND {_IS_LOST}"  # noqa: S608 - constants
_LAST_UNSENT = f"SELECT max(position) FROM own WHERE kind = :kind AND key = :key AND NOT {_IS_SENT}"  # noqa: S608 - constants
_KNOWN = "SELECT 1 FROM own WHERE kind = :kind AND key = :key"
#: Of each record in whose place another counts, that which counts in the place of the other.
_FURTHER = """
UPDATE counted SET by_kind = next.by_kind, by_key = next.by_key FROM counted AS next
WHERE counted.by_kind = next.kind AND counted.by_key = next.key
AND NOT (counted.kind = next.by_kind AND counted.key = next.by_key)
"""
_MERGED_INTO_NOTHING = """
SELECT own.position FROM own JOIN counted USING (kind, key)
WHERE NOT EXISTS (SELECT 1 FROM own AS by WHERE by.kind = by_kind AND by.key = by_key AND by.unsent IS NULL)
ORDER BY own.position
"""
_REFERRING = "SELECT DISTINCT position FROM refs JOIN counted USING (kind, key) ORDER BY position"


class KeyRegister:
    """Holds the keys and references in a temporary database, which SQLite keeps in memory while it is small.

    A million records need as little memory as a hundred thousand. Outcomes are set aside in rounds: what is
    asked about a round holds as it was when the round began.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode=OFF; {_TABLES} BEGIN;")
        self._count = 0
        self._own: list[tuple[int, str, str, int | None]] = []
        self._natural: list[tuple[str, str, str, int]] = []
        self._refs: list[tuple[int, str, str]] = []
        self._short: list[tuple[int, str, str, str, str]] = []

    def add_short(self, kind: str, field: str, value: str, original: str) -> None:
        """Add a reference of the draft that `add` takes next, as it was shortened or kept."""
        self._short.append((self._count, kind, field, value, original))

    def add(self, outcome: Outcome) -> None:
        """Add the outcome at the next position."""
        position = self._count
        self._count += 1
        is_draft = isinstance(outcome, Draft)
        self._own.append((position, outcome.kind, outcome.key, None if is_draft else 0))
        if isinstance(outcome, Draft):
            self._natural += (
                (outcome.kind, field, value, position) for field, value in outcome.identity.items()
            )
            self._refs += (
                (position, found.kind, found.key)
                for found in outcome.references
                if isinstance(found.key, str)
            )
        elif isinstance(outcome, LeftOut) and outcome.merged_into:
            self.count_instead(outcome, (outcome.kind, outcome.merged_into))
        if self._count % _BATCH == 0:
            self._write()

    def sharing(self) -> list[int]:
        """Return the positions of the drafts that share a key with another, in their order.

        It is asked first, after the last outcome was added.
        """
        self._write()
        self._database.executescript(_INDEXES)
        return self._positions(_SHARING)

    def same_short(self) -> Iterator[list[tuple[int, str, str, str]]]:
        """Yield the drafts of each short reference that stands for several originals.

        Each has its position, the field, the short reference and the original. It is asked after `sharing`.
        """
        rows = self._database.execute(_SAME_SHORT).fetchall()
        for _, same in groupby(rows, key=lambda row: row[:3]):
            yield [(position, field, value, original) for _, field, value, position, original in same]

    def set_aside(self, position: int, in_round: int) -> None:
        """Note that the outcome at a position is not sent, from the round after this one on."""
        self._database.execute("UPDATE own SET unsent = ? WHERE position = ?", (in_round, position))

    def count_instead(self, record: Outcome, counted: tuple[str, str]) -> None:
        """Note that a record of this kind and key counts in the place of another."""
        row = (record.kind, record.key, *counted)
        self._database.execute("INSERT OR REPLACE INTO counted VALUES (?, ?, ?, ?)", row)

    def counted_instead(self, kind: str, key: str) -> str | None:
        """Return the key of the record that counts in the place of another; None if there is none."""
        query = "SELECT by_key FROM counted WHERE kind = ? AND key = ?"
        row = self._database.execute(query, (kind, key)).fetchone()
        return None if row is None else str(row[0])

    def follow_merges(self) -> None:
        """Let what was merged into a record that was merged itself count as merged into the last one."""
        for _ in range(_MOST_MERGES):
            if self._database.execute(_FURTHER).rowcount == 0:
                break

    def merged_into_nothing(self) -> list[int]:
        """Return the positions of the records that are merged into one which is not sent, in their order."""
        return self._positions(_MERGED_INTO_NOTHING)

    def orphans(self, in_round: int) -> list[int]:
        """Return the positions of the drafts that refer to a record which is not sent, in their order."""
        return self._positions(_ORPHANS, round=in_round)

    def lost(self, position: int, in_round: int) -> set[tuple[str, str]]:
        """Return the kind and key of each record that a draft refers to and that is not sent."""
        return set(self._database.execute(_LOST, {"position": position, "round": in_round}))

    def last_unsent(self, kind: str, key: str, in_round: int) -> int | None:
        """Return the last position of a key that is not sent; None if there is none."""
        row = self._database.execute(_LAST_UNSENT, {"kind": kind, "key": key, "round": in_round}).fetchone()
        return None if row[0] is None else int(row[0])

    def with_other_zeros(self, kind: str, key: str) -> str:
        """Return a key that differs from one that is missing in leading zeros alone; empty for none."""
        head, slash, code = key.rpartition("/")
        bare = code.lstrip("0")
        if not code.isdigit() or not bare:
            return ""
        for length in range(len(bare), _LONGEST_CODE + 1):
            other = f"{head}{slash}{bare.zfill(length)}"
            if self._database.execute(_KNOWN, {"kind": kind, "key": other}).fetchone() is not None:
                return other
        return ""

    def referring_to_counted(self) -> list[int]:
        """Return the positions of what refers to a record in whose place another counts."""
        return self._positions(_REFERRING)

    def _positions(self, query: str, **values: Any) -> list[int]:
        return [position for (position,) in self._database.execute(query, values)]

    def _write(self) -> None:
        tables: dict[str, list[Any]] = {
            "own": self._own,
            "natural": self._natural,
            "refs": self._refs,
            "short": self._short,
        }
        for table, rows in tables.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - a table above
                rows.clear()
