"""The records of a snapshot through the mappings, validated: what Sage should hold, with findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sagerecon.commands.expectations import Expectations, TieOutRows
from sagerecon.commands.mappings import Compiled, check
from sagerecon.model.draft import Outcome
from sagerecon.model.errors import ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.project.project import Business, Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.validation.invariants import opening_control_closes
from sagerecon.validation.preflight import compare_figures
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import screen


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source file of the snapshot."""

    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """The outcome of each source record, and the findings about the source as a whole."""

    compiled: Compiled
    snapshot: str
    files: tuple[SourceFacts, ...]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    expectations: Expectations

    def raise_on_errors(self) -> None:
        """Raise if a finding is an error.

        Raises:
            ValidationError: with every finding.
        """
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            raise ValidationError(self.findings)


def prepare(project: Project) -> Prepared:
    """Return the outcome of every record of the snapshot, with all findings.

    Raises:
        MappingError: the mappings have errors.
        ProjectError: no snapshot has been taken.
    """
    compiled = check(project)
    with open_snapshot(project) as snapshot:
        findings = [*compiled.findings, *snapshot.findings(), *snapshot.checks()]
        findings += (found for control in snapshot.controls() for found in compare_figures(control))
        outcomes = [
            outcome
            for mapping in compiled.mappings
            for record in snapshot.records(mapping.dataset, mapping.key)
            for outcome in mapping.outcomes(record)
        ]
        tie_outs = TieOutRows(project.tie_outs, snapshot, compiled.crosswalks)
        expectations = tie_outs.expectations()
        findings += tie_outs.unmapped_accounts()
        files = tuple(SourceFacts(file.path, file.sha256, file.rows) for file in snapshot.files)
        fingerprint = snapshot.fingerprint
    screened = screen(outcomes, project.catalog, _business_settings(project.business, project.accounts_start))
    findings += opening_control_closes(screened, project.catalog)
    return Prepared(
        compiled=compiled,
        snapshot=fingerprint,
        files=files,
        outcomes=tuple(screened),
        findings=tuple(findings),
        expectations=expectations,
    )


def _business_settings(business: Business, accounts_start: date) -> BusinessSettings:
    return BusinessSettings(
        accounts_start=accounts_start,
        lockdown=business.lockdown,
        country=business.country,
        edition=business.edition,
        is_tax_registered=business.tax_registered,
    )
