"""Back up the store of a project."""

from __future__ import annotations

from pathlib import Path

from sagerecon.model.clock import Clock, instant_text
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import Project
from sagerecon.project.store import open_store


def backup(project: Project, clock: Clock, target: Path | None = None) -> Path:
    """Copy the current state of the store, and return the path of the copy.

    Args:
        target: a new file, or a folder in which one is made; by default the project's folder for copies.

    Raises:
        StoreError: the store is not a SQLite file, or the target exists or cannot be written.
    """
    if target is None:
        target = project.state / "backups"
        make_private_folder(target)
    if target.is_dir():
        moment = instant_text(clock.now()).replace("-", "").replace(":", "")
        target /= f"store-{moment}.sqlite"
    with open_store(project, clock) as store:
        store.back_up(target)
    return target
