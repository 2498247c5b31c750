"""What is kept of one company: its runs, the id map, what was read, the ledger of calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagerecon.model.entity import Entity, Written
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import SetAside


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a plan. Instants are milliseconds since 1970, 0 where it has not come to that."""

    id: str
    plan: str  #: the plan's hash
    purpose: str  #: load, read_back, rollback
    state: str  #: open, finished, superseded
    started_at: int
    finished_at: int
    steps: int
    planned_calls: int
    counts: Mapping[str, int]  #: steps by state


@dataclass(frozen=True, slots=True)
class Status:
    """Where a company stands: its newest load, and the calls of the last day."""

    run: Run | None
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    refused: int  #: calls Sage refused though we had room: somebody else is calling
    bytes_last_hour: int


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """What a reconciliation said of a difference, and since when it says so."""

    fingerprint: str
    state: str
    first_run: str
    last_run: str


class BusinessStore:
    """All that is kept of one company; satisfies `planning.planner.KnownEntities` and `runner.RunLog`."""

    def sage_id(self, kind: str, key: str) -> str | None:
        """Sage's id for a draft key, or for a natural key that exactly one entity bears."""
        raise NotImplementedError

    def content(self, kind: str, key: str) -> str | None:
        """The fingerprint of the body an earlier run recorded for a draft key, or None."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """The name of the id map's content."""
        raise NotImplementedError

    def written(self) -> Iterator[Written]:
        """Every record an earlier run wrote or adopted, by kind and key."""
        raise NotImplementedError

    def held(self, run: str, kind: str | None = None, step: int | None = None) -> Iterator[Entity]:
        """What the readings of a run found, in the order they were read; of one kind or one step if asked."""
        raise NotImplementedError

    def status(self) -> Status:
        """Where the company stands."""
        raise NotImplementedError

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        raise NotImplementedError

    def quarantined(self, run: str | None = None) -> Iterator[SetAside]:
        """Steps that could not be carried out, of one run or of the newest load."""
        raise NotImplementedError

    def booked(self, since: int | None = None) -> list[int]:
        """Receive times of the calls since an instant (default: one day back), oldest first."""
        raise NotImplementedError

    def record_verdicts(self, run: str, verdicts: Iterable[tuple[str, str, str]]) -> None:
        """Keep what a reconciliation said: (id of the difference, fingerprint of its figures, state)."""
        raise NotImplementedError

    def last_verdicts(self) -> dict[str, LastVerdict]:
        """What the last reconciliations said, by id of the difference."""
        raise NotImplementedError
