"""Adopts what Sage holds although the store did not know it, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.draft import references_in
from sagerecon.model.entity import Entity
from sagerecon.pairing.natural_key import identity_keys
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.step import CreateStep, name_of
from sagerecon.runner.attempts import new_attempt
from sagerecon.runner.context import RunContext
from sagerecon.runner.progress import Event

#: What to do about a record that Sage may hold already.
DECIDE = "Compare it with Sage, and decide which it is: sagerecon plan, sagerecon decide list"


_NEW_PLAN = "Create a new plan: sagerecon plan"


@dataclass(frozen=True, slots=True)
class Adoption:
    """An entity in Sage that is equal to the draft of a step; `body` is the draft with every id in it."""

    step: CreateStep
    body: Mapping[str, Any]
    entity: Entity


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a comparison of the whole plan with Sage found: what is adopted, and what waits for a decision."""

    adoptions: Sequence[Adoption] = ()
    suspects: Sequence[tuple[CreateStep, Suspect]] = ()
    cleared: Sequence[CreateStep] = ()  #: of which Sage holds nothing
    waiting: Set[int] = frozenset()  #: the numbers of the steps that wait in the plan already
    #: Of the steps that wait, kind and key of those that a decision has to settle unless they are adopted.
    undecided: Set[RecordKey] = frozenset()


def recover(recovery: Recovery, context: RunContext) -> set[int]:
    """Record each adoption, and set aside what waits. Return the numbers of these steps.

    What waits in the plan, and waits for nothing that is still to be decided, needs a new plan.

    All of it is durable before the store counts as complete, so that a crash before that leaves a store which
    is compared with Sage again.
    """
    for step in recovery.cleared:
        context.log.clear(step.kind, step.key)
    context.log.suspect([suspect for _, suspect in recovery.suspects])
    for adoption in recovery.adoptions:
        step, kind = adoption.step, context.catalog[adoption.step.kind]
        attempt = new_attempt(step, kind, adoption.body, run=context.run, business=context.business)
        keys = [key for _, key in identity_keys(context.catalog, kind, step.identity, adoption.body)]
        context.log.record(attempt, adoption.entity, keys, adopted=True)
        context.reporter.report(Event.ADOPTED, step)
    settled = {adoption.step.number for adoption in recovery.adoptions}
    for step, suspect in recovery.suspects:
        if step.number not in recovery.waiting:
            context.quarantine(step, Code.UNCERTAIN_IN_SAGE, suspect.reason, DECIDE)
            settled.add(step.number)
    adopted = {(adoption.step.kind, adoption.step.key) for adoption in recovery.adoptions}
    undecided = {(step.kind, step.key) for step, _ in recovery.suspects} | (recovery.undecided - adopted)
    for step in recovery.cleared:
        if step.number not in recovery.waiting or (step.kind, step.key) in undecided:
            continue
        if any((reference.kind, reference.key) in undecided for reference in references_in(step.body)):
            undecided.add((step.kind, step.key))
        else:
            why = f"{name_of(step)} waits in this plan, and Sage does not hold it."
            context.block(step, why, _NEW_PLAN, is_retried=False)
            settled.add(step.number)
    context.log.flush()
    return settled
