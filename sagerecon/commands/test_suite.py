"""The tests of a project: the files that its mappings and its settings name, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from sagerecon.documents.package import schema
from sagerecon.files.found import files_found
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.crosswalk import crosswalk_of
from sagerecon.mapping.record_context import iso_day
from sagerecon.model.code import Code
from sagerecon.model.errors import MappingError
from sagerecon.model.finding import Finding
from sagerecon.model.limits import PROJECT_FILE
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar
from sagerecon.project.project import Project
from sagerecon.testing.case import Trial
from sagerecon.testing.given import given_row
from sagerecon.testing.tests_file import Case, Sample, TestsFile, read_tests


@dataclass(frozen=True, slots=True)
class KeptSample:
    """A sample with its absolute paths: its folder, and the file with the expected outcomes."""

    sample: Sample
    data: Path
    expected: Path


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests and samples of a project."""

    trials: tuple[Trial, ...]
    samples: tuple[KeptSample, ...]


def read_suite(
    project: Project,
    mappings: Sequence[CompiledMapping],
    datasets: Mapping[str, Columns],
    paths: Sequence[Path] = (),
) -> Suite:
    """Return the tests of a project.

    Args:
        mappings: of the project.
        datasets: the columns of each dataset.
        paths: the files with tests, or folders of them; all of the project where there are none.

    Raises:
        MappingError: with every fault of every file.
        ProjectError: a file cannot be read.
    """
    suite, findings = check_suite(project, mappings, datasets, paths)
    if findings:
        raise MappingError(findings)
    return suite


def check_suite(
    project: Project,
    mappings: Sequence[CompiledMapping],
    datasets: Mapping[str, Columns],
    paths: Sequence[Path] = (),
) -> tuple[Suite, list[Finding]]:
    """Return the tests of a project that can be run, and the findings about the others.

    Arguments and errors as `read_suite`, but for the findings.
    """
    findings: list[Finding] = []
    files = list(_read_files(project, mappings, paths, findings))
    trials = tuple(trial for file in files for trial in _trials(project, file, mappings, datasets, findings))
    samples = tuple(
        kept for file in files for sample in file.samples for kept in _kept(project, file, sample, findings)
    )
    return Suite(trials, samples), findings


def _named_files(
    project: Project, mappings: Sequence[CompiledMapping], findings: list[Finding]
) -> dict[Path, str]:
    """Return the files with tests, each with the mapping that names it; empty for one of the settings."""
    found: dict[Path, str] = {}
    for mapping in mappings:
        if mapping.tests is None:
            continue
        place = mapping.tests.place
        pattern = (Path(mapping.file).parent / mapping.tests.text).as_posix()
        files, faults = files_found(project.folder, pattern, place, (project.folder,), PROJECT_FILE)
        if not files and not faults:
            message = f"there is no file '{mapping.tests.text}' with tests beside the mapping."
            faults.append(Finding(Code.NO_SUCH_FILE, place, message, "Check the name."))
        findings += faults
        found |= dict.fromkeys(files, mapping.name)
    return found | {path: "" for path in project.test_files if path not in found}


def _read_files(
    project: Project, mappings: Sequence[CompiledMapping], paths: Sequence[Path], findings: list[Finding]
) -> Iterator[TestsFile]:
    chosen = [path.resolve() for path in paths]
    for path, mapping in _named_files(project, mappings, findings).items():
        if chosen and not any(path == each or path.is_relative_to(each) for each in chosen):
            continue
        file, faults = read_tests(project.text(path), project.name(path), schema("tests"), mapping)
        findings += faults
        yield file


def _trials(
    project: Project,
    file: TestsFile,
    mappings: Sequence[CompiledMapping],
    datasets: Mapping[str, Columns],
    findings: list[Finding],
) -> Iterator[Trial]:
    by_name = {mapping.name: mapping for mapping in mappings}
    references = None if file.references is None else frozenset(node.text for node in file.references)
    for case in file.cases:
        mapping = by_name.get(case.mapping)
        if mapping is None:
            message = f"there is no mapping '{case.mapping}'."
            hint = suggestion(case.mapping, by_name) or f"There are: {', '.join(sorted(by_name))}."
            findings.append(Finding(Code.UNKNOWN_MAPPING, case.place, message, hint))
            continue
        row, faults = given_row(case.given, datasets[mapping.dataset])
        findings += faults
        if not faults:
            crosswalks = {name: crosswalk_of(name, node.children()) for name, node in case.crosswalks.items()}
            yield Trial(
                case=case,
                row=row,
                references=references,
                parameters=_parameters(project, case, findings),
                crosswalks=crosswalks,
            )


def _parameters(project: Project, case: Case, findings: list[Finding]) -> dict[str, Scalar]:
    """Return the parameters that a test states; those that are days in the project are days in it too."""
    found: dict[str, Scalar] = {}
    for name, node in case.parameters.items():
        if name not in project.parameters:
            message = f"the project has no parameter '{name}'."
            hint = suggestion(name, project.parameters) or f"It has: {', '.join(sorted(project.parameters))}."
            findings.append(Finding(Code.UNKNOWN_PARAMETER, node.named_at, message, hint))
            continue
        try:
            is_day = isinstance(project.parameters[name], date)
            found[name] = iso_day(node.text) if is_day else cast(Scalar, node.plain())
        except ValueError:
            message = f"'{node.text}' is not a date such as 2017-03-31."
            findings.append(Finding(Code.WRONG_CELL, node.place, message, f"Correct the parameter {name}."))
    return found


def _kept(project: Project, file: TestsFile, sample: Sample, findings: list[Finding]) -> Iterator[KeptSample]:
    """Yield a sample, unless it leads out of the project."""
    folder = (project.folder / file.name).parent
    data, expected = (folder / sample.data.text).resolve(), (folder / sample.expect.text).resolve()
    outside = [
        Finding(
            Code.OUTSIDE_FOLDER,
            node.place,
            f"'{node.text}' leads out of the project.",
            "Keep samples and what is expected of them in the project's folder.",
        )
        for node, path in ((sample.data, data), (sample.expect, expected))
        if not path.is_relative_to(project.folder)
    ]
    findings += outside
    if not outside:
        yield KeptSample(sample, data, expected)
