"""What payments and allocations settle, and whether they do so up to a day or after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Kind
from sagerecon.model.money import product, total
from sagerecon.model.posting import Family, Settlement
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import part_of


@dataclass(frozen=True, slots=True)
class OpenEntity:
    """An entity in Sage, or a draft, that may have an open item."""

    kind: Kind
    key: str
    label: str
    fields: FieldReader

    @property
    def day(self) -> date:
        """The day it is dated; the first of all days where it has none."""
        return self.fields.day(self.kind.date) or date.min


@dataclass(frozen=True, slots=True)
class SettledPart:
    """What one payment or allocation takes off one document."""

    document: str  #: its identity
    paid: Decimal
    discount: Decimal
    day: date  #: on which it counts: when the payment, and what it settles, are all dated


@dataclass(frozen=True, slots=True)
class Settled:
    """What is taken off each document, by its identity, up to a day and after it."""

    until: Mapping[str, Decimal] = field(default_factory=dict)
    after: Mapping[str, Decimal] = field(default_factory=dict)

    def all_of(self, document: str) -> Decimal:
        """Return what is taken off a document, whenever."""
        return total((self.until_day(document), self.after_day(document)))

    def until_day(self, document: str) -> Decimal:
        """Return what is taken off a document up to the day, the day included."""
        return self.until.get(document, Decimal())

    def after_day(self, document: str) -> Decimal:
        """Return what is taken off a document after the day."""
        return self.after.get(document, Decimal())


def settled_as_at(entities: Sequence[OpenEntity], as_at: date) -> Settled:
    """Return what payments and allocations take off each document."""
    days = days_of(entities)
    until: dict[str, Decimal] = {}
    after: dict[str, Decimal] = {}
    for entity in entities:
        sign = _sign(entity)
        for part in settled_parts(entity, days):
            found = after if part.day > as_at else until
            amount = product(sign, total((part.paid, part.discount)))
            found[part.document] = total((found.get(part.document, Decimal()), amount))
    return Settled(until, after)


def days_of(entities: Iterable[OpenEntity]) -> Mapping[str, date]:
    """Return the day of each entity, and of the rest that a payment leaves, by identity."""
    days: dict[str, date] = {}
    for entity in entities:
        if entity.kind.posting is not None:
            days[entity.key] = entity.day
            if (settles := entity.kind.posting.settles) is not None and settles.remainder:
                days[part_of(entity.key, settles.remainder)] = entity.day
    return days


def settled_parts(entity: OpenEntity, days: Mapping[str, date]) -> Iterator[SettledPart]:
    """Yield what an entity settles, each part on the last of the days of both sides.

    The amounts of an allocation sum to zero, so that it counts as one: none of it before all its documents.

    Args:
        days: of the documents, by identity.
    """
    posting = entity.kind.posting
    if posting is None or posting.settles is None:
        return
    items = list(entity.fields.items(posting.settles.items))
    documents = [item.link(posting.settles.document) for item in items]
    dated = [max(entity.day, days.get(document, date.min)) for document in documents]
    if posting.family is Family.ALLOCATION:
        dated = [max(dated, default=entity.day)] * len(items)
    for item, document, day in zip(items, documents, dated, strict=True):
        paid, discount = _amounts(item, posting.settles)
        yield SettledPart(document=document, paid=paid, discount=discount, day=day)


def _amounts(item: FieldReader, settles: Settlement) -> tuple[Decimal, Decimal]:
    paid, discount = item.amount(settles.amount), item.amount(settles.discount)
    return paid or Decimal(), discount or Decimal()


def _sign(entity: OpenEntity) -> int:
    posting = entity.kind.posting
    return 0 if posting is None else -posting.direction_of(entity.fields.type_id).sign
