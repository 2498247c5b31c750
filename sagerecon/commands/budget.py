"""The call budget of a project."""

from __future__ import annotations

from sagerecon.model.catalog import Api
from sagerecon.planning.budget import Budget
from sagerecon.project.project import Limits


def call_budget(limits: Limits, api: Api) -> Budget:
    """Return the call budget: the project's own limits, and those of its limit profile where it has none."""
    profile = api.limit_profiles[limits.profile]
    return Budget(
        per_minute=limits.per_minute or profile.per_minute,
        per_day=limits.per_day or profile.per_day,
        reserve=limits.reserve,
        settle=limits.settle,
    )
