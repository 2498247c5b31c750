"""Tie the source's figures to Sage's: trial balance, debtors, creditors, banks, tax, opening control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sagerecon.commands.expectations import Expectations
from sagerecon.model.entity import Entity
from sagerecon.model.money import total
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.reconcile import ControlAccounts
from sagerecon.reconciliation.subledger import OpenItem, open_items_held, tie_contacts
from sagerecon.reconciliation.tax import taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import (
    ControlPair,
    TieOut,
    closing_balances,
    tie_bank,
    tie_opening_control,
    tie_trial_balance,
)
from sagerecon.reconciliation.verdict import RecordVerdict


def tie_out(
    expectations: Expectations,
    as_at: date,
    controls: ControlAccounts,
    verdicts: Sequence[RecordVerdict],
    trial_balance: Entity,
    held: Sequence[Entity],
    identities: Identities,
) -> Iterator[TieOut]:
    """Yield a tie-out for each part whose figures the source states, and one for the opening control."""
    accounts = [entity for entity in held if entity.kind == "ledger_account"]
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
    sides: tuple[tuple[str, str, str, str, tuple[OpenItem, ...] | None], ...] = (
        ("debtors", "Debtors per customer", "CUSTOMER", controls.debtors, expectations.debtors),
        ("creditors", "Creditors per supplier", "VENDOR", controls.creditors, expectations.creditors),
    )
    for name, about, side, code, items in sides:
        if items is not None:
            yield tie_contacts(
                name,
                about,
                items,
                open_items_held(held, identities, side),
                as_at,
                control=_control_pair(code, expectations, balances),
                verdicts=verdicts,
            )
    if expectations.banks is not None:
        banks = [entity for entity in held if entity.kind == "bank_account"]
        yield tie_bank(expectations.banks, banks, trial_balance, as_at, accounts=accounts, verdicts=verdicts)
    if expectations.tax is not None:
        yield tie_tax(expectations.tax, taxed_held(held, identities), as_at)
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
