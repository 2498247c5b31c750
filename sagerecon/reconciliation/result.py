"""The result of a reconciliation: verdicts, completeness, coverage, tolerances and tie-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.money import negative
from sagerecon.reconciliation.completeness import SageLine, SourceLine
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.reconciliation.verdict import Difference, RecordVerdict


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the verdicts are based on: the kinds that were read back, and the fields that were compared."""

    kinds_read: tuple[str, ...]
    kinds_not_read: tuple[str, ...]
    records_compared: int
    fields_compared: int
    fields_not_answered: Mapping[str, int]  #: `contact.main_address.city` -> number of records


@dataclass(frozen=True, slots=True)
class Tolerated:
    """The differences that named tolerances excuse, and the limit for their sum."""

    count: int
    amount: Decimal
    limit: Decimal | None = None

    @property
    def is_within_limit(self) -> bool:
        """Whether the sum does not exceed its limit."""
        return self.limit is None or self.amount <= self.limit


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What Sage holds, compared with the source and with what was written."""

    verdicts: tuple[RecordVerdict, ...]
    completeness: tuple[SourceLine, ...]
    sage: tuple[SageLine, ...]
    coverage: Coverage
    tolerated: Tolerated
    tie_outs: tuple[TieOut, ...] = ()

    @property
    def open_verdicts(self) -> tuple[RecordVerdict, ...]:
        """The verdicts that need review, the largest amount at risk first."""
        found = (verdict for verdict in self.verdicts if verdict.needs_review)
        return tuple(sorted(found, key=lambda verdict: (negative(verdict.at_risk), verdict.id)))

    @property
    def differences(self) -> tuple[tuple[RecordVerdict, Difference], ...]:
        """Every field on which the sides disagree, with its record."""
        return tuple((verdict, difference) for verdict in self.verdicts for difference in verdict.differences)

    @property
    def ties_out(self) -> bool:
        """Whether no verdict is open, all totals agree and the tolerances are within their limit."""
        return (
            not any(verdict.needs_review for verdict in self.verdicts)
            and all(tie_out.ties for tie_out in self.tie_outs)
            and self.tolerated.is_within_limit
        )

    def with_tie_outs(self, tie_outs: Sequence[TieOut]) -> Reconciliation:
        """Return this reconciliation with other tie-outs."""
        return replace(self, tie_outs=tuple(tie_outs))
