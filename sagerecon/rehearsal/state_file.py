"""The file a rehearsal is saved in: JSON of mode 0600, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sagerecon.model.errors import ProjectError

FORMAT = "rehearsal/v1"


def write_state(path: Path, document: Mapping[str, Any]) -> None:
    """Put `document` in the place of what the file held.

    Raises:
        ProjectError: the file cannot be written; what it held stands.
    """
    text = json.dumps({"sagerecon": FORMAT, **document}, ensure_ascii=False, separators=(",", ":"))
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ProjectError(f"{path} cannot be written: {error.strerror}.") from error


def read_state(path: Path) -> Mapping[str, Any]:
    """The document that `write_state` wrote.

    Raises:
        ProjectError: the file cannot be read, or is no rehearsal of this version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ProjectError(f"{path} is not a whole saved rehearsal.", "Name another file.") from error
    if not isinstance(document, dict) or document.get("sagerecon") != FORMAT:
        raise ProjectError(f"{path} is not a rehearsal of this version.", "Name another file.")
    return document
