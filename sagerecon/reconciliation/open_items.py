"""The unsettled documents of customers and suppliers, from what Sage holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, magnitude, product, total
from sagerecon.model.posting import Direction, Family, LedgerRole, Posting, Settlement, Side
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities, part_of
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.postings import line_net, line_tax, lines_of


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One unsettled document. What a customer owes us or we owe a supplier is positive, a credit negative."""

    contact: str  #: the contact's key on both sides: a draft key, or Sage's id where no draft has it
    name: str
    label: str
    amount: Decimal
    due: date | None  #: the date of the document where it has no due date; None counts as not due


def open_items_held(
    entities: Iterable[Entity], identities: Identities, side: Side, catalog: Catalog
) -> list[OpenItem]:
    """Return the open items of one side in Sage, each under its contact's draft key where there is one."""
    entities = [entity for entity in entities if not is_gone(entity)]
    chart = ChartOfAccounts(catalog, identities)
    chart.learn_entities(entities)
    contacts = [entity for entity in entities if catalog[entity.kind].has_role(LedgerRole.CONTACT)]
    names = {identities.by_id(contact.sage_id).key: contact.displayed_as for contact in contacts}
    found = [
        OpenEntity(
            catalog[entity.kind],
            identities.by_id(entity.sage_id).key,
            entity.displayed_as,
            FieldReader(entity.body, identities),
        )
        for entity in entities
    ]
    return open_items(found, chart, names, side)


@dataclass(frozen=True, slots=True)
class OpenEntity:
    """An entity in Sage, or a draft, that may have an open item."""

    kind: Kind
    key: str
    label: str
    fields: FieldReader


def open_items(
    entities: Sequence[OpenEntity], chart: ChartOfAccounts, names: Mapping[str, str], side: Side
) -> list[OpenItem]:
    """Return the open items of one side among all entities that open or settle one.

    Args:
        names: of the contacts, by identity.
    """
    settled = _settled(entities)
    items: list[OpenItem] = []
    for entity in entities:
        posting = entity.kind.posting
        if posting is None:
            continue
        contact = entity.fields.link(entity.kind.contact)
        direction = chart.direction(posting, entity.fields, contact)
        amount = _open_amount(entity, posting, direction, settled) if direction.side is side else None
        if amount:
            name = names.get(contact, contact)
            due = entity.fields.day(posting.due_date) or entity.fields.day(entity.kind.date)
            label = entity.fields.text("reference") or entity.label
            items.append(OpenItem(contact=contact, name=name, label=label, amount=amount, due=due))
    return items


def _open_amount(
    entity: OpenEntity, posting: Posting, direction: Direction, settled: Mapping[str, Decimal]
) -> Decimal:
    """Return what is still open on one entity; zero where its family makes no open items."""
    match posting.family:
        case Family.OPENING_ITEM:
            amount = _amount(entity.fields, entity.kind.amount)
        case Family.DOCUMENT:
            outstanding = entity.fields.amount(posting.outstanding)
            if outstanding is not None:
                return product(direction.sign, magnitude(outstanding))
            amount = _document_total(entity)
        case Family.CONTACT_PAYMENT:
            unallocated = product(direction.sign, _unallocated(entity, posting.settles))
            return difference(unallocated, _remainder_settled(entity, posting.settles, settled))
        case _:
            return Decimal()
    return difference(product(direction.sign, amount), settled.get(entity.key, Decimal()))


def _document_total(entity: OpenEntity) -> Decimal:
    lines = entity.kind.lines
    return total(
        total((line_net(line, lines), line_tax(line, lines))) for line in lines_of(entity.fields, lines)
    )


def _unallocated(entity: OpenEntity, settles: Settlement | None) -> Decimal:
    """Return what a payment leaves on account."""
    amount = _amount(entity.fields, entity.kind.amount)
    if settles is None:
        return amount
    allocated = total(_amount(item, settles.amount) for item in entity.fields.items(settles.items))
    return difference(amount, allocated)


def _remainder_settled(
    entity: OpenEntity, settles: Settlement | None, settled: Mapping[str, Decimal]
) -> Decimal:
    """Return what allocations take off the rest of a payment, which they name as a part of it."""
    if settles is None:
        return Decimal()
    return settled.get(part_of(entity.key, settles.remainder), Decimal())


def _settled(entities: Iterable[OpenEntity]) -> Mapping[str, Decimal]:
    """Return what payments and allocations take off each document, by its identity."""
    settled: dict[str, Decimal] = {}
    for entity in entities:
        posting = entity.kind.posting
        if posting is None or posting.settles is None:
            continue
        sign = -posting.direction_of(entity.fields.type_id).sign
        for item in entity.fields.items(posting.settles.items):
            document = item.link(posting.settles.document)
            amount = product(sign, _amount(item, posting.settles.amount))
            settled[document] = total((settled.get(document, Decimal()), amount))
    return settled


def _amount(fields: FieldReader, name: str) -> Decimal:
    amount = fields.amount(name)
    return Decimal() if amount is None else amount
