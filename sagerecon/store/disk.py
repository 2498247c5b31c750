"""The file of a SQLite store: its permissions, its disk, and provisions for a full disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagerecon.model.errors import StoreError
from sagerecon.store.unsaved import Named, entry_bytes, read_entries

#: Dropped when the disk is full, so that an answer or a rotated token can still be saved.
BALLAST_BYTES = 1 << 20

#: With less free space than this nothing more is sent.
LEAST_FREE_BYTES = 2 << 20

#: File systems on which SQLite's locks do not work.
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb", "afs", "ncpfs", "fuse.sshfs"})

_MAGIC = b"SQLite format 3\0"


def claim_file(path: Path) -> None:
    """Create the file where it does not exist, readable by its owner alone.

    Raises:
        StoreError: it is not a SQLite file, cannot be opened, or is on a network disk.
    """
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {path.parent}.", "Create it, or set another path in 'store'.")
    if kind := network_disk(path, _mounts()):
        raise StoreError(
            f"{path} is on a network disk ({kind}), where SQLite's locks do not work.",
            "Put the store on a local disk, or use PostgreSQL.",
        )
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StoreError(f"{path} is not a file.", "Set another path in 'store'.")
        os.fchmod(handle, 0o600)
        head = os.read(handle, len(_MAGIC))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    finally:
        os.close(handle)
    if head and head != _MAGIC:
        raise StoreError(
            f"{path} is not a store of sagerecon.",
            "Set another path in 'store'; this file was not changed.",
        )


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


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


class Disk:
    """The disk of a store: its free space, the ballast, and the file of unsaved statements."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._ballast = path.with_name(path.name + ".ballast")
        self._unsaved = path.with_name(path.name + ".unsaved")

    def is_full(self) -> bool:
        """Return whether there is too little space to send anything more."""
        free = os.statvfs(self._folder)
        return free.f_bavail * free.f_frsize < LEAST_FREE_BYTES

    def create_ballast(self) -> None:
        """Reserve the space that a full disk may need, unless it is reserved or the disk is full already."""
        if self._ballast.exists() or self.is_full():
            return
        try:
            _write_durably(self._ballast, os.urandom(BALLAST_BYTES), os.O_TRUNC)
        except OSError:
            self.drop_ballast()

    def drop_ballast(self) -> bool:
        """Free the reserved space and return True, or return False where none was reserved."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def save_aside(self, statements: Sequence[Named]) -> bool:
        """Save statements beside the store and return True, or False where even that found no space."""
        try:
            _write_durably(self._unsaved, entry_bytes(statements), os.O_APPEND)
        except OSError:
            return False
        return True

    def unsaved(self) -> Iterator[list[Named]]:
        """Yield the entries saved beside the store, oldest first; errors as `read_entries`."""
        return read_entries(self._unsaved)

    def delete_unsaved(self) -> None:
        """Delete the entries saved beside the store, because the store has them now."""
        self._unsaved.unlink(missing_ok=True)


def _write_durably(path: Path, content: bytes, how: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)
