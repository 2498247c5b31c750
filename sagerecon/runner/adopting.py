"""Carries out the decision that an entity in Sage is a record: it is read, and its id is kept."""

from __future__ import annotations

from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.natural_key import identity_keys
from sagerecon.planning.step import AdoptStep, name_of
from sagerecon.runner.context import RunContext
from sagerecon.runner.entity import read_entity
from sagerecon.runner.progress import Event
from sagerecon.runner.references import resolve_references

_NEW_PLAN = "Create a new plan: sagerecon plan"


def adopt(step: AdoptStep, context: RunContext) -> None:
    """Record the entity that was decided to be the record of `step`, as Sage holds it now.

    Where it differs from the draft it is edited in Sage: nothing is sent, and a later plan names it.
    """
    recorded = context.log.sage_id(step.kind, step.key)
    if recorded not in (None, step.replaces):  # by settling the doubt of an earlier run
        return context.reporter.report(Event.SKIPPED, step)
    owner = context.log.owner(step.kind, step.sage_id)
    if owner is not None:
        why = f"{name_of(step)} was not adopted, for the entity in Sage belongs to {owner}."
        return context.quarantine(step, Code.DIFFERS, why, "Decide again: sagerecon decide list")
    entity = read_entity(step.kind, step.sage_id, context)
    if not isinstance(entity, Entity):
        why = f"{name_of(step)} was not adopted, for the entity in Sage cannot be read: {entity}."
        return context.park(step, Code.UNREADABLE, why)
    if not entity.body or is_gone(entity):
        context.log.clear(step.kind, step.key)
        why = f"{name_of(step)} was not adopted, for Sage no longer holds the entity {step.sage_id}."
        return context.quarantine(step, Code.UNDECIDED, why, _NEW_PLAN)
    body = resolve_references(step.body, context.log, context.catalog, [])
    keys = identity_keys(context.catalog, context.catalog[step.kind], step.identity, body)
    context.log.adopt(context.run, step, entity, [key for _, key in keys])
    return context.reporter.report(Event.ADOPTED, step)
