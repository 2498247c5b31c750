"""The fact that one command leaves for the next in a file: the business signed in to."""

from __future__ import annotations

import re
from pathlib import Path

from sagerecon.model.errors import ProjectError
from sagerecon.model.limits import STATE_FILE
from sagerecon.project.private_files import is_there, make_private_folder, read_text, write_private

#: The id of a business; it is sent in a header of each request.
_ID = re.compile(r"[!-~]{1,200}")


def is_business(text: str) -> bool:
    """Return whether a text can be the id of a business."""
    return _ID.fullmatch(text) is not None


def read_business(state: Path) -> str:
    """Return the id of the business chosen at sign-in; empty before the first sign-in.

    Raises:
        ProjectError: the file cannot be read, or does not hold an id.
    """
    path = state / "business"
    if not is_there(path):
        return ""
    name = f"{state.name}/{path.name}"
    business = read_text(path, name, STATE_FILE, follow=False).strip()
    if business and not is_business(business):
        raise ProjectError(f"{name} does not hold the id of a business.", "Delete it, then sign in again.")
    return business


def write_business(state: Path, business: str) -> None:
    """Record the id of the business chosen at sign-in."""
    make_private_folder(state)
    write_private(state / "business", [business])
