"""The file of decisions: what is read from it, its faults, and changes that keep everything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision, Side
from sagerecon.pairing.standing import Standing
from sagerecon.project.decisions_file import read_decisions
from sagerecon.project.decisions_text import with_decision, without_decision

ONE = Decision(
    standing=Standing.RENAMED_IN_SOURCE,
    kind="sales_invoice",
    rule="leading_zeros",
    answer=DecisionAnswer.SAME_RECORD,
    because="saved again: by a spreadsheet # once",
    by="J. Reviewer",
    on=date(2026, 3, 2),
    covers=Covers(312, Decimal("48210.55"), "012345678912"),
    until=date(2026, 6, 30),
)
TWO = Decision(
    standing=Standing.BOTH_CHANGED,
    kind="contact",
    key="parties/1",
    answer=DecisionAnswer.FIELDS,
    because="agreed by telephone",
    by="J. Reviewer",
    on=date(2026, 3, 3),
    covers=Covers(1, None, "9f2c7e", "77aa01"),
    fields={"name": Side.OURS, "email": Side.THEIRS},
)
COMMENTED = """\
# What we settled.
sagerecon: decisions/v1
about: the move of Oak Ltd

decisions:
    # the spreadsheet
    - standing: gone   # lost
      kind: contact
      key: parties/7
      answer: keep
      because: >-
        it is
        still needed
      by: Kim
      on: 2026-03-01
      covers: {records: 1, fingerprint: abc}
# the end
"""


def test_a_new_file_is_written_and_read() -> None:
    text = with_decision(with_decision("", ONE, catalog()), TWO, catalog())
    assert read_decisions(text, catalog()) == (ONE, TWO)
    assert text.startswith("sagerecon: decisions/v1\ndecisions:\n  - standing: renamed\n")


def test_comments_and_other_entries_stay_as_they_are() -> None:
    added = with_decision(COMMENTED, ONE, catalog())
    assert [line for line in added.splitlines() if line in COMMENTED.splitlines()] == COMMENTED.splitlines()
    assert without_decision(added, read_decisions(added, catalog())[1], catalog()) == COMMENTED


def test_the_last_entry_can_be_dropped_and_another_added() -> None:
    emptied = without_decision(COMMENTED, read_decisions(COMMENTED, catalog())[0], catalog())
    assert read_decisions(emptied, catalog()) == ()
    assert "# the end" in emptied and "# the spreadsheet" in emptied
    assert read_decisions(with_decision(emptied, ONE, catalog()), catalog()) == (ONE,)


def test_a_later_decision_about_the_same_records_replaces_the_earlier() -> None:
    changed = replace(ONE, answer=DecisionAnswer.TWO_RECORDS)
    text = with_decision(with_decision(COMMENTED, ONE, catalog()), changed, catalog())
    assert read_decisions(text, catalog())[1:] == (changed,)


def test_of_a_record_not_written_one_decision_holds_whatever_sage_is_found_to_hold() -> None:
    new = replace(TWO, standing=Standing.NEW, answer=DecisionAnswer.LEAVE_OUT, fields={})
    apart = replace(new, standing=Standing.ALREADY_IN_SAGE, answer=DecisionAnswer.KEEP_APART)
    for earlier, later in ((new, apart), (apart, new)):
        text = with_decision(with_decision("", earlier, catalog()), later, catalog())
        assert read_decisions(text, catalog()) == (later,)
    of_all = replace(new, key="")
    text = with_decision(with_decision("", of_all, catalog()), apart, catalog())
    assert read_decisions(text, catalog()) == (of_all, apart)


def test_a_file_of_another_form_is_not_changed() -> None:
    text = "sagerecon: decisions/v1\ndecisions: [{standing: gone, kind: contact, key: a, answer: keep, "
    text += "because: b, by: c, on: 2026-01-01, covers: {records: 1, fingerprint: a}}]\n"
    with pytest.raises(ProjectError, match="cannot change"):
        with_decision(text, ONE, catalog())


@given(
    because=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
    key=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
)
def test_any_reason_and_key_is_read_as_it_was_written(because: str, key: str) -> None:
    decision = replace(TWO, because=because, key=key)
    assert read_decisions(with_decision(COMMENTED, decision, catalog()), catalog())[1:] == (decision,)


def test_all_faults_are_found_in_one_pass_with_their_places() -> None:
    text = """\
sagerecon: decisions/v1
decisions:
  - standing: renamed
    kind: sales_invoic
    answer: adopt
    key: docs/1
    because: b
    by: c
    on: 2026-02-30
    covers: {records: 1, fingerprint: a}
  - standing: gon
    kind: contact
    answer: keep
    because: b
    by: c
    on: 2026-02-03
    covers: {records: 0, fingerprint: a}
    reason: x
"""
    with pytest.raises(ProjectFileError) as raised:
        read_decisions(text, catalog())
    found = [(f.place.line, f.code.value) for f in raised.value.findings]
    assert found == [
        (4, "not_allowed"),
        (5, "not_allowed"),
        (6, "unknown_key"),
        (9, "not_a_date"),
        (11, "not_allowed"),
        (17, "not_valid"),
        (18, "unknown_key"),
    ]
    assert "same_record, two_records" in raised.value.findings[1].hint


def test_two_decisions_about_the_same_records_are_a_fault() -> None:
    entry = COMMENTED[COMMENTED.index("    - standing") : COMMENTED.index("# the end")]
    with pytest.raises(ProjectFileError) as raised:
        read_decisions(COMMENTED.replace("# the end\n", entry), catalog())
    assert "the first is on line 7" in raised.value.findings[0].message
