"""The whole state of a business: settings, tables, ledger, sub-ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.rehearsal.books.artefacts import Artefacts
from sagerecon.rehearsal.books.fixed_lists import FIXED
from sagerecon.rehearsal.books.ledger import Entry, Ledger, Posting
from sagerecon.rehearsal.books.records import Identifiers, Link, Row, Table, Values
from sagerecon.rehearsal.books.tax import TAX_RATES, TaxRate


@dataclass(frozen=True, slots=True)
class Identity:
    """The fixed properties of a business."""

    id: str
    name: str
    country: str
    edition: str
    currency: str
    opened_at: int


class Company:
    """The state behind a business. Callers validate before they change it."""

    def __init__(self, catalog: Catalog, identity: Identity, identifiers: Identifiers) -> None:
        self.catalog = catalog
        self.identity = identity
        self.identifiers = identifiers
        self.settings: Values = {}
        self.settings_updated_at = identity.opened_at
        self.sequence = 0
        self.numbers: dict[str, int] = {}  #: last number used, by numbered kind
        self.tables: dict[str, Table] = {}
        self.ledger = Ledger(self.table("ledger_entry"))
        self.artefacts = Artefacts()
        self.controls: dict[str, str] = {}  #: role of a default account -> its id
        self.keys: dict[tuple[str, object], str] = {}  #: (unique field, value) -> id
        self.used_items: set[Link] = set()  #: items that a document has ever named
        self._fixed_lists: dict[str, Mapping[str, str] | None] = {}
        self.paths: dict[str, str] = {}  #: cache: path by kind
        self.fixed_entries: dict[Link, dict[str, Any]] = {}  #: cache: answers by entry of a fixed list
        self.now = identity.opened_at  #: time of the current request

    def table(self, kind: str) -> Table:
        """Return the table of a kind."""
        table = self.tables.get(kind)
        if table is None:
            table = self.tables[kind] = Table(kind)
        return table

    @property
    def tax_rates(self) -> Mapping[str, TaxRate]:
        """The tax rates of the business's country."""
        return TAX_RATES.get(self.identity.country, {})

    @property
    def is_tax_registered(self) -> bool:
        """Whether the business may charge tax."""
        return bool(self.settings["tax_scheme"] != Link("tax_scheme", "NOT_REGISTERED"))

    def fixed_list(self, kind: str) -> Mapping[str, str] | None:
        """Return the entries of a fixed list (id to display name); None for other kinds."""
        if kind not in self._fixed_lists:
            self._fixed_lists[kind] = _fixed_list(self.catalog, kind)
        return self._fixed_lists[kind]

    def has(self, link: Link) -> bool:
        """Return whether the record a link names exists."""
        entries = self.fixed_list(link.kind)
        if entries is not None:
            return link.id in entries
        if link.kind == "tax_rate":
            return link.id in self.tax_rates
        return self.table(link.kind).get(link.id) is not None

    def find(self, link: Link | None) -> Row | None:
        """Return the record a link names, or None."""
        table = None if link is None else self.tables.get(link.kind)
        return None if link is None or table is None else table.get(link.id)

    def add(self, kind: str, values: Values, now: int, owner: str = "", id: str = "") -> Row:
        """Create a record and return it."""
        self.sequence += 1
        row = Row(id or self.identifiers.next(), self.sequence, now, values)
        self.table(kind).add(row, owner)
        return row

    def book(self, transaction: str, day: str, postings: list[Posting], now: int) -> None:
        """Add the entries of a booking."""
        for posting in postings:
            self._add_entry(transaction, day, posting, now, deleted=False)

    def reverse(self, transaction: str, now: int) -> None:
        """Add the opposite of each active entry, on the same day, and mark both as deleted."""
        for entry in self.ledger.active_entries(transaction):
            self.ledger.cancel(entry, now)
            opposite = replace(entry.posting, amount=-entry.amount, foreign=-entry.foreign)
            self._add_entry(transaction, entry.day, opposite, now, deleted=True)

    def _add_entry(self, transaction: str, day: str, posting: Posting, now: int, *, deleted: bool) -> None:
        self.sequence += 1
        entry = Entry(
            id=self.identifiers.next(),
            sequence=self.sequence,
            now=now,
            day=day,
            posting=posting,
            transaction=transaction,
            deleted=deleted,
        )
        self.ledger.add(entry)

    def next_number(self, kind: str) -> int:
        """Return the next number of a numbered kind; each call uses one up."""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def ledger_account_of(self, bank_account: str) -> str:
        """Return the id of the ledger account behind a bank account."""
        row = self.tables["bank_account"].rows[bank_account]
        return str(row.values["ledger_account"].id)


def _fixed_list(catalog: Catalog, kind: str) -> Mapping[str, str] | None:
    """Return the catalog's entries; if they are examples only, merged with ours."""
    ours, found = FIXED.get(kind), catalog.kinds.get(kind)
    if kind == "tax_rate" or (found is None and ours is None):
        return None
    if found is None or not found.is_fixed_list:
        return ours
    named = {id: (ours or {}).get(id) or _shown(kind, id, name) for id, name in found.values.items()}
    return {**(ours or {}), **named} if found.values_are_examples or not named else named


def _shown(kind: str, id: str, name: str) -> str:
    return f"{name} ({id})" if kind in ("country", "currency") else name
