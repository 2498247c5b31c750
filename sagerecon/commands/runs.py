"""Carry a plan out, and show how far a run is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from sagerecon.commands.plan_file import budget_of, open_plan, refuse_stale
from sagerecon.model.clock import Clock
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.project.project import Project
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import PATIENCE, RunOutcome, run


def apply(
    project: Project,
    clock: Clock,
    session: requests.Session,
    file: Path | None = None,
    *,
    patience_ms: int = PATIENCE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> RunOutcome:
    """Carry the plan out as far as the budget allows; the same command goes on where it stopped.

    Raises:
        PlanStaleError: the plan is of another business, another source, or other mappings.
        AuthorizationError: sign in again.
    """
    made = open_plan(project, file)
    with project.open_store(clock) as store:
        company = store.company(project.business.id)
        if not any(known.plan == made.hash for known in company.history.runs()):
            refuse_stale(project, made)
        return run(
            made,
            project.open_sage(store, session, clock),
            company.run_log,
            clock,
            budget_of(project),
            project.catalog,
            patience_ms=patience_ms,
            should_stop=should_stop,
            on_progress=on_progress,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a company stands. Instants are milliseconds since 1970, 0 where it has not come to that."""

    state: RunState | None  #: of the newest load; None where there is none
    started_at: int
    finished_at: int
    steps: int
    planned_calls: int
    counts: Mapping[str, int]  #: steps by state
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    rate_limited: int  #: calls answered 429 although our own limit allowed them
    aside: tuple[SetAside, ...]
    budget: Budget


def status(project: Project, clock: Clock) -> Standing:
    """How far the newest run is, what the last day's calls were, and what was set aside."""
    with project.open_store(clock) as store:
        history = store.company(project.business.id).history
        now = history.status()
        load = now.run
        return Standing(
            state=load.state if load else None,
            started_at=load.started_at if load else 0,
            finished_at=load.finished_at if load else 0,
            steps=load.steps if load else 0,
            planned_calls=load.planned_calls if load else 0,
            counts=load.counts if load else {},
            in_doubt=now.in_doubt,
            calls_last_minute=now.calls_last_minute,
            calls_last_day=now.calls_last_day,
            rate_limited=now.rate_limited,
            aside=tuple(history.set_aside()) if load else (),
            budget=budget_of(project),
        )


def adopted_keys(project: Project, clock: Clock) -> frozenset[str]:
    """The draft keys whose entity stood in Sage already."""
    with project.open_store(clock) as store:
        written = store.company(project.business.id).history.written()
        return frozenset(record.key for record in written if record.adopted)
