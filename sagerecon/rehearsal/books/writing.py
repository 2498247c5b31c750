"""Creating, updating, deleting, voiding and releasing records; all checks come before any change."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import day_faults, owner_id
from sagerecon.rehearsal.books.kinds import KIND_HOOKS
from sagerecon.rehearsal.books.listing import search_text
from sagerecon.rehearsal.books.records import Link, Row, Values, decode_value, encode_value
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, Refusal, invalid
from sagerecon.rehearsal.books.validation import check_body, size_faults

_DRAFTS = ("DRAFT", "PRO_FORMA")


def create(company: Company, kind: Kind, body: Mapping[str, Any], now: int) -> Row:
    """Create a record and return it.

    Raises:
        Refusal: the body breaks the catalog's rules or those of the books.
    """
    hooks = KIND_HOOKS[kind.name]
    given, faults = check_body(company, kind, body, creating=True)
    _raise_on_faults(faults)
    values = {name: value for name, value in given.items() if value is not None}
    if hooks.defaults is not None:
        values = {**hooks.defaults(company), **values}
    _raise_on_faults(list(hooks.complete(company, values, None)) or list(size_faults(values)))
    return create_record(company, kind, values, now)


def create_record(company: Company, kind: Kind, values: Values, now: int) -> Row:
    """Create a record from values that are complete and valid, and return it."""
    hooks = KIND_HOOKS[kind.name]
    _assign_line_ids(company, kind, values, {})
    row = company.add(kind.name, values, now, owner_id(values), hooks.make_id(company, values))
    hooks.after_create(company, row, now)
    if kind.search:
        row.search_text = search_text(company, kind, row.values)
    return row


def update(company: Company, kind: Kind, row: Row, body: Mapping[str, Any], now: int) -> None:
    """Change the fields given and keep the others.

    Raises:
        Refusal: the body breaks the catalog's rules or those of the books.
    """
    hooks = KIND_HOOKS[kind.name]
    given, faults = check_body(company, kind, body, creating=False)
    _raise_on_faults(faults)
    values = merge_update(kind, row.values, given)
    _raise_on_faults(list(hooks.complete(company, values, row)) or list(size_faults(values)))
    before = row.values
    _assign_line_ids(company, kind, values, before)
    row.values = values
    table = company.table(kind.name)
    table.change_owner(row, owner_id(before), owner_id(values))
    table.touch(row, now)
    hooks.after_update(company, row, before, now)


def delete(company: Company, kind: Kind, row: Row, now: int) -> None:
    """Delete a record, and reverse what it booked.

    Raises:
        Refusal: 405 if the record is in use, 422 if its booking can't be reversed.
    """
    hooks = KIND_HOOKS[kind.name]
    faults = list(hooks.delete_faults(company, row))
    if faults:
        raise Refusal(405 if faults[0].code == "MethodNotAllowed" else 422, faults)
    files = company.table("attachment")
    for file in list(files.owned(row.id)):
        KIND_HOOKS["attachment"].after_delete(company, file, now)
        files.remove(file, now, row.id)
    hooks.after_delete(company, row, now)
    company.table(kind.name).remove(row, now, owner_id(row.values))


def void(company: Company, kind: Kind, row: Row, reason: str, now: int) -> None:
    """Reverse a document's booking; the document keeps its number and its position.

    Raises:
        Refusal: no reason is given, it is void already, or it has been paid.
    """
    hooks, status = KIND_HOOKS[kind.name], row.values["status"].id
    if status == "VOID":
        raise invalid(Fault("The document is void already.", "base"))
    if not reason and status not in _DRAFTS:
        raise invalid(Fault(REQUIRED, "void_reason"))
    _raise_on_faults(list(hooks.delete_faults(company, row)))
    hooks.after_delete(company, row, now)
    values = row.values
    values["status"] = Link("artefact_status", "VOID")
    values["void_reason"] = reason or None
    values["outstanding_amount"] = values["base_currency_outstanding_amount"] = Decimal()
    values["editable"] = False
    company.table(kind.name).touch(row, now)


def release(company: Company, kind: Kind, row: Row, now: int) -> None:
    """Book a draft unchanged.

    Raises:
        Refusal: it is not a draft, or its date is not in an open period.
    """
    if row.values["status"].id not in _DRAFTS:
        raise invalid(Fault("Only a draft can be released.", "base"))
    _raise_on_faults(
        [*day_faults(company, row.values["date"]), *KIND_HOOKS[kind.name].release_faults(company, row)]
    )
    before = row.values
    row.values = {**before, "status": None}
    company.table(kind.name).touch(row, now)
    KIND_HOOKS[kind.name].after_update(company, row, before, now)


def _raise_on_faults(faults: list[Fault]) -> None:
    if faults:
        raise invalid(*faults)


def merge_update(kind: Kind, before: Values, given: Values) -> Values:
    """Return the record's values after an update; objects are merged, other values replaced."""
    values = decode_value(encode_value(before))
    for name, value in given.items():
        field = next((each for each in kind.fields.values() if each.answered_as == name), None)
        old = values.get(name)
        if field is not None and field.type == "object" and isinstance(old, dict) and isinstance(value, dict):
            values[name] = {**old, **value}
        else:
            values[name] = value
    return cast(Values, values)


def _assign_line_ids(company: Company, kind: Kind, values: Values, before: Values) -> None:
    """Give each new line an id; a line with an id the record already had keeps it."""
    for field in kind.fields.values():
        lines = values.get(field.answered_as)
        if field.type != "list" or "id" not in field.fields or not isinstance(lines, list):
            continue
        had = {line.get("id") for line in before.get(field.answered_as) or ()}
        for line in lines:
            if line.get("id") is None or line["id"] not in had:
                line["id"] = company.identifiers.next()
