"""Which listings a start of a run reads again, and which entities it expects them to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import FINAL, Reached, State
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, RenameStep, Step, UpdateStep
from sagerecon.runner.context import RunContext
from sagerecon.runner.references import missing_kinds
from sagerecon.runner.shortage import lacking

NOT_BEGUN = Reached(State.PLANNED)

#: States of readings that no page of an earlier start is added to.
_ENDED = frozenset({State.RECORDED, State.PARKED})


def outdated_listings(plan: Plan, reached: Mapping[int, Reached], context: RunContext) -> set[int]:
    """Return the numbers of ended readings whose kind steps still wait for; these are read from page 1.

    The entities may have been added in Sage since an earlier start read the listing.
    """
    kinds: set[str] = set()
    for step in plan.steps:
        if isinstance(step, CreateStep | UpdateStep) and _state(step, reached) is State.BLOCKED:
            kinds |= missing_kinds(step, context)
    kinds |= {requirement.kind for requirement in lacking(plan, context)}
    kinds |= _looked_up_anew(plan, reached)
    return {
        step.number
        for step in plan.steps
        if isinstance(step, ReadStep) and step.kind in kinds and _state(step, reached) in _ENDED
    }


def _looked_up_anew(plan: Plan, reached: Mapping[int, Reached]) -> set[str]:
    """Return the kinds whose listing is read again for the looks that are left: it may be out of date.

    Where fewer looks are left than the listing has pages, each record is read by itself.
    """
    left = Counter(
        step.kind for step in plan.steps if _is_shown_by_listing(step) and _state(step, reached) not in FINAL
    )
    return {
        step.kind
        for step in plan.steps
        if isinstance(step, ReadStep) and left[step.kind] > max(step.calls, _pages(step, reached))
    }


def _pages(step: Step, reached: Mapping[int, Reached]) -> int:
    return reached.get(step.number, NOT_BEGUN).pages


def awaited_looks(plan: Plan, context: RunContext) -> dict[str, set[str]]:
    """Return by kind the Sage ids of the entities that steps look at in a listing.

    A key that this plan renames does not own its entity yet.
    """
    awaited: dict[str, set[str]] = {}
    renamed = {(step.kind, step.key): step.sage_id for step in plan.steps if isinstance(step, RenameStep)}
    for step in plan.steps:
        if isinstance(step, AdoptStep) and _is_shown_by_listing(step):
            awaited.setdefault(step.kind, set()).add(step.sage_id)
        elif _is_shown_by_listing(step):
            sage_id = renamed.get((step.kind, step.key)) or context.log.sage_id(step.kind, step.key)
            awaited.setdefault(step.kind, set()).add(sage_id or "")
    return awaited


def _is_shown_by_listing(step: Step) -> bool:
    return isinstance(step, UpdateStep | AdoptStep) and not step.look_calls


def _state(step: Step, reached: Mapping[int, Reached]) -> State:
    return reached.get(step.number, NOT_BEGUN).state
