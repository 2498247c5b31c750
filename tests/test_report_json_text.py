"""A document that is written part by part is the text that `json.dumps` gives for the whole."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sagerecon.model.rows import Rows
from sagerecon.report.json_text import json_text

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def as_rows(value: Any) -> Any:
    """Return the value with each list of objects in it as `Rows`, unless it is within another."""
    if isinstance(value, dict):
        return {name: as_rows(member) for name, member in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return Rows(len(value), lambda: value)
    return [as_rows(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_a_document_in_parts_is_the_whole_text(value: Any) -> None:
    expected = json.dumps(value, ensure_ascii=False, indent=1)
    assert "".join(json_text(value)) == expected
    assert "".join(json_text(as_rows(value))) == expected


def test_rows_are_written_while_they_are_made() -> None:
    made: list[int] = []

    def make() -> Any:
        for number in range(3):
            made.append(number)
            yield {"number": number}

    parts = json_text({"rows": Rows(3, make)})
    while '{\n   "number": 0\n  }' not in next(parts):
        assert len(made) <= 1
    assert made == [0]
