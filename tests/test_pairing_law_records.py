"""The law of plan and proof for several records: renamed, unwritten, shared, linked, decided on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from reconciliation_cases import BEGAN, CATALOG, Company, contact, invoice, readings_of
from test_pairing_law import LATER, RULES

from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.answers import CONSEQUENCES, DecisionAnswer
from sagerecon.pairing.consequences import VERDICTS, Verdict
from sagerecon.pairing.decide import DecidedPositions, Decisions, pair_as_decided
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import covers, figures
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.pair import Recorded
from sagerecon.pairing.position import Coverage
from sagerecon.pairing.read_from_sage import as_listed
from sagerecon.pairing.standing import Standing, standing
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.order import DraftIndex, order_drafts
from sagerecon.planning.record_steps import RecordStep, record_steps
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    UpdateStep,
    WaitStep,
)
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.reconciliation.verdict import RecordVerdict

TODAY = date(2017, 5, 1)
BEFORE, DURING = BEGAN - 1_000, BEGAN + 1_000
SUSPECTED = (Finding(Code.UNCERTAIN_IN_SAGE, NOWHERE, "It is not certain."),)

#: The verdicts that are finer than that of a standing, by what only a reconciliation knows.
_FINER: Mapping[Standing, frozenset[Verdict]] = {
    Standing.UNCHANGED: frozenset({Verdict.ROUNDING, Verdict.EDITED}),
    Standing.CONVERGED: frozenset({Verdict.ROUNDING, Verdict.EDITED}),
    Standing.SOURCE_CHANGED: frozenset({Verdict.MAPPING_CHANGED}),
    Standing.NEW: frozenset({Verdict.ALREADY_IN_SAGE}),  # the plan looks before it creates, and adopts it
}

#: What a plan may send by the verdict on a record; nothing for any other verdict.
_SENDS: Mapping[type[RecordStep], frozenset[Verdict]] = {
    CreateStep: frozenset(
        {
            Verdict.NOT_YET_WRITTEN,
            Verdict.ALREADY_IN_SAGE,
            Verdict.NOT_READ,
            Verdict.DUPLICATE,
            Verdict.RENAMED,
            Verdict.DELETED,
            Verdict.MISSING,
        }
    ),
    ReverseStep: frozenset({Verdict.GONE, Verdict.SOURCE_CHANGED, Verdict.MAPPING_CHANGED, Verdict.NOT_READ}),
    AdoptStep: frozenset(
        {
            Verdict.ALREADY_IN_SAGE,
            Verdict.DUPLICATE,
            Verdict.DELETED,
            Verdict.MISSING,
            Verdict.RENAMED,  # decided to be another record than the earlier one
        }
    ),
    UpdateStep: frozenset(
        {Verdict.SOURCE_CHANGED, Verdict.MAPPING_CHANGED, Verdict.NOT_READ, Verdict.RENAMED}
    ),
}


@dataclass(frozen=True)
class Case:
    """A company, what was read of it, and the number of the answer to each standing that is decided on."""

    company: Company
    readings: SageReadings
    answers: tuple[int | None, ...]
    suspects: Mapping[RecordKey, Suspect]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return customers and their invoices, each with a history of its own on both sides."""
    company = Company.moved()
    codes = ["C1", "C2", "C3"]
    for code in codes:
        _customer(draw, company, code)
    if len(company.written) > 1 and draw(st.integers(0, 3)) == 0:
        _share(company)
    for number in ("1001", "1002"):
        _invoice(draw, company, number, codes)
    if draw(st.booleans()):  # an entity with the key of a record, in whatever spelling
        key = draw(st.sampled_from([*codes, "c01", "C-2"]))
        company.hold("contact", "id-other", {"reference": key, "name": "Other"})
    for number, outcome in enumerate(company.outcomes):  # entered by hand as the source has it
        if isinstance(outcome, Draft) and draw(st.integers(0, 5)) == 0:
            body = company._answer(outcome.body, CATALOG[outcome.kind].fields)
            number_entered = draw(st.sampled_from(["as it is", "another"]))
            changed = {} if number_entered == "as it is" else {"reference": f"H{number}"}
            company.hold(outcome.kind, f"id-h{number}", {**body, **changed})
    is_failed = draw(st.integers(0, 4)) == 0
    failed = {"contact": "page 2 failed."} if is_failed else {}
    readings = readings_of(set(CATALOG.kinds) - set(failed), **failed)
    answers = tuple(draw(st.one_of(st.none(), st.integers(0, 2))) for _ in range(len(codes) + 2))
    return Case(company, readings, answers, dict(_suspects(draw, company)))


def _suspects(draw: st.DrawFn, company: Company) -> Iterator[tuple[RecordKey, Suspect]]:
    """Yield what comparisons suspected of some drafts: entities without a record, edited or gone since."""
    written = {record.key for record in company.written}
    for number, outcome in enumerate(company.outcomes):
        if not isinstance(outcome, Draft) or outcome.key in written or not draw(st.booleans()):
            continue
        is_equal = draw(st.integers(0, 3)) == 0
        body = company._answer(outcome.body, CATALOG[outcome.kind].fields) if is_equal else {"reference": "X"}
        found = [company.hold(outcome.kind, f"id-x{number}{i}", body) for i in range(draw(st.integers(1, 2)))]
        is_seen_later = draw(st.integers(0, 3)) == 0
        seen_at, by_key = DURING if is_seen_later else BEFORE, draw(st.booleans())
        suspect = Suspect.of(outcome, found, "It is not certain.", seen_at, by_key=by_key)
        yield (outcome.kind, outcome.key), suspect
        for entity in found:
            match draw(st.sampled_from(["same", "same", "edit", "void", "deleted", "missing"])):
                case "edit":
                    edited = {**entity.body, "reference": f"Y{number}"}
                    company.sage[entity.sage_id] = replace(entity, body=edited)
                case "void":
                    company.hold(entity.kind, entity.sage_id, {**entity.body, "status": {"id": "VOID"}})
                case "deleted":
                    del company.sage[entity.sage_id]
                    company.deleted.add(entity.sage_id)
                case "missing":
                    del company.sage[entity.sage_id]


def _customer(draw: st.DrawFn, company: Company, code: str) -> None:
    names = st.sampled_from(["Oak", "Ash"])
    before = contact(code, draw(names), notes=draw(st.sampled_from(["one", "two"])))
    before = replace(before, on_existing=draw(st.sampled_from(OnExisting)))
    is_written = draw(st.integers(0, 3)) > 0
    if is_written:
        _write(draw, company, before)
        what = draw(st.sampled_from(["same", "same", "edit", "void", "deleted", "missing"]))
        if what == "edit":
            company.edit(before.key, name=draw(st.sampled_from(["Ash", "Elm"])))
        elif what == "void":
            company.edit(before.key, status={"id": "VOID"})
        elif what != "same":
            company.delete(before.key, is_reported=what == "deleted")
    now = draw(st.sampled_from(["same", "same", "changed", "renamed", "gone", "aside", "twice", "left"]))
    if outcome := _now(now, before):
        company.outcomes.append(outcome)


def _now(what: str, before: Draft) -> Outcome | None:
    finding = Finding(Code.DUPLICATE_KEY if what == "twice" else "x", NOWHERE, "why.")
    match what:
        case "changed":
            return replace(before, body={**before.body, "name": "Elm"})
        case "renamed":
            return replace(before, key=before.key.replace("/C", "/C0"))
        case "gone":
            return None
        case "aside" | "twice":
            return Quarantined(before.kind, before.key, (finding,), ())
        case "left":
            return LeftOut(before.kind, before.key, "settled", "settled before", ())
        case _:
            return before


def _invoice(draw: st.DrawFn, company: Company, number: str, codes: list[str]) -> None:
    before = invoice(number, draw(st.sampled_from(codes)), draw(st.sampled_from(["1.00", "2.00"])))
    referred = before.body["contact_id"]
    assert isinstance(referred, Reference)
    if referred.key in company.ids and draw(st.integers(0, 3)):
        _write(draw, company, before)
        if draw(st.integers(0, 3)) == 0:
            other = draw(st.sampled_from(sorted(company.ids)))
            company.edit(before.key, contact={"id": company.ids[other], "displayed_as": "?"})
    wanted = sorted(o.key for o in company.outcomes if isinstance(o, Draft) and o.kind == "contact")
    if not wanted or draw(st.integers(0, 5)) == 0:
        return
    if referred.key not in wanted or draw(st.booleans()):
        target = Reference("contact", draw(st.sampled_from(wanted)))
        before = replace(before, body={**before.body, "contact_id": target})
    company.outcomes.append(before)


def _write(draw: st.DrawFn, company: Company, draft: Draft) -> None:
    """Write a draft, seldom while Sage was read."""
    company.write(draft)
    at = DURING if draw(st.integers(0, 9)) == 0 else BEFORE
    company.written[-1] = replace(company.written[-1], written_at=at)


def _share(company: Company) -> None:
    """Let the last record that was written have the entity of the first."""
    first, last = company.written[0], company.written[-1]
    company.sage.pop(last.sage_id, None)
    company.ids[last.key] = first.sage_id
    company.written[-1] = replace(last, sage_id=first.sage_id, answer=first.answer, adopted=True)


def decided(case: Case, decisions: tuple[Decision, ...] = ()) -> DecidedPositions:
    """Return the positions by the plan, which has what the readings of the reconciliation found."""
    company = case.company
    held = company.sage.values()
    read = as_listed(
        case.readings.listings,
        held,
        company.deleted,
        Identities(company.written, held, CATALOG),
    )
    owners = {(record.kind, record.sage_id): record.key for record in company.written}
    read = read.with_suspects(case.suspects, lambda kind, sage_id: owners.get((kind, sage_id)), CATALOG)
    unowned = [e for e in held if e.kind in read.whole and (e.kind, e.sage_id) not in owners]
    read = replace(read, unowned=unowned)
    recorded = Recorded(
        contents={(record.kind, record.key): record.content for record in company.written},
        written={(record.kind, record.key): record for record in company.written},
    )
    return pair_as_decided(
        company.outcomes, recorded, CATALOG, RULES, read, Decisions(entries=decisions, today=TODAY)
    )


def proved(case: Case) -> Reconciliation:
    set_aside = {key: SUSPECTED for _, key in case.suspects}
    return case.company.reconcile(
        RULES, inputs=LATER, readings=case.readings, suspects=case.suspects, rejected=set_aside
    )


def by_key(found: Reconciliation) -> dict[tuple[str, str], RecordVerdict]:
    return {(verdict.kind, verdict.key): verdict for verdict in found.verdicts if verdict.key}


@settings(max_examples=400, deadline=None)
@given(cases())
def test_every_record_has_the_verdict_of_the_standing_by_which_it_is_planned(case: Case) -> None:
    positions, verdicts = decided(case).positions, by_key(proved(case))
    for at in positions:
        found, verdict = standing(at), verdicts.pop((at.kind, at.key))
        event(f"{found.value}: {verdict.verdict.value}")
        assert not at.owner or verdict.is_merged or isinstance(at.outcome, LeftOut)
        if at.coverage is not Coverage.WHOLE and verdict.verdict is Verdict.NOT_READ:
            continue  # a plan goes by the answer to the write, and reads Sage before it writes
        assert verdict.verdict in {VERDICTS[found], *_FINER.get(found, ())}, (found, verdict)
        if found is Standing.NEW and verdict.verdict is Verdict.ALREADY_IN_SAGE:
            assert at.looks_for_existing, "a record that Sage holds already would be created blindly"
    assert not verdicts, "a record that may be a new one under another key has no verdict of its own"


@settings(max_examples=400, deadline=None)
@given(cases())
def test_decisions_are_about_what_the_proof_found(case: Case) -> None:
    undecided = decided(case).positions
    earlier = {r.key for at in undecided if at.rename for r in at.rename.earlier}
    made = tuple(_decisions(case, undecided))
    found = decided(case, made)
    verdicts = by_key(with_accepted(proved(case), found.settlement, found.positions))
    positions = {(at.kind, at.key): at for at in found.positions}
    drafts = order_drafts([o for o in case.company.outcomes if isinstance(o, Draft)], CATALOG)
    ordered = [positions.pop((draft.kind, draft.key)) for draft in drafts] + list(positions.values())
    index = DraftIndex(drafts, CATALOG)
    steps = list(record_steps(ordered, index, CATALOG, found.settlement, found.earlier))
    waiting = {step.key for step in steps if isinstance(step, WaitStep)}
    created = {step.key for step in steps if isinstance(step, CreateStep | AdoptStep)}
    absent = {at.key for at in found.positions if at.is_absent} - created
    for step in steps:
        verdict = verdicts.get((step.kind, step.key))
        assert verdict is not None or step.key in earlier  # that of the draft which it may be now
        if verdict is None:
            continue
        event(f"{step.action.value}: {verdict.verdict.value}")
        decision = found.settlement.by_record.get((step.kind, step.key))
        match None if decision is None else decision.answer:
            case DecisionAnswer.REPLACE:  # deleted, and created again: two steps for one changed record
                assert verdict.verdict in _SENDS[ReverseStep], (step, verdict)
            case DecisionAnswer.PUSH if isinstance(step, UpdateStep):  # of what the source changed: as it is
                pushed = {Verdict.EDITED, Verdict.BOTH_CHANGED, *_SENDS[UpdateStep]}
                assert verdict.verdict in pushed, (step, verdict)
            case _:
                assert verdict.verdict in _SENDS.get(type(step), {verdict.verdict}), (step, verdict)
        if isinstance(step, SettledStep):
            assert not verdict.needs_review or verdict.verdict is Verdict.NOT_READ, (step, verdict)
        if verdict.accepted is not None:
            assert isinstance(step, SettledStep | RenameStep), (step, verdict)
        if isinstance(step, CreateStep | UpdateStep):
            draft = next(d for d in drafts if d.key == step.key)
            assert not {reference.key for reference in draft.references} & (waiting | absent), step


def _decisions(case: Case, positions: Any) -> list[Decision]:
    """Return a decision about some of the records that can be decided on."""
    made = []
    for at, number in zip(positions, case.answers, strict=False):
        found = standing(at)
        possible = list(CONSEQUENCES.get(found, ()))
        if number is None or not possible:
            continue
        answer = possible[number % len(possible)]
        chosen = at.suspect.sage_ids[0] if at.suspect and answer is DecisionAnswer.THIS_ONE else ""
        made.append(
            Decision(
                standing=found,
                kind=at.kind,
                key=at.key,
                answer=answer,
                sage_id=chosen,
                because="so",
                by="Kim",
                on=TODAY,
                covers=covers([figures(at)]),
            )
        )
    return made
