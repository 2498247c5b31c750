"""The file in which a rehearsal is saved: JSON of mode 0600, written atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_text
from sagerecon.model.errors import ProjectError
from sagerecon.model.limits import SANDBOX_FILE
from sagerecon.rehearsal.state_schema import STATE

FORMAT = "rehearsal/v1"


def write_state(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the content of the file with `document`, atomically.

    Raises:
        ProjectError: the file cannot be written; its old content is kept.
    """
    text = json.dumps({"sagerecon": FORMAT, **document}, separators=(",", ":"))  # half characters escaped
    try:
        write_text(path, [text])
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}.") from error


def read_state(path: Path) -> Mapping[str, Any]:
    """Read the document that `write_state` wrote.

    Raises:
        ProjectError: the file cannot be read, or is not a rehearsal of this version.
    """
    try:
        document = json.loads(read_bounded(path, SANDBOX_FILE, follow=False).decode())
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, "it is not JSON that can be read") from error
    if not isinstance(document, dict) or document.get("sagerecon") != FORMAT:
        raise ProjectError(f"{path} is not a saved rehearsal of this version.", "Use another file.")
    fault = next(Draft202012Validator(STATE).iter_errors(document), None)
    if fault is not None:
        where = ".".join(map(str, fault.absolute_path)) or "the file"
        raise damaged(path, f"{where} is not what a rehearsal saves there")
    return document


def damaged(path: Path, reason: str) -> ProjectError:
    """Return the error for a file whose content cannot be loaded."""
    return ProjectError(f"{path}: the saved rehearsal is damaged: {reason}.", "Use another file.")
