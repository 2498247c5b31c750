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
from sagerecon.reconciliation.chart_of_accounts import ControlAccounts
from sagerecon.reconciliation.open_items import OpenItem, open_items_held
from sagerecon.reconciliation.subledger import tie_contacts
from sagerecon.reconciliation.tax import taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import ControlPair, TieOut
from sagerecon.reconciliation.verdict import RecordVerdict


def tie_out(
    expectations: Expectations,
    as_at: date,
    controls: ControlAccounts,
    verdicts: Sequence[RecordVerdict],
    trial_balance: Entity,
    held: Sequence[Entity],
    identities: Identities,
    catalog: Catalog,
) -> Iterator[TieOut]:
    """Yield a tie-out for each part whose figures the source states, and one for the opening control."""
    accounts = [entity for entity in held if catalog[entity.kind].has_role(LedgerRole.ACCOUNT)]
    balances = closing_balances(trial_balance, accounts)
    if expectations.balances is not None:
        yield tie_trial_balance(
            expectations.balances,
            trial_balance,
            as_at,
            adjustments=expectations.adjustments,
            accounts=accounts,
            verdicts=verdicts,
        )
    sides: tuple[tuple[str, str, Side, str, tuple[OpenItem, ...] | None], ...] = (
        ("debtors", "Debtors per customer", Side.CUSTOMER, controls.debtors, expectations.debtors),
        ("creditors", "Creditors per supplier", Side.VENDOR, controls.creditors, expectations.creditors),
    )
    for name, about, side, code, items in sides:
        if items is not None:
            yield tie_contacts(
                name,
                about,
                items,
                open_items_held(held, identities, side, catalog),
                as_at,
                control=_control_pair(code, expectations, balances),
                verdicts=verdicts,
            )
    if expectations.banks is not None:
        banks = [entity for entity in held if catalog[entity.kind].has_role(LedgerRole.BANK_ACCOUNT)]
        yield tie_bank(
            expectations.banks, banks, trial_balance, as_at, catalog, accounts=accounts, verdicts=verdicts
        )
    if expectations.tax is not None:
        yield tie_tax(expectations.tax, taxed_held(held, identities, catalog), as_at)
    yield tie_opening_control(trial_balance, as_at, controls.opening, accounts=accounts, verdicts=verdicts)


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
