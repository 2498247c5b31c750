"""The verdict table: each combination of the record today, what was written and what Sage holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sagerecon.model.code import Code
from sagerecon.model.comparison import Tolerance
from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.key_ladder import Match, MatchMethod
from sagerecon.reconciliation.decision import Evidence, at_risk, decide, verdict_by_causes
from sagerecon.reconciliation.verdict import Cause, Difference, Shape

DRAFT = Draft("contact", "customers/C1", {}, {}, (), NOWHERE)
LEFT_OUT = LeftOut("contact", "customers/C1", "settled", "settled before", ())
ASIDE = Quarantined("contact", "customers/C1", (), ())
WRITTEN = Written("contact", "customers/C1", "A1", {}, {}, 0, "")
HELD = Entity("contact", "A1", {})
WHY = (Finding(Code.REJECTED, NOWHERE, "Sage: the name is taken."),)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"outcome": DRAFT}, Verdict.NOT_YET_WRITTEN),
        ({"outcome": DRAFT, "rejected": WHY}, Verdict.QUARANTINED),
        ({"outcome": DRAFT, "match": Match(MatchMethod.AMBIGUOUS, ("A1", "A2"))}, Verdict.DUPLICATE),
        ({"outcome": DRAFT, "match": Match(MatchMethod.SUGGESTION, ("A1",))}, Verdict.NOT_YET_WRITTEN),
        ({"outcome": DRAFT, "entity": HELD}, Verdict.NOT_YET_WRITTEN),
        ({"outcome": DRAFT, "written": WRITTEN, "entity": HELD}, Verdict.VERIFIED),
        ({"outcome": DRAFT, "written": WRITTEN, "entity": HELD, "rejected": WHY}, Verdict.VERIFIED),
        ({"outcome": DRAFT, "written": WRITTEN, "entity": HELD, "shares_entity": True}, Verdict.DUPLICATE),
        ({"outcome": DRAFT, "written": WRITTEN}, Verdict.MISSING),
        ({"outcome": DRAFT, "written": WRITTEN, "is_read": False}, Verdict.NOT_READ),
        ({"outcome": DRAFT, "written": WRITTEN, "is_deleted": True}, Verdict.DELETED),
        ({"outcome": DRAFT, "written": WRITTEN, "is_deleted": True, "is_read": False}, Verdict.DELETED),
        ({"outcome": ASIDE}, Verdict.QUARANTINED),
        ({"outcome": ASIDE, "written": WRITTEN, "entity": HELD}, Verdict.SOURCE_CHANGED),
        ({"outcome": ASIDE, "written": WRITTEN}, Verdict.QUARANTINED),
        ({"outcome": ASIDE, "written": WRITTEN, "is_read": False}, Verdict.NOT_READ),
        ({"outcome": LEFT_OUT}, Verdict.LEFT_OUT),
        ({"outcome": LEFT_OUT, "written": WRITTEN, "entity": HELD}, Verdict.SOURCE_CHANGED),
        ({"outcome": LEFT_OUT, "written": WRITTEN, "entity": HELD, "is_deleted": True}, Verdict.LEFT_OUT),
        ({"outcome": LEFT_OUT, "written": WRITTEN, "is_deleted": True, "is_read": False}, Verdict.LEFT_OUT),
        ({"written": WRITTEN, "entity": HELD}, Verdict.SOURCE_CHANGED),
        ({"written": WRITTEN}, Verdict.BOTH_CHANGED),
        ({"written": WRITTEN, "is_read": False}, Verdict.NOT_READ),
        ({"written": WRITTEN, "is_deleted": True, "is_read": False}, Verdict.BOTH_CHANGED),
    ],
)
def test_what_each_combination_means(facts: dict[str, Any], verdict: Verdict) -> None:
    evidence = Evidence(**{"outcome": None, "written": None, "entity": None, **facts})
    assert decide(evidence, ()) is verdict
    assert (evidence.kind, evidence.key) == ("contact", "customers/C1")


def test_evidence_of_nothing_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="needs a record"):
        _ = Evidence(None, None, HELD).kind


EDITED = Difference("name", "Oak", "Oak", "Elm", Cause.EDITED_AFTER_LOAD, Shape.VALUE)
AT_WRITE = replace(EDITED, cause=Cause.ALTERED_AT_WRITE)
ROUNDED = replace(AT_WRITE, shape=Shape.ROUNDING)
SOURCE = replace(EDITED, cause=Cause.SOURCE_CHANGED)
MAPPING = replace(EDITED, cause=Cause.MAPPING_CHANGED)
BOTH = replace(EDITED, cause=Cause.BOTH_CHANGED)
EXCUSED = replace(EDITED, tolerance=Tolerance("cents", Decimal("0.01"), "rounded by line"))


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((), Verdict.VERIFIED),
        ((EXCUSED,), Verdict.ROUNDING),
        ((ROUNDED,), Verdict.ROUNDING),
        ((ROUNDED, EXCUSED), Verdict.ROUNDING),
        ((replace(ROUNDED, cause=Cause.EDITED_AFTER_LOAD),), Verdict.EDITED),
        ((ROUNDED, AT_WRITE), Verdict.EDITED),
        ((EXCUSED, EDITED), Verdict.EDITED),
        ((AT_WRITE,), Verdict.EDITED),
        ((SOURCE,), Verdict.SOURCE_CHANGED),
        ((SOURCE, EXCUSED), Verdict.SOURCE_CHANGED),
        ((MAPPING,), Verdict.MAPPING_CHANGED),
        ((MAPPING, SOURCE), Verdict.MAPPING_CHANGED),
        ((BOTH,), Verdict.BOTH_CHANGED),
        ((EDITED, SOURCE), Verdict.BOTH_CHANGED),
        ((AT_WRITE, MAPPING), Verdict.BOTH_CHANGED),
    ],
)
def test_causes_make_the_verdict(differences: tuple[Difference, ...], verdict: Verdict) -> None:
    assert verdict_by_causes(differences) is verdict
    assert verdict_by_causes(differences[::-1]) is verdict


def test_a_record_on_all_sides_is_judged_by_its_differences() -> None:
    assert decide(Evidence(DRAFT, WRITTEN, HELD), (EDITED,)) is Verdict.EDITED


GAP = replace(EDITED, field="total_amount", gap=Decimal("-3.00"))
CONTACT, DATE = replace(EDITED, field="contact_id"), replace(EDITED, field="due_date")


@pytest.mark.parametrize(
    ("verdict", "differences", "risk"),
    [
        (Verdict.VERIFIED, (), "0"),
        (Verdict.EDITED, (EDITED,), "0"),
        (Verdict.EDITED, (GAP,), "3.00"),
        (Verdict.EDITED, (GAP, replace(GAP, gap=Decimal("5.00"))), "5.00"),
        (Verdict.EDITED, (replace(GAP, tolerance=EXCUSED.tolerance), replace(GAP, gap=Decimal(1))), "1"),
        (Verdict.EDITED, (CONTACT,), "7.00"),
        (Verdict.EDITED, (DATE, GAP), "7.00"),
        (Verdict.SOURCE_CHANGED, (), "7.00"),
        (Verdict.SOURCE_CHANGED, (GAP,), "3.00"),
        (Verdict.BOTH_CHANGED, (), "7.00"),
        (Verdict.MISSING, (GAP,), "7.00"),
        (Verdict.ROUNDING, (), "0"),
        (Verdict.LEFT_OUT, (), "0"),
    ],
)
def test_how_much_money_may_be_wrong(
    verdict: Verdict, differences: tuple[Difference, ...], risk: str
) -> None:
    assert at_risk(verdict, Decimal("-7.00"), differences) == Decimal(risk)
    assert at_risk(verdict, None, ()) == 0
