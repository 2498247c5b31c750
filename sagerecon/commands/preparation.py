"""The records of a snapshot through the mappings, validated: what Sage should hold, with findings.

This is done once for a snapshot. The result is kept beside it, under the fingerprint of all that it follows
from; every other command reads it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from importlib.metadata import version
from sys import version as python_version

from sagerecon.commands.expectations import (
    Expectations,
    TieOutRows,
    expectations_document,
    read_expectations,
)
from sagerecon.commands.mappings import Compiled, check
from sagerecon.commands.prepared_outcomes import PreparedOutcomes
from sagerecon.commands.row_changes import RowChanges
from sagerecon.documents.package import catalog_fingerprint, code_fingerprint
from sagerecon.model.draft import SHORT_REFERENCE, Change, Draft, Outcome, Quarantined
from sagerecon.model.errors import ProjectError, ValidationError
from sagerecon.model.finding import Finding, Severity, finding_document, read_finding
from sagerecon.model.not_carried import NotCarried, not_carried
from sagerecon.model.value import fingerprint
from sagerecon.pairing.figures import covers, figures
from sagerecon.pairing.held_references import with_held_references
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.outcome_file import (
    FORMAT,
    DamagedFileError,
    OutcomeFile,
    OutcomeWriter,
    make_file,
    path_of,
)
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.project.source import mappings_fingerprint
from sagerecon.sources.files import files_changed
from sagerecon.sources.snapshot import Snapshot
from sagerecon.validation.preflight import compare_figures
from sagerecon.validation.rate_periods import RatePeriods
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import Screening

#: The rooms whose code decides what the outcomes are.
_ROOMS = (
    "commands",
    "documents",
    "mapping",
    "model",
    "pairing",
    "project",
    "reconciliation",
    "sources",
    "validation",
)

#: The libraries that take part: DuckDB shapes the rows, Jinja2 reads the expressions, two check values.
_LIBRARIES = ("duckdb", "jinja2", "google-re2", "python-stdnum")

#: How often the file is made where it is gone when it is opened.
_ATTEMPTS = 3


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
    outcomes: PreparedOutcomes
    findings: tuple[Finding, ...]

    @property
    def expectations(self) -> Expectations:
        """The figures of the source for the tie-outs."""
        return read_expectations(self.outcomes.fact("expectations"))

    def outcomes_with(self, recorded: Collection[RecordKey]) -> Sequence[Outcome]:
        """Return the outcomes by what earlier runs recorded: what refers to that can be sent.

        They are read from their file each time they are iterated over.

        Args:
            recorded: the kind and draft key of the records that Sage holds for us.
        """
        return with_held_references(self.outcomes, recorded) if self._has_orphans else self.outcomes

    @property
    def _has_orphans(self) -> bool:
        return bool(self.outcomes.fact("has_orphans"))

    def raise_on_errors(self) -> None:
        """Raise if a finding is an error.

        Raises:
            ValidationError: with every finding.
        """
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            raise ValidationError(self.findings)


def prepare(project: Project) -> Prepared:
    """Return the outcome of every record of the snapshot, with all findings.

    They are read from the file beside the snapshot, or made where there is none for these inputs.

    Raises:
        MappingError: the mappings have errors.
        ProjectError: no snapshot has been taken.
        ProjectFileError: `decisions.yaml` has errors.
    """
    with _open_inputs(project) as inputs:
        made_from = inputs.fingerprint

        def make_anew() -> OutcomeFile:
            with _open_inputs(project) as found:
                if found.fingerprint != made_from:
                    raise _changed()
                return found.make()

        outcomes = PreparedOutcomes(inputs.open_or_make(), make_anew)
        files = tuple(SourceFacts(file.path, file.sha256, file.rows) for file in inputs.snapshot.facts.files)
        return Prepared(
            compiled=inputs.compiled,
            snapshot=inputs.snapshot.facts.fingerprint,
            files=files,
            outcomes=outcomes,
            findings=(
                *(read_finding(finding) for finding in outcomes.fact("findings")),
                *files_changed(
                    project.data, [(file.path, file.sha256) for file in files], project.data_folders
                ),
            ),
        )


def not_carried_records(prepared: Prepared) -> Iterator[NotCarried]:
    """Yield the records of the snapshot that the mappings quarantine or leave out."""
    for outcome in prepared.outcomes:
        if (record := not_carried(outcome)) is not None:
            yield record


def short_references(prepared: Prepared) -> Iterator[tuple[Draft, Change]]:
    """Yield each reference that the mappings shortened, with its record: the list from old to new."""
    for outcome in prepared.outcomes:
        if isinstance(outcome, Draft):
            for change in outcome.changes:
                if change.rule.startswith(SHORT_REFERENCE):
                    yield outcome, change


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All that the outcomes follow from, read at one time."""

    project: Project
    compiled: Compiled
    mappings: str  #: the fingerprint of the mappings
    snapshot: Snapshot
    counted: Sequence[Sequence[str]]  #: kind, key and figures of each record that was decided to count

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the inputs and of the program."""
        tie_outs = {name: [each.dataset, each.crosswalk] for name, each in self.project.tie_outs.items()}
        return fingerprint(
            {
                "code": [FORMAT, code_fingerprint(_ROOMS), python_version, *map(version, _LIBRARIES)],
                "catalog": catalog_fingerprint(),
                "snapshot": self.snapshot.facts.fingerprint,
                "mappings": self.mappings,
                "settings": list(astuple(business_settings(self.project))),
                "tie_outs": tie_outs,
                "counted": self.counted,
            }
        )

    def open_or_make(self) -> OutcomeFile:
        """Return the file of these inputs; it is made where there is none that can be used."""
        try:
            return self._open()
        except DamagedFileError:
            return self.make()

    def make(self) -> OutcomeFile:
        """Make the file of these inputs, and return it.

        Raises:
            ProjectError: it cannot be written, or the mappings have been changed since they were read.
        """
        for _ in range(_ATTEMPTS):  # a process with other inputs may remove it before it is opened
            make_file(self.project.state, self.fingerprint, self._fill)
            with suppress(DamagedFileError):
                return self._open()
        raise ProjectError("What was written to the project's folder cannot be read.", "Check its disk.")

    def _open(self) -> OutcomeFile:
        made_from = self.fingerprint
        return OutcomeFile(path_of(self.project.state, made_from), made_from)

    def _fill(self, file: OutcomeWriter) -> None:
        project, compiled, snapshot = self.project, self.compiled, self.snapshot
        findings = [*compiled.findings, *snapshot.facts.findings, *snapshot.checks()]
        findings += (found for control in snapshot.controls() for found in compare_figures(control))
        for dataset, key in dict.fromkeys((each.dataset, tuple(each.key)) for each in compiled.mappings):
            findings += snapshot.look_alike_keys(dataset, key)
        shortened = {mapping.name: mapping.shortened for mapping in compiled.mappings if mapping.shortened}
        screening = Screening(project.catalog, business_settings(project), self._counts, shortened)
        periods = RatePeriods(project.catalog)
        on_reading = RowChanges(snapshot.changes())
        for mapping in compiled.mappings:
            changes = (on_reading, RowChanges(snapshot.shaped(mapping.dataset)))
            for record in snapshot.records(mapping.dataset, mapping.key):
                for part, outcome in mapping.made_of(record):
                    changed = _with_changes(outcome, changes) if any(changes) else outcome
                    checked = screening.check(changed)
                    if isinstance(checked, Draft):
                        periods.add(checked)
                    file.add(checked, part)
        screening.set_aside(file)
        file.put("has_orphans", screening.has_orphans)
        tie_outs = TieOutRows(project.tie_outs, snapshot, compiled.crosswalks)
        lacking = tie_outs.lacking()
        file.put("expectations", expectations_document(tie_outs.expectations(lacking)))
        findings += (finding for found in lacking.values() for finding in found)
        findings += tie_outs.unmapped_accounts()
        named = {mapping.name: mapping for mapping in compiled.mappings}
        findings += periods.findings(lambda mapping, rate: named[mapping].effective_days(rate))
        file.put("findings", [finding_document(finding) for finding in findings])
        if mappings_fingerprint(project) != self.mappings:
            raise _changed()

    def _counts(self, record: Quarantined) -> bool:
        """Return whether a record that shares an identity was decided to be the one that counts."""
        position = Position(kind=record.kind, key=record.key, outcome=record)
        found = [record.kind, record.key, covers([figures(position)]).fingerprint]
        return found in self.counted


@contextmanager
def _open_inputs(project: Project) -> Iterator[_Inputs]:
    """Open the snapshot and compile the mappings.

    Raises:
        ProjectError: no snapshot has been taken, or the mappings were changed while they were read.
    """
    mappings = mappings_fingerprint(project)
    compiled = check(project)
    with open_snapshot(project, compiled.sources) as snapshot:
        if mappings_fingerprint(project) != mappings:
            raise _changed()
        yield _Inputs(
            project=project,
            compiled=compiled,
            mappings=mappings,
            snapshot=snapshot,
            counted=[
                [decision.kind, decision.key, decision.covers.fingerprint]
                for decision in project_decisions(project)
                if decision.standing is Standing.DUPLICATE_IN_SOURCE
            ],
        )


def _with_changes(outcome: Outcome, changes: Sequence[RowChanges]) -> Outcome:
    """Return the outcome with what was changed in its source rows, before what its mapping changed.

    Args:
        changes: on reading and by SQL.
    """
    if not isinstance(outcome, Draft):
        return outcome
    before = [change for each in changes if each for origin in outcome.origins for change in each.of(origin)]
    return replace(outcome, changes=(*before, *outcome.changes)) if before else outcome


def _changed() -> ProjectError:
    return ProjectError(
        "The snapshot, the mappings or the crosswalks were changed while they were read.",
        "Run the same command again.",
    )


def business_settings(project: Project) -> BusinessSettings:
    """Return what decides which drafts the business in Sage accepts."""
    business = project.business
    return BusinessSettings(
        accounts_start=project.accounts_start,
        lockdown=business.lockdown,
        country=business.country,
        edition=business.edition,
        is_tax_registered=business.tax_registered,
    )
