"""The fact that one command leaves for the next in a file: the business signed in to."""

from __future__ import annotations

from pathlib import Path

from sagerecon.project.private_files import make_private_folder, read_text, write_private


def read_business(state: Path) -> str:
    """Return the id of the business chosen at sign-in; empty before the first sign-in."""
    path = state / "business"
    return read_text(path, path.name).strip() if path.exists() else ""


def write_business(state: Path, business: str) -> None:
    """Record the id of the business chosen at sign-in."""
    make_private_folder(state)
    write_private(state / "business", [business])
