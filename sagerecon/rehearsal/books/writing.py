"""Making, changing, deleting, voiding, releasing: everything is checked before anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.checking import check_body, size_faults
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import day_faults, owner_of
from sagerecon.rehearsal.books.conducts import CONDUCTS
from sagerecon.rehearsal.books.listing import searched_text
from sagerecon.rehearsal.books.records import Link, Row, Values, restored, saved
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, Refusal, invalid

_DRAFTS = ("DRAFT", "PRO_FORMA")


def make(company: Company, kind: Kind, body: Mapping[str, Any], now: int) -> Row:
    """The new record.

    Raises:
        Refusal: the body breaks the catalog's rules or the books'.
    """
    conduct = CONDUCTS[kind.name]
    given, faults = check_body(company, kind, body, creating=True)
    _refuse(faults)
    values = {name: value for name, value in given.items() if value is not None}
    if conduct.defaults is not None:
        values = {**conduct.defaults(company), **values}
    _refuse(list(conduct.complete(company, values, None)) or list(size_faults(values)))
    return book_new(company, kind, values, now)


def book_new(company: Company, kind: Kind, values: Values, now: int) -> Row:
    """The new record of values that are complete and have no faults."""
    conduct = CONDUCTS[kind.name]
    _name_lines(company, kind, values, {})
    row = company.add(kind.name, values, now, owner_of(values), conduct.names(company, values))
    conduct.created(company, row, now)
    if kind.search:
        row.searched = searched_text(company, kind, row.values)
    return row


def change(company: Company, kind: Kind, row: Row, body: Mapping[str, Any], now: int) -> None:
    """Write the fields given; the others stay.

    Raises:
        Refusal: the body breaks the catalog's rules or the books'.
    """
    conduct = CONDUCTS[kind.name]
    given, faults = check_body(company, kind, body, creating=False)
    _refuse(faults)
    values = merged(kind, row.values, given)
    _refuse(list(conduct.complete(company, values, row)) or list(size_faults(values)))
    before = row.values
    _name_lines(company, kind, values, before)
    row.values = values
    table = company.table(kind.name)
    table.move(row, owner_of(before), owner_of(values))
    table.touch(row, now)
    conduct.changed(company, row, before, now)


def delete(company: Company, kind: Kind, row: Row, now: int) -> None:
    """Take the record out, and what it booked.

    Raises:
        Refusal: 405 where the record is in use, 422 where its booking must stand.
    """
    conduct = CONDUCTS[kind.name]
    faults = list(conduct.keeps(company, row))
    if faults:
        raise Refusal(405 if faults[0].code == "MethodNotAllowed" else 422, faults)
    files = company.table("attachment")
    for file in list(files.owned(row.id)):
        CONDUCTS["attachment"].removed(company, file, now)
        files.remove(file, now, row.id)
    conduct.removed(company, row, now)
    company.table(kind.name).remove(row, now, owner_of(row.values))


def void(company: Company, kind: Kind, row: Row, reason: str, now: int) -> None:
    """Take the document out of the books; it keeps its number and its place.

    Raises:
        Refusal: no reason is given, it is void already, or it has been paid.
    """
    conduct, status = CONDUCTS[kind.name], row.values["status"].id
    if status == "VOID":
        raise invalid(Fault("The document is void already.", "base"))
    if not reason and status not in _DRAFTS:
        raise invalid(Fault(REQUIRED, "void_reason"))
    _refuse(list(conduct.keeps(company, row)))
    conduct.removed(company, row, now)
    values = row.values
    values["status"] = Link("artefact_status", "VOID")
    values["void_reason"] = reason or None
    values["outstanding_amount"] = values["base_currency_outstanding_amount"] = Decimal()
    values["editable"] = False
    company.table(kind.name).touch(row, now)


def release(company: Company, kind: Kind, row: Row, now: int) -> None:
    """Take a draft into the books as it stands.

    Raises:
        Refusal: it is no draft, or its date is not in an open period.
    """
    if row.values["status"].id not in _DRAFTS:
        raise invalid(Fault("Only a draft can be released.", "base"))
    _refuse([*day_faults(company, row.values["date"]), *CONDUCTS[kind.name].releases(company, row)])
    before = row.values
    row.values = {**before, "status": None}
    company.table(kind.name).touch(row, now)
    CONDUCTS[kind.name].changed(company, row, before, now)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise invalid(*faults)


def merged(kind: Kind, before: Values, given: Values) -> Values:
    """A partial update: what is given replaces, objects field by field, the rest stays."""
    values = restored(saved(before))
    for name, value in given.items():
        field = next((each for each in kind.fields.values() if each.answered_as == name), None)
        old = values.get(name)
        if field is not None and field.type == "object" and isinstance(old, dict) and isinstance(value, dict):
            values[name] = {**old, **value}
        else:
            values[name] = value
    return cast(Values, values)


def _name_lines(company: Company, kind: Kind, values: Values, before: Values) -> None:
    """Give each new line an id; lines that name one the record had keep it."""
    for field in kind.fields.values():
        lines = values.get(field.answered_as)
        if field.type != "list" or "id" not in field.fields or not isinstance(lines, list):
            continue
        had = {line.get("id") for line in before.get(field.answered_as) or ()}
        for line in lines:
            if line.get("id") is None or line["id"] not in had:
                line["id"] = company.identifiers.next()
