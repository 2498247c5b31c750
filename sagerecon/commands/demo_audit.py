"""The audit of the demo: what the rehearsal's own books hold, compared with the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set

from sagerecon.model.catalog import Catalog
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import CreateStep, QuarantinedStep
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.rehearsal.overview import references
from sagerecon.rehearsal.request import Books

#: Records of the demo company that cannot be moved as they are; the README of its extracts lists them.
PLANTED = 6


def doubled_records(plan: Plan, catalog: Catalog, books: Books, now: int) -> Iterator[str]:
    """Yield a sentence for each reference of the plan that Sage's listings show more than once."""
    created = [step for step in plan.steps if isinstance(step, CreateStep) and "reference" in step.identity]
    for kind in sorted({step.kind for step in created}):
        planned = Counter(step.identity["reference"] for step in created if step.kind == kind)
        seen = Counter(references(books, catalog[kind].path, now))
        for reference, count in seen.items():
            if reference in planned and count > planned[reference]:
                yield f"{kind} {reference} is in Sage {count} times."


def lost_records(
    plan: Plan,
    catalog: Catalog,
    not_created: Set[str],
    before: Mapping[str, int],
    after: Mapping[str, int],
) -> Iterator[str]:
    """Yield a sentence for each resource whose growth in Sage is not the number that the plan created.

    Args:
        not_created: keys of planned records that were adopted or set aside.
        before: records in Sage before the run, by resource.
        after: the same after the run.
    """
    created = Counter(
        catalog[step.kind].resource
        for step in plan.steps
        if isinstance(step, CreateStep) and step.key not in not_created
    )
    created["ledger_accounts"] += created["bank_accounts"]  # Sage makes one for each
    for resource, count in created.items():
        more = after.get(resource, 0) - before.get(resource, 0)
        if more != count:
            yield f"Sage has {more:,} new {resource}, but the plan created {count:,}."


def unexpected_findings(plan: Plan, reconciliation: Reconciliation) -> Iterator[str]:
    """Yield a sentence for each finding besides the planted records, and for each planted one not found."""
    planned = sorted(step.key for step in plan.steps if isinstance(step, QuarantinedStep))
    if len(planned) != PLANTED:
        yield f"{PLANTED} errors were planted in the source, but the plan quarantines {len(planned)} records."
    found = reconciliation.open_verdicts
    quarantined = sorted(verdict.key for verdict in found if verdict.is_set_aside)
    if quarantined != planned:
        yield f"{len(quarantined)} records are in quarantine, but the plan quarantined {len(planned)}."
    for verdict in found:
        if not verdict.is_set_aside:
            yield f"{verdict.label or verdict.id}: {verdict.verdict.value}. {verdict.reason}"
