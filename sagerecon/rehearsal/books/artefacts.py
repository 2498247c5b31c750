"""What contacts owe and are owed, document by document: the sub-ledgers behind the control accounts.

An artefact is whatever can be paid or allocated: an invoice, a credit note, an opening balance, a
payment on account. Amounts stand as allocations are written: what raises the contact's usual debt
(an invoice) is positive for a customer and negative for a vendor, a credit the other way round, and
an allocation sums to zero. They are in the document's currency; beside them stands what they are
worth in the base currency at the document's own rate, and the tax that waits for the payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.records import Link, Values

NOTHING = Decimal()


@dataclass(frozen=True, slots=True)
class Part:
    """What one settlement takes off an artefact, in the sign of what it settles.

    `amount` is without the discount; `base` is what both are worth on the control account.
    """

    amount: Decimal
    discount: Decimal
    base: Decimal
    base_discount: Decimal
    tax: Mapping[Link, Decimal] = field(default_factory=dict)  #: base amounts by rate

    def __neg__(self) -> Part:
        taken_back = {rate: -amount for rate, amount in self.tax.items()}
        return Part(-self.amount, -self.discount, -self.base, -self.base_discount, taken_back)

    @property
    def is_plain(self) -> bool:
        """Whether it says no more than its amounts do."""
        return not self.tax and self.base == self.amount + self.discount

    def values(self) -> Values:
        """What must be remembered of it to take it back to the penny."""
        tax = [{"tax_rate": rate, "amount": amount} for rate, amount in self.tax.items()]
        return {"base": self.base, "base_discount": self.base_discount, "tax": tax}


def part_of(amount: Decimal, discount: Decimal, known: Values | None) -> Part:
    """The part that `Part.values` wrote; a plain one where nothing was written."""
    if known is None:
        return Part(amount, discount, amount + discount, discount)
    tax = {each["tax_rate"]: each["amount"] for each in known["tax"]}
    return Part(amount, discount, known["base"], known["base_discount"], tax)


class Artefact:
    """One document of the sub-ledger. `total` and `allocated` carry the sign of a debit."""

    __slots__ = (
        "allocated",
        "base_allocated",
        "base_total",
        "contact",
        "currency",
        "discount",
        "held",
        "id",
        "origin",
        "total",
        "uses",
    )

    def __init__(
        self,
        id: str,
        origin: Link,
        contact: str,
        total: Decimal,
        base_total: Decimal | None = None,
        currency: str = "",
        held: Mapping[Link, Decimal] | None = None,
    ) -> None:
        self.id = id
        self.origin = origin  #: the record that made it; a payment on account has an id of its own
        self.contact = contact
        self.total = total
        self.base_total = total if base_total is None else base_total
        self.currency = currency  #: empty for the base currency
        self.allocated = NOTHING
        self.base_allocated = NOTHING
        self.discount = NOTHING
        self.held = dict(held or {})  #: tax still waiting for the payment, by rate, as it was booked
        self.uses: dict[Link, Decimal] = {}  #: the payments and allocations that touch it

    @property
    def outstanding(self) -> Decimal:
        """What is left, a debit if positive."""
        return self.total - self.allocated

    @property
    def base_outstanding(self) -> Decimal:
        """What is left on the control account."""
        return self.base_total - self.base_allocated

    @property
    def status(self) -> str:
        """UNPAID, PART_PAID or PAID, as its allocations say."""
        if not self.outstanding:
            return "PAID"
        return "PART_PAID" if self.allocated else "UNPAID"

    def part(self, amount: Decimal, discount: Decimal) -> Part:
        """What settling so much would take off; the last settlement takes every penny that is left."""
        taken, left = amount + discount, self.outstanding
        if not taken or not left:
            return Part(amount, discount, NOTHING, NOTHING)
        base = _share(self.base_outstanding, taken, left)
        tax = {rate: due for rate, held in self.held.items() if (due := _share(held, taken, left))}
        return Part(amount, discount, base, _share(base, discount, taken), tax)

    def take(self, part: Part, by: Link) -> None:
        """Settle a part; the negative of one taken before takes it back."""
        self.allocated += part.amount + part.discount
        self.discount += part.discount
        self.base_allocated += part.base
        for rate, amount in part.tax.items():
            self.held[rate] = self.held.get(rate, NOTHING) - amount
        left = self.uses.get(by, NOTHING) + part.amount + part.discount
        if left:
            self.uses[by] = left
        else:
            self.uses.pop(by, None)


def _share(whole: Decimal, taken: Decimal, left: Decimal) -> Decimal:
    return whole if taken == left else rounded(whole * taken / left)


class Artefacts:
    """All of them, by id and by contact."""

    def __init__(self) -> None:
        self._all: dict[str, Artefact] = {}
        self._of_contact: dict[str, dict[str, Artefact]] = {}

    def get(self, id: str) -> Artefact | None:
        """The artefact with this id."""
        return self._all.get(id)

    def add(self, artefact: Artefact) -> None:
        """Take in a document of its contact."""
        self._all[artefact.id] = artefact
        self._of_contact.setdefault(artefact.contact, {})[artefact.id] = artefact

    def remove(self, id: str) -> None:
        """Take it out: its document was deleted or voided."""
        artefact = self._all.pop(id, None)
        if artefact is not None:
            del self._of_contact[artefact.contact][id]

    def of_contact(self, contact: str) -> Iterator[Artefact]:
        """What stands against one contact."""
        return iter(self._of_contact.get(contact, {}).values())

    def open(self, contact: str = "") -> Iterator[Artefact]:
        """What is not settled, of one contact or of all."""
        every = self.of_contact(contact) if contact else self._all.values()
        return (artefact for artefact in every if artefact.outstanding)
