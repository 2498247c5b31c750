"""Run the tests of a project's mappings: given records, samples of the source, and what they cover."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sagerecon.commands.mappings import Compiled, check
from sagerecon.commands.preparation import business_settings
from sagerecon.documents.document import Node
from sagerecon.documents.package import schema
from sagerecon.files.found import files_found
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.probe import Probe
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.draft import Outcome
from sagerecon.model.errors import MappingError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import PROJECT_FILE
from sagerecon.model.suggestion import suggestion
from sagerecon.model.value import Scalar
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.snapshots import take_snapshot
from sagerecon.sources.snapshot import open_snapshot
from sagerecon.testing.case import Result, compare, record_of
from sagerecon.testing.coverage import Covered, coverage
from sagerecon.testing.given import given_row
from sagerecon.testing.sample import differences, outcomes_text
from sagerecon.testing.tests_file import Case, Sample, TestsFile, read_tests
from sagerecon.validation.screening import Screening, screen


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A sample that was mapped: the lines in which its outcomes differ from those that were kept."""

    sample: Sample
    records: int
    name: str  #: of the file with what is expected
    diff: tuple[str, ...] = ()
    is_updated: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The finding about a difference."""
        if not self.diff:
            return ()
        changed = sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in self.diff)
        message = f"the outcomes of the sample differ from {self.name} in {changed:,} lines."
        hint = "Review them; if they are right, keep them: sagerecon test --update"
        return (Finding(Code.SAMPLE_DIFFERS, self.sample.expect.place, message, hint),)


@dataclass(frozen=True, slots=True)
class Tested:
    """The tests that were run, and what they used of the mappings."""

    results: tuple[Result, ...]
    samples: tuple[SampleResult, ...]
    covered: tuple[Covered, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """A finding for each difference from what is expected."""
        return tuple(
            finding
            for findings in (
                *(result.differences for result in self.results),
                *(sample.findings for sample in self.samples),
            )
            for finding in findings
        )


def run_tests(project: Project, clock: Clock, paths: Sequence[Path] = (), *, update: bool = False) -> Tested:
    """Run the tests of a project.

    Args:
        clock: for the snapshots of samples.
        paths: the files with tests, or folders of them, to run; all of the project where there are none.
        update: whether the outcomes of samples are written as those that are expected.

    Raises:
        MappingError: the mappings or the tests have errors.
        ProjectError: a file cannot be read or written.
        ValidationError: a sample has errors.
    """
    probe = Probe()
    compiled = check(project, probe)
    files, findings = _read_files(project, compiled, paths)
    running = _Running(project, compiled, probe)
    results = [result for file in files for result in running.cases(file)]
    findings += running.findings
    if findings:
        raise MappingError(findings)
    samples = tuple(
        _run_sample(project, compiled, clock, file, sample, update)
        for file in files
        for sample in file.samples
    )
    covered = coverage(probe.uses)
    if paths:
        tested = {mapping.file for mapping in compiled.mappings if mapping.name in running.mappings}
        covered = (found for found in covered if found.file in tested or samples)
    return Tested(tuple(results), samples, tuple(covered))


@dataclass(slots=True)
class _Running:
    """Runs the cases of files, each against the mappings as its file's parameters make them."""

    project: Project
    compiled: Compiled
    probe: Probe
    findings: list[Finding] = field(default_factory=list)
    mappings: set[str] = field(default_factory=set)  #: those that cases are of

    def cases(self, file: TestsFile) -> Iterator[Result]:
        """Yield the result of each case of a file."""
        compiled = self._with_parameters(file.parameters)
        by_name = {mapping.name: mapping for mapping in compiled.mappings}
        references = None if file.references is None else {node.text for node in file.references}
        for case in file.cases:
            mapping = by_name.get(case.mapping)
            if mapping is None:
                message = f"there is no mapping '{case.mapping}'."
                hint = suggestion(case.mapping, by_name) or f"There are: {', '.join(sorted(by_name))}."
                self.findings.append(Finding(Code.UNKNOWN_MAPPING, case.place, message, hint))
                continue
            self.mappings.add(case.mapping)
            row, findings = given_row(case.given, compiled.sources.columns[mapping.dataset])
            self.findings += findings
            if not findings:
                yield compare(case, self._outcome(case, row, mapping), references)

    def _with_parameters(self, parameters: Mapping[str, Scalar] | None) -> Compiled:
        if parameters is None:
            return self.compiled
        stated = {**self.project.parameters, **parameters}
        return check(replace(self.project, parameters=stated), self.probe)

    def _outcome(self, case: Case, row: Mapping[str, object], mapping: CompiledMapping) -> Outcome | None:
        """Return the outcome of a record, screened; None where the mapping does not apply to it."""
        outcome = next(mapping.outcomes(record_of(case, row, mapping)), None)
        if outcome is None:
            return None
        return Screening(self.project.catalog, business_settings(self.project)).check(outcome)


def _read_files(
    project: Project, compiled: Compiled, paths: Sequence[Path]
) -> tuple[list[TestsFile], list[Finding]]:
    """Return the files with tests, and the findings about them."""
    found: dict[Path, str] = {}  # and the mapping that names the file
    findings: list[Finding] = []
    for mapping in compiled.mappings:
        if mapping.tests is not None:
            folder = Path(mapping.file).parent
            pattern = (folder / mapping.tests.text).as_posix()
            files, faults = files_found(
                project.folder, pattern, mapping.tests.place, (project.folder,), PROJECT_FILE
            )
            findings += faults
            if not files and not faults:
                message = f"there is no file '{mapping.tests.text}' with tests beside the mapping."
                findings.append(Finding(Code.NO_SUCH_FILE, mapping.tests.place, message, "Check the name."))
            found |= dict.fromkeys(files, mapping.name)
    for path in project.test_files:
        found.setdefault(path, "")
    chosen = [path.resolve() for path in paths]
    read: list[TestsFile] = []
    for path, name in found.items():
        if chosen and not any(path == each or path.is_relative_to(each) for each in chosen):
            continue
        file, faults = read_tests(project.text(path), project.name(path), schema("tests"), name)
        findings += faults
        read.append(file)
    return read, findings


def _run_sample(
    project: Project, compiled: Compiled, clock: Clock, file: TestsFile, sample: Sample, update: bool
) -> SampleResult:
    folder = (project.folder / file.name).parent
    data, expected = (_inside(project, folder, node) for node in (sample.data, sample.expect))
    outcomes = _sample_outcomes(replace(project, data=data, data_folders=(data,)), compiled, clock)
    text = outcomes_text(outcomes)
    name = project.name(expected)
    if update:
        is_updated = not expected.exists() or project.text(expected) != text
        if is_updated:
            write_private(expected, [text])
        return SampleResult(sample, len(outcomes), name, is_updated=is_updated)
    if not expected.exists():
        message = f"there is no {name} yet, with the outcomes that are expected of the sample."
        hint = "Write it, and review it: sagerecon test --update"
        raise MappingError([Finding(Code.NO_SUCH_FILE, sample.expect.place, message, hint)])
    return SampleResult(sample, len(outcomes), name, tuple(differences(project.text(expected), text, name)))


def _sample_outcomes(project: Project, compiled: Compiled, clock: Clock) -> list[Outcome]:
    """Return the outcomes of all records of a sample, screened."""
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "sample.duckdb"
        take_snapshot(project, clock, lambda _file, _rows: None, target)
        with open_snapshot(target, compiled.sources, project.sql_seconds) as snapshot:
            if faults := [each for each in snapshot.checks() if each.severity is Severity.ERROR]:
                raise ValidationError(faults)
            outcomes = [
                outcome
                for mapping in compiled.mappings
                for record in snapshot.records(mapping.dataset, mapping.key)
                for outcome in mapping.outcomes(record)
            ]
    return screen(outcomes, project.catalog, business_settings(project))


def _inside(project: Project, folder: Path, node: Node) -> Path:
    """Return the path that a file with tests names.

    Raises:
        MappingError: it leads out of the project.
    """
    path = (folder / node.text).resolve()
    if not path.is_relative_to(project.folder):
        message = f"'{node.text}' leads out of the project."
        hint = "Keep samples and what is expected of them in the project's folder."
        raise MappingError([Finding(Code.OUTSIDE_FOLDER, node.place, message, hint)])
    return path
