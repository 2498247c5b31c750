"""Find the files that a pattern of a YAML file names, and say at its place what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sagerecon.files.own import OutsideError, TooLargeError
from sagerecon.files.patterns import matching_paths
from sagerecon.files.reading import require_file
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import Limit
from sagerecon.model.place import Place


def files_found(
    folder: Path, pattern: str, place: Place, folders: Collection[Path], limit: Limit
) -> tuple[list[Path], list[Finding]]:
    """Return the files below `folder` that match a pattern, and a finding for each that may not be read.

    Args:
        place: of the pattern.
        folders: those in which each file may lie with all links followed, resolved.
        limit: of the size of each file.
    """
    try:
        found = matching_paths(folder, pattern, folders)
    except ValueError as error:
        hint = "Write it as name.csv, or as folder/*.csv."
        return [], [Finding(Code.NOT_A_PATTERN, place, f"'{pattern}' names no files: {error}.", hint)]
    except OSError as error:
        return [], [_finding(error, place, f"'{pattern}'")]
    findings = []
    for path in found:
        try:
            require_file(path, folders, limit)
            path.name.encode()
        except OSError as error:
            findings.append(_finding(error, place, f"{path.relative_to(folder)}, which is named here,"))
        except UnicodeEncodeError:
            message = f"{path.relative_to(folder)}, which is named here, has a name that is not UTF-8."
            findings.append(Finding(Code.UNREADABLE, place, message, "Rename the file."))
    return found, findings


def _finding(error: OSError, place: Place, what: str) -> Finding:
    """Return the finding for what is not read."""
    if isinstance(error, OutsideError):
        hint = "Move the file into the folder. If you trust where it leads: sagerecon trust FOLDER"
        return Finding(Code.OUTSIDE_FOLDER, place, f"{what} is not read: {error.strerror}.", hint)
    if isinstance(error, TooLargeError):
        return Finding(Code.FILE_TOO_LARGE, place, f"{what} is not read: {error.strerror}.")
    reason = (error.strerror or str(error)).lower()
    hint = "Check the path, and the permissions of the file."
    return Finding(Code.UNREADABLE, place, f"{what} cannot be read: {reason}.", hint)
