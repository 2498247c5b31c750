"""The records that runs wrote or deleted, and that the source no longer has."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.commands.prepared_outcomes import PreparedOutcomes
from sagerecon.model.clock import day_of
from sagerecon.model.draft import LeftOut
from sagerecon.store.company import CompanyStore


def past_record(company: CompanyStore, outcomes: PreparedOutcomes, name: str) -> LeftOut | None:
    """Return the record of a key or of a name that a reconciliation prints, as one that is left out.

    Args:
        outcomes: what the source has; a record that is among them is none of the past.
    """
    found = list(_named(company, name))
    exact = [record for record in found if record.key == name]
    return next((r for r in (*exact, *found) if outcomes.with_key(r.key) is None), None)


def _named(company: CompanyStore, name: str) -> Iterator[LeftOut]:
    for record in company.history.written():
        if name in (record.key, record.label, record.answer.get("displayed_as")):
            yield LeftOut(
                kind=record.kind,
                key=record.key,
                rule="",
                reason="no longer in the source",
                origins=record.origins,
                amount=record.amount,
                label=record.label,
            )
    for step, at in company.history.reversals():
        if name in (step.key, step.label):
            yield LeftOut(
                kind=step.kind,
                key=step.key,
                rule="",
                reason=f"deleted or voided in Sage on {day_of(at)}, {step.reason}",
                origins=step.origins,
                amount=step.amount,
                label=step.label,
            )
