"""The tables that a command names: a file, whether it is declared or not, or a dataset of the project."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.column_figures import ColumnFigures
from sagerecon.model.errors import ProjectError, SourceError, UnreadableTableError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import SQL_SECONDS
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar, Value
from sagerecon.project.file import read_project
from sagerecon.project.project import FILE
from sagerecon.project.snapshots import open_snapshot as open_project_snapshot
from sagerecon.project.source import declared_sources
from sagerecon.sources.dataset import compile_queries
from sagerecon.sources.definitions import Dataset, Query, Sources
from sagerecon.sources.detected import column_names
from sagerecon.sources.keyed import KeyColumn
from sagerecon.sources.look import FileLook, NamedFile, look_at_file, named_file
from sagerecon.sources.rows import ORIGIN
from sagerecon.sources.snapshot import Snapshot, open_snapshot, take_snapshot

Progress = Callable[[str, int], None]

#: Seconds for sorting the rows of a file, of which the user alone says which it is.
_SECONDS = 600

#: Notes on what is compared otherwise than it stands in the file.
_CHANGES_VALUES = (Code.NOTATION_TOLD, Code.ROWS_PASSED_OVER)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table whose rows can be read in the order of a key."""

    name: str  #: as the user wrote it
    columns: Columns
    titles: Sequence[tuple[str, str]]  #: the title of a column in the file, and its name
    numbered: Collection[str]  #: columns whose names have a number, because titles are alike
    blank: Collection[str]  #: columns of a file without a value, whose type is not known
    nearest: Mapping[str, str]  #: what the texts of a column nearly are, and which of them are not
    findings: tuple[Finding, ...]  #: about how it was read
    snapshot: Snapshot
    data: Path  #: the folder of its files
    dataset: str
    seconds: int

    @property
    def files(self) -> Iterator[Path]:
        """The files of which the snapshot was taken."""
        return (self.data / file.path for file in self.snapshot.facts.files if "://" not in file.path)

    def single_titles(self) -> dict[str, str]:
        """Return the columns by their titles, but for titles that several columns have."""
        counts = Counter(title for title, _ in self.titles)
        return {title: name for title, name in self.titles if counts[title] == 1}

    def find(self, name: str) -> str:
        """Return the column of this name, or with this title; empty for none.

        Raises:
            ProjectError: it is the title of one column and the name of another, or the title of several.
        """
        titled = [found for title, found in self.titles if title == name and found in self.columns]
        if name in self.columns and (name in titled or not titled):
            return name
        several = [*([name] if name in self.columns else []), *titled]
        if len(several) > 1:
            raise ProjectError(
                f"{self.name} has several columns '{name}': {', '.join(several)}.",
                "Name it by its title where that differs, or by the name that 'look' shows.",
            )
        return next((found for found in (*several, *column_names([name])) if found in self.columns), "")

    def column(self, name: str) -> str:
        """Return the column of this name, or with this title.

        Raises:
            ProjectError: there is none, or there are several.
        """
        if found := self.find(name):
            return found
        reasons = [each.message for each in self.findings if each.message.startswith(f"{name}:")]
        listed = f"Its columns: {', '.join(list(self.columns)[:30])}."
        hint = (reasons[0] if reasons else "") or suggestion(name, self.columns) or listed
        raise ProjectError(f"{self.name} has no column '{name}'.", hint)

    def rows(self, key: Sequence[KeyColumn]) -> Iterator[tuple[tuple[Scalar, ...], Mapping[str, Value]]]:
        """Yield the rows in the order of a key, each with its key."""
        return self.snapshot.keyed_rows(self.dataset, key, self.seconds)


def look_at(file: NamedFile, progress: Progress) -> FileLook:
    """Return how a file can be declared, and the figures of its columns.

    Raises:
        UnreadableTableError: it cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder, _unreadable(file.first.name):
        return look_at_file(file, Path(folder), progress)


@contextmanager
def open_table(
    name: str, project: Path, progress: Progress, hosts: Collection[str] = ()
) -> Iterator[SourceTable]:
    """Open the file or the dataset of this name.

    Args:
        project: the folder of the project whose datasets may be named; it need not have one.
        hosts: those that are allowed for this command.

    Raises:
        ProjectError: there is neither such a file nor such a dataset.
        UnreadableTableError: the file cannot be read.
        SourceError: the dataset cannot be read.
    """
    file = named_file(name)
    opened = open_dataset(name, project, hosts) if file is None else _open_file(name, file, progress)
    with opened as table:
        yield table


def nearest_type(figures: ColumnFigures) -> str:
    """Return what the texts of a column nearly are, with some that are not."""
    misfits = ", ".join(f"'{each.text[:40]}' ({each.origin})" for each in figures.misfits)
    return f"{figures.nearest} in {figures.fits:,} of {figures.rows:,} rows; not {misfits}"


@contextmanager
def _unreadable(name: str) -> Iterator[None]:
    """Raise an UnreadableTableError for what a reader finds wrong with a file of this name."""
    try:
        yield
    except SourceError as error:
        if not error.findings:
            raise
        raise UnreadableTableError(name, error.findings) from error


@contextmanager
def _open_file(name: str, file: NamedFile, progress: Progress) -> Iterator[SourceTable]:
    with ExitStack() as stack:
        work_folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = work_folder / "snapshot.duckdb"
        with _unreadable(name):
            look = look_at_file(file, work_folder, progress)
            sources = _with_tables(Sources(name, files={file.table: look.file}))
            shape, findings = compile_queries(sources, {})
            taken, found = take_snapshot(sources, file.folder, target, 0, progress)
        if findings or not taken or not look.columns:
            raise UnreadableTableError(name, [*look.findings, *findings, *found])
        snapshot = stack.enter_context(open_snapshot(target, shape))
        yield SourceTable(
            name=name,
            columns=_compared(snapshot.columns(file.table)),
            titles=[(each.title, each.name) for each in look.columns],
            numbered={each.name for each in look.columns if column_names([each.title]) != [each.name]},
            blank={each.name for each in look.columns if not each.rows},
            nearest={each.name: nearest_type(each) for each in look.columns if each.nearest},
            findings=tuple(
                each
                for each in look.findings
                if each.severity is not Severity.INFO or each.code in _CHANGES_VALUES
            ),
            snapshot=snapshot,
            data=file.folder,
            dataset=file.table,
            seconds=_SECONDS,
        )


@contextmanager
def open_dataset(name: str, folder: Path, hosts: Collection[str]) -> Iterator[SourceTable]:
    """Open a dataset, or a declared file, of the project in a folder; errors as `open_table`."""
    if not (folder / FILE).is_file():
        if Path(name).is_dir():
            raise ProjectError(
                f"{name} is a folder.", f"Name a file in it, or several in quotes: '{Path(name) / '*.csv'}'."
            )
        raise ProjectError(
            f"There is no file {name}.", "To name a dataset, give the project's folder with --project."
        )
    project = read_project(folder, hosts)
    sources = _with_tables(declared_sources(project))
    if name not in sources.datasets:
        hint = suggestion(name, sources.datasets) or f"Datasets: {', '.join(sources.datasets)}."
        raise ProjectError(f"There is neither a file nor a dataset '{name}'.", hint)
    shape, findings = compile_queries(sources, project.parameters, project.sql_seconds)
    if name not in shape.datasets:
        raise SourceError(f"The dataset {name} cannot be read.", "", findings)
    declared = sources.files[name].columns if name in sources.files else ()
    with open_project_snapshot(project, shape) as snapshot:
        yield SourceTable(
            name=name,
            columns=_compared(snapshot.columns(name)),
            titles=[(".".join(column.path), column.name) for column in declared],
            numbered=(),
            blank=(),
            nearest={},
            findings=(),
            snapshot=snapshot,
            data=project.data,
            dataset=name,
            seconds=max(project.sql_seconds, SQL_SECONDS.most),
        )


def _with_tables(sources: Sources) -> Sources:
    """Return the sources with a dataset for each file that no dataset is named after."""
    tables = {
        name: Dataset(name, "", Query(f'SELECT * FROM "{name}"', file.place))  # noqa: S608 - a checked name
        for name, file in sources.files.items()
        if name not in sources.datasets
    }
    return replace(sources, datasets={**sources.datasets, **tables})


def _compared(columns: Columns) -> Columns:
    """Return the columns without those that say where a row is from."""
    return {name: found for name, found in columns.items() if name != ORIGIN and not name.startswith("_")}
