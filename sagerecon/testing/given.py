"""The row of a test, in the types that its dataset has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.record_context import iso_day, with_article
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.money import decimal
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import UNKNOWN, Columns, Type

_EXPECTED = {
    "integer": "a whole number",
    "decimal": "a number such as 12.10",
    "date": "a date such as 2017-03-31",
    "datetime": "a date with time such as 2017-03-31 12:00",
}


def given_row(given: Mapping[str, Node], columns: Columns) -> tuple[dict[str, Any], list[Finding]]:
    """Return the row that a test gives, as its dataset would give it, and a finding for each wrong cell.

    Args:
        given: the cells that are not null, by column.
        columns: of the dataset.
    """
    reading = _Reading()
    row = {name: None for name in columns if not name.startswith("_")}
    for name, node in given.items():
        if name not in columns:
            message = f"the dataset has no column '{name}'."
            hint = suggestion(name, columns) or f"Its columns: {', '.join(row)}."
            reading.findings.append(Finding(Code.NO_SUCH_COLUMN, node.named_at, message, hint))
            continue
        row[name] = reading.value(node, columns[name])
    return row, reading.findings


class _Reading:
    """Reads cells, and collects the findings about them."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def value(self, node: Node, type_: Type) -> Any:
        """Return the value of a cell of a type; None, with a finding, where it has another type."""
        if node.value is None:
            return None
        match type_.name, node.value:
            case "list", tuple(items):
                return [self.value(item, type_.item or UNKNOWN) for item in items]
            case "object", dict():
                return self._object(node, type_.fields)
            case (("list" | "object"), _):
                return self._refuse(node, with_article(type_))
            case _, (tuple() | dict()):
                return self._refuse(node, f"a single value: {type_}")
            case "boolean", bool(value):
                return value
            case "boolean", _:
                return self._refuse(node, "true or false")
        try:
            return scalar(node.text, type_.name)
        except ValueError:
            return self._refuse(node, _EXPECTED[type_.name])

    def _refuse(self, node: Node, expected: str) -> None:
        """Add the finding that a cell is not what is expected."""
        what = f"'{node.text}'" if isinstance(node.value, str | int) else "this"
        message = f"{what} is not {expected}."
        self.findings.append(Finding(Code.WRONG_CELL, node.place, message, "Correct the record of the test."))

    def _object(self, node: Node, fields: Columns) -> dict[str, Any]:
        """Return an object with all its fields; those that are not given are null."""
        for name, child in node.children().items():
            if name not in fields:
                message = f"the object has no field '{name}'."
                hint = suggestion(name, fields) or f"Its fields: {', '.join(fields)}."
                self.findings.append(Finding(Code.NO_SUCH_COLUMN, child.named_at, message, hint))
        given = node.children()
        return {
            name: self.value(given[name], type_) if name in given else None for name, type_ in fields.items()
        }


def scalar(text: str, type_: str) -> int | Decimal | date | str:
    """Return the value that a text is for a type.

    Raises:
        ValueError: it is none of that type.
    """
    match type_:
        case "integer":
            return int(text)
        case "decimal":
            return decimal(text)
        case "date":
            return iso_day(text)
        case "datetime":
            return datetime.fromisoformat(text)
        case _:
            return text
