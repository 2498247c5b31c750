"""What a plan is made from."""

from __future__ import annotations

from sagerecon.documents.package import catalog_fingerprint
from sagerecon.model.clock import Clock, day_of
from sagerecon.pairing.decisions import decisions_fingerprint
from sagerecon.planning.planner import Provenance
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.project import Project
from sagerecon.project.source import mappings_fingerprint


def provenance(project: Project, snapshot: str, clock: Clock) -> Provenance:
    """Return what a plan of this project is made from now. `snapshot` is the snapshot's fingerprint."""
    return Provenance(
        business=project.business.id,
        snapshot=snapshot,
        mappings=mappings_fingerprint(project),
        catalog=catalog_fingerprint(),
        decisions=decisions_fingerprint(project_decisions(project), day_of(clock.now())),
    )
