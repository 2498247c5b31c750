"""The disk of a SQLite store, and provisions for the case that it is full."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagerecon.files.writing import append, write_bytes
from sagerecon.store.store_file import StoreReplacedError
from sagerecon.store.unsaved import NamedStatement, entry_bytes, read_entries

#: Dropped when the disk is full, so that an answer or a rotated token can still be saved.
BALLAST_BYTES = 1 << 20

#: With less free space than this nothing more is sent.
LEAST_FREE_BYTES = 2 << 20


class Disk:
    """The disk of a store: its free space, the ballast, and the file of unsaved statements."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._ballast = path.with_name(path.name + ".ballast")
        self.unsaved_path = path.with_name(path.name + ".unsaved")

    def is_full(self) -> bool:
        """Return whether there is too little space to send anything more.

        Raises:
            StoreReplacedError: the folder of the store was moved or deleted.
        """
        try:
            free = os.statvfs(self._folder)
        except OSError as error:
            event = f"The folder of the store, {self._folder}, was moved or deleted"
            raise StoreReplacedError(event) from error
        return free.f_bavail * free.f_frsize < LEAST_FREE_BYTES

    def create_ballast(self) -> None:
        """Reserve the space that a full disk may need, unless it is reserved or the disk is full already."""
        if self._ballast.exists() or self.is_full():
            return
        try:
            write_bytes(self._ballast, os.urandom(BALLAST_BYTES))
        except OSError:
            self.drop_ballast()

    def drop_ballast(self) -> bool:
        """Free the reserved space and return True, or return False where none was reserved."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def save_aside(self, statements: Sequence[NamedStatement]) -> bool:
        """Save statements beside the store and return True, or False where even that found no space."""
        try:
            append(self.unsaved_path, entry_bytes(statements))
        except OSError:
            return False
        return True

    def unsaved(self) -> Iterator[list[NamedStatement]]:
        """Yield the entries saved beside the store, oldest first; errors as `read_entries`."""
        return read_entries(self.unsaved_path)

    def delete_unsaved(self) -> None:
        """Delete the entries saved beside the store, because the store has them now."""
        self.unsaved_path.unlink(missing_ok=True)
