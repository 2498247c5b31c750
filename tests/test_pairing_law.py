"""The law of plan and proof: the same facts have one standing, and no proposal contradicts its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reconciliation_cases import BEGAN, CATALOG, Company, contact, readings_of

from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.consequences import PROPOSALS, Proposal, Verdict
from sagerecon.pairing.held import Held
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.position import EntityReading, Position
from sagerecon.pairing.read_from_sage import ReadFromSage, as_listed
from sagerecon.pairing.standing import Standing, standing
from sagerecon.reconciliation.comparer import UNKNOWN_INPUTS, Comparer, DraftInputs
from sagerecon.reconciliation.positions import Facts
from sagerecon.reconciliation.verdict import RecordVerdict

KEY = "customers/C1"
LATER = DraftInputs("snapshot-2", "mappings-1")
RULES = {
    "customers": {
        "name": Comparison(How.CASEFOLD),
        "credit_limit": Comparison(tolerance=Tolerance("cent", Decimal("0.01"), "rounded")),
    }
}

#: What a verdict allows a plan to propose.
_ALLOWED: Mapping[Verdict, frozenset[Proposal]] = {
    Verdict.VERIFIED: frozenset({Proposal.SKIP}),
    Verdict.ROUNDING: frozenset({Proposal.SKIP}),
    Verdict.EDITED: frozenset(
        {Proposal.KEEP, Proposal.SKIP}
    ),  # skipped where Sage altered it as it was written
    Verdict.SOURCE_CHANGED: frozenset({Proposal.UPDATE}),
    Verdict.MAPPING_CHANGED: frozenset({Proposal.UPDATE}),
    Verdict.BOTH_CHANGED: frozenset({Proposal.WAIT}),
    Verdict.GONE: frozenset({Proposal.KEEP}),
    Verdict.LEFT_OUT: frozenset({Proposal.NOTHING}),  # gone on both sides
    Verdict.DELETED: frozenset({Proposal.WAIT}),
    Verdict.QUARANTINED: frozenset({Proposal.NOTHING}),
    Verdict.DUPLICATE: frozenset({Proposal.WAIT}),
}


def source(**fields: Any) -> Draft:
    given_fields = {name: value for name, value in fields.items() if value is not None}
    return contact("C1", given_fields.pop("name", "Oak"), **given_fields)


def written(draft: Draft, **altered: Any) -> Company:
    """Return a company with one record; `altered` is what Sage made of it, blank fields included."""
    company = Company.moved()
    company.drafts = company.outcomes = [draft]
    company.write(draft, **{"notes": None, "credit_limit": None, **_answers(draft), **altered})
    return company


def _answers(draft: Draft) -> dict[str, Any]:
    names = ("notes", "credit_limit")
    return {name: str(draft.body[name]) for name in names if draft.body.get(name) is not None}


def planned(company: Company, outcomes: list[Outcome]) -> Position:
    """Return the position by the plan, which has read every entity of the company since it was written."""
    recorded = Recorded(
        contents={(record.kind, record.key): record.content for record in company.written},
        written={(record.kind, record.key): record for record in company.written},
    )
    read = ReadFromSage(
        entities={(e.kind, e.sage_id): EntityReading(e, BEGAN + 1) for e in company.sage.values()},
        identities=Identities(company.written, company.sage.values(), CATALOG),
    )
    (found,) = pair_with_recorded(outcomes, recorded, CATALOG, RULES, read)
    return found


def proved(company: Company, outcomes: list[Outcome]) -> Position:
    """Return the position by the reconciliation."""
    readings = readings_of(CATALOG.kinds)
    sage = Held.collect(company.sage.values(), company.deleted)
    read = as_listed(readings.listings, company.sage.values(), sage.deleted)
    facts = Facts.of(sage, read, readings, {}, {})
    outcome, record = outcomes[0] if outcomes else None, company.written[0]
    position = facts.of_written(outcome, record, set()).position
    if isinstance(outcome, Draft) and position.held is not None:
        identities = Identities(company.written, company.sage.values(), CATALOG)
        comparer = Comparer(CATALOG, identities, RULES, UNKNOWN_INPUTS)
        compared = comparer.compare(outcome, record, position.held.entity)
        position = replace(position, agreement=compared.agreement)
    return position


def verdict(company: Company, outcomes: list[Outcome]) -> RecordVerdict:
    company.outcomes = outcomes
    return next(found for found in company.reconcile(RULES, inputs=LATER).verdicts if found.key == KEY)


ASIDE = Quarantined("contact", KEY, (Finding("x", NOWHERE, "no name."),), ())
TWICE = replace(ASIDE, findings=(Finding(Code.DUPLICATE_KEY, NOWHERE, "twice."),))
LEFT = LeftOut("contact", KEY, "settled", "settled before", ())

names = st.sampled_from(["Oak", "OAK", "Ash"])
notes = st.sampled_from([None, "one", "two"])
limits = st.sampled_from([None, "10.00", "10.01", "12.00"])
shown_limits = st.sampled_from([None, "10.0", "10.01", "12.00"])
drafts = st.builds(source, name=names, notes=notes, credit_limit=limits)
answers = st.fixed_dictionaries({}, optional={"name": names, "notes": notes, "credit_limit": shown_limits})
others = st.sampled_from([None, ASIDE, TWICE, LEFT])
states = st.sampled_from(["there", "void", "field not shown"])


@settings(max_examples=500)
@given(drafts, answers, drafts | others, answers, states)
def test_plan_and_proof_of_the_same_facts_agree(
    before: Draft, altered: dict[str, Any], now: Outcome | None, edits: dict[str, Any], state: str
) -> None:
    company = written(before, **altered)
    company.edit(KEY, **edits)
    if state == "void":
        company.edit(KEY, status={"id": "VOID"})
    elif state == "field not shown":
        entity = company.sage["id-C1"]
        body = {name: value for name, value in entity.body.items() if name != "notes"}
        company.sage["id-C1"] = replace(entity, body=body)
    outcomes = [] if now is None else [now]
    plan, proof = planned(company, outcomes), proved(company, outcomes)
    if isinstance(now, Draft):
        assert plan.agreement == proof.agreement or plan.held is None
    assert standing(plan) is standing(proof)
    found = verdict(company, outcomes)
    assert PROPOSALS[standing(plan)] in _ALLOWED[found.verdict], found
    if found.verdict in (Verdict.EDITED, Verdict.SOURCE_CHANGED, Verdict.BOTH_CHANGED):
        assert found.differences, "a change without a field that shows it"


OAK = source(name="Oak", notes="one", credit_limit="10.00")


@pytest.mark.parametrize(
    ("now", "edits", "expected", "field"),
    [
        (source(), {"notes": "pays late"}, Verdict.EDITED, "notes"),
        (source(name="Ash"), {"notes": "pays late"}, Verdict.BOTH_CHANGED, "notes"),
        (source(notes="one"), {"notes": "one"}, Verdict.VERIFIED, ""),
        (source(notes="one"), {"notes": "two"}, Verdict.BOTH_CHANGED, "notes"),
    ],
)
def test_a_blank_field_that_somebody_filled_in_sage_is_named(
    now: Draft, edits: dict[str, Any], expected: Verdict, field: str
) -> None:
    company = written(source())
    company.edit(KEY, **edits)
    found = verdict(company, [now])
    assert found.verdict is expected
    assert not field or field in [difference.field for difference in found.differences]
    assert PROPOSALS[standing(planned(company, [now]))] in _ALLOWED[expected]


@pytest.mark.parametrize(
    ("now", "edits", "where", "expected"),
    [
        (OAK, {"credit_limit": "10.01"}, Standing.UNCHANGED, Verdict.ROUNDING),  # within a tolerance
        (OAK, {"credit_limit": "10.02"}, Standing.EDITED_IN_SAGE, Verdict.EDITED),
        (
            source(name="Ash", notes="two", credit_limit="10.00"),
            {"name": "Ash"},
            Standing.SOURCE_CHANGED,
            Verdict.SOURCE_CHANGED,
        ),  # Sage has one of two changes already
        (
            source(name="Ash", notes="one", credit_limit="10.00"),
            {"name": "Ash", "notes": "two"},
            Standing.EDITED_IN_SAGE,
            Verdict.EDITED,
        ),
        (
            source(name="Ash", notes="one", credit_limit="10.00"),
            {"name": "Ash"},
            Standing.CONVERGED,
            Verdict.VERIFIED,
        ),
        (source(name="Oak", credit_limit="10.00"), {}, Standing.SOURCE_CHANGED, Verdict.SOURCE_CHANGED),
    ],
)
def test_partly_converged_and_excused_records(
    now: Draft, edits: dict[str, Any], where: Standing, expected: Verdict
) -> None:
    company = written(OAK)
    company.edit(KEY, **edits)
    assert standing(planned(company, [now])) is standing(proved(company, [now])) is where
    assert verdict(company, [now]).verdict is expected


def test_what_sage_altered_as_it_was_written_is_unchanged_and_not_verified() -> None:
    company = written(OAK, name="Oak Ltd")
    assert standing(planned(company, [OAK])) is standing(proved(company, [OAK])) is Standing.UNCHANGED
    assert verdict(company, [OAK]).verdict is Verdict.EDITED


def test_a_deletion_that_sage_reports_is_evidence_without_a_whole_reading() -> None:
    company = written(OAK)
    company.delete(KEY)
    found = company.reconcile(
        readings=readings_of(set(CATALOG.kinds) - {"contact"}, contact="page 2 failed.")
    )
    assert [v.verdict for v in found.verdicts if v.key == KEY] == [Verdict.DELETED]


def test_a_renamed_record_is_found_by_the_proof_too() -> None:
    company = written(OAK)
    now = replace(OAK, key="customers/C01")
    company.outcomes = [now]
    (found,) = (v for v in company.reconcile(RULES).verdicts if v.kind == "contact")
    assert (found.verdict, found.key, found.sage_id) == (Verdict.RENAMED, "customers/C01", "id-C1")
    assert (
        KEY in found.reason and "leading zeros" in found.reason.casefold()
    ) or "same reference" in found.reason
    assert standing(planned(company, [now])) is Standing.RENAMED_IN_SOURCE


def test_a_duplicate_of_the_source_is_a_duplicate_and_counts_as_quarantined() -> None:
    company = Company.moved()
    company.outcomes = [TWICE]
    found = company.reconcile()
    assert [v.verdict for v in found.verdicts if v.key == KEY] == [Verdict.DUPLICATE]
    assert [line.quarantined.count for line in found.completeness] == [1]
