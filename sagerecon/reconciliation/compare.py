"""Compare one record field by field, in three ways: source, what was written, what Sage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.comparison import EXACT, Comparison, How
from sagerecon.model.money import difference
from sagerecon.pairing.canonical import UNANSWERED, Row, shown
from sagerecon.pairing.comparison_rules import equal, tolerated, without_positions
from sagerecon.reconciliation.shape import shape_of
from sagerecon.reconciliation.verdict import Cause, Difference, Shape


@dataclass(frozen=True, slots=True)
class Sides:
    """The canonical rows of one record. `written` and `answer` are None where it was never written."""

    source: Row
    written: Row | None
    answer: Row | None
    sage: Row
    is_claimed: bool = False  #: the entity was adopted by decision, so that nothing was written


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences of one record, and how many fields were compared."""

    differences: tuple[Difference, ...]
    fields: int
    not_answered: tuple[str, ...]


def compare(
    sides: Sides, rules: Mapping[str, Comparison], moved: Cause, *, accept_found: bool = False
) -> Compared:
    """Return every field on which source and Sage disagree, each with its cause.

    A field that the source changed and Sage's answer does not show is among them.

    Args:
        sides: the canonical rows of the record.
        rules: the comparison rules by field path without list positions.
        moved: the cause where the source now differs from what was written.
        accept_found: accept values that Sage had when the entity was adopted.
    """
    paths = dict.fromkeys((*sides.source, *(sides.written or ()), *_additions(sides)))
    differences: list[Difference] = []
    not_answered: list[str] = []
    fields = 0
    for path in paths:
        rule = rules.get(without_positions(path), EXACT)
        sage = sides.sage.get(path)
        if rule.how is How.IGNORE:
            continue
        source = sides.source.get(path)
        if sage is UNANSWERED:
            not_answered.append(without_positions(path))
            if sides.written is None or equal(source, sides.written.get(path), rule.how):
                continue
        else:
            fields += 1
            if equal(source, sage, rule.how):
                continue
        cause = _cause(path, sides, rule, moved)
        if accept_found and cause in (Cause.ALTERED_AT_WRITE, Cause.NEVER_WRITTEN):
            continue
        differences.append(_difference(path, sides, cause, rule))
    return Compared(tuple(_with_swapped_sides(differences)), fields, tuple(not_answered))


def _additions(sides: Sides) -> list[str]:
    """Return the paths of lines in Sage beyond those that were sent."""
    return [path for path, leaf in sides.sage.items() if path.endswith("]") and leaf is not None]


def _cause(path: str, sides: Sides, rule: Comparison, moved: Cause) -> Cause:
    if sides.written is None:
        return Cause.NEVER_WRITTEN
    source, written, sage = sides.source.get(path), sides.written.get(path), sides.sage.get(path)
    answer = UNANSWERED if sides.answer is None else sides.answer.get(path)
    is_as_answered = answer is not UNANSWERED and equal(answer, sage, rule.how)
    if equal(source, written, rule.how):
        if sides.is_claimed and is_as_answered:
            return Cause.NEVER_WRITTEN
        return Cause.ALTERED_AT_WRITE if is_as_answered else Cause.EDITED_AFTER_LOAD
    is_as_written = equal(sage, written, rule.how) or tolerated(sage, written, rule.tolerance)
    return moved if sage is UNANSWERED or is_as_answered or is_as_written else Cause.BOTH_CHANGED


def _difference(path: str, sides: Sides, cause: Cause, rule: Comparison) -> Difference:
    source, sage = sides.source.get(path), sides.sage.get(path)
    both = isinstance(source, Decimal) and isinstance(sage, Decimal)
    gap = difference(sage, source) if isinstance(source, Decimal) and isinstance(sage, Decimal) else None
    return Difference(
        field=path,
        source=shown(source),
        written="" if sides.written is None else shown(sides.written.get(path)),
        sage=shown(sage),
        cause=cause,
        shape=shape_of(source, sage),
        gap=gap,
        tolerance=rule.tolerance if both and tolerated(source, sage, rule.tolerance) else None,
    )


def _with_swapped_sides(differences: list[Difference]) -> list[Difference]:
    """Return the differences; where debit and credit are exchanged, both are marked so."""
    by_field = {difference.field: difference for difference in differences}
    swapped = set()
    for name, debit in by_field.items():
        if name.endswith("debit"):
            credit = by_field.get(name.removesuffix("debit") + "credit")
            if credit is not None and (debit.source, credit.source) == (credit.sage, debit.sage):
                swapped |= {debit.field, credit.field}
    return [
        replace(difference, shape=Shape.DEBIT_CREDIT_SWAPPED) if difference.field in swapped else difference
        for difference in differences
    ]
