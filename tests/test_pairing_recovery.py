"""Drafts beside the entities of their kind that no record owns."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.entity import Entity
from sagerecon.pairing.recovery import Found, Holdings, Likeness, Rung, Wanted

CATALOG = catalog()
KIND = CATALOG["contact_opening_balance"]


def wanted(
    number: str = "I1", amount: str = "10.00", *, contact: str = "C", day: str = "2017-02-01"
) -> Wanted:
    body = {"date": day, "total_amount": amount}
    if number:
        body["reference"] = number
    if contact:
        body["contact_id"] = contact
    return Wanted(body=body, is_complete=bool(contact), identity={}, amount=Decimal(amount))


def entity(sage_id: str, number: str = "I1", amount: str = "10.0", contact: str = "C", **more: str) -> Entity:
    body = {"reference": number, "total_amount": amount, "contact": {"id": contact}, "date": "2017-02-01"}
    return Entity(KIND.name, sage_id, {**body, **more})


def claim(draft: Wanted, *entities: Entity, twins: int = 1) -> Found:
    holdings = Holdings(CATALOG, KIND, entities)
    found = holdings.claim(draft, twins)
    return holdings.similar(draft) if found.likeness is Likeness.NONE else found


def test_an_equal_entity_is_found_once() -> None:
    holdings = Holdings(CATALOG, KIND, [entity("1")])
    found = holdings.claim(wanted(), 1)
    assert (found.likeness, found.entities[0].sage_id) == (Likeness.EQUAL, "1")
    assert holdings.claim(wanted(), 1).likeness is Likeness.NONE


def test_what_sage_deleted_is_not_there() -> None:
    assert claim(wanted(), entity("1", deleted_at="2017-02-02T00:00:00Z")).likeness is Likeness.NONE


def test_more_equal_entities_than_drafts_are_several() -> None:
    assert claim(wanted(), entity("1"), entity("2")).likeness is Likeness.SEVERAL
    assert claim(wanted(), entity("1"), entity("2"), twins=2).likeness is Likeness.EQUAL


def test_an_entity_with_the_contact_and_the_number_or_the_amount_is_similar() -> None:
    assert claim(wanted(), entity("1", amount="11.00")).likeness is Likeness.SIMILAR
    assert claim(wanted(), entity("1", number="I2")).likeness is Likeness.SIMILAR
    assert claim(wanted(), entity("1", number="I2", amount="11.00")).likeness is Likeness.NONE
    assert claim(wanted(), entity("1", contact="D")).likeness is Likeness.NONE
    assert "total_amount is '11.00'" in claim(wanted(), entity("1", amount="11.00")).why


def test_each_rung_finds_what_the_one_before_does_not() -> None:
    zeros, renumbered = entity("1", number="i-0001", amount="11.00"), entity("2", number="R7")
    assert claim(wanted(), entity("0", amount="11.00"), zeros, renumbered).rung is Rung.KEY
    assert claim(wanted(), zeros, renumbered).rung is Rung.SPELLING
    assert claim(wanted(), renumbered).rung is Rung.CONTENT
    assert claim(wanted(contact=""), renumbered).rung is Rung.DATE_AND_AMOUNT
    assert claim(wanted(number="", day="2017-02-02"), zeros, renumbered).rung is None


def test_an_entity_with_the_key_of_a_draft_is_no_other_spelling() -> None:
    holdings = Holdings(CATALOG, KIND, [entity("1", number="I01", amount="11.00")])
    assert holdings.similar(wanted()).rung is Rung.SPELLING
    assert holdings.similar(wanted(), keyed={"1"}).likeness is Likeness.NONE


def test_numbers_without_a_letter_or_digit_are_spelt_like_no_other() -> None:
    assert claim(wanted(number="--"), entity("1", number="/", amount="11.00")).likeness is Likeness.NONE


def test_amounts_of_38_digits_are_compared_digit_by_digit() -> None:
    ours, other = "1" * 36 + ".01", "1" * 36 + ".02"
    assert claim(wanted(amount=ours), entity("1", number="I2", amount=ours)).likeness is Likeness.SIMILAR
    assert claim(wanted(amount=ours), entity("1", number="I2", amount=other)).likeness is Likeness.NONE


def test_without_its_contact_an_equal_entity_is_not_certain() -> None:
    assert claim(wanted(contact=""), entity("1")).likeness is Likeness.UNRESOLVED


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["I1", "I2", ""]), st.sampled_from(["1.00", "2.00"])), max_size=8),
    st.lists(st.tuples(st.sampled_from(["I1", "I2", ""]), st.sampled_from(["1.00", "2.00"])), max_size=8),
)
def test_what_is_adopted_and_what_is_created_never_doubles(
    drafts: list[tuple[str, str]], held: list[tuple[str, str]]
) -> None:
    """Of each content, Sage ends with as many entities as the larger side has, waiting drafts apart."""
    entities = [entity(str(number), *content) for number, content in enumerate(held)]
    holdings, left = Holdings(CATALOG, KIND, entities), Counter(drafts)
    taken: dict[str, tuple[str, str]] = {}
    created: Counter[tuple[str, str]] = Counter()
    unpaired = []
    for draft in drafts:
        found = holdings.claim(wanted(*draft), left[draft])
        if found.likeness is Likeness.EQUAL:
            left[draft] -= 1
            assert found.entities[0].sage_id not in taken
            taken[found.entities[0].sage_id] = draft
        else:
            unpaired.append(draft)
    for draft in unpaired:
        found = holdings.claim(wanted(*draft), left[draft])
        likeness = holdings.similar(wanted(*draft)).likeness if found.likeness is Likeness.NONE else None
        created[draft] += likeness is Likeness.NONE
    for content, count in Counter(drafts).items():
        assert created[content] + held.count(content) <= max(count, held.count(content))
