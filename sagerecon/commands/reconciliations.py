"""Compare what Sage holds with the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import requests

from sagerecon.commands.budget import call_budget
from sagerecon.commands.last_reading import LastReading
from sagerecon.commands.memory import why_incomplete
from sagerecon.commands.plans import decided_positions
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.provenance import provenance
from sagerecon.commands.read_back import ReadBack
from sagerecon.commands.verification import basis_of, judge
from sagerecon.documents.package import catalog_fingerprint
from sagerecon.model.clock import Clock, ServerClock
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft
from sagerecon.model.finding import Finding, finding_document
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decide import DecidedPositions
from sagerecon.planning.plan import Plan
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.project import Project
from sagerecon.project.sage import sage_access
from sagerecon.project.source import mappings_fingerprint
from sagerecon.project.store import open_store
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.report.reconciliation_document import reconciliation_document
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import RunOutcome
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Judged, StoredResult

#: The answers that say of what a record has no verdict: an earlier record, or an entity, that it is not.
_ABOUT_VERDICTS = frozenset(
    {
        DecisionAnswer.SAME_RECORD,
        DecisionAnswer.TWO_RECORDS,
        DecisionAnswer.THIS_ONE,
        DecisionAnswer.ADOPT,
        DecisionAnswer.KEEP_APART,
        DecisionAnswer.WRITE_AGAIN,
    }
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciliation whose readings came to their end, as the store has recorded it."""

    reconciliation: Reconciliation
    changed: tuple[Finding, ...] = ()  #: the source files that are not those of the snapshot any more


def reconcile(
    project: Project,
    clock: Clock,
    session: requests.Session,
    *,
    prepared: Prepared | None = None,
    max_calls: int | None = None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Reconciled | RunOutcome:
    """Read Sage back within the call budget and compare it with the source.

    Args:
        prepared: the result of `snapshot`, if the caller still has it.
        max_calls: the most calls that reading back may make; None means the call budget alone.

    Returns:
        The reconciliation, or the outcome of the reading run if it paused.

    Raises:
        ProjectError: reading back takes more than `max_calls`.
    """
    prepared = prepared or prepare(project)
    clock = ServerClock(clock)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        incomplete = why_incomplete(company)
        read_back = ReadBack(
            cut_over=project.cut_over,
            as_at=project.as_at,
            provenance=provenance(project, prepared.snapshot, clock),
            company=company,
            catalog=project.catalog,
            clock=clock,
            budget=call_budget(project.limits, project.catalog.api),
            max_calls=max_calls,
            also=_perhaps_lost(prepared, company, is_whole=not incomplete),
            on_plan=on_plan,
            on_progress=on_progress,
        )
        runs = read_back.run(sage_access(project).open_reader(store.vault, session, clock))
        if isinstance(runs, RunOutcome):
            return runs
        last = company.reconciliations.last_basis()
        runs = replace(runs, before=last.runs.reading if last else "")
        basis = basis_of(company, runs, prepared.compiled.rules)
        contents = company.id_map.known().contents

        def decided_by(last: LastReading) -> DecidedPositions:
            return decided_positions(project, prepared, contents, company, clock, last=last)

        decisions = {entry.answer for entry in project_decisions(project)}
        before = DecidedPositions(positions=())
        if decisions & _ABOUT_VERDICTS:
            before = decided_by(LastReading(basis, unverified=contents.keys()))
        reconciliation = judge(
            project,
            prepared,
            company,
            basis,
            before.apart,
            before.denied,
            {record.key: key for (_, key), record in before.earlier.items()},
            incomplete_store=incomplete,
        )
        if decisions:
            decided = decided_by(LastReading.of(basis, reconciliation.verdicts))
            reconciliation = with_accepted(reconciliation, decided.settlement, decided.positions)
        result = StoredResult(source_document(project, prepared), reconciliation_document(reconciliation))
        company.reconciliations.record(basis, map(_judged, reconciliation.verdicts), result)
    changed = (found for found in prepared.findings if found.code is Code.CHANGED_SINCE_SNAPSHOT)
    return Reconciled(reconciliation, tuple(changed))


def _perhaps_lost(prepared: Prepared, company: CompanyStore, *, is_whole: bool) -> list[str]:
    """Return the kinds of drafts of which the store knows no record, and that a lost store may have written.

    Args:
        is_whole: the store knows what was written, but for the kinds that were not compared with Sage.
    """
    written = {kind for kind, _ in company.id_map.known().contents}
    mapped = {mapping.kind for mapping in prepared.compiled.mappings} - written
    unknown = set(company.memory.not_compared(mapped)) if is_whole else mapped
    if not unknown:
        return []
    return sorted({found.kind for found in prepared.outcomes if isinstance(found, Draft)} & unknown)


def source_document(project: Project, prepared: Prepared) -> dict[str, Any]:
    """Return what a reconciliation compares Sage with: the source, its findings and its fingerprints."""
    return {
        "cut_over": project.cut_over.isoformat(),
        "fingerprints": {
            "snapshot": prepared.snapshot,
            "mappings": mappings_fingerprint(project),
            "catalog": catalog_fingerprint(),
        },
        "files": [[file.path, file.sha256, file.rows] for file in prepared.files],
        "findings": [finding_document(finding) for finding in prepared.findings],
    }


def _judged(verdict: RecordVerdict) -> Judged:
    return Judged(
        id=verdict.id,
        kind=verdict.kind,
        key=verdict.key or verdict.sage_id,
        verdict=verdict.verdict.value,
        reason=verdict.reason,
        fingerprint=verdict.fingerprint,
        is_open=verdict.needs_review,
        may_be=tuple((one.kind, one.sage_id, one.key) for one in verdict.may_be),
    )
