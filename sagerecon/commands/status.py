"""Show how far the newest run is. Opens the store and nothing else, so that it answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.commands.budget import call_budget
from sagerecon.commands.run_facts import run_facts
from sagerecon.model.clock import Clock
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import SetAside
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.report.facts import RunFacts


@dataclass(frozen=True, slots=True)
class Status:
    """The newest load run of a company, and its call budget."""

    run: RunFacts | None  #: None if there is no load run
    counts: Mapping[str, int]  #: steps by state
    in_doubt: int
    calls_last_minute: int
    calls_last_day: int
    rate_limited: int  #: calls answered 429 although our own limit allowed them
    aside: tuple[SetAside, ...]
    budget: Budget


def status(project: Project, clock: Clock) -> Status:
    """Return the progress of the newest load run, the calls of the last day, and the quarantine."""
    with open_store(project, clock) as store:
        history = store.company(project.business.id).history
        now = history.status()
        load = now.run
        return Status(
            run=run_facts(history),
            counts=load.counts if load else {},
            in_doubt=now.in_doubt,
            calls_last_minute=now.calls_last_minute,
            calls_last_day=now.calls_last_day,
            rate_limited=now.rate_limited,
            aside=tuple(history.set_aside()) if load else (),
            budget=call_budget(project.limits, project.catalog.api),
        )
