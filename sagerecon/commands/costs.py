"""What a plan costs, against another plan and against limits."""

from __future__ import annotations

from pathlib import Path

from sagerecon.commands.plan_file import open_plan
from sagerecon.model.count import counted
from sagerecon.planning.plan import Plan
from sagerecon.planning.shares import Share, ShareChange, changed_shares, shares
from sagerecon.project.project import Project


def plan_shares(project: Project, plan: Plan) -> list[Share]:
    """Return the calls of each mapping, and those for reading what Sage holds."""
    return shares(plan.steps, project.catalog)


def changes_since(project: Project, base: Path, plan: Plan) -> list[ShareChange]:
    """Return the mappings whose calls differ from those of a plan in a file.

    Raises:
        ProjectError: there is no such file.
        PlanStaleError: it is not a complete plan.
    """
    return changed_shares(plan_shares(project, open_plan(project, base)), plan_shares(project, plan))


def exceeded(plan: Plan, max_calls: int | None, max_days: int | None) -> str:
    """Return which limits a plan exceeds, as a sentence; empty where it keeps them."""
    calls, days = plan.header.calls, len(plan.header.windows)
    over = []
    if max_calls is not None and calls > max_calls:
        over.append(f"{counted(calls, 'call')}, more than {max_calls:,}")
    if max_days is not None and days > max_days:
        over.append(f"{counted(days, 'day')}, more than {max_days:,}")
    return f"The plan takes {' and '.join(over)}." if over else ""
