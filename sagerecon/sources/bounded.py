"""Run a project's SQL within bounded time and memory.

Another person may have written the SQL, and DuckDB's own `memory_limit` does not count what scalar functions
such as `repeat` make. So each call is made in a thread of its own, interrupted when its time is over, and, on
Linux, under the operating system's limit for the data of this process (`RLIMIT_DATA`): an allocation
beyond it fails inside DuckDB, which reports it as an error and goes on. A child process would hold as well,
but every row would have to be copied out of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import duckdb

from sagerecon.model.count import counted
from sagerecon.model.limits import SQL_MEMORY, SQL_SECONDS, Limit
from sagerecon.model.value import Scalar

if sys.platform == "linux":
    import resource

_Result = TypeVar("_Result")

#: Seconds in which an interrupted call should return. One that does not is left behind with its thread.
_GRACE = 1

_STATM = Path("/proc/self/statm")


class SqlError(Exception):
    """SQL failed; `limit` is the one that it passed, if it passed one."""

    def __init__(self, message: str, limit: Limit | None = None) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(slots=True)
class Allowance:
    """The seconds that one query, or several together, may spend inside DuckDB."""

    seconds: int = SQL_SECONDS.most
    spent: float = 0.0

    @property
    def left(self) -> float:
        """The seconds that are left; never negative."""
        return max(self.seconds - self.spent, 0.0)

    @property
    def limit(self) -> Limit:
        """The limit in the table, with the seconds that the user allows."""
        return replace(SQL_SECONDS, most=self.seconds)


class BoundedConnection:
    """A connection whose every call is bounded. Use it in one thread, and close it.

    `seconds` and `memory`, in bytes, are what each query may use; both may be raised.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: int) -> None:
        """Take over a connection.

        Args:
            seconds: of execution, for each query.
        """
        self.seconds = seconds
        self.memory = SQL_MEMORY.most
        self._connection = connection
        self._thread = _SqlThread()

    def query(
        self, sql: str, values: Mapping[str, Scalar] | None = None, allowance: Allowance | None = None
    ) -> BoundedQuery:
        """Execute a query and return it; its rows have yet to be fetched.

        Args:
            allowance: shared with other queries, where it is not the query's own.

        Raises:
            SqlError: it has an error, or passes a limit.
        """
        query = BoundedQuery(self._connection.cursor(), self, allowance or Allowance(self.seconds))
        try:
            query.call(lambda: query.cursor.execute(sql, values))
        except BaseException:
            query.close()
            raise
        return query

    def row(self, sql: str, values: Mapping[str, Scalar] | None = None) -> tuple[Any, ...]:
        """Return the first row of a query; empty where there is none. Errors as `query`."""
        query = self.query(sql, values)
        try:
            return next(iter(query.fetch(1)), ())
        finally:
            query.close()

    def statements(self, sql: str, allowance: Allowance) -> list[duckdb.Statement]:
        """Return the statements of an SQL text. Errors as `query`."""
        connection = self._connection
        return self.call(lambda: connection.extract_statements(sql), connection.interrupt, allowance)

    def close(self) -> None:
        """Close the connection, unless a call that does not end still uses it."""
        if not self._thread.is_lost:
            self._thread.end()
            self._connection.close()

    @property
    def is_lost(self) -> bool:
        """Whether a call did not end, so that the connection can no longer be used."""
        return self._thread.is_lost

    def call(
        self, work: Callable[[], _Result], interrupt: Callable[[], object], allowance: Allowance
    ) -> _Result:
        """Call DuckDB and return its result; every error of DuckDB becomes a SqlError."""
        started = time.monotonic()
        try:
            with _bounded_memory(self._thread, self.memory):
                return self._thread.run(work, allowance.left, interrupt)
        except TimeoutError as error:
            seconds = counted(allowance.seconds, "second")
            raise SqlError(f"the query was stopped after {seconds}", allowance.limit) from error
        except (MemoryError, duckdb.OutOfMemoryException) as error:
            limit = replace(SQL_MEMORY, most=self.memory)
            raise SqlError("the query needs too much memory", limit) from error
        except Exception as error:  # DuckDB's own, and those that the binding makes of errors of C++
            raise SqlError(str(error)) from error
        finally:
            allowance.spent += time.monotonic() - started


class BoundedQuery:
    """A query on a cursor of its own, so that several can be read at the same time."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, connection: BoundedConnection, allowance: Allowance
    ) -> None:
        self.cursor = cursor
        self._connection = connection
        self._allowance = allowance

    @property
    def description(self) -> list[tuple[str, Any]]:
        """The name and the DuckDB type of each column."""
        return [(str(column[0]), column[1]) for column in self.cursor.description or ()]

    def fetch(self, rows: int) -> list[tuple[Any, ...]]:
        """Return the next rows; none at the end. Errors as `BoundedConnection.query`."""
        return self.call(lambda: self.cursor.fetchmany(rows))

    def call(self, work: Callable[[], _Result]) -> _Result:
        """Call the cursor within the query's allowance. Errors as `BoundedConnection.query`."""
        return self._connection.call(work, self.cursor.interrupt, self._allowance)

    def close(self) -> None:
        """Close the cursor, unless a call that does not end still uses it."""
        if not self._connection.is_lost:
            self.cursor.close()


class _SqlThread:
    """A thread that makes one call after another for its owner, who need not wait for the end of each."""

    def __init__(self) -> None:
        self.is_lost = False
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        Thread(target=self._serve, name="sql", daemon=True).start()

    def run(self, work: Callable[[], _Result], seconds: float, interrupt: Callable[[], object]) -> _Result:
        """Make a call and return its result, or raise its error.

        Raises:
            TimeoutError: it took longer than so many seconds.
        """
        if self.is_lost:
            raise TimeoutError
        self._calls.put(work)
        try:
            result: _Result = self._result(seconds)
        except Empty:
            self._stop(interrupt)
            raise TimeoutError from None
        except KeyboardInterrupt:
            self._stop(interrupt)
            raise
        return result

    def end(self) -> None:
        """End the thread."""
        self._calls.put(None)

    def _result(self, seconds: float) -> Any:
        result, error = self._results.get(timeout=seconds)
        if error is not None:
            raise error
        return result

    def _stop(self, interrupt: Callable[[], object]) -> None:
        interrupt()
        try:
            self._results.get(timeout=_GRACE)
        except Empty:
            self.is_lost = True

    def _serve(self) -> None:
        while (work := self._calls.get()) is not None:
            try:
                self._results.put((work(), None))
            except BaseException as error:
                self._results.put((None, error))
            del work  # which holds what it was called with


if sys.platform == "linux":
    _PAGE = resource.getpagesize()
    _SOFT, _HARD = resource.getrlimit(resource.RLIMIT_DATA)

    @contextmanager
    def _bounded_memory(thread: _SqlThread, more: int) -> Iterator[None]:
        """Bound what the block adds to the data of this process, for good where its call does not end."""
        most = int(_STATM.read_bytes().split()[5]) * _PAGE + more
        if _SOFT != resource.RLIM_INFINITY:
            most = min(most, _SOFT)
        resource.setrlimit(resource.RLIMIT_DATA, (most, _HARD))
        try:
            yield
        finally:
            if not thread.is_lost:
                resource.setrlimit(resource.RLIMIT_DATA, (_SOFT, _HARD))

else:

    @contextmanager
    def _bounded_memory(thread: _SqlThread, more: int) -> Iterator[None]:
        """Leave the memory to DuckDB's own limit: no other system bounds the data of a process."""
        del thread, more
        yield
