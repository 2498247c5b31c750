"""The outcome of each record of a snapshot in one SQLite file, to be read one by one or one alone.

The file can be made again at any time, so it is never repaired: one that is damaged is made anew. Each row
has a checksum, because SQLite notices damage to its own structure alone. A file is complete when it has its
name, and never changes afterwards.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any
from zlib import crc32

from sagerecon.files.reading import open_bounded
from sagerecon.model.draft import Outcome
from sagerecon.model.errors import ProjectError
from sagerecon.model.exact_json import exact_json, read_exact
from sagerecon.model.limits import OUTCOME_FILE
from sagerecon.model.outcome_document import outcome_document, read_outcome, read_record, record_document
from sagerecon.model.record import Record
from sagerecon.model.typed import require_types

#: The content of the file. It is part of the fingerprint, so that a file of another format is not found.
FORMAT = "outcomes/v4"

#: How long an unfinished file is left alone, because another process may be writing it, in seconds.
ABANDONED = 3_600

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, document TEXT, checksum INTEGER);
CREATE TABLE outcomes (
    position INTEGER PRIMARY KEY, kind TEXT, key TEXT, label TEXT, document TEXT, checksum INTEGER
);
CREATE TABLE records (position INTEGER PRIMARY KEY, document TEXT, checksum INTEGER);
"""
_INDEXES = (
    "CREATE INDEX outcomes_by_key ON outcomes (key)",
    "CREATE INDEX outcomes_by_label ON outcomes (label)",
)
_PUT = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)"


class DamagedFileError(Exception):
    """The file is missing, unfinished or damaged; it can be made anew."""


class OutcomeFile:
    """A complete file of outcomes. It stays readable though its name is taken by another."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Open the file.

        Args:
            fingerprint: what the file must have been made from.

        Raises:
            DamagedFileError: there is none, or it cannot be used.
        """
        with _damage():
            with open_bounded(path, OUTCOME_FILE, follow=False):
                pass  # SQLite follows links, and waits for the other end of a pipe
            address = f"{path.as_uri()}?mode=ro&immutable=1"
            # Whichever thread collects this object closes the connection.
            connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        weakref.finalize(self, connection.close)
        self._connection = connection
        with _damage():
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            found = connection.execute("SELECT name, sql FROM sqlite_master")
            if sorted(found, key=itemgetter(0)) != _schema():
                raise DamagedFileError  # of another program, or with a view in place of a table
        found = self.fact("made_from")
        with _damage():
            made_from, count = found
            self._count = int(count)
        if made_from != fingerprint:
            raise DamagedFileError

    def __len__(self) -> int:
        """Return the number of outcomes."""
        return self._count

    def fact(self, name: str) -> Any:
        """Return what `OutcomeWriter.put` kept under a name.

        Raises:
            DamagedFileError: the file is damaged.
        """
        with _damage():
            row = self._one("SELECT document, checksum FROM facts WHERE name = ?", name)
            return read_exact(_checked(name, *row))

    def outcome(self, position: int) -> Outcome:
        """Return the outcome at a position.

        Raises:
            DamagedFileError: the file is damaged.
        """
        with _damage():
            row = self._one("SELECT document, checksum FROM outcomes WHERE position = ?", position)
            return require_types(read_outcome(read_exact(_checked(position, *row))))

    def record(self, position: int) -> Record:
        """Return the source record that the outcome at a position was made from.

        Raises:
            DamagedFileError: the file is damaged.
        """
        with _damage():
            row = self._one("SELECT document, checksum FROM records WHERE position = ?", position)
            return require_types(read_record(read_exact(_checked(position, *row))))

    def outcomes(self, begin: int = 0) -> Iterator[Outcome]:
        """Yield the outcomes in their order, from a position on.

        Raises:
            DamagedFileError: the file is damaged; what was yielded before is right.
        """
        position = begin
        with _damage():
            rows = self._connection.execute(
                "SELECT position, document, checksum FROM outcomes WHERE position >= ? ORDER BY position",
                (begin,),
            )
            for at, document, checksum in rows:
                if at != position:
                    raise DamagedFileError
                outcome = require_types(read_outcome(read_exact(_checked(at, document, checksum))))
                yield outcome
                position += 1
        if position < self._count:
            raise DamagedFileError

    def with_key(self, key: str) -> int | None:
        """Return the last position with a draft key."""
        return self._position("SELECT max(position) FROM outcomes WHERE key = ?", key)

    def with_label(self, label: str) -> int | None:
        """Return the first position with a label."""
        return self._position("SELECT min(position) FROM outcomes WHERE label = ?", label)

    def keys(self) -> Iterator[str]:
        """Yield every draft key, in the order of the outcomes."""
        with _damage():
            for (key,) in self._connection.execute("SELECT key FROM outcomes ORDER BY position"):
                yield key

    def _position(self, query: str, value: str) -> int | None:
        with _damage():
            (position,) = self._one(query, value)
            return None if position is None else int(position)

    def _one(self, query: str, value: str | int) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query, (value,)).fetchone()
        if row is None:
            raise DamagedFileError
        return row


class OutcomeWriter:
    """A file of outcomes that is being made. What was added may be read and replaced."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._count = 0
        # The file has no readers yet, and an unfinished one is thrown away.
        self._connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_TABLES} BEGIN;")

    def add(self, outcome: Outcome, record: Record) -> None:
        """Add the outcome of a record at the next position."""
        self[self._count] = outcome
        document = exact_json(record_document(record))
        row = (self._count, document, _checksum(self._count, document))
        self._connection.execute("INSERT INTO records VALUES (?, ?, ?)", row)
        self._count += 1

    def __getitem__(self, position: int) -> Outcome:
        """Return the outcome at a position."""
        query = "SELECT document FROM outcomes WHERE position = ?"
        (document,) = self._connection.execute(query, (position,)).fetchone()
        return read_outcome(read_exact(document))

    def __setitem__(self, position: int, outcome: Outcome) -> None:
        """Replace the outcome at a position."""
        document = exact_json(outcome_document(outcome))
        row = (position, outcome.kind, outcome.key, outcome.label, document, _checksum(position, document))
        self._connection.execute(_PUT, row)

    def put(self, name: str, value: object) -> None:
        """Keep a fact about all records under a name."""
        document = exact_json(value)
        self._connection.execute(
            "INSERT INTO facts VALUES (?, ?, ?)", (name, document, _checksum(name, document))
        )

    def finish(self, fingerprint: str) -> None:
        """Complete the file. `fingerprint` is what it was made from."""
        self.put("made_from", [fingerprint, self._count])
        for index in _INDEXES:
            self._connection.execute(index)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def make_file(folder: Path, fingerprint: str, fill: Callable[[OutcomeWriter], None]) -> None:
    """Make the file of a fingerprint with what `fill` writes, in one step, and remove those of others.

    Raises:
        ProjectError: it cannot be written.
    """
    target = path_of(folder, fingerprint)
    try:
        handle, name = tempfile.mkstemp(prefix=".prepared-", suffix=".part", dir=folder)  # with mode 0600
        os.close(handle)
        unfinished = Path(name)
        try:
            writer = OutcomeWriter(unfinished)
            try:
                fill(writer)
                writer.finish(fingerprint)
            finally:
                writer.close()
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise ProjectError(
            f"{target} cannot be written: {reason}.", "Check the disk and the permissions of its folder."
        ) from error
    _remove_others(target)


def path_of(folder: Path, fingerprint: str) -> Path:
    """Return the path of the file of a fingerprint."""
    return folder / f"prepared-{fingerprint[:32]}.db"


def _remove_others(kept: Path) -> None:
    """Remove the files of other fingerprints, and unfinished ones that no process writes any more."""
    with suppress(OSError):  # a file may be in use, or another process removes it at the same time
        now = kept.stat().st_mtime
        unfinished = kept.parent.glob(".prepared-*.part")
        abandoned = [path for path in unfinished if path.stat().st_mtime < now - ABANDONED]
        for path in (*abandoned, *kept.parent.glob("prepared-*.db")):
            if path != kept:
                path.unlink()


def _checksum(place: object, document: str) -> int:
    """Return a checksum over a document and its place, so that a row in another's place is noticed too."""
    return crc32(f"{place}\n{document}".encode())


def _checked(place: object, document: str, checksum: int) -> str:
    if _checksum(place, document) != checksum:
        raise DamagedFileError
    return document


@cache
def _schema() -> list[tuple[str, str | None]]:
    """Return the name and the SQL of each table and index that a file has."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(";".join((_TABLES, *_INDEXES)))
        return sorted(connection.execute("SELECT name, sql FROM sqlite_master"), key=itemgetter(0))


@contextmanager
def _damage() -> Iterator[None]:
    """Raise whatever a damaged file leads to, in SQLite or in a reader of its documents, as DamagedFileError.

    The file is made anew, so that nothing is hidden but its damage.
    """
    try:
        yield
    except Exception as error:
        raise DamagedFileError from error
