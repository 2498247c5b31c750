"""Collects statements for the next commit, and rescues them when the disk is full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection

from sagerecon.model.errors import StoreError
from sagerecon.model.key import Key
from sagerecon.store.database import (
    Database,
    DiskFullError,
    FencedError,
    Statement,
    Transaction,
    Values,
)
from sagerecon.store.disk import Disk
from sagerecon.store.store_file import StoreReplacedError

T = TypeVar("T")

#: Statements that are held before a commit, where no call asks for one.
MOST_PENDING = 1_000


class WriteBuffer:
    """Holds statements until the next commit executes them in their order.

    One call to Sage then costs one commit: the outcome of call n with the intent of call n+1. A crash in
    between leaves call n in doubt, which costs one more call and duplicates nothing.
    """

    def __init__(
        self,
        database: Database,
        disk: Disk | None,
        guard: Callable[[Transaction], None] = lambda _: None,
    ) -> None:
        """Open no connection yet.

        Args:
            guard: is called in each commit, and raises FencedError where this process may no longer write.
        """
        self._database = database
        self._disk = disk
        self._guard = guard
        self._writing: Connection | None = None
        self._reading: Connection | None = None
        self._pending: list[tuple[Statement, Values]] = []
        self._pending_keys: set[tuple[str, Key | None]] = set()

    def add(self, statement: Statement, values: Values, keys: Iterable[tuple[str, Key | None]] = ()) -> None:
        """Add a statement to the next commit.

        Args:
            keys: each (kind, key) that the statement changes; (kind, None) for every key of a kind.
        """
        self._pending.append((statement, values))
        self._pending_keys.update(keys)

    def flush_key(self, kind: str, key: Key) -> None:
        """Commit the pending statements if one of them changes this key."""
        if not self._pending_keys.isdisjoint({(kind, key), (kind, None)}):
            self.flush()

    def flush_if_full(self) -> None:
        """Commit the pending statements if they are many.

        It is called between two records, so that the statements of one stay in one commit.
        """
        if len(self._pending) >= MOST_PENDING:
            self.flush()

    def flush(self) -> None:
        """Commit the pending statements, if there are any."""
        if self._pending:
            self.commit(lambda _: None)

    @property
    def reader(self) -> Transaction:
        """A transaction that reads committed data; each of its statements commits by itself."""
        if self._reading is None:
            connection = self._database.engine.connect().execution_options(reads_only=True)
            self._reading = connection.execution_options(isolation_level="AUTOCOMMIT")
        return Transaction(self._database, self._reading)

    def commit(self, action: Callable[[Transaction], T]) -> T:
        """Commit the pending statements together with `action`, and return the result of `action`.

        Raises:
            StoreReplacedError: the store is no longer the one that was opened; nothing is saved beside it.
            StoreError: `action` was not committed. The pending statements are saved in the store or
                beside it, unless no disk space was left at all.
        """
        try:
            return self._commit(action)
        except FencedError:
            raise  # another process owns the company: the pending statements must not be written
        except StoreReplacedError:
            self._clear()  # they do not belong to the store that is there now
            raise
        except StoreError as error:
            self._rescue(error)
            raise

    def require_disk_space(self) -> None:
        """Check, before a call is sent, that its answer will find room.

        Raises:
            DiskFullError: the disk of the store is nearly full.
        """
        if self._disk is not None and self._disk.is_full():
            raise DiskFullError(
                "The disk of the store is nearly full; nothing more was sent.",
                "Free some space, then run the same command again.",
            )

    def close(self) -> None:
        """Close the connections. Pending statements are lost, as in a crash."""
        for connection in (self._writing, self._reading):
            if connection is not None:
                connection.close()
        self._writing = self._reading = None

    def _commit(self, action: Callable[[Transaction], T]) -> T:
        if self._writing is None:
            self._writing = self._database.engine.connect()
        with self._database.writing(self._writing) as transaction:
            self._guard(transaction)
            for statement, values in self._pending:
                transaction.run(statement, values)
            result = action(transaction)
        self._clear()
        return result

    def _rescue(self, error: StoreError) -> None:
        """Save the pending statements: in the room of the dropped ballast, otherwise beside the store."""
        if self._disk is None or not self._pending:
            return
        if isinstance(error, DiskFullError) and self._disk.drop_ballast():
            with suppress(StoreError):
                self._commit(lambda _: None)
                return
        if self._disk.save_aside([(statement.name, values) for statement, values in self._pending]):
            self._clear()
            error.hint = f"{error.hint} Answers of Sage that were not committed are saved beside the store."

    def _clear(self) -> None:
        self._pending.clear()
        self._pending_keys.clear()
