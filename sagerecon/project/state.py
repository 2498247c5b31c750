"""Facts that one command leaves for the next: the business signed in to, the runs that read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sagerecon.project.private_files import make_private_folder, read_text, write_private


@dataclass(frozen=True, slots=True)
class Readings:
    """The runs that read Sage back for the last reconciliation; `before` is the run of the one before it."""

    runs: tuple[str, ...] = ()
    before: str = ""


def read_business(state: Path) -> str:
    """Return the id of the business chosen at sign-in; empty before the first sign-in."""
    path = state / "business"
    return read_text(path, path.name).strip() if path.exists() else ""


def write_business(state: Path, business: str) -> None:
    """Record the id of the business chosen at sign-in."""
    make_private_folder(state)
    write_private(state / "business", [business])


def read_readings(state: Path) -> Readings:
    """Return the readings of the last reconciliation; no runs if there was none."""
    path = state / "readings.json"
    if not path.exists():
        return Readings()
    document = json.loads(read_text(path, path.name))
    return Readings(tuple(document.get("readings", ())), str(document.get("before", "")))


def write_readings(state: Path, runs: Sequence[str]) -> None:
    """Record the runs that read Sage back; the first run recorded before becomes `before`."""
    document = {"readings": list(runs), "before": next(iter(read_readings(state).runs), "")}
    write_private(state / "readings.json", [json.dumps(document)])
