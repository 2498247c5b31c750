"""The file behind a SQLite store: its rights, its disk, and what helps when that disk is full."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sagerecon.model.errors import StoreError

#: Dropped when the disk is full, so that an answer or a rotated token still finds room.
BALLAST_BYTES = 1 << 20

#: With less room than this nothing more is sent.
LEAST_FREE_BYTES = 2 << 20

#: SQLite's locks do not hold on these.
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb", "afs", "ncpfs", "fuse.sshfs"})

_MAGIC = b"SQLite format 3\0"


def claim_file(path: Path) -> None:
    """The file is there, ours alone to read and write, and on a disk of this machine.

    Raises:
        StoreError: in words, when one of these is not so.
    """
    if not path.parent.is_dir():
        raise StoreError(
            f"There is no folder {path.parent}.", "Make it, or name another place for the store."
        )
    if kind := network_disk(path, _mounts()):
        raise StoreError(
            f"{path} is on a network disk ({kind}), where two processes can break a store.",
            "Put the store on a disk of this machine, or use PostgreSQL.",
        )
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StoreError(f"{path} is not a file.")
        os.fchmod(handle, 0o600)
        head = os.read(handle, len(_MAGIC))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    finally:
        os.close(handle)
    if head and head != _MAGIC:
        raise StoreError(
            f"{path} is not a store of sagerecon.", "Name another file; this one was left as it is."
        )


def network_disk(path: Path, mounts: str) -> str:
    """The type of the network disk that holds `path`, or nothing. `mounts` is `/proc/self/mountinfo`."""
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


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


class Disk:
    """What stands beside a store: ballast, and the side journal of answers that found no room in it."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._ballast = path.with_name(path.name + ".ballast")
        self._journal = path.with_name(path.name + ".unsaved")

    def is_full(self) -> bool:
        """Whether there is too little room to send anything more."""
        free = os.statvfs(self._folder)
        return free.f_bavail * free.f_frsize < LEAST_FREE_BYTES

    def lay_ballast(self) -> None:
        """Take the room we may need later, where there is plenty now."""
        if self._ballast.exists() or self.is_full():
            return
        try:
            _write_durably(self._ballast, os.urandom(BALLAST_BYTES), os.O_TRUNC)
        except OSError:
            self.drop_ballast()

    def drop_ballast(self) -> bool:
        """Give the room back; False where there was none to give."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def save_aside(self, entry: Any) -> bool:
        """Keep an entry beside the store until it can be taken in; False where even that found no room."""
        try:
            _write_durably(self._journal, json.dumps(entry).encode() + b"\n", os.O_APPEND)
        except OSError:
            return False
        return True

    def saved_aside(self) -> Iterator[Any]:
        """The entries kept beside the store, oldest first; one cut short by a crash was never promised."""
        if not self._journal.exists():
            return
        for line in self._journal.read_bytes().splitlines():
            with suppress(ValueError):
                yield json.loads(line)

    def forget_aside(self) -> None:
        """The entries are in the store now."""
        self._journal.unlink(missing_ok=True)


def _write_durably(path: Path, content: bytes, how: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)
