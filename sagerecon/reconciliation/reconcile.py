"""Everything together: what we want, what was written and what Sage holds, to one verdict each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.reconciliation.completeness import SageLine, SourceLine
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.reconciliation.verdict import Difference, RecordVerdict


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the verdicts rest on: which kinds were read back, and how many fields could be compared."""

    kinds_read: tuple[str, ...]
    kinds_not_read: tuple[str, ...]
    records_compared: int
    fields_compared: int
    fields_not_answered: Mapping[str, int]  #: `contact.main_address.city` -> in how many records


@dataclass(frozen=True, slots=True)
class Tolerated:
    """What named tolerances excuse, and the limit of its own that the sum has."""

    count: int
    amount: Decimal
    limit: Decimal | None = None

    @property
    def is_within_limit(self) -> bool:
        """Whether the sum may stand."""
        return self.limit is None or self.amount <= self.limit


@dataclass(frozen=True, slots=True)
class ControlAccounts:
    """Nominal codes to which Sage posts the other side by itself; the defaults are the British chart's."""

    debtors: str = "1100"
    creditors: str = "2100"
    opening: str = "9999"
    sales_tax: str = "2200"
    purchase_tax: str = "2201"


@dataclass(frozen=True, slots=True)
class Today:
    """The fingerprints of what today's drafts are made from."""

    snapshot: str = ""
    mappings: str = ""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What Sage holds, compared with what the source says and with what was written."""

    verdicts: tuple[RecordVerdict, ...]
    completeness: tuple[SourceLine, ...]
    sage: tuple[SageLine, ...]
    coverage: Coverage
    tolerated: Tolerated
    tie_outs: tuple[TieOut, ...] = ()

    @property
    def findings(self) -> tuple[RecordVerdict, ...]:
        """The verdicts that need a person, the largest amount at risk first."""
        open_ones = (verdict for verdict in self.verdicts if verdict.needs_person)
        return tuple(sorted(open_ones, key=lambda verdict: (-verdict.at_risk, verdict.id)))

    @property
    def differences(self) -> tuple[tuple[RecordVerdict, Difference], ...]:
        """Every field on which the sides disagree, with its record."""
        return tuple((verdict, difference) for verdict in self.verdicts for difference in verdict.differences)

    @property
    def ties_out(self) -> bool:
        """Whether nobody has to look: no open verdict, every tie-out agrees, tolerances within their limit."""
        return (
            not any(verdict.needs_person for verdict in self.verdicts)
            and all(tie_out.ties for tie_out in self.tie_outs)
            and self.tolerated.is_within_limit
        )

    def with_tie_outs(self, tie_outs: Sequence[TieOut]) -> Reconciliation:
        """The same, with these tie-outs."""
        return replace(self, tie_outs=tuple(tie_outs))


def reconcile(
    wanted: Iterable[Outcome],
    written: Iterable[Written],
    held: Iterable[Entity],
    comparisons: Mapping[str, Mapping[str, Comparison]],
    catalog: Catalog,
    *,
    read: Collection[str],
    today: Today = Today(),
    before: Collection[str] = (),
    deleted: Collection[str] = (),
    began_at: int | None = None,
    rejected: Mapping[str, Sequence[Finding]] | None = None,
    accounts: ControlAccounts = ControlAccounts(),
    tolerance_limit: Decimal | None = None,
    last: Mapping[str, str] | None = None,
) -> Reconciliation:
    """One verdict for each record and for each thing in Sage that no record stands for; no tie-outs yet.

    `comparisons` are the rules per mapping and field path; `read` the kinds that were read back whole;
    `before` the Sage ids that stood there before the move; `deleted` those Sage reports as deleted;
    `began_at` when the first run began; `rejected` the draft keys that the run set aside, with why;
    `last` the open verdicts of the last reconciliation, id -> fingerprint.

    Raises:
        ConservationError: a count or a sum is not what its parts add up to, which is a fault of ours.
    """
    raise NotImplementedError
