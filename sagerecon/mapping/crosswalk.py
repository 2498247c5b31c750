"""Crosswalks: tables from source codes to Sage codes, with effective dates and further key columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import PurePath

from sagerecon.documents.document import Node, read_document
from sagerecon.mapping.record_context import iso_day
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion

ANY = "*"
_FIXED = ("source", "target", "valid_from", "valid_to", "reason")
_YAML_KEYS = ("sagerecon", "about", "entries")
_FIRST, _LAST = date.min, date.max


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a source code, its Sage code, and the period in which it applies, both days included."""

    source: str
    target: str
    keys: tuple[str, ...]
    valid_from: date
    valid_to: date
    reason: str
    place: Place

    @property
    def is_dated(self) -> bool:
        """Whether it applies to a limited period."""
        return (self.valid_from, self.valid_to) != (_FIRST, _LAST)


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A table from source codes to Sage codes; `keys` are the columns looked up beside the source code."""

    name: str
    file: str
    keys: tuple[str, ...]
    entries: tuple[Entry, ...]
    _index: Mapping[tuple[str, ...], tuple[Entry, ...]]

    def lookup(self, source: str, at: date | None = None, **keys: str) -> str | None:
        """Return the target of the most specific row that applies on the day `at`, or None.

        A row with the source code takes precedence over `*`; among these, the row with fewer `*` in its
        other keys. Without a day, only rows without effective dates apply.
        """
        entry = self.entry(source, at, **keys)
        return entry.target if entry is not None else None

    def entry(self, source: str, at: date | None = None, **keys: str) -> Entry | None:
        """Return the row whose target `lookup` returns, or None."""
        values = [keys.get(name, "") for name in self.keys]
        for candidate in _candidates(source, values):
            for entry in self._index.get(candidate, ()):
                if (entry.valid_from <= at <= entry.valid_to) if at is not None else not entry.is_dated:
                    return entry
        return None

    @property
    def has_dates(self) -> bool:
        """Whether any row has effective dates."""
        return any(entry.is_dated for entry in self.entries)

    def effective_days(self, target: str) -> Iterator[date]:
        """Yield the days on which a row begins or ceases to give `target`, the day after its last one."""
        for entry in self.entries:
            if entry.target == target and entry.valid_from != _FIRST:
                yield entry.valid_from
            if entry.target == target and entry.valid_to != _LAST:
                yield entry.valid_to + timedelta(days=1)

    def targets(self) -> tuple[tuple[str, Place], ...]:
        """Return every target with the place of its row."""
        return tuple((entry.target, entry.place) for entry in self.entries)


def read_crosswalk(name: str, text: str, file: str) -> tuple[Crosswalk, list[Finding]]:
    """Return the crosswalk in the text of a `.csv` or `.yaml` file, and the findings about it.

    CSV has a heading with `source` and `target`, and may have `valid_from`, `valid_to`, `reason` and key
    columns of its own. YAML has `entries:`, either `source: target` or a list of rows.
    """
    findings: list[Finding] = []
    is_yaml = PurePath(file).suffix in (".yaml", ".yml")
    rows = list((_yaml_rows if is_yaml else _csv_rows)(text, file, findings))
    keys = tuple(dict.fromkeys(column for row, _ in rows for column in row if column not in _FIXED))
    entries = [entry for row, place in rows if (entry := _entry(row, keys, place, findings)) is not None]
    findings += _find_overlaps(entries, name)
    return Crosswalk(
        name=name, file=file, keys=keys, entries=tuple(entries), _index=_index(entries)
    ), findings


def crosswalk_of(name: str, targets: Mapping[str, Node]) -> Crosswalk:
    """Return a crosswalk without days and further keys, from the nodes of its targets by source code."""
    entries = [
        Entry(source, node.text, keys=(), valid_from=_FIRST, valid_to=_LAST, reason="", place=node.place)
        for source, node in targets.items()
    ]
    return Crosswalk(name, file="", keys=(), entries=tuple(entries), _index=_index(entries))


def _candidates(source: str, values: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for head in dict.fromkeys((source, ANY)):
        for stars in range(len(values) + 1):
            for positions in combinations(range(len(values)), stars):
                yield (head, *(ANY if number in positions else value for number, value in enumerate(values)))


def _index(entries: Iterable[Entry]) -> dict[tuple[str, ...], tuple[Entry, ...]]:
    index: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        index.setdefault((entry.source, *entry.keys), []).append(entry)
    return {key: tuple(sorted(group, key=lambda e: e.valid_from)) for key, group in index.items()}


def _find_overlaps(entries: Iterable[Entry], name: str) -> Iterator[Finding]:
    for group in _index(entries).values():
        for earlier, later in pairwise(group):
            if later.valid_from > earlier.valid_to:
                continue
            first, second = sorted((earlier, later), key=lambda entry: entry.place)
            what = " and ".join([f"'{first.source}'", *(f"'{key}'" for key in first.keys)])
            since = f" from {later.valid_from}" if later.is_dated else ""
            yield Finding(
                Code.CROSSWALK_OVERLAP,
                second.place,
                f"{name} has two entries for {what}{since}; the other is on line {first.place.line}.",
                "Keep one, or give each its own valid_from and valid_to.",
            )


def _entry(
    row: Mapping[str, str], keys: Sequence[str], place: Place, findings: list[Finding]
) -> Entry | None:
    before = len(findings)
    for column in ("source", "target"):
        if not row.get(column):
            findings.append(
                Finding(
                    Code.CROSSWALK_BLANK, place, f"the {column} is blank.", "Fill it in, or delete the row."
                )
            )
    days = [
        _day(row.get(c, ""), c, place, otherwise, findings)
        for c, otherwise in zip(("valid_from", "valid_to"), (_FIRST, _LAST), strict=True)
    ]
    if days[0] > days[1]:
        findings.append(
            Finding(Code.CROSSWALK_DATES, place, f"valid_to {days[1]} is before valid_from {days[0]}.")
        )
    if len(findings) > before:
        return None
    further = tuple(row.get(key, "") or ANY for key in keys)
    return Entry(
        source=row["source"],
        target=row["target"],
        keys=further,
        valid_from=days[0],
        valid_to=days[1],
        reason=row.get("reason", ""),
        place=place,
    )


def _day(text: str, column: str, place: Place, otherwise: date, findings: list[Finding]) -> date:
    if not text:
        return otherwise
    try:
        return iso_day(text)
    except ValueError:
        findings.append(
            Finding(Code.CROSSWALK_DATES, place, f"{column} '{text}' is not a date such as 2017-03-31.")
        )
        return otherwise


def _csv_rows(text: str, file: str, findings: list[Finding]) -> Iterator[tuple[dict[str, str], Place]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _is_header(header, file, findings):
            return
        line = reader.line_num
        for cells in reader:
            place = Place(file, line + 1, 1)
            line = reader.line_num
            if not any(cells):
                continue
            if len(cells) != len(header):
                findings.append(
                    Finding(
                        Code.CROSSWALK_ROW,
                        place,
                        f"the row has {len(cells)} cells, and the heading has {len(header)}.",
                    )
                )
                continue
            yield {name: cell.strip() for name, cell in zip(header, cells, strict=True)}, place
    except csv.Error as error:
        findings.append(
            Finding(Code.CROSSWALK_ROW, Place(file, reader.line_num or 1), f"invalid CSV: {error}.")
        )


def _is_header(header: Sequence[str], file: str, findings: list[Finding]) -> bool:
    place = Place(file, 1, 1)
    for column in ("source", "target"):
        if column not in header:
            hint = suggestion(column, header) or "The first row names the columns: source,target."
            findings.append(Finding(Code.CROSSWALK_HEADER, place, f"there is no column '{column}'.", hint))
            return False
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1 or not name]
    for name in twice:
        findings.append(Finding(Code.CROSSWALK_HEADER, place, f"the column '{name}' occurs more than once."))
    return not twice


def _yaml_rows(text: str, file: str, findings: list[Finding]) -> Iterator[tuple[dict[str, str], Place]]:
    root, faults = read_document(text, file)
    findings += faults
    if faults:
        return
    for name, node in root.children().items():
        if name not in _YAML_KEYS:
            hint = suggestion(name, _YAML_KEYS) or f"Allowed here: {', '.join(_YAML_KEYS)}."
            findings.append(Finding(Code.UNKNOWN_KEY, node.named_at, f"unknown key '{name}'.", hint))
    entries = root.get("entries")
    if entries is None or not (entries.children() or entries.items()):
        hint = "Write source: target, one on each line."
        findings.append(
            Finding(Code.CROSSWALK_HEADER, (entries or root).place, "there are no entries.", hint)
        )
        return
    for source, target in entries.children().items():
        yield {"source": source, "target": _cell(target, findings)}, target.named_at
    for row in entries.items():
        yield {name: _cell(cell, findings) for name, cell in row.children().items()}, row.place


def _cell(node: Node, findings: list[Finding]) -> str:
    if node.children() or node.items():
        findings.append(Finding(Code.CROSSWALK_ROW, node.place, "a single value is needed."))
    return node.text
