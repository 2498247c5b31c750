"""Format the YAML files of a project that people edit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sagerecon.commands.mappings import mapping_documents
from sagerecon.documents.document import read_document
from sagerecon.documents.formatting import format_text
from sagerecon.documents.package import schema
from sagerecon.files.found import files_found
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.limits import PROJECT_FILE
from sagerecon.project.file import read_project_with_faults
from sagerecon.project.private_files import read_text, write_private
from sagerecon.project.project import FILE, Project

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Formatted:
    """What formatting some files came to; files are named as on the command line."""

    files: int
    changed: tuple[str, ...]  #: that were not in the format
    refused: tuple[str, ...]  #: that cannot be formatted without changing what they say
    findings: tuple[Finding, ...]  #: of the files that cannot be read as YAML, which are left alone

    @property
    def is_left(self) -> bool:
        """Whether a file could not be formatted."""
        return bool(self.refused or self.findings)


def format_files(
    folder: Path,
    paths: Sequence[Path] = (),
    allow_hosts: Collection[str] = (),
    *,
    check_only: bool = False,
) -> Formatted:
    """Format YAML files in place, each in one step; a file that is in the format is not written.

    Args:
        folder: the project's, whose files are formatted where there are no paths.
        paths: files, or folders, of which the files that begin with `sagerecon:` are formatted.
        allow_hosts: as for `read_project`.
        check_only: writes nothing.

    Raises:
        ProjectError: a file cannot be read or written, or a path does not exist.
    """
    files = list(dict.fromkeys(_named(paths) if paths else _of_project(folder, allow_hosts)))
    changed: list[str] = []
    refused: list[str] = []
    findings: list[Finding] = []
    for path in files:
        name = str(path)
        text = read_text(path, name, follow=False)
        root, found = read_document(text, name)
        if found:
            findings += found
            continue
        stated = root.get("sagerecon")
        keys = list(schema("mapping")["properties"]) if stated and stated.text == "mapping/v1" else ()
        made = format_text(text, name, keys)
        if made is None:
            refused.append(name)
        elif made.encode() != path.read_bytes():
            changed.append(name)
            if not check_only:
                _write(path, made)
    return Formatted(len(files), tuple(changed), tuple(refused), tuple(findings))


def _named(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that paths name."""
    for path in paths:
        if path.is_dir():
            inside = (file for ending in _ENDINGS for file in path.rglob(f"*{ending}"))
            yield from sorted(file for file in inside if _is_ours(file, path))
        elif path.is_file():
            yield path
        else:
            raise ProjectError(f"There is no file {path}.", "Name a YAML file, or a folder of them.")


def _is_ours(file: Path, folder: Path) -> bool:
    """Return whether a file in a folder is one of sagerecon's, and not in a hidden folder."""
    if file.is_symlink() or any(part.startswith(".") for part in file.relative_to(folder).parts):
        return False
    return "sagerecon" in read_document(read_text(file, str(file), follow=False), str(file))[0]


def _of_project(folder: Path, allow_hosts: Collection[str]) -> Iterator[Path]:
    """Yield the files of a project that people edit and that are YAML, as far as they exist."""
    project = read_project_with_faults(folder, allow_hosts).project
    files = (
        project.folder / FILE,
        project.sources_file,
        *project.mapping_files,
        *project.block_files,
        *project.overlay_files,
        *project.crosswalk_files,
        *_test_files(project),
    )
    here = Path.cwd()
    for path in files:
        if path.suffix in _ENDINGS and path.is_file():
            yield path.relative_to(here) if path.is_relative_to(here) else path


def _test_files(project: Project) -> Iterator[Path]:
    """Yield the files with tests: those of the project, and those that mappings name."""
    yield from project.test_files
    for document in mapping_documents(project):
        if (named := document.get("tests")) is not None:
            pattern = (Path(document.name).parent / named.text).as_posix()
            yield from files_found(project.folder, pattern, named.place, (project.folder,), PROJECT_FILE)[0]


def _write(path: Path, text: str) -> None:
    """Replace a file, which stays readable for whoever could read it."""
    try:
        mode = path.stat().st_mode & 0o777
        write_private(path, [text])
        path.chmod(mode)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror or error}.") from error
