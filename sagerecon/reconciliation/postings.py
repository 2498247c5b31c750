"""What an entity posts to the ledger: nominal code -> amount, debit positive.

Documents and open items post in the currency of the business, payments in their own.

The catalog says what each kind books; the arithmetic is here. Taking the effects of both sides of a record
gives what its difference does to each account, so a gap in the trial balance is explained by records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.catalog import Kind
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, negative, product, rounded, total
from sagerecon.model.posting import Family, Lines, Posting
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts

Effects: TypeAlias = Mapping[str, Decimal]

#: The amounts of one entity, each with the nominal code it is posted to, debit positive.
Entries: TypeAlias = Iterator[tuple[str, Decimal]]


def effects_of(kind: str, content: Mapping[str, Any], chart: ChartOfAccounts) -> Effects:
    """Return what a draft's body or an answer posts; empty for a kind that books nothing."""
    known = chart.catalog.kinds.get(kind)
    if known is None or known.posting is None:
        return {}
    entity = FieldReader(content, chart.identities)
    posted: dict[str, Decimal] = {}
    for code, amount in _ENTRIES[known.posting.family](known, known.posting, entity, chart):
        posted[code] = total((posted.get(code, Decimal()), amount))
    return {code: amount for code, amount in posted.items() if amount}


def posted_after(entities: Iterable[Entity], day: date, chart: ChartOfAccounts) -> Effects:
    """Return what is posted by entities that are dated after a day, in the currencies of the entities.

    Args:
        entities: what was read back. `chart` learns codes and sides from them.
    """
    entities = [entity for entity in entities if not is_gone(entity)]
    chart.learn_entities(entities)
    posted: dict[str, list[Decimal]] = {}
    for entity in entities:
        if is_after(entity.kind, entity.body, day, chart):
            for code, amount in effects_of(entity.kind, entity.body, chart).items():
                posted.setdefault(code, []).append(amount)
    return {code: total(amounts) for code, amounts in posted.items()}


def is_after(kind: str, content: Mapping[str, Any], day: date, chart: ChartOfAccounts) -> bool:
    """Return whether a draft's body or an answer is dated after a day; False where it has no date."""
    known = chart.catalog.kinds.get(kind)
    dated = None if known is None else FieldReader(content, chart.identities).day(known.date)
    return dated is not None and dated > day


def gap(source: Effects, *sage: Effects) -> Effects:
    """Return Sage less source, account by account, without the accounts on which they agree.

    Args:
        sage: the effects of each entity in Sage that is, or may be, the record of the source.
    """
    codes = dict.fromkeys(code for effects in (source, *sage) for code in effects)
    held = {code: total(effects.get(code, Decimal()) for effects in sage) for code in codes}
    differences = {code: difference(held[code], source.get(code, Decimal())) for code in codes}
    return {code: amount for code, amount in differences.items() if amount}


def lines_of(entity: FieldReader, lines: Lines) -> Iterator[FieldReader]:
    """Yield the lines of an entity; the entity itself where its kind has no list of lines."""
    if lines.items:
        yield from entity.items(lines.items)
    elif lines.account:
        yield entity


def line_net(line: FieldReader, lines: Lines) -> Decimal:
    """Return a line's net amount: as given, else total less tax, else quantity times price less discount."""
    net = line.amount(lines.net)
    if net is not None:
        return net
    if lines.total:
        return difference(_amount(line, lines.total), line_tax(line, lines))
    quantity, price = line.amount(lines.quantity), _amount(line, lines.price)
    gross = product(price, Decimal(1) if quantity is None else quantity)
    return rounded(difference(gross, _amount(line, lines.discount)))


def line_tax(line: FieldReader, lines: Lines) -> Decimal:
    """Return a line's tax, zero where it gives none."""
    return _amount(line, lines.tax)


def _amount(entity: FieldReader, name: str) -> Decimal:
    amount = entity.amount(name)
    return Decimal() if amount is None else amount


def _document(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    direction = chart.direction(posting, entity, entity.link(kind.contact))
    control, tax_account = chart.accounts.control(direction.side), chart.accounts.tax(direction.side)
    for line in lines_of(entity, kind.lines):
        net, tax = (entity.in_base(of(line, kind.lines)) for of in (line_net, line_tax))
        yield control, product(direction.debit, total((net, tax)))
        yield chart.code(line.link(kind.lines.account)), product(-direction.debit, net)
        yield tax_account, product(-direction.debit, tax)


def _opening_item(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    direction = chart.direction(posting, entity, entity.link(kind.contact))
    amount = product(direction.debit, entity.base_amount(kind.amount) or Decimal())
    yield chart.accounts.control(direction.side), amount
    yield chart.accounts.opening, negative(amount)


def _opening_balance(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    for code, amount in _journal(kind, posting, entity, chart):
        yield code, amount
        yield chart.accounts.opening, negative(amount)


def _journal(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    del posting
    for line in lines_of(entity, kind.lines):
        balance = difference(_amount(line, kind.lines.debit), _amount(line, kind.lines.credit))
        yield chart.code(line.link(kind.lines.account)), balance


def _contact_payment(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    direction = chart.direction(posting, entity, entity.link(kind.contact))
    amount = product(direction.debit, _amount(entity, kind.amount))
    yield chart.code(entity.link(posting.account)), negative(amount)
    yield chart.accounts.control(direction.side), amount


def _other_payment(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    direction = posting.direction_of(entity.type_id)
    tax_account = chart.accounts.tax(direction.side)
    yield chart.code(entity.link(posting.account)), product(direction.debit, _amount(entity, kind.amount))
    for line in lines_of(entity, kind.lines):
        yield chart.code(line.link(kind.lines.account)), product(-direction.debit, line_net(line, kind.lines))
        yield tax_account, product(-direction.debit, line_tax(line, kind.lines))


def _transfer(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    amount = total(_amount(entity, name) for name in posting.amounts or (kind.amount,))
    yield chart.code(entity.link(posting.from_account)), negative(amount)
    yield chart.code(entity.link(posting.account)), amount


def _nothing(kind: Kind, posting: Posting, entity: FieldReader, chart: ChartOfAccounts) -> Entries:
    del kind, posting, entity, chart
    yield from ()


_ENTRIES: Mapping[Family, Callable[[Kind, Posting, FieldReader, ChartOfAccounts], Entries]] = {
    Family.DOCUMENT: _document,
    Family.OPENING_ITEM: _opening_item,
    Family.OPENING_BALANCE: _opening_balance,
    Family.JOURNAL: _journal,
    Family.CONTACT_PAYMENT: _contact_payment,
    Family.OTHER_PAYMENT: _other_payment,
    Family.TRANSFER: _transfer,
    Family.ALLOCATION: _nothing,
}
