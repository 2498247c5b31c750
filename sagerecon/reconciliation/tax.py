"""Tax per rate, month and direction, from what Sage holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.entity import Entity
from sagerecon.model.money import product, total
from sagerecon.model.posting import Family, Side
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.postings import line_net, line_tax, lines_of
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine, TieOutName
from sagerecon.reconciliation.wording import rows_after

_DIRECTIONS = {Side.CUSTOMER: "sales", Side.VENDOR: "purchases"}


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """The net and tax of one line. `period` is a month, `2017-03`; credits are negative."""

    rate: str
    period: str
    direction: str  #: sales or purchases
    net: Decimal
    tax: Decimal


def taxed_held(
    entities: Iterable[Entity], identities: Identities, catalog: Catalog, as_at: date
) -> list[TaxedAmount]:
    """Return the net and tax of each line of the documents in Sage that are dated up to the day."""
    return [
        amount
        for entity in entities
        if not is_gone(entity)
        for fields in (FieldReader(entity.body, identities),)
        if (fields.day(catalog[entity.kind].date) or as_at) <= as_at
        for amount in taxed_amounts(catalog[entity.kind], fields)
    ]


def tie_tax(source: Iterable[TaxedAmount], sage: Iterable[TaxedAmount], as_at: date) -> TieOut:
    """Return the tie-out of tax: a line for net and one for tax of each rate, month and direction.

    The source's amounts of later months than that of `as_at` are not counted.
    """
    rows = list(source)
    source = [amount for amount in rows if amount.period <= f"{as_at:%Y-%m}"]
    wanted, held = _sums(source), _sums(sage)
    lines = tuple(
        TieOutLine(
            code=" ".join(group),
            name=f"{figure} {direction} at {rate}, {period}",
            source=wanted.get(group, Decimal()),
            sage=held.get(group, Decimal()),
        )
        for group in sorted({*wanted, *held})
        for period, direction, rate, figure in (group,)
    )
    return TieOut(
        name=TieOutName.TAX,
        about=TieOutName.TAX.about,
        as_at=as_at,
        lines=lines,
        notes=tuple(rows_after(len(rows) - len(source), as_at)),
    )


def taxed_amounts(kind: Kind, entity: FieldReader) -> Iterator[TaxedAmount]:
    """Yield the net and tax of each line of a document; nothing for another kind."""
    if kind.posting is None or kind.posting.family is not Family.DOCUMENT:
        return
    direction = kind.posting.direction_of(entity.type_id)
    if direction.side is None or not direction.sign:
        return
    period = entity.text(kind.date)[:7]
    for line in lines_of(entity, kind.lines):
        yield TaxedAmount(
            rate=line.link(kind.lines.tax_rate) or "no rate",
            period=period,
            direction=_DIRECTIONS[direction.side],
            net=product(direction.sign, line_net(line, kind.lines)),
            tax=product(direction.sign, line_tax(line, kind.lines)),
        )


def _sums(amounts: Iterable[TaxedAmount]) -> dict[tuple[str, str, str, str], Decimal]:
    """Return the sum of each group: (period, direction, rate, net or tax)."""
    found: dict[tuple[str, str, str, str], list[Decimal]] = {}
    for amount in amounts:
        for figure, value in (("net", amount.net), ("tax", amount.tax)):
            group = (amount.period, amount.direction, amount.rate, figure)
            found.setdefault(group, []).append(value)
    return {group: total(values) for group, values in found.items()}
