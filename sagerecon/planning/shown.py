"""What a listing shows of an entity: whether a look can rely on it, or takes a call of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import BASE_FIELDS, Catalog, Field
from sagerecon.model.entity import Written
from sagerecon.pairing.owners import RecordKey
from sagerecon.planning.step import AdoptStep, UpdateStep


def is_listed(
    step: UpdateStep | AdoptStep, catalog: Catalog, written: Mapping[RecordKey, Written] = {}
) -> bool:
    """Return whether a listing of the kind shows all that a step compares with what Sage holds.

    With `attributes` a listing shows every field of an entity, and its rows whole: lines and allocations have
    no path of their own in Sage. An object may be a resource of its own, such as an address. Of that a
    listing shows no more than id, name and path, unless it takes `nested_attributes`: those of contacts and
    bank accounts do, those of documents do not (Sage's guide to attributes, and its API description). A
    record that compares such an object is read by itself, for the reading of one entity shows it.

    Args:
        written: by kind and key, what an earlier run wrote of records; its answer is compared too.
    """
    kind = catalog[step.kind]
    if not kind.can("list") or kind.required_filters:
        return False
    if "nested_attributes" in kind.filters:
        return True
    before = written.get((step.kind, step.key)) if isinstance(step, UpdateStep) else None
    named = {*step.body, *((*step.changed, *step.left) if isinstance(step, UpdateStep) else ())}
    return not any(
        _is_apart(before.answer.get(known.answered_as) if before is not None else None, name in named)
        for name, known in kind.fields.items()
        if _is_object(known)
    )


def _is_object(known: Field) -> bool:
    """Return whether a field is an object that can be sent; a link is compared by its id alone."""
    is_sent = (known.create or known.update) and not known.read_only
    return is_sent and known.type == "object" and bool(known.fields) and not known.refers_to


def _is_apart(answer: Any, is_named: bool) -> bool:
    """Return whether the fields of an object are compared, and a listing is not known to show them.

    One that was answered without a path is part of its record. One that was never sent is compared as far as
    its fields were answered.
    """
    if not isinstance(answer, Mapping):
        return is_named
    return "$path" in answer and (is_named or not set(answer) <= set(BASE_FIELDS))
