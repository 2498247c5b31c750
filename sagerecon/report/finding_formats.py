"""Findings in the formats of terminals, editors and CI systems; the same bytes for the same findings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sagerecon.model.code import Code, read_code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.version import VERSION
from sagerecon.model.visible import visible, visible_json
from sagerecon.report.junit import JUnitCase, junit_xml

#: The version of the JSON format.
FORMAT_VERSION = 1

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GITLAB = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return each finding once, by place, code and message."""
    return sorted(dict.fromkeys(findings), key=lambda found: (found.place, found.code, found.message))


def concise(findings: Sequence[Finding], _: Sequence[str]) -> str:
    """Return one line for each finding: place, severity, code, message, hint."""
    return "".join(
        f"{visible(str(found.place))}: {found.severity.value} {found.code}: {visible(_sentence(found))}\n"
        for found in findings
    )


def json_document(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a JSON object with the files that were checked and every finding."""
    listed = [
        {
            "code": str(found.code),
            "severity": found.severity.value,
            "file": found.place.file,
            "line": found.place.line,
            "column": found.place.column,
            "message": found.message,
            "hint": found.hint,
            "fingerprint": mark,
        }
        for found, mark in _with_fingerprints(findings)
    ]
    return _json({"format_version": FORMAT_VERSION, "files": list(files), "findings": listed})


def github(findings: Sequence[Finding], _: Sequence[str]) -> str:
    """Return the commands that show findings as annotations in GitHub Actions."""
    lines = []
    for found in findings:
        place = {"file": found.place.file, "line": found.place.line, "col": found.place.column}
        named = {**{name: value for name, value in place.items() if value}, "title": str(found.code)}
        properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in named.items())
        lines.append(f"::{_GITHUB[found.severity]} {properties}::{_escaped(_sentence(found))}\n")
    return "".join(lines)


def _escaped(text: str, more: str = "") -> str:
    """Return a text as GitHub's commands take it."""
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{more}" else sign for sign in visible(text))


def gitlab(findings: Sequence[Finding], _: Sequence[str]) -> str:
    """Return a report of GitLab's code quality."""
    return _json(
        [
            {
                "description": _sentence(found),
                "check_name": str(found.code),
                "fingerprint": mark,
                "severity": _GITLAB[found.severity],
                "location": {"path": found.place.file, "lines": {"begin": max(found.place.line, 1)}},
            }
            for found, mark in _with_fingerprints(findings)
        ]
    )


def sarif(findings: Sequence[Finding], _: Sequence[str]) -> str:
    """Return a SARIF 2.1.0 log."""
    codes = sorted({str(found.code) for found in findings})
    rules = [{"id": code, "shortDescription": {"text": _summary(code)}} for code in codes]
    results = [
        {
            "ruleId": str(found.code),
            "ruleIndex": codes.index(str(found.code)),
            "level": _LEVELS[found.severity],
            "message": {"text": _sentence(found)},
            "locations": [{"physicalLocation": _location(found.place)}],
            "partialFingerprints": {"sagerecon/v1": mark},
        }
        for found, mark in _with_fingerprints(findings)
    ]
    driver = {"name": "sagerecon", "version": VERSION, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return _json({"$schema": schema, "version": "2.1.0", "runs": [run]})


def _location(place: Place) -> dict[str, Any]:
    """Return a place as SARIF has it: a region begins at a line; without one it is the file."""
    found: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file)}}
    if place.line:
        found["region"] = {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}
    return found


def junit(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return JUnit XML with one case for each file that was checked, and for each other one with findings."""
    by_file: dict[str, list[Finding]] = {file: [] for file in files}
    for found in findings:
        by_file.setdefault(found.place.file, []).append(found)
    cases = [
        JUnitCase(file, "check", Place(file), tuple(map(str, listed)))
        for file, listed in sorted(by_file.items())
    ]
    return junit_xml("sagerecon check", cases)


def markdown(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a page of Markdown: how many findings there are, and a table of all."""
    counts = Counter(found.severity for found in findings)
    summary = ", ".join(counted(count, severity.value) for severity, count in _by_weight(counts))
    head = f"**sagerecon check**: {summary or 'no findings'} in {counted(len(files), 'file')}.\n"
    if not findings:
        return head
    rows = [_row(found) for found in findings]
    return "".join([head, "\n| place | severity | code | finding |\n| --- | --- | --- | --- |\n", *rows])


def _by_weight(counts: Mapping[Severity, int]) -> list[tuple[Severity, int]]:
    return [(severity, counts[severity]) for severity in Severity if counts.get(severity)]


def _row(found: Finding) -> str:
    place, sentence = _cell(str(found.place)), _cell(_sentence(found))
    return f"| {place} | {found.severity.value} | `{found.code}` | {sentence} |\n"


def _cell(text: str) -> str:
    """Return a text for a cell of a table of Markdown, in which nothing is markup."""
    return "".join(f"\\{sign}" if sign in "\\|`*_<>[]" else sign for sign in visible(text))


#: Writes findings, and the files that were checked, as text.
Format = Callable[[Sequence[Finding], Sequence[str]], str]

#: The formats of `check` by their names, but for `human`, which the screen shows.
FORMATS: Mapping[str, Format] = {
    "concise": concise,
    "json": json_document,
    "github": github,
    "gitlab": gitlab,
    "sarif": sarif,
    "junit": junit,
    "markdown": markdown,
}


def _sentence(found: Finding) -> str:
    return f"{found.message} {found.hint}".rstrip()


def _summary(code: str) -> str:
    """Return what a code is about."""
    known = read_code(code)
    return known.summary if isinstance(known, Code) else code.replace("_", " ")


def _with_fingerprints(findings: Iterable[Finding]) -> Iterable[tuple[Finding, str]]:
    """Yield each finding with a fingerprint that stays when lines are added above it."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for found in findings:
        what = (found.place.file, str(found.code), found.message)
        seen[what] += 1
        yield found, hashlib.sha256("\n".join((*what, str(seen[what]))).encode()).hexdigest()[:32]


def _json(value: Any) -> str:
    return visible_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
