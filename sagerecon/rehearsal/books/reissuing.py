"""A journal reissued: the old one is taken back and the same is booked anew, in one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.checking import check_body
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conducts import CONDUCTS
from sagerecon.rehearsal.books.records import Row, restored, saved
from sagerecon.rehearsal.books.refusal import invalid
from sagerecon.rehearsal.books.writing import book_new, delete

#: What belongs to the old booking and not to the new one.
_ITS_OWN = ("transaction", "transaction_type", "movements")


def reissue(company: Company, kind: Kind, row: Row, body: Mapping[str, Any], now: int) -> Row:
    """The new record: the old one with the fields of `body` over it.

    Raises:
        Refusal: the old one must stand, or the new one breaks the rules; then nothing has changed.
    """
    given, faults = check_body(company, kind, body, creating=True, is_whole=False)
    if faults:
        raise invalid(*faults)
    values = {name: value for name, value in restored(saved(row.values)).items() if name not in _ITS_OWN}
    values |= {name: value for name, value in given.items() if value is not None}
    faults = [*CONDUCTS[kind.name].keeps(company, row), *CONDUCTS[kind.name].complete(company, values, None)]
    if faults:
        raise invalid(*faults)
    delete(company, kind, row, now)
    return book_new(company, kind, values, now)
