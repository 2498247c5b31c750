"""Analysis types, their categories, and lines that carry categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault

_TYPE, _CATEGORY = "analysis_type", "analysis_type_category"
AREAS = ("SALES", "EXPENSES", "BANKING", "JOURNALS")

_TRANSACTION = {"id": 1, "name": "TRANSACTION_LEVEL", "identifier": "TRANSACTION"}
_GROUP = {"id": 2, "name": "GROUP_LEVEL", "identifier": "GROUP"}

#: Sage has exactly six types: three for the lines of bookings and three for groups of records.
_DEFAULT_TYPES = (
    ("Department", _TRANSACTION),
    ("Customer Group", _GROUP),
    ("Cost Centre", _TRANSACTION),
    ("Supplier Group", _GROUP),
    ("Project", _TRANSACTION),
    ("Product Group", _GROUP),
)


def default_types() -> Iterator[Values]:
    """Yield the values of the six types of a new business."""
    for name, level in _DEFAULT_TYPES:
        areas = list(AREAS) if level is _TRANSACTION else []
        yield {"name": name, "analysis_type_level": dict(level), "active_areas": areas}


def _complete_type(_company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    """Yield faults in a type: only its name and its areas can be changed."""
    if not values.get("name"):
        yield Fault(REQUIRED, "name")
    unknown = [area for area in values.get("active_areas") or () if area not in AREAS]
    if unknown:
        yield Fault("Active areas is not included in the list.", "active_areas")
    if values.get("active_areas") and values["analysis_type_level"] == _GROUP:
        yield Fault("An analysis type for groups has no active areas.", "active_areas")
    values.pop("analysis_type_categories", None)


def _touch_categories(company: Company, row: Row, before: Values, now: int) -> None:
    table = company.table(_CATEGORY)
    if before["name"] != row.values["name"]:
        for category in list(table.owned(row.id)):
            table.touch(category, now)


ANALYSIS_TYPE = Hooks(_complete_type, after_update=_touch_categories)


def _complete_category(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    for name in ("code", "name"):
        if not values.get(name):
            yield Fault(REQUIRED, name)
    type = values.get("analysis_type")
    if type is None:
        yield Fault(REQUIRED, "analysis_type_id")
        return
    if old is not None and type != old.values["analysis_type"]:
        yield Fault("You cannot move a category to another analysis type.", "analysis_type_id")
    code = values.get("code")
    if code and not code.isdecimal():
        yield Fault("Code must be a number.", "code")
    for row in company.table(_CATEGORY).owned(type.id):
        if row.values["code"] == code and (old is None or row.id != old.id):
            yield Fault("Code has already been taken.", "code")


def _number(company: Company, row: Row, _now: int) -> None:
    types = list(company.table(_TYPE).rows)
    place = types.index(row.values["analysis_type"].id) + 1
    row.values["combined_id"] = f"{place},{company.next_number(_CATEGORY)}"


def _category_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
    if Link(_CATEGORY, row.id) in company.used_items:
        message = "You cannot delete an Analysis Type Category that is in use."
        yield Fault(message, code="MethodNotAllowed")


ANALYSIS_TYPE_CATEGORY = Hooks(_complete_category, _category_delete_faults, _number)


def with_analysis(area: str, lines: str, hooks: Hooks) -> Hooks:
    """Return the hooks with a check of analysis categories added.

    Args:
        area: the active area the categories must be enabled for.
        lines: name of the field that holds the lines; empty if the record itself carries the categories.
    """

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        for line in _lines(values, lines):
            yield from _category_faults(company, area, line, f"{lines}." if lines else "")
        yield from hooks.complete(company, values, old)

    def after_create(company: Company, row: Row, now: int) -> None:
        hooks.after_create(company, row, now)
        _mark_used(company, _lines(row.values, lines))

    def after_update(company: Company, row: Row, before: Values, now: int) -> None:
        hooks.after_update(company, row, before, now)
        _mark_used(company, _lines(row.values, lines))

    return replace(hooks, complete=complete, after_create=after_create, after_update=after_update)


def _lines(values: Values, lines: str) -> Iterable[Values]:
    return values.get(lines) or () if lines else (values,)


def _category_faults(company: Company, area: str, line: Values, path: str) -> Iterator[Fault]:
    """Yield faults unless the categories exist, are active here, and are of different types."""
    given = line.get("analysis_type_categories")
    if not given:
        return
    source = f"{path}analysis_type_categories"
    links = [_link(item) for item in given]
    rows = [company.find(link) for link in links]
    line["analysis_type_categories"] = links
    types: set[str] = set()
    for row in rows:
        if row is None:
            yield Fault("Couldn't find Analysis Type Category.", source)
            continue
        type = company.table(_TYPE).rows[row.values["analysis_type"].id]
        if type.id in types:
            yield Fault("There can be one category of each analysis type.", source)
        types.add(type.id)
        if area not in (type.values.get("active_areas") or ()):
            yield Fault(f"analysis_type_categories are not enabled for Active Area {area}", source)


def _link(item: object) -> Link | None:
    """Return the category that an item of a line names, by its id or by an object that has one."""
    if isinstance(item, Link):
        return item
    id = item.get("id") if isinstance(item, dict) else item
    return Link(_CATEGORY, id) if isinstance(id, str) else None


def _mark_used(company: Company, lines: Iterable[Values]) -> None:
    for line in lines:
        company.used_items.update(line.get("analysis_type_categories") or ())
