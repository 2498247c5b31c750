"""Check a project, and write what was found in the formats that editors and CI systems read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sagerecon.commands.mappings import Checked, check_folder
from sagerecon.model.clock import Clock, day_of
from sagerecon.model.code import all_codes
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.suggestion import suggestion
from sagerecon.project.private_files import write_private
from sagerecon.report.finding_formats import FORMATS, Format, ordered

_NEEDS_REVIEW = 1

#: The severities that fail a check, by the least of them.
_LEVELS: Mapping[str, Collection[str]] = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "info": ("error", "warning", "info"),
    "never": (),
}

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


def check(
    folder: Path,
    clock: Clock,
    allow_hosts: Collection[str],
    paths: Sequence[Path],
    fail_level: str,
    environment: str = "",
) -> Checked:
    """Check a project, or some of its mappings; findings are in the same order every time.

    Args:
        clock: for what is ignored or allowed until a day.
        fail_level: the least severity that fails the check; `never` for none. What cannot be read fails it.

    Raises:
        ProjectError: as `check_folder`, or there is no such level.
    """
    if fail_level not in _LEVELS:
        raise ProjectError(f"There is no level '{fail_level}'.", f"There are: {', '.join(_LEVELS)}.")
    checked = check_folder(folder, day_of(clock.now()), allow_hosts, paths, environment)
    code = checked.exit_code
    if code in (0, _NEEDS_REVIEW):
        failing = any(finding.severity.value in _LEVELS[fail_level] for finding in checked.findings)
        code = _NEEDS_REVIEW if failing else 0
    return replace(checked, findings=tuple(ordered(checked.findings)), exit_code=code)


def explanation(code: str) -> str:
    """Return what a finding code means.

    Raises:
        ProjectError: there is no such code.
    """
    known = {str(each): each for each in all_codes()}
    if code not in known:
        raise ProjectError(f"There is no finding '{code}'.", suggestion(code, known))
    return known[code].summary


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
