"""What a report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sagerecon.model.finding import Finding
from sagerecon.planning.plan import Plan
from sagerecon.reconciliation.result import Reconciliation


@dataclass(frozen=True, slots=True)
class Cover:
    """Whose books, as at when, made from what, and who signs."""

    company: str
    cut_over: date
    made_on: date
    currency: str = "GBP"
    source: str = ""  #: QuickBooks Online
    business: str = ""  #: Sage's id of the business
    tool_version: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)  #: snapshot, mappings, catalog, plan
    files: tuple[tuple[str, str, int], ...] = ()  #: path, SHA-256 and rows of each source file
    prepared_by: str = ""
    reviewed_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How the run went. Days are UTC."""

    calls_by_day: tuple[tuple[date, int], ...]  #: our calls, in order
    calls_planned: int
    lower_bound: int
    bound_reason: str = ""
    per_day: int | None = None  #: the limit
    reserve: int = 0
    refused_by_day: Mapping[date, int] = field(default_factory=dict)  #: answers 429, for others were calling
    refused: int = 0  #: answers 429
    in_doubt: int = 0  #: calls without a usable answer, all settled by looking up
    resumed: int = 0  #: times the same command went on
    started_at: str = ""
    finished_at: str = ""

    @property
    def calls_used(self) -> int:
        """All our calls."""
        return sum(calls for _, calls in self.calls_by_day)


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything a report says. What is None has no section."""

    cover: Cover
    reconciliation: Reconciliation | None = None
    plan: Plan | None = None
    run: RunFacts | None = None
    findings: tuple[Finding, ...] = ()  #: of the source itself: pre-flight
