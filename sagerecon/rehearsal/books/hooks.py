"""Hooks that define how the records of a kind are validated, written and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault


def _no_faults(_company: Company, _values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from ()


def _no_record_faults(_company: Company, _row: Row) -> Iterator[Fault]:
    yield from ()


def _no_effect(_company: Company, _row: Row, _now: int) -> None:
    return


def _no_update_effect(_company: Company, _row: Row, _before: Values, _now: int) -> None:
    return


def _no_id(_company: Company, _values: Values) -> str:
    return ""


def _no_restore(_company: Company, _row: Row) -> None:
    return


@dataclass(frozen=True, slots=True)
class Hooks:
    """The functions called when a record of a kind is written.

    `complete` fills in the values that follow from those given and yields faults; it must change nothing
    else, because the request may still be refused. The `after_` functions run once everything is accepted.
    """

    complete: Callable[[Company, Values, Row | None], Iterator[Fault]] = _no_faults
    #: Yields why a record can't be deleted.
    delete_faults: Callable[[Company, Row], Iterator[Fault]] = _no_record_faults
    after_create: Callable[[Company, Row, int], None] = _no_effect
    after_update: Callable[[Company, Row, Values, int], None] = _no_update_effect
    after_delete: Callable[[Company, Row, int], None] = _no_effect
    #: Rebuilds a record's artefact after loading.
    restore_artefact: Callable[[Company, Row], None] = _no_restore
    #: Reapplies a record's allocations after loading.
    restore_settlements: Callable[[Company, Row], None] = _no_restore
    #: Returns the values of fields not given.
    defaults: Callable[[Company], Values] | None = None
    #: Returns the id of a new record, or an empty string for 32 hex characters.
    make_id: Callable[[Company, Values], str] = _no_id
    #: Yields why a draft can't be booked.
    release_faults: Callable[[Company, Row], Iterator[Fault]] = _no_record_faults


_OWNERS = ("contact", "stock_item", "attachment_context", "analysis_type")


def owner_id(values: Values) -> str:
    """Return the id of the contact or other record that a record belongs to, or an empty string."""
    for name in _OWNERS:
        link = values.get(name)
        if isinstance(link, Link):
            return link.id
    return ""


def day_faults(company: Company, day: str, source: str = "date", *, opening: bool = False) -> Iterator[Fault]:
    """Yield a fault if a day is on the wrong side of the accounts start date, or locked.

    Ordinary bookings must be on or after the accounts start date, opening ones before it.
    """
    start, locked = company.settings["accounts_start_date"], company.settings["year_end_lockdown_date"]
    if opening and day >= start:
        yield Fault(f"The date must be before your accounts start date, {start}.", source)
    if not opening and day < start:
        yield Fault(f"The date cannot be before your accounts start date, {start}.", source)
    if locked and day <= locked:
        yield Fault(f"The date is on or before your year end lockdown date, {locked}.", source)


def day_before(day: str) -> str:
    """Return the ISO day before an ISO day."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def days_after(day: str, days: int) -> str:
    """Return the ISO day a number of days later."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return day


#: Label of each contact type; the type is also the prefix of its transaction types.
SIDES = {"CUSTOMER": "Customer", "VENDOR": "Supplier"}


def side_of(company: Company, contact: Link) -> str:
    """Return the type of a contact: CUSTOMER or VENDOR."""
    row = company.find(contact)
    return str(row.values["contact_types"][0].id) if row else ""


def contact_faults(company: Company, contact: Link, side: str) -> Iterator[Fault]:
    """Yield a fault unless the contact is of this type."""
    if side_of(company, contact) != side:
        yield Fault(f"Couldn't find {SIDES[side]}.")
