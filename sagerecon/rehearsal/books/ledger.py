"""The double-entry ledger: entries are only added, and sums are updated with each entry."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from sagerecon.model.money import total
from sagerecon.rehearsal.books.records import Link, Row, Table, Values

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a booking before it is booked; a positive `amount` is a debit, a negative one a credit.

    `amount` is in the base currency. For a booking in another currency, `currency` names it and `foreign` is
    the amount in it.
    """

    account: str
    amount: Decimal
    contact: str = ""
    tax_rate: Link | None = None
    details: str | None = None
    currency: str = ""
    foreign: Decimal = ZERO


class Sums:
    """The running sums of one account or one contact, as at any day."""

    __slots__ = ("_days", "_reached", "_sorted", "credits", "debits", "reversed", "total")

    def __init__(self) -> None:
        self.total = ZERO
        self.debits: dict[str, Decimal] = {}
        self.credits: dict[str, Decimal] = {}
        self.reversed: dict[str, Decimal] = {}  #: amounts booked and reversed, on each side
        self._days: dict[str, Decimal] = {}
        self._sorted: list[str] = []
        self._reached: list[Decimal] = []

    def add(self, day: str, amount: Decimal) -> None:
        """Add an amount on an ISO day."""
        self.total += amount
        side = self.debits if amount > 0 else self.credits
        side[day] = side.get(day, ZERO) + abs(amount)
        self._days[day] = self._days.get(day, ZERO) + amount
        self._reached = []

    def add_reversal(self, day: str, amount: Decimal) -> None:
        """Count half of a reversed pair: a booking and its reversal cancel each other."""
        self.reversed[day] = self.reversed.get(day, ZERO) + abs(amount) / 2

    def at(self, day: str) -> Decimal:
        """Return the sum at the end of an ISO day, or of everything if no day is given."""
        if not day:
            return self.total
        if not self._reached:
            self._sorted = sorted(self._days)
            self._reached = list(accumulate(self._days[each] for each in self._sorted))
        index = bisect_right(self._sorted, day)
        return self._reached[index - 1] if index else ZERO

    def before(self, day: str) -> Decimal:
        """Return the sum at the end of the day before an ISO day."""
        return self.at(day) - self._days.get(day, ZERO)


class Entry(Row):
    """One ledger entry. Only its mark as reversed ever changes."""

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
        self.position = 0
        self.search_text = ""
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
        """The posting the entry was booked from."""
        return Posting(
            account=self.account,
            amount=self.amount,
            contact=self.contact,
            tax_rate=self.tax_rate,
            details=self.details,
            currency=self.currency,
            foreign=self.foreign,
        )

    # Built on each read to save memory: a business of 100,000 bookings has half a million entries.
    @property
    def values(self) -> Values:  # type: ignore[override]
        return {
            "date": self.day,
            "debit": max(self.amount, ZERO),
            "credit": max(-self.amount, ZERO),
            "ledger_account": Link("ledger_account", self.account),
            "transaction": Link("transaction", self.transaction),
            "contact": Link("contact", self.contact) if self.contact else None,
            "deleted": self.deleted,
            "tax_rate": self.tax_rate,
            "description": self.details,
            "journal_code": None,
        }


class Ledger:
    """All entries, with sums by account and by contact on the control accounts."""

    def __init__(self, entries: Table) -> None:
        self.entries = entries
        self._accounts: dict[str, Sums] = {}
        self._contacts: dict[tuple[str, str], Sums] = {}
        self._foreign: dict[tuple[str, str, str], Sums] = {}
        self._of_transaction: dict[str, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        self.entries.add(entry)
        self.add_to_sums(entry)

    def add_to_sums(self, entry: Entry) -> None:
        """Add an entry of the table to the sums."""
        self._accounts.setdefault(entry.account, Sums()).add(entry.day, entry.amount)
        if entry.contact:
            key = (entry.account, entry.contact)
            self._contacts.setdefault(key, Sums()).add(entry.day, entry.amount)
        if entry.currency:
            for contact in {entry.contact, ""}:
                foreign = (entry.account, contact, entry.currency)
                self._foreign.setdefault(foreign, Sums()).add(entry.day, entry.foreign)
        if entry.deleted:
            self._accounts[entry.account].add_reversal(entry.day, entry.amount)
        self._of_transaction.setdefault(entry.transaction, []).append(entry)

    def cancel(self, entry: Entry, now: int) -> None:
        """Mark an entry whose booking is reversed."""
        entry.deleted = True
        self.entries.touch(entry, now)
        self._accounts[entry.account].add_reversal(entry.day, entry.amount)

    def active_entries(self, transaction: str) -> list[Entry]:
        """Return the entries of a transaction that have not been reversed."""
        return [entry for entry in self._of_transaction.get(transaction, ()) if not entry.deleted]

    def account(self, account: str) -> Sums:
        """Return the sums of a ledger account."""
        return self._accounts.get(account) or _EMPTY_SUMS

    def contact(self, account: str, contact: str) -> Sums:
        """Return the sums of a contact on a control account."""
        return self._contacts.get((account, contact)) or _EMPTY_SUMS

    def foreign(self, account: str, currency: str, contact: str = "") -> Sums:
        """Return the sums of an account, or of a contact on it, in another currency."""
        return self._foreign.get((account, contact, currency)) or _EMPTY_SUMS

    def turnover(
        self, account: str, start: str, end: str, *, active_only: bool = False
    ) -> tuple[Decimal, Decimal]:
        """Return total debits and credits of an account between two ISO days; empty means unbounded.

        With `active_only`, reversed bookings and their reversals are left out.
        """
        sums = self.account(account)
        reversed = _between(sums.reversed, start, end) if active_only else ZERO
        return _between(sums.debits, start, end) - reversed, _between(sums.credits, start, end) - reversed

    def is_used(self, account: str) -> bool:
        """Return whether anything was ever booked on the account."""
        return account in self._accounts


_EMPTY_SUMS = Sums()


def _between(days: Mapping[str, Decimal], start: str, end: str) -> Decimal:
    return total(
        amount for day, amount in days.items() if (not start or day >= start) and (not end or day <= end)
    )
