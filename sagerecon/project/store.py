"""The store of a project, opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sagerecon.model.clock import Clock
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import Project
from sagerecon.store import opening
from sagerecon.store.opening import Store


@contextmanager
def open_store(project: Project, clock: Clock) -> Iterator[Store]:
    """Open the project's store: run log, id map, call ledger, tokens."""
    make_private_folder(project.state)
    with opening.open_store(project.store_url, clock, project.state / "vault.key") as store:
        yield store
