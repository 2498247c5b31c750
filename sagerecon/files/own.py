"""What makes a file one that may be read or written: kind, owner, and the way that leads to it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from sagerecon.model.limits import Limit

#: Flags of `os.open`, which are absent on some systems.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  #: a pipe without a writer is opened at once, and then refused
CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class RefusedFileError(OSError):
    """A file or folder that is there and may not be used; `strerror` says why."""

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(errno.EPERM, why, str(path))


class OutsideError(RefusedFileError):
    """A path leads out of the folders in which it may lie."""


class TooLargeError(RefusedFileError):
    """A file has more bytes than its sort may have."""


def require_regular(facts: os.stat_result, path: Path) -> None:
    """Check that a path leads to a file.

    Raises:
        RefusedFileError: it is a folder, a device, a pipe or a socket.
    """
    if not stat.S_ISREG(facts.st_mode):
        raise RefusedFileError(f"it is {_sort(facts.st_mode)}, not a file", path)


def require_size(facts: os.stat_result, limit: Limit, path: Path) -> None:
    """Check that a file has at most so many bytes.

    Raises:
        TooLargeError: it is larger.
    """
    if facts.st_size > limit.most:
        raise TooLargeError(f"it has {facts.st_size:,} bytes; {limit.sentence}", path)


def require_own(facts: os.stat_result, path: Path) -> None:
    """Check that a file may be changed in its place.

    Raises:
        RefusedFileError: it is not a regular file, belongs to another user, or has another name elsewhere.
    """
    require_regular(facts, path)
    if hasattr(os, "geteuid") and facts.st_uid != os.geteuid():
        raise RefusedFileError("it belongs to another user", path)
    if facts.st_nlink > 1:
        raise RefusedFileError("it is a hard link, so that another file would be changed, too", path)


def require_no_link(path: Path, within: Path | None = None) -> None:
    """Check that `path` is not a link, nor any folder on the way to it from `within`.

    Raises:
        RefusedFileError: one of them is.
    """
    on_the_way = [path]
    if within is not None:
        inside = (folder for folder in path.parents if folder.is_relative_to(within))
        on_the_way += [folder for folder in inside if folder != within]
    for step in on_the_way:
        if step.is_symlink():
            raise RefusedFileError(f"it is a link to {step.readlink()}", step)


def _sort(mode: int) -> str:
    sorts = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for is_sort, name in sorts if is_sort(mode)), "a device")
