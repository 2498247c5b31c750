"""Findings, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from sagerecon.model.finding import Finding, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

#: Sort order: errors are printed last, next to the prompt.
_ORDER = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}

#: Maximum number of findings listed per code; more are only counted.
_MAX_LISTED = 12


def findings(found: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield each finding with its place, at most twelve per code, and the number of those left out."""
    seen: Counter[str] = Counter()
    for finding in sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.place)):
        seen[finding.code] += 1
        if seen[finding.code] <= _MAX_LISTED:
            yield _finding(finding)
    for code, count in seen.items():
        if count > _MAX_LISTED:
            yield Text(f"… and {count - _MAX_LISTED} more of {code} (--json lists all)", style="dim")


def _finding(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.severity.value} ", style=_STYLES[finding.severity])
    if str(finding.place):
        text.append(f"{finding.place}: ", style="dim")
    text.append(finding.message)
    if finding.hint:
        text.append(f" {finding.hint}", style="italic")
    return text
