"""The database behind the store: statements, transactions, and errors translated to StoreError."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType
from typing import Any, TypeVar

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Integer,
    Row,
    String,
    Table,
    bindparam,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sagerecon.model.clock import LAST_INSTANT
from sagerecon.model.errors import DamagedStoreError, StoreError
from sagerecon.store.store_file import StoreFile, StoreReplacedError

#: The whole numbers that a database keeps in a column.
_BIGINT = 1 << 63


Values = Mapping[str, "str | int"]
_Row = TypeVar("_Row", bound="tuple[Any, ...] | None")


@dataclass(frozen=True, slots=True)
class Statement:
    """One named SQL statement; `build` constructs it for a dialect."""

    name: str
    build: Callable[[Dialect], ClauseElement]


def prepared(name: str, clause: ClauseElement) -> Statement:
    """Return a statement that is the same in every dialect."""
    return Statement(name, lambda _: clause)


def upsert(name: str, table: Table, columns: tuple[str, ...] = (), add: tuple[str, ...] = ()) -> Statement:
    """Return a statement that inserts a row, or updates the row with the same primary key.

    SQLite and PostgreSQL do not share its syntax.

    Args:
        columns: the columns that are set; all where none are named.
        add: those of them whose value is added to the old one when a row is updated.
    """
    keys = [column.name for column in table.primary_key]
    wanted = columns or tuple(column.name for column in table.columns if column.name not in keys)

    def build(dialect: Dialect) -> ClauseElement:
        values: dict[str, Any] = {column: bindparam(column) for column in (*keys, *wanted)}
        insert = insert_into(table, dialect.name).values(values)
        changes = {
            column: table.c[column] + insert.excluded[column] if column in add else insert.excluded[column]
            for column in wanted
        }
        updating: ClauseElement = insert.on_conflict_do_update(index_elements=keys, set_=changes)
        return updating

    return Statement(name, build)


def insert_into(table: Table, dialect: str) -> Any:
    """Return the dialect's own INSERT, which can update the row in its way."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - imports asyncio, which SQLite needs not

        return postgresql.insert(table)
    return sqlite.insert(table)


def _types_of(column: ColumnElement[Any]) -> tuple[type, ...]:
    """Return the types of the values of a column that is selected; what is reckoned may be absent."""
    plain = int if isinstance(column.type, Integer) else str
    return (plain,) if isinstance(column, Column) else (plain, Decimal, NoneType)


class Transaction:
    """Executes statements that are committed together or not at all."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def run(self, statement: Statement, values: Values) -> int:
        """Execute a statement, and return the number of rows it changed."""
        with self._driver_cursor(statement, values) as cursor:
            count: int = cursor.rowcount
        return count

    def first(self, statement: Statement, values: Values) -> tuple[Any, ...] | None:
        """Return the first row a statement selects as a plain tuple, or None."""
        with self._driver_cursor(statement, values) as cursor:
            row: tuple[Any, ...] | None = cursor.fetchone()
        return self._database.checked(statement, row)

    def rows(self, statement: Statement, values: Values) -> list[Row[Any]]:
        """Return the rows a statement selects."""
        return [self._database.checked(statement, row) for row in self._execute(statement, values)]

    def one(self, statement: Statement, values: Values) -> Row[Any] | None:
        """Return the first row a statement selects with named columns, or None."""
        return self._database.checked(statement, self._execute(statement, values).fetchone())

    @contextmanager
    def _driver_cursor(self, statement: Statement, values: Values) -> Iterator[Any]:
        """Execute with the driver's own cursor, because named rows take longer than the statement itself."""
        sql, given = self._database.bind(statement, values)
        cursor = self._connection.connection.cursor()
        try:
            with self._database.translated_errors():
                cursor.execute(sql, given)
                yield cursor
        finally:
            cursor.close()

    def _execute(self, statement: Statement, values: Values) -> CursorResult[Any]:
        sql, given = self._database.bind(statement, values)
        with self._database.translated_errors():
            return self._connection.exec_driver_sql(sql, given)


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    constants: Values  #: parameters that have a fixed value in the statement
    order: tuple[str, ...] | None  #: of its parameters, or None where they are passed by name
    types: tuple[tuple[type, ...], ...]  #: that the columns it selects may have


#: Compiled statements by dialect and name, shared by every store of a process.
_COMPILED: dict[tuple[str, str], _Compiled] = {}


class Database:
    """An engine and the statements compiled for it."""

    def __init__(self, engine: Engine, failpoint: Callable[[str], None], file: StoreFile | None) -> None:
        """Make a database of an engine.

        Args:
            failpoint: is called before and after every commit, for tests.
            file: of a SQLite database; it is checked before and after every commit.
        """
        self.engine = engine
        self._failpoint = failpoint
        self._file = file
        self._dialect = f"{engine.dialect.name}+{engine.dialect.driver}"

    def close(self) -> None:
        """Close every connection and the file."""
        self.engine.dispose()
        if self._file is not None:
            self._file.close()

    def bind(self, statement: Statement, values: Values) -> tuple[str, Any]:
        """Return the SQL text of a statement, and its parameters in the form that the driver needs."""
        compiled = _COMPILED.get((self._dialect, statement.name)) or self._compile(statement)
        if compiled.constants:
            values = {**compiled.constants, **values}
        if compiled.order is None:
            return compiled.sql, dict(values)
        return compiled.sql, tuple([values[name] for name in compiled.order])

    def checked(self, statement: Statement, row: _Row) -> _Row:
        """Return a row that a statement selected, or None.

        SQLite keeps a value of any type in any column.

        Raises:
            DamagedStoreError: a value has another type than its column, or is later than any instant.
        """
        if row is not None:
            compiled = _COMPILED[self._dialect, statement.name]
            for value, types in zip(row, compiled.types, strict=True):
                if not isinstance(value, types) or (isinstance(value, int) and abs(value) > LAST_INSTANT):
                    raise DamagedStoreError
        return row

    def takes(self, statement: Statement, values: Values) -> bool:
        """Return whether there is a value of the right type for each parameter of a statement."""
        dialect = self.engine.dialect
        compiled: Any = statement.build(dialect).compile(dialect=dialect)
        for name, parameter in compiled.binds.items():
            given = values.get(name, parameter.value)
            wanted = int if isinstance(parameter.type, Integer) else str
            if isinstance(parameter.type, Integer | String) and not isinstance(given, wanted):
                return False
            if isinstance(given, int) and not -_BIGINT <= given < _BIGINT:
                return False
        return all(values.get(name, value) is not None for name, value in compiled.params.items())

    def _compile(self, statement: Statement) -> _Compiled:
        dialect = self.engine.dialect
        clause = statement.build(dialect)
        compiled: Any = clause.compile(dialect=dialect)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        order = tuple(compiled.positiontup) if compiled.positional else None
        types = tuple(map(_types_of, getattr(clause, "selected_columns", ())))
        entry = _Compiled(str(compiled), constants, order, types)
        _COMPILED[self._dialect, statement.name] = entry
        return entry

    @contextmanager
    def writing(self, connection: Connection | None = None) -> Iterator[Transaction]:
        """Open a transaction that may write, on a new connection unless one is given, and commit it.

        Raises:
            StoreReplacedError: the file was replaced or overwritten; where that was found after the commit,
                it was committed to the file that was opened.
            StoreError: nothing of it was committed.
        """
        with self.translated_errors():
            if connection is None:
                with self.engine.connect() as own:
                    yield from self._transaction(own)
            else:
                yield from self._transaction(connection)

    def _transaction(self, connection: Connection) -> Iterator[Transaction]:
        content = None
        with connection.begin():
            if self._file is not None:
                self._file.require_in_place()
            yield Transaction(self, connection)
            if self._file is not None:
                content = self._file.require_grown(connection.connection.cursor())
            self._failpoint("before commit")
        if self._file is not None and content is not None:
            self._file.committed(content)
        self._failpoint("after commit")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that reads one consistent state of the store."""
        with (
            self.translated_errors(),
            self.engine.connect().execution_options(reads_only=True) as connection,
            connection.begin(),
        ):
            yield Transaction(self, connection)

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise errors of the database as StoreError."""
        driver: Any = self.engine.dialect.loaded_dbapi
        try:
            yield
        except DBAPIError as error:
            raise self._error(str(error.orig)) from error
        except driver.Error as error:
            raise self._error(str(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot be used: {error}.", _CHECK) from error

    def _error(self, text: str) -> StoreError:
        """Return the error that `text` of the driver means: a store that was overwritten looks damaged."""
        if self._file is not None:
            try:
                self._file.require_readable()
            except StoreReplacedError as error:
                return error
        return _store_error(text)

    def stream(self, statement: Statement, values: Values, batch: int = 500) -> Iterator[Row[Any]]:
        """Yield the rows a statement selects, fetched in batches."""
        sql, given = self.bind(statement, values)
        with self.translated_errors(), self.engine.connect().execution_options(reads_only=True) as connection:
            result = connection.execution_options(stream_results=True).exec_driver_sql(sql, given)
            while rows := result.fetchmany(batch):
                for row in rows:
                    yield self.checked(statement, row)


_CHECK = "Check 'store' in sagerecon.yaml and the database that it names."

#: A part of an error text of SQLite, the message for it, and a remedy.
_MESSAGES = (
    ("disk is full", "The disk of the store is full.", "Free some space, then run the same command again."),
    (
        "disk i/o error",
        "The disk of the store cannot be written.",
        "Check the disk, then run the same command again.",
    ),
    ("readonly", "The store is read-only.", "Change the permissions of its file and folder."),
    ("read-only", "The store is read-only.", "Change the permissions of its file and folder."),
    ("locked", "The store is locked by another process.", "Wait until that process has ended."),
    ("not a database", "The file is not a store of sagerecon.", "Set 'store' to another path."),
    ("unable to open", "The store cannot be opened.", "Check its folder and the permissions of its file."),
)


class DiskFullError(StoreError):
    """A commit failed because the disk is full or cannot be written."""


class FencedError(StoreError):
    """The lock on the company expired, and another process acquired it."""


def _store_error(text: str) -> StoreError:
    if "malformed" in text.lower():
        return DamagedStoreError()
    for part, message, hint in _MESSAGES:
        if part in text.lower():
            error = DiskFullError if part in ("disk is full", "disk i/o error") else StoreError
            return error(message, hint)
    sentence = " ".join(text.split()).rstrip(".?")  # a driver writes several lines
    return StoreError(f"The store cannot be used: {sentence}.", _CHECK)
