"""What a plan costs in calls, and the least it could cost.

Sage takes one record a call and has no batch, so each record that must come into being costs one call.
What keeps a plan at that bound: addresses and people travel inside their contact's call, allocations
inside their payment's, and what Sage holds already is read in pages of 200 or searched singly, whichever
is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterable

from sagerecon.model.catalog import Kind
from sagerecon.planning.plan import WRITES, Action, Step


def pages(entities: int, page: int) -> int:
    """The calls a listing takes; an empty one costs a call too."""
    return max(1, -(-entities // page))


def lower_bound(steps: Iterable[Step]) -> tuple[int, str]:
    """The least calls any plan for these records could make, and why this one makes more, if it does.

    One call for each record written, and one for each kind of which we must know what Sage holds. An
    allocation on its own could have travelled inside its payment; where a plan carries one, it says so.
    """
    writes, reads, alone, calls = 0, 0, 0, 0
    for step in steps:
        calls += step.calls
        if step.action in WRITES:
            writes += 1
            alone += step.kind == "contact_allocation"
        elif step.action is Action.READ:
            reads += 1
    bound = writes + reads
    reasons = []
    if calls > bound:
        reasons.append(f"{calls - bound} calls read further pages of what Sage holds")
    if alone:
        reasons.append(f"{alone} allocations settle credit notes, which no payment can carry")
    return bound, "; ".join(reasons) or "every call carries one record or a full page"


def listing_query(kind: Kind, fields: Iterable[str], page: int) -> dict[str, str]:
    """The query that lists a kind in pages of `page` with just these answer fields, nested ones whole."""
    query = {"items_per_page": str(page)}
    if wanted := sorted(set(fields)):
        query["attributes"] = ",".join(wanted)
        if "nested_attributes" in kind.filters:
            query["nested_attributes"] = "all"
    return query
