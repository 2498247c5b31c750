"""Tables of source codes to Sage codes, with effective dates and further key columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sagerecon.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A table of source codes to Sage codes."""

    name: str

    def lookup(self, source: str, at: date | None = None, **keys: str) -> str | None:
        """The target of the most particular row that holds on the day `at`, or None."""
        raise NotImplementedError


def read_crosswalk(name: str, text: str, file: str) -> tuple[Crosswalk, list[Finding]]:
    """The table in a `.csv` or `.yaml` text, and what is wrong with it."""
    raise NotImplementedError
