"""Tie-outs: one figure by the same groups on both sides, each gap explained by records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sagerecon.model.money import difference, grouped, total
from sagerecon.model.place import Place
from sagerecon.reconciliation.shares import Share

#: Records named in an explanation. The rest is summed; the exceptions list them all.
_NAMED = 5


class TieOutName(StrEnum):
    """The tie-outs. A project declares all but the last, which every reconciliation has."""

    TRIAL_BALANCE = "trial_balance"
    DEBTORS = "debtors"
    CREDITORS = "creditors"
    BANK = "bank"
    TAX = "tax"
    OPENING_CONTROL = "opening_control"

    @property
    def about(self) -> str:
        """The title of the tie-out."""
        return _ABOUT[self]


_ABOUT = {
    TieOutName.TRIAL_BALANCE: "Trial balance per account",
    TieOutName.DEBTORS: "Debtors per customer",
    TieOutName.CREDITORS: "Creditors per supplier",
    TieOutName.BANK: "Balance per bank account",
    TieOutName.TAX: "Tax per rate and month",
    TieOutName.OPENING_CONTROL: "Opening balances control account",
}


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
    undated: Decimal = Decimal()  #: settled in Sage on days that were not read

    @property
    def expected(self) -> Decimal:
        """What Sage should hold."""
        return total((self.source, self.adjustment))

    @property
    def difference(self) -> Decimal:
        """Sage less expected."""
        return difference(self.sage, self.expected)

    @property
    def explained(self) -> Decimal:
        """The part of the difference that named records account for."""
        return total(share.amount for share in self.records)

    @property
    def remainder(self) -> Decimal:
        """The part of the difference that no record accounts for; it should be zero."""
        return difference(self.difference, self.explained)

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
    notes: tuple[str, ...] = ()  #: what it does not show, and why it does not tie out without a difference

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
        """Whether every line agrees as at its day, and the control accounts with their sub-ledgers."""
        return all(not line.difference and not line.undated for line in self.lines) and self.control_agrees


@dataclass(frozen=True, slots=True)
class TieOutNotTaken:
    """A tie-out that the project declares and that could not be taken.

    Sage was not read for it, or the rows of its dataset lack a value.
    """

    name: TieOutName
    why: str  #: one sentence for each kind or report that was not read whole, or what the rows lack

    @property
    def about(self) -> str:
        """The title of the tie-out."""
        return self.name.about


def _columns(rows: Sequence[tuple[Decimal, ...]]) -> tuple[Decimal, ...]:
    return tuple(total(column) for column in zip(*(row for row in rows if row), strict=True))
