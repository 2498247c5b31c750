"""Tie-outs: one figure by the same groups on both sides, each gap explained by records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.entity import Entity
from sagerecon.model.money import grouped, total
from sagerecon.model.place import Place
from sagerecon.model.posting import LedgerFacts, LedgerRole
from sagerecon.pairing.identity import as_decimal
from sagerecon.reconciliation.shares import Share, explaining, shares_by_account
from sagerecon.reconciliation.verdict import RecordVerdict

#: Records named in an explanation. The rest is summed; the exceptions list them all.
_NAMED = 5

_DISPLAYED = re.compile(r"(?P<name>.*?)\s*\((?P<code>[^()]*)\)")


@dataclass(frozen=True, slots=True)
class ExpectedBalance:
    """One account of the source's trial balance, debit positive, and the account it becomes in Sage."""

    code: str
    name: str
    amount: Decimal
    target: str  #: Sage's nominal code, through the crosswalk
    origins: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A named adjusting entry, agreed in writing and not part of the source, debit positive."""

    target: str
    amount: Decimal
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class TieOutLine:
    """One group on both sides. `expected` is source and adjustment together."""

    code: str
    name: str
    source: Decimal
    sage: Decimal
    adjustment: Decimal = Decimal()
    old: tuple[tuple[str, str, Decimal], ...] = ()  #: source codes, names and amounts that became this one
    adjustments: tuple[Adjustment, ...] = ()
    records: tuple[Share, ...] = ()
    aged_source: tuple[Decimal, ...] = ()
    aged_sage: tuple[Decimal, ...] = ()

    @property
    def expected(self) -> Decimal:
        """What Sage should hold."""
        return total((self.source, self.adjustment))

    @property
    def difference(self) -> Decimal:
        """Sage less expected."""
        return total((self.sage, -self.expected))

    @property
    def explained(self) -> Decimal:
        """The part of the difference that named records account for."""
        return total(share.amount for share in self.records)

    @property
    def remainder(self) -> Decimal:
        """The part of the difference that no record accounts for; it should be zero."""
        return total((self.difference, -self.explained))

    @property
    def explanation(self) -> str:
        """The difference in one sentence; empty where there is none and no record changed the account."""
        parts = [
            f"{share.label} {share.verdict} ({grouped(share.amount)})" for share in self.records[:_NAMED]
        ]
        if (more := len(self.records) - _NAMED) > 0:
            rest = total(share.amount for share in self.records[_NAMED:])
            parts.append(f"{more} more records ({grouped(rest)})")
        if self.remainder:
            parts.append(f"{grouped(self.remainder)} that no record accounts for")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class ControlPair:
    """A ledger control account beside its sub-ledger; `sage` and `source` are the account's balances."""

    code: str
    name: str
    source: Decimal | None
    sage: Decimal | None


@dataclass(frozen=True, slots=True)
class TieOut:
    """A control total by group. `buckets` names the columns of the aged amounts, if there are any."""

    name: str  #: trial_balance
    about: str  #: Trial balance per account
    as_at: date
    lines: tuple[TieOutLine, ...]
    control: ControlPair | None = None
    buckets: tuple[str, ...] = ()

    @property
    def totals(self) -> TieOutLine:
        """All lines added up."""
        return TieOutLine(
            code="",
            name="Total",
            source=total(line.source for line in self.lines),
            sage=total(line.sage for line in self.lines),
            adjustment=total(line.adjustment for line in self.lines),
            aged_source=_columns([line.aged_source for line in self.lines]),
            aged_sage=_columns([line.aged_sage for line in self.lines]),
            records=tuple(share for line in self.lines for share in line.records),
        )

    @property
    def control_agrees(self) -> bool:
        """Whether the control account agrees with the lines on each side on which it is known."""
        if self.control is None:
            return True
        totals = self.totals
        return self.control.source in (None, totals.expected) and self.control.sage in (None, totals.sage)

    @property
    def ties(self) -> bool:
        """Whether every line agrees and the control accounts agree with their sub-ledgers."""
        return all(not line.difference for line in self.lines) and self.control_agrees


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
    old: dict[str, list[ExpectedBalance]] = {}
    for balance in expected:
        old.setdefault(balance.target, []).append(balance)
    named: dict[str, list[Adjustment]] = {}
    for adjustment in adjustments:
        named.setdefault(adjustment.target, []).append(adjustment)
    moved = [code for code, (_, amount) in held.items() if amount]
    codes = sorted({*old, *named, *moved, *(code for code in shares if code in held)}, key=code_order)
    lines = tuple(
        _line(code, held, old.get(code, ()), named.get(code, ()), shares.get(code, ())) for code in codes
    )
    return TieOut("trial_balance", "Trial balance per account", as_at, lines)


def tie_bank(
    expected: Iterable[ExpectedBalance],
    bank_accounts: Iterable[Entity],
    trial_balance: Entity | None,
    as_at: date,
    catalog: Catalog,
    *,
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the balance per bank account: Sage's own `balance`, or the trial balance where it has none."""
    codes = {account.sage_id: str(account.body.get("nominal_code") or "") for account in accounts}
    ledger = {} if trial_balance is None else closing_balances(trial_balance, accounts)
    held: dict[str, tuple[str, Decimal]] = {}
    for bank in bank_accounts:
        facts = catalog[bank.kind].ledger or LedgerFacts(LedgerRole.BANK_ACCOUNT)
        link = bank.body.get(facts.account)
        linked = codes.get(str(link.get("id", "")), "") if isinstance(link, dict) else ""
        code = str(bank.body.get(facts.code) or linked) or _code_and_name(bank.displayed_as)[0]
        balance = as_decimal(bank.body.get("balance"))
        amount = ledger.get(code, ("", Decimal()))[1] if balance is None else balance
        held[code] = (_code_and_name(bank.displayed_as)[1], amount)
    old: dict[str, list[ExpectedBalance]] = {}
    for expectation in expected:
        old.setdefault(expectation.target, []).append(expectation)
    shares = shares_by_account(verdicts)
    found = sorted({*old, *(code for code, (_, amount) in held.items() if amount)}, key=code_order)
    lines = tuple(
        _line(code, {**ledger, **held}, old.get(code, ()), (), shares.get(code, ())) for code in found
    )
    return TieOut("bank", "Balance per bank account", as_at, lines)


def tie_opening_control(
    trial_balance: Entity,
    as_at: date,
    code: str,
    *,
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the balance of the opening balances control account, which must be 0.00."""
    name, amount = closing_balances(trial_balance, accounts).get(
        code, ("Opening balances control", Decimal())
    )
    shares = shares_by_account(verdicts).get(code, ())
    line = TieOutLine(code, name, source=Decimal(), sage=amount, records=explaining(shares, amount))
    return TieOut("opening_control", "Opening balances control account", as_at, (line,))


def closing_balances(trial_balance: Entity, accounts: Iterable[Entity]) -> Mapping[str, tuple[str, Decimal]]:
    """Return Sage's closing balances, debit positive: nominal code -> (name, amount)."""
    known = {
        account.sage_id: (str(account.body.get("nominal_code")), _account_name(account))
        for account in accounts
        if account.body.get("nominal_code") not in (None, "")
    }
    body = trial_balance.body.get("trial_balance", trial_balance.body)
    found: dict[str, tuple[str, Decimal]] = {}
    for row in body.get("ledger_accounts", ()):
        code, name = known.get(str(row["id"])) or _code_and_name(str(row.get("displayed_as", "")))
        closing = row.get("closing_balance", row)
        amount = total((as_decimal(closing.get("debit")) or Decimal(), -_credit(closing)))
        held = found.get(code, (name, Decimal()))
        found[code] = (held[0], total((held[1], amount)))
    return found


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


def _columns(rows: Sequence[tuple[Decimal, ...]]) -> tuple[Decimal, ...]:
    return tuple(total(column) for column in zip(*(row for row in rows if row), strict=True))


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
    return (found["code"], found["name"]) if found else (words, words)
