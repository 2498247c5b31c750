"""Compare the entities read back with the prepared source: verdicts, then tie-outs."""

from __future__ import annotations

from sagerecon.commands.history import read_history
from sagerecon.commands.preparation import Prepared
from sagerecon.commands.tie_outs import tie_out
from sagerecon.model.finding import Finding
from sagerecon.pairing.identity import Identities
from sagerecon.project.project import Project
from sagerecon.project.source import mappings_fingerprint
from sagerecon.project.state import Readings
from sagerecon.reconciliation.chart_of_accounts import ControlAccounts
from sagerecon.reconciliation.comparer import DraftInputs
from sagerecon.reconciliation.reconcile import reconcile
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.store.company import CompanyStore


def judge(project: Project, prepared: Prepared, company: CompanyStore, readings: Readings) -> Reconciliation:
    """Return one verdict a record, and the tie-outs, from what the readings found."""
    reading, *looked_for_deletions = readings.runs
    before = read_history(company, reading, readings.before)
    history = company.history
    written = list(history.written())
    held = [entity for entity in history.entities_read(reading) if entity.kind != "trial_balance"]
    trial_balance = next(history.entities_read(reading, "trial_balance"), None)
    identities = Identities(written, held, project.catalog)
    rejected: dict[str, tuple[Finding, ...]] = {a.step.key: a.findings for a in history.set_aside()}
    controls = ControlAccounts(**{name: str(code) for name, code in project.control_accounts.items()})
    reconciliation = reconcile(
        prepared.outcomes,
        written,
        held,
        {mapping.name: mapping.comparisons for mapping in prepared.compiled.mappings},
        project.catalog,
        read={entity.kind for entity in held} | {w.kind for w in written},
        inputs=DraftInputs(prepared.snapshot, mappings_fingerprint(project)),
        pre_existing={entity.sage_id for run in before.load_runs for entity in history.entities_read(run)},
        deleted={entity.sage_id for run in looked_for_deletions for entity in history.entities_read(run)},
        began_at=before.began_at,
        rejected=rejected,
        accounts=controls,
        last=before.last,
        identities=identities,
    )
    if trial_balance is None:
        return reconciliation
    return reconciliation.with_tie_outs(
        tuple(
            tie_out(
                prepared.expectations,
                project.as_at,
                controls,
                reconciliation.verdicts,
                trial_balance,
                held,
                identities,
                project.catalog,
            )
        )
    )
