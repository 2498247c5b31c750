"""The census: what is read before the first write, where no witness states that the store is complete.

A plan looks for what Sage holds already only where the mapping asks for it, and by the key as it is written
now. All other records are created blindly: what a lost store wrote would be created again. So their kinds are
read first, one call for each kind that is empty, and those whose key Sage may hold in another spelling and
of which the plan itself reads no whole listing. Where a witness states that the store is complete, only those
are read that are created for the first time since there was none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import OnExisting, references_in
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import key_path
from sagerecon.pairing.owners import RecordKey
from sagerecon.planning.plan import Plan
from sagerecon.planning.readings import read_back
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, Step, WaitStep


def creations(plan: Plan) -> list[CreateStep]:
    """Return the steps that create, in the order of sending."""
    return [step for step in plan.steps if isinstance(step, CreateStep)]


def waiting_creations(plan: Plan) -> list[CreateStep]:
    """Return the creations of what Sage may hold already: they wait, or are adopted without a decision."""
    waiting = (step.creation for step in plan.steps if isinstance(step, WaitStep | AdoptStep))
    return [creation for creation in waiting if creation is not None]


def undecided_records(plan: Plan) -> Iterator[RecordKey]:
    """Yield kind and key of the records that a decision has to settle, unless Sage holds an equal entity."""
    for step in plan.steps:
        if isinstance(step, WaitStep) and (step.is_withheld or step.creation is None):
            yield step.kind, step.key


def is_blind(step: Step) -> bool:
    """Return whether a step creates its entity without looking for one that Sage holds already."""
    return isinstance(step, CreateStep) and (step.on_existing is OnExisting.CREATE or not step.identity)


def census_kinds(steps: Iterable[Step], catalog: Catalog) -> list[str]:
    """Return the kinds that are read before the first write, in the order of sending."""
    steps = list(steps)
    listed = kinds_listed(steps)
    found = (
        step for step in steps if is_blind(step) or (step.kind not in listed and has_text_key(step, catalog))
    )
    return list(dict.fromkeys(step.kind for step in found))


def census_due(steps: Iterable[Step], catalog: Catalog, *, is_witnessed: bool) -> list[str]:
    """Return the kinds that may have to be compared with Sage before the first write.

    Args:
        is_witnessed: whether a witness states that the store is complete. A plan that looks for the keys of
            its records, as they are written now, needs no more then.
    """
    return census_kinds((step for step in steps if is_blind(step)) if is_witnessed else steps, catalog)


def kinds_listed(steps: Iterable[Step]) -> frozenset[str]:
    """Return the kinds that the steps read whole."""
    return frozenset(step.kind for step in steps if isinstance(step, ReadStep) and "search" not in step.query)


def has_text_key(step: Step, catalog: Catalog) -> bool:
    """Return whether a step looks for a key that Sage may hold in another spelling; a number has only one."""
    if not isinstance(step, CreateStep) or not catalog[step.kind].can("list"):
        return False
    paths = (key_path(catalog, catalog[step.kind], name) for name in step.identity)
    return any(path is not None and path.field is not None and path.field.type == "text" for path in paths)


def kinds_referred_to(steps: Iterable[CreateStep], catalog: Catalog) -> list[str]:
    """Return the kinds that the bodies of `steps` refer to, without Sage's fixed lists."""
    found = (
        reference.kind
        for step in steps
        for reference in references_in(step.body)
        if not (isinstance(reference.key, NaturalKey) and reference.key.field == "id")
    )
    return [kind for kind in dict.fromkeys(found) if catalog[kind].can("list")]


def kinds_distrusted(plan: Plan, catalog: Catalog) -> list[str]:
    """Return the kinds that are read where the store is not trusted: those of records, and those referred to.

    A record that this plan does not create may be created by a later one.
    """
    records = (step.kind for step in plan.steps if not isinstance(step, ReadStep))
    referred = kinds_referred_to([*creations(plan), *waiting_creations(plan)], catalog)
    return [kind for kind in dict.fromkeys([*records, *referred]) if catalog[kind].can("list")]


def record_counts(steps: Iterable[Step]) -> Counter[str]:
    """Return the number of records of each kind."""
    return Counter(step.kind for step in steps if not isinstance(step, ReadStep))


def census_steps(
    kinds: Collection[str], expected: Mapping[str, int], catalog: Catalog, since: Mapping[str, str]
) -> Iterator[ReadStep]:
    """Yield the listing of each kind with all its fields: a later mapping may compare others than today's.

    Args:
        expected: by kind, the number of entities expected.
        since: by kind, the instant since which changes are read, where Sage has such a filter.
    """
    for name in kinds:
        kind = catalog[name]
        listing = read_back(kind, expected.get(name, 0), catalog)
        is_narrowed = bool(since.get(name) and kind.changed_since)
        query = {**listing.query, kind.changed_since: since[name]} if is_narrowed else listing.query
        yield replace(
            listing,
            key=f"{kind.resource}/census",
            reason="finds what was written to Sage by a store that was lost",
            calls=1 if is_narrowed else listing.calls,
            query=query,
        )
