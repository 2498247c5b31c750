"""What the pages of a report are made from."""

from __future__ import annotations

from sagerecon.model.clock import Clock, day_of
from sagerecon.package import catalog_fingerprint, version
from sagerecon.plan_file import open_plan
from sagerecon.preparation import Prepared
from sagerecon.project import Project
from sagerecon.report.facts import Cover, ReportFacts
from sagerecon.store.run_log import BusinessStore


def facts_of(project: Project, prepared: Prepared, books: BusinessStore, clock: Clock) -> ReportFacts:
    """What the pages say of project, plan and runs; the reconciliation is put in by whoever has one."""
    made = open_plan(project) if project.plan_file.exists() else None
    cover = Cover(
        company=project.company,
        cut_over=project.cut_over,
        made_on=day_of(clock.now()),
        currency=project.business.currency,
        business=project.business.id,
        tool_version=version(),
        fingerprints={
            "snapshot": prepared.snapshot,
            "mappings": project.content(),
            "catalog": catalog_fingerprint(),
            "plan": made.hash if made else "",
        },
        files=tuple((file.path, file.sha256, file.rows) for file in prepared.files),
    )
    return ReportFacts(cover, plan=made, findings=prepared.findings)
