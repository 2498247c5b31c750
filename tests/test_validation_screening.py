"""What is set aside because keys clash or references lead nowhere, beside the same worked out in lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.validation.duplicates import keys_of, set_apart
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import Screening

PLACE = Place("source.csv", 7)
KEYS = st.sampled_from([f"a/{number}" for number in range(6)])
KINDS = st.sampled_from(["contact", "product"])


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    kind, key = draw(KINDS), draw(KEYS)
    if draw(st.integers(0, 5)) == 0:
        return LeftOut(kind, key, "rule", "reason", (PLACE,))
    references = draw(st.lists(st.builds(Reference, KINDS, KEYS), max_size=2))
    identity = draw(st.sampled_from([{}, {"reference": "1"}, {"reference": "2"}, {"reference": "3"}]))
    return Draft(kind, key, {"x": references}, identity, (PLACE,), PLACE)


def counts(record: Quarantined) -> bool:
    """Let the records with an even number count where they share an identity."""
    return int(record.key[2:]) % 2 == 0


def in_lists(given_outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Set aside with every outcome in memory, each round over all of them."""
    found = list(given_outcomes)
    of_key: dict[object, set[int]] = {}
    for at, outcome in enumerate(found):
        if isinstance(outcome, Draft):
            for key in keys_of(outcome):
                of_key.setdefault((outcome.kind, key), set()).add(at)
    sharing = sorted({at for places in of_key.values() if len(places) > 1 for at in places})
    position = {id(found[at]): at for at in sharing}
    counted: dict[tuple[str, str], Reference] = {}
    drafts = [draft for at in sharing if isinstance(draft := found[at], Draft)]
    for draft, outcome in set_apart(drafts, counts):
        found[position[id(draft)]] = outcome
        if isinstance(outcome, LeftOut):
            counted[draft.kind, draft.key] = Reference(draft.kind, outcome.merged_into)
    while True:
        sent = {(draft.kind, draft.key) for draft in found if isinstance(draft, Draft)}
        sent |= {record for record, other in counted.items() if (other.kind, other.key) in sent}
        lost = {
            at: {(r.kind, r.key) for r in draft.references} - sent
            for at, draft in enumerate(found)
            if isinstance(draft, Draft)
        }
        if not any(lost.values()):
            break
        for at, records in lost.items():
            if records:
                findings = (Finding(Code.REFERENCE_MISSING, PLACE, ""),) * len(records)
                found[at] = Quarantined(found[at].kind, found[at].key, findings, (PLACE,))
    for at, draft in enumerate(found):
        if isinstance(draft, Draft):
            now = [counted.get((r.kind, str(r.key)), r) for r in draft.references]
            found[at] = replace(draft, body={"x": now})
    return found


@given(st.lists(outcomes(), max_size=10))
def test_screening_sets_aside_what_the_same_in_lists_does(given_outcomes: list[Outcome]) -> None:
    screening = Screening(catalog(), BusinessSettings(), counts)
    found = list(given_outcomes)
    for outcome in found:
        screening._register.add(outcome)  # without the rules of each draft, which these break
    screening.set_aside(found)
    wanted = in_lists(given_outcomes)
    assert [type(outcome) for outcome in found] == [type(outcome) for outcome in wanted]
    for outcome, other in zip(found, wanted, strict=True):
        if isinstance(outcome, Draft) and isinstance(other, Draft):
            assert list(outcome.references) == list(other.references)
        if isinstance(outcome, Quarantined) and isinstance(other, Quarantined):
            assert [each.code for each in outcome.findings] == [each.code for each in other.findings]
    gone = [o for o in found if isinstance(o, Quarantined) and o.orphan is not None]
    assert screening.has_orphans == bool(gone)
    assert all(finding.message for o in gone for finding in o.findings)


def test_references_that_only_shortening_makes_the_same_are_set_aside() -> None:
    def with_reference(key: str, value: str, original: str = "") -> Draft:
        change = Change("reference", original, value, "short_reference: {length: 10}", PLACE)
        body = {"reference": value}
        return Draft("contact", key, body, {}, (PLACE,), PLACE, changes=(change,) if original else ())

    short = "CUSTCDL4Y4"
    found: list[Outcome] = [
        with_reference("a/1", short, "CUSTOMER-136111"),
        with_reference("a/2", short, "CUSTOMER-116227"),
        with_reference("a/3", short, "CUSTOMER-136111"),  # the same original is no fault of shortening
        with_reference("a/4", short),  # it was not shortened
        with_reference("a/5", "MONT4D5RLK", "MONTGOMERY-BROTHERS"),
        with_reference("a/6", "MONT4D5RLK", "MONTGOMERY-BROTHERS"),
        with_reference("b/7", short, "CUSTOMER-136112"),  # of a mapping that shortens nothing
    ]
    screening = Screening(catalog(), BusinessSettings(), shortened={"a": {"reference": "reference"}})
    for outcome in found:
        assert isinstance(outcome, Draft)
        screening._add_short(outcome)
        screening._register.add(outcome)
    screening.set_aside(found)
    assert [outcome.key for outcome in found if isinstance(outcome, Quarantined)] == [
        "a/1",
        "a/2",
        "a/3",
        "a/4",
    ]
    assert isinstance(found[3], Quarantined)
    assert [str(finding) for finding in found[3].findings] == [
        "source.csv:7: contact a/4: reference 'CUSTCDL4Y4' and 'CUSTOMER-136111' are both shortened to "
        "'CUSTCDL4Y4'. Give one of them another reference in the source, or allow more characters: length."
    ]


def merged(key: str, into: str) -> LeftOut:
    return LeftOut("contact", key, "joined", "a branch", (PLACE,), merged_into=into)


def draft(key: str, *references: str, kind: str = "contact") -> Draft:
    body = {"x": [Reference("contact", other) for other in references]}
    return Draft(kind, key, body, {}, (PLACE,), PLACE)


def screened(*given_outcomes: Outcome) -> list[Outcome]:
    screening, found = Screening(catalog(), BusinessSettings()), list(given_outcomes)
    for outcome in found:
        screening._register.add(outcome)  # without the rules of each draft, which these break
    screening.set_aside(found)
    return found


def referred_to(outcome: Outcome) -> list[object]:
    assert isinstance(outcome, Draft), outcome
    return [reference.key for reference in outcome.references]


def test_references_to_a_merged_record_lead_to_the_one_it_is_merged_into() -> None:
    found = screened(merged("a/1", "a/2"), draft("a/2"), draft("b/1", "a/1", kind="product"))
    assert referred_to(found[2]) == ["a/2"]
    chain = screened(
        merged("a/1", "a/2"), merged("a/2", "a/3"), draft("a/3"), draft("b/1", "a/1", "a/2", kind="product")
    )
    assert referred_to(chain[3]) == ["a/3", "a/3"]


def test_a_record_merged_into_one_that_is_not_sent_is_quarantined_with_what_refers_to_it() -> None:
    found = screened(merged("a/1", "a/9"), draft("b/1", "a/1", kind="product"))
    assert [outcome.findings[0].code for outcome in found if isinstance(outcome, Quarantined)] == [
        Code.MERGED_INTO_NOTHING,
        Code.REFERENCE_MISSING,
    ]
    circle = screened(merged("a/1", "a/2"), merged("a/2", "a/1"))
    assert all(isinstance(outcome, Quarantined) for outcome in circle)
    itself = screened(merged("a/1", "a/1"))
    assert isinstance(itself[0], Quarantined)


def test_a_record_left_out_for_another_reason_is_not_merged() -> None:
    """It has the key of a draft in whose place another counts, which itself is not sent."""

    def product(key: str, *references: Reference) -> Draft:
        return Draft("product", key, {"x": references}, {"reference": "1"}, (PLACE,), PLACE)

    found: list[Outcome] = [
        product("a/0", Reference("contact", "a/9")),
        LeftOut("product", "a/1", "rule", "reason", (PLACE,)),
        product("a/1"),
    ]
    screening = Screening(catalog(), BusinessSettings(), counts)
    for outcome in found:
        screening._register.add(outcome)
    screening.set_aside(found)
    assert [type(outcome) for outcome in found] == [Quarantined, LeftOut, LeftOut]
