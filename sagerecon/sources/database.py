"""DuckDB connections without access to other files, its types, and its errors as messages."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from sagerecon.model.errors import StoreError
from sagerecon.model.limits import SQL_DISK
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
from sagerecon.sources.bounded import BoundedConnection
from sagerecon.sources.definitions import MAX_INTEGER_DIGITS, Column

#: Memory that DuckDB's own operators may take before they spill to disk: less than SQL_MEMORY, the limit for
#: all that a query takes.
MEMORY = "340MB"

_BASE_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": MEMORY,
    "max_temp_directory_size": f"{SQL_DISK.most}B",
}

#: The start of a DuckDB message: `Binder Error: `, `Invalid Input Error: `.
_ERROR_CLASS = re.compile(r"^[A-Z][A-Za-z ]{2,30} Error: ")

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
    """Open a new database file whose SQL may read files, so that rows can be loaded.

    One thread only: each has a buffer of twice the largest row, and two do not fit into the memory.
    """
    return duckdb.connect(str(path), config={**_BASE_CONFIG, "threads": 1})


def open_for_reading(path: Path, seconds: int) -> BoundedConnection:
    """Open a database read-only, without access to other files; its temporary files are private.

    One thread only, so that the rows of a query without ORDER BY come in the same order every time.

    Args:
        seconds: of execution, for each query.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "enable_external_access": False,
        "lock_configuration": True,
        "temp_directory": _temporary_folder(path.parent).name,
    }
    connection = duckdb.connect(str(path), read_only=True, config=_BASE_CONFIG | config)
    return BoundedConnection(connection, seconds)


@cache
def _temporary_folder(parent: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a private folder of unforeseeable name, removed when the process ends.

    All connections of a process to one file must name the same: DuckDB asks for equal settings.
    """
    return tempfile.TemporaryDirectory(prefix=".sql.", dir=parent)


def open_in_memory(statements: Iterable[str], seconds: int) -> BoundedConnection:
    """Open a database in memory, without access to files, for queries that find no rows.

    Its queries are not optimised: that takes longer than the rest of describing them.

    Args:
        statements: those that create its tables.
        seconds: of execution, for each query.
    """
    connection = duckdb.connect(":memory:", config={**_BASE_CONFIG, "threads": 1, "temp_directory": ""})
    connection.execute("PRAGMA disable_optimizer")
    for statement in statements:
        connection.execute(statement)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return BoundedConnection(connection, seconds)


def open_for_file(path: Path, seconds: int) -> BoundedConnection:
    """Open a database in memory whose SQL may read one file, and nothing else.

    One thread only, so that the rows come in the order of the file.

    Args:
        seconds: of execution, for each query.
    """
    connection = duckdb.connect(":memory:", config={**_BASE_CONFIG, "threads": 1, "temp_directory": ""})
    connection.execute("SET allowed_paths = [$path]", {"path": str(path)})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return BoundedConnection(connection, seconds)


def quote_identifier(name: str) -> str:
    """Return the name in double quotes, as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def sql_type(column: Column) -> str:
    """Return the DuckDB type of a declared column; it is never an inexact type."""
    if column.type == "decimal":
        return f"DECIMAL({MAX_INTEGER_DIGITS + column.scale}, {column.scale})"
    if column.type == "list":
        fields = ", ".join(f"{quote_identifier(inner.name)} {sql_type(inner)}" for inner in column.columns)
        return f"STRUCT({fields})[]"
    return _SQL_TYPES[column.type]


def type_of(sql: Any) -> Type | str:
    """Return the `Type` for a DuckDB type, or the name of a type that is not supported, such as DOUBLE."""
    if sql.id in _TYPES:
        return _TYPES[sql.id]
    if sql.id in _INTEGERS:
        return INTEGER
    if sql.id == "list":
        item = type_of(dict(sql.children)["child"])
        return item if isinstance(item, str) else list_of(item)
    if sql.id == "struct":
        fields = {name: type_of(child) for name, child in sql.children}
        unsupported = next((found for found in fields.values() if isinstance(found, str)), None)
        return unsupported or object_of({n: found for n, found in fields.items() if isinstance(found, Type)})
    return str(sql)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raise a StoreError for any DuckDB or operating-system error in the block."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        raise StoreError(f"{path}: {_error_text(error)}.", _hint(error)) from error


def _error_text(error: Exception) -> str:
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
        return "Free disk space or raise the file size limit. An existing snapshot is unchanged."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "permission denied" in text:
        return "Check the permissions of the folder."
    if isinstance(error, duckdb.OutOfMemoryException):
        return "The rows need more memory than is allowed. Make the largest texts and lists of a row shorter."
    if "lock on file" in text:
        return "Another program has the file open. Try again when it has finished."
    if "not a valid duckdb database" in text or "does not exist" in text:
        return "Take a new snapshot: sagerecon snapshot"
    return ""


def error_summary(error: Exception) -> str:
    """Return the first line of a DuckDB message, without the error class and the closing full stop."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return _ERROR_CLASS.sub("", line).rstrip(".!")
