"""Kinds that book: their transactions, ledger entries, sub-ledger and allocations change together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.rehearsal.books.artefacts import Artefact, Part, read_part
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks, day_faults
from sagerecon.rehearsal.books.ledger import ZERO, Posting
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault


@dataclass(frozen=True, slots=True)
class Settlement:
    """The part of an artefact that a payment or an allocation settles, with the artefact's sign."""

    artefact: str
    amount: Decimal
    discount: Decimal = ZERO


def _no_settlements(_company: Company, _values: Values) -> list[Settlement]:
    return []


def _no_artefact(_company: Company, _row: Row) -> Artefact | None:
    return None


@dataclass(frozen=True, slots=True)
class Booking:
    """How a kind books its records."""

    kind: str
    transaction_type: Callable[[Company, Values], str]
    postings: Callable[[Company, Values], list[Posting]]
    day: Callable[[Company, Values], str]
    total: Callable[[Values], Decimal]
    settlements: Callable[[Company, Values], list[Settlement]] = _no_settlements
    artefact: Callable[[Company, Row], Artefact | None] = _no_artefact
    is_booked: Callable[[Values], bool] = lambda _values: True
    base_total: Callable[[Values], Decimal] | None = None  #: total in the base currency, if it can differ
    opening: bool = False

    def hooks(
        self,
        complete: Callable[[Company, Values, Row | None], Iterator[Fault]],
        before: Callable[[Company, Row, int], None] = lambda _company, _row, _now: None,
        delete_faults: Callable[[Company, Row], Iterator[Fault]] = lambda _company, _row: iter(()),
    ) -> Hooks:
        """Return the hooks of the kind; `before` is called before a new record is booked."""

        def after_create(company: Company, row: Row, now: int) -> None:
            before(company, row, now)
            self.book(company, row, now)

        def completed(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
            if old is not None and self.is_booked(old.values):
                yield from day_faults(company, self.day(company, old.values), opening=self.opening)
                yield from tax_return_faults(company, old)
            faults = list(complete(company, values, old))
            yield from faults
            if "released" in values and not faults:
                self._drop_stale_parts(company, values, old)
            if old is not None and not faults:
                yield from self._settlement_faults(company, old, values)

        def all_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
            if self.is_booked(row.values):
                yield from day_faults(company, self.day(company, row.values), opening=self.opening)
                yield from tax_return_faults(company, row)
            yield from allocated_faults(self, company, row)
            yield from delete_faults(company, row)

        return Hooks(
            complete=completed,
            delete_faults=all_delete_faults,
            after_create=after_create,
            after_update=self.rebook,
            after_delete=self.unbook,
            restore_artefact=self.register,
            restore_settlements=self.settle,
        )

    def book(self, company: Company, row: Row, now: int) -> None:
        """Create the transaction of a record and book its entries."""
        if not self.is_booked(row.values):
            return
        values = row.values
        contact = values.get("contact")
        transaction = company.add(
            "transaction",
            {
                "date": self.day(company, values),
                "deleted": False,
                "reference": values.get("reference"),
                "total": (self.base_total or self.total)(values),
                "total_in_transaction_currency": self.total(values),
                "contact": contact,
                "transaction_type": Link("transaction_type", self.transaction_type(company, values)),
                "origin": Link(self.kind, row.id),
                "audit_trail_id": company.next_number("audit_trail"),
                "number_of_attachments": 0,
            },
            now,
            contact.id if contact else "",
        )
        values["transaction"] = Link("transaction", transaction.id)
        values["transaction_type"] = transaction.values["transaction_type"]
        self.settle(company, row, now)
        company.book(transaction.id, self.day(company, values), self._entries(company, values), now)
        self.register(company, row)

    def rebook(self, company: Company, row: Row, before: Values, now: int) -> None:
        """Reverse the old entries of a changed record and book new ones, if they differ."""
        if "transaction" not in before:
            self.book(company, row, now)
            return
        values = row.values
        transaction = company.table("transaction").rows[values["transaction"].id]
        was = [entry.posting for entry in company.ledger.active_entries(transaction.id)]
        self._unsettle(company, Row(row.id, row.sequence, now, before), now)
        self.settle(company, row, now)
        day, postings = self.day(company, values), self._entries(company, values)
        if postings != was or day != transaction.values["date"]:
            company.reverse(transaction.id, now)
            company.book(transaction.id, day, postings, now)
        if not _is_settled(company, before.get("on_account", row.id)):
            company.artefacts.remove(before.get("on_account", row.id))
        self.register(company, row)
        contact = values.get("contact")
        earlier = before.get("contact")
        values["transaction_type"] = Link("transaction_type", self.transaction_type(company, values))
        changes = {
            "date": day,
            "reference": values.get("reference"),
            "contact": contact,
            "total": (self.base_total or self.total)(values),
            "total_in_transaction_currency": self.total(values),
            "transaction_type": values["transaction_type"],
        }
        transaction.values.update(changes)
        table = company.table("transaction")
        table.touch(transaction, now)
        table.change_owner(transaction, earlier.id if earlier else "", contact.id if contact else "")

    def unbook(self, company: Company, row: Row, now: int) -> None:
        """Reverse the entries of a record; its transaction is kept and marked as deleted."""
        link = row.values.get("transaction")
        if link is None:
            return
        company.reverse(link.id, now)
        transaction = company.table("transaction").rows[link.id]
        transaction.values["deleted"] = True
        company.table("transaction").touch(transaction, now)
        self._unsettle(company, row, now)
        company.artefacts.remove(row.values.get("on_account", row.id))

    def _drop_stale_parts(self, company: Company, values: Values, old: Row | None) -> None:
        """Drop the stored parts if the record's settlements have changed."""
        before = self.settlements(company, old.values) if old is not None else []
        if self.settlements(company, values) != before:
            del values["released"]

    def _settlement_faults(self, company: Company, old: Row, values: Values) -> Iterator[Fault]:
        """Yield a fault if a settled document's amounts, entries, contact or day change."""
        artefact = company.artefacts.get(old.values.get("on_account", old.id))
        if artefact is None or not artefact.settled_by:
            return
        fresh = self.artefact(company, Row(old.id, old.sequence, 0, values))
        is_same = (
            fresh is not None
            and (fresh.id, fresh.total, fresh.contact) == (artefact.id, artefact.total, artefact.contact)
            and fresh.base_total == artefact.base_total
            and self._entries(company, values) == self._entries(company, old.values)
            and self.day(company, values) == self.day(company, old.values)
        )
        if not is_same:
            yield from allocated_faults(self, company, old)

    def _entries(self, company: Company, values: Values) -> list[Posting]:
        return [posting for posting in self.postings(company, values) if posting.amount or posting.foreign]

    def register(self, company: Company, row: Row) -> None:
        """Add a booked record to the sub-ledger."""
        artefact = self.artefact(company, row) if self.is_booked(row.values) else None
        if artefact is not None and not _is_settled(company, artefact.id):
            company.artefacts.add(artefact)
            update_settlement_fields(company, artefact)

    def settle(self, company: Company, row: Row, now: int = 0) -> None:
        """Settle what the record allocates; with `now` 0, no record is marked as changed."""
        by, parts = Link(self.kind, row.id), settled_parts(row.values, self.settlements(company, row.values))
        taken: list[Part] = []
        is_plain = True
        for settlement, known in zip(self.settlements(company, row.values), parts, strict=True):
            artefact = company.artefacts.get(settlement.artefact)
            if artefact is None:
                continue
            # A stored part is settled again exactly; a new one is computed here.
            is_known = "released" in row.values
            part = known if is_known else artefact.part(settlement.amount, settlement.discount)
            artefact.settle(part, by)
            taken.append(part)
            is_plain = is_plain and part.is_plain and not artefact.currency and not artefact.deferred_tax
            update_settlement_fields(company, artefact, row.id, now)
        if not is_plain:
            row.values["released"] = [part.values() for part in taken]

    def _unsettle(self, company: Company, row: Row, now: int) -> None:
        by, settlements = Link(self.kind, row.id), self.settlements(company, row.values)
        for settlement, part in zip(settlements, settled_parts(row.values, settlements), strict=True):
            artefact = company.artefacts.get(settlement.artefact)
            if artefact is not None:
                artefact.settle(-part, by)
                update_settlement_fields(company, artefact, row.id, now)


def settled_parts(values: Values, settlements: list[Settlement]) -> list[Part]:
    """Return the parts that the settlements of a record cover."""
    known = values.get("released") or [None] * len(settlements)
    return [
        read_part(each.amount, each.discount, part) for each, part in zip(settlements, known, strict=True)
    ]


def tax_return_faults(company: Company, row: Row) -> Iterator[Fault]:
    """Yield a fault if the record is part of a filed tax return."""
    transaction = company.find(row.values.get("transaction"))
    if transaction is not None and transaction.values.get("tax_reconciled"):
        yield Fault("You cannot edit VAT reconciled transactions.", "base")


def allocated_faults(booking: Booking, company: Company, row: Row) -> Iterator[Fault]:
    """Yield a fault if the record has payments or allocations."""
    artefact = company.artefacts.get(row.values.get("on_account", row.id))
    if artefact is not None and artefact.settled_by:
        what = booking.kind.replace("_", " ")
        yield Fault(f"You cannot change or remove a {what} that has payments or allocations.", "base")


def _is_settled(company: Company, id: str) -> bool:
    artefact = company.artefacts.get(id)
    return artefact is not None and bool(artefact.settled_by)


def update_settlement_fields(company: Company, artefact: Artefact, by: str = "", now: int = 0) -> None:
    """Update the outstanding and paid amounts and the status in an artefact's record."""
    origin = company.find(artefact.origin)
    if origin is None:
        return
    if origin.id == artefact.id:
        left, paid = abs(artefact.outstanding), abs(artefact.allocated)
        origin.values["outstanding_amount"] = left
        origin.values["base_currency_outstanding_amount"] = abs(artefact.base_outstanding)
        origin.values["payments_allocations_total_amount"] = paid
        origin.values["payments_allocations_total_discount"] = abs(artefact.discount)
        origin.values["total_paid"] = abs(artefact.allocated - artefact.discount)
        origin.values["status"] = Link("artefact_status", artefact.status)
    if now and origin.id != by:
        company.table(artefact.origin.kind).touch(origin, now)
