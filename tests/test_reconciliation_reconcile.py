"""One verdict for each record: changes, duplicates, pre-existing entities, conservation of counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconciliation_cases import (
    BEGAN,
    CATALOG,
    INPUTS,
    Company,
    contact,
    invoice,
    journal,
    readings_of,
    small_company,
    with_opening_control,
)

from sagerecon.model.clock import day_of, instant_text
from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.model.draft import LeftOut, OnExisting, Quarantined
from sagerecon.model.errors import ConservationError
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.reconciliation import completeness
from sagerecon.reconciliation.comparer import DraftInputs
from sagerecon.reconciliation.completeness import Counter as Tallies
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOutName, TieOutNotTaken
from sagerecon.reconciliation.unknown_writes import COMPLETE_STORE
from sagerecon.reconciliation.verdict import Cause, FirstSeen, RecordVerdict, Shape
from sagerecon.reconciliation.wording import date_text

OPENING = "contact_opening_balance"


def only(reconciliation: Reconciliation) -> RecordVerdict:
    (finding,) = reconciliation.open_verdicts
    return finding


def test_an_equal_entity_is_verified_in_spite_of_sages_formats() -> None:
    found = small_company().reconcile()
    assert found.open_verdicts == ()
    assert Counter(v.verdict for v in found.verdicts) == {Verdict.VERIFIED: 9}
    assert with_opening_control(found).ties_out


def test_without_a_tie_out_or_a_kind_nothing_ties_out() -> None:
    found = small_company().reconcile()
    assert found.unread == ("No tie-out was taken.",) and not found.ties_out
    nothing = with_opening_control(Company([]).reconcile())
    assert nothing.unread == ("No kind was read back.",) and not nothing.ties_out
    missing = TieOutNotTaken(TieOutName.TAX, "contacts cannot be read.")
    partly = found.with_tie_outs(with_opening_control(found).tie_outs, [missing])
    assert partly.unread == () and not partly.ties_out


def add_by_hand(company: Company, sage_id: str = "by-hand", **more: Any) -> None:
    company.hold(
        OPENING,
        sage_id,
        {
            "contact": {"id": "id-C2"},
            "contact_opening_balance_type": {"id": "INVOICE"},
            "reference": "OB-77",
            "date": "2017-03-30",
            "total_amount": "7.0",
            "created_at": "2017-04-03T09:00:00Z",
            "displayed_as": "OB-77",
            **more,
        },
    )


def test_three_changes_are_three_open_verdicts_and_a_second_run_knows_them() -> None:
    company = small_company()
    company.edit("open_invoices/1001", total_amount="121.0")
    company.delete("open_invoices/1003")
    add_by_hand(company)
    first = company.reconcile(last={})
    assert [(f.verdict, f.id, f.sage_id, [str(o) for o in f.origins]) for f in first.open_verdicts] == [
        (Verdict.DELETED, f"{OPENING}/open_invoices/1003", "id-1003", ["invoices.csv:3"]),
        (Verdict.EXTRA, f"{OPENING}/by-hand", "by-hand", []),
        (Verdict.EDITED, f"{OPENING}/open_invoices/1001", "id-1001", ["invoices.csv:1"]),
    ]
    assert {f.first_seen for f in first.open_verdicts} == {FirstSeen.NOW}
    edit = first.open_verdicts[2].differences[0]
    assert (edit.field, edit.source, edit.written, edit.sage) == (
        "total_amount",
        "120.00",
        "120.00",
        "121.00",
    )
    assert edit.cause is Cause.EDITED_AFTER_LOAD
    assert first.open_verdicts[0].at_risk == Decimal("239.00")
    assert all(finding.reason and finding.remedy for finding in first.open_verdicts)

    last = {finding.id: finding.fingerprint for finding in first.open_verdicts}
    again = company.reconcile(last=last)
    assert [f.id for f in again.open_verdicts] == [f.id for f in first.open_verdicts]
    assert {f.first_seen for f in again.open_verdicts} == {FirstSeen.EARLIER}

    company.edit("open_invoices/1001", total_amount="122.0")
    third = company.reconcile(last=last)
    assert Counter(f.first_seen for f in third.open_verdicts) == {FirstSeen.EARLIER: 2, FirstSeen.NOW: 1}


def test_swapped_amounts_of_two_invoices_are_found_although_the_total_agrees() -> None:
    company = small_company()
    company.edit("open_invoices/1001", total_amount="80.5")
    company.edit("open_invoices/1002", total_amount="120.0")
    found = company.reconcile()
    assert [f.key for f in found.open_verdicts] == ["open_invoices/1001", "open_invoices/1002"]
    assert {d.shape for _, d in found.differences} == {Shape.SWAPPED}


def test_an_unreported_deletion_is_missing_and_a_kind_may_be_not_read() -> None:
    company = small_company()
    company.delete("open_invoices/1003", is_reported=False)
    assert only(company.reconcile()).verdict is Verdict.MISSING
    unread = readings_of(("contact", "opening_balance_journal"))
    found = company.reconcile(readings=unread)
    assert {v.verdict for v in found.open_verdicts} == {Verdict.NOT_READ}
    assert {v.kind for v in found.open_verdicts} == {OPENING} == {*found.coverage.kinds_not_read}


def test_no_record_of_a_kind_that_was_read_in_part_gets_another_verdict() -> None:
    company = small_company()
    company.edit("open_invoices/1001", total_amount="121.0")
    add_by_hand(company)
    unsent = invoice("1009", "C2", "8.00")
    adopting = replace(invoice("1010", "C2", "9.00"), on_existing=OnExisting.ADOPT)
    company.outcomes += [replace(unsent, on_existing=OnExisting.CREATE), adopting]
    readings = readings_of(set(CATALOG.kinds) - {OPENING}, **{OPENING: "page 2 cannot be read."})
    found = {verdict.key: verdict for verdict in company.reconcile(readings=readings).open_verdicts}
    assert {key: verdict.verdict for key, verdict in found.items()} == {
        **dict.fromkeys((f"open_invoices/{number}" for number in (1001, 1002, 1003, 1004)), Verdict.NOT_READ),
        "open_bills/1900": Verdict.NOT_READ,
        "open_invoices/1009": Verdict.NOT_READ,  # a verdict needs evidence, whatever its mapping looks for
        "open_invoices/1010": Verdict.NOT_READ,
    }
    assert found["open_invoices/1001"].reason == "Not compared: page 2 cannot be read."
    assert found["open_invoices/1001"].remedy == "Remove the cause, then reconcile again: sagerecon reconcile"


def test_a_missing_record_says_so_where_the_deleted_ones_could_not_be_read() -> None:
    company = small_company()
    company.delete("open_invoices/1003", is_reported=False)
    failed = readings_of((), **{OPENING: "deleted documents cannot be read."}).listings
    readings = replace(readings_of(CATALOG.kinds), deletions=failed)
    found = company.reconcile(readings=readings)
    assert only(found).reason.endswith("not found in Sage, whose list of deleted records could not be read.")
    assert not with_opening_control(found).ties_out


@pytest.mark.parametrize("shown", [{"deleted_at": "2017-04-05T00:00:00Z"}, {"status": {"id": "VOID"}}])
def test_an_entity_answered_as_deleted_or_void_counts_as_deleted(shown: dict[str, Any]) -> None:
    company = small_company()
    company.edit("open_invoices/1003", **shown)
    assert only(company.reconcile()).verdict is Verdict.DELETED


def test_system_records_that_sage_creates_during_the_move_need_no_review() -> None:
    company = small_company()
    during = {"created_at": "2017-04-02T09:00:00Z"}
    company.hold("contact", "tax", {"name": "HMRC Reclaimed", "system": True, **during})
    company.hold("contact", "user's", {"name": "Firm", "system": False, **during})
    found = company.reconcile()
    assert [verdict.sage_id for verdict in found.open_verdicts] == ["user's"]
    (line,) = [line for line in found.sage if line.kind == "contact"]
    assert (line.created_by_sage.count, line.extra.count) == (1, 1)


def test_pre_existing_entities_are_not_extra() -> None:
    company = small_company()
    old = {"created_at": "2016-01-01T00:00:00Z"}
    company.hold("contact", "hmrc", {"name": "HMRC Payments", "system": True})
    company.hold("contact", "old", {"name": "Old customer", **old})
    company.hold("contact", "seen", {"name": "Seen at the start"})
    company.pre_existing.add("seen")
    found = company.reconcile()
    assert found.open_verdicts == ()
    line = next(line for line in found.sage if line.kind == "contact")
    assert (line.held.count, line.ours.count, line.pre_existing.count, line.extra.count) == (6, 3, 3, 0)


@pytest.mark.parametrize("began_at", [None, BEGAN], ids=["before any run", "in the second of the first run"])
def test_nothing_of_a_new_business_needs_review(began_at: int | None) -> None:
    company = small_company()
    company.hold("contact", "x", {"name": "Sage's own", "created_at": instant_text(BEGAN)})
    found = company.reconcile(began_at=began_at)
    assert found.open_verdicts == ()


def test_an_entity_inside_our_answer_is_created_by_sage() -> None:
    company = small_company()
    made = replace(company.written[0], answer={**company.written[0].answer, "main_person": {"id": "p-1"}})
    company.written[0] = made
    company.hold("contact", "p-1", {"name": "Mr Oak", "created_at": "2017-04-01T09:00:00Z"})
    found = company.reconcile()
    assert found.open_verdicts == ()
    assert next(line for line in found.sage if line.kind == "contact").created_by_sage.count == 1


def test_a_repeated_invoice_is_a_duplicate_and_not_extra() -> None:
    company = small_company()
    twin = {**company.sage["id-1001"].body, "id": "twin", "created_at": "2017-04-01T10:00:00Z"}
    company.hold(OPENING, "twin", twin)
    finding = only(company.reconcile())
    assert finding.verdict is Verdict.DUPLICATE
    assert "open_invoices/1001" in finding.reason


def test_two_records_with_one_entity_count_as_merged_and_are_open() -> None:
    company = small_company()
    second = contact("C9", "Oak Ltd")
    company.outcomes.append(second)
    company.written.append(replace(company.written[0], key=second.key, adopted=True))
    found = company.reconcile()
    assert only(found).verdict is Verdict.DUPLICATE
    assert next(line for line in found.completeness if line.mapping == "customers").merged.count == 1
    company.write(invoice("1009", "C9", "3.00"), contact={"id": "id-C1", "displayed_as": "Oak Ltd"})
    company.outcomes.append(invoice("1009", "C9", "3.00"))
    assert only(company.reconcile()).key == "customers/C9"


@pytest.mark.parametrize(
    ("inputs", "verdict"),
    [
        (INPUTS, Verdict.MAPPING_CHANGED),  # the same snapshot, so the mapping or a parameter moved
        (DraftInputs("snapshot-2", INPUTS.mappings), Verdict.SOURCE_CHANGED),
    ],
)
def test_a_changed_draft_has_the_cause_of_its_change(inputs: DraftInputs, verdict: Verdict) -> None:
    company = small_company()
    company.outcomes[1] = contact("C2", "Ash Limited")
    finding = only(company.reconcile(inputs=inputs))
    assert finding.verdict is verdict
    assert finding.differences[0].written == "Ash Ltd"


def test_changes_on_both_sides_are_both_changed() -> None:
    company = small_company()
    company.outcomes[1] = contact("C2", "Ash Limited")
    company.edit("customers/C2", name="Ash & Co")
    assert only(company.reconcile()).verdict is Verdict.BOTH_CHANGED


def test_a_record_removed_from_the_source_is_named() -> None:
    company = small_company()
    del company.outcomes[3]
    finding = only(company.reconcile())
    assert (finding.verdict, finding.key) == (Verdict.GONE, "open_invoices/1001")
    assert "no longer in the source" in finding.reason
    assert (finding.at_risk, finding.effects["1100"]) == (Decimal("120.00"), Decimal("120.00"))
    company.delete("open_invoices/1001")
    found = company.reconcile()
    assert found.open_verdicts == ()
    finding = next(verdict for verdict in found.verdicts if verdict.key == "open_invoices/1001")
    assert (finding.verdict, finding.effects, finding.remedy) == (Verdict.LEFT_OUT, {}, "")
    assert finding.reason.endswith("no longer in the source, and deleted or voided in Sage.")


def test_quarantined_left_out_merged_and_not_yet_written() -> None:
    company = small_company()
    why = Finding("no_lines", Place("invoices.csv", 8), "It has no line.")
    company.outcomes += [
        Quarantined(OPENING, "open_invoices/1", (why,), (Place("invoices.csv", 8),), Decimal("81.00")),
        LeftOut(OPENING, "open_invoices/2", "settled", "settled before", (), Decimal("60.00")),
        LeftOut(OPENING, "open_invoices/3", "", "", (), Decimal("1.00"), merged_into="open_invoices/1001"),
        invoice("1010", "C1", "5.00"),
        invoice("1011", "C1", "6.00"),
    ]
    rejected = Finding("rejected", NOWHERE, "Sage: reference is taken.")
    found = company.reconcile(rejected={"open_invoices/1011": (rejected,)})
    line = next(line for line in found.completeness if line.mapping == "open_invoices")
    parts = (line.read, line.created, line.quarantined, line.left_out, line.merged, line.not_yet_written)
    assert [str(part) for part in parts] == [
        "9 worth 596.50", "4 worth 443.50", "2 worth 87.00", "1 worth 60.00", "1 worth 1.00", "1 worth 5.00",
    ]  # fmt: skip
    reasons = {v.key: v.reason for v in found.open_verdicts}
    assert reasons["open_invoices/1011"] == "Sage: reference is taken."


def test_adoption_accepts_what_was_found_but_not_a_later_edit() -> None:
    draft = replace(contact("C1", "Oak Ltd", notes="ours"), on_existing=OnExisting.ADOPT)
    company = Company.moved(draft)
    company.edit("customers/C1", notes="theirs")
    company.written[0] = replace(company.written[0], adopted=True, answer=company.sage["id-C1"].body)
    assert company.reconcile().open_verdicts == ()
    company.edit("customers/C1", notes="changed since")
    assert only(company.reconcile()).verdict is Verdict.EDITED


def adopted_otherwise() -> Company:
    """Return a company with a contact that a decision has adopted though Sage holds other notes."""
    company = Company.moved(contact("C1", "Oak Ltd", notes="ours"))
    company.edit("customers/C1", notes="theirs")
    answer = company.sage["id-C1"].body
    company.written[0] = replace(company.written[0], adopted=True, is_claimed=True, answer=answer)
    return company


def test_what_was_adopted_as_it_was_is_not_said_to_be_written_or_edited_since() -> None:
    company = adopted_otherwise()
    found = only(company.reconcile())
    assert (found.verdict, found.differences[0].cause) == (Verdict.EDITED, Cause.NEVER_WRITTEN)
    day = date_text(day_of(company.written[0].written_at))
    assert found.reason == f"notes: adopted on {day} as it was in Sage, which differs from the source."
    assert found.remedy == (
        "In Sage, set notes to ours; or correct the source;"
        " or decide which side counts: sagerecon decide show customers/C1"
    )
    company.edit("customers/C1", name="Oak by hand")
    found = only(company.reconcile())
    assert found.reason.endswith(
        "as it was in Sage, which differs from the source. name: edited in Sage since."
    )


def test_what_was_adopted_as_it_was_is_not_said_to_be_edited_after_the_source_changed_or_lost_it() -> None:
    company = adopted_otherwise()
    company.outcomes[0] = contact("C1", "Oak and Sons Ltd", notes="ours")
    found = only(company.reconcile())
    assert found.verdict is Verdict.BOTH_CHANGED
    assert found.reason.endswith("as it was in Sage, which differs; the source has changed since.")
    company.outcomes.clear()
    found = only(company.reconcile())
    assert (found.verdict, found.reason.partition("; ")[2]) == (
        Verdict.GONE,
        "no longer in the source, and different in Sage (notes).",
    )


def test_a_store_that_does_not_know_all_writes_is_no_evidence_of_who_wrote() -> None:
    company = small_company()
    company.outcomes += [contact("C7", "Fir Ltd"), contact("C8", "Yew Ltd")]
    company.hold("contact", "x7", {"reference": "C7", "name": "Fir and Sons Ltd"})
    company.hold("contact", "x9", {"reference": "C9", "name": "Bay Ltd"})
    company.edit("customers/C1", name="By hand")
    found = {v.key or v.sage_id: v for v in company.reconcile(incomplete_store="lost").open_verdicts}
    names = ("customers/C7", "customers/C8", "x9", "customers/C1")
    assert {found[name].remedy for name in names} == {COMPLETE_STORE}
    assert "apply --distrust-store" in COMPLETE_STORE
    unknown = "The store does not know whether a run wrote it."
    assert found["customers/C8"].reason == f"Not in the store. {unknown}"
    assert found["customers/C7"].reason.endswith(unknown)
    assert {difference.cause for difference in found["customers/C7"].differences} == {Cause.NOT_KNOWN}
    assert found["x9"].reason.endswith(f"No source record corresponds to it. {unknown}")
    assert found["customers/C1"].reason.endswith("The store does not know whether a later run did that.")


def test_a_natural_key_matches_and_a_similar_key_is_only_suggested() -> None:
    company = small_company()
    company.outcomes += [contact("C7", "Fir Ltd"), contact("C8", "Yew Ltd")]
    company.hold("contact", "x7", {"reference": "C7", "name": "Fir Ltd"})
    company.hold("contact", "x8", {"reference": "C-008", "name": "Yew Ltd"})
    found = {v.key: v for v in company.reconcile().open_verdicts if v.key}
    assert (found["customers/C7"].verdict, found["customers/C7"].sage_id) == (Verdict.ALREADY_IN_SAGE, "x7")
    assert found["customers/C8"].verdict is Verdict.ALREADY_IN_SAGE
    assert (found["customers/C8"].sage_id, found["customers/C8"].match_method) == (
        "x8",
        MatchMethod.SUGGESTION,
    )
    assert "x8" in found["customers/C8"].reason


def test_an_entity_is_claimed_by_one_record_only() -> None:
    company = small_company()
    other = replace(contact("C7", "Fir Ltd"), key="suppliers/S7")
    company.outcomes += [contact("C7", "Fir Ltd"), other]
    company.hold("contact", "x7", {"reference": "C7", "name": "Fir Ltd"})
    found = {v.key: v for v in company.reconcile().open_verdicts}
    assert [found[key].sage_id for key in ("customers/C7", "suppliers/S7")] == ["x7", ""]
    assert {found[key].verdict for key in ("customers/C7", "suppliers/S7")} == {Verdict.ALREADY_IN_SAGE}


def test_an_entity_that_a_written_record_has_is_not_matched_by_its_key() -> None:
    company = small_company()
    company.outcomes.append(replace(contact("C1", "Oak Ltd"), key="suppliers/S1"))
    found = company.reconcile()
    assert {v.key: v.sage_id for v in found.open_verdicts} == {"suppliers/S1": ""}
    assert next(v for v in found.verdicts if v.key == "customers/C1").verdict is Verdict.VERIFIED


def test_each_verdict_has_the_origins_of_its_record() -> None:
    place = (Place("invoices.csv", 8), Place("invoices.csv", 9))
    company = Company.moved(contact("C1", "Oak Ltd"))
    company.outcomes += [
        Quarantined(OPENING, "open_invoices/1", (), place),
        LeftOut(OPENING, "open_invoices/2", "settled", "settled before", place),
        replace(invoice("1010", "C1", "5.00"), origins=place),
    ]
    origins = {v.key: v.origins for v in company.reconcile().verdicts}
    assert origins == {
        "customers/C1": (Place("customers.csv", 2),),
        "open_invoices/1": place,
        "open_invoices/2": place,
        "open_invoices/1010": place,
    }


def test_what_entities_that_may_be_a_record_book_is_part_of_its_gap_once() -> None:
    company = small_company()
    company.delete("open_invoices/1003")
    company.outcomes += [invoice("1010", "C2", "7.00"), invoice("1011", "C2", "7.00")]
    for sage_id in ("x", "y", "z"):
        add_by_hand(company, sage_id, reference=f"by hand {sage_id}", date="2017-03-01")
    add_by_hand(company, "again", date="2017-03-01", total_amount="239.0")
    found = company.reconcile()
    assert {v.key: v.effects.get("1100", 0) for v in found.open_verdicts} == {
        "open_invoices/1003": 0,
        "open_invoices/1010": Decimal("14.00"),  # three times what the source has, less this record
        "open_invoices/1011": Decimal("-7.00"),
    }
    company.outcomes.pop()
    which = {(OPENING, "open_invoices/1010"): frozenset("yz")}
    found = company.reconcile(denied=which)
    effects = [v.effects.get("1100", 0) for v in found.open_verdicts]
    assert sorted(effects) == [0, 0, Decimal("7.0"), Decimal("7.0")]
    assert {v.sage_id for v in found.open_verdicts if v.verdict is Verdict.EXTRA} == {"y", "z"}


def test_several_entities_with_one_key_need_review() -> None:
    company = small_company()
    company.outcomes.append(contact("C7", "Fir Ltd"))
    company.hold("contact", "x7", {"reference": "C7"})
    company.hold("contact", "y7", {"reference": "C7"})
    assert {v.verdict for v in company.reconcile().open_verdicts if v.key} == {Verdict.DUPLICATE}


def test_lines_in_another_order_agree_and_an_edited_line_is_named_by_its_place() -> None:
    company = Company.moved(journal(("1100", "5", "0"), ("1200", "7", "0"), ("3000", "0", "12")))
    lines = list(company.sage["id-TB"].body["journal_lines"])
    company.edit("opening/TB", journal_lines=[lines[2], lines[0], lines[1]])
    assert company.reconcile().open_verdicts == ()
    company.edit("opening/TB", journal_lines=[lines[2], {**lines[0], "debit": "6.0"}, lines[1]])
    assert [d.field for _, d in company.reconcile().differences] == ["journal_lines[0].debit"]
    company.edit("opening/TB", journal_lines=[*lines, {"ledger_account": {"id": "id-9999"}, "debit": "1.0"}])
    assert [d.field for _, d in company.reconcile().differences] == ["journal_lines[3]"]


def test_a_changed_link_is_shown_by_draft_key() -> None:
    company = small_company()
    company.edit("open_invoices/1001", contact={"id": "id-C2", "displayed_as": "Ash Ltd"})
    finding = only(company.reconcile())
    difference = finding.differences[0]
    assert (difference.field, difference.source, difference.sage) == (
        "contact_id",
        "customers/C1",
        "customers/C2",
    )
    assert finding.at_risk == Decimal("120.00")


def test_comparisons_of_a_mapping_apply_to_its_records_only() -> None:
    company = small_company()
    company.edit("customers/C1", name="OAK LTD")
    company.edit("open_bills/1900", total_amount="100.01")
    cent = Comparison(tolerance=Tolerance("lines", Decimal("0.01"), "Sage rounds by line"))
    rules = {"customers": {"name": Comparison(How.CASEFOLD)}, "open_bills": {"total_amount": cent}}
    found = company.reconcile(rules, tolerance_limit=Decimal("0.01"))
    assert found.open_verdicts == ()
    assert (found.tolerated.count, found.tolerated.amount) == (1, Decimal("0.01"))
    assert with_opening_control(found).ties_out
    excessive = company.reconcile(rules, tolerance_limit=Decimal("0.00"))
    assert not with_opening_control(excessive).ties_out


TOUCHES = st.lists(
    st.tuples(st.sampled_from(["edit", "delete", "lose", "add", "leave"]), st.integers(0, 7)), max_size=8
)


@given(TOUCHES)
def test_every_change_in_sage_is_found(changes: list[tuple[str, int]]) -> None:
    """Change records in Sage: each has one verdict, both equations hold, and only the changed are open."""
    drafts = [contact("C1", "Oak Ltd"), *(invoice(str(1001 + n), "C1", f"{n + 1}.00") for n in range(8))]
    company = Company.moved(*drafts)
    changed: dict[str, str] = {}
    added = 0
    for what, number in changes:
        key = f"open_invoices/{1001 + number}"
        if what == "add":
            added += 1
            add_by_hand(company, f"new-{added}", reference=f"N{added}", total_amount=f"{added}.5")
        elif key not in changed and what != "leave":
            changed[key] = what
            if what == "edit":
                company.edit(key, total_amount="99.99")
            else:
                company.delete(key, is_reported=what == "delete")
    found = company.reconcile()
    assert len({verdict.id for verdict in found.verdicts}) == len(found.verdicts) == len(drafts) + added
    said = {verdict.key: verdict.verdict for verdict in found.open_verdicts if verdict.key}
    names = {"edit": Verdict.EDITED, "delete": Verdict.DELETED, "lose": Verdict.MISSING}
    assert said == {key: names[what] for key, what in changed.items()}
    assert sum(verdict.verdict is Verdict.EXTRA for verdict in found.open_verdicts) == added
    for line in found.completeness:
        assert line.read == line.parts
    for held in found.sage:
        assert held.held == held.parts


def test_a_violated_conservation_law_is_an_error() -> None:
    reads = Tallies()
    reads.add(("contact", "customers"), "read", Decimal("5.00"))
    with pytest.raises(ConservationError, match="records read of customers"):
        completeness.source_lines(reads, [])


def test_an_amount_alone_can_violate_the_law() -> None:
    company = small_company()
    reads = Tallies()
    for draft in company.drafts:
        amount = (draft.amount or Decimal()) + Decimal("0.01")
        reads.add((draft.kind, draft.mapping), "read", amount)
    with pytest.raises(ConservationError, match=r"3 worth 0\.03 is not 3 worth 0"):
        completeness.source_lines(reads, company.reconcile().verdicts)
