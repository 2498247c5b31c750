"""What is worked out when somebody looks at a record of a kind that books nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.presenting import Shape, plain, present
from sagerecon.rehearsal.books.records import Row
from sagerecon.rehearsal.books.tax_profile import shown_profile

Answer = dict[str, Any]
ShapeOf = Callable[[Kind], Shape]


def _movement(company: Company, row: Row, shape_of: ShapeOf) -> Answer:
    """A movement tells its day with a time, its number as a number, and all of its item."""
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
    """An analysis type lists its categories."""
    shape = shape_of(company.catalog["analysis_type_category"])
    owned = company.table("analysis_type_category").owned(row.id)
    return {"analysis_type_categories": [present(company, shape, each) for each in owned]}


def _attachment(_company: Company, row: Row, _shape_of: ShapeOf) -> Answer:
    return {"$file_path": f"/attachments/{row.id}/file"}


def _profile(company: Company, _row: Row, _shape_of: ShapeOf) -> Answer:
    return {name: plain(company, value) for name, value in shown_profile(company).items()}


ADDED: Mapping[str, Callable[[Company, Row, ShapeOf], Answer]] = {
    "stock_movement": _movement,
    "analysis_type": _type,
    "attachment": _attachment,
    "tax_profile": _profile,
}


def added(company: Company, kind: str, row: Row, asked: Callable[[str], bool], shape_of: ShapeOf) -> Answer:
    """The fields that are worked out, as far as they were asked for."""
    return {name: value for name, value in ADDED[kind](company, row, shape_of).items() if asked(name)}
