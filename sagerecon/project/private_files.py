"""Text files of a project: reading with a clear message, writing so that only the owner can read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sagerecon.files import folders
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_text
from sagerecon.model.errors import ProjectError
from sagerecon.model.limits import PROJECT_FILE, Limit


def read_text(path: Path, name: str, limit: Limit = PROJECT_FILE, *, follow: bool = True) -> str:
    """Return the UTF-8 text of a file.

    Args:
        name: the file's name in messages.
        limit: of its bytes.
        follow: a link is followed; otherwise it is refused, as in the project's own folder.

    Raises:
        ProjectError: the file cannot be read, is too large, or is not UTF-8.
    """
    try:
        return read_bounded(path, limit, follow=follow).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} is not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from error
    except OSError as error:
        hint = "Check the path and its permissions."
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.", hint) from error


def is_there(path: Path) -> bool:
    """Return whether something has this name; a link that leads nowhere is something, too."""
    return path.exists() or path.is_symlink()


def make_private_folder(path: Path, within: Path | None = None) -> None:
    """Make a folder that only its owner can enter; one that was unpacked from an archive becomes so.

    Args:
        within: the project's folder, which another person may have prepared; no link in it is followed.

    Raises:
        ProjectError: the folder cannot be made, or is a link.
    """
    try:
        folders.make_private_folder(path, within)
        if path.stat().st_mode & 0o077:
            with suppress(PermissionError):  # another user's folder, who decides
                path.chmod(0o700)
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
