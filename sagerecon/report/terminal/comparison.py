"""A comparison of two tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import RenderableType

from sagerecon.model.count import counted
from sagerecon.model.money import decimal_text, grouped, places_of
from sagerecon.model.two_sides import ColumnTotal, Compared, ComparisonFacts, How, RecordDifference, SideRow
from sagerecon.model.value import Scalar
from sagerecon.report.comparison import suggestion_sentence
from sagerecon.report.terminal.shown import ShownText
from sagerecon.report.terminal.tables import new_table

#: Totals that are shown; the files have all.
_TOTALS = 8

#: Differences of each kind that are shown, columns of each, and characters of a value.
_SHOWN, _COLUMNS, _CHARACTERS = 4, 4, 40

#: Rows of a key, or of those without one, whose addresses are shown.
_ROWS = 3


class ShownDifferences:
    """Keeps the first differences of each kind for the terminal."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        self._found: dict[How, list[RecordDifference]] = {how: [] for how in How}
        self._keyless: tuple[list[SideRow], list[SideRow]] = ([], [])

    def add(self, found: RecordDifference) -> None:
        """Keep a difference if it is one of the first of its kind."""
        if found.is_keyless:
            self._keyless[0].extend(found.left[:_ROWS])
            self._keyless[1].extend(found.right[:_ROWS])
        elif len(self._found[found.how]) < _SHOWN:
            self._found[found.how].append(found)

    def lines(self, facts: ComparisonFacts) -> Iterator[RenderableType]:
        """Yield totals, counts, the first differences of each kind, and suggestions."""
        yield self._totals(facts)
        for how in How:
            if count := facts.counts.get(how, 0):
                yield ShownText(_heading(how, count, self._compared), style="bold")
                for found in self._found[how]:
                    yield self._difference(found)
                if count > _SHOWN:
                    yield ShownText(
                        f"  … and {count - _SHOWN:,} more (--output FILE writes all)", style="dim"
                    )
        sides = (self._compared.left, self._compared.right)
        for name, count, rows in zip(sides, facts.without_key, self._keyless, strict=True):
            if count:
                text = f"Compared with none, because they have no key: {counted(count, 'row')} of {name}"
                yield ShownText(text, style="bold")
                yield ShownText(f"  {_rows(rows, count)}")
        for suggestion in facts.suggestions:
            yield ShownText(suggestion_sentence(suggestion), style="yellow")

    def _totals(self, facts: ComparisonFacts) -> RenderableType:
        table = new_table("", self._compared.left, self._compared.right, "difference")
        rows = facts.right_rows - facts.left_rows
        table.add_row("rows", f"{facts.left_rows:,}", f"{facts.right_rows:,}", f"{rows:,}")
        if any(facts.without_key):
            left, right = facts.without_key
            table.add_row("rows without a key", f"{left:,}", f"{right:,}", f"{right - left:,}")
        for each in _amounts(facts)[:_TOTALS]:
            amounts = (grouped(amount) for amount in (each.left, each.right, each.difference))
            table.add_row(f"total of {each.column}", *amounts)
        return table

    def _difference(self, found: RecordDifference) -> RenderableType:
        key = ", ".join(_shown(value) for value in found.key)
        text = ShownText(f"  {key}: {_rows(found.left)}{' | ' * bool(found.left and found.right)}")
        text.append(_rows(found.right))
        if found.how is How.DIFFERING:
            (left,), (right,) = found.left, found.right
            for number in found.columns[:_COLUMNS]:
                text.append_line(f"  {self._compared.columns[number]}: ")
                text.append(_both(left.values[number], right.values[number]))
            if len(found.columns) > _COLUMNS:
                text.append_line(f"  … and {counted(len(found.columns) - _COLUMNS, 'more column')}")
        return text


def compared_columns(compared: Compared) -> Iterator[RenderableType]:
    """Yield the columns that were not compared, because one side lacks them."""
    for name, columns in ((compared.left, compared.left_only), (compared.right, compared.right_only)):
        if columns:
            more = f", and {len(columns) - 12} more" if len(columns) > 12 else ""
            listed = ", ".join(columns[:12]) + more
            yield ShownText(f"Not compared, because {name} alone has them: {listed}.", style="dim")


def _amounts(facts: ComparisonFacts) -> Sequence[ColumnTotal]:
    """Return the totals of columns with decimals; after them whole numbers, which may be codes."""
    return sorted(facts.totals, key=lambda each: not (places_of(each.left) or places_of(each.right)))


def _heading(how: How, count: int, compared: Compared) -> str:
    match how:
        case How.MISSING:
            return f"{counted(count, 'record')} of {compared.left} missing in {compared.right}"
        case How.EXTRA:
            return f"{counted(count, 'record')} of {compared.right} that {compared.left} does not have"
        case How.DIFFERING:
            return f"{counted(count, 'record')} with other values ({compared.left} | {compared.right})"
        case How.DUPLICATE:
            return f"{counted(count, 'key')} of several rows that do not pair off"


def _rows(rows: Sequence[SideRow], count: int | None = None) -> str:
    """Return the addresses of the first rows, and how many more there are."""
    beyond = (len(rows) if count is None else count) - _ROWS
    more = f", and {beyond:,} more" if beyond > 0 else ""
    return ", ".join(row.origin for row in rows[:_ROWS]) + more


def _both(left: Scalar, right: Scalar) -> str:
    """Return two values that differ; of two long texts the part from a little before they differ."""
    if isinstance(left, str) and isinstance(right, str) and max(len(left), len(right)) > _CHARACTERS:
        pairs = enumerate(zip(left, right, strict=False))
        same = next((number for number, (one, other) in pairs if one != other), min(len(left), len(right)))
        start = max(same - _CHARACTERS // 2, 0)
        if start:
            left, right = f"…{left[start:]}", f"…{right[start:]}"
    return f"{_shown(left)} | {_shown(right)}"


def _shown(value: Scalar) -> str:
    if value is None:
        return "blank"
    if isinstance(value, Decimal):
        return decimal_text(value)
    text = str(value)
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
