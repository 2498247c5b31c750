"""Tax per rate, month and direction, taken alike from what we want and from what Sage holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.money import total
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Body, Identities
from sagerecon.reconciliation.postings import line_net
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine

#: Kind -> the list of its lines, its sign, and the direction of its tax.
_TAXED = {
    "sales_invoice": ("invoice_lines", 1, "sales"),
    "sales_credit_note": ("credit_note_lines", -1, "sales"),
    "purchase_invoice": ("invoice_lines", 1, "purchases"),
    "purchase_credit_note": ("credit_note_lines", -1, "purchases"),
}


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """The net and tax of one line. `period` is a month, `2017-03`; credits are negative."""

    rate: str
    period: str
    direction: str  #: sales or purchases
    net: Decimal
    tax: Decimal


def taxed_wanted(drafts: Iterable[Draft]) -> list[TaxedAmount]:
    """The taxed amounts of our drafts."""
    identities = Identities()
    return [amount for draft in drafts for amount in _amounts(draft.kind, Body(draft.body, identities))]


def taxed_held(entities: Iterable[Entity], identities: Identities) -> list[TaxedAmount]:
    """The taxed amounts of what Sage holds."""
    return [
        amount
        for entity in entities
        if not is_gone(entity)
        for amount in _amounts(entity.kind, Body(entity.body, identities))
    ]


def tie_tax(source: Iterable[TaxedAmount], sage: Iterable[TaxedAmount], as_at: date) -> TieOut:
    """Net and tax of each rate, month and direction on both sides, a line each."""
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
    return TieOut("tax", "Tax per rate and month", as_at, lines)


def _amounts(kind: str, body: Body) -> Iterable[TaxedAmount]:
    if kind not in _TAXED:
        return
    lines, sign, direction = _TAXED[kind]
    period = body.text("date")[:7]
    for line in body.items(lines):
        rate = line.link("tax_rate") or "no rate"
        tax = line.amount("tax_amount") or Decimal()
        yield TaxedAmount(rate, period, direction, sign * line_net(line), sign * tax)


def _sums(amounts: Iterable[TaxedAmount]) -> dict[tuple[str, str, str, str], Decimal]:
    """(period, direction, rate, net or tax) -> sum."""
    found: dict[tuple[str, str, str, str], list[Decimal]] = {}
    for amount in amounts:
        for figure, value in (("net", amount.net), ("tax", amount.tax)):
            group = (amount.period, amount.direction, amount.rate, figure)
            found.setdefault(group, []).append(value)
    return {group: total(values) for group, values in found.items()}
