"""Creates and checks the file of a SQLite store."""

from __future__ import annotations

import os
import shutil
import struct
import time
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

from sagerecon.files.own import require_no_link, require_own
from sagerecon.files.writing import open_own, replacing
from sagerecon.model.errors import StoreError
from sagerecon.store.file_content import FileContent, content_of, read_file_content

#: File systems on which SQLite's locks do not work.
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb", "afs", "ncpfs", "fuse.sshfs"})

#: How often a file that states too little is read, because another process may be changing it.
READINGS = 10

#: The time between two of these readings.
READ_AGAIN_SECONDS = 0.05

#: Length and offset of the salts in the header of a log.
_SALTS = (8, 16)

_MAGIC = b"SQLite format 3\0"

#: "SGRC" in the header of our SQLite files, which tells them apart from another program's.
APPLICATION_ID = 0x53475243

#: The header of a SQLite file: its magic, the size of its pages, and the number of the application.
_HEADER = struct.Struct(">16sBB50xI")

#: The ends of the names of what SQLite and sagerecon keep beside a store.
_BESIDE = ("-wal", "-shm", "-journal", ".ballast", ".unsaved")

_ANOTHER_PATH = "Check its permissions, or set 'store' to another path."


class StoreReplacedError(StoreError):
    """The store is no longer the one that was opened. `event` says what happened to it."""

    def __init__(self, event: str) -> None:
        super().__init__(
            f"{event} while the command was running. Nothing more was sent.",
            "Put the newest copy of the store back, then run the same command again."
            " Do not replace a store while a command is running.",
        )
        self.event = event


class StoreFile:
    """The file of a store as it was opened, and its write-ahead log as it was first written to.

    A process keeps writing to the files that it has open, even where their paths lead to others by now, and
    even where another program has overwritten them. Threads may use it at once.
    """

    def __init__(self, path: Path, opened: os.stat_result) -> None:
        self._lock = RLock()
        self._path = path
        self._log_path = path.with_name(path.name + "-wal")
        self._opened = opened
        self._log: int | None = None  #: the descriptor of the log
        self._log_state = 0, b""  #: its size and its salts, which change when it is begun anew
        self._looked_at: tuple[int, int] | None = None  #: time of change and size of the file when last read
        self._checkpointed: FileContent | None = None  #: what the file itself stated then
        self._committed: FileContent | None = None  #: what file and log stated at the last commit
        self._event = ""  #: how the store was overwritten; it is not written to any more

    def connected(self) -> None:
        """Check the file by `require_in_place`, because a new connection opens it by its path.

        SQLite may have made a new log before, if no other connection was open.
        """
        with self._lock:
            self.close()
            self.require_in_place()

    def close(self) -> None:
        """Close the log."""
        with self._lock:
            if self._log is not None:
                os.close(self._log)
                self._log = None

    def require_in_place(self) -> None:
        """Check that the path still leads to the file that was opened, and that it was not overwritten.

        Raises:
            StoreReplacedError: the path leads to another file or to none, or the file was overwritten.
        """
        with self._lock:
            self._require_in_place()

    def require_readable(self) -> None:
        """Check, after an error of the database, that the file and its log are the same as before it.

        Raises:
            StoreReplacedError: one of them was replaced, overwritten or deleted.
        """
        with self._lock:
            self._require_in_place()
            if self._log is not None:
                self._require_log()

    def require_grown(self, cursor: Any) -> FileContent:
        """Return what the store states before a commit; it must be as much as after the last one, or more.

        Raises:
            StoreReplacedError: it states less.
        """
        content = content_of(cursor)
        with self._lock:
            if self._committed is not None and not content.includes(self._committed):
                raise self._overwritten()
        return content

    def committed(self, content: FileContent) -> None:
        """Check the file and its log after a commit of `content`, before anything relies on it.

        Raises:
            StoreReplacedError: one of them was replaced, overwritten or deleted.
        """
        with self._lock:
            self._require_in_place()
            self._require_log()
            self._committed = content

    def _require_in_place(self) -> None:
        if self._event:
            raise StoreReplacedError(self._event)
        found = _file_at(self._path)
        if found is None:
            raise StoreReplacedError(f"The store {self._path} was moved or deleted")
        if not os.path.samestat(found, self._opened):
            raise StoreReplacedError(f"The store {self._path} was replaced by another file")
        if (found.st_mtime_ns, found.st_size) != self._looked_at:
            self._checkpointed = self._require_content(self._checkpointed)
            self._looked_at = found.st_mtime_ns, found.st_size

    def _require_log(self) -> None:
        """Check that the log is the same file, and was begun anew only once the file held all of it."""
        found, is_first = _file_at(self._log_path), self._log is None
        if self._log is None and found is not None:
            self._log = os.open(self._log_path, os.O_RDWR | os.O_CLOEXEC)
        if found is None or self._log is None or not os.path.samestat(found, os.fstat(self._log)):
            raise StoreReplacedError(f"The log of the store, {self._log_path}, was replaced or deleted")
        size, salts = self._log_state
        self._log_state = found.st_size, os.pread(self._log, *_SALTS)
        if not is_first and (self._log_state[0] < size or self._log_state[1] != salts):
            self._checkpointed = self._require_content(self._committed)

    def _require_content(self, least: FileContent | None) -> FileContent | None:
        """Return what the file itself states, without its log.

        While another process moves the log into the file, it is read again.

        Args:
            least: what it must state; None before its tables were moved into it.
        """
        for _ in range(READINGS):
            content = read_file_content(self._path)
            if least is None or (content is not None and content.includes(least)):
                return content
            time.sleep(READ_AGAIN_SECONDS)
        raise self._overwritten()

    def _overwritten(self) -> StoreReplacedError:
        """Return the error for an overwritten store, and copy the log beside it and empty it.

        SQLite would move the log into the new content, and mix two stores into one, which knows of writes
        whose records it does not have.
        """
        self._event = f"The store {self._path} was overwritten with another or an older copy"
        with suppress(OSError):
            if self._log is None:
                self._log = os.open(self._log_path, os.O_RDWR | os.O_CLOEXEC)
            copy_path = self._path.with_name(self._path.name + "-wal.replaced")
            with replacing(copy_path) as target, os.fdopen(os.dup(self._log), "rb") as log:
                log.seek(0)
                shutil.copyfileobj(log, target)
        if self._log is not None:
            os.ftruncate(self._log, 0)
        return StoreReplacedError(self._event)


def claim_file(path: Path) -> StoreFile:
    """Create the file where it does not exist, readable by its owner alone, and return it.

    A file that is not a store of sagerecon is not changed.

    Raises:
        StoreError: it is not a store of sagerecon, cannot be opened, or is on a network disk; it, or a file
            that SQLite opens beside it, is a link.
    """
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {path.parent}.", "Create it, or set 'store' to another path.")
    if kind := network_disk(path, _mounts()):
        raise StoreError(
            f"{path} is on a network disk ({kind}), where SQLite's locks do not work.",
            "Put the store on a local disk, or use PostgreSQL.",
        )
    try:
        for ending in ("", *_BESIDE):
            beside = path.with_name(path.name + ending)
            require_no_link(beside)
            if beside.exists():  # SQLite writes to it in its place
                require_own(beside.stat(), beside)
        with open_own(path, os.O_RDWR) as handle:
            facts = os.fstat(handle)
            if not _may_be_store(os.pread(handle, _HEADER.size, 0), facts.st_size):
                raise StoreError(
                    f"{path} is not a store of sagerecon.",
                    "Set 'store' to another path; this file was not changed.",
                )
            os.fchmod(handle, 0o600)
    except OSError as error:
        raise StoreError(
            f"{error.filename or path} cannot be opened: {error.strerror}.", _ANOTHER_PATH
        ) from error
    return StoreFile(path, facts)


def _may_be_store(head: bytes, size: int) -> bool:
    """Return whether a file with this header is a store, or one whose tables are all in its log as yet."""
    if not head:
        return True
    if len(head) < _HEADER.size:
        return False
    magic, high, low, application_id = _HEADER.unpack(head)
    page = (high << 8 | low) if (high, low) != (0, 1) else 65_536
    return magic == _MAGIC and (application_id == APPLICATION_ID or (not application_id and size <= page))


def network_disk(path: Path, mounts: str) -> str:
    """Return the file system type of the network disk that holds `path`, or "" where it is a local one.

    Args:
        mounts: the content of `/proc/self/mountinfo`.
    """
    target, best, kind = str(path.absolute()), "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = fields[4].encode().decode("unicode_escape")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind if kind in _NETWORK_DISKS else ""


def _file_at(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
