"""The census: what is read before the first write, where no witness states that the store is complete.

A plan looks for what Sage holds already only where the mapping asks for it, and by the key as it is written
now. All other records are created blindly: what a lost store wrote would be created again. So their kinds are
read first, one call for each kind that is empty, and those whose key Sage may hold in another spelling and
of which the plan itself reads no whole listing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import OnExisting, references_in
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import key_path
from sagerecon.planning.cost import listing_query, pages
from sagerecon.planning.plan import Plan
from sagerecon.planning.readings import answer_fields
from sagerecon.planning.step import CreateStep, ReadStep, Step


def creations(plan: Plan) -> list[CreateStep]:
    """Return the steps that create, in the order of sending."""
    return [step for step in plan.steps if isinstance(step, CreateStep)]


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


def census_steps(
    kinds: Collection[str], steps: Sequence[CreateStep], catalog: Catalog, changed_since: str = ""
) -> Iterator[ReadStep]:
    """Yield the listing of each kind with the fields by which its entities are compared.

    Args:
        steps: the creations of the plan; their number is the number of entities expected.
        changed_since: read only what was changed since this instant, where Sage has such a filter.
    """
    fields = _fields_referred_to(steps)
    for name in kinds:
        kind = catalog[name]
        ours = [step for step in steps if step.kind == name]
        names = {field for step in ours for field in (*step.body, *step.identity)}
        names |= {key.field for key in kind.natural_keys} | {"created_at", "deleted_at", "status"}
        names |= fields.get(name, set())
        names |= {path.partition(".")[0] for path in kind.yields.values()}
        page = kind.items_per_page or catalog.api.items_per_page
        query = listing_query(kind, answer_fields(kind, (*names, kind.date, kind.amount, kind.contact)), page)
        is_narrowed = bool(changed_since and kind.changed_since)
        yield ReadStep(
            kind=name,
            key=f"{kind.resource}/census",
            reason="finds what was written to Sage by a store that was lost",
            calls=1 if is_narrowed else pages(len(ours), page),
            path=kind.path,
            query={**query, kind.changed_since: changed_since} if is_narrowed else query,
            label=kind.resource.replace("_", " "),
        )


def _fields_referred_to(steps: Iterable[CreateStep]) -> dict[str, set[str]]:
    """Return by kind the fields of the natural keys by which the bodies of `steps` refer to entities."""
    fields: dict[str, set[str]] = {}
    for step in steps:
        for reference in references_in(step.body):
            if isinstance(reference.key, NaturalKey):
                fields.setdefault(reference.kind, set()).add(reference.key.field)
    return fields
