"""The database behind the store: statements prepared once, transactions, and its errors in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Connection, CursorResult, Engine, Row, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sagerecon.model.errors import StoreError

Values = Mapping[str, "str | int"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement under its name; `build` makes it for a dialect, once for a database."""

    name: str
    build: Callable[[Dialect], ClauseElement]


def prepared(name: str, clause: ClauseElement) -> Statement:
    """A statement that every database spells alike."""
    return Statement(name, lambda _: clause)


def upsert(name: str, table: Table, columns: tuple[str, ...] = (), add: tuple[str, ...] = ()) -> Statement:
    """Insert a row, or set `columns` (default: all) of the one with its key; those in `add` are added up.

    The one statement the databases do not share.
    """
    keys = [column.name for column in table.primary_key]
    wanted = columns or tuple(column.name for column in table.columns if column.name not in keys)

    def build(dialect: Dialect) -> ClauseElement:
        values: dict[str, Any] = {column: bindparam(column) for column in (*keys, *wanted)}
        maker = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        insert = maker(table).values(values)
        changes = {
            column: table.c[column] + insert.excluded[column] if column in add else insert.excluded[column]
            for column in wanted
        }
        return insert.on_conflict_do_update(index_elements=keys, set_=changes)

    return Statement(name, build)


class Transaction:
    """What happens in it happens as one, or not at all."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def run(self, statement: Statement, values: Values) -> int:
        """How many rows it touched."""
        with self._straight(statement, values) as cursor:
            count: int = cursor.rowcount
        return count

    def first(self, statement: Statement, values: Values) -> tuple[Any, ...] | None:
        """The first row it selects, bare, or None."""
        with self._straight(statement, values) as cursor:
            row: tuple[Any, ...] | None = cursor.fetchone()
        return row

    def rows(self, statement: Statement, values: Values) -> list[Row[Any]]:
        """The rows it selects."""
        return list(self._execute(statement, values))

    def one(self, statement: Statement, values: Values) -> Row[Any] | None:
        """The first row it selects, or None."""
        return self._execute(statement, values).fetchone()

    @contextmanager
    def _straight(self, statement: Statement, values: Values) -> Iterator[Any]:
        """The driver's own cursor: named rows cost more than the statements a call takes."""
        sql, given = self._database.bound(statement, values)
        cursor = self._connection.connection.cursor()
        try:
            with self._database.in_words():
                cursor.execute(sql, given)
                yield cursor
        finally:
            cursor.close()

    def _execute(self, statement: Statement, values: Values) -> CursorResult[Any]:
        sql, given = self._database.bound(statement, values)
        with self._database.in_words():
            return self._connection.exec_driver_sql(sql, given)


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    constants: Values  #: parameters the statement brings along
    order: tuple[str, ...] | None  #: of its parameters, or None where they go by name


#: Statements by dialect and name: they are the same for every store of a process.
_COMPILED: dict[tuple[str, str], _Compiled] = {}


class Database:
    """An engine and the statements compiled for it. `failpoint` is told of every commit, for tests."""

    def __init__(self, engine: Engine, failpoint: Callable[[str], None]) -> None:
        self.engine = engine
        self._failpoint = failpoint
        self._dialect = f"{engine.dialect.name}+{engine.dialect.driver}"

    def bound(self, statement: Statement, values: Values) -> tuple[str, Any]:
        """The statement as text, and its parameters as the driver wants them."""
        compiled = _COMPILED.get((self._dialect, statement.name)) or self._compile(statement)
        if compiled.constants:
            values = {**compiled.constants, **values}
        if compiled.order is None:
            return compiled.sql, dict(values)
        return compiled.sql, tuple([values[name] for name in compiled.order])

    def _compile(self, statement: Statement) -> _Compiled:
        dialect = self.engine.dialect
        compiled: Any = statement.build(dialect).compile(dialect=dialect)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        order = tuple(compiled.positiontup) if compiled.positional else None
        made = _Compiled(str(compiled), constants, order)
        _COMPILED[self._dialect, statement.name] = made
        return made

    @contextmanager
    def writing(self, connection: Connection | None = None) -> Iterator[Transaction]:
        """A transaction that may write; on a connection of its own unless one is given.

        Raises:
            StoreError: it could not be made durable; nothing of it was.
        """
        with self.in_words():
            if connection is None:
                with self.engine.connect() as own:
                    yield from self._transaction(own)
            else:
                yield from self._transaction(connection)

    def _transaction(self, connection: Connection) -> Iterator[Transaction]:
        with connection.begin():
            yield Transaction(self, connection)
            self._failpoint("before commit")
        self._failpoint("after commit")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the store and changes nothing."""
        with (
            self.in_words(),
            self.engine.connect().execution_options(reads_only=True) as connection,
            connection.begin(),
        ):
            yield Transaction(self, connection)

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """The errors of the database as StoreError."""
        driver: Any = self.engine.dialect.loaded_dbapi
        try:
            yield
        except DBAPIError as error:
            raise _sentence(str(error.orig)) from error
        except driver.Error as error:
            raise _sentence(str(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"The store cannot be used: {error}.") from error

    def stream(self, statement: Statement, values: Values, batch: int = 500) -> Iterator[Row[Any]]:
        """The rows it selects, fetched as they are used."""
        sql, given = self.bound(statement, values)
        with self.in_words(), self.engine.connect().execution_options(reads_only=True) as connection:
            result = connection.execution_options(stream_results=True).exec_driver_sql(sql, given)
            while rows := result.fetchmany(batch):
                yield from rows


#: What SQLite says, what it means, and a way out.
_SENTENCES = (
    ("disk is full", "The disk of the store is full.", "Make room; the same command goes on."),
    (
        "disk i/o error",
        "The disk of the store cannot be written.",
        "Look at the disk; the same command goes on.",
    ),
    ("readonly", "The store cannot be written: it is read-only.", "Give yourself the right to write it."),
    ("read-only", "The store cannot be written: it is read-only.", "Give yourself the right to write it."),
    ("locked", "The store is locked by another process.", "Wait until that one has ended."),
    ("not a database", "The file is not a store of sagerecon.", "Name another file."),
    (
        "malformed",
        "The store is damaged.",
        "Put a backup in its place; a run then settles what it no longer knows.",
    ),
    ("unable to open", "The store cannot be opened.", "Look at its folder and its rights."),
)


class DiskFullError(StoreError):
    """There was no room for a commit."""


class FencedError(StoreError):
    """Another process has taken the company over."""


def _sentence(said: str) -> StoreError:
    for sign, sentence, hint in _SENTENCES:
        if sign in said.lower():
            kind = DiskFullError if sign in ("disk is full", "disk i/o error") else StoreError
            return kind(sentence, hint)
    return StoreError(f"The store cannot be used: {said.strip()}.")
