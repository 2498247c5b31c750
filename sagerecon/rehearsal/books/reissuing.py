"""Reissuing of journals: the old one is deleted and a changed copy is booked, in one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.kinds import KIND_HOOKS
from sagerecon.rehearsal.books.records import Row, decode_value, encode_value
from sagerecon.rehearsal.books.refusal import invalid
from sagerecon.rehearsal.books.validation import check_body
from sagerecon.rehearsal.books.writing import create_record, delete

#: Fields of the old booking that are not copied.
_NOT_COPIED = ("transaction", "transaction_type", "movements")


def reissue(company: Company, kind: Kind, row: Row, body: Mapping[str, Any], now: int) -> Row:
    """Delete a record, book a copy with the fields of `body`, and return the copy.

    Raises:
        Refusal: the old one can't be deleted, or the new one is not valid; nothing has changed.
    """
    given, faults = check_body(company, kind, body, creating=True, is_whole=False)
    if faults:
        raise invalid(*faults)
    values = {
        name: value
        for name, value in decode_value(encode_value(row.values)).items()
        if name not in _NOT_COPIED
    }
    values |= {name: value for name, value in given.items() if value is not None}
    faults = [
        *KIND_HOOKS[kind.name].delete_faults(company, row),
        *KIND_HOOKS[kind.name].complete(company, values, None),
    ]
    if faults:
        raise invalid(*faults)
    delete(company, kind, row, now)
    return create_record(company, kind, values, now)
