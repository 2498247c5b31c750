"""Puts Sage's ids into a body in place of references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.draft import Node, Reference, references_in
from sagerecon.model.entity import Entity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.money import decimal_text
from sagerecon.pairing.natural_key import at_path, linked_key, normal_key
from sagerecon.planning.step import AdoptStep, WriteStep, name_of
from sagerecon.runner.context import RunContext
from sagerecon.runner.conversation import RETRY

#: The hint of a step that waits for an entity which must exist in Sage exactly once.
CORRECT_IN_SAGE = "Correct this in Sage, then run the same command again: sagerecon apply"

#: The hint of a step that waits for a record which this plan does not send any more.
NEW_PLAN = "Correct what it refers to, then create a new plan: sagerecon plan"


class Ids(Protocol):
    """The part of a run log that knows ids."""

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Return Sage's id for a draft key, or for a natural key that exactly one entity has."""
        ...

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """Return what Sage answered for the entity with this key, or None where no single entity has it."""
        ...

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Return every entity known to have a natural key."""
        ...


def resolved_body(step: WriteStep | AdoptStep, context: RunContext) -> Mapping[str, Any] | None:
    """Return the body of `step` as JSON with every id in it.

    Where an id is missing the step is set aside as blocked, and None returned.
    """
    missing: list[Reference] = []
    body: Mapping[str, Any] = resolve_references(step.body, context.log, context.catalog, missing)
    if not missing:
        return None if _waits_for_absent(step, context) else body
    missing = list(dict.fromkeys(missing))
    reasons = ", ".join(_reason(reference, context) for reference in missing)
    message = f"{name_of(step)} refers to {reasons}."
    if not all(_may_come(reference, context) for reference in missing):
        context.block(step, message, NEW_PLAN, is_retried=False)
    elif any(isinstance(reference.key, NaturalKey) for reference in missing):
        context.block(step, message, CORRECT_IN_SAGE, is_retried=True)
    else:
        context.block(step, message, RETRY, is_retried=True)
    return None


def _waits_for_absent(step: WriteStep | AdoptStep, context: RunContext) -> bool:
    """Return whether `step` refers to what this run did not find in Sage; it is set aside then."""

    def is_absent(reference: Reference) -> bool:
        sage_id = _id_of(replace(reference, part=""), context.log, context.catalog)
        return (reference.kind, sage_id) in context.absent

    absent = [each for each in (references_in(step.body) if context.absent else ()) if is_absent(each)]
    if absent:
        names = ", ".join(_reason(reference, context) for reference in dict.fromkeys(absent))
        context.block(step, f"{name_of(step)} refers to {names}.", NEW_PLAN, is_retried=False)
    return bool(absent)


def missing_kinds(step: WriteStep, context: RunContext) -> set[str]:
    """Return the kinds of which `step` refers to an entity by a natural key that no single entity has."""
    missing = missing_references(step, context)
    return {reference.kind for reference in missing if isinstance(reference.key, NaturalKey)}


def missing_references(step: WriteStep, context: RunContext) -> list[Reference]:
    """Return what `step` refers to and no single entity is known to be."""
    missing: list[Reference] = []
    resolve_references(step.body, context.log, context.catalog, missing)
    return missing


def resolve_references(node: Node, ids: Ids, catalog: Catalog, missing: list[Reference]) -> Any:
    """Return `node` as JSON with Sage's id in place of each reference; add those without one to `missing`."""
    if isinstance(node, Reference):
        found = _id_of(node, ids, catalog)
        if found is None:
            missing.append(node)
        return found
    if isinstance(node, Mapping):
        return {name: resolve_references(child, ids, catalog, missing) for name, child in node.items()}
    if isinstance(node, list | tuple):
        return [resolve_references(child, ids, catalog, missing) for child in node]
    if isinstance(node, Decimal):
        return decimal_text(node)
    if isinstance(node, date):
        return node.isoformat()
    return node


def found(kind: Kind, key: NaturalKey, ids: Ids, catalog: Catalog) -> Sequence[Entity]:
    """Return every entity known to have a natural key, in whichever form its listing showed it."""
    return ids.found(kind.name, _held_key(kind, key, ids, catalog))


def _held_key(kind: Kind, key: NaturalKey, ids: Ids, catalog: Catalog) -> NaturalKey:
    """Return the key under which the id map has the entity: the key itself, or the link that it crosses.

    Where a listing shows of a link no more than its id, the linked entity is found first.
    """
    normal = normal_key(catalog, kind, key)
    crossed = linked_key(catalog, kind, key)
    if crossed is None or ids.sage_id(kind.name, normal) is not None or ids.found(kind.name, normal):
        return normal
    link, linked, linked_by = crossed
    linked_id = ids.sage_id(linked.name, _held_key(linked, linked_by, ids, catalog))
    return normal if linked_id is None else NaturalKey(link, linked_id)


def _id_of(reference: Reference, ids: Ids, catalog: Catalog) -> str | None:
    """Return Sage's id for what `reference` names, or for the part of its answer that it names."""
    key = reference.key
    if isinstance(key, NaturalKey):
        if key.field == "id" and not reference.part:
            return key.value  # an entry of one of Sage's fixed lists
        key = _held_key(catalog[reference.kind], key, ids, catalog)
    if not reference.part:
        return ids.sage_id(reference.kind, key)
    answer = ids.answer(reference.kind, key)
    path = catalog[reference.kind].yields.get(reference.part, "")
    found = None if answer is None or not path else at_path(answer, path.split("."))
    return str(found) if found else None


def _may_come(reference: Reference, context: RunContext) -> bool:
    """Return whether the next start of this plan can find what `reference` names."""
    if isinstance(reference.key, NaturalKey):
        return reference.kind in context.listed
    return reference.key in context.retried


def _reason(reference: Reference, context: RunContext) -> str:
    """Return the reference with the reason why its id is missing."""
    if isinstance(reference.key, NaturalKey):
        entities = found(context.catalog[reference.kind], reference.key, context.log, context.catalog)
        why = f"{len(entities)} entities in Sage have it" if len(entities) > 1 else None
    else:
        why = context.log.set_aside_reason(context.run, reference.kind, reference.key)
    return f"{reference} ({(why or 'not found in Sage').rstrip('.')})"
