"""Check a project, and write what was found in the formats that editors and CI systems read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sagerecon.commands.mappings import Checked, check_folder
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.suggestion import suggestion
from sagerecon.project.private_files import write_private
from sagerecon.report.finding_formats import FORMATS, Format, ordered

#: The format that the screen shows itself.
_HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where findings go, besides the screen: what is printed in its place, and what is written to files."""

    printed: Format | None
    files: tuple[tuple[Format, Path], ...]


def outputs(printed: str, files: Sequence[str]) -> Outputs:
    """Return the outputs that a command line names.

    Args:
        printed: the name of a format.
        files: each the name of a format and of a file: `sarif=findings.sarif`.

    Raises:
        ProjectError: there is no such format, or no file.
    """
    written = []
    for text in files:
        name, equals, path = text.partition("=")
        if not (equals and path):
            raise ProjectError(
                f"--output {text} names no file.", "Write it as FORMAT=FILE: sarif=findings.sarif"
            )
        written.append((_format(name), Path(path)))
    return Outputs(None if printed == _HUMAN else _format(printed), tuple(written))


def _format(name: str) -> Format:
    if name not in FORMATS:
        hint = suggestion(name, FORMATS) or f"There are: {', '.join((_HUMAN, *FORMATS))}."
        raise ProjectError(f"There is no format '{name}'.", hint)
    return FORMATS[name]


def check(folder: Path, allow_hosts: Collection[str], paths: Sequence[Path]) -> Checked:
    """Check a project, or some of its mappings; findings are in the same order every time.

    Where no folder was named, it is the project above the first path. Arguments and errors as `check_folder`.
    """
    checked = check_folder(folder, allow_hosts, paths)
    return replace(checked, findings=tuple(ordered(checked.findings)))


def write_outputs(to: Outputs, checked: Checked) -> str | None:
    """Write the findings to files, and return what is printed of them; None where the screen shows them.

    Files are named from the root of the repository.

    Raises:
        ProjectError: a file cannot be written.
    """
    findings = [_moved(found, checked.prefix) for found in checked.findings]
    files = [f"{checked.prefix}{file}" for file in checked.files]
    for write, path in to.files:
        write_private(path, [write(findings, files)])
    return None if to.printed is None else to.printed(findings, files)


def _moved(found: Finding, prefix: str) -> Finding:
    """Return a finding whose file is named from the root of the repository."""
    file = f"{prefix}{found.place.file}" if found.place.file else ""
    return replace(found, place=replace(found.place, file=file))
