"""Reading tables and queries of PostgreSQL databases into typed rows, in a transaction that can only read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, CursorResult, create_engine
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import DATABASE_SECONDS
from sagerecon.model.place import Place
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.database_query import column_query, database_format, table_query
from sagerecon.sources.database_url import DatabaseAddress, database_address
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import source_error
from sagerecon.sources.flat_table import RawRow, flat_rows
from sagerecon.sources.rows import ReadItem
from sagerecon.sources.typed_cells import with_singles

_CONNECT_SECONDS = 10

#: The number of PostgreSQL's type of floats of 32 bits.
_SINGLE = 700

#: Rows that are fetched at a time.
_ROWS = 1_000


@contextmanager
def transaction(file: SourceFile) -> Iterator[Connection]:
    """Yield a connection whose one transaction can only read, and sees the database as it is now.

    Raises:
        SourceError: the database cannot be reached.
    """
    address = _address(file)
    with _database_errors(address.shown):
        connection = _connect(address, _password(file))
    try:
        yield connection
    finally:
        connection.close()


def read_rows(connection: Connection, file: SourceFile) -> Iterator[ReadItem]:
    """Yield the rows of a table or query, and a note for each error or change in them.

    Raises:
        SourceError: the database refuses the query.
    """
    name = _address(file).shown
    with _database_errors(name):
        yield from flat_rows(_rows(connection, file), file, name, database_format(file))


def _rows(connection: Connection, file: SourceFile) -> Iterator[RawRow]:
    """Yield the names of the columns, then the rows, numbered from 1."""
    sql = file.query
    if file.table:
        table = ".".join(map(quote_identifier, file.table.split(".", 1)))
        with closing(_execute(connection, column_query(table))) as result:
            sql = table_query(file, table, tuple(result.keys()))
    with closing(_execute(connection, sql)) as result:
        yield 0, tuple(result.keys())
        described = result.cursor.description if result.cursor is not None else ()
        singles = {number for number, column in enumerate(described) if column[1] == _SINGLE}
        for line, cells in enumerate(result, start=1):
            yield line, with_singles(cells, singles) if singles else cells


def _execute(connection: Connection, sql: str) -> CursorResult[Any]:
    """Execute SQL with a cursor of the server: rows come in parts, and the SQL can be one SELECT alone."""
    options = {"stream_results": True, "max_row_buffer": _ROWS, "no_parameters": True}
    return connection.exec_driver_sql(sql, execution_options=options)


def _address(file: SourceFile) -> DatabaseAddress:
    address = database_address(file.url)
    if address is None:  # it is checked where it is declared
        raise AssertionError(file.url)
    return address


def _password(file: SourceFile) -> str | None:
    """Return the password of a database.

    Raises:
        SourceError: the environment variable that has it is not set.
    """
    if not file.password_env:
        return None
    password = os.environ.get(file.password_env)
    if not password:
        message = f"the environment variable {file.password_env}, which has the password, is not set."
        raise source_error(Finding(Code.DATABASE_ERROR, file.path_place, message))
    return password


def _connect(address: DatabaseAddress, password: str | None) -> Connection:
    options: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, "application_name": "sagerecon"}
    if address.sslmode:
        options["sslmode"] = address.sslmode
    url = URL.create(
        "postgresql+psycopg",
        username=address.user or None,
        password=password,
        host=address.folder or address.host,
        port=address.port,
        database=address.database,
    )
    engine = create_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ", connect_args=options)
    connection = engine.connect().execution_options(postgresql_readonly=True)
    _keep_endless_times(connection.connection.driver_connection)
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{DATABASE_SECONDS.most}s'")
    return connection


def _keep_endless_times(connection: Any) -> None:
    """Let a driver's connection give dates and times that Python does not have, as `infinity`, as texts."""
    from psycopg import DataError  # noqa: PLC0415 - the driver is optional
    from psycopg.types import datetime as types  # noqa: PLC0415

    def lenient(loader: Any) -> Any:
        class Lenient(loader):  # type: ignore[misc]
            def load(self, data: Any) -> object:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    for name, loader in (
        ("date", types.DateLoader),
        ("time", types.TimeLoader),
        ("timetz", types.TimetzLoader),
        ("timestamp", types.TimestampLoader),
        ("timestamptz", types.TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))


@contextmanager
def _database_errors(name: str) -> Iterator[None]:
    """Raise a SourceError for whatever the driver or the server finds wrong in the block."""
    try:
        yield
    except (ImportError, NoSuchModuleError) as error:
        message = "the driver of PostgreSQL is not installed."
        hint = "Install it with: pip install 'sagerecon[postgresql]'"
        raise source_error(Finding(Code.DATABASE_ERROR, Place(name), message, hint)) from error
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        text = (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")[:300]
        raise source_error(Finding(Code.DATABASE_ERROR, Place(name), f"the database says: {text}.")) from None
