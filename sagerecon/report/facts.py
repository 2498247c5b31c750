"""The facts that a report is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sagerecon.model.call import CallTotal
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import RunState
from sagerecon.report.formatting import timestamp


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The newest load run. Days are in UTC, instants in ISO 8601; empty where they were not reached."""

    id: str
    plan: str  #: the hash of its plan
    state: RunState
    is_running: bool = False  #: a process is carrying it out
    started_at: str
    finished_at: str = ""
    last_active_at: str = ""
    resumed: int = 0  #: number of times it was resumed
    steps: int = 0
    to_do: int = 0  #: steps that were tried, and are tried again by the same command
    calls: CallTotal  #: of this run alone
    calls_by_day: tuple[tuple[date, CallTotal], ...] = ()  #: of this run alone, in order of days
    calls_planned: int
    lower_bound: int | None = None  #: of its plan; None where that is not the project's newest plan
    lower_bound_reason: str = ""
    calls_of_all: Mapping[str, CallTotal] = field(default_factory=dict)  #: of the company, by purpose
    uncertain: tuple[str, ...] = ()  #: its records of which a sending got no usable answer
    in_doubt: int = 0  #: calls of any run whose outcome is not known yet
    limit_per_day: int | None = None  #: the limit of calls in 24 hours
    reserve: int = 0

    @property
    def calls_of_all_runs(self) -> CallTotal:
        """The requests of every run of the company, and of sign-ins."""
        found = self.calls_of_all.values()
        return CallTotal(
            sent=sum(calls.sent for calls in found),
            unanswered=sum(calls.unanswered for calls in found),
            rate_limited=sum(calls.rate_limited for calls in found),
            is_complete=all(calls.is_complete for calls in found),
        )

    @property
    def progress(self) -> str:
        """The progress of the run, as a sentence: since when, and what continues it."""
        match self.state:
            case RunState.FINISHED:
                return f"Finished {timestamp(self.finished_at)}."
            case RunState.SUPERSEDED:
                return "Superseded: a newer plan was begun after it."
            case _ if self.is_running:
                return "In progress."
        left = f" {counted(self.to_do, 'record')} of those tried still to do." if self.to_do else ""
        return (
            f"Not finished: paused or stopped, last active {timestamp(self.last_active_at)}.{left}"
            " Continue with: sagerecon apply"
        )


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """All facts of a report. A part that is None has no section."""

    cover: Cover
    reconciliation: Mapping[str, Any] | None = None  #: the document of a reconciliation
    plan: Plan | None = None
    run: RunFacts | None = None
    findings: tuple[Finding, ...] = ()  #: findings in the source data
