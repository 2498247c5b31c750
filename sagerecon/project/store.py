"""The store of a project, opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sagerecon.files.folders import UserFolder, user_folder
from sagerecon.model.address import web_origin
from sagerecon.model.clock import Clock
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import Project
from sagerecon.project.user_settings import configuration_folder
from sagerecon.store import opening
from sagerecon.store.opening import Store
from sagerecon.store.vault_key import KeyHome
from sagerecon.store.witness import WitnessFolder


@contextmanager
def open_store(project: Project, clock: Clock) -> Iterator[Store]:
    """Open the project's store: run log, id map, call ledger, tokens."""
    make_private_folder(project.state)
    witnesses = WitnessFolder(witness_folder(), str(project.folder), project.address)
    keys = KeyHome(configuration_folder() / "keys", beside=project.state / "vault.key")
    issuer = project.address or project.catalog.api.base_url
    with opening.open_store(
        project.store_url, clock, keys, witnesses=witnesses, issuer=web_origin(issuer)
    ) as store:
        yield store


def witness_folder() -> Path | None:
    """Return the folder of the witnesses, by the conventions of the operating system.

    Returns:
        None where the user has no home folder.
    """
    try:
        return user_folder(UserFolder.STATE) / "witnesses"
    except RuntimeError:
        return None
