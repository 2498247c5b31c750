"""The database servers that a snapshot reads, each in one transaction, so that its tables agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.rows import ReadItem


class Databases:
    """The connections of a snapshot. Use it in a `with` statement, which closes them."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._connections: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def rows(self, file: SourceFile) -> Iterator[ReadItem]:
        """Yield the rows of a table or query, and a note for each error or change in them.

        Raises:
            SourceError: the database cannot be reached, or refuses the query.
        """
        from sagerecon.sources import postgresql  # noqa: PLC0415 - SQLAlchemy is large; few read servers

        key = (file.url, file.password_env)
        if key not in self._connections:
            self._connections[key] = self._open.enter_context(postgresql.transaction(file))
        return postgresql.read_rows(self._connections[key], file)
