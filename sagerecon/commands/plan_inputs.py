"""Whether a plan still fits its pinned inputs: business, catalog, snapshot, mappings, decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sagerecon.commands.preparation import prepare
from sagerecon.commands.provenance import provenance
from sagerecon.documents.package import catalog_fingerprint
from sagerecon.model.clock import Clock, day_of
from sagerecon.model.errors import PlanStaleError, SagereconError
from sagerecon.pairing.decisions import decisions_fingerprint
from sagerecon.planning.effect import effect_on, effect_text
from sagerecon.planning.plan import Plan
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.project import Project
from sagerecon.project.snapshots import snapshot_facts
from sagerecon.project.source import mappings_fingerprint
from sagerecon.sources.files import files_changed
from sagerecon.sources.snapshot import SnapshotFacts

_NEW_PLAN = "Create a new one: sagerecon plan"


def raise_if_stale(project: Project, plan: Plan, snapshot: SnapshotFacts, clock: Clock) -> None:
    """Raise if a plan that was never begun was made from anything but the current inputs.

    Raises:
        PlanStaleError: naming the input that has changed.
    """
    current = provenance(project, snapshot.fingerprint, clock)
    header = plan.header
    if current.business and not header.business:
        raise PlanStaleError("The plan was made before the sign-in, for no business.", _NEW_PLAN)
    for what, planned, now in (
        ("another business", header.business, current.business),
        ("another snapshot of the source", header.snapshot, current.snapshot),
        ("other mappings, crosswalks or parameters", header.mappings, current.mappings),
        ("another catalog of Sage", header.catalog, current.catalog),
        ("other decisions than those that hold today", header.decisions, current.decisions),
    ):
        if planned != now:
            raise PlanStaleError(f"The plan was made from {what}.", _NEW_PLAN)


def readable_snapshot(project: Project) -> SnapshotFacts | None:
    """Return what the snapshot says of itself; None where it cannot be read or does not fit sources.yaml."""
    try:
        return snapshot_facts(project)
    except SagereconError:
        return None


def files_changed_since(project: Project, snapshot: SnapshotFacts | None) -> Iterator[str]:
    """Yield a sentence about the source files that are not those of the snapshot any more.

    A plan is carried out as it was made, whatever became of the files.
    """
    frozen = [(file.path, file.sha256) for file in (snapshot.files if snapshot is not None else ())]
    for found in files_changed(project.data, frozen, project.data_folders):
        yield f"{found.place.file}: {found.message} {found.hint}, then sagerecon plan"


def changes_since_begun(
    project: Project,
    plan: Plan,
    snapshot: SnapshotFacts | None,
    carried_out: Collection[int],
    clock: Clock,
    *,
    is_accepted: bool,
) -> str:
    """Return which inputs have changed since the plan was begun, and their effect; empty for none.

    A plan in progress is continued if no record is affected, or if the user accepts the effect: every step
    is sent with the content it was planned with. How it is sent follows from the catalog, so another catalog
    always needs a new plan.

    Args:
        snapshot: None where it cannot be read.
        carried_out: the numbers of the steps that were carried out.
        is_accepted: continue the plan as it was created, whatever its effect.

    Raises:
        PlanStaleError: the catalog has changed, or records are affected and that is not accepted.
    """
    if plan.header.catalog != catalog_fingerprint():
        raise PlanStaleError(
            "The catalog of Sage has changed since this plan was begun, so its remaining steps would be sent "
            "in another way than they were planned.",
            f"What this plan has sent is not sent again. {_NEW_PLAN}",
        )
    inputs = " and ".join(_changed_inputs(project, plan, snapshot, clock))
    if not inputs:
        return ""
    changed = f"Since this plan was begun, {inputs} changed."
    affected, is_affected = _effect(project, plan, carried_out, clock)
    if is_affected and not is_accepted:
        raise PlanStaleError(
            f"{changed} {affected}",
            "Create a new plan, which sends the changes and nothing twice: sagerecon plan. "
            "Or continue this one as it was created: sagerecon apply --as-planned",
        )
    return f"{changed} {affected}"


def _changed_inputs(project: Project, plan: Plan, snapshot: SnapshotFacts | None, clock: Clock) -> list[str]:
    inputs = []
    if snapshot is None or plan.header.snapshot != snapshot.fingerprint:
        inputs.append("the snapshot of the source")
    if plan.header.mappings != mappings_fingerprint(project):
        inputs.append("the mappings, crosswalks or parameters")
    if _have_decisions_changed(project, plan, clock):
        inputs.append("the decisions that hold")
    return inputs


def _have_decisions_changed(project: Project, plan: Plan, clock: Clock) -> bool:
    return plan.header.decisions != decisions_fingerprint(project_decisions(project), day_of(clock.now()))


def _effect(project: Project, plan: Plan, carried_out: Collection[int], clock: Clock) -> tuple[str, bool]:
    """Return a sentence about the effect, and whether a new plan would differ."""
    try:
        prepared = prepare(project)
        prepared.raise_on_errors()
    except SagereconError as error:
        return f"A new plan cannot be created from them: {error.message}", True
    if _have_decisions_changed(project, plan, clock):
        return "What was decided about records counts for a new plan only.", True
    effect = effect_on(plan, prepared.outcomes, carried_out)
    if not effect:
        return "No record of the plan is affected.", False
    return f"Affected: {effect_text(effect)}.", True
