"""Takes over an entity that Sage holds already, by decision or because it is equal: it is read, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.pairing.agreement import body_differences, is_body_shown
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.held import is_absent
from sagerecon.pairing.natural_key import identity_keys
from sagerecon.planning.step import AdoptStep, name_of
from sagerecon.runner.context import RunContext
from sagerecon.runner.entity import listed_entity, read_entity
from sagerecon.runner.progress import Event
from sagerecon.runner.recovery import DECIDE
from sagerecon.runner.references import resolve_references, resolved_body

_NEW_PLAN = "Create a new plan: sagerecon plan"


def adopt(step: AdoptStep, context: RunContext) -> None:
    """Record the entity that is the record of `step`, as Sage holds it now.

    Where one that was decided to be the record differs from the draft it is edited in Sage: nothing is sent,
    and a later plan names it. One that was equal when it was read, and differs now, is set aside.
    """
    recorded = context.log.sage_id(step.kind, step.key)
    if recorded not in (None, step.replaces):  # by settling the doubt of an earlier run
        return context.reporter.report(Event.SKIPPED, step)
    owner = context.log.owner(step.kind, step.sage_id)
    if owner is not None:
        why = f"{name_of(step)} was not adopted, for the entity in Sage belongs to {owner}."
        return context.quarantine(step, Code.DIFFERS, why, "Decide again: sagerecon decide list")
    body = _body(step, context)
    if body is None:
        return None
    entity = _listed(step, context, body) or read_entity(step.kind, step.sage_id, context)
    if not isinstance(entity, Entity):
        why = f"{name_of(step)} was not adopted, for the entity in Sage cannot be read: {entity}."
        return context.park(step, Code.UNREADABLE, why)
    if is_absent(entity):
        context.log.record_look(context.run, step, entity)  # by it the next plan does not adopt it again
        why = f"{name_of(step)} was not adopted, for Sage no longer holds the entity {step.sage_id}."
        return context.quarantine(step, Code.UNDECIDED, why, _NEW_PLAN)
    if unlike := _differences(step, context, body, entity):
        why = (
            f"{name_of(step)} was not adopted, for the entity {step.sage_id} in Sage differs by now in"
            f" {', '.join(unlike)}."
        )
        context.suspect(step, [entity], why)
        return context.quarantine(step, Code.DIFFERS, why, DECIDE)
    keys = identity_keys(context.catalog, context.catalog[step.kind], step.identity, body)
    context.log.adopt(context.run, step, entity, [key for _, key in keys])
    return context.reporter.report(Event.ADOPTED, step)


def _body(step: AdoptStep, context: RunContext) -> Mapping[str, Any] | None:
    """Return the body of a step with the ids that are known; None where one is missing for a comparison."""
    if step.is_equal:
        return resolved_body(step, context)
    known: Mapping[str, Any] = resolve_references(step.body, context.log, context.catalog, [])
    return known


def _listed(step: AdoptStep, context: RunContext, body: Mapping[str, Any]) -> Entity | None:
    """Return the entity as a listing showed it; None where that lacks a value of the record."""
    listed = listed_entity(step.kind, step.sage_id, context)
    return listed if listed is not None and is_body_shown(body, listed, _rules(step, context)) else None


def _rules(step: AdoptStep, context: RunContext) -> ComparisonRules:
    return ComparisonRules(context.catalog[step.kind].fields, step.compare)


def _differences(
    step: AdoptStep, context: RunContext, body: Mapping[str, Any], entity: Entity
) -> tuple[str, ...]:
    """Return the fields in which an entity differs that was equal when it was read."""
    if not step.is_equal:
        return ()
    return body_differences(body, entity, _rules(step, context), is_tolerant=True)
