"""Exactly one standing for any position, and no plan that contradicts the verdict of the same facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import customer

from sagerecon.model.code import Code
from sagerecon.model.draft import LeftOut, OnExisting, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.pairing.agreement import Agreement
from sagerecon.pairing.consequences import PROPOSALS, VERDICTS, Proposal, Verdict
from sagerecon.pairing.held import Origin
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.pairing.position import Coverage, EntityReading, Position, Source
from sagerecon.pairing.renames import Rename, RenameRule
from sagerecon.pairing.standing import ROWS, Standing, standing

PLACE = Place("customers.csv", 2)
DRAFT = customer(1)
BLIND = replace(DRAFT, on_existing=OnExisting.CREATE)
ASIDE = Quarantined("contact", DRAFT.key, (Finding("x", PLACE, "no name."),), (PLACE,))
TWICE = replace(ASIDE, findings=(Finding(Code.DUPLICATE_KEY, PLACE, "twice."),))
LEFT = LeftOut("contact", DRAFT.key, "settled", "settled before", (PLACE,))
HELD = EntityReading(Entity("contact", "s1", {"name": "Firm 1"}), 1_000)
RENAME = Rename((Written("contact", "customers/C01", "s1", {}, {}, 0, "f"),), RenameRule.LEADING_ZEROS)

positions = st.builds(
    Position,
    kind=st.just("contact"),
    key=st.just(DRAFT.key),
    outcome=st.sampled_from([None, DRAFT, BLIND, ASIDE, TWICE, LEFT]),
    content=st.sampled_from([None, "f"]),
    held=st.sampled_from([None, HELD]),
    coverage=st.sampled_from(Coverage),
    is_deleted=st.booleans(),
    match_method=st.sampled_from(MatchMethod),
    origin=st.sampled_from([None, *Origin]),
    rename=st.sampled_from([None, RENAME]),
    agreement=st.builds(Agreement, *[st.sampled_from([(), ("name",)])] * 3),
)


def at(**sides: object) -> Position:
    return replace(Position(kind="contact", key=DRAFT.key), **sides)


def differing(*, source: bool = False, sage: bool = False, apart: bool = False) -> Agreement:
    return Agreement(*[("name",) if differs else () for differs in (source, sage, apart)])


WHOLE = Coverage.WHOLE
OURS = {"outcome": DRAFT, "content": "f", "held": HELD}


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (at(outcome=TWICE), Standing.DUPLICATE_IN_SOURCE),
        (at(outcome=ASIDE), Standing.QUARANTINED),
        (at(outcome=ASIDE, content="f"), Standing.QUARANTINED),
        (at(outcome=LEFT), Standing.LEFT_OUT),
        (at(outcome=LEFT, content="f"), Standing.GONE_FROM_SOURCE),
        (at(outcome=DRAFT, content="f"), Standing.NOT_READ),
        (at(outcome=DRAFT, content="f", is_deleted=True), Standing.DELETED_IN_SAGE),
        (at(content="f", is_deleted=True), Standing.LEFT_OUT),
        (at(outcome=DRAFT, content="f", coverage=Coverage.CHANGES), Standing.NOT_READ),
        (at(content="f", coverage=Coverage.FAILED), Standing.NOT_READ),
        (at(outcome=DRAFT, coverage=Coverage.FAILED), Standing.NOT_READ),
        (at(outcome=DRAFT, coverage=WHOLE), Standing.NEW),
        (at(outcome=DRAFT, coverage=Coverage.BEFORE_WRITING), Standing.NEW),
        (at(outcome=BLIND), Standing.NEW),
        (at(outcome=BLIND, coverage=Coverage.FAILED), Standing.NOT_READ),
        (at(outcome=DRAFT, held=HELD, match_method=MatchMethod.NATURAL_KEY), Standing.ALREADY_IN_SAGE),
        (at(outcome=DRAFT, held=HELD, match_method=MatchMethod.AMBIGUOUS), Standing.DUPLICATE_IN_SAGE),
        (at(outcome=DRAFT, held=HELD, match_method=MatchMethod.SUGGESTION), Standing.NEW),
        (at(outcome=DRAFT, coverage=WHOLE, rename=RENAME), Standing.RENAMED_IN_SOURCE),
        (at(**OURS), Standing.UNCHANGED),
        (at(outcome=DRAFT, content="f", coverage=Coverage.AS_ANSWERED), Standing.UNCHANGED),
        (at(**OURS, agreement=differing(source=True, apart=True)), Standing.SOURCE_CHANGED),
        (at(**OURS, agreement=differing(sage=True, apart=True)), Standing.EDITED_IN_SAGE),
        (at(**OURS, agreement=differing(source=True, sage=True)), Standing.CONVERGED),
        (at(**OURS, agreement=differing(source=True, sage=True, apart=True)), Standing.BOTH_CHANGED),
        (at(content="f", held=HELD), Standing.GONE_FROM_SOURCE),
        (at(content="f", coverage=WHOLE), Standing.LEFT_OUT),
        (at(outcome=LEFT, content="f", coverage=WHOLE), Standing.LEFT_OUT),
        (at(outcome=DRAFT, content="f", coverage=WHOLE, is_deleted=True), Standing.DELETED_IN_SAGE),
        (at(outcome=DRAFT, content="f", coverage=WHOLE), Standing.MISSING_IN_SAGE),
        (at(held=HELD, origin=Origin.CREATED_BY_SAGE), Standing.SYSTEM),
        (at(held=HELD, origin=Origin.PRE_EXISTING), Standing.THERE_BEFORE),
        (at(held=HELD, origin=Origin.EXTRA), Standing.UNKNOWN_IN_SAGE),
    ],
)
def test_each_row_of_the_table(position: Position, expected: Standing) -> None:
    assert standing(position) is expected


def test_every_standing_has_a_row_a_proposal_and_a_verdict() -> None:
    assert {row.standing for row in ROWS} == set(Standing)
    assert set(PROPOSALS) == set(VERDICTS) == set(Standing)


@settings(max_examples=1_000)
@given(positions)
def test_any_position_has_one_standing_that_rests_on_evidence(position: Position) -> None:
    found = standing(position)
    rows = [row.standing for row in ROWS if row.applies(position)]
    assert rows[0] is found
    if found is Standing.MISSING_IN_SAGE:
        assert position.coverage is WHOLE, "a kind that was not read whole shows no entity to be absent"
    if found is Standing.DELETED_IN_SAGE:
        assert position.is_deleted
    if position.is_written and not position.is_held and position.coverage is not WHOLE:
        assert found in (
            Standing.NOT_READ,
            Standing.DELETED_IN_SAGE,
            Standing.QUARANTINED,
            Standing.DUPLICATE_IN_SOURCE,
            Standing.GONE_FROM_SOURCE,
        ) or (found is Standing.LEFT_OUT and position.is_deleted)


@settings(max_examples=1_000)
@given(positions)
def test_no_plan_contradicts_the_verdict_of_the_same_facts(position: Position) -> None:
    found = standing(position)
    proposal, verdict = PROPOSALS[found], VERDICTS[found]
    settled = (Verdict.VERIFIED, Verdict.LEFT_OUT, Verdict.SYSTEM, Verdict.THERE_BEFORE)
    match proposal:
        case Proposal.CREATE:
            assert verdict is Verdict.NOT_YET_WRITTEN
            assert not position.is_written and position.rename is None
        case Proposal.ADOPT:
            assert verdict is Verdict.ALREADY_IN_SAGE
            assert not position.is_written
        case Proposal.UPDATE:
            assert verdict is Verdict.SOURCE_CHANGED
            assert position.is_held and position.agreement.is_due
            assert not position.agreement.is_edited
        case Proposal.SKIP:
            assert verdict is Verdict.VERIFIED
        case Proposal.KEEP | Proposal.WAIT:
            assert verdict not in settled, "what is left alone and named needs review"
        case Proposal.NOTHING:
            assert position.source is not Source.DRAFT or found is Standing.NOT_READ
    if verdict is Verdict.VERIFIED:
        assert proposal is Proposal.SKIP
