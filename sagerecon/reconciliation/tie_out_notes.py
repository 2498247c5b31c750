"""What a tie-out does not show, and why it does not tie out where no line differs.

Absence is not evidence. A figure of Sage's is the sum of what was read, so each tie-out names the kinds that
could add to it and were not read, and counts what is dated after its day and is left out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import day_of
from sagerecon.model.count import counted
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, grouped
from sagerecon.model.posting import Family, Side
from sagerecon.model.reading import Reading
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.reconciliation.tie_out import TieOut, TieOutName
from sagerecon.reconciliation.wording import date_text

_OF_CONTACTS = frozenset({Family.DOCUMENT, Family.OPENING_ITEM, Family.CONTACT_PAYMENT, Family.ALLOCATION})
_OF_TAX = frozenset({Family.DOCUMENT, Family.OTHER_PAYMENT})
_OF_BANKS = frozenset({Family.CONTACT_PAYMENT, Family.OTHER_PAYMENT, Family.TRANSFER})

#: The families of kinds that add to the figures that a tie-out takes from listings.
_FAMILIES: Mapping[str, frozenset[Family]] = {
    TieOutName.DEBTORS: _OF_CONTACTS,
    TieOutName.CREDITORS: _OF_CONTACTS,
    TieOutName.TAX: _OF_TAX,
    TieOutName.BANK: _OF_BANKS,
}

#: The contacts that a note names.
_NAMED = 3

_SIDES: Mapping[str, Side] = {TieOutName.DEBTORS: Side.CUSTOMER, TieOutName.CREDITORS: Side.VENDOR}


def tie_out_notes(
    tie: TieOut,
    held: Sequence[Entity],
    identities: Identities,
    readings: SageReadings,
    catalog: Catalog,
) -> Iterator[str]:
    """Yield a sentence for each limit of what a tie-out shows; none for those of the trial balance.

    Args:
        held: what was read back.
    """
    name, as_at = tie.name, tie.as_at
    families = _FAMILIES.get(name)
    if families is None:
        return
    yield from _undated(tie)
    yield from _control(tie)
    if name is not TieOutName.BANK:  # a bank account states its balance, whatever moved it
        counted_kinds = readings.kinds_read - (_other_payments(catalog) if name is TieOutName.TAX else set())
        unseen = sorted(
            kind.name.replace("_", " ")
            for kind in _kinds(catalog, families)
            if kind.name not in counted_kinds and (name is not TieOutName.TAX or kind.lines.tax_rate)
        )
        if unseen:
            yield f"Not included, because they were not read: {', '.join(unseen)}."
    after = [entity for entity in held if _is_after(entity, as_at, families, catalog)]
    if (side := _SIDES.get(name)) is not None and after:
        chart = ChartOfAccounts(catalog, identities)
        chart.learn_entities(held)
        after = [entity for entity in after if _side(entity, chart) is side]
    if later := len(after):
        documents, when = counted(later, "document"), date_text(_read_on(readings.listings, as_at))
        yield f"Not included: {documents} dated after {date_text(as_at)}, as read on {when}."


def _undated(tie: TieOut) -> Iterator[str]:
    """Yield a sentence if Sage has settled documents on days that were not read."""
    lines = [line for line in tie.lines if line.undated]
    if lines:
        named = ", ".join(f"{line.name} ({grouped(line.undated)})" for line in lines[:_NAMED])
        more = f" and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
        yield (
            f"Sage has documents as settled by payments or allocations that were not read: {named}{more}. "
            f"They may be dated after {date_text(tie.as_at)}. Compare the aged report of Sage as at that day."
        )


def _control(tie: TieOut) -> Iterator[str]:
    """Yield a sentence for each side on which the control account is not the sum of the open items."""
    if tie.control is None:
        return
    account = f"{tie.control.code} {tie.control.name}".strip()
    sides = (
        ("Sage", tie.control.sage, tie.totals.sage),
        ("the source", tie.control.source, tie.totals.expected),
    )
    for side, balance, items in sides:
        if balance is not None and balance != items:
            yield (
                f"The control account {account} does not agree in {side}: balance {grouped(balance)}, "
                f"open items {grouped(items)}, difference {grouped(difference(balance, items))}."
            )


def _side(entity: Entity, chart: ChartOfAccounts) -> Side | None:
    kind = chart.catalog[entity.kind]
    if kind.posting is None:
        return None
    fields = FieldReader(entity.body, chart.identities)
    return chart.direction(kind.posting, fields, fields.link(kind.contact)).side


def _kinds(catalog: Catalog, families: frozenset[Family]) -> Iterator[Kind]:
    for kind in catalog:
        if kind.posting is not None and kind.posting.family in families and kind.can("list"):
            yield kind


def _other_payments(catalog: Catalog) -> set[str]:
    """Return the kinds whose tax is not added up, even where they were read."""
    return {kind.name for kind in _kinds(catalog, frozenset({Family.OTHER_PAYMENT}))}


def _is_after(entity: Entity, as_at: date, families: frozenset[Family], catalog: Catalog) -> bool:
    kind = catalog[entity.kind]
    if kind.posting is None or kind.posting.family not in families or is_gone(entity):
        return False
    day = FieldReader(entity.body, Identities()).day(kind.date)
    return day is not None and day > as_at


def _read_on(listings: Iterable[Reading], as_at: date) -> date:
    """Return the day on which the last listing was read; `as_at` where none was."""
    return max((day_of(reading.ended_at) for reading in listings), default=as_at)
