"""Compare the entities read back with the prepared source: verdicts, then tie-outs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sagerecon.commands.history import read_history
from sagerecon.commands.last_reading import refusals_of
from sagerecon.commands.newest_readings import NewestReadings, entities_of, read_until
from sagerecon.commands.preparation import Prepared
from sagerecon.commands.tie_outs import declared_tie_outs, tie_out
from sagerecon.model.clock import day_of
from sagerecon.model.entity import Entity
from sagerecon.model.finding import Finding
from sagerecon.model.reading import Reading
from sagerecon.pairing.claims import Denied
from sagerecon.pairing.identity import Identities
from sagerecon.planning.step import ReverseStep
from sagerecon.project.project import Project
from sagerecon.project.source import mappings_fingerprint
from sagerecon.reconciliation.balances import has_balances
from sagerecon.reconciliation.chart_of_accounts import ControlAccounts
from sagerecon.reconciliation.comparer import DraftInputs
from sagerecon.reconciliation.reconcile import reconcile
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.reversed import Reversed, with_reversed
from sagerecon.reconciliation.sage_readings import TRIAL_BALANCE, SageReadings
from sagerecon.reconciliation.tie_out import TieOutNotTaken
from sagerecon.reconciliation.tie_out_notes import tie_out_notes
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis, ReadingRuns

#: The trial balance where Sage answered none.
_NO_BALANCES = Entity(TRIAL_BALANCE, "", {})


def basis_of(company: CompanyStore, runs: ReadingRuns, rules: Mapping[str, str]) -> Basis:
    """Return what the runs asked Sage for, and whether they read it whole.

    Args:
        rules: by mapping, the fingerprint of its comparison rules.
    """
    history = company.history
    trial_balance = _trial_balance(company, runs.reading)
    listed = [
        *history.readings(runs.reading),
        *(history.readings(runs.confirmation) if runs.confirmation else ()),
    ]
    return Basis(
        runs,
        listings=tuple(_with_balances(found, trial_balance) for found in listed),
        deletions=tuple(history.readings(runs.deletions)),
        rules=rules,
    )


def judge(
    project: Project,
    prepared: Prepared,
    company: CompanyStore,
    basis: Basis,
    apart: Collection[str] = frozenset(),
    denied: Denied | None = None,
    renamed: Mapping[str, str] = {},
    incomplete_store: str = "",
) -> Reconciliation:
    """Return one verdict a record, and the tie-outs, from what the readings found.

    A kind that was not read whole gives its records the verdict "not read"; a tie-out that needs it is not
    taken. The tie-outs are as at the day of the reading, whatever the project's day is now.

    Args:
        apart: the keys of drafts that were decided to be none of the records written earlier.
        denied: by kind and draft key, the Sage ids of the entities that a record is decided not to be.
        renamed: the key of today by the earlier key of each record that was decided to be the same.
        incomplete_store: why the store may lack records that it wrote; empty where it does not.
    """
    reading = basis.runs.reading
    before = read_history(company, reading, basis.runs.before)
    history = company.history
    written = list(history.written())
    held = list(entities_of(company, basis))
    sage = SageReadings(basis.listings, basis.deletions)
    identities = Identities(written, held, project.catalog)
    if renamed:
        identities = identities.under(renamed)
    rejected: dict[str, tuple[Finding, ...]] = {a.step.key: a.findings for a in history.set_aside()}
    as_at = sage.as_at or project.as_at
    controls = ControlAccounts(**{name: str(code) for name, code in project.control_accounts.items()})
    reconciliation = reconcile(
        prepared.outcomes_with({(record.kind, record.key) for record in written}),
        written,
        held,
        prepared.compiled.comparisons,
        project.catalog,
        readings=sage,
        read_until=read_until(company, written, basis),
        inputs=DraftInputs(prepared.snapshot, mappings_fingerprint(project)),
        as_at=as_at,
        pre_existing={sage_id for _, sage_id in history.ids_read(before.first_run)},
        deleted=NewestReadings.of(company, basis).deleted(),
        began_at=before.began_at,
        rejected=rejected,
        accounts=controls,
        last=before.last,
        identities=identities,
        suspects=history.suspects(),
        in_doubt=history.creations_in_doubt(),
        refusals=refusals_of(company, project.catalog),
        apart=apart,
        denied=denied,
        incomplete_store=incomplete_store,
    )
    reconciliation = with_reversed(reconciliation, map(_reversed, history.reversals()))
    kinds = {record.kind for record in written}
    expected = prepared.expectations
    reasons = {
        name: expected.lacking.get(name.value) or sage.why_not_taken(name, kinds, project.catalog)
        for name in declared_tie_outs(expected)
    }
    taken = tie_out(
        expected,
        [name for name, why in reasons.items() if not why],
        as_at,
        controls,
        reconciliation.verdicts,
        _trial_balance(company, reading),
        held,
        identities,
        project.catalog,
        project.business.currency,
    )
    noted = (
        replace(tie, notes=(*tie_out_notes(tie, held, identities, sage, project.catalog), *tie.notes))
        for tie in taken
    )
    return reconciliation.with_tie_outs(
        tuple(noted), tuple(TieOutNotTaken(name, why) for name, why in reasons.items() if why)
    )


def _reversed(found: tuple[ReverseStep, int]) -> Reversed:
    step, at = found
    return Reversed(
        kind=step.kind,
        key=step.key,
        label=step.label,
        amount=step.amount,
        sage_id=step.sage_id,
        origins=step.origins,
        on=day_of(at),
        reason=step.reason,
    )


def _trial_balance(company: CompanyStore, reading: str) -> Entity:
    return next(company.history.entities_read(reading, TRIAL_BALANCE), _NO_BALANCES)


def _with_balances(reading: Reading, trial_balance: Entity) -> Reading:
    """Return the reading; the report counts as not read where Sage answered it without balances."""
    if reading.kind != TRIAL_BALANCE or not reading.is_whole or has_balances(trial_balance):
        return reading
    return replace(
        reading, why_incomplete="Sage answered the trial balance without the balances of accounts."
    )
