"""Read files that another person may have prepared: regular, bounded, inside the folders they may lie in."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from sagerecon.files.own import (
    CLOSE_ON_EXEC,
    NO_FOLLOW,
    NO_WAIT,
    OutsideError,
    RefusedFileError,
    TooLargeError,
    require_no_link,
    require_regular,
    require_size,
)
from sagerecon.model.limits import Limit


@contextmanager
def open_bounded(path: Path, limit: Limit, *, follow: bool = True) -> Iterator[BufferedReader]:
    """Yield a regular file of at most so many bytes.

    Args:
        follow: a link is followed, see `require_within`; otherwise it is refused.

    Raises:
        TooLargeError: it is larger.
        OSError: it cannot be opened, or is not a regular file.
    """
    if not follow:
        require_no_link(path)
    handle = os.open(path, os.O_RDONLY | NO_WAIT | CLOSE_ON_EXEC | (0 if follow else NO_FOLLOW))
    with os.fdopen(handle, "rb") as stream:
        facts = os.fstat(handle)
        require_regular(facts, path)
        require_size(facts, limit, path)
        yield stream


def read_bounded(path: Path, limit: Limit, *, follow: bool = True) -> bytes:
    """Return the content of a regular file of at most so many bytes; as `open_bounded`."""
    with open_bounded(path, limit, follow=follow) as stream:
        content = stream.read(limit.most + 1)
    if len(content) > limit.most:  # it grew, or is one of the files whose size the system does not tell
        raise TooLargeError(f"it has more than {limit.most:,} bytes; {limit.sentence}", path)
    return content


def require_within(path: Path, folders: Collection[Path]) -> Path:
    """Return where `path` leads, all links followed.

    Args:
        folders: those in which it may lie, resolved.

    Raises:
        OutsideError: it leads out of all of them.
        RefusedFileError: it leads to itself.
    """
    try:
        found = path.resolve(strict=False)
    except (RuntimeError, ValueError) as error:  # Python's own errors for a circle of links, and for a NUL
        raise RefusedFileError("its links lead in a circle, or its name holds a NUL", path) from error
    if not any(found.is_relative_to(folder) for folder in folders):
        raise OutsideError(f"it leads to {found}, outside the folder", path)
    return found


def require_file(path: Path, folders: Collection[Path], limit: Limit) -> None:
    """Check that `open_bounded` would open a path, without opening it.

    Args:
        folders: those in which it may lie, all links followed.

    Raises:
        OutsideError: it leads out of all of them.
        TooLargeError: it has more bytes than the limit allows.
        OSError: it is not a regular file, or is not there.
    """
    facts = require_within(path, folders).stat()
    require_regular(facts, path)
    require_size(facts, limit, path)
