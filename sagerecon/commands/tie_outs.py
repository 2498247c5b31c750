"""Tie the source's figures to Sage's: trial balance, debtors, creditors, banks, tax, opening control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sagerecon.commands.expectations import Expectations
from sagerecon.model.catalog import Catalog
from sagerecon.model.entity import Entity
from sagerecon.model.money import total
from sagerecon.model.posting import LedgerRole, Side
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.balances import (
    closing_balances,
    tie_bank,
    tie_opening_control,
    tie_trial_balance,
)
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts, ControlAccounts
from sagerecon.reconciliation.open_items import (
    OpenItem,
    items_in,
    open_items_held,
    other_currencies,
)
from sagerecon.reconciliation.postings import posted_after
from sagerecon.reconciliation.subledger import tie_contacts
from sagerecon.reconciliation.tax import taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import ControlPair, TieOut, TieOutName
from sagerecon.reconciliation.verdict import RecordVerdict


def declared_tie_outs(expectations: Expectations) -> tuple[TieOutName, ...]:
    """Return the tie-outs whose figures the project names, and that of the opening control account."""
    declared = {
        TieOutName.TRIAL_BALANCE: expectations.balances,
        TieOutName.DEBTORS: expectations.debtors,
        TieOutName.CREDITORS: expectations.creditors,
        TieOutName.BANK: expectations.banks,
        TieOutName.TAX: expectations.tax,
    }
    names = (name for name, figures in declared.items() if figures is not None)
    return (*names, TieOutName.OPENING_CONTROL)


def tie_out(
    expectations: Expectations,
    names: Sequence[TieOutName],
    as_at: date,
    controls: ControlAccounts,
    verdicts: Sequence[RecordVerdict],
    trial_balance: Entity,
    held: Sequence[Entity],
    identities: Identities,
    catalog: Catalog,
    currency: str,
) -> Iterator[TieOut]:
    """Yield each of the declared tie-outs `names`.

    Args:
        as_at: the day as at which Sage was asked for the trial balance.
        held: what was read back; all that these tie-outs need was read whole.
        currency: of the business.
    """
    accounts = [entity for entity in held if catalog[entity.kind].has_role(LedgerRole.ACCOUNT)]
    balances = closing_balances(trial_balance, accounts)

    def contacts(
        name: TieOutName, side: Side, code: str, items: Sequence[OpenItem] | None
    ) -> Iterator[TieOut]:
        source, sage = items or (), open_items_held(held, identities, side, catalog, as_at)
        yield tie_contacts(
            name,
            name.about,
            source,
            sage,
            as_at,
            control=_control_pair(code, expectations, balances),
            verdicts=verdicts,
        )
        for other in other_currencies(source, sage, currency):
            yield tie_contacts(
                f"{name}_{other.lower()}",
                f"{name.about} in {other}",
                items_in(other, source),
                items_in(other, sage),
                as_at,
            )

    for name in names:
        match name:
            case TieOutName.TRIAL_BALANCE:
                yield tie_trial_balance(
                    expectations.balances or (),
                    trial_balance,
                    as_at,
                    adjustments=expectations.adjustments,
                    accounts=accounts,
                    verdicts=verdicts,
                )
            case TieOutName.DEBTORS:
                yield from contacts(name, Side.CUSTOMER, controls.debtors, expectations.debtors)
            case TieOutName.CREDITORS:
                yield from contacts(name, Side.VENDOR, controls.creditors, expectations.creditors)
            case TieOutName.BANK:
                yield tie_bank(
                    expectations.banks or (),
                    [entity for entity in held if catalog[entity.kind].has_role(LedgerRole.BANK_ACCOUNT)],
                    trial_balance,
                    as_at,
                    catalog,
                    currency=currency,
                    after=posted_after(held, as_at, ChartOfAccounts(catalog, identities, controls)),
                    accounts=accounts,
                    verdicts=verdicts,
                )
            case TieOutName.TAX:
                yield tie_tax(expectations.tax or (), taxed_held(held, identities, catalog, as_at), as_at)
            case TieOutName.OPENING_CONTROL:
                yield tie_opening_control(
                    trial_balance, as_at, controls.opening, accounts=accounts, verdicts=verdicts
                )


def _control_pair(
    code: str, expectations: Expectations, balances: Mapping[str, tuple[str, Decimal]]
) -> ControlPair:
    """Return the balance of a control account on both sides; the source's includes its adjustments."""
    name, sage = balances.get(code, ("", Decimal()))
    source = None
    if expectations.balances is not None:
        adjusted = [entry.amount for entry in expectations.adjustments if entry.target == code]
        source = total([*(b.amount for b in expectations.balances if b.target == code), *adjusted])
    return ControlPair(code, name, source, sage)
