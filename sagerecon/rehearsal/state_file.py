"""The file in which a rehearsal is saved: JSON of mode 0600, written atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagerecon.files.writing import write_text
from sagerecon.model.errors import ProjectError

FORMAT = "rehearsal/v1"


def write_state(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the content of the file with `document`, atomically.

    Raises:
        ProjectError: the file cannot be written; its old content is kept.
    """
    text = json.dumps({"sagerecon": FORMAT, **document}, ensure_ascii=False, separators=(",", ":"))
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
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ProjectError(f"{path}: the saved rehearsal is damaged.", "Use another file.") from error
    if not isinstance(document, dict) or document.get("sagerecon") != FORMAT:
        raise ProjectError(f"{path} is not a saved rehearsal of this version.", "Use another file.")
    return document
