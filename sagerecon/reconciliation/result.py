"""The result of a reconciliation: verdicts, completeness, coverage, tolerances and tie-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.money import negative
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement
from sagerecon.reconciliation.completeness import SageLine, SourceLine
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.reconciliation.tie_out import TieOut, TieOutNotTaken
from sagerecon.reconciliation.verdict import Difference, RecordVerdict


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the verdicts are based on: the kinds that were read back, and the fields that were compared."""

    kinds_read: tuple[str, ...]
    kinds_not_read: tuple[str, ...]  #: kinds of our records that were not read whole
    records_compared: int
    fields_compared: int
    fields_not_answered: Mapping[str, int]  #: `contact.main_address.city` -> number of records
    readings: SageReadings


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
    not_taken: tuple[TieOutNotTaken, ...] = ()
    settlement: Settlement = NOTHING_SETTLED  #: the decisions, and which of them are in effect
    incomplete_store: str = ""  #: why the store may lack records that it wrote; empty where it does not

    @property
    def open_verdicts(self) -> tuple[RecordVerdict, ...]:
        """The verdicts that need review, the largest amount at risk first."""
        return tuple(sorted((v for v in self.verdicts if v.needs_review), key=_largest_first))

    @property
    def accepted(self) -> tuple[tuple[RecordVerdict, Decision], ...]:
        """The verdicts that need no review because of a decision, each with it; the largest first."""
        found = [(verdict, verdict.accepted) for verdict in self.verdicts if verdict.accepted is not None]
        return tuple(sorted(found, key=lambda accepted: _largest_first(accepted[0])))

    @property
    def differences(self) -> tuple[tuple[RecordVerdict, Difference], ...]:
        """Every field on which the sides disagree, with its record."""
        return tuple((verdict, difference) for verdict in self.verdicts for difference in verdict.differences)

    @property
    def ties_out(self) -> bool:
        """Whether everything was read, no verdict is open, and all totals agree.

        The store must be complete, and the tolerances within their limit. A reconciliation without a tie-out,
        or that read no kind, has shown nothing and does not tie out.
        """
        return (
            not self.unread
            and not self.incomplete_store
            and not self.not_taken
            and not any(verdict.needs_review for verdict in self.verdicts)
            and all(tie_out.ties for tie_out in self.tie_outs)
            and self.tolerated.is_within_limit
        )

    @property
    def unread(self) -> tuple[str, ...]:
        """A sentence for each kind or report that was not read whole; one where nothing was."""
        reasons = [reading.why_incomplete for reading in self.coverage.readings.all if not reading.is_whole]
        if not self.tie_outs and not self.not_taken:
            reasons.append("No tie-out was taken.")
        if not self.coverage.kinds_read:
            reasons.append("No kind was read back.")
        return tuple(dict.fromkeys(reasons))

    def with_tie_outs(
        self, tie_outs: Sequence[TieOut], not_taken: Sequence[TieOutNotTaken] = ()
    ) -> Reconciliation:
        """Return this reconciliation with other tie-outs."""
        return replace(self, tie_outs=tuple(tie_outs), not_taken=tuple(not_taken))


def _largest_first(verdict: RecordVerdict) -> tuple[Decimal, str]:
    return negative(verdict.at_risk), verdict.id
