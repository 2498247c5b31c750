"""Documents of contacts that can be paid or allocated: the sub-ledgers behind the control accounts.

An artefact is an invoice, a credit note, an opening balance or a payment on account. Amounts are signed as
in Sage's allocations: what increases the contact's usual debt (an invoice) is positive for a customer and
negative for a vendor, a credit is the opposite, and an allocation sums to zero. Amounts are in the
document's currency; beside them are their values in the base currency, at the document's own rate, and the
tax that is deferred until payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.records import Link, Values

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an artefact that one settlement covers, with the sign of the artefact.

    `amount` excludes the discount; `base` is the value of both on the control account.
    """

    amount: Decimal
    discount: Decimal
    base: Decimal
    base_discount: Decimal
    tax: Mapping[Link, Decimal] = field(default_factory=dict)  #: base amounts by rate

    def __neg__(self) -> Part:
        taken_back = {rate: -amount for rate, amount in self.tax.items()}
        return Part(
            amount=-self.amount,
            discount=-self.discount,
            base=-self.base,
            base_discount=-self.base_discount,
            tax=taken_back,
        )

    @property
    def is_plain(self) -> bool:
        """Whether the part follows from its amounts alone: no tax and no other currency."""
        return not self.tax and self.base == self.amount + self.discount

    def values(self) -> Values:
        """Return what must be stored to undo the settlement exactly."""
        tax = [{"tax_rate": rate, "amount": amount} for rate, amount in self.tax.items()]
        return {"base": self.base, "base_discount": self.base_discount, "tax": tax}


def read_part(amount: Decimal, discount: Decimal, known: Values | None) -> Part:
    """Read the part that `Part.values` wrote; without stored values, return a plain part."""
    if known is None:
        return Part(amount, discount, amount + discount, discount)
    tax = {each["tax_rate"]: each["amount"] for each in known["tax"]}
    return Part(
        amount=amount, discount=discount, base=known["base"], base_discount=known["base_discount"], tax=tax
    )


class Artefact:
    """One document of a sub-ledger. A positive `total` or `allocated` is a debit."""

    __slots__ = (
        "allocated",
        "base_allocated",
        "base_total",
        "contact",
        "currency",
        "deferred_tax",
        "discount",
        "id",
        "origin",
        "settled_by",
        "total",
    )

    def __init__(
        self,
        id: str,
        origin: Link,
        contact: str,
        total: Decimal,
        base_total: Decimal | None = None,
        currency: str = "",
        deferred_tax: Mapping[Link, Decimal] | None = None,
    ) -> None:
        self.id = id
        self.origin = origin  #: the record that created it; a payment on account has its own id
        self.contact = contact
        self.total = total
        self.base_total = total if base_total is None else base_total
        self.currency = currency  #: empty for the base currency
        self.allocated = ZERO
        self.base_allocated = ZERO
        self.discount = ZERO
        self.deferred_tax = dict(deferred_tax or {})  #: tax not yet due, by rate
        self.settled_by: dict[Link, Decimal] = {}  #: amounts by payment or allocation

    @property
    def outstanding(self) -> Decimal:
        """The amount not yet settled; positive for a debit."""
        return self.total - self.allocated

    @property
    def base_outstanding(self) -> Decimal:
        """The amount not yet settled on the control account, in the base currency."""
        return self.base_total - self.base_allocated

    @property
    def status(self) -> str:
        """UNPAID, PART_PAID or PAID."""
        if not self.outstanding:
            return "PAID"
        return "PART_PAID" if self.allocated else "UNPAID"

    def part(self, amount: Decimal, discount: Decimal) -> Part:
        """Return the part that settling these amounts covers; the last one includes all rounding."""
        taken, left = amount + discount, self.outstanding
        if not taken or not left:
            return Part(amount, discount, ZERO, ZERO)
        base = _share(self.base_outstanding, taken, left)
        tax = {
            rate: due
            for rate, deferred_tax in self.deferred_tax.items()
            if (due := _share(deferred_tax, taken, left))
        }
        return Part(
            amount=amount, discount=discount, base=base, base_discount=_share(base, discount, taken), tax=tax
        )

    def settle(self, part: Part, by: Link) -> None:
        """Settle a part; the negative of an earlier part undoes it."""
        self.allocated += part.amount + part.discount
        self.discount += part.discount
        self.base_allocated += part.base
        for rate, amount in part.tax.items():
            self.deferred_tax[rate] = self.deferred_tax.get(rate, ZERO) - amount
        left = self.settled_by.get(by, ZERO) + part.amount + part.discount
        if left:
            self.settled_by[by] = left
        else:
            self.settled_by.pop(by, None)


def _share(whole: Decimal, taken: Decimal, left: Decimal) -> Decimal:
    return whole if taken == left else rounded(whole * taken / left)


class Artefacts:
    """All artefacts, by id and by contact."""

    def __init__(self) -> None:
        self._all: dict[str, Artefact] = {}
        self._of_contact: dict[str, dict[str, Artefact]] = {}

    def get(self, id: str) -> Artefact | None:
        """Return the artefact with this id."""
        return self._all.get(id)

    def add(self, artefact: Artefact) -> None:
        """Add an artefact to its contact."""
        self._all[artefact.id] = artefact
        self._of_contact.setdefault(artefact.contact, {})[artefact.id] = artefact

    def remove(self, id: str) -> None:
        """Remove an artefact whose document was deleted or voided."""
        artefact = self._all.pop(id, None)
        if artefact is not None:
            del self._of_contact[artefact.contact][id]

    def of_contact(self, contact: str) -> Iterator[Artefact]:
        """Return the artefacts of one contact."""
        return iter(self._of_contact.get(contact, {}).values())

    def open(self, contact: str = "") -> Iterator[Artefact]:
        """Return the artefacts that are not settled, of one contact or of all."""
        every = self.of_contact(contact) if contact else self._all.values()
        return (artefact for artefact in every if artefact.outstanding)
