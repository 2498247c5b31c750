"""Findings, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from sagerecon.model.finding import Finding, Severity
from sagerecon.report.grouping import LISTED, Group, finding_likeness, group_alike, more_like_finding
from sagerecon.report.terminal.shown import ShownText

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

#: Sort order: errors are printed last, next to the prompt.
_ORDER = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def findings(found: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield one finding of each group with its place, and the number and places of those like it.

    At most twelve groups per code are listed.
    """
    ordered = sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.place))
    seen: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for group in group_alike(ordered, finding_likeness):
        code = group.first.code
        seen[code] += 1
        if seen[code] <= LISTED:
            yield _group(group)
        else:
            left_out[code] += 1 + len(group.others)
    for left, count in left_out.items():
        yield ShownText(f"… and {count:,} more of {left} (--json lists all)", style="dim")


def _group(group: Group[Finding]) -> ShownText:
    finding = group.first
    text = ShownText()
    text.append(f"{finding.severity.value} ", style=_STYLES[finding.severity])
    if str(finding.place):
        text.append(f"{finding.place}: ", style="dim")
    text.append(finding.message)
    if finding.hint:
        text.append(f" {finding.hint}", style="italic")
    if more := more_like_finding([(str(each.place), each.message) for each in group]):
        text.append_line(f"{more}", style="dim")
    return text
