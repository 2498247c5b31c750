"""Stops a run before its first write where Sage lacks what too many records refer to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.planning.plan import Plan
from sagerecon.planning.requirements import EntityKey, Requirement, is_above, needs
from sagerecon.planning.settling import FINAL, Reached
from sagerecon.runner.context import RunContext
from sagerecon.runner.references import CORRECT_IN_SAGE, found


class ShortageError(Exception):
    """More records than the project allows are blocked by what Sage lacks."""

    def __init__(self, why: str, findings: Sequence[Finding]) -> None:
        super().__init__(why)
        self.why = why
        self.findings = tuple(findings)


def lacking(plan: Plan, context: RunContext) -> list[Requirement]:
    """Return the requirements of a plan that no entity, or more than one, is known to meet."""
    return [requirement for requirement in plan.header.requirements if _bearers(requirement, context) != 1]


def stop_on_shortage(plan: Plan, reached: Mapping[int, Reached], context: RunContext) -> None:
    """Stop where what Sage lacks blocks more than the plan's share of the writes.

    Raises:
        ShortageError: with a finding for each entity that is missing or ambiguous.
    """
    missing = {(item.kind, item.key): item for item in lacking(plan, context)}
    if not missing:
        return
    blocked: Counter[EntityKey] = Counter()
    writes, unsendable = 0, 0
    for step, _, needed in needs(plan.steps, context.catalog, missing.__contains__):
        writes += 1
        is_final = step.number in reached and reached[step.number].state in FINAL
        if needed and not is_final:
            unsendable += 1
            blocked.update(needed)
    share = plan.header.stop_when_blocked
    if not is_above(unsendable, writes, share):
        return
    why = (
        f"{unsendable:,} of {counted(writes, 'record')} to write refer to what Sage lacks; the limit is "
        f"stop_when_blocked: {share:f}%. Nothing was written."
    )
    raise ShortageError(why, [_finding(missing[key], count, context) for key, count in blocked.most_common()])


def _finding(requirement: Requirement, blocked: int, context: RunContext) -> Finding:
    bearers = _bearers(requirement, context)
    if requirement.kind in context.unreadable:
        why = f"Sage's listing of {requirement.kind} could not be read"
    else:
        why = f"{bearers} entities have this key" if bearers else "not found"
    examples = ", ".join(requirement.examples)
    return Finding(
        Code.SAGE_MUST_HOLD,
        Place.parse(requirement.examples[0]) if requirement.examples else Place(""),
        f"Sage must hold {requirement}: {why}; {counted(blocked, 'record')} blocked, such as {examples}.",
        CORRECT_IN_SAGE,
    )


def _bearers(requirement: Requirement, context: RunContext) -> int:
    kind = context.catalog[requirement.kind]
    return len(found(kind, requirement.key, context.log, context.catalog))
