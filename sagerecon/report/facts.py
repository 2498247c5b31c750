"""The facts that a report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sagerecon.model.finding import Finding
from sagerecon.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover of a report: company, dates, sources and signatories."""

    company: str
    cut_over: date
    created_on: date
    currency: str = "GBP"
    source: str = ""  #: name of the source ERP: QuickBooks Online
    business: str = ""  #: id of the business in Sage
    tool_version: str = ""
    fingerprints: Mapping[str, str] = field(
        default_factory=dict
    )  #: SHA-256 of snapshot, mappings, catalog and plan, by name
    files: tuple[tuple[str, str, int], ...] = ()  #: path, SHA-256 and rows of each source file
    prepared_by: str = ""
    reviewed_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Figures of a run. Days are in UTC."""

    calls_by_day: tuple[tuple[date, int], ...]  #: calls sent, in order of days
    calls_planned: int
    lower_bound: int
    lower_bound_reason: str = ""
    limit_per_day: int | None = None  #: the limit of calls in 24 hours
    reserve: int = 0
    rate_limited_by_day: Mapping[date, int] = field(default_factory=dict)  #: 429 responses
    rate_limited: int = 0  #: 429 responses
    in_doubt: int = 0  #: calls without a usable response, all resolved by looking up the record
    resumed: int = 0  #: number of times the run was resumed
    started_at: str = ""
    finished_at: str = ""

    @property
    def calls_used(self) -> int:
        """Number of calls sent."""
        return sum(calls for _, calls in self.calls_by_day)


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """All facts of a report. A part that is None has no section."""

    cover: Cover
    reconciliation: Mapping[str, Any] | None = None  #: the document of a reconciliation
    plan: Plan | None = None
    run: RunFacts | None = None
    findings: tuple[Finding, ...] = ()  #: findings in the source data
