"""Fields that are computed when a record is read, for kinds that book nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.presentation import Shape, json_value, present
from sagerecon.rehearsal.books.records import Row
from sagerecon.rehearsal.books.tax_profile import profile_answer

Answer = dict[str, Any]
ShapeOf = Callable[[Kind], Shape]


def _movement(company: Company, row: Row, shape_of: ShapeOf) -> Answer:
    """Return the movement's day with a time, its number as a number, and its whole item."""
    number = row.values["movement_number"]
    item = company.find(row.values["stock_item"])
    shape = shape_of(company.catalog["stock_item"])
    return {
        "date": f"{row.values['date']}T00:00:00.000Z",
        "movement_number": int(number) if number.isdecimal() else number,
        "stock_item": present(company, shape, item) if item is not None else None,
        "links": [{"href": None, "rel": "alternate", "type": "text/html"}],
    }


def _type(company: Company, row: Row, shape_of: ShapeOf) -> Answer:
    """Return the categories of an analysis type."""
    shape = shape_of(company.catalog["analysis_type_category"])
    owned = company.table("analysis_type_category").owned(row.id)
    return {"analysis_type_categories": [present(company, shape, each) for each in owned]}


def _attachment(_company: Company, row: Row, _shape_of: ShapeOf) -> Answer:
    return {"$file_path": f"/attachments/{row.id}/file"}


def _profile(company: Company, _row: Row, _shape_of: ShapeOf) -> Answer:
    return {name: json_value(company, value) for name, value in profile_answer(company).items()}


COMPUTED: Mapping[str, Callable[[Company, Row, ShapeOf], Answer]] = {
    "stock_movement": _movement,
    "analysis_type": _type,
    "attachment": _attachment,
    "tax_profile": _profile,
}


def computed_fields(
    company: Company, kind: str, row: Row, requested: Callable[[str], bool], shape_of: ShapeOf
) -> Answer:
    """Return the computed fields that were requested."""
    return {name: value for name, value in COMPUTED[kind](company, row, shape_of).items() if requested(name)}
