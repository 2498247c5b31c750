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
from sagerecon.pairing.agreement import Agreement
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.pairing.renames import Rename, RenameRule
from sagerecon.reconciliation.decision import at_risk, verdict_of
from sagerecon.reconciliation.evidence import Evidence
from sagerecon.reconciliation.verdict import Cause, Difference, Shape

DRAFT = Draft("contact", "customers/C1", {}, {}, (), NOWHERE)
LEFT_OUT = LeftOut("contact", "customers/C1", "settled", "settled before", ())
ASIDE = Quarantined("contact", "customers/C1", (), ())
TWICE = replace(ASIDE, findings=(Finding(Code.DUPLICATE_KEY, NOWHERE, "twice."),))
WRITTEN = Written("contact", "customers/C1", "A1", {}, {}, 0, "")
HELD = EntityReading(Entity("contact", "A1", {}), 0)
WHY = (Finding(Code.REJECTED, NOWHERE, "Sage: the name is taken."),)
RENAME = Rename((WRITTEN,), RenameRule.LEADING_ZEROS)
OURS = {"outcome": DRAFT, "content": "", "written": WRITTEN, "coverage": Coverage.WHOLE}
UNREAD = {"coverage": Coverage.FAILED}
SOURCE_MOVED = Agreement(source_changes=("name",), differences=("name",))
SAGE_MOVED = Agreement(sage_changes=("name",), differences=("name",))
BOTH_MOVED = Agreement(*[("name",)] * 3)


def evidence(**facts: Any) -> Evidence:
    known = {name: facts.pop(name) for name in ("match", "rejected") if name in facts}
    sides = {"coverage": Coverage.WHOLE, **facts}
    return Evidence(Position(kind="contact", key="customers/C1", **sides), **known)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"outcome": DRAFT}, Verdict.NOT_YET_WRITTEN),
        ({"outcome": DRAFT, "rejected": WHY}, Verdict.QUARANTINED),
        ({"outcome": DRAFT, "rejected": WHY, **UNREAD}, Verdict.QUARANTINED),
        ({"outcome": DRAFT, **UNREAD}, Verdict.NOT_READ),
        ({"outcome": DRAFT, "match_method": MatchMethod.AMBIGUOUS}, Verdict.DUPLICATE),
        ({"outcome": DRAFT, "match_method": MatchMethod.SUGGESTION}, Verdict.NOT_YET_WRITTEN),
        (
            {"outcome": DRAFT, "held": HELD, "match_method": MatchMethod.NATURAL_KEY},
            Verdict.ALREADY_IN_SAGE,
        ),
        ({"outcome": DRAFT, "rename": RENAME}, Verdict.RENAMED),
        ({**OURS, "held": HELD}, Verdict.VERIFIED),
        ({**OURS, "held": HELD, "rejected": WHY}, Verdict.VERIFIED),
        ({**OURS, "held": HELD, "owner": "customers/C0"}, Verdict.DUPLICATE),
        ({**OURS, "held": HELD, "agreement": SOURCE_MOVED}, Verdict.SOURCE_CHANGED),
        ({**OURS, "held": HELD, "agreement": SAGE_MOVED}, Verdict.EDITED),
        ({**OURS, "held": HELD, "agreement": BOTH_MOVED}, Verdict.BOTH_CHANGED),
        ({**OURS, "held": HELD, "agreement": replace(BOTH_MOVED, differences=())}, Verdict.VERIFIED),
        (OURS, Verdict.MISSING),
        ({**OURS, "owner": "customers/C0"}, Verdict.MISSING),
        ({**OURS, **UNREAD}, Verdict.NOT_READ),
        ({**OURS, "is_deleted": True}, Verdict.DELETED),
        ({**OURS, "is_deleted": True, **UNREAD}, Verdict.DELETED),
        ({"outcome": ASIDE}, Verdict.QUARANTINED),
        ({"outcome": TWICE}, Verdict.DUPLICATE),
        ({**OURS, "outcome": ASIDE, "held": HELD}, Verdict.QUARANTINED),
        ({**OURS, "outcome": TWICE, "held": HELD}, Verdict.DUPLICATE),
        ({**OURS, "outcome": ASIDE}, Verdict.QUARANTINED),
        ({**OURS, "outcome": ASIDE, **UNREAD}, Verdict.QUARANTINED),
        ({"outcome": LEFT_OUT}, Verdict.LEFT_OUT),
        ({**OURS, "outcome": LEFT_OUT, "held": HELD}, Verdict.GONE),
        ({**OURS, "outcome": LEFT_OUT, "is_deleted": True}, Verdict.LEFT_OUT),
        ({**OURS, "outcome": LEFT_OUT, **UNREAD}, Verdict.GONE),
        ({**OURS, "outcome": None, "held": HELD}, Verdict.GONE),
        ({**OURS, "outcome": None}, Verdict.LEFT_OUT),
        ({**OURS, "outcome": None, **UNREAD}, Verdict.NOT_READ),
        ({**OURS, "outcome": None, "is_deleted": True, **UNREAD}, Verdict.LEFT_OUT),
    ],
)
def test_what_each_combination_means(facts: dict[str, Any], verdict: Verdict) -> None:
    assert verdict_of(evidence(**facts), ()) is verdict


EDITED = Difference("name", "Oak", "Oak", "Elm", Cause.EDITED_AFTER_LOAD, Shape.VALUE)
AT_WRITE = replace(EDITED, cause=Cause.ALTERED_AT_WRITE)
ROUNDED = replace(AT_WRITE, shape=Shape.ROUNDING)
SOURCE = replace(EDITED, cause=Cause.SOURCE_CHANGED)
MAPPING = replace(EDITED, cause=Cause.MAPPING_CHANGED)
EXCUSED = replace(EDITED, tolerance=Tolerance("cents", Decimal("0.01"), "rounded by line"))
UNCHANGED = evidence(**OURS, held=HELD)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((), Verdict.VERIFIED),
        ((EXCUSED,), Verdict.ROUNDING),
        ((ROUNDED,), Verdict.ROUNDING),
        ((ROUNDED, EXCUSED), Verdict.ROUNDING),
        ((ROUNDED, AT_WRITE), Verdict.EDITED),
        ((EXCUSED, AT_WRITE), Verdict.EDITED),
        ((AT_WRITE,), Verdict.EDITED),
    ],
)
def test_what_sage_made_of_a_value_as_it_was_written_is_never_verified_in_silence(
    differences: tuple[Difference, ...], verdict: Verdict
) -> None:
    assert verdict_of(UNCHANGED, differences) is verdict
    assert verdict_of(UNCHANGED, differences[::-1]) is verdict


def test_a_changed_mapping_is_told_from_a_changed_source() -> None:
    moved = evidence(**OURS, held=HELD, agreement=SOURCE_MOVED)
    assert verdict_of(moved, (SOURCE,)) is Verdict.SOURCE_CHANGED
    assert verdict_of(moved, (AT_WRITE, SOURCE)) is Verdict.SOURCE_CHANGED
    assert verdict_of(moved, (MAPPING,)) is Verdict.MAPPING_CHANGED
    both = evidence(**OURS, held=HELD, agreement=BOTH_MOVED)
    assert verdict_of(both, (EDITED, MAPPING)) is Verdict.BOTH_CHANGED


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
        (Verdict.GONE, (), "7.00"),
        (Verdict.RENAMED, (), "7.00"),
        (Verdict.ROUNDING, (), "0"),
        (Verdict.LEFT_OUT, (), "0"),
    ],
)
def test_how_much_money_may_be_wrong(
    verdict: Verdict, differences: tuple[Difference, ...], risk: str
) -> None:
    assert at_risk(verdict, Decimal("-7.00"), differences) == Decimal(risk)
    assert at_risk(verdict, None, ()) == 0
