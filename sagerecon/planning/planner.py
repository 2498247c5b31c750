"""Drafts, id map and call budget to a plan; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import instant_text
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import fingerprint
from sagerecon.planning.budget import Budget
from sagerecon.planning.calendar import USUAL_LATENCY, lay_out, slow_finish, window_of
from sagerecon.planning.cost import listing_query, lower_bound, pages
from sagerecon.planning.order import DraftIndex, order_drafts
from sagerecon.planning.plan import Action, Header, Plan, Step, node_document
from sagerecon.planning.request import normal_key

_SETTINGS = "financial_settings"


class KnownEntities(Protocol):
    """What earlier runs left: which entity bears which key, and with what content it was written."""

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Sage's id for a draft key or a natural key, or None."""
        ...

    def content(self, kind: str, key: str) -> str | None:
        """The fingerprint of the body an earlier run recorded for a draft key, or None."""
        ...

    def fingerprint(self) -> str:
        """The name of the map's content."""
        ...


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a plan is made from, by fingerprint, so that a stale one is noticed before the first call."""

    business: str
    snapshot: str
    mappings: str
    catalog: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the run starts, what calls stand in the last day, and how long an answer takes."""

    starts_at: int  #: milliseconds since 1970
    latency: int = USUAL_LATENCY
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
    """What a run would do, in order and window by window.

    Every record of the source is in it: written, there already, left out by a rule, or quarantined.
    `expect` is what must stand in the business's financial settings before anything is written, by path.

    Raises:
        CircularReferenceError: drafts refer to each other in a circle.
    """
    drafts = order_drafts([outcome for outcome in outcomes if isinstance(outcome, Draft)])
    steps = [
        *_settings(expect or {}, catalog),
        *_readings(drafts, known, catalog),
        *(_write(draft, known, catalog) for draft in drafts),
        *(_without_call(outcome) for outcome in outcomes if not isinstance(outcome, Draft)),
    ]
    return _plan("load", steps, known.fingerprint(), budget, provenance, calendar, findings)


def plan_reading(
    kinds: Iterable[tuple[str, int]],
    extra: Sequence[Step],
    known: KnownEntities,
    catalog: Catalog,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
) -> Plan:
    """What reading back costs: each kind with the number of entities expected, in full pages, then `extra`.

    Only GET is in it, and whoever runs it hands the runner a client that can send nothing else.
    """
    steps = [_reading_back(catalog[kind], count, catalog) for kind, count in kinds]
    return _plan(
        "read_back", [*steps, *extra], known.fingerprint(), budget, provenance, calendar, findings=()
    )


def _plan(
    purpose: str,
    unnumbered: Sequence[Step],
    id_map: str,
    budget: Budget,
    provenance: Provenance,
    calendar: Calendar,
    findings: Sequence[Finding],
) -> Plan:
    calls = sum(step.calls for step in unnumbered)
    windows = lay_out(calls, budget, calendar.latency, calendar.booked)
    made = 0
    steps: list[Step] = []
    for number, step in enumerate(unnumbered, start=1):
        made += step.calls
        steps.append(replace(step, number=number, window=window_of(made, windows) if step.calls else 0))
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
    return Plan(header, tuple(steps))


def _settings(expect: Mapping[str, str], catalog: Catalog) -> Iterator[Step]:
    """One look at the business before the first write: whether it is the one the drafts were made for."""
    if expect:
        yield Step(
            number=0,
            action=Action.READ,
            kind=_SETTINGS,
            key=f"{_SETTINGS}/expected",
            reason="whether the business keeps its books as the project expects",
            calls=1,
            path=catalog[_SETTINGS].path,
            label="financial settings",
            expect=expect,
        )


def _readings(drafts: Sequence[Draft], known: KnownEntities, catalog: Catalog) -> Iterator[Step]:
    """One listing for each kind of which something may stand in Sage already, before anything is written."""
    index = DraftIndex(drafts)
    looked_for: dict[str, set[str]] = {}
    for draft in drafts:
        kind = catalog[draft.kind]
        is_new = known.sage_id(draft.kind, draft.key) is None
        if is_new and draft.on_existing is not OnExisting.CREATE and kind.can("list"):
            fields = looked_for.setdefault(draft.kind, set())
            fields.update(_answer_fields(kind, (*draft.identity, *draft.body)))
        for reference in draft.references():
            key, target = reference.key, catalog[reference.kind]
            if not isinstance(key, NaturalKey) or key.field == "id":
                continue  # a fixed word of Sage's is its own id
            if (
                index.get(reference) is None
                and known.sage_id(reference.kind, normal_key(target, key)) is None
            ):
                looked_for.setdefault(reference.kind, set()).update(_answer_fields(target, (key.field,)))
                if reference.part:
                    path = target.yields.get(reference.part, "")
                    looked_for[reference.kind].add(path.partition(".")[0])
    for name, fields in looked_for.items():
        kind = catalog[name]
        yield Step(
            number=0,
            action=Action.READ,
            kind=name,
            key=f"{kind.resource}/existing",
            reason="what Sage holds already, so that nothing is made twice",
            calls=1,
            path=kind.path,
            query=listing_query(kind, fields, kind.items_per_page or catalog.api.items_per_page),
            label=kind.resource.replace("_", " "),
        )


def _answer_fields(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    """What to ask a listing for, to see these fields; a dotted one comes with the object it is in."""
    answered = {field.answered_as for field in kind.fields.values() if field.answered}
    for name in names:
        first = name.partition(".")[0]
        field = kind.fields.get(first)
        shown = field.answered_as if field is not None else first
        if shown in answered:
            yield shown


def _write(draft: Draft, known: KnownEntities, catalog: Catalog) -> Step:
    kind = catalog[draft.kind]
    step = Step(
        number=0,
        action=Action.CREATE,
        kind=draft.kind,
        key=draft.key,
        reason="not in Sage by any key we know",
        calls=1,
        body=draft.body,
        path=kind.path,
        identity=draft.identity,
        on_existing=draft.on_existing,
        reversibility=kind.operations["create"].reversibility if kind.can("create") else "",
        label=draft.label,
        amount=draft.amount,
        origins=draft.origins,
        mapping=draft.place,
        changes=draft.changes,
    )
    if known.sage_id(draft.kind, draft.key) is None:
        return step
    if known.content(draft.kind, draft.key) in (None, fingerprint(node_document(draft.body))):
        return replace(step, action=Action.SKIP, reason="recorded by an earlier run, unchanged", calls=0)
    if kind.can("update"):
        changed = replace(step, action=Action.UPDATE, reason="changed in the source or the mapping since")
        return replace(changed, reversibility=kind.operations["update"].reversibility)
    finding = Finding(
        Code.CHANGED_AFTER_WRITE,
        draft.origins[0] if draft.origins else draft.place,
        f"{draft.label or draft.key} was written with other content and a {draft.kind} cannot be changed.",
        "Correct it in Sage, or delete it there and plan again.",
    )
    return replace(step, action=Action.QUARANTINE, reason=finding.message, calls=0, findings=(finding,))


def _without_call(outcome: Quarantined | LeftOut) -> Step:
    step = Step(
        number=0,
        action=Action.LEAVE_OUT,
        kind=outcome.kind,
        key=outcome.key,
        reason="",
        label=outcome.label,
        amount=outcome.amount,
        origins=outcome.origins,
    )
    if isinstance(outcome, LeftOut):
        return replace(step, reason=outcome.reason, rule=outcome.rule)
    reason = " ".join(finding.message for finding in outcome.findings)
    return replace(step, action=Action.QUARANTINE, reason=reason, findings=outcome.findings)


def _reading_back(kind: Kind, expected: int, catalog: Catalog) -> Step:
    fields = list(_answer_fields(kind, kind.fields))
    return Step(
        number=0,
        action=Action.READ,
        kind=kind.name,
        key=f"{kind.resource}/read-back",
        reason="what Sage holds now, to compare with what was written",
        calls=pages(expected, kind.items_per_page or catalog.api.items_per_page),
        path=kind.path,
        query=listing_query(kind, fields, kind.items_per_page or catalog.api.items_per_page),
        label=kind.resource.replace("_", " "),
    )
