"""What a reconciliation found in Sage after a plan was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sagerecon.commands.newest_readings import NewestReadings
from sagerecon.model.catalog import Catalog
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import Candidates, KeyLadder
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.census import waiting_creations
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import AdoptStep, CreateStep
from sagerecon.planning.step_fields import draft_of
from sagerecon.store.company import CompanyStore


def suspects_read_since(
    plan: Plan, steps: Sequence[CreateStep], company: CompanyStore, catalog: Catalog
) -> list[Suspect]:
    """Return the records that a plan would create, and that Sage may hold by a reconciliation since.

    What the plan found itself, and what is decided, is not asked again: only a newer reconciliation counts.

    Args:
        steps: the creations of the plan that were not carried out, and that were never sent.
    """
    basis = company.reconciliations.last_basis()
    if basis is None or basis.number == plan.header.reconciliation or not steps:
        return []
    newest = NewestReadings.of(company, basis)
    drafts = [
        replace(draft_of(step), on_existing=step.on_existing) for step in (*steps, *waiting_creations(plan))
    ]
    decided = {(step.kind, step.sage_id) for step in plan.steps if isinstance(step, AdoptStep)}
    unowned = newest.unowned({draft.kind for draft in drafts}) - decided
    if not unowned:
        return []
    candidates = Candidates(drafts, catalog)
    may_be = [
        entity
        for entity in newest.entities()
        if (entity.kind, entity.sage_id) in unowned and candidates.has(entity)
    ]
    deleted = newest.deleted() if may_be else frozenset[str]()
    may_be = [entity for entity in may_be if entity.sage_id not in deleted]
    if not may_be:
        return []
    identities = Identities(company.history.written(), newest.entities(), catalog)
    ladder = KeyLadder(catalog=catalog, identities=identities, comparisons={}, seen_at={})
    found = ladder.match(drafts, may_be)
    apart = {(step.kind, step.key): step.apart for step in steps}
    return [
        match.suspect
        for record, match in found.items()
        if record in apart
        and not match.is_adopted
        and not {entity.sage_id for entity in match.entities} <= set(apart[record])
    ]
