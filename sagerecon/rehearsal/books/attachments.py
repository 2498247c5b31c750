"""Attachments: files of a record."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Iterator
from pathlib import PurePosixPath

from sagerecon.model.clock import instant
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault, Refusal

#: Maximum file size in bytes, as in the catalog's field `file_size`.
_LARGEST = 2_621_440

#: Sage has no record of attachments deleted before this day.
_TRACED_SINCE = instant("2019-06-12")


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    before: Values = old.values if old is not None else {}
    if values.get("file") != before.get("file"):
        yield from _file_faults(values)
    suffix = PurePosixPath(values["file_name"]).suffix
    values["file_extension"] = suffix or None
    values["displayed_as"] = values.get("description")
    values["attachment_context"] = _context(values)
    yield from _context_faults(company, values)


def _file_faults(values: Values) -> Iterator[Fault]:
    try:
        content = base64.b64decode(values["file"], validate=True)
    except (binascii.Error, ValueError):
        yield Fault("File is not base64.", "file")
        return
    if not content:
        yield Fault("File is empty.", "file")
    if len(content) > _LARGEST:
        yield Fault(f"File is too large (maximum is {_LARGEST} bytes).", "file")
    values["file_size"] = len(content)


def _context(values: Values) -> Link | None:
    """Return the record the file belongs to; its kind follows from the context type."""
    type, given = values.get("attachment_context_type"), values.get("attachment_context")
    if type is None or given is None:
        return given
    return Link(type.id.lower(), given.id)


def _context_faults(company: Company, values: Values) -> Iterator[Fault]:
    type, context = values.get("attachment_context_type"), values.get("attachment_context")
    if context is None:
        if type is not None and type.id != "BUSINESS":
            yield Fault("This field is required.", "attachment_context_id")
        return
    if type is None:
        yield Fault("This field is required.", "attachment_context_type_id")
        return
    is_there = context.id == company.identity.id if type.id == "BUSINESS" else company.has(context)
    if not is_there:
        yield Fault("Couldn't find record.", "attachment_context_id", "RecordNotFound")


def _attach(company: Company, row: Row, now: int) -> None:
    _count(company, row.values, 1, now)


def _reattach(company: Company, row: Row, before: Values, now: int) -> None:
    names = ("attachment_context", "transaction")
    if any(before.get(name) != row.values.get(name) for name in names):
        _count(company, before, -1, now)
        _count(company, row.values, 1, now)


def _detach(company: Company, row: Row, now: int) -> None:
    _count(company, row.values, -1, now)


def _count(company: Company, values: Values, change: int, now: int) -> None:
    """Change the number of attachments that the record's transaction shows."""
    record = company.find(values.get("attachment_context"))
    link = record.values.get("transaction") if record is not None else values.get("transaction")
    transaction = company.find(link)
    if transaction is not None:
        transaction.values["number_of_attachments"] += change
        company.table("transaction").touch(transaction, now)


def attachment_id(hex: str) -> str:
    """Return an id with hyphens: attachments have such ids, unlike all other records."""
    return str(uuid.UUID(hex))


ATTACHMENT = Hooks(
    _complete,
    after_create=_attach,
    after_update=_reattach,
    after_delete=_detach,
    make_id=lambda company, _values: attachment_id(company.identifiers.next()),
)


def file_content(row: Row) -> bytes:
    """Return the content of the file."""
    return base64.b64decode(row.values["file"])


def check_deletion_history(since: int) -> None:
    """Check that Sage recorded deletions since this instant, in milliseconds.

    Raises:
        Refusal: 400, as Sage answers for days before it recorded deletions.
    """
    if since < _TRACED_SINCE:
        raise Refusal(
            400, [Fault("deleted_since cannot be before 2019-06-12.", "deleted_since", "ValidationError")]
        )
