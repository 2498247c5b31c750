"""Make folders that only their owner can enter."""

from __future__ import annotations

from pathlib import Path

from sagerecon.files.own import require_no_link


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
