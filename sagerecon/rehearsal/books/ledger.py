"""The double entry behind each booking: entries are only ever added, and sums are kept as they come."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from sagerecon.model.money import total
from sagerecon.rehearsal.books.records import Link, Row, Table, Values

NOTHING = Decimal()


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a booking, before it is booked: `amount` is a debit if positive, a credit if negative.

    `amount` is in the base currency; where the booking is in another one, `currency` names it and
    `foreign` is the amount in it.
    """

    account: str
    amount: Decimal
    contact: str = ""
    tax_rate: Link | None = None
    details: str | None = None
    currency: str = ""
    foreign: Decimal = NOTHING


class Sums:
    """The sum of one account, or of one contact, as at any day."""

    __slots__ = ("_days", "_reached", "_sorted", "credits", "debits", "total", "undone")

    def __init__(self) -> None:
        self.total = NOTHING
        self.debits: dict[str, Decimal] = {}
        self.credits: dict[str, Decimal] = {}
        self.undone: dict[str, Decimal] = {}  #: what was booked and reversed, on each side
        self._days: dict[str, Decimal] = {}
        self._sorted: list[str] = []
        self._reached: list[Decimal] = []

    def add(self, day: str, amount: Decimal) -> None:
        """Book `amount` on an ISO day."""
        self.total += amount
        side = self.debits if amount > 0 else self.credits
        side[day] = side.get(day, NOTHING) + abs(amount)
        self._days[day] = self._days.get(day, NOTHING) + amount
        self._reached = []

    def undo(self, day: str, amount: Decimal) -> None:
        """Take note of one half of a booking and its reversal: both stand, and neither is wanted."""
        self.undone[day] = self.undone.get(day, NOTHING) + abs(amount) / 2

    def at(self, day: str) -> Decimal:
        """The sum at the end of an ISO day; of everything where no day is given."""
        if not day:
            return self.total
        if not self._reached:
            self._sorted = sorted(self._days)
            self._reached = list(accumulate(self._days[each] for each in self._sorted))
        index = bisect_right(self._sorted, day)
        return self._reached[index - 1] if index else NOTHING

    def before(self, day: str) -> Decimal:
        """The sum at the end of the day before an ISO day."""
        return self.at(day) - self._days.get(day, NOTHING)


class Entry(Row):
    """One ledger entry. It never changes, but for the mark that its booking was reversed."""

    __slots__ = (
        "account",
        "amount",
        "contact",
        "currency",
        "day",
        "deleted",
        "details",
        "foreign",
        "tax_rate",
        "transaction",
    )

    def __init__(
        self, id: str, sequence: int, now: int, day: str, posting: Posting, transaction: str, deleted: bool
    ) -> None:
        self.id = id
        self.sequence = sequence
        self.created_at = now
        self.updated_at = now
        self.deleted_at = 0
        self.place = 0
        self.searched = ""
        self.day = day
        self.account = posting.account
        self.amount = posting.amount
        self.contact = posting.contact
        self.tax_rate = posting.tax_rate
        self.details = posting.details
        self.currency = posting.currency
        self.foreign = posting.foreign
        self.transaction = transaction
        self.deleted = deleted

    @property
    def posting(self) -> Posting:
        """What was booked."""
        return Posting(
            self.account,
            self.amount,
            self.contact,
            self.tax_rate,
            self.details,
            self.currency,
            self.foreign,
        )

    # Made when read, for a business of 100,000 bookings has half a million entries.
    @property
    def values(self) -> Values:  # type: ignore[override]
        return {
            "date": self.day,
            "debit": max(self.amount, NOTHING),
            "credit": max(-self.amount, NOTHING),
            "ledger_account": Link("ledger_account", self.account),
            "transaction": Link("transaction", self.transaction),
            "contact": Link("contact", self.contact) if self.contact else None,
            "deleted": self.deleted,
            "tax_rate": self.tax_rate,
            "description": self.details,
            "journal_code": None,
        }


class Ledger:
    """All entries, with the sums of each account and of each contact on the control accounts."""

    def __init__(self, entries: Table) -> None:
        self.entries = entries
        self._accounts: dict[str, Sums] = {}
        self._contacts: dict[tuple[str, str], Sums] = {}
        self._foreign: dict[tuple[str, str, str], Sums] = {}
        self._of_transaction: dict[str, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        """Book one entry."""
        self.entries.add(entry)
        self.count(entry)

    def count(self, entry: Entry) -> None:
        """Take an entry that is in the table into the sums."""
        self._accounts.setdefault(entry.account, Sums()).add(entry.day, entry.amount)
        if entry.contact:
            key = (entry.account, entry.contact)
            self._contacts.setdefault(key, Sums()).add(entry.day, entry.amount)
        if entry.currency:
            for contact in {entry.contact, ""}:
                foreign = (entry.account, contact, entry.currency)
                self._foreign.setdefault(foreign, Sums()).add(entry.day, entry.foreign)
        if entry.deleted:
            self._accounts[entry.account].undo(entry.day, entry.amount)
        self._of_transaction.setdefault(entry.transaction, []).append(entry)

    def strike(self, entry: Entry, now: int) -> None:
        """Mark an entry whose booking is reversed."""
        entry.deleted = True
        self.entries.touch(entry, now)
        self._accounts[entry.account].undo(entry.day, entry.amount)

    def standing(self, transaction: str) -> list[Entry]:
        """The entries of a booking that have not been reversed."""
        return [entry for entry in self._of_transaction.get(transaction, ()) if not entry.deleted]

    def account(self, account: str) -> Sums:
        """The sums of a ledger account."""
        return self._accounts.get(account) or _NO_SUMS

    def contact(self, account: str, contact: str) -> Sums:
        """The sums of a contact on a control account."""
        return self._contacts.get((account, contact)) or _NO_SUMS

    def foreign(self, account: str, currency: str, contact: str = "") -> Sums:
        """The sums of an account, or of a contact on it, in a currency other than the base one."""
        return self._foreign.get((account, contact, currency)) or _NO_SUMS

    def turnover(
        self, account: str, start: str, end: str, *, standing: bool = False
    ) -> tuple[Decimal, Decimal]:
        """All debits and all credits of an account between two ISO days; empty means without bound.

        With `standing`, bookings that were reversed are left out together with their reversals.
        """
        sums = self.account(account)
        undone = _between(sums.undone, start, end) if standing else NOTHING
        return _between(sums.debits, start, end) - undone, _between(sums.credits, start, end) - undone

    def is_used(self, account: str) -> bool:
        """Whether anything was ever booked on the account."""
        return account in self._accounts


_NO_SUMS = Sums()


def _between(days: Mapping[str, Decimal], start: str, end: str) -> Decimal:
    return total(
        amount for day, amount in days.items() if (not start or day >= start) and (not end or day <= end)
    )
