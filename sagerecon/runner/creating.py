"""Carries out a creation: adopts the entity if Sage holds it already, else sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.draft import OnExisting, node_document
from sagerecon.model.entity import Entity
from sagerecon.model.value import fingerprint
from sagerecon.pairing.adoption import Candidate, is_other_record, objection_to_adopting
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.natural_key import identity_keys
from sagerecon.planning.step import CreateStep, name_of
from sagerecon.runner.attempts import new_attempt, send
from sagerecon.runner.context import RunContext
from sagerecon.runner.conversation import RETRY
from sagerecon.runner.progress import Event
from sagerecon.runner.recovery import DECIDE
from sagerecon.runner.references import NEW_PLAN, found, resolved_body


def create(step: CreateStep, context: RunContext) -> None:
    """Send the body of `step`, or adopt the entity that Sage holds already, as `on_existing` says."""
    body = resolved_body(step, context)
    if body is None:
        return
    if _awaits_deletion(step, context):
        why = f"{name_of(step)} was not created again, because what it replaces was not deleted."
        is_retried = step.key in context.retried
        context.block(step, why, RETRY if is_retried else NEW_PLAN, is_retried=is_retried)
    elif context.log.sage_id(step.kind, step.key) not in (None, step.replaces):
        _compare_with_recorded(step, context)
    elif step.on_existing is not OnExisting.CREATE and step.kind in context.unreadable:
        why = f"{name_of(step)} was not created, because the listing of its kind could not be read."
        context.block(step, why, RETRY, is_retried=True)
    elif existing := _existing(step, context, body):
        _adopt(step, context, body, existing)
    elif suspect := context.log.suspicion(step.kind, step.key):
        context.quarantine(step, Code.UNCERTAIN_IN_SAGE, suspect.reason, DECIDE)
    else:
        send(step, context, body, sage_id="")


def _awaits_deletion(step: CreateStep, context: RunContext) -> bool:
    """Return whether this plan deletes an entity of the record first, and has not done so."""
    deletion = context.reversals.steps.get((step.kind, step.key))
    return deletion is not None and context.log.sage_id(step.kind, step.key) == deletion.sage_id


def _compare_with_recorded(step: CreateStep, context: RunContext) -> None:
    """Settle a step whose record was brought in by settling the doubt of an earlier run."""
    if context.log.content(step.kind, step.key) == fingerprint(node_document(step.body)):
        context.reporter.report(Event.SKIPPED, step)
    else:
        why = f"{name_of(step)} was written by an earlier run with other content."
        context.quarantine(step, Code.CHANGED_AFTER_WRITE, why)


def _existing(step: CreateStep, context: RunContext, body: Mapping[str, Any]) -> Sequence[Entity]:
    """Return the entities in Sage that the identity of `step` may mean."""
    if step.on_existing is OnExisting.CREATE:
        return []
    kind = context.catalog[step.kind]
    unique = {key.field for key in kind.natural_keys if key.is_unique}
    existing: dict[str, Entity] = {}
    for name, key in identity_keys(context.catalog, kind, step.identity, body):
        for entity in found(kind, key, context.log, context.catalog):
            if entity.sage_id == step.replaces or is_gone(entity):
                continue
            if name in unique or not is_other_record(kind, body, entity.body):
                existing[entity.sage_id] = entity
    return list(existing.values())


def _adopt(
    step: CreateStep, context: RunContext, body: Mapping[str, Any], existing: Sequence[Entity]
) -> None:
    kind = context.catalog[step.kind]
    candidate = Candidate(
        key=step.key,
        name=name_of(step),
        identity=step.identity,
        on_existing=step.on_existing,
        body=body,
    )
    owner = context.log.owner(step.kind, existing[0].sage_id)
    if (objection := objection_to_adopting(candidate, kind, existing, owner)) is not None:
        return context.quarantine(step, *objection)
    attempt = new_attempt(step, kind, body, run=context.run, business=context.business)
    context.log.record(attempt, existing[0], [], adopted=True)
    return context.reporter.report(Event.ADOPTED, step)
