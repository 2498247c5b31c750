"""Plans a run from drafts, what earlier runs recorded, and the call budget. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import instant_text
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.value import fingerprint
from sagerecon.planning.budget import Budget
from sagerecon.planning.calendar import USUAL_LATENCY, lay_out, slow_finish, window_of
from sagerecon.planning.cost import lower_bound
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.order import order_drafts
from sagerecon.planning.plan import Header, Plan, Purpose, Window
from sagerecon.planning.readings import read_back, read_existing, read_settings
from sagerecon.planning.step import (
    CreateStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    SkipStep,
    Step,
    UpdateStep,
)
from sagerecon.planning.step_document import node_document


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a plan is made from, by fingerprint, so that a stale one is noticed before the first call."""

    business: str
    snapshot: str
    mappings: str
    catalog: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the run starts, which calls were made in the day before, and how long an answer takes."""

    starts_at: int  #: milliseconds since 1970
    latency: int = USUAL_LATENCY  #: milliseconds
    booked: tuple[int, ...] = ()  #: calls of the last day, milliseconds before the start, oldest first


def plan_steps(
    outcomes: Sequence[Outcome],
    known: KnownEntities,
    catalog: Catalog,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    findings: Sequence[Finding] = (),
    expect: Mapping[str, str] | None = None,
) -> Plan:
    """Plan what a run would do, in order and window by window.

    Every record of the source is in the plan: written, skipped, left out by a rule, or quarantined.

    Args:
        findings: what a reader of the plan must see before approving it.
        expect: the financial settings the business must have before anything is written, by field path.

    Raises:
        CircularReferenceError: drafts refer to each other in a circle.
    """
    drafts = order_drafts([outcome for outcome in outcomes if isinstance(outcome, Draft)])
    steps = [
        *read_settings(expect or {}, catalog),
        *read_existing(drafts, known, catalog),
        *(_draft_step(draft, known, catalog) for draft in drafts),
        *(_passed_step(outcome) for outcome in outcomes if not isinstance(outcome, Draft)),
    ]
    return _assemble(
        Purpose.LOAD,
        steps,
        id_map=known.fingerprint,
        budget=budget,
        provenance=provenance,
        calendar=calendar,
        findings=findings,
    )


def plan_reading(
    kinds: Iterable[tuple[str, int]],
    extra: Sequence[ReadStep],
    id_map: str,
    catalog: Catalog,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
) -> Plan:
    """Plan the reading of Sage: a listing of each kind in full pages, then `extra`.

    Every step is a GET. The runner is given a client that refuses any other method.

    Args:
        kinds: the name of each kind and the number of entities expected.
        id_map: the fingerprint of the id map.
    """
    steps = [read_back(catalog[kind], count, catalog) for kind, count in kinds]
    return _assemble(
        Purpose.READ_BACK,
        [*steps, *extra],
        id_map=id_map,
        budget=budget,
        provenance=provenance,
        calendar=calendar,
        findings=(),
    )


def _assemble(
    purpose: Purpose,
    unnumbered: Sequence[Step],
    *,
    id_map: str,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    findings: Sequence[Finding],
) -> Plan:
    """Return the plan of these steps with their numbers, windows, price and finishing dates."""
    calls = sum(step.calls for step in unnumbered)
    windows = lay_out(calls, budget, calendar.latency, calendar.booked)
    steps = tuple(_numbered(unnumbered, windows))
    bound, reason = lower_bound(steps)
    finish = windows[-1].closes if windows else 0
    late = slow_finish(calls, budget, calendar.latency, calendar.booked)
    header = Header(
        business=provenance.business,
        purpose=purpose,
        snapshot=provenance.snapshot,
        mappings=provenance.mappings,
        catalog=provenance.catalog,
        id_map=id_map,
        made_at=instant_text(calendar.starts_at),
        calls=calls,
        lower_bound=bound,
        bound_reason=reason,
        per_minute=budget.per_minute,
        per_day=budget.per_day,
        reserve=budget.reserve,
        starts_at=instant_text(calendar.starts_at),
        finishes_p50=instant_text(calendar.starts_at + finish),
        finishes_p90=instant_text(calendar.starts_at + late),
        windows=windows,
        findings=tuple(findings),
    )
    return Plan(header, steps)


def _numbered(steps: Iterable[Step], windows: Sequence[Window]) -> Iterator[Step]:
    calls = 0
    for number, step in enumerate(steps, start=1):
        calls += step.calls
        if isinstance(step, ReadStep | CreateStep | UpdateStep):
            yield replace(step, number=number, window=window_of(calls, windows))
        else:
            yield replace(step, number=number)


def _draft_step(
    draft: Draft, known: KnownEntities, catalog: Catalog
) -> CreateStep | UpdateStep | SkipStep | QuarantinedStep:
    """Return what to do about a draft, by what an earlier run recorded for its key."""
    kind = catalog[draft.kind]
    recorded = known.contents.get((draft.kind, draft.key))
    if recorded is None:
        return CreateStep(
            kind=draft.kind,
            key=draft.key,
            reason="no earlier run recorded it",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
            on_existing=draft.on_existing,
            reversibility=kind.operations["create"].reversibility if kind.can("create") else "",
        )
    if recorded in ("", fingerprint(node_document(draft.body))):
        return SkipStep(
            kind=draft.kind,
            key=draft.key,
            reason="an earlier run recorded it with the same content",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
        )
    if kind.can("update"):
        return UpdateStep(
            kind=draft.kind,
            key=draft.key,
            reason="the source or the mapping has changed since an earlier run recorded it",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
            reversibility=kind.operations["update"].reversibility,
        )
    return _changed_after_write(draft)


def _changed_after_write(draft: Draft) -> QuarantinedStep:
    finding = Finding(
        Code.CHANGED_AFTER_WRITE,
        draft.origins[0] if draft.origins else draft.place,
        f"{draft.label or draft.key} was written with other content, and Sage has no update for"
        f" a {draft.kind}.",
        "Correct it in Sage, or delete it there, then create a new plan.",
    )
    return QuarantinedStep(
        kind=draft.kind,
        key=draft.key,
        reason=finding.message,
        label=draft.label,
        amount=draft.amount,
        origins=draft.origins,
        findings=(finding,),
        changes=draft.changes,
    )


def _passed_step(outcome: Quarantined | LeftOut) -> LeftOutStep | QuarantinedStep:
    """Return the step of a record that did not become a draft."""
    if isinstance(outcome, LeftOut):
        return LeftOutStep(
            kind=outcome.kind,
            key=outcome.key,
            reason=outcome.reason,
            label=outcome.label,
            amount=outcome.amount,
            origins=outcome.origins,
            rule=outcome.rule,
        )
    return QuarantinedStep(
        kind=outcome.kind,
        key=outcome.key,
        reason=" ".join(finding.message for finding in outcome.findings),
        label=outcome.label,
        amount=outcome.amount,
        origins=outcome.origins,
        findings=outcome.findings,
    )
