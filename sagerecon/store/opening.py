"""Opens the store of a project."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    bindparam,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy.schema import CreateColumn

from sagerecon.model.clock import Clock
from sagerecon.model.errors import StoreError
from sagerecon.store import call_ledger, id_map, memory_log, runs, steps, suspects, vault
from sagerecon.store.address import StoreAddressError, store_address
from sagerecon.store.backup import checkpoint, copy_database
from sagerecon.store.call_witness import CallWitness
from sagerecon.store.company import CompanyStore, open_company
from sagerecon.store.database import Database, Transaction, prepared, upsert
from sagerecon.store.disk import Disk
from sagerecon.store.plain_schema import require_plain_schema
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.run_calls import MARK_EARLIER_RUNS
from sagerecon.store.store_file import APPLICATION_ID, StoreFile, claim_file
from sagerecon.store.tables import COMPANY_LOCKS, FACTS, METADATA, SCHEMA_VERSION
from sagerecon.store.unsaved import damaged_entry
from sagerecon.store.vault import Origin, SealedVault
from sagerecon.store.vault_key import KeyHome, VaultKey
from sagerecon.store.witness import StoreName, Witness, WitnessFolder

# A signal that ends a command may strike while a connection is returned; the pool would print a traceback.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

#: How long a process waits for the commit of another one.
BUSY_MILLISECONDS = 30_000

_GET_FACT = prepared("get_fact", select(FACTS.c.value).where(FACTS.c.name == bindparam("name")))
_KEEP_FACT = upsert("keep_fact", FACTS)
_GET_HOLDERS = prepared("get_holders", select(COMPANY_LOCKS.c.holder).where(COMPANY_LOCKS.c.holder != ""))

#: Earlier versions of a store that are upgraded: they lack tables and columns, and version 2 numbers no runs.
_UPGRADABLE = frozenset({"2", "3", "4", "5", "6", "7", "8", "9", "10"})

#: Those of them that did not count the calls of each run.
_WITHOUT_RUN_CALLS = frozenset({"2", "3", "4", "5"})

_NUMBER_RUNS = """
UPDATE runs SET sequence = (
    SELECT count(*) FROM runs AS other WHERE (other.started_at, other.run) <= (runs.started_at, runs.run)
) WHERE sequence = 0
"""


class Store:
    """The store of a project: the data of each company, and the tokens in `vault`."""

    def __init__(
        self,
        database: Database,
        disk: Disk | None,
        sealed: SealedVault,
        clock: Clock,
        name: StoreName,
        witnesses: WitnessFolder | None,
    ) -> None:
        self.vault = sealed
        self._name = name
        self._witnesses = witnesses
        self._database = database
        self._disk = disk
        self._clock = clock
        self._companies: dict[str, CompanyStore] = {}

    def company(self, business: str) -> CompanyStore:
        """Return the data of the company with Sage's business id `business`."""
        if business not in self._companies:
            witness, calls = None, None
            if self._witnesses is not None:
                witness = Witness(self._witnesses, self._name, business, self._clock)
                calls = CallWitness(self._witnesses, business)
            self._companies[business] = open_company(
                business, self._database, self._disk, self._clock, witness, calls
            )
        return self._companies[business]

    def close(self) -> None:
        """Close the database. Statements not yet committed are lost, as in a crash."""
        for company in self._companies.values():
            company.close()
        self._companies.clear()
        if self._disk is not None and not self._is_in_use():
            checkpoint(self._database.engine)
        self._database.close()

    def back_up(self, target: Path) -> None:
        """Copy the current state of the store to a new file that only its owner can read.

        Raises:
            StoreError: it is not a SQLite file, is damaged, or the target exists or cannot be written.
        """
        if self._disk is None:
            raise StoreError(
                f"{self._name.location} is not a SQLite file.",
                "Back it up with the tools of its database, such as pg_dump.",
            )
        copy_database(self._database, target)

    def _is_in_use(self) -> bool:
        """Return whether another process works on a company: it moves the log into the file itself.

        It would not notice that the file was overwritten, if the log was moved into it before.
        """
        try:
            with self._database.reading() as transaction:
                holders = [row.holder for row in transaction.rows(_GET_HOLDERS, {})]
        except StoreError:
            return True
        return any(holder != this_process() and is_alive(holder) is not False for holder in holders)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str,
    clock: Clock,
    keys: KeyHome | None,
    failpoint: Callable[[str], None] = lambda _: None,
    witnesses: WitnessFolder | None = None,
    issuer: str = "",
) -> Store:
    """Open the store at a SQLAlchemy URL (`sqlite:///path/store.db`), and create its tables where it is new.

    Args:
        keys: where the key of the vault is kept; None where it is in the environment alone.
        failpoint: is called before and after every commit, for tests.
        witnesses: where the witnesses of the store are kept; None for a store without any.
        issuer: the address of the Sage whose tokens the vault keeps.

    Raises:
        StoreError: it is not a store, has another version, cannot be read, or is on a network disk.
    """
    address = _address(url)
    path = _file(address)
    file = None if path is None else claim_file(path)
    try:
        engine = create_engine(address, hide_parameters=True)  # values stay out of tracebacks
    except Exception as error:  # whatever SQLAlchemy and the driver make of an address, or of its absence
        raise StoreError(
            f"No driver for the store {address}: {error}.",
            "Set 'store' to sqlite:///path/store.db, or install the driver of its database.",
        ) from error
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, file)
    database = Database(engine, lambda _: None, file)
    disk = None if path is None else Disk(path)
    try:
        identity = _check_schema(database)
        if disk is not None:
            _replay_unsaved(database, disk)
            disk.create_ballast()
    except StoreError:
        database.close()
        raise
    key = VaultKey(()) if keys is None else VaultKey(keys.places(identity), keys.beside)
    watched = Database(engine, failpoint, file)
    location = str(path) if path is not None else address.render_as_string(hide_password=True)
    return Store(
        watched,
        disk,
        SealedVault(watched, disk, key, clock, Origin(issuer, identity)),
        clock,
        StoreName(identity, location),
        witnesses,
    )


def _address(url: str) -> URL:
    try:
        return store_address(url)
    except StoreAddressError as error:  # the address may hold a password, so that it is not shown
        raise StoreError(
            f"'store' is not the address of a store: {error}.", "Set 'store' to sqlite:///path/store.db."
        ) from error


def _file(address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return Path(str(address.database)).absolute()


def _prepare_sqlite(engine: Engine, file: StoreFile | None) -> None:
    """Set up each new connection for durable commits and one writer at a time."""

    def connected(connection: Any, _: object) -> None:
        if file is not None:
            file.connected()
        connection.isolation_level = None  # `begun` executes BEGIN
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=4000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def begun(connection: Connection) -> None:
        # A writer that starts as a reader fails when another has written in between.
        if not connection.get_execution_options().get("reads_only"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _check_schema(database: Database) -> str:
    """Create or upgrade the tables, refuse another program's database, and return the store's identity."""
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.translated_errors(), database.engine.connect() as connection, connection.begin():
        tables = set(inspect(connection).get_table_names())
        if FACTS.name not in tables:
            if tables:
                raise StoreError("The database holds another program's tables.", "Set 'store' to another.")
            METADATA.create_all(connection)
            if is_sqlite:
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        elif is_sqlite and connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
            raise StoreError("The database belongs to another program.", "Set 'store' to another.")
        elif is_sqlite:
            require_plain_schema(connection)
        transaction = Transaction(database, connection)
        version = transaction.one(_GET_FACT, {"name": "schema"})
        if version is None or version.value in _UPGRADABLE:
            _upgrade(connection)
            if version is not None and version.value in _WITHOUT_RUN_CALLS:
                connection.exec_driver_sql(MARK_EARLIER_RUNS)
            transaction.run(_KEEP_FACT, {"name": "schema", "value": str(SCHEMA_VERSION)})
            if transaction.one(_GET_FACT, {"name": "identity"}) is None:
                transaction.run(_KEEP_FACT, {"name": "identity", "value": secrets.token_hex(16)})
        elif version.value != str(SCHEMA_VERSION):
            raise StoreError(
                f"The store has version {version.value}; this sagerecon reads version {SCHEMA_VERSION}.",
                "Use the version of sagerecon that created it. The store was not changed.",
            )
        identity = transaction.one(_GET_FACT, {"name": "identity"})
    return "" if identity is None else str(identity.value)


def _upgrade(connection: Connection) -> None:
    """Add the tables and columns that a store of an earlier version lacks, and number its runs.

    Each column has a default.
    """
    METADATA.create_all(connection)
    found = inspect(connection)
    for table in METADATA.sorted_tables:
        there = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
    connection.exec_driver_sql(_NUMBER_RUNS)


def _replay_unsaved(database: Database, disk: Disk) -> None:
    """Execute the statements that were saved beside the store, in one commit.

    Raises:
        StoreError: an entry is none of this program's; nothing of the file was executed.
    """
    entries = list(disk.unsaved())
    if not entries:
        return
    modules = (runs, steps, id_map, suspects, memory_log, call_ledger, vault)
    replayable = {statement.name: statement for module in modules for statement in module.REPLAYABLE}
    for entry in entries:
        for name, values in entry:
            if name not in replayable or not database.takes(replayable[name], values):
                raise damaged_entry(disk.unsaved_path)
    with database.writing() as transaction:
        for entry in entries:
            for name, values in entry:
                transaction.run(replayable[name], values)
    disk.delete_unsaved()
