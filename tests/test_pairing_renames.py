"""Records written under another key are found, and only those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import customer, invoice
from strategies import hostile_texts

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, node_document
from sagerecon.model.entity import Written
from sagerecon.model.key import source_key
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.renames import MappingNames, Rename, RenameRule, find_renames, spelling, spelling_rule


def written(draft: Draft) -> Written:
    return Written(
        kind=draft.kind,
        key=draft.key,
        sage_id=f"id of {draft.key}",
        sent=node_document(draft.body),
        answer={},
        written_at=0,
        content="f",
        amount=draft.amount,
        identity=draft.identity,
    )


def document(
    key: str, customer_key: str = "customers/C1", amount: str = "10.00", day: str = "2026-01-01"
) -> Draft:
    draft = invoice(1, customer_key)
    body = {**draft.body, "date": day, "reference": key.partition("/")[2]}
    return replace(draft, key=key, body=body, identity={}, amount=Decimal(amount))


def found(
    new: list[Draft], lost: list[Draft], now: str = "customers invoices", earlier: str = "customers invoices"
) -> Mapping[str, tuple[RenameRule, list[str]]]:
    names = MappingNames(now=set(now.split()), earlier=set(earlier.split()))
    renames: Mapping[str, Rename] = find_renames(new, [written(draft) for draft in lost], names, catalog())
    return {key: (rename.rule, [record.key for record in rename.earlier]) for key, rename in renames.items()}


@pytest.mark.parametrize(
    ("before", "now", "rule"),
    [
        ("0001042", "1042", RenameRule.LEADING_ZEROS),
        ("INV-0042", "INV-42", RenameRule.LEADING_ZEROS),
        ("0012|007", "12|7", RenameRule.LEADING_ZEROS),
        ("inv-42", "INV-42", RenameRule.LETTER_CASE),
        ("42", " 42 ", RenameRule.SPACES),
        ("1042", "1042.0", RenameRule.DECIMALS),
        ("INV-042", "inv 42", RenameRule.SPELLING),
        ("Café 1", "CAFE-1", RenameRule.SPELLING),
    ],
)
def test_a_key_that_is_spelt_otherwise_is_explained(before: str, now: str, rule: RenameRule) -> None:
    other = document(f"invoices/{now}", amount="99.00")
    assert found([other], [document(f"invoices/{before}")]) == {other.key: (rule, [f"invoices/{before}"])}


@pytest.mark.parametrize(("one", "other"), [("1", "10"), ("A-1-2", "A-12"), ("1|23", "12|3"), ("0", "00x")])
def test_other_keys_are_other_records(one: str, other: str) -> None:
    assert found([document(f"invoices/{one}", amount="99.00")], [document(f"invoices/{other}")]) == {}


def test_a_record_with_another_key_is_known_by_contact_date_and_amount() -> None:
    before = document("invoices/A17", "customers/0001")
    same = document("invoices/2016-44", "customers/1")
    assert found([same], [before]) == {same.key: (RenameRule.CONTENT, [before.key])}
    for other in (
        document("invoices/B1", "customers/2"),
        document("invoices/B1", "customers/1", amount="10.01"),
        document("invoices/B1", "customers/1", day="2026-01-02"),
    ):
        assert found([other], [before]) == {}


def test_a_draft_that_may_be_one_of_several_gets_all_of_them() -> None:
    lost = [document("invoices/042"), document("invoices/0042")]
    assert found([document("invoices/42")], lost) == {
        "invoices/42": (RenameRule.LEADING_ZEROS, ["invoices/042", "invoices/0042"])
    }


def test_the_better_rule_takes_the_record() -> None:
    lost = [document("invoices/0042"), document("invoices/0043")]
    new = [document("invoices/42"), document("invoices/43"), document("invoices/X1", amount="7.00")]
    assert {key: keys for key, (_, keys) in found(new, lost).items()} == {
        "invoices/42": ["invoices/0042"],
        "invoices/43": ["invoices/0043"],
    }


def test_the_same_identity_in_sage_is_the_same_record() -> None:
    other = replace(customer(1), key="customers/7")
    assert found([other], [customer(1)]) == {other.key: (RenameRule.SAME_REFERENCE, ["customers/C1"])}


def test_a_contact_with_another_number_is_known_by_all_else_or_by_its_name() -> None:
    before = customer(1)
    other = replace(
        before, key="customers/7", body={**before.body, "reference": "7"}, identity={"reference": "7"}
    )
    assert found([other], [before]) == {other.key: (RenameRule.OTHER_FIELDS, ["customers/C1"])}
    moved = replace(other, body={**other.body, "notes": "moved to York"})
    assert found([moved], [before]) == {other.key: (RenameRule.NAME, ["customers/C1"])}
    assert found([replace(moved, body={**moved.body, "name": "Another Ltd"})], [before]) == {}


def test_a_journal_with_another_number_is_known_by_date_and_amount_or_by_all_else() -> None:
    lines = [{"details": "x", "debit": Decimal("5.00")}, {"details": "x", "credit": Decimal("5.00")}]

    def journal(number: str, amount: str = "", day: str = "2026-01-01", line: str = "x") -> Draft:
        body = {"date": day, "reference": number, "journal_lines": [{**lines[0], "details": line}, lines[1]]}
        of = Decimal(amount) if amount else None
        return replace(document(f"journals/{number}"), kind="journal", body=body, amount=of)

    earlier = {"journals/K1": (RenameRule.DATE_AND_AMOUNT, ["journals/J1"])}
    assert found([journal("K1", "5", line="y")], [journal("J1", "5")]) == earlier
    assert found([journal("K1", "5.01")], [journal("J1", "5")]) == {}
    assert found([journal("K1", "5", day="2026-01-02", line="y")], [journal("J1", "5")]) == {}
    assert found([journal("K1")], [journal("J1")]) == {
        "journals/K1": (RenameRule.OTHER_FIELDS, ["journals/J1"])
    }
    assert found([journal("K1", line="y")], [journal("J1")]) == {}


def test_a_mapping_of_another_name_or_kind_is_recognised() -> None:
    moved = document("documents/42")
    assert found([moved], [document("invoices/42")], now="documents", earlier="invoices") == {
        moved.key: (RenameRule.OTHER_MAPPING, ["invoices/42"])
    }
    quick = replace(document("invoices/42"), kind="sales_quick_entry")
    assert found([quick], [document("invoices/42")]) == {quick.key: (RenameRule.OTHER_KIND, ["invoices/42"])}


def test_two_mappings_in_use_do_not_share_their_numbers() -> None:
    supplier = replace(customer(1), key="suppliers/C1", identity={"reference": "S1"})
    assert found([supplier], [customer(1)], now="customers suppliers", earlier="customers suppliers") == {}
    assert found([supplier], [customer(1)], now="customers suppliers", earlier="customers") != {}


@given(st.lists(hostile_texts, min_size=1, max_size=2))
def test_any_key_has_a_spelling_and_equals_itself(parts: list[str]) -> None:
    key = source_key(parts)
    assert spelling(key) == spelling(f" {key} ")
    assert isinstance(spelling_rule(key, key.upper()), RenameRule)
    assert found([document(f"invoices/{key}")], [], now="invoices") == {}


def test_a_document_is_found_whose_contact_has_another_number_too() -> None:
    """Before the contact is decided on, by what it may be; after it was taken over, by its entity in Sage."""
    before = document("invoices/A17", "customers/C1")
    same = document("invoices/B44", "customers/7")
    contact = replace(customer(1), key="customers/7", identity={"reference": "7"})
    assert found([contact, same], [customer(1), before]) == {
        "customers/7": (RenameRule.NAME, ["customers/C1"]),
        "invoices/B44": (RenameRule.CONTENT, ["invoices/A17"]),
    }
    assert found([same], [before]) == {}
    names = MappingNames(now={"customers", "invoices"}, earlier={"customers", "invoices"})
    answer = {**written(before).answer, "contact": {"id": "id-C1"}}
    lost = replace(written(before), answer=answer)
    taken_over = replace(written(contact), sage_id="id-C1")
    identities = Identities([taken_over, lost], (), catalog())
    renames = find_renames([same], [lost], names, catalog(), identities)
    assert [record.key for record in renames["invoices/B44"].earlier] == ["invoices/A17"]
