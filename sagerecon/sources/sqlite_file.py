"""Reading a table or a query of SQLite database files into typed rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import CELL, DATABASE_SECONDS, SQL_CHARACTERS
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.database_query import column_query, database_format, table_query
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import require_format, source_error
from sagerecon.sources.flat_table import RawRow, flat_rows
from sagerecon.sources.rows import ReadItem
from sagerecon.sources.typed_cells import GarbledText

#: What a query may do: read tables and call functions. It cannot attach other files, write, or set anything.
_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)

#: Tables that are listed, and what the names of SQLite's own begin with.
_MOST_TABLES, _OWN = 10_000, "sqlite_"

#: The steps of SQLite's machine between two looks at the clock.
_STEPS = 100_000

#: Files in which SQLite keeps changes that are not in the database file yet.
_CHANGES = ("-wal", "-journal")


class SqliteReader:
    """Reads the SQLite files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of the declared table or query, and a finding for each error in them.

        Raises:
            SourceError: the file is not a SQLite database, has changes beside it, or refuses the query.
        """
        require_format(path, name, "sqlite")
        with _database(path, name) as connection:
            yield from flat_rows(self._rows(connection, name), self._file, name, database_format(self._file))

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the columns of the result have already shown which are missing."""
        return iter(())

    def _rows(self, connection: sqlite3.Connection, name: str) -> Iterator[RawRow]:
        """Yield the names of the columns, then the rows, numbered from 1."""
        if self._file.table:
            self._require_table(connection, name)
        table = quote_identifier(self._file.table)
        rows = connection.execute(column_query(table) if self._file.table else self._file.query)
        names = tuple(str(each[0]) for each in rows.description or ())
        yield 0, names
        if self._file.table:
            rows = connection.execute(table_query(self._file, table, names))
        yield from enumerate(rows, start=1)

    def _require_table(self, connection: sqlite3.Connection, name: str) -> None:
        tables = sorted(name for name, _ in _tables(connection))
        if self._file.table not in tables:
            message = f"the database has no table '{self._file.table}'."
            hint = suggestion(self._file.table, tables) or f"Its tables are {', '.join(tables[:30])}."
            raise source_error(Finding(Code.RECORDS_NOT_THERE, Place(name), message, hint))


def sqlite_tables(path: Path, name: str) -> dict[str, int | None]:
    """Return the tables and views of a database, with the number of rows of each; None for a view.

    Raises:
        SourceError: the database cannot be read.
    """
    with _database(path, name) as connection:
        return {
            table: None if is_view else _count(connection, table)
            for table, is_view in _tables(connection)
            if not table.startswith(_OWN)
        }


def sqlite_sample(
    path: Path, name: str, table: str, rows: int
) -> tuple[tuple[str, ...], list[Sequence[object]]]:
    """Return the names of the columns of a table, and the cells of its first rows.

    Raises:
        SourceError: the database cannot be read.
    """
    with _database(path, name) as connection:
        found = connection.execute(f"SELECT * FROM {quote_identifier(table)}")  # noqa: S608 - a quoted name
        return tuple(str(each[0]) for each in found.description or ()), found.fetchmany(rows)


def _tables(connection: sqlite3.Connection) -> list[tuple[str, bool]]:
    """Return the names of the tables and views, in their order, and whether each is a view."""
    found = connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')")
    return [(str(name), kind == "view") for name, kind in found.fetchmany(_MOST_TABLES)]


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    """Return the number of rows; None where they cannot be read, such as those of a lost extension."""
    try:
        (rows,) = connection.execute(f"SELECT count(*) FROM {quote_identifier(table)}").fetchone()  # noqa: S608 - a quoted name
    except sqlite3.Error:
        return None
    return int(rows)


@contextmanager
def _database(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """Open a database that is whole; errors as `SqliteReader.rows`."""
    _require_whole(path, name)
    with _database_errors(name), closing(_connect(path)) as connection:
        yield connection


def _connect(path: Path) -> sqlite3.Connection:
    """Open a database that a stranger may have made: for reading alone, without trust in its schema."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = _text
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL.most * 4)  # bytes of a character of UTF-8
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, SQL_CHARACTERS.most * 4)
    end = monotonic() + DATABASE_SECONDS.most
    connection.set_progress_handler(lambda: monotonic() > end, _STEPS)
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    return connection


def _text(content: bytes) -> str | GarbledText:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return GarbledText(content)


def _require_whole(path: Path, name: str) -> None:
    """Check that all of a database is in its file.

    Raises:
        SourceError: a program keeps changes beside it, which would be passed over.
    """
    for end in _CHANGES:
        beside = path.with_name(path.name + end)
        if beside.exists() and beside.stat().st_size:
            message = f"{name}{end} holds changes that are not in the database file."
            hint = "Close the program that uses the database, or make a copy with its backup command."
            raise source_error(Finding(Code.DATABASE_ERROR, Place(name), message, hint))


@contextmanager
def _database_errors(name: str) -> Iterator[None]:
    """Raise a SourceError for whatever SQLite finds wrong in the block."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).rstrip(".")
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            text = f"the query takes too long; {DATABASE_SECONDS.sentence}"
        raise source_error(
            Finding(Code.DATABASE_ERROR, Place(name), f"the database says: {text}.")
        ) from error
