"""The call budget of a project, and what of it is used."""

from __future__ import annotations

from sagerecon.model.catalog import Api
from sagerecon.planning.budget import Budget
from sagerecon.planning.planner import Calendar
from sagerecon.project.project import Limits
from sagerecon.store.company import CompanyStore


def call_budget(limits: Limits, api: Api) -> Budget:
    """Return the call budget: the project's own limits, and those of its limit profile where it has none."""
    profile = api.limit_profiles[limits.profile]
    return Budget(
        per_minute=limits.per_minute or profile.per_minute,
        per_day=limits.per_day or profile.per_day,
        reserve=limits.reserve,
        settle=limits.settle,
    )


def calendar(company: CompanyStore, now: int) -> Calendar:
    """Return what a plan that starts `now` has to wait for: earlier calls, and a wait that Sage asked for."""
    return Calendar(
        now,
        booked=tuple(at - now for at in company.history.calls_of_last_day()),
        opens=max(0, company.run_log.closed_until() - now),
    )
