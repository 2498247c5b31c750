"""A comparison of two tables, as CSV, XLSX and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from io import TextIOWrapper
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

from sagerecon.files.table_file import Cell, TableWriter, csv_table, workbook_tables
from sagerecon.files.writing import replacing
from sagerecon.model.money import difference
from sagerecon.model.two_sides import Compared, ComparisonFacts, How, RecordDifference, SideRow, Suggestion
from sagerecon.model.value import Scalar, canonical

#: Receives each difference, and at the end the facts.
Sink: TypeAlias = Callable[[RecordDifference | ComparisonFacts], None]

_DIFFERENCES, _SUMMARY = "differences", "summary"

#: The formats of a comparison by the suffix of the file's name.
SUFFIXES = (".csv", ".xlsx", ".json")


@contextmanager
def comparison_file(path: Path, compared: Compared, numeric: Sequence[bool]) -> Iterator[Sink]:
    """Write a comparison to a file, in the format of its suffix.

    The file takes the place of `path` when the block ends without an error.

    Args:
        numeric: whether a compared column has numbers on both sides.

    Raises:
        OSError: the file cannot be written.
        TooManyRowsError: a workbook cannot hold so many rows.
    """
    if path.suffix.lower() == ".json":
        with _json_file(path, compared) as sink:
            yield sink
        return
    heading = _heading(compared, numeric)
    if path.suffix.lower() == ".csv":
        writing = csv_table(path, _DIFFERENCES, heading)
    else:
        summary = ("figure", compared.left, compared.right, "difference")
        writing = workbook_tables(path, {_SUMMARY: summary, _DIFFERENCES: heading})
    with writing as writer:

        def write(found: RecordDifference | ComparisonFacts) -> None:
            if isinstance(found, RecordDifference):
                for row in _rows(found, compared, numeric):
                    writer.row(_DIFFERENCES, row)
            else:
                _write_summary(writer, found)

        yield write


def facts_document(compared: Compared, facts: ComparisonFacts) -> dict[str, Any]:
    """Return counts, totals and suggestions as JSON."""
    return {
        "left": compared.left,
        "right": compared.right,
        "key": list(compared.key),
        "columns": list(compared.columns),
        "left_only": list(compared.left_only),
        "right_only": list(compared.right_only),
        "ignored": list(compared.ignored),
        "left_rows": facts.left_rows,
        "right_rows": facts.right_rows,
        "equal": facts.equal,
        **{how.value: facts.counts.get(how, 0) for how in How},
        "equal_duplicates": facts.duplicated,
        "without_key": list(facts.without_key),
        "totals": [
            {"column": each.column, "left": each.left, "right": each.right, "difference": each.difference}
            for each in facts.totals
        ],
        "suggestions": [
            {"column": each.column, "rule": each.rule, "count": each.count, "of": each.of}
            for each in facts.suggestions
        ],
    }


def difference_document(compared: Compared, found: RecordDifference) -> dict[str, Any]:
    """Return the rows of a key that differ as JSON."""
    return {
        "difference": found.how.value,
        "key": dict(zip(compared.key, found.key, strict=True)),
        "columns": compared.row(found),
        "left": [_row_document(compared, row) for row in found.left],
        "right": [_row_document(compared, row) for row in found.right],
    }


def suggestion_sentence(found: Suggestion) -> str:
    """Return what would make records match, or values equal."""
    if found.column:
        return f"{found.column}: {found.count:,} of {found.of:,} differing values are equal {found.rule}."
    return f"{found.count:,} of {found.of:,} missing records match an extra one {found.rule}."


@contextmanager
def _json_file(path: Path, compared: Compared) -> Iterator[Sink]:
    with replacing(path) as stream:
        text = TextIOWrapper(stream, encoding="utf-8", newline="\n")
        before = ""
        facts: dict[str, Any] = {}

        def write(found: RecordDifference | ComparisonFacts) -> None:
            nonlocal before
            if isinstance(found, RecordDifference):
                text.write(before + canonical(difference_document(compared, found)))
                before = ",\n"
            else:
                facts.update(facts_document(compared, found))

        text.write('{"records":[\n')
        yield write
        text.writelines(
            ["\n]", *(f",\n{json.dumps(name)}:{canonical(each)}" for name, each in facts.items())]
        )
        text.write("}\n")
        text.detach()


def _row_document(compared: Compared, row: SideRow) -> Mapping[str, Any]:
    return {"row": row.origin, "values": dict(zip(compared.columns, row.values, strict=True))}


def _heading(compared: Compared, numeric: Sequence[bool]) -> list[str]:
    heading = ["difference", *compared.key, "columns", f"row in {compared.left}", f"row in {compared.right}"]
    for name, is_numeric in zip(compared.columns, numeric, strict=True):
        heading += [f"{name} in {compared.left}", f"{name} in {compared.right}"]
        heading += [f"{name}: difference"] if is_numeric else []
    return heading


def _rows(found: RecordDifference, compared: Compared, numeric: Sequence[bool]) -> Iterator[list[Cell]]:
    """Yield a row for each record of a key: the left one beside the right one."""
    for left, right in zip_longest(found.left, found.right):
        row: list[Cell] = [found.how.value, *found.key, ", ".join(compared.row(found))]
        row += [left.origin if left else None, right.origin if right else None]
        for number, is_numeric in enumerate(numeric):
            one, other = (side.values[number] if side else None for side in (left, right))
            row += [one, other]
            if is_numeric:
                row.append(difference(_amount(other), _amount(one)))
        yield row


def _write_summary(writer: TableWriter, facts: ComparisonFacts) -> None:
    def add(*cells: Cell) -> None:
        writer.row(_SUMMARY, cells)

    add("rows", facts.left_rows, facts.right_rows, facts.right_rows - facts.left_rows)
    for each in facts.totals:
        add(f"total of {each.column}", each.left, each.right, each.difference)
    add("rows without a key", *facts.without_key)
    add("equal rows", facts.equal)
    for how in How:
        add(f"{how.value} records", facts.counts.get(how, 0))
    for suggestion in facts.suggestions:
        add(suggestion_sentence(suggestion))


def _amount(value: Scalar) -> Decimal:
    return Decimal(value) if isinstance(value, Decimal | int) else Decimal()
