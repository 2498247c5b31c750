"""Find the mappings that use one tax rate for documents of periods in which it has different percentages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from sagerecon.model.catalog import Catalog, Field, Kind, Percentages
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import decimal_text
from sagerecon.model.place import Place

#: Documents of each period that are named.
_EXAMPLES = 3


@dataclass(slots=True)
class _Period:
    """The documents of one mapping that use one rate, in a period with one percentage."""

    place: Place  #: of the mapping
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, draft: Draft, day: date) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{draft.label or draft.key} of {day}")


class RatePeriods:
    """Counts the drafts of each mapping by tax rate and period, one after the other."""

    def __init__(self, catalog: Catalog) -> None:
        """Count by the percentages of the catalog; a rate that never changed is not counted."""
        self._catalog = catalog
        self._field = cache(self._rate_field)
        self._percentages: dict[str, Percentages] = {}  #: of the rates that are used
        self._periods: dict[tuple[str, str], dict[int, _Period]] = {}

    def add(self, draft: Draft) -> None:
        """Count the next draft, once for each rate that it or its lines use."""
        kind = self._catalog[draft.kind]
        field = self._field(draft.kind)
        day = draft.body.get(kind.date)
        if field is None or not isinstance(day, date):
            return
        for rate in dict.fromkeys(_rates(draft, kind, field.name)):
            if steps := self._catalog[field.refers_to].percentages.get(rate):
                self._percentages[rate] = steps
                periods = self._periods.setdefault((draft.mapping, rate), {})
                at = max(bisect_right(steps, day, key=lambda step: step[0]) - 1, 0)
                periods.setdefault(at, _Period(draft.place)).add(draft, day)

    def findings(self, effective_days: Callable[[str, str], Collection[date]]) -> Iterator[Finding]:
        """Yield a warning for each change of a percentage that a mapping passes over.

        Args:
            effective_days: given a mapping and a rate, the days on which its crosswalks change to or from it.
        """
        for (mapping, rate), periods in self._periods.items():
            steps, known = self._percentages[rate], effective_days(mapping, rate)
            for earlier, later in pairwise(sorted(periods)):
                days = [day for day, _ in steps[earlier + 1 : later + 1]]
                if steps[earlier][1] != steps[later][1] and not any(day in known for day in days):
                    yield _finding(mapping, rate, (steps[earlier][1], *steps[later]), periods, later)

    def _rate_field(self, kind: str) -> Field | None:
        """Return the field that names the tax rate of a line; None where lines have none."""
        facts = self._catalog[kind]
        fields = facts.fields[facts.lines.items].fields if facts.lines.items else facts.fields
        linked = (known for known in fields.values() if known.refers_to and not known.read_only)
        return next((known for known in linked if known.answered_as == facts.lines.tax_rate), None)


def _rates(draft: Draft, kind: Kind, name: str) -> Iterator[str]:
    """Yield the id of the tax rate of each line."""
    lines: Any = draft.body.get(kind.lines.items, ()) if kind.lines.items else (draft.body,)
    for line in lines or ():
        match line.get(name) if isinstance(line, Mapping) else None:
            case str(rate) | Reference(key=NaturalKey(field="id", value=rate)):
                yield rate


def _finding(
    mapping: str,
    rate: str,
    change: tuple[Decimal, date, Decimal],
    periods: Mapping[int, _Period],
    later: int,
) -> Finding:
    before, day, after = change
    return Finding(
        Code.RATE_CHANGES,
        periods[later].place,
        f"mapping {mapping} uses tax rate {rate} on both sides of {day}, when it changed from "
        f"{decimal_text(before)} % to {decimal_text(after)} %: "
        f"{_documents('before it', [periods[at] for at in sorted(periods) if at < later])}, "
        f"and {_documents('from it on', [periods[at] for at in sorted(periods) if at >= later])}.",
        "Look up the rate by the day of the document, in a crosswalk with valid_from and valid_to: "
        "{crosswalk: tax_codes, at: date}. See Crosswalks in docs/mapping.md.",
        severity=Severity.WARNING,
    )


def _documents(when: str, periods: Sequence[_Period]) -> str:
    """Return how many documents the periods have, and the first of them."""
    examples = [example for period in periods for example in period.examples][:_EXAMPLES]
    return f"{counted(sum(period.count for period in periods), 'document')} {when} ({', '.join(examples)})"
