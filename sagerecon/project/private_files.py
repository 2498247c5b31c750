"""Text files of a project: reading with a clear message, writing so that only the owner can read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sagerecon.files import folders
from sagerecon.files.writing import write_text
from sagerecon.model.errors import ProjectError


def read_text(path: Path, name: str) -> str:
    """Return the UTF-8 text of a file. `name` is the file's name in messages.

    Raises:
        ProjectError: the file cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} is not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from error
    except OSError as error:
        hint = "Check the path and its permissions."
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.", hint) from error


def make_private_folder(path: Path, within: Path | None = None) -> None:
    """Make a folder that only its owner can enter, unless it exists.

    Args:
        within: the project's folder, which another person may have prepared; no link in it is followed.

    Raises:
        ProjectError: the folder cannot be made, or is a link.
    """
    try:
        folders.make_private_folder(path, within)
    except OSError as error:
        raise ProjectError(f"{path} cannot be created: {error.strerror or error}.") from error


def write_private(path: Path, lines: Iterable[str]) -> None:
    """Write `lines` to a file that only its owner can read, and replace the old file in one step.

    Raises:
        ProjectError: the file cannot be written; the old file is unchanged.
    """
    try:
        write_text(path, lines)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror or error}.") from error
