"""Creates and checks the file of a SQLite store."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sagerecon.model.errors import StoreError

#: File systems on which SQLite's locks do not work.
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb", "afs", "ncpfs", "fuse.sshfs"})

_MAGIC = b"SQLite format 3\0"

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

    A process keeps writing to the files that it has open, even where their paths lead to others by now.
    """

    def __init__(self, path: Path, opened: os.stat_result) -> None:
        self._path = path
        self._log_path = path.with_name(path.name + "-wal")
        self._opened = opened
        self._log: os.stat_result | None = None

    def connected(self) -> None:
        """Check the file by `require_in_place`, because a new connection opens it by its path.

        SQLite may have made a new log before, if no other connection was open.
        """
        self._log = None
        self.require_in_place()

    def require_in_place(self, *, is_written: bool = False) -> None:
        """Check that the paths still lead to the files that were opened.

        Args:
            is_written: whether something was just committed, so that there must be a log.

        Raises:
            StoreReplacedError: a path leads to another file or to none.
        """
        found = _file_at(self._path)
        if found is None:
            raise StoreReplacedError(f"The store {self._path} was moved or deleted")
        if not os.path.samestat(found, self._opened):
            raise StoreReplacedError(f"The store {self._path} was replaced by another file")
        if is_written:
            log, first = _file_at(self._log_path), self._log
            if log is None or (first is not None and not os.path.samestat(log, first)):
                raise StoreReplacedError(f"The log of the store, {self._log_path}, was replaced or deleted")
            self._log = log


def claim_file(path: Path) -> StoreFile:
    """Create the file where it does not exist, readable by its owner alone, and return it.

    Raises:
        StoreError: it is not a SQLite file, cannot be opened, or is on a network disk.
    """
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {path.parent}.", "Create it, or set 'store' to another path.")
    if kind := network_disk(path, _mounts()):
        raise StoreError(
            f"{path} is on a network disk ({kind}), where SQLite's locks do not work.",
            "Put the store on a local disk, or use PostgreSQL.",
        )
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}.", _ANOTHER_PATH) from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise StoreError(f"{path} is not a file.", "Set 'store' to another path.")
        os.fchmod(handle, 0o600)
        head = os.read(handle, len(_MAGIC))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", _ANOTHER_PATH) from error
    finally:
        os.close(handle)
    if head and head != _MAGIC:
        raise StoreError(
            f"{path} is not a store of sagerecon.",
            "Set 'store' to another path; this file was not changed.",
        )
    return StoreFile(path, facts)


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
