"""The unsettled documents of customers and suppliers as at a day, from what Sage holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, magnitude, negative, product, total
from sagerecon.model.posting import Direction, Family, LedgerRole, Posting, Side
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities, part_of
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.postings import line_net, line_tax, lines_of
from sagerecon.reconciliation.settled import OpenEntity, Settled, days_of, settled_as_at, settled_parts


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One unsettled document. What a customer owes us or we owe a supplier is positive, a credit negative."""

    contact: str  #: the contact's key on both sides: a draft key, or Sage's id where no draft has it
    name: str
    label: str
    amount: Decimal  #: in the currency of the business
    due: date | None  #: the date of the document where it has no due date; None counts as not due
    dated: date | None = None  #: the date of the document, where it is known
    undated: Decimal = Decimal()  #: what Sage has settled of it by payments or allocations that were not read
    currency: str = ""  #: of the document, where it is known
    in_currency: Decimal = Decimal()  #: the amount in that currency


def open_items_held(
    entities: Iterable[Entity], identities: Identities, side: Side, catalog: Catalog, as_at: date
) -> list[OpenItem]:
    """Return the open items of one side in Sage, each under its contact's draft key where there is one.

    Args:
        as_at: what is dated after this day is not counted: neither a document, nor what settles one.
    """
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
    return open_items(found, chart, names, side, as_at)


def other_currencies(source: Iterable[OpenItem], sage: Iterable[OpenItem], base: str) -> list[str]:
    """Return the currencies of the items of both sides besides the business's, sorted.

    There is none where the source does not state the currency of its items: nothing can be compared then.
    """
    stated = {item.currency for item in source}
    return sorted(({item.currency for item in sage} | stated) - {"", base}) if stated - {""} else []


def items_in(currency: str, items: Iterable[OpenItem]) -> list[OpenItem]:
    """Return the items in a currency, each with its amount in that currency."""
    return [replace(item, amount=item.in_currency) for item in items if item.currency == currency]


def open_items(
    entities: Sequence[OpenEntity],
    chart: ChartOfAccounts,
    names: Mapping[str, str],
    side: Side,
    as_at: date,
) -> list[OpenItem]:
    """Return the open items of one side among all entities that open or settle one.

    Args:
        names: of the contacts, by identity.
        as_at: the day as at which they are open.
    """
    settled, days = settled_as_at(entities, as_at), days_of(entities)
    items: list[OpenItem] = []
    for entity in entities:
        posting = entity.kind.posting
        if posting is None or entity.day > as_at:
            continue
        contact = entity.fields.link(entity.kind.contact)
        direction = chart.direction(posting, entity.fields, contact)
        if direction.side is not side:
            continue
        amount = _open_amount(entity, posting, direction, settled, days, as_at)
        undated = _undated(entity, posting, direction, settled)
        if amount or undated:
            items.append(
                OpenItem(
                    contact=contact,
                    name=names.get(contact, contact),
                    label=entity.fields.text("reference") or entity.label,
                    amount=_in_base(entity, posting, amount),
                    due=entity.fields.day(posting.due_date) or entity.fields.day(entity.kind.date),
                    dated=entity.fields.day(entity.kind.date),
                    undated=entity.fields.in_base(undated),
                    currency=entity.fields.type_id("currency"),
                    in_currency=amount,
                )
            )
    return items


def _in_base(entity: OpenEntity, posting: Posting, amount: Decimal) -> Decimal:
    """Return an open amount in the currency of the business: as Sage states it, else converted."""
    for name in (posting.outstanding, entity.kind.amount):
        stated, known = entity.fields.base_amount(name), entity.fields.amount(name)
        if stated is not None and known is not None and magnitude(known) == magnitude(amount):
            return magnitude(stated) if amount > 0 else negative(magnitude(stated))
    return entity.fields.in_base(amount)


def _open_amount(
    entity: OpenEntity,
    posting: Posting,
    direction: Direction,
    settled: Settled,
    days: Mapping[str, date],
    as_at: date,
) -> Decimal:
    """Return what is open on one entity as at the day; zero where its family makes no open items.

    Sage states what is outstanding now: what was settled after the day is added to that.
    """
    match posting.family:
        case Family.OPENING_ITEM:
            amount = _amount(entity.fields, entity.kind.amount)
        case Family.DOCUMENT:
            outstanding = entity.fields.amount(posting.outstanding)
            if outstanding is not None:
                now = product(direction.sign, magnitude(outstanding))
                return total((now, settled.after_day(entity.key)))
            amount = _document_total(entity)
        case Family.CONTACT_PAYMENT:
            parts = [part for part in settled_parts(entity, days) if part.day <= as_at]
            rest = difference(_amount(entity.fields, entity.kind.amount), total(part.paid for part in parts))
            remainder = "" if posting.settles is None else posting.settles.remainder
            return difference(
                product(direction.sign, rest), settled.until_day(part_of(entity.key, remainder))
            )
        case _:
            return Decimal()
    return difference(product(direction.sign, amount), settled.until_day(entity.key))


def _undated(entity: OpenEntity, posting: Posting, direction: Direction, settled: Settled) -> Decimal:
    """Return what Sage has settled of a document by payments or allocations that were not read."""
    outstanding = entity.fields.amount(posting.outstanding)
    if posting.family is not Family.DOCUMENT or outstanding is None or not direction.sign:
        return Decimal()
    whole, stated = entity.fields.amount(entity.kind.amount), entity.fields.amount(posting.settled)
    taken = Decimal() if whole is None else difference(magnitude(whole), magnitude(outstanding))
    if stated is not None:  # what is withheld from a document for tax is not settled
        taken = min(taken, magnitude(stated))
    known = product(direction.sign, settled.all_of(entity.key))
    return max(Decimal(), difference(taken, known))


def _document_total(entity: OpenEntity) -> Decimal:
    lines = entity.kind.lines
    return total(
        total((line_net(line, lines), line_tax(line, lines))) for line in lines_of(entity.fields, lines)
    )


def _amount(fields: FieldReader, name: str) -> Decimal:
    amount = fields.amount(name)
    return Decimal() if amount is None else amount
