"""Opens the store, or says in words why it cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from sagerecon.model.clock import Clock
from sagerecon.store.run_log import BusinessStore
from sagerecon.store.vault import SealedVault


class Store:
    """The store of a project: one company's books by `books`, everybody's tokens in `vault`."""

    vault: SealedVault

    def books(self, business: str) -> BusinessStore:
        """All that is kept of one company."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database; what was told and not flushed is lost, as in a crash."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str, clock: Clock, key_file: Path | None, failpoint: Callable[[str], None] = lambda _: None
) -> Store:
    """The store at a SQLAlchemy URL (`sqlite:///path/store.db`), its tables made where it is new.

    `key_file` holds the key of the vault; None means it stands beside a SQLite store, as `<store>.key`.

    Raises:
        StoreError: it cannot be used: not a store, of another version, unreadable, on a network disk.
    """
    raise NotImplementedError
