"""Clocks on which time passes only by sleeping, within one process or shared by several."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from sagerecon.files.writing import open_own
from sagerecon.model.clock import LAST_INSTANT, Clock, instant
from sagerecon.model.errors import ProjectError

#: Default start of a rehearsal.
REHEARSAL_START = instant("2026-01-05T08:00:00Z")

_INTEGER = struct.Struct("<q")

#: The latest time of a file that is taken for a clock's; decades before the last date there is.
_LATEST = LAST_INSTANT // 2

_ANOTHER = "Name a new file; it is made."


class VirtualClock:
    """A clock that advances only when someone sleeps, so that forty days pass in seconds."""

    def __init__(self, start: int = REHEARSAL_START) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return self._now

    def sleep(self, milliseconds: int) -> None:
        """Advance the time and return at once."""
        with self._lock:
            self._now += max(milliseconds, 0)


class SharedClock:
    """A virtual clock in a file of eight bytes, shared by several processes.

    A missing file is created with `start`; an existing one keeps its time.
    """

    def __init__(self, path: Path, start: int = REHEARSAL_START) -> None:
        """Open the file.

        Raises:
            ProjectError: it cannot be opened, or is not the file of a clock; it is unchanged.
        """
        try:
            with open_own(path, os.O_RDWR) as handle:
                self._file = os.dup(handle)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(f"{path} cannot be used as a virtual clock: {reason}.", _ANOTHER) from error
        self._lock = threading.Lock()  # a file lock does not exclude threads of the same process
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if not os.fstat(self._file).st_size:
                os.pwrite(self._file, _INTEGER.pack(start), 0)
            content = os.pread(self._file, _INTEGER.size + 1, 0)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        if len(content) != _INTEGER.size or not 0 <= _INTEGER.unpack(content)[0] <= _LATEST:
            os.close(self._file)
            raise ProjectError(f"{path} is not the file of a virtual clock.", _ANOTHER)
        self._memory = mmap.mmap(self._file, _INTEGER.size)

    def now(self) -> int:
        """Return milliseconds since 1970, UTC."""
        moment: int = _INTEGER.unpack_from(self._memory)[0]
        return moment

    def sleep(self, milliseconds: int) -> None:
        """Advance the time for all processes and return at once."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                _INTEGER.pack_into(self._memory, 0, self.now() + max(milliseconds, 0))
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; it keeps the time."""
        self._memory.close()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SkewedClock:
    """Another clock, read with an error of `skew` milliseconds (positive: fast, negative: slow)."""

    def __init__(self, clock: Clock, skew: int) -> None:
        self._clock = clock
        self._skew = skew

    def now(self) -> int:
        """Return milliseconds since 1970, UTC, plus the skew."""
        return self._clock.now() + self._skew

    def sleep(self, milliseconds: int) -> None:
        """Sleep on the underlying clock."""
        self._clock.sleep(milliseconds)
