"""Correct in a project's YAML files what leaves no choice: misspelt names, and what is unused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sagerecon.files.writing import write_text
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.project.private_files import read_text

#: The word that a finding is about, and the one that it suggests.
_WORD, _MEANT = re.compile(r"'([^']+)'"), re.compile(r"^Did you mean '([^']+)'\?")

#: The findings of which the whole line can go.
_UNUSED = (Code.UNUSED_LET, Code.IGNORED_AND_USED)


@dataclass(frozen=True, slots=True)
class Fix:
    """One correction of a line: the text `old` at a place becomes `new`; None removes the line."""

    place: Place
    old: str
    new: str | None

    def __str__(self) -> str:
        if self.new is None:
            return f"{self.place}: the line of '{self.old}' removed."
        return (
            f"{self.place}: '{self.old}' is now '{self.new}'."
            if self.new
            else f"{self.place}: the comment removed."
        )


def fix_all(folder: Path, findings: Iterable[Finding]) -> list[Fix]:
    """Correct the files of a project by its findings, and return what was corrected.

    A place whose text is not the one that its finding is about is left alone.

    Raises:
        ProjectError: a file cannot be read or written.
    """
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.place.file, []).append(finding)
    return [fix for file, found in sorted(by_file.items()) for fix in _fix_file(folder / file, file, found)]


def _fix_file(path: Path, name: str, findings: Iterable[Finding]) -> Iterator[Fix]:
    if path.suffix not in (".yaml", ".yml"):
        return
    lines = read_text(path, name).splitlines(keepends=True)
    done: list[Fix] = []
    for finding in sorted(set(findings), key=lambda found: found.place, reverse=True):
        fix = _fix(finding, lines)
        if fix is not None:
            _apply(fix, lines)
            done.append(fix)
    if done:
        mode = path.stat().st_mode
        try:
            write_text(path, lines)
            path.chmod(mode & 0o777)
        except OSError as error:
            raise ProjectError(f"{name} cannot be written: {error.strerror or error}.") from error
    yield from reversed(done)


def _fix(finding: Finding, lines: list[str]) -> Fix | None:
    """Return the correction of a finding; None where there is none, or the file has another text there."""
    line, column = finding.place.line, finding.place.column
    if not 0 < line <= len(lines):
        return None
    text = lines[line - 1][max(column - 1, 0) :]
    if finding.code is Code.ALLOWS_NOTHING:
        return Fix(finding.place, text.rstrip("\n"), "") if text.startswith("#") else None
    word = _WORD.search(finding.message)
    if word is None:
        return None
    meant = _MEANT.match(finding.hint)
    if meant is not None and text.lstrip("'\"").startswith(word[1]):
        return Fix(finding.place, word[1], meant[1])
    if finding.code in _UNUSED and text.startswith(f"{word[1]}:") and _is_one_line(lines, line):
        return Fix(finding.place, word[1], None)
    return None


def _is_one_line(lines: list[str], line: int) -> bool:
    """Return whether a key is alone on its line, with all that belongs to it."""
    head = lines[line - 1]
    indent = len(head) - len(head.lstrip())
    if head.rstrip().endswith((":", "|", ">")) or head.count("{") != head.count("}"):
        return False
    rest = next((each for each in lines[line:] if each.strip()), "")
    return len(rest) - len(rest.lstrip()) <= indent


def _is_left_empty(lines: list[str], above: int, indent: int) -> bool:
    """Return whether the key on a line has nothing below it any more that was indented so far."""
    head = lines[above]
    rest = next((each for each in lines[above + 1 :] if each.strip()), "")
    is_key = head.rstrip().endswith(":") and len(head) - len(head.lstrip()) < indent
    return is_key and len(rest) - len(rest.lstrip()) < indent


def _apply(fix: Fix, lines: list[str]) -> None:
    at, column = fix.place.line - 1, max(fix.place.column - 1, 0)
    if fix.new is None:
        indent = len(lines[at]) - len(lines[at].lstrip())
        lines[at] = ""
        above = next((number for number in reversed(range(at)) if lines[number].strip()), None)
        if above is not None and _is_left_empty(lines, above, indent):
            lines[above] = ""
    elif not fix.new:
        kept = lines[at][:column].rstrip()
        lines[at] = f"{kept}\n" if kept else ""
    else:
        head, tail = lines[at][:column], lines[at][column:]
        lines[at] = head + tail.replace(fix.old, fix.new, 1)
