"""Write files that only their owner can read, and never through a link that somebody prepared.

Every file that sagerecon writes is made here, but for those that SQLite and DuckDB make themselves in a
folder of `sagerecon.files.folders`. Errors are those of the operating system; the caller translates them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from sagerecon.files.own import CLOSE_ON_EXEC, NO_FOLLOW, NO_WAIT, require_own

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | CLOSE_ON_EXEC


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that takes the place of `path` in one step when the block ends.

    It is written in the same folder, under a name that nobody can foresee. Where `path` is a link, the link
    is replaced and what it leads to is left alone. After an error the old file is unchanged.

    Raises:
        OSError: the file cannot be written.
    """
    beside = _beside(path)
    try:
        with os.fdopen(os.open(beside, _NEW, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, and replace the old one in one step; errors as `replacing`."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, texts: Iterable[str]) -> None:
    """Write a UTF-8 file from its parts, and replace the old one in one step; errors as `replacing`."""
    with replacing(path) as stream:
        encoded = TextIOWrapper(stream, encoding="utf-8", newline="\n")
        encoded.writelines(texts)
        encoded.detach()  # which writes what is left, and lets the file stay open


def write_first(path: Path, content: bytes) -> bool:
    """Write a file and return True, or return False where `path` exists: of two writers the first wins.

    Raises:
        OSError: the file cannot be written.
    """
    beside = _beside(path)
    try:
        with os.fdopen(os.open(beside, _NEW, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True


def append(path: Path, content: bytes) -> None:
    """Add `content` to the end of our own file, which is made where it is absent, and wait for the disk.

    Raises:
        OSError: the file cannot be written, or is a link, not a regular file, or another user's.
    """
    with open_own(path, os.O_WRONLY | os.O_APPEND) as handle:
        _write_all(handle, content)
        os.fsync(handle)


@contextmanager
def open_own(path: Path, how: int) -> Iterator[int]:
    """Yield a descriptor of our own file, which is made where it is absent.

    Args:
        how: the flags of `os.open`, such as `os.O_RDWR`.

    Raises:
        OSError: the file cannot be opened, or is a link, not a regular file, or another user's.
    """
    handle = os.open(path, how | os.O_CREAT | NO_FOLLOW | NO_WAIT | CLOSE_ON_EXEC, 0o600)
    try:
        require_own(handle, path)
        yield handle
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Wait until a new name in the folder is on the disk, where the system can tell."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
