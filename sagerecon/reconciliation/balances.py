"""Tie-outs of balances: trial balance, bank accounts, opening balances control account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, total
from sagerecon.model.posting import LedgerFacts, LedgerRole
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import Identities, as_decimal
from sagerecon.reconciliation.chart_of_accounts import nominal_code
from sagerecon.reconciliation.shares import Share, explaining, shares_by_account
from sagerecon.reconciliation.tie_out import (
    Adjustment,
    ExpectedBalance,
    TieOut,
    TieOutLine,
    TieOutName,
)
from sagerecon.reconciliation.verdict import RecordVerdict

_DISPLAYED = re.compile(r"(?P<name>.*?)\s*\((?P<code>[^()]*)\)")


def tie_trial_balance(
    expected: Iterable[ExpectedBalance],
    trial_balance: Entity,
    as_at: date,
    *,
    adjustments: Iterable[Adjustment] = (),
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the trial balance per Sage account: source, adjustments, Sage's closing balance.

    `accounts` are the ledger accounts that were read back, with the nominal code and name of each id. Where
    one is missing, the code is taken from Sage's text `Trade Debtors (1100)`. An account on only one side has
    a line; an account that is zero in Sage and not in the source has none.
    """
    held = closing_balances(trial_balance, accounts)
    shares = shares_by_account(verdicts)
    old = _by_target(expected)
    named: dict[str, list[Adjustment]] = {}
    for adjustment in adjustments:
        named.setdefault(adjustment.target, []).append(adjustment)
    moved = [code for code, (_, amount) in held.items() if amount]
    codes = sorted({*old, *named, *moved, *(code for code in shares if code in held)}, key=code_order)
    lines = tuple(
        _line(code, held, old.get(code, ()), named.get(code, ()), shares.get(code, ())) for code in codes
    )
    name = TieOutName.TRIAL_BALANCE
    return TieOut(name=name, about=name.about, as_at=as_at, lines=lines)


def tie_bank(
    expected: Iterable[ExpectedBalance],
    bank_accounts: Iterable[Entity],
    trial_balance: Entity | None,
    as_at: date,
    catalog: Catalog,
    *,
    currency: str = "",
    after: Mapping[str, Decimal] = {},
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the balance per bank account as at the day.

    The trial balance has it, in the currency of the business. An account in another currency, or one that
    the trial balance does not have, states its own `balance`, which is that of now: what is dated after the
    day is taken off it.

    Args:
        currency: of the business.
        after: what is dated after `as_at`, by nominal code, debit positive.
    """
    accounts = list(accounts)
    codes = {
        account.sage_id: nominal_code(str(account.body.get("nominal_code") or "")) for account in accounts
    }
    ledger = {} if trial_balance is None else closing_balances(trial_balance, accounts)
    held: dict[str, tuple[str, Decimal]] = {}
    for bank in bank_accounts:
        code, name = _bank_code_and_name(bank, codes, catalog)
        balance = as_decimal(bank.body.get("balance"))
        is_foreign = FieldReader(bank.body, Identities()).type_id("currency") not in ("", currency)
        is_in_ledger = trial_balance is not None and (code in ledger or code in codes.values())
        if balance is None or (is_in_ledger and not is_foreign):
            held[code] = (name, ledger.get(code, ("", Decimal()))[1])
        else:
            held[code] = (name, difference(balance, after.get(code, Decimal())))
    old = _by_target(expected)
    shares = shares_by_account(verdicts)
    found = sorted({*old, *(code for code, (_, amount) in held.items() if amount)}, key=code_order)
    lines = tuple(
        _line(code, {**ledger, **held}, old.get(code, ()), (), shares.get(code, ())) for code in found
    )
    return TieOut(name=TieOutName.BANK, about=TieOutName.BANK.about, as_at=as_at, lines=lines)


def _bank_code_and_name(bank: Entity, codes: Mapping[str, str], catalog: Catalog) -> tuple[str, str]:
    """Return a bank account's nominal code and name; the code of its ledger account where it has none."""
    facts = catalog[bank.kind].ledger or LedgerFacts(LedgerRole.BANK_ACCOUNT)
    link = bank.body.get(facts.account)
    linked = codes.get(str(link.get("id", "")), "") if isinstance(link, dict) else ""
    shown_code, name = _code_and_name(bank.displayed_as)
    return nominal_code(str(bank.body.get(facts.code) or linked) or shown_code), name


def _by_target(expected: Iterable[ExpectedBalance]) -> dict[str, list[ExpectedBalance]]:
    """Return the balances of the source by the Sage account they become."""
    found: dict[str, list[ExpectedBalance]] = {}
    for balance in expected:
        found.setdefault(balance.target, []).append(balance)
    return found


def tie_opening_control(
    trial_balance: Entity,
    as_at: date,
    code: str,
    *,
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the balance of the opening balances control account, which must be 0.00."""
    account, amount = closing_balances(trial_balance, accounts).get(
        code, ("Opening balances control", Decimal())
    )
    shares = shares_by_account(verdicts).get(code, ())
    records = explaining(shares, amount)
    line = TieOutLine(code=code, name=account, source=Decimal(), sage=amount, records=records)
    name = TieOutName.OPENING_CONTROL
    return TieOut(name=name, about=name.about, as_at=as_at, lines=(line,))


def closing_balances(trial_balance: Entity, accounts: Iterable[Entity]) -> Mapping[str, tuple[str, Decimal]]:
    """Return Sage's closing balances, debit positive: nominal code -> (name, amount)."""
    known = {
        account.sage_id: (nominal_code(str(account.body.get("nominal_code"))), _account_name(account))
        for account in accounts
        if account.body.get("nominal_code") not in (None, "")
    }
    body = _report_body(trial_balance)
    found: dict[str, tuple[str, Decimal]] = {}
    for row in body.get("ledger_accounts", ()):
        code, name = known.get(str(row["id"])) or _code_and_name(str(row.get("displayed_as", "")))
        closing = row.get("closing_balance", row)
        amount = difference(as_decimal(closing.get("debit")) or Decimal(), _credit(closing))
        held = found.get(code, (name, Decimal()))
        found[code] = (held[0], total((held[1], amount)))
    return found


def has_balances(trial_balance: Entity) -> bool:
    """Return whether Sage answered the report with a list of accounts, which may be empty."""
    return isinstance(_report_body(trial_balance).get("ledger_accounts"), list)


def code_order(code: str) -> tuple[int, str]:
    """Return a sort key: nominal codes as numbers, other codes after them."""
    return (int(code), "") if code.isdecimal() else (2**63, code)


def _line(
    code: str,
    held: Mapping[str, tuple[str, Decimal]],
    old: Sequence[ExpectedBalance],
    named: Sequence[Adjustment],
    shares: Sequence[Share],
) -> TieOutLine:
    name, amount = held.get(code, ("", Decimal()))
    line = TieOutLine(
        code=code,
        name=name or (old[0].name if old else ""),
        source=total(balance.amount for balance in old),
        sage=amount,
        adjustment=total(adjustment.amount for adjustment in named),
        old=tuple((balance.code, balance.name, balance.amount) for balance in old),
        adjustments=tuple(named),
    )
    return replace(line, records=explaining(shares, line.difference))


def _report_body(trial_balance: Entity) -> Mapping[str, Any]:
    """Return the report, which Sage may answer inside an object of its name."""
    body: Mapping[str, Any] = trial_balance.body.get("trial_balance", trial_balance.body)
    return body


def _credit(balance: Mapping[str, object]) -> Decimal:
    return as_decimal(balance.get("credit")) or Decimal()


def _account_name(account: Entity) -> str:
    return (
        str(account.body.get("display_name") or account.body.get("name") or "")
        or (_code_and_name(account.displayed_as)[1])
    )


def _code_and_name(words: str) -> tuple[str, str]:
    """Return code and name of `Trade Debtors (1100)`; the text itself for both where it has no code."""
    found = _DISPLAYED.fullmatch(words)
    return (nominal_code(found["code"]), found["name"]) if found else (words, words)
