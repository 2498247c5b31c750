"""Makes a copy of a SQLite store whole: moves the log into the file, and copies one consistent state."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from sagerecon.files.writing import open_own
from sagerecon.model.errors import StoreError
from sagerecon.store.database import Database

#: How long the end of a command waits for readers of the store, before it leaves the log to another process.
CHECKPOINT_MILLISECONDS = 500


def checkpoint(engine: Engine) -> None:
    """Move the write-ahead log into the file of the store and empty it, so that a copy of the file is whole.

    A log that cannot be moved, because another process reads from it or the disk is full, loses nothing: the
    next command moves it.
    """
    with suppress(SQLAlchemyError, sqlite3.Error, StoreError), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={CHECKPOINT_MILLISECONDS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()


def copy_database(database: Database, target: Path) -> None:
    """Copy the current state of a SQLite database to a new file that only its owner can read.

    Raises:
        StoreError: the database is damaged, or the target exists or cannot be written.
    """
    if target.exists():
        raise StoreError(f"{target} exists already.", "Name a new file.")
    try:
        # In a folder of its own, with mode 0700, because SQLite opens files by their names.
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            copy = Path(folder) / "store.sqlite"
            with open_own(copy, os.O_WRONLY):
                pass
            with database.translated_errors(), closing(database.engine.raw_connection()) as source:
                _copy(source.driver_connection, copy)
            copy.rename(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.", "Name another file.") from error


def _copy(source: Any, path: Path) -> None:
    """Copy the database of the driver's connection `source` into an empty file, and check the copy."""
    with closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is one file
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise StoreError("The store is damaged; no copy was made.", "Restore its newest copy.")
    with path.open("rb") as written:
        os.fsync(written.fileno())
