"""Write files that only their owner can read, and never through a link that another person prepared.

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

    It is written in the same folder, under a name that cannot be foreseen. Where `path` is a link, the link
    is replaced and what it leads to is left alone. After an error the old file is unchanged.

    Raises:
        OSError: the file cannot be written.
    """
    with _new_file(path) as (stream, beside):
        yield stream
        _finish(stream)
        beside.replace(path)
        sync_folder(path.parent)


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
    try:
        with _new_file(path) as (stream, beside):
            stream.write(content)
            _finish(stream)
            os.link(beside, path)
    except FileExistsError:
        return False
    return True


def append(path: Path, content: bytes) -> None:
    """Add `content` to the end of a file of this user, made where it is absent, and wait for the disk.

    Raises:
        OSError: the file cannot be written, or is a link, not a regular file, or another user's.
    """
    with open_own(path, os.O_WRONLY | os.O_APPEND) as handle:
        _write_all(handle, content)
        os.fsync(handle)


@contextmanager
def open_own(path: Path, how: int) -> Iterator[int]:
    """Yield a descriptor of a file of this user, which is made where it is absent.

    Args:
        how: the flags of `os.open`, such as `os.O_RDWR`.

    Raises:
        OSError: the file cannot be opened, or is a link, not a regular file, or another user's.
    """
    handle = os.open(path, how | os.O_CREAT | NO_FOLLOW | NO_WAIT | CLOSE_ON_EXEC, 0o600)
    try:
        require_own(os.fstat(handle), path)
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


@contextmanager
def _new_file(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Yield a new file in the folder of `path`, and its name, which is gone at the end."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(beside, _NEW, 0o600), "wb") as stream:
            yield stream, beside
    finally:
        beside.unlink(missing_ok=True)


def _finish(stream: BinaryIO) -> None:
    """Wait until what was written is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
