"""The price of a plan in calls, and the fewest calls it could take.

Sage takes one record a call and has no batch, so each record that is created costs one call. A plan stays
at that bound by sending addresses and people inside their contact's call, and allocations inside their
payment's, and by reading what Sage holds already in pages of 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.count import counted
from sagerecon.model.entity import Written
from sagerecon.model.posting import Family
from sagerecon.pairing.owners import RecordKey
from sagerecon.planning.shown import is_listed
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, ReverseStep, Step, UpdateStep


def pages(entities: int, page: int) -> int:
    """Return the number of calls a listing takes; an empty one takes a call too."""
    return max(1, -(-entities // page))


def lower_bound(
    steps: Iterable[Step], catalog: Catalog, written: Mapping[RecordKey, Written] = {}
) -> tuple[int, str]:
    """Return the fewest calls any plan for these records could make, and why this one makes more.

    The bound is one call for each record written, two for each that is looked at and deleted, and one for
    each listing. Of records that are read one by one, those that a listing can show count as full pages of
    one: no plan takes fewer, though the records may be spread over more pages. An allocation that is sent on
    its own might have been part of a payment; the reason names such allocations.

    Args:
        written: by kind and key, what an earlier run wrote of the records.
    """
    steps = list(steps)
    writes = sum(isinstance(step, CreateStep | UpdateStep) for step in steps)
    deletions = sum(step.calls for step in steps if isinstance(step, ReverseStep))
    readings = [step for step in steps if isinstance(step, ReadStep)]
    singles = [step for step in steps if isinstance(step, UpdateStep | AdoptStep) and step.look_calls]
    fewest = _fewest_looks(singles, catalog, written)
    reasons = []
    if further := sum(step.calls for step in readings) - len(readings):
        reasons.append(f"{counted(further, 'call')} for further pages of what Sage holds")
    if more := len(singles) - fewest:
        reasons.append(f"{counted(more, 'call')} to read records one by one, where a listing takes no fewer")
    if alone := sum(_is_allocation(step, catalog) for step in steps):
        reasons.append(f"{counted(alone, 'allocation')} of credit notes, which no payment can carry")
    bound = writes + deletions + len(readings) + fewest
    return bound, "; ".join(reasons) or "every call carries one record or a full page"


def _fewest_looks(
    singles: Iterable[UpdateStep | AdoptStep], catalog: Catalog, written: Mapping[RecordKey, Written]
) -> int:
    """Return the fewest calls that show what Sage holds of these records."""
    listed, alone = Counter[str](), 0
    for step in singles:
        if is_listed(step, catalog, written):
            listed[step.kind] += 1
        else:
            alone += 1
    return alone + sum(pages(count, page_size(catalog[name], catalog)) for name, count in listed.items())


def page_size(kind: Kind, catalog: Catalog) -> int:
    """Return how many entities of a kind a page of its listing has at most."""
    return kind.items_per_page or catalog.api.items_per_page


def _is_allocation(step: Step, catalog: Catalog) -> bool:
    if not isinstance(step, CreateStep | UpdateStep):
        return False
    posting = catalog[step.kind].posting
    return posting is not None and posting.family is Family.ALLOCATION


def listing_query(kind: Kind, fields: Iterable[str], page: int) -> dict[str, str]:
    """Return the query that lists a kind in pages of `page` with these answer fields, objects as a whole."""
    query = {"items_per_page": str(page)}
    if wanted := sorted(set(fields)):
        query["attributes"] = ",".join(wanted)
        if "nested_attributes" in kind.filters:
            query["nested_attributes"] = "all"
    return query
