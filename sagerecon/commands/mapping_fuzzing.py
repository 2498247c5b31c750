"""Run made-up records through a project's mappings, in search of one with no valid outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sagerecon.commands.mappings import check, mapping_documents
from sagerecon.commands.preparation import business_settings
from sagerecon.commands.test_suite import read_suite
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.rehearsal.openapi_schemas import request_schema
from sagerecon.sources.dataset import CompiledSources
from sagerecon.testing.fuzzing import fault_of, smallest
from sagerecon.testing.rows import Row, known_values, made_up_rows, written_values
from sagerecon.testing.shown import flow_yaml
from sagerecon.validation.screening import Screening

#: Rows of the snapshot whose values are used.
_SNAPSHOT_ROWS = 200


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What the search found in one mapping: the smallest bad record, and what is wrong with its outcome."""

    file: str
    records: int  #: that were tried where none is bad
    row: Row | None = None
    fault: str = ""

    @property
    def given(self) -> str:
        """The bad record in one line of YAML."""
        return flow_yaml(self.row or {})


def fuzz(
    project: Project,
    records: int,
    seed: int,
    progress: Callable[[int, int, str], None],
) -> Iterator[Fuzzed]:
    """Yield what the search finds in each mapping.

    Args:
        records: the number of records that are tried for each mapping.
        seed: the same one gives the same records.
        progress: receives the number of mappings so far, their total, and the mapping.

    Raises:
        MappingError: the mappings have errors.
    """
    compiled = check(project)
    suite = read_suite(project, compiled.mappings, compiled.sources.columns)
    screen = Screening(project.catalog, business_settings(project)).check
    roots = {file.name: file.root for file in mapping_documents(project)}
    for number, mapping in enumerate(compiled.mappings, start=1):
        progress(number, len(compiled.mappings), mapping.file)
        columns = compiled.sources.columns[mapping.dataset]
        bases = [trial.row for trial in suite.trials if trial.case.mapping == mapping.name]
        bases += _snapshot_rows(project, compiled.sources, mapping.dataset)
        known = known_values(bases, written_values(roots[mapping.file]), columns)
        schema = request_schema(project.catalog[mapping.kind], "create")
        row = smallest(
            made_up_rows(columns, known, bases),
            lambda row, mapping=mapping, schema=schema: bool(fault_of(mapping, row, screen, schema)),  # type: ignore[misc]
            records,
            seed,
        )
        fault = fault_of(mapping, row, screen, schema) if row is not None else ""
        cells = {name: value for name, value in row.items() if value is not None} if row is not None else None
        yield Fuzzed(mapping.file, records, cells, fault)


def _snapshot_rows(project: Project, sources: CompiledSources, dataset: str) -> list[Row]:
    """Return the first rows of a dataset of the snapshot; none where there is no snapshot."""
    if not project.snapshot_file.exists():
        return []
    with open_snapshot(project, sources) as snapshot:
        rows = islice(snapshot.rows(dataset), _SNAPSHOT_ROWS)
        return [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]
