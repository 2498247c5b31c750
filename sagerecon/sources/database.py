"""DuckDB as the program uses it: nothing from outside, nothing guessed, its words made ours."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sagerecon.model.errors import StoreError
from sagerecon.model.type import (
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    TEXT,
    UNKNOWN,
    Type,
    list_of,
    object_of,
)
from sagerecon.sources.definitions import MAX_INTEGER_DIGITS, Column

#: Memory a query may take before it spills to disk.
MEMORY = "512MB"

_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": MEMORY,
}

#: How DuckDB's messages begin: `Binder Error: `, `Invalid Input Error: `.
_CLASS = re.compile(r"^[A-Z][A-Za-z ]{2,30} Error: ")

_SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}

_INTEGERS = frozenset(
    {
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
    }
)
_TYPES = {
    "varchar": TEXT,
    "decimal": DECIMAL,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": DATETIME,
    "null": UNKNOWN,
    "sqlnull": UNKNOWN,
}


def open_for_loading(path: Path) -> duckdb.DuckDBPyConnection:
    """A new database file that may read files, until `close_doors`."""
    return duckdb.connect(str(path), config={**_CLOSED, "threads": 2})


def open_for_reading(path: Path) -> duckdb.DuckDBPyConnection:
    """A database that nobody can change and whose SQL reaches nothing outside it.

    One thread: rows that a query leaves unordered then come in the same order every time.
    """
    shut = {"threads": 1, "enable_external_access": False, "lock_configuration": True}
    return duckdb.connect(str(path), read_only=True, config={**_CLOSED, **shut})


def open_in_memory() -> duckdb.DuckDBPyConnection:
    """An empty database that touches no file."""
    connection = duckdb.connect(":memory:", config={**_CLOSED, "threads": 1, "temp_directory": ""})
    disable_external_access(connection)
    return connection


def disable_external_access(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on SQL reaches no file and changes no setting."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quote_identifier(name: str) -> str:
    """A name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def sql_type(column: Column) -> str:
    """The DuckDB type of a declared column; never DOUBLE."""
    if column.type == "decimal":
        return f"DECIMAL({MAX_INTEGER_DIGITS + column.scale}, {column.scale})"
    if column.type == "list":
        fields = ", ".join(f"{quote_identifier(inner.name)} {sql_type(inner)}" for inner in column.columns)
        return f"STRUCT({fields})[]"
    return _SQL_TYPES[column.type]


def type_of(sql: Any) -> Type | str:
    """Our type for a DuckDB type, or the name of the one that has none here, such as DOUBLE."""
    if sql.id in _TYPES:
        return _TYPES[sql.id]
    if sql.id in _INTEGERS:
        return INTEGER
    if sql.id == "list":
        item = type_of(dict(sql.children)["child"])
        return item if isinstance(item, str) else list_of(item)
    if sql.id == "struct":
        fields = {name: type_of(child) for name, child in sql.children}
        strange = next((found for found in fields.values() if isinstance(found, str)), None)
        return strange or object_of({n: found for n, found in fields.items() if isinstance(found, Type)})
    return str(sql)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns what DuckDB and the system say while a snapshot is written or opened into a StoreError."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        raise StoreError(f"{path}: {_words(error)}.", _hint(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return error_summary(error)


def _hint(error: Exception) -> str:
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    if (
        number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        or "no space left" in text
        or "file too large" in text
    ):
        return "The disk is full or the file may not grow; an older snapshot is as it was."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "permission denied" in text:
        return "Check who may write there."
    if "lock" in text:
        return "Another program has it open; wait until it is done."
    if "not a valid duckdb database" in text or "does not exist" in text:
        return "Take it again: sagerecon snapshot."
    return ""


def error_summary(error: Exception) -> str:
    """DuckDB's message without its class, its candidates and its picture of the line."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return _CLASS.sub("", line).rstrip(".!")
