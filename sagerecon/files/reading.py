"""Read files that another person may have prepared: regular, bounded, inside the folders they may lie in."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sagerecon.files.own import (
    CLOSE_ON_EXEC,
    NO_WAIT,
    OutsideError,
    RefusedFileError,
    TooLargeError,
    require_regular,
)
from sagerecon.model.limits import FILES_MATCHED, Limit


@contextmanager
def open_bounded(path: Path, limit: Limit) -> Iterator[BinaryIO]:
    """Yield a regular file of at most so many bytes; a link is followed, see `require_within`.

    Raises:
        TooLargeError: it is larger.
        OSError: it cannot be opened, or is not a regular file.
    """
    handle = os.open(path, os.O_RDONLY | NO_WAIT | CLOSE_ON_EXEC)
    with os.fdopen(handle, "rb") as stream:
        size = require_regular(handle, path).st_size
        if size > limit.most:
            raise TooLargeError(f"it has {size:,} bytes; {limit.sentence}", path)
        yield stream


def read_bounded(path: Path, limit: Limit) -> bytes:
    """Return the content of a regular file of at most so many bytes; errors as `open_bounded`."""
    with open_bounded(path, limit) as stream:
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


def matching_files(folder: Path, pattern: str, folders: Collection[Path]) -> list[Path]:
    """Return the regular files below `folder` that match a pattern, in the order of their names.

    Args:
        folders: those in which each file may lie, with all links followed.

    Raises:
        OutsideError: a file leads out of all of them.
        ValueError: the pattern is not one, such as an empty text.
        OSError: a folder cannot be read, or more files match than are read.
    """
    if "\0" in pattern:
        raise ValueError("it holds a NUL")
    try:
        found = list(islice(folder.glob(pattern), FILES_MATCHED.most + 1))
    except (NotImplementedError, IndexError) as error:  # Python's own errors for an absolute or empty one
        raise ValueError(str(error) or "it is empty") from error
    if len(found) > FILES_MATCHED.most:
        raise TooLargeError(FILES_MATCHED.sentence, folder)
    for path in found:
        require_within(path, folders)
    return sorted(path for path in found if path.is_file())
