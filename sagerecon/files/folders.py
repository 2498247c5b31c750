"""Find the user's own folders, and make folders that only their owner can enter."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path

from sagerecon.files.own import require_no_link


class UserFolder(Enum):
    """A sort of folder of the user: its variable on Unix and on Windows, its place on macOS and elsewhere."""

    CACHE = ("XDG_CACHE_HOME", "LOCALAPPDATA", "Library/Caches", ".cache")
    SETTINGS = ("XDG_CONFIG_HOME", "APPDATA", "Library/Application Support", ".config")
    STATE = ("XDG_STATE_HOME", "LOCALAPPDATA", "Library/Application Support", ".local/state")


def user_folder(sort: UserFolder) -> Path:
    """Return the user's folder for files of this sort, by the conventions of the operating system.

    Raises:
        RuntimeError: the user has no home folder.
    """
    unix, windows, mac, elsewhere = sort.value
    named = os.environ.get(windows if sys.platform == "win32" else unix, "")
    if Path(named).is_absolute():
        return Path(named) / "sagerecon"
    return Path.home() / (mac if sys.platform == "darwin" else elsewhere) / "sagerecon"


def make_private_folder(path: Path, within: Path | None = None) -> None:
    """Make a folder, and those on the way to it, for its owner alone; one that exists keeps its mode.

    Args:
        within: a folder that another person may have prepared; from there on no link is followed.

    Raises:
        OSError: it cannot be made, or it, or a folder on the way to it from `within`, is a link.
    """
    require_no_link(path, within)
    missing = [folder for folder in (*reversed(path.parents), path) if not folder.exists()]
    for folder in missing:
        folder.mkdir(mode=0o700, exist_ok=True)
    if not path.is_dir():
        path.mkdir(mode=0o700)  # raises the error for a file in its place
