"""Opens the store, or says in words why it cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sagerecon.model.clock import Clock
from sagerecon.model.errors import StoreError
from sagerecon.store import call_ledger, id_map, steps, vault
from sagerecon.store.database import Database, prepared, upsert
from sagerecon.store.disk import Disk, claim_file
from sagerecon.store.run_log import BusinessStore
from sagerecon.store.tables import FACTS, METADATA, SCHEMA_VERSION
from sagerecon.store.vault import SealedVault

#: "SGRC" in the header of our SQLite files, so that another program's file is not taken for a store.
APPLICATION_ID = 0x53475243

#: How long one process waits for another's commit.
BUSY_MILLISECONDS = 30_000

_GET_FACT = prepared("get_fact", select(FACTS.c.value).where(FACTS.c.name == bindparam("name")))
_KEEP_FACT = upsert("keep_fact", FACTS)


class Store:
    """The store of a project: one company's books by `books`, everybody's tokens in `vault`."""

    def __init__(self, database: Database, disk: Disk | None, sealed: SealedVault, clock: Clock) -> None:
        self.vault = sealed
        self._database = database
        self._disk = disk
        self._clock = clock
        self._books: dict[str, BusinessStore] = {}

    def books(self, business: str) -> BusinessStore:
        """All that is kept of one company."""
        if business not in self._books:
            self._books[business] = BusinessStore(business, self._database, self._disk, self._clock)
        return self._books[business]

    def close(self) -> None:
        """Let go of the database; what was told and not flushed is lost, as in a crash."""
        for books in self._books.values():
            books.close()
        self._books.clear()
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str, clock: Clock, key_file: Path | None, failpoint: Callable[[str], None] = lambda _: None
) -> Store:
    """The store at a SQLAlchemy URL (`sqlite:///path/store.db`), its tables made where it is new.

    `key_file` holds the key of the vault; None means it stands beside a SQLite store, as `<store>.key`.
    `failpoint` is told of every commit, for tests.

    Raises:
        StoreError: it cannot be used: not a store, of another version, unreadable, on a network disk.
    """
    address = _address(url)
    path = _file(address)
    if path is not None:
        claim_file(path)
    try:
        engine = create_engine(address, hide_parameters=True)  # values stay out of tracebacks
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(f"There is no way to reach the store {address}: {error}.") from error
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    database = Database(engine, lambda _: None)
    try:
        _check_schema(database)
    except StoreError:
        engine.dispose()
        raise
    disk = None if path is None else Disk(path)
    if disk is not None:
        _take_in(database, disk)
        disk.lay_ballast()
    if key_file is None and path is not None:
        key_file = path.with_name(path.name + ".key")
    watched = Database(engine, failpoint)
    return Store(watched, disk, SealedVault(watched, disk, key_file, clock), clock)


def _address(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"'{url}' is not the address of a store.", "Write sqlite:///path/store.db."
        ) from error


def _file(address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return Path(str(address.database)).absolute()


def _prepare_sqlite(engine: Engine) -> None:
    """Each commit durable, one writer at a time; a new connection knows it."""

    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=4000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def begun(connection: Connection) -> None:
        # A writer that starts as a reader fails when another has written in between.
        if not connection.get_execution_options().get("reads_only"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _check_schema(database: Database) -> None:
    """The tables are there and of this version; an empty database gets them."""
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.in_words(), database.engine.connect() as connection, connection.begin():
        tables = set(inspect(connection).get_table_names())
        if FACTS.name not in tables:
            if tables:
                raise StoreError("The database holds another program's tables.", "Name another one.")
            METADATA.create_all(connection)
            if is_sqlite:
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        elif is_sqlite and connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
            raise StoreError("The database belongs to another program.", "Name another file.")
    with database.writing() as transaction:
        row = transaction.one(_GET_FACT, {"name": "schema"})
        if row is None:
            transaction.run(_KEEP_FACT, {"name": "schema", "value": str(SCHEMA_VERSION)})
            return
    if row.value != str(SCHEMA_VERSION):
        raise StoreError(
            f"The store is of version {row.value}; this program reads version {SCHEMA_VERSION}.",
            "Use the sagerecon that made it; it was left as it is.",
        )


def _take_in(database: Database, disk: Disk) -> None:
    """Put into the store what once found no room in it."""
    known = {
        statement.name: statement for statement in (*steps.TOLD, *id_map.TOLD, *call_ledger.TOLD, *vault.TOLD)
    }
    entries = list(disk.saved_aside())
    if not entries:
        return
    with database.writing() as transaction:
        for entry in entries:
            for name, values in entry:
                if name in known:
                    transaction.run(known[name], values)
    disk.forget_aside()
