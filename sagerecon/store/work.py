"""What is told to the store and made durable together; what finds no room there is kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection

from sagerecon.model.errors import StoreError
from sagerecon.model.key import Key
from sagerecon.store.database import Database, DiskFullError, FencedError, Statement, Transaction, Values
from sagerecon.store.disk import Disk

T = TypeVar("T")

#: Stands for every key of a kind among the keys that a statement touches.
EVERY_KEY = "*"


class Work:
    """Statements told and not yet durable; they become so with the next commit, in their order.

    One call to Sage then costs one commit: what came of call n with the intent of call n+1. A crash in
    between leaves call n in doubt, which costs a call and doubles nothing.
    """

    def __init__(self, database: Database, disk: Disk | None) -> None:
        self._database = database
        self._disk = disk
        self._connection: Connection | None = None
        self._reading: Connection | None = None
        self._told: list[tuple[Statement, Values]] = []
        self._touched: set[tuple[str, Key]] = set()

    def tell(self, statement: Statement, values: Values, touches: Iterable[tuple[str, Key]] = ()) -> None:
        """Make it durable with the next commit. `touches` are the (kind, key) a reader may ask for before.

        A key may be `EVERY_KEY`.
        """
        self._told.append((statement, values))
        self._touched.update(touches)

    def settle(self, kind: str, key: Key) -> None:
        """Make what was told durable where it concerns this key, so that a reader sees it."""
        if not self._touched.isdisjoint({(kind, key), (kind, EVERY_KEY)}):
            self.flush()

    def flush(self) -> None:
        """Make everything told durable."""
        if self._told:
            self.commit(lambda _: None)

    @property
    def reader(self) -> Transaction:
        """Reads what is durable, each statement by itself."""
        if self._reading is None:
            connection = self._database.engine.connect().execution_options(reads_only=True)
            self._reading = connection.execution_options(isolation_level="AUTOCOMMIT")
        return Transaction(self._database, self._reading)

    def commit(self, more: Callable[[Transaction], T]) -> T:
        """What `more` gives, in one commit with everything told before.

        Raises:
            StoreError: what `more` does was not made durable. What was told before is either in the
                store or beside it, if any room was left at all.
        """
        try:
            return self._attempt(more)
        except FencedError:
            raise  # what we were told is no longer ours to say
        except StoreError as error:
            self._rescue(error)
            raise

    def has_room(self) -> None:
        """Nothing; called before something is sent.

        Raises:
            StoreError: the disk is nearly full, so that an answer might find no room.
        """
        if self._disk is not None and self._disk.is_full():
            raise DiskFullError(
                "The disk of the store is nearly full.", "Make room; the same command goes on."
            )

    def close(self) -> None:
        """Give the connection back; what was told and not committed is lost, as in a crash."""
        for connection in (self._connection, self._reading):
            if connection is not None:
                connection.close()
        self._connection = self._reading = None

    def _attempt(self, more: Callable[[Transaction], T]) -> T:
        with self._database.writing(self._open()) as transaction:
            for statement, values in self._told:
                transaction.run(statement, values)
            result = more(transaction)
        self._told.clear()
        self._touched.clear()
        return result

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.engine.connect()
        return self._connection

    def _rescue(self, error: StoreError) -> None:
        """Save what was told without what was to come: by the ballast, else beside the store."""
        if self._disk is None or not self._told:
            return
        if isinstance(error, DiskFullError) and self._disk.drop_ballast():
            with suppress(StoreError):
                self._attempt(lambda _: None)
                return
        if self._disk.save_aside([[statement.name, dict(values)] for statement, values in self._told]):
            self._told.clear()
            self._touched.clear()
            error.hint = f"What Sage had answered is kept beside the store. {error.hint}"
