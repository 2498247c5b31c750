"""Look at a file or a dataset, and declare a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sagerecon.commands.source_tables import Progress, look_at, nearest_type, open_table
from sagerecon.documents.package import schema
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_text
from sagerecon.model.code import Code
from sagerecon.model.column_figures import ColumnFigures
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import PROJECT_FILE
from sagerecon.model.visible import visible
from sagerecon.project.file import read_project
from sagerecon.project.project import FILE
from sagerecon.project.source import declared_sources
from sagerecon.sources.declaration import CannotAppendError, Entry, with_entry
from sagerecon.sources.definitions import NAME
from sagerecon.sources.formats import FORMATS
from sagerecon.sources.look import FileLook, NamedFile, named_file
from sagerecon.sources.sources_yaml import read_sources

#: How a delimiter is shown.
_MARKS = {"\t": "tab", ",": "comma", ";": "semicolon"}


@dataclass(frozen=True, slots=True)
class DatasetLook:
    """The figures of a dataset or a declared file in the snapshot."""

    name: str
    rows: int
    columns: tuple[ColumnFigures, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that was declared, where, and below which folder its path begins."""

    file: Path
    table: str
    data: Path


def look(name: str, project: Path, progress: Progress, hosts: Collection[str] = ()) -> FileLook | DatasetLook:
    """Return the figures of the columns of a file, or of a dataset of the project.

    Args:
        name: a file, `FILE#PART`, a pattern of files, or a dataset.
        project: the folder of the project; it need not have one.
        hosts: those that are allowed for this command.

    Raises:
        ProjectError: there is neither such a file nor such a dataset.
        UnreadableTableError: the file cannot be read.
        SourceError: the dataset cannot be read.
    """
    if (named := named_file(name)) is not None:
        return look_at(named, progress)
    with open_table(name, project, progress, hosts) as table:
        rows, columns = table.snapshot.look(table.dataset, table.seconds)
        return DatasetLook(name, rows, tuple(columns))


def form(found: FileLook | DatasetLook) -> dict[str, str]:
    """Return how a file is written, in words by what they are about; empty for a dataset."""
    if isinstance(found, DatasetLook):
        return {}
    file = found.file
    facts = {"format": FORMATS[file.format].title}
    if file.format in ("csv", "iif"):
        facts["encoding"] = file.encoding
    if file.format == "csv":
        facts["delimiter"] = f"delimiter {_MARKS.get(file.delimiter, file.delimiter)}"
    if file.records:
        facts["records"] = f"records {'.'.join(file.records)}"
    if file.sheet:
        facts["sheet"] = f"sheet {file.sheet}"
    if file.table:
        facts["table"] = f"table {file.table}"
    if file.skip:
        facts["heading"] = f"heading in line {file.skip + 1}"
    if not file.has_header:
        facts["heading"] = "no heading"
    decimal, thousands = file.notation.decimal, file.notation.thousands
    if (decimal, thousands) != (".", ""):
        facts["numbers"] = f"decimal mark '{decimal}'"
        facts["numbers"] += f" and thousands mark '{thousands}'" if thousands else ""
    return facts


def findings(found: FileLook | DatasetLook) -> Sequence[Finding]:
    """Return what is to be known about a file."""
    return found.findings if isinstance(found, FileLook) else ()


def parts(found: FileLook | DatasetLook) -> Sequence[str]:
    """Return the sheets, tables or lists of records of a file that may have several."""
    return found.parts if isinstance(found, FileLook) else ()


def datasets(project: Path, hosts: Collection[str] = ()) -> Mapping[str, str]:
    """Return what the datasets and declared files of a project are about, by their names.

    Raises:
        ProjectError: there is no project.
    """
    sources = declared_sources(read_project(project, hosts))
    files = {name: f"{file.path} ({file.format})" for name, file in sources.files.items()}
    return {**files, **{name: dataset.about or "dataset" for name, dataset in sources.datasets.items()}}


def declare(
    found: FileLook | DatasetLook,
    name: str,
    project: Path,
    table: str = "",
    hosts: Collection[str] = (),
) -> Declared:
    """Write the declaration of a file to `sources.yaml`: that of the project, or a new one.

    Args:
        name: of the file, as the user wrote it.
        project: the folder of the project; without one, `sources.yaml` is written there.
        table: the name of the table; empty for one made from the file's name.
        hosts: those that are allowed for this command.

    Raises:
        ProjectError: it cannot be declared there, or the file cannot be written.
    """
    named = named_file(name)
    if named is None or isinstance(found, DatasetLook) or not found.columns:
        raise ProjectError(f"{name} has no columns that can be declared.")
    target, data = _target(project, hosts)
    file = replace(found.file, name=table or found.file.name, path=_below(named, data))
    if not NAME.fullmatch(file.name):
        raise ProjectError(f"'{file.name}' is not a valid name.", "Use lower-case letters, digits and _.")
    try:
        before = read_bounded(target, PROJECT_FILE, follow=False).decode() if target.exists() else ""
        text = with_entry(before, target.name, Entry(file, _comments(found)))
        _require_valid(text, target.name)
        write_text(target, [text])
    except CannotAppendError as error:
        raise ProjectError(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise ProjectError(f"{target} cannot be written: {error}.") from error
    return Declared(file=target, table=file.name, data=data)


def _require_valid(text: str, name: str) -> None:
    """Check the text of a `sources.yaml`.

    Raises:
        ProjectFileError: it has an error, which it may have had before.
    """
    findings = read_sources(text, name, schema("sources"))[1]
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise ProjectFileError(findings)


def _target(project: Path, hosts: Collection[str]) -> tuple[Path, Path]:
    """Return the `sources.yaml`, and the folder below which its paths begin."""
    if (project / FILE).is_file():
        opened = read_project(project, hosts)
        return opened.sources_file, opened.data
    return project.resolve() / "sources.yaml", project.resolve()


def _below(named: NamedFile, data: Path) -> str:
    """Return the path of a file below the data folder.

    Raises:
        ProjectError: it lies elsewhere.
    """
    if not named.folder.is_relative_to(data.resolve()):
        raise ProjectError(
            f"{named.first} is not in the data folder {data}.",
            "Put it there, or set 'data' in sagerecon.yaml to its folder.",
        )
    folder = named.folder.relative_to(data.resolve()).as_posix()
    return named.pattern if folder == "." else f"{folder}/{named.pattern}"


def _comments(found: FileLook) -> dict[str, str]:
    """Return what is to be said about the columns that may be of another type."""
    comments: dict[str, str] = {}
    ambiguous = [each.message for each in found.findings if each.code is Code.AMBIGUOUS_COLUMN]
    for figures in found.columns:
        said = [message for message in ambiguous if message.startswith(f"column '{figures.title}' ")]
        if said:
            comments[figures.name] = said[0]
        elif figures.nearest:
            comments[figures.name] = nearest_type(figures)
    return {name: visible(comment) for name, comment in comments.items()}
