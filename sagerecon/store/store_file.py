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


def claim_file(path: Path) -> None:
    """Create the file where it does not exist, readable by its owner alone.

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
        if not stat.S_ISREG(os.fstat(handle).st_mode):
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
