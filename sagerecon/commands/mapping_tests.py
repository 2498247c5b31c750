"""Run the tests of a project's mappings: given records, samples of the source, and what they cover."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sagerecon.commands.mappings import Compiled, check, mapping_documents, mapping_environment
from sagerecon.commands.preparation import business_settings
from sagerecon.commands.test_suite import KeptSample, read_suite
from sagerecon.mapping.compiler import Environment, MappingFile, compile_file, headers_of
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.probe import Probe
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.draft import Outcome
from sagerecon.model.errors import MappingError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.record import Record
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.snapshots import take_snapshot
from sagerecon.report.junit import JUnitCase, junit_xml
from sagerecon.sources.snapshot import open_snapshot
from sagerecon.testing.case import Result, Screen, Trial, compare, outcome_of, record_of
from sagerecon.testing.coverage import Covered, coverage
from sagerecon.testing.sample import differences, outcomes_text
from sagerecon.validation.screening import Screening, screen


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A sample that was mapped: the lines in which its outcomes differ from those that were kept."""

    sample: KeptSample
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
        return (Finding(Code.SAMPLE_DIFFERS, self.sample.sample.expect.place, message, hint),)


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
    suite = read_suite(project, compiled.mappings, compiled.sources.columns, paths)
    results = tuple(_results(project, compiled, suite.trials, probe))
    samples = tuple(_run_sample(project, compiled, clock, sample, update) for sample in suite.samples)
    covered = coverage(probe.uses)
    if paths and not samples:
        tested = {trial.case.mapping for trial in suite.trials}
        files = {mapping.file for mapping in compiled.mappings if mapping.name in tested}
        covered = (found for found in covered if found.file in files)
    return Tested(results, samples, tuple(covered))


def write_junit(path: Path, tested: Tested) -> None:
    """Write each test and each sample as a result of JUnit XML.

    Raises:
        ProjectError: the file cannot be written.
    """
    write_private(path, [junit_xml("sagerecon test", _junit_cases(tested))])


def _junit_cases(tested: Tested) -> Iterator[JUnitCase]:
    for result in tested.results:
        failures = tuple(map(str, result.differences))
        yield JUnitCase(result.case.name, result.case.mapping, result.case.place, failures)
    for sample in tested.samples:
        place = sample.sample.sample.expect.place
        failures = (*(found.message for found in sample.findings), *sample.diff)
        yield JUnitCase(sample.name, "sample", place, failures)


def _results(project: Project, compiled: Compiled, trials: Sequence[Trial], probe: Probe) -> Iterator[Result]:
    """Yield the result of each test, with its mapping as its parameters and crosswalks make it."""
    made = {("", mapping.name): mapping for mapping in compiled.mappings}
    screens: dict[str, Screen] = {}
    files = {file.text("mapping"): file for file in mapping_documents(project)}
    headers = dict(headers_of(list(files.values()), project.catalog))
    for trial in trials:
        key = (trial.circumstances, trial.case.mapping)
        of_trial = project_of(project, trial)
        if key not in made:
            file, faults = files[trial.case.mapping], Faults("")
            environment = environment_of(of_trial, compiled, trial, probe)
            mapping = compile_file(MappingFile(file.name, file.root, faults), environment, headers)
            if mapping is None:
                raise MappingError(faults.findings)
            made[key] = mapping
        if key[0] not in screens:
            screens[key[0]] = screen_of(of_trial)
        record = record_of(trial.case, trial.row, made[key])
        yield compare(trial.case, outcome_of(made[key], record, screens[key[0]]), trial.references)


def project_of(project: Project, trial: Trial) -> Project:
    """Return the project with the parameters of a test, the days of its books among them."""
    parameters: dict[str, Any] = {**project.parameters, **trial.parameters}
    days = (parameters.get("cut_over", project.cut_over), parameters.get("as_at", project.as_at))
    return replace(project, parameters=parameters, cut_over=days[0], as_at=days[1])


def environment_of(
    project: Project, compiled: Compiled, trial: Trial, probe: Probe | None = None
) -> Environment:
    """Return what the mapping of a test is compiled against, in the project with its parameters."""
    crosswalks = {**compiled.crosswalks, **trial.crosswalks}
    return mapping_environment(project, compiled.sources, crosswalks, probe)


def screen_of(project: Project) -> Screen:
    """Return what screens the outcomes of a project's mappings."""
    return Screening(project.catalog, business_settings(project)).check


def _run_sample(
    project: Project, compiled: Compiled, clock: Clock, sample: KeptSample, update: bool
) -> SampleResult:
    outcomes = [outcome for _, outcome in sample_outcomes(project, compiled, clock, sample)]
    text = outcomes_text(screen(outcomes, project.catalog, business_settings(project)))
    expected, name = sample.expected, project.name(sample.expected)
    if update:
        is_updated = not expected.exists() or project.text(expected) != text
        if is_updated:
            write_private(expected, [text])
        return SampleResult(sample, len(outcomes), name, is_updated=is_updated)
    if not expected.exists():
        message = f"there is no {name} yet, with the outcomes that are expected of the sample."
        hint = "Write it, and review it: sagerecon test --update"
        raise MappingError([Finding(Code.NO_SUCH_FILE, sample.sample.expect.place, message, hint)])
    diff = tuple(differences(project.text(expected), text, name))
    return SampleResult(sample, len(outcomes), name, diff)


def sample_outcomes(
    project: Project, compiled: Compiled, clock: Clock, sample: KeptSample
) -> list[tuple[Record, Outcome]]:
    """Return the records of a sample to which their mapping applies, each with its outcome.

    Raises:
        SourceError: a file of the sample cannot be read.
        ValidationError: its rows have errors.
    """
    of_sample = replace(project, data=sample.data, data_folders=(sample.data,))
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "sample.duckdb"
        take_snapshot(of_sample, clock, lambda _file, _rows: None, target)
        with open_snapshot(target, compiled.sources, project.sql_seconds) as snapshot:
            if faults := [each for each in snapshot.checks() if each.severity is Severity.ERROR]:
                raise ValidationError(faults)
            return [
                made
                for mapping in compiled.mappings
                for record in snapshot.records(mapping.dataset, mapping.key)
                for made in mapping.made_of(record)
            ]
