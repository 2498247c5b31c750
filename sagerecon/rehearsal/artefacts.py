"""What contacts owe and are owed, document by document: the sub-ledgers behind the control accounts.

An artefact is whatever can be paid or allocated: an invoice, a credit note, an opening balance, a
payment on account. Amounts stand as allocations are written: what raises the contact's usual debt
(an invoice) is positive for a customer and negative for a vendor, a credit the other way round, and
an allocation sums to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.rehearsal.records import Link

NOTHING = Decimal()


class Artefact:
    """One document of the sub-ledger. `total` and `allocated` carry the sign of a debit."""

    __slots__ = ("allocated", "contact", "discount", "id", "origin", "total", "uses")

    def __init__(self, id: str, origin: Link, contact: str, total: Decimal) -> None:
        self.id = id
        self.origin = origin  #: the record that made it; a payment on account has an id of its own
        self.contact = contact
        self.total = total
        self.allocated = NOTHING
        self.discount = NOTHING
        self.uses: dict[Link, Decimal] = {}  #: the payments and allocations that touch it

    @property
    def outstanding(self) -> Decimal:
        """What is left, a debit if positive."""
        return self.total - self.allocated

    @property
    def status(self) -> str:
        """UNPAID, PART_PAID or PAID, as its allocations say."""
        if not self.outstanding:
            return "PAID"
        return "PART_PAID" if self.allocated else "UNPAID"


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

    def allocate(self, id: str, amount: Decimal, discount: Decimal, by: Link) -> Artefact:
        """Settle a part; both carry the sign of what they settle. Negative of before takes it back."""
        artefact = self._all[id]
        artefact.allocated += amount + discount
        artefact.discount += discount
        left = artefact.uses.get(by, NOTHING) + amount + discount
        if left:
            artefact.uses[by] = left
        else:
            artefact.uses.pop(by, None)
        return artefact
