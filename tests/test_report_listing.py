"""A page shows some rows of a long list, and states the number of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagerecon.report.grouping import EXAMPLES
from sagerecon.report.listing import (
    GROUPS,
    LISTED_ROWS,
    agreeing_lines,
    differing_lines,
    first_of_each,
    like_records,
    listed,
)

MANY = LISTED_ROWS + 1_000


def records(count: int, reasons: int = 1) -> Iterator[dict[str, Any]]:
    """Yield records with the given number of reasons, which differ in a word."""
    for number in range(count):
        word = "".join(chr(ord("a") + int(digit)) for digit in str(number % reasons))
        yield {
            "verdict": "missing", "label": f"invoice {number}", "key": f"i/{number}", "remedy": "",
            "reason": f"Gone {word}.", "amount_at_risk": "0.10",
        }  # fmt: skip


def test_like_records_are_counted_with_their_money_whatever_is_shown() -> None:
    (group,) = like_records(records(MANY)).groups
    assert (group.first["label"], group.others.count, len(group.others.rows)) == (
        "invoice 0",
        MANY - 1,
        LISTED_ROWS,
    )
    assert group.examples == ["invoice 1", "invoice 2", "invoice 3"]
    assert group.at_risk == f"{MANY // 10}.00"


def test_the_rows_of_all_groups_together_are_limited_and_each_has_its_examples() -> None:
    found = like_records(records(2 * MANY, reasons=2))
    assert [group.others.count for group in found.groups] == [MANY - 1, MANY - 1]
    assert sum(len(group.others.rows) for group in found.groups) == LISTED_ROWS
    late = [*records(MANY), *({**record, "reason": "Rejected."} for record in records(9))]
    second = like_records(late).groups[1]
    assert (second.others.count, len(second.examples)) == (8, EXAMPLES)


def test_what_is_like_none_of_the_first_groups_is_counted_and_shown_apart() -> None:
    found = like_records(records(MANY, reasons=MANY))
    assert len(found.groups) == GROUPS and not any(group.others.count for group in found.groups)
    assert (found.further.count, len(found.further.rows)) == (MANY - GROUPS, LISTED_ROWS)


def test_lines_of_a_tie_out_are_counted_by_agreement() -> None:
    lines = [{"difference": "0.00" if number % 3 else "-1.00"} for number in range(3 * MANY)]
    found = differing_lines(lines)
    assert (found.count, len(found.rows), agreeing_lines(lines)) == (MANY, LISTED_ROWS, 2 * MANY)
    assert len(listed(lines)) == LISTED_ROWS


def test_rows_are_counted_by_the_value_of_a_field() -> None:
    rows = [{"reason": "zero", "n": 1}, {"reason": "empty", "n": 2}, {"reason": "zero", "n": 3}]
    assert first_of_each(rows, "reason") == [(rows[1], 1), (rows[0], 2)]
