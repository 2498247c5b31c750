"""The call budget of a project."""

from __future__ import annotations

from sagerecon.planning.budget import Budget
from sagerecon.project.project import Project


def call_budget(project: Project) -> Budget:
    """Return the call budget: the project's own figures, and the limit profile's where it has none."""
    limits = project.limits
    profile = project.catalog.api.limit_profiles[limits.profile]
    return Budget(
        per_minute=limits.per_minute or profile.per_minute,
        per_day=limits.per_day or profile.per_day,
        reserve=limits.reserve,
        settle=limits.settle,
    )
