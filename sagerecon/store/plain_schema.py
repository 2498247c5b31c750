"""Check that the tables of a SQLite store are no more than tables.

Whoever makes a file decides what its schema does: a view in place of a table, a trigger, a generated column,
a check or an index over an expression is executed by whoever reads or writes a row, and may never end.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from sagerecon.model.errors import StoreError

_NAME = r'(?:"\w+"|\w+)'
_NAMES = rf"\({_NAME}(?:, {_NAME})*\)"
_PART = rf"(?:{_NAME} (?:TEXT|BIGINT)(?: DEFAULT '[^']*')?(?: NOT NULL)?|PRIMARY KEY {_NAMES})"

#: What `tables.py` creates, and what a column that was added to it becomes, with single spaces.
_PLAIN = re.compile(
    rf"CREATE TABLE {_NAME} \( ?{_PART}(?: ?, {_PART})* ?\)"
    rf"|CREATE INDEX {_NAME} ON {_NAME} {_NAMES}(?: WHERE state = 'sent')?",
    re.ASCII,
)


def require_plain_schema(connection: Connection) -> None:
    """Check every table and index before any row is read.

    Raises:
        StoreError: one of them is, or has, what a store does not.
    """
    for name, sql in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        if not (isinstance(sql, str) and _PLAIN.fullmatch(" ".join(sql.split()))):
            raise StoreError(
                f"The database holds '{name}', which no store has.",
                "Set 'store' to another path, or restore the newest copy of the store.",
            )
