"""The source as Sage should hold it: a snapshot's records through the mappings, screened, with findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sagerecon.documents.package import catalog, schema
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.model.draft import Outcome
from sagerecon.model.errors import MappingError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.record import Record
from sagerecon.project.project import Project
from sagerecon.reconciliation.expectation import expected_balances, open_items, taxed_amounts
from sagerecon.reconciliation.open_items import OpenItem
from sagerecon.reconciliation.tax import TaxedAmount
from sagerecon.reconciliation.tie_out import Adjustment, ExpectedBalance
from sagerecon.validation.chart import accounts_are_mapped
from sagerecon.validation.invariants import opening_control_closes
from sagerecon.validation.preflight import compare_figures
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import screen


@dataclass(frozen=True, slots=True)
class Compiled:
    """A project's mappings and crosswalks, checked, with what was worth saying about them."""

    mappings: tuple[CompiledMapping, ...]
    crosswalks: Mapping[str, Crosswalk]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What both sides must come to at the as-at date, as the source says; None where it does not."""

    balances: tuple[ExpectedBalance, ...] | None
    adjustments: tuple[Adjustment, ...]
    debtors: tuple[OpenItem, ...] | None
    creditors: tuple[OpenItem, ...] | None
    banks: tuple[ExpectedBalance, ...] | None
    tax: tuple[TaxedAmount, ...] | None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source file as it was frozen."""

    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """An outcome for each record of the source, and what is wrong with the source as a whole."""

    compiled: Compiled
    snapshot: str
    files: tuple[SourceFacts, ...]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    expectations: Expectations

    def insist(self) -> None:
        """Nothing where no finding is an error.

        Raises:
            ValidationError: with all findings.
        """
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            raise ValidationError(self.findings)


def compile_project(project: Project) -> Compiled:
    """The project's mappings, checked against its datasets and the catalog without a row of data.

    Raises:
        MappingError: with every fault of every file.
    """
    crosswalks: dict[str, Crosswalk] = {}
    findings: list[Finding] = []
    for path in project.crosswalk_files:
        crosswalk, found = read_crosswalk(path.stem, project.text(path), project.name(path))
        crosswalks[crosswalk.name] = crosswalk
        findings += found
    datasets, found = project.describe_source()
    findings += found
    mappings, found = compile_mappings(
        project.texts(project.mapping_files),
        datasets,
        catalog(),
        crosswalks,
        {**project.parameters, "country": project.business.country, "edition": project.business.edition},
        schema("mapping"),
    )
    findings += found
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise MappingError(findings)
    return Compiled(mappings, crosswalks, tuple(findings))


def prepare(project: Project) -> Prepared:
    """Every record of the frozen source as an outcome, with all that was found on the way.

    Raises:
        MappingError: the mappings have faults.
        ProjectError: no snapshot was taken yet.
    """
    compiled = compile_project(project)
    with project.open_snapshot() as snapshot:

        def rows(name: str) -> list[Record] | None:
            source = project.tie_outs.get(name)
            return list(snapshot.records(source.dataset, ())) if source else None

        findings = [*compiled.findings, *snapshot.findings(), *snapshot.checks()]
        findings += (found for control in snapshot.controls() for found in compare_figures(control))
        outcomes = [
            outcome
            for mapping in compiled.mappings
            for record in snapshot.records(mapping.dataset, mapping.key)
            for outcome in mapping.outcomes(record)
        ]
        balances = rows("trial_balance")
        expectations = _expectations(project, compiled, balances, rows)
        findings += _unmapped_accounts(project, compiled, balances or [])
        files = tuple(SourceFacts(file.path, file.sha256, file.rows) for file in snapshot.files)
        fingerprint = snapshot.fingerprint
    screened = screen(outcomes, catalog(), _business_settings(project))
    findings += opening_control_closes(screened, catalog())
    return Prepared(compiled, fingerprint, files, tuple(screened), tuple(findings), expectations)


def _business_settings(project: Project) -> BusinessSettings:
    business = project.business
    return BusinessSettings(
        accounts_start=project.accounts_start,
        lockdown=business.lockdown,
        country=business.country,
        edition=business.edition,
        is_tax_registered=business.tax_registered,
    )


def _expectations(
    project: Project,
    compiled: Compiled,
    balances: list[Record] | None,
    rows: Callable[[str], list[Record] | None],
) -> Expectations:
    def expected(
        name: str, records: list[Record] | None
    ) -> tuple[tuple[ExpectedBalance, ...] | None, tuple[Adjustment, ...]]:
        if records is None:
            return None, ()
        found, adjustments = expected_balances(records, _target(project, compiled, name))
        return tuple(found), tuple(adjustments)

    def items(name: str) -> tuple[OpenItem, ...] | None:
        records = rows(name)
        return None if records is None else tuple(open_items(records))

    trial_balance, adjustments = expected("trial_balance", balances)
    banks, _ = expected("bank", rows("bank"))
    taxed = rows("tax")
    tax = None
    if taxed is not None:
        tax = tuple(taxed_amounts(taxed, compiled.crosswalks[project.tie_outs["tax"].crosswalk].lookup))
    return Expectations(trial_balance, adjustments, items("debtors"), items("creditors"), banks, tax)


def _unmapped_accounts(project: Project, compiled: Compiled, balances: list[Record]) -> Iterator[Finding]:
    if balances:
        crosswalk = project.tie_outs["trial_balance"].crosswalk
        yield from accounts_are_mapped(balances, _target(project, compiled, "trial_balance"), crosswalk)


def _target(project: Project, compiled: Compiled, name: str) -> Callable[[str], str | None]:
    crosswalk = compiled.crosswalks[project.tie_outs[name].crosswalk]
    return lambda code: crosswalk.lookup(code)  # noqa: PLW0108 - its other parameters are not ours
