"""Change a project's mappings in small ways, and say which changes their tests do not notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagerecon.commands.mapping_tests import environment_of, project_of, sample_outcomes, screen_of
from sagerecon.commands.mappings import Compiled, check, mapping_documents, mapping_environment
from sagerecon.commands.test_suite import read_suite
from sagerecon.documents.document import Node
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import MappingFile, compile_file, headers_of
from sagerecon.mapping.context import Header
from sagerecon.mapping.faults import Faults
from sagerecon.model.clock import Clock
from sagerecon.model.record import Record
from sagerecon.project.project import Project
from sagerecon.testing.case import Screen, Trial
from sagerecon.testing.mutants import Mutant, mutants
from sagerecon.testing.mutation import Survivor, is_noticed, meaning, telling_row, told_by
from sagerecon.testing.rows import Row, known_values, written_values


@dataclass(frozen=True, slots=True)
class Mutated:
    """The mutants of one mapping file: how many there are, and those that no test notices."""

    file: str
    mutants: int
    survivors: tuple[Survivor, ...]


def mutate(
    project: Project, clock: Clock, paths: Sequence[Path], progress: Callable[[int, int, str], None]
) -> Iterator[Mutated]:
    """Yield the mutants of each mapping that has tests.

    Args:
        clock: for the snapshots of samples.
        paths: the files with tests, or folders of them, that are run.
        progress: receives the number of mutants so far, their total, and the mapping.

    Raises:
        MappingError: the mappings or the tests have errors.
        ProjectError: a file cannot be read.
    """
    compiled = check(project)
    suite = read_suite(project, compiled.mappings, compiled.sources.columns, paths)
    kept: dict[str, list[tuple[Record, Any]]] = {}
    screen = screen_of(project)
    for sample in suite.samples:
        for record, outcome in sample_outcomes(project, compiled, clock, sample):
            kept.setdefault(outcome.key.partition("/")[0], []).append((record, meaning(screen(outcome))))
    files = mapping_documents(project)
    headers = dict(headers_of(files, project.catalog))
    for file in files:
        trials = [trial for trial in suite.trials if trial.case.mapping == file.text("mapping")]
        if trials or file.text("mapping") in kept:
            workshop = _Workshop(
                project=project, compiled=compiled, file=file, headers=headers, screen=screen
            )
            yield workshop.mutated(trials, kept.get(file.text("mapping"), []), progress)


@dataclass(frozen=True, slots=True)
class _Workshop:
    """Makes and tries the mutants of one mapping file."""

    project: Project
    compiled: Compiled
    file: MappingFile
    headers: Mapping[str, Header]
    screen: Screen

    def mutated(
        self,
        trials: Sequence[Trial],
        kept: Sequence[tuple[Record, Any]],
        progress: Callable[[int, int, str], None],
    ) -> Mutated:
        """Try every mutant."""
        mapping = next(each for each in self.compiled.mappings if each.file == self.file.name)
        columns = self.compiled.sources.columns[mapping.dataset]
        rows: list[Row] = [*(trial.row for trial in trials), *(record.values for record, _ in kept[:100])]
        known = known_values(rows, written_values(self.file.root), columns)
        every = list(mutants(self.file.root, columns))
        survivors: list[Survivor] = []
        for number, mutant in enumerate(every, start=1):
            progress(number, len(every), self.file.name)
            changed = self._compiled(mutant.of(self.file.root), None)
            if changed is None or self._is_noticed(mutant, changed, trials, kept):
                continue
            row = telling_row((mapping, changed), columns, known, rows, self.screen)
            base, cells = told_by(row, trials) if row is not None else ("", None)
            survivors.append(Survivor(mutant, cells, base))
        return Mutated(self.file.name, len(every), tuple(survivors))

    def _is_noticed(
        self,
        mutant: Mutant,
        changed: CompiledMapping,
        trials: Sequence[Trial],
        kept: Sequence[tuple[Record, Any]],
    ) -> bool:
        by_circumstances: dict[str, list[Trial]] = {}
        for trial in trials:
            by_circumstances.setdefault(trial.circumstances, []).append(trial)
        for circumstances, alike in by_circumstances.items():
            made = self._compiled(mutant.of(self.file.root), alike[0]) if circumstances else changed
            screen = screen_of(project_of(self.project, alike[0])) if circumstances else self.screen
            if made is None or is_noticed(made, alike, (), screen):
                return True
        return is_noticed(changed, (), kept, self.screen)

    def _compiled(self, root: Node, trial: Trial | None) -> CompiledMapping | None:
        """Return a changed mapping, as a test has it if there is one; None where the compiler refuses it."""
        if trial is None:
            environment = mapping_environment(self.project, self.compiled.sources, self.compiled.crosswalks)
        else:
            environment = environment_of(project_of(self.project, trial), self.compiled, trial)
        return compile_file(MappingFile(self.file.name, root, Faults("")), environment, self.headers)
