"""What each mapping costs in a plan: calls as a formula over its records, and against another plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sagerecon.model.catalog import Catalog
from sagerecon.planning.cost import page_size
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, ReverseStep, Step, UpdateStep

#: What makes the calls of a mapping's records, in the order of the formula.
_PARTS = ("created", "updated", "looked at", "deleted")


@dataclass(frozen=True, slots=True)
class Share:
    """The calls of one mapping, or of reading one kind: `customers`, 1,369 calls, `1,369 created × 1`."""

    name: str
    calls: int
    formula: str


def shares(steps: Iterable[Step], catalog: Catalog) -> list[Share]:
    """Return the calls of each mapping in the order of the plan, then those for reading what Sage holds."""
    counts: dict[str, Counter[str]] = {}
    readings: list[Share] = []
    for step in steps:
        if isinstance(step, ReadStep):
            size = page_size(catalog[step.kind], catalog)
            formula = f"pages of {size:,}"
            readings.append(Share(f"reading {step.kind}", step.calls, formula))
            continue
        tally = counts.setdefault(step.key.partition("/")[0], Counter())
        tally["created"] += isinstance(step, CreateStep)
        tally["updated"] += isinstance(step, UpdateStep)
        tally["looked at"] += step.look_calls if isinstance(step, UpdateStep | AdoptStep) else 0
        tally["deleted"] += step.calls if isinstance(step, ReverseStep) else 0
    return [Share(name, tally.total(), _formula(tally)) for name, tally in counts.items()] + readings


def _formula(tally: Mapping[str, int]) -> str:
    parts = [f"{tally[part]:,} {part}" for part in _PARTS if tally[part]]
    return f"1 for each of {' + '.join(parts)}" if parts else "none"


@dataclass(frozen=True, slots=True)
class ShareChange:
    """The calls of one mapping in two plans."""

    name: str
    before: int
    after: int


def changed_shares(before: Iterable[Share], after: Iterable[Share]) -> list[ShareChange]:
    """Return the mappings whose calls differ between two plans, by name."""
    old, new = (Counter({share.name: share.calls for share in each}) for each in (before, after))
    return [ShareChange(name, old[name], new[name]) for name in sorted(old | new) if old[name] != new[name]]
