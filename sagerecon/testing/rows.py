"""Records made up from the types of a dataset and the values that are known of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import strategies

from sagerecon.documents.document import Node
from sagerecon.model.type import UNKNOWN, Columns, Type
from sagerecon.testing.given import scalar

#: A record as its dataset gives it.
Row: TypeAlias = Mapping[str, Any]

#: Texts that mappings often meet: blanks, padding, long ones, other letters, what looks like a number.
_TEXTS = ("", " ", " a", "a  b", "A", "x" * 51, "y " * 150, "Łódź Ltd", "0012", "1.005", "2017-02-29", "a,b")

#: Characters of the longest text that is made up for a limit.
_LONGEST = 5_000

_QUOTED = re.compile(r"(?<=')[^']*(?=')|(?<=\")[^\"]*(?=\")")
_NUMBER = re.compile(r"\b\d{1,6}\b")

_NUMBERS = (Decimal(0), Decimal("0.005"), Decimal("-0.01"), Decimal("1234567890.12"), Decimal("2.345"))
_DAYS = (date(2000, 2, 29), date(1900, 1, 1), date(2017, 3, 31), date(9999, 12, 31))


def written_values(root: Node) -> set[str]:
    """Return the texts that a mapping states: constants, keys of tables, what its expressions quote or count.

    Of a number there are its neighbours as well, and texts of that many characters: limits lie between them.
    """
    found: set[str] = set()
    stack = [("", root)]
    while stack:
        role, node = stack.pop()
        if role in ("enum", "replace"):
            found |= node.children().keys()
        stack += node.children().items()
        stack += [(role, item) for item in node.items()]
        if isinstance(node.value, str | int) and not isinstance(node.value, bool):
            found |= {node.text} if role in ("value", "default") else set(_QUOTED.findall(node.text))
            for number in map(int, _NUMBER.findall(node.text)):
                near = (number - 1, number, number + 1)
                found |= {*map(str, near), *("x" * size for size in near if 0 < size <= _LONGEST)}
    return found


def known_values(rows: Iterable[Row], texts: Iterable[str], columns: Columns) -> dict[str, list[Any]]:
    """Return the values that are known of each column: of rows, and of the texts that its type can read."""
    known: dict[str, dict[Any, None]] = {name: {} for name in columns}
    for row in rows:
        for name, value in row.items():
            if name in known and isinstance(value, str | int | Decimal | date | bool):
                known[name][value] = None
    for text in sorted(texts, key=lambda text: (len(text), text)):
        for name, type_ in columns.items():
            if type_.name in ("text", "integer", "decimal", "date"):
                with suppress(ValueError):
                    known[name][scalar(text, type_.name)] = None
    return {name: list(values) for name, values in known.items()}


def rows_with_one_change(
    columns: Columns, known: Mapping[str, Sequence[Any]], bases: Iterable[Row]
) -> Iterator[Row]:
    """Yield known rows with one cell replaced: by null, by each known value, by the usual ones of its type.

    Args:
        columns: of the dataset.
        known: values of columns.
        bases: rows that are known.
    """
    for base in bases:
        for name, type_ in columns.items():
            if not name.startswith("_"):
                own = base.get(name)
                for value in (None, *_alike(own), *known.get(name, ()), *_usual(type_)):
                    if value != own:
                        yield {**base, name: value}


def _usual(type_: Type) -> Sequence[Any]:
    usual: dict[str, Sequence[Any]] = {
        "text": _TEXTS,
        "decimal": _NUMBERS,
        "integer": (0, 1, -1),
        "date": _DAYS,
        "boolean": (True, False),
    }
    return usual.get(type_.name, ())


def _alike(value: Any) -> Sequence[str]:
    """Return texts that look like another: padded, in other letters, with a double blank."""
    if not isinstance(value, str) or not value:
        return ()
    return f" {value}", f"{value} ", value.upper(), value.lower(), f"{value}  x"


def made_up_rows(
    columns: Columns, known: Mapping[str, Sequence[Any]], bases: Sequence[Row]
) -> strategies.SearchStrategy[Row]:
    """Return a strategy of rows: a known one, or one without values, with some of its cells replaced.

    Args:
        columns: of the dataset.
        known: values of columns.
        bases: rows that are known.
    """
    names = [name for name in columns if not name.startswith("_")]
    blank: Row = dict.fromkeys(names)
    cells = {name: _cells(columns[name], known.get(name, ())) for name in names}
    changed = strategies.fixed_dictionaries({}, optional=cells)
    return strategies.builds(
        lambda base, changes: {**base, **changes}, strategies.sampled_from([*bases, blank]), changed
    )


def _cells(type_: Type, known: Sequence[Any] = ()) -> strategies.SearchStrategy[Any]:
    """Return a strategy of the values of a column, null among them."""
    usual = _of_type(type_)
    if known:
        usual = strategies.sampled_from(list(known)) | usual
    return strategies.none() | usual


def _of_type(type_: Type) -> strategies.SearchStrategy[Any]:
    match type_.name:
        case "integer":
            return strategies.integers(-2, 100) | strategies.integers(-(10**12), 10**12)
        case "decimal":
            cents = strategies.decimals(-100_000, 100_000, places=2)
            return strategies.sampled_from(_NUMBERS) | cents | strategies.decimals(-100, 100, places=4)
        case "boolean":
            return strategies.booleans()
        case "date":
            return strategies.sampled_from(_DAYS) | strategies.dates(date(2000, 1, 1), date(2030, 12, 31))
        case "datetime":
            return strategies.datetimes(datetime(2000, 1, 1), datetime(2030, 12, 31))  # noqa: DTZ001 - as in a source
        case "list":
            return strategies.lists(_cells(type_.item or UNKNOWN), max_size=3)
        case "object":
            return strategies.fixed_dictionaries(
                {name: _cells(field) for name, field in type_.fields.items()}
            )
        case _:
            return strategies.sampled_from(_TEXTS) | strategies.text(_LETTERS, max_size=12)


_LETTERS = strategies.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn"))
