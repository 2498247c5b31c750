"""Reads from the file of a SQLite store, without its write-ahead log, how much the store knows.

SQLite writes commits to the log, and moves them into the file at a checkpoint. So the file changes at a
checkpoint alone, and what it states of the counters that only grow never becomes less. A file that was
overwritten with an older copy states less, although its path, its inode and its log are the same.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SELECT = """
SELECT
    (SELECT value FROM store_facts WHERE name = 'identity'),
    coalesce(sum(generation), 0),
    coalesce(sum(writes), 0)
FROM company_locks
"""


@dataclass(frozen=True, slots=True)
class FileContent:
    """The identity of a store, and how much it knows of all its companies. Both numbers only grow."""

    identity: str
    generations: int  #: how often a run was begun or resumed
    writes: int  #: how many requests to create or change a record were made durable before they were sent

    def includes(self, earlier: FileContent) -> bool:
        """Return whether this is the same store, and knows at least as much as `earlier`."""
        return (
            self.identity == earlier.identity
            and self.generations >= earlier.generations
            and self.writes >= earlier.writes
        )


def content_of(cursor: Any) -> FileContent:
    """Return what the store states to a cursor of the database driver."""
    identity, generations, writes = cursor.execute(_SELECT).fetchone()
    return FileContent(identity=str(identity), generations=int(generations), writes=int(writes))


def read_file_content(path: Path) -> FileContent | None:
    """Return what the file itself states; None where it is no store, or its tables are in the log alone.

    The file is opened by SQLite, because closing it otherwise would end the locks of this process on it.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # immutable: without locks and log
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return content_of(connection.cursor())
    except sqlite3.Error:
        return None
