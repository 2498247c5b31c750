"""The price of a plan in calls, and the fewest calls it could take.

Sage takes one record a call and has no batch, so each record that is created costs one call. A plan stays
at that bound by sending addresses and people inside their contact's call, and allocations inside their
payment's, and by reading what Sage holds already in pages of 200.
"""

from __future__ import annotations

from collections.abc import Iterable

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.count import counted
from sagerecon.model.posting import Family
from sagerecon.planning.step import CreateStep, ReadStep, ReverseStep, Step, UpdateStep


def pages(entities: int, page: int) -> int:
    """Return the number of calls a listing takes; an empty one takes a call too."""
    return max(1, -(-entities // page))


def lower_bound(steps: Iterable[Step], catalog: Catalog) -> tuple[int, str]:
    """Return the fewest calls any plan for these records could make, and why this one makes more.

    The bound is one call for each record written or deleted, one for each record that is read before that,
    and one for each listing. An allocation that is sent on its own might have been part of a payment; the
    reason names such allocations.
    """
    writes, reads, alone, calls = 0, 0, 0, 0
    for step in steps:
        calls += step.calls
        if isinstance(step, ReverseStep):
            writes += step.calls
        elif isinstance(step, CreateStep | UpdateStep):
            writes += step.calls
            posting = catalog[step.kind].posting
            alone += posting is not None and posting.family is Family.ALLOCATION
        elif isinstance(step, ReadStep):
            reads += 1
    bound = writes + reads
    reasons = []
    if calls > bound:
        reasons.append(f"{counted(calls - bound, 'call')} for further pages of what Sage holds")
    if alone:
        reasons.append(f"{counted(alone, 'allocation')} of credit notes, which no payment can carry")
    return bound, "; ".join(reasons) or "every call carries one record or a full page"


def listing_query(kind: Kind, fields: Iterable[str], page: int) -> dict[str, str]:
    """Return the query that lists a kind in pages of `page` with these answer fields, objects as a whole."""
    query = {"items_per_page": str(page)}
    if wanted := sorted(set(fields)):
        query["attributes"] = ",".join(wanted)
        if "nested_attributes" in kind.filters:
            query["nested_attributes"] = "all"
    return query
