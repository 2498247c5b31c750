"""The records that are not carried over, for a terminal: grouped by reason, with counts and examples."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from rich.console import RenderableType

from sagerecon.model.count import counted
from sagerecon.model.money import grouped, total
from sagerecon.model.not_carried import LEFT_OUT, NotCarried
from sagerecon.report.grouping import EXAMPLES, LISTED, finding_likeness, more_like_it
from sagerecon.report.terminal.shown import ShownText


@dataclass(slots=True)
class _Alike:
    """Records with the same reasons: the first, the names of a few others, the number and amount of all."""

    first: NotCarried
    names: list[str] = field(default_factory=list)
    count: int = 0
    amount: Decimal | None = None

    def add(self, record: NotCarried) -> None:
        """Count a record."""
        self.count += 1
        if 1 < self.count <= EXAMPLES + 2:
            self.names.append(record.name)
        if record.amount is not None:
            self.amount = total((self.amount or Decimal(), record.amount))


def not_carried_lines(records: Iterable[NotCarried]) -> Iterator[RenderableType]:
    """Yield one record of each group with its reasons, and the number and names of those like it.

    What is left out comes last. At most twelve groups are listed. Only a few records of each group are held.
    """
    groups: dict[Hashable, _Alike] = {}
    for record in records:
        groups.setdefault(_likeness(record), _Alike(record)).add(record)
    ordered = sorted(groups.values(), key=lambda group: group.first.state == LEFT_OUT)
    for group in ordered[:LISTED]:
        yield _left_out(group) if group.first.state == LEFT_OUT else _with_reasons(group)
    if rest := ordered[LISTED:]:
        more = counted(sum(group.count for group in rest), "more record")
        yield ShownText(f"… and {more} with other reasons. See all: sagerecon report", style="dim")


def _likeness(record: NotCarried) -> Hashable:
    if record.state == LEFT_OUT:
        return record.state, record.mapping, record.rule, record.reason
    reasons = tuple(finding_likeness(finding, record.label, record.key) for finding in record.findings)
    return record.state, record.kind, reasons


def _with_reasons(group: _Alike) -> ShownText:
    text = ShownText()
    text.append(f"{group.first.state} ", style="bold red")
    text.append(group.first.name, style="bold")
    for finding in group.first.findings:
        text.append_line(f"{finding}")
    if more := more_like_it(group.names, group.count - 1):
        text.append_line(more, style="dim")
    return text


def _left_out(group: _Alike) -> ShownText:
    first = group.first
    text = ShownText()
    text.append(f"{LEFT_OUT} ", style="yellow")
    amount = "" if group.amount is None else f" ({grouped(group.amount)})"
    text.append(f"{counted(group.count, 'record')} of {first.mapping}{amount}", style="bold")
    text.append(f" by rule {first.rule}: {first.reason}" if first.rule else f": {first.reason}")
    names = [first.name, *group.names]
    text.append_line(", ".join(names[:EXAMPLES]) + (", …" if group.count > EXAMPLES else ""), style="dim")
    return text
