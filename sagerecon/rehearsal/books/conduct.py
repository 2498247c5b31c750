"""How the records of a kind behave beyond what the catalog says of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault


def _no_faults(_company: Company, _values: Values, _old: Row | None) -> Iterator[Fault]:
    yield from ()


def _keep(_company: Company, _row: Row) -> Iterator[Fault]:
    yield from ()


def _nothing_more(_company: Company, _row: Row, _now: int) -> None:
    return


def _nothing_changed(_company: Company, _row: Row, _before: Values, _now: int) -> None:
    return


def _no_name(_company: Company, _values: Values) -> str:
    return ""


def _nothing_to_restore(_company: Company, _row: Row) -> None:
    return


@dataclass(frozen=True, slots=True)
class Conduct:
    """What happens when a record is written.

    `complete` fills in the values that follow from the ones given and yields what is wrong; it changes
    nothing else, for the request may yet be refused. The other four act once everything is accepted.
    """

    complete: Callable[[Company, Values, Row | None], Iterator[Fault]] = _no_faults
    keeps: Callable[[Company, Row], Iterator[Fault]] = _keep  #: why it can't be deleted
    created: Callable[[Company, Row, int], None] = _nothing_more
    changed: Callable[[Company, Row, Values, int], None] = _nothing_changed
    removed: Callable[[Company, Row, int], None] = _nothing_more
    registers: Callable[[Company, Row], None] = _nothing_to_restore  #: its artefact, after loading
    settles: Callable[[Company, Row], None] = _nothing_to_restore  #: what it allocates, after loading
    defaults: Callable[[Company], Values] | None = None  #: values that stand where nothing was given
    names: Callable[[Company, Values], str] = _no_name  #: its id, where it is not 32 hex characters
    releases: Callable[[Company, Row], Iterator[Fault]] = _keep  #: why a draft can't be booked


_OWNERS = ("contact", "stock_item", "attachment_context", "analysis_type")


def owner_of(values: Values) -> str:
    """The id of the contact, or of the other record, that a record belongs to; or empty."""
    for name in _OWNERS:
        link = values.get(name)
        if isinstance(link, Link):
            return link.id
    return ""


def day_faults(company: Company, day: str, source: str = "date", *, opening: bool = False) -> Iterator[Fault]:
    """Ordinary bookings lie on or after the start of the accounts, opening ones before it, and
    nothing lies in a locked year."""
    start, locked = company.settings["accounts_start_date"], company.settings["year_end_lockdown_date"]
    if opening and day >= start:
        yield Fault(f"The date must be before your accounts start date, {start}.", source)
    if not opening and day < start:
        yield Fault(f"The date cannot be before your accounts start date, {start}.", source)
    if locked and day <= locked:
        yield Fault(f"The date is on or before your year end lockdown date, {locked}.", source)


def day_before(day: str) -> str:
    """The ISO day before an ISO day."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def days_after(day: str, days: int) -> str:
    """The ISO day some days later."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return day


#: What a contact of either type is called, and the words its transaction types begin with.
SIDES = {"CUSTOMER": "Customer", "VENDOR": "Supplier"}


def side_of(company: Company, contact: Link) -> str:
    """CUSTOMER or VENDOR."""
    row = company.find(contact)
    return str(row.values["contact_types"][0].id) if row else ""


def contact_faults(company: Company, contact: Link, side: str) -> Iterator[Fault]:
    """The contact is of the type that the booking needs."""
    if side_of(company, contact) != side:
        yield Fault(f"Couldn't find {SIDES[side]}.")
