"""Which rows of a long list a page shows, with the number of all. The JSON file has every row."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from sagerecon.model.money import decimal_text, total
from sagerecon.model.rows import Row
from sagerecon.report.grouping import EXAMPLES, record_document_likeness

#: Rows that a page shows of one list; a browser is slow with more.
LISTED_ROWS = 5_000

#: Groups of like records of which the first record is shown in full.
GROUPS = 40


@dataclass(slots=True)
class Listing:
    """The number of rows in a list, and those that are shown."""

    count: int = 0
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row, *, is_shown: bool) -> None:
        """Count a row, and show it or not."""
        self.count += 1
        if is_shown:
            self.rows.append(row)


@dataclass(slots=True)
class RecordGroup:
    """Like records: the first is shown in full."""

    first: Row
    others: Listing = field(default_factory=Listing)
    risk: Decimal = Decimal()

    @property
    def examples(self) -> list[str]:
        """The labels of the first of the others."""
        return [record["label"] for record in self.others.rows[:EXAMPLES]]

    @property
    def at_risk(self) -> str:
        """The money at risk in all of them, as text."""
        return decimal_text(self.risk)


@dataclass(slots=True)
class GroupedRecords:
    """Records in groups, and the records of all groups after the first `GROUPS`."""

    groups: list[RecordGroup] = field(default_factory=list)
    further: Listing = field(default_factory=Listing)


def like_records(records: Iterable[Row]) -> GroupedRecords:
    """Return the records of a report document in groups, in the order of the first of each.

    Besides the first record and the examples of each group, `LISTED_ROWS` like records are shown, and as many
    of the further ones.
    """
    groups: dict[Hashable, RecordGroup] = {}
    found = GroupedRecords()
    room = LISTED_ROWS
    for record in records:
        likeness = record_document_likeness(record)
        group = groups.get(likeness)
        if group is not None:
            group.others.add(record, is_shown=room > 0 or group.others.count < EXAMPLES)
            room -= 1
        elif len(groups) < GROUPS:
            group = groups[likeness] = RecordGroup(record)
        else:
            found.further.add(record, is_shown=found.further.count < LISTED_ROWS)
            continue
        group.risk = total((group.risk, Decimal(record.get("amount_at_risk") or 0)))
    found.groups.extend(groups.values())
    return found


def by_decision(accepted: Iterable[Row]) -> dict[int, Listing]:
    """Return the differences that decisions accept by the number of the decision.

    `LISTED_ROWS` of them are shown.
    """
    found: dict[int, Listing] = {}
    for count, row in enumerate(accepted):
        found.setdefault(row["decision"], Listing()).add(row, is_shown=count < LISTED_ROWS)
    return found


def listed(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that are shown of a list."""
    return list(islice(rows, LISTED_ROWS))


def differing_lines(lines: Iterable[Row]) -> Listing:
    """Return the lines of a tie-out on which the sides differ."""
    found = Listing()
    for line in lines:
        if not _agrees(line):
            found.add(line, is_shown=found.count < LISTED_ROWS)
    return found


def agreeing_lines(lines: Iterable[Row]) -> int:
    """Return the number of lines of a tie-out on which the sides agree."""
    return sum(map(_agrees, lines))


def first_of_each(rows: Iterable[Row], name: str) -> list[tuple[Row, int]]:
    """Return the first row with each value of the field `name`, and their number; sorted by the value."""
    groups: dict[str, Listing] = {}
    for row in rows:
        group = groups.setdefault(row[name], Listing())
        group.add(row, is_shown=group.count == 0)
    return [(group.rows[0], group.count) for _, group in sorted(groups.items())]


def _agrees(line: Row) -> bool:
    return bool(line["difference"] == "0.00")
