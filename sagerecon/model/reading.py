"""One reading of Sage: what was asked, when, and whether the answer is complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

#: The parameter of a report's query that names its as-at day.
_AS_AT = "to_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A listing or a report that a run asked Sage for. Instants are milliseconds since 1970."""

    kind: str  #: the kind of the entities, or the report
    key: str  #: contacts/read-back, contacts/deleted, trial_balance/as-at
    query: Mapping[str, str]
    started_at: int  #: when its first page was asked for
    ended_at: int  #: when its last page, or its failure, was recorded
    pages: int
    count: int  #: entities on those pages
    why_incomplete: str = ""  #: why it was not read whole; empty where it was

    @property
    def is_whole(self) -> bool:
        """Whether every page was read."""
        return not self.why_incomplete

    @property
    def as_at(self) -> date | None:
        """The day as at which a report was asked for; None for a listing, which shows the present."""
        day = self.query.get(_AS_AT)
        return date.fromisoformat(day) if day else None


def kinds_read_whole(readings: Iterable[Reading]) -> frozenset[str]:
    """Return the kinds and reports of which every reading is whole, and of which there is one."""
    found = tuple(readings)
    return frozenset(r.kind for r in found) - frozenset(r.kind for r in found if not r.is_whole)
