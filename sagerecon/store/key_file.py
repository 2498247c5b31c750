"""The file with the key of one store's vault, in the user's configuration folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sagerecon.files.folders import make_private_folder
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_bytes, write_first
from sagerecon.model.errors import StoreError
from sagerecon.model.limits import KEY_FILE


class KeyFile:
    """A file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    def read(self) -> str:
        """Return the text of the file, or "" where there is none.

        Raises:
            StoreError: the file cannot be read, or other users may read it.
        """
        try:
            if not self._path.exists():
                return ""
            if hasattr(os, "geteuid") and self._path.stat().st_mode & 0o077:
                raise StoreError(
                    f"Other users may read the key of the vault: {self}.", f"Run: chmod 600 {self}"
                )
            return read_bounded(self._path, KEY_FILE).decode("ascii", "replace")
        except OSError as error:
            raise StoreError(
                f"The key of the vault cannot be read: {self}: {error.strerror}.",
                "Check the permissions of the file and its folder.",
            ) from error

    def write(self, text: str) -> bool:
        """Write the file in one step, and return True.

        Raises:
            StoreError: it cannot be written.
        """
        with self._errors():
            make_private_folder(self._path.parent)
            write_bytes(self._path, text.encode("ascii"))
        return True

    def create(self, text: str) -> bool:
        """Write the file unless there is one, and return True: of two processes the first wins.

        Raises:
            StoreError: it cannot be written.
        """
        with self._errors():
            make_private_folder(self._path.parent)
            is_first = write_first(self._path, text.encode("ascii"))
        return is_first or bool(self.read().strip()) or self.write(text)  # of an empty file nothing is kept

    def delete(self) -> None:
        """Delete the file, if there is one."""
        self._path.unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The key of the vault cannot be written: {self}: {error.strerror}.",
                "Check the permissions of the folder.",
            ) from error

    def __str__(self) -> str:
        return self.name
