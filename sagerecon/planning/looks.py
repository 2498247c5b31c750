"""The look before each update: a call for each record, or pages of a listing, whichever is cheaper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Node
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.readings import read_back
from sagerecon.planning.step import AdoptStep, ReadStep, Step, UpdateStep

_REASON = "reads what Sage holds, to overwrite nothing that was edited there"


def with_looks(
    readings: Sequence[ReadStep],
    steps: Sequence[Step],
    known: KnownEntities,
    catalog: Catalog,
    comparisons: Mapping[str, Mapping[str, Comparison]],
) -> list[Step]:
    """Return the readings and the steps with a look before each update.

    A listing that is read anyway is asked for every field. Else a listing comes before the first update of
    its kind, where its pages are fewer than the records to update.

    Args:
        readings: those that find what Sage holds already.
        steps: of the records, in the order of sending.
        comparisons: the comparison rules of each mapping, by field path.
    """
    updates = [step for step in steps if isinstance(step, UpdateStep)]
    counts = Counter(step.kind for step in updates)
    in_listing = {name for name in counts if _shows_all(catalog[name], updates)}
    shared = {reading.kind for reading in readings} & in_listing
    looks = {name: _listing(name, known, catalog) for name in in_listing - shared}
    listed = {name: look for name, look in looks.items() if look.calls < counts[name]}
    found: list[Step] = [
        replace(reading, query=read_back(catalog[reading.kind], 0, catalog).query)
        if reading.kind in shared
        else reading
        for reading in readings
    ]
    for step in steps:
        if isinstance(step, UpdateStep):
            if step.kind in listed and (look := looks.pop(step.kind, None)) is not None:
                found.append(look)
            is_listed = step.kind in listed or step.kind in shared
            rules = comparisons.get(step.key.partition("/")[0], {})
            found.append(replace(step, look_calls=0 if is_listed else 1, compare=dict(rules)))
        elif isinstance(step, AdoptStep) and step.is_equal:
            found.append(replace(step, compare=dict(comparisons.get(step.key.partition("/")[0], {}))))
        else:
            found.append(step)
    return found


def _listing(name: str, known: KnownEntities, catalog: Catalog) -> ReadStep:
    """Return the listing that shows every entity of a kind; those recorded are taken as its number."""
    kind = catalog[name]
    recorded = sum(1 for of_kind, _ in known.contents if of_kind == name)
    return replace(
        read_back(kind, max(recorded, known.counts.get(name, 0)), catalog),
        key=f"{kind.resource}/before-updates",
        reason=_REASON,
    )


def _shows_all(kind: Kind, updates: Iterable[UpdateStep]) -> bool:
    """Return whether a listing shows all that these updates of the kind are compared with."""
    if not kind.can("list") or kind.required_filters:
        return False
    if "nested_attributes" in kind.filters:
        return True
    ours = [step for step in updates if step.kind == kind.name]
    edited = {name for step in ours for name in (*step.changed, *step.left) if name in kind.fields}
    return not any(kind.fields[name].fields for name in edited) and not any(
        _is_nested(step.body) for step in ours
    )


def _is_nested(body: Node) -> bool:
    """Return whether a body has objects or lists of objects, of which a listing shows little."""
    if not isinstance(body, Mapping):
        return False
    return any(
        isinstance(value, Mapping)
        or (isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value))
        for value in body.values()
    )
