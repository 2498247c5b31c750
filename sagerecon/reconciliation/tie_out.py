"""Tie-outs: one figure taken on both sides over the same grouping, and every gap explained by records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.entity import Entity
from sagerecon.model.money import total
from sagerecon.model.place import Place
from sagerecon.reconciliation.verdict import RecordVerdict


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
    """A named adjusting entry: what the source does not say and a person decided, debit positive."""

    target: str
    amount: Decimal
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Share:
    """What one record contributes to a gap."""

    id: str  #: of the record's verdict
    label: str
    verdict: str
    amount: Decimal
    sage_id: str = ""
    origins: tuple[Place, ...] = ()


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
        """What Sage ought to hold."""
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
        """The part nobody can name; zero is the aim."""
        return total((self.difference, -self.explained))

    @property
    def explanation(self) -> str:
        """The difference in a sentence; empty where there is none."""
        return ""


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
        raise NotImplementedError

    @property
    def ties(self) -> bool:
        """Whether every line agrees and the control accounts agree with their sub-ledgers."""
        raise NotImplementedError


def tie_trial_balance(
    expected: Iterable[ExpectedBalance],
    trial_balance: Entity,
    as_at: date,
    *,
    adjustments: Iterable[Adjustment] = (),
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """The trial balance per Sage account: source through the crosswalk, adjustments, Sage's closing balance.

    `accounts` are the ledger accounts read back, which say each id's nominal code and name; where one is
    absent the code is read from Sage's own words, `Trade Debtors (1100)`. An account on either side alone
    has its line too. Accounts that are zero on both sides and were never mentioned are left out.
    """
    raise NotImplementedError


def tie_bank(
    expected: Iterable[ExpectedBalance],
    bank_accounts: Iterable[Entity],
    trial_balance: Entity | None,
    as_at: date,
    *,
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """The balance of each bank account; Sage's own `balance`, or the trial balance where it gives none."""
    raise NotImplementedError


def tie_opening_control(
    trial_balance: Entity,
    as_at: date,
    code: str,
    *,
    accounts: Iterable[Entity] = (),
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """The opening balances control account, which must be 0.00: the job is done when it is."""
    raise NotImplementedError


def closing_balances(trial_balance: Entity, accounts: Iterable[Entity]) -> Mapping[str, tuple[str, Decimal]]:
    """Sage's closing balance of each account, debit positive: nominal code -> (name, amount)."""
    raise NotImplementedError
