"""Whether the tests of a mapping notice its mutants, and records that would show those they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.record import Record
from sagerecon.model.type import Columns
from sagerecon.testing.case import Screen, Trial, compare, outcome_of, record_of
from sagerecon.testing.fuzzing import smallest
from sagerecon.testing.mutants import Mutant
from sagerecon.testing.rows import Row, made_up_rows, rows_with_one_change
from sagerecon.testing.shown import flow_yaml, plain

#: Rows that are tried for a mutant that the tests do not notice.
TRIED = 200

#: Rows that are tried before, each of which differs from a known one in one cell; and the number of those.
_NEAR, _BASES = 5_000, 3


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test notices, and the smallest record that was found whose outcome it changes."""

    mutant: Mutant
    row: Row | None  #: None where no such record was found
    base: str = ""  #: the test whose record it is but for `row`; empty where `row` is the whole record

    @property
    def shown_by(self) -> str:
        """What would show the mutant, for people."""
        if self.row is None:
            return "No record was found that shows it: it may change nothing."
        on_top = f" on top of '{self.base}'" if self.base else ""
        return f"A record that shows it: {flow_yaml(self.row)}{on_top}."


def is_noticed(
    mapping: CompiledMapping, trials: Iterable[Trial], kept: Iterable[tuple[Record, Any]], screen: Screen
) -> bool:
    """Return whether a test fails with a changed mapping, or a record of a sample has another outcome.

    Args:
        kept: the records of samples, each with the meaning of its outcome.
    """
    for trial in trials:
        record = record_of(trial.case, trial.row, mapping)
        if not compare(trial.case, outcome_of(mapping, record, screen), trial.references).passed:
            return True
    return any(meaning(outcome_of(mapping, record, screen)) != found for record, found in kept)


def meaning(outcome: Outcome | None) -> Any:
    """Return what a test can state of an outcome; equal for outcomes that no test tells apart."""
    match outcome:
        case Draft():
            changes = [(change.field, change.before, change.after) for change in outcome.changes]
            return plain(outcome.body), changes, outcome.amount, dict(outcome.identity)
        case LeftOut():
            return outcome.rule, outcome.merged_into, outcome.amount
        case Quarantined():
            return sorted({str(finding.code) for finding in outcome.findings}), outcome.amount
        case None:
            return None


def telling_row(
    mappings: tuple[CompiledMapping, CompiledMapping],
    columns: Columns,
    known: Mapping[str, Sequence[Any]],
    bases: Sequence[Row],
    screen: Screen,
) -> Row | None:
    """Return the smallest record that was found with different outcomes in two mappings.

    The search is the same every time: first for a known record with one other cell, then for any. None where
    no record of those that are tried tells them apart.

    Args:
        mappings: a mapping and its mutant.
        columns: of their dataset.
        known: values of columns.
        bases: rows that are known.
    """

    def differs(row: Row) -> bool:
        record = Record(dataset=mappings[0].dataset, key="1", values=row, origins=())
        one, other = (meaning(outcome_of(mapping, record, screen)) for mapping in mappings)
        return bool(one != other)

    near = islice(rows_with_one_change(columns, known, bases[:_BASES]), _NEAR)
    return next(filter(differs, near), None) or smallest(made_up_rows(columns, known, bases), differs, TRIED)


def told_by(row: Row, trials: Sequence[Trial]) -> tuple[str, Row]:
    """Return the test whose record is nearest to a row, and the cells in which the row differs from it.

    Where no test is near, the name is empty, and the cells are those of the whole row that are not null.
    """
    whole = {name: value for name, value in row.items() if value is not None}
    nearest, cells = "", whole
    for trial in trials:
        differing = {name: value for name, value in row.items() if value != trial.row.get(name)}
        if len(differing) < len(cells):
            nearest, cells = trial.case.name, differing
    return nearest, cells
