"""Plans a run from drafts, what earlier runs recorded, and the call budget. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import instant_text
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding
from sagerecon.pairing.decidable import decidable
from sagerecon.pairing.decide import DecidedPositions
from sagerecon.pairing.groups import Group
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.refused import is_left_alone
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement
from sagerecon.pairing.standing import standing
from sagerecon.planning.budget import Budget
from sagerecon.planning.calendar import USUAL_LATENCY, lay_out, slow_finish, window_of
from sagerecon.planning.cost import lower_bound
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.left_alone import left_alone
from sagerecon.planning.looks import with_looks
from sagerecon.planning.order import DraftIndex, order_drafts
from sagerecon.planning.plan import Header, Plan, Purpose, Window
from sagerecon.planning.readings import read_back, read_existing, read_settings
from sagerecon.planning.record_steps import record_steps
from sagerecon.planning.requirements import STOP_WHEN_BLOCKED, requirements
from sagerecon.planning.reversals import with_reversals, without_what_waits
from sagerecon.planning.step import AdoptStep, CreateStep, KeepStep, ReadStep, Step, WaitStep, WriteStep


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a plan is made from, by fingerprint, so that a stale one is noticed before the first call."""

    business: str
    snapshot: str
    mappings: str
    catalog: str
    decisions: str = ""  #: empty where nothing was decided


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the run starts, which calls were made in the day before, and how long an answer takes."""

    starts_at: int  #: milliseconds since 1970
    latency: int = USUAL_LATENCY  #: milliseconds
    booked: tuple[int, ...] = ()  #: calls of the last day, milliseconds before the start, oldest first
    opens: int = 0  #: until when Sage accepts no calls, milliseconds after the start


def plan_steps(
    positions: Sequence[Position],
    known: KnownEntities,
    catalog: Catalog,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    findings: Sequence[Finding] = (),
    expect: Mapping[str, str] | None = None,
    comparisons: Mapping[str, Mapping[str, Comparison]] = {},
    stop_when_blocked: Decimal = STOP_WHEN_BLOCKED,
    settlement: Settlement = NOTHING_SETTLED,
    earlier: Mapping[RecordKey, Written] = {},
    undecided: Sequence[Position] = (),
) -> Plan:
    """Plan what a run would do, in order and window by window.

    Every record of the source is in the plan: written, skipped, left out by a rule, quarantined, or waiting
    for a decision. So is every record of an earlier run that the source no longer has.

    Args:
        positions: of the records of the source, and of those that only earlier runs had.
        findings: what a reader of the plan must see before approving it.
        expect: the financial settings the business must have before anything is written, by field path.
        comparisons: the comparison rules of each mapping, by field path.
        stop_when_blocked: the share of the writes, in per cent, above which the run does not begin while
            they are blocked by what Sage lacks.
        settlement: the decisions in effect.
        earlier: by kind and key of a draft, what was written of it under its earlier key.
        undecided: the positions without any decision; empty where they are the same.

    Raises:
        CircularReferenceError: drafts refer to each other in a circle.
    """
    drafts = order_drafts([at.outcome for at in positions if isinstance(at.outcome, Draft)], catalog)
    by_key = {(at.kind, at.key): at for at in positions}
    ordered = [
        *(by_key[draft.kind, draft.key] for draft in drafts),
        *(at for at in positions if not isinstance(at.outcome, Draft)),
    ]
    index = DraftIndex(drafts, catalog)
    carried_out, without_effect = without_what_waits(
        positions, settlement, lambda by: record_steps(ordered, index, catalog, by, earlier), catalog
    )
    about_records = with_reversals(carried_out, catalog, comparisons)
    unsent = {step.key for step in about_records if isinstance(step, WaitStep | AdoptStep)}
    sent = [draft for draft in drafts if draft.key not in unsent]
    created = {step.key for step in about_records if isinstance(step, CreateStep)}
    written = {**{record: at.written for record, at in by_key.items() if at.written}, **earlier}
    steps = [
        *read_settings(expect or {}, catalog),
        *with_looks(
            [*read_existing(sent, created, index, known, catalog)],
            about_records,
            known,
            catalog,
            comparisons,
            written,
        ),
    ]
    decided = DecidedPositions(positions=positions, settlement=settlement, undecided=undecided)
    groups = _decidable(about_records, by_key, decided, catalog)
    made = _assemble(
        Purpose.LOAD,
        steps,
        catalog,
        id_map=known.fingerprint,
        budget=budget,
        provenance=provenance,
        calendar=calendar,
        findings=[*findings, *without_effect, *left_alone(about_records, groups)],
        written=written,
    )
    header = replace(
        made.header,
        requirements=requirements(about_records, known, catalog),
        stop_when_blocked=stop_when_blocked,
    )
    return replace(made, header=header)


def _decidable(
    steps: Sequence[Step],
    positions: Mapping[tuple[str, str], Position],
    decided: DecidedPositions,
    catalog: Catalog,
) -> Mapping[tuple[str, str], Group]:
    """Return by kind and key the group with which each record that is left alone can be decided on."""
    left = [positions[step.kind, step.key] for step in steps if isinstance(step, WaitStep | KeepStep)]
    keys = {(at.kind, at.key, standing(at)) for at in left if is_left_alone(at, catalog)}
    if not keys:
        return {}
    every = decidable(decided, catalog)
    found = every.with_offers(every.among(keys))
    return {(at.kind, at.key): group for group in found for at in group.positions}


def plan_reading(
    kinds: Iterable[tuple[str, int]],
    extra: Sequence[ReadStep],
    id_map: str,
    catalog: Catalog,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    purpose: Purpose = Purpose.READ_BACK,
) -> Plan:
    """Plan the reading of Sage: a listing of each kind in full pages, then `extra`.

    Every step is a GET. The runner is given a client that refuses any other method.

    Args:
        kinds: the name of each kind and the number of entities expected.
        id_map: the fingerprint of the id map.
        purpose: any but that of a load.
    """
    steps = [read_back(catalog[kind], count, catalog) for kind, count in kinds]
    return _assemble(
        purpose,
        [*steps, *extra],
        catalog,
        id_map=id_map,
        budget=budget,
        provenance=provenance,
        calendar=calendar,
        findings=(),
    )


def _assemble(
    purpose: Purpose,
    unnumbered: Sequence[Step],
    catalog: Catalog,
    *,
    id_map: str,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    findings: Sequence[Finding],
    written: Mapping[RecordKey, Written] = {},
) -> Plan:
    """Return the plan of these steps with their numbers, windows, price and finishing dates."""
    calls = sum(step.calls for step in unnumbered)
    windows = lay_out(calls, budget, calendar.latency, calendar.booked, calendar.opens)
    steps = tuple(_numbered(unnumbered, windows))
    bound, reason = lower_bound(steps, catalog, written)
    finish = windows[-1].closes if windows else 0
    late = slow_finish(calls, budget, calendar.latency, calendar.booked, calendar.opens)
    header = Header(
        business=provenance.business,
        purpose=purpose,
        snapshot=provenance.snapshot,
        mappings=provenance.mappings,
        catalog=provenance.catalog,
        decisions=provenance.decisions,
        id_map=id_map,
        made_at=instant_text(calendar.starts_at),
        calls=calls,
        lower_bound=bound,
        bound_reason=reason,
        per_minute=budget.per_minute,
        per_day=budget.per_day,
        reserve=budget.reserve,
        starts_at=instant_text(calendar.starts_at + calendar.opens),
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
        if isinstance(step, ReadStep | AdoptStep | WriteStep):
            yield replace(step, number=number, window=window_of(calls, windows))
        else:
            yield replace(step, number=number)
