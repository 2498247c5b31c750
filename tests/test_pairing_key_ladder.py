"""Keys find the entity of a record; another spelling, or contact, date and amount, only suggest it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from reconciliation_cases import CATALOG, contact, invoice

from sagerecon.documents.package import catalog as shipped_catalog
from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft, OnExisting
from sagerecon.model.entity import Entity
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import HeldMatch, KeyLadder, Match, MatchMethod
from sagerecon.pairing.read_from_sage import ReadFromSage
from sagerecon.pairing.recovery import Rung

SHIPPED = shipped_catalog()
OAK = contact("C1", "Oak")


def matches(
    drafts: Iterable[Draft], *held: Entity, taken: Iterable[str] = (), catalog: Catalog = CATALOG
) -> dict[tuple[str, str], HeldMatch]:
    ladder = KeyLadder(catalog=catalog, identities=Identities((), held, catalog), comparisons={}, seen_at={})
    return ladder.match(list(drafts), held, frozenset(taken))


def contacts(*references: str) -> list[Entity]:
    return [Entity("contact", f"id-{r}", {"reference": r}) for r in references]


def match(draft: Draft, *held: Entity) -> Match:
    found = matches([draft], *held).get((draft.kind, draft.key))
    return found.match if found is not None else Match(MatchMethod.NONE)


def document(sage_id: str, owner: str, reference: str = "", total: str = "1.00") -> Entity:
    body = {
        "contact": {"id": owner},
        "date": "2017-03-01",
        "reference": reference,
        "total_amount": total,
    }
    return Entity("contact_opening_balance", sage_id, body)


def test_methods_are_tried_in_order() -> None:
    assert match(OAK, *contacts("C1", "C-01")) == Match(MatchMethod.NATURAL_KEY, ("id-C1",))
    assert match(OAK, *contacts("c-01")) == Match(MatchMethod.SUGGESTION, ("id-c-01",))
    assert match(OAK, *contacts("C2")) == Match(MatchMethod.NONE)
    two = [Entity("contact", name, {"reference": "C1"}) for name in "ab"]
    assert match(OAK, *two) == Match(MatchMethod.AMBIGUOUS, ("a", "b"))


def test_a_number_matches_however_it_is_spelt() -> None:
    account = Draft("ledger_account", "accounts/1", {}, {"nominal_code": "0042"}, (), NOWHERE)
    held = Entity("ledger_account", "id-42", {"nominal_code": 42})
    assert match(account, held) == Match(MatchMethod.NATURAL_KEY, ("id-42",))


@pytest.mark.parametrize("body", [{"deleted_at": "2017-04-02"}, {"status": {"id": "VOID"}}])
def test_what_is_gone_is_found_for_no_record(body: dict[str, object]) -> None:
    assert match(OAK, Entity("contact", "id-1", {"reference": "C1", **body})) == Match(MatchMethod.NONE)


def test_a_document_is_found_by_its_number_of_the_same_contact() -> None:
    held = [*contacts("C1", "C2"), document("id-1", "id-C1", "1001"), document("id-2", "id-C2", "1001")]
    drafts = [OAK, invoice("1001", "C1", "1.00")]
    found = matches(drafts, *held)
    assert found["contact", "customers/C1"].entities == (held[0],)
    assert found["contact_opening_balance", drafts[1].key].entities == (held[2],)
    assert found["contact_opening_balance", drafts[1].key].rung is Rung.KEY


def test_contact_date_and_amount_only_suggest_and_precede_no_key() -> None:
    drafts = [OAK, invoice("1001", "C1", "1.00"), invoice("1002", "C1", "1.00")]
    held = [*contacts("C1"), document("id-1", "id-C1", "1001"), document("id-2", "id-C1", "X")]
    found = matches(drafts, *held)
    assert [at.entities[0].sage_id for at in found.values()] == ["id-C1", "id-1", "id-2"]
    by_content = found["contact_opening_balance", drafts[2].key]
    assert (by_content.rung, by_content.is_adopted) == (Rung.CONTENT, False)
    assert list(matches(drafts, *held, taken=["id-2"])) == list(found)[:2]


@pytest.mark.parametrize(
    ("on_existing", "name", "is_adopted"),
    [
        (OnExisting.ADOPT, "Ash", True),
        (OnExisting.ADOPT_IF_EQUAL, "Oak", True),
        (OnExisting.ADOPT_IF_EQUAL, "Ash", False),
        (OnExisting.ERROR, "Oak", False),
        (OnExisting.CREATE, "Oak", False),
    ],
)
def test_a_run_adopts_by_itself_what_its_mapping_says(
    on_existing: OnExisting, name: str, is_adopted: bool
) -> None:
    draft = replace(OAK, on_existing=on_existing)
    types = [{"id": "CUSTOMER"}]
    held = Entity("contact", "id-1", {"reference": "C1", "name": name, "contact_types": types})
    (found,) = matches([draft], held).values()
    assert (found.is_adopted, found.suspect.is_equal) == (is_adopted, name == "Oak")


@pytest.mark.parametrize(
    ("on_existing", "name", "others", "is_adoptable"),
    [
        (OnExisting.CREATE, "Oak", (), True),
        (OnExisting.ERROR, "Oak", (), False),
        (OnExisting.CREATE, "Ash", (), False),
        (OnExisting.CREATE, "Oak", ("late/C1",), False),
    ],
    ids=["equal", "error", "differs", "another record may be it too"],
)
def test_a_plan_adopts_one_equal_entity_that_no_other_record_claims(
    on_existing: OnExisting, name: str, others: tuple[str, ...], is_adoptable: bool
) -> None:
    draft = replace(OAK, on_existing=on_existing)
    drafts = [draft, *(replace(draft, key=key) for key in others)]
    types = [{"id": "CUSTOMER"}]
    entity = Entity("contact", "id-1", {"reference": "C1", "name": name, "contact_types": types})
    read = ReadFromSage(whole={"contact": 5}, unowned=[entity]).with_matches(drafts, (), {}, CATALOG, {})
    suspect = read.suspect_of(draft)
    assert suspect is not None and suspect.is_adoptable is is_adoptable


def test_a_contact_that_differs_in_its_number_alone_or_has_the_same_name_is_suggested() -> None:
    types = [{"id": "CUSTOMER"}]
    held = Entity("contact", "id-7", {"reference": "7", "name": "OAK", "contact_types": types})
    found = matches([OAK], held, catalog=SHIPPED)["contact", OAK.key]
    assert (found.entities, found.rung, found.is_adopted) == ((held,), Rung.NAME, False)
    held = Entity("contact", "id-7", {"reference": "7", "name": "Oak", "contact_types": types})
    found = matches([OAK], held, catalog=SHIPPED)["contact", OAK.key]
    assert (found.entities, found.rung, found.is_adopted) == ((held,), Rung.OTHER_FIELDS, False)
    with_key = Entity("contact", "id-1", {"reference": "C1", "name": "Oak", "contact_types": types})
    assert matches([OAK], held, with_key, catalog=SHIPPED)["contact", OAK.key].entities == (with_key,)
    assert matches([OAK, contact("7", "Oak")], held, catalog=SHIPPED).keys() == {
        ("contact", contact("7", "Oak").key)
    }
    other = Entity("contact", "id-7", {"reference": "7", "name": "Oaken", "contact_types": types})
    assert matches([OAK], other, catalog=SHIPPED) == {}


def test_a_product_with_the_same_description_is_another_one() -> None:
    shirt = Draft(
        "product", "products/S", {"item_code": "S", "description": "Shirt"}, {"item_code": "S"}, (), NOWHERE
    )
    held = Entity("product", "id-1", {"item_code": "M", "description": "Shirt", "notes": "x"})
    found = matches([shirt], held, catalog=SHIPPED)["product", "products/S"]
    assert found.rung is Rung.OTHER_FIELDS
    green = replace(shirt, body={**shirt.body, "notes": "green"})
    assert matches([green], held, catalog=SHIPPED) == {}


def test_a_record_without_a_contact_is_suggested_by_date_and_amount() -> None:
    body = {"date": "2017-03-01", "reference": "J1", "journal_lines": []}
    journal = Draft("journal", "journals/J1", body, {}, (), NOWHERE, amount=Decimal("6.00"))

    def held(total: str, day: str = "2017-03-01") -> Entity:
        return Entity("journal", "id-1", {"date": day, "reference": "accrual", "total": total})

    found = matches([journal], held("6.0"), catalog=SHIPPED)["journal", "journals/J1"]
    assert found.rung is Rung.DATE_AND_AMOUNT
    assert "already (date and amount): " in found.suspect.reason
    for other in (held("6.01"), held("6.0", "2017-03-02")):
        assert matches([journal], other, catalog=SHIPPED) == {}


def test_what_has_no_amount_in_sage_is_suggested_by_all_other_fields_and_not_adopted_unasked() -> None:
    def held(day: str = "2017-03-01", debit: str = "5.0") -> Entity:
        body = {"date": day, "debit": debit, "credit": "0.0", "bank_account": {"id": "id-bank"}}
        return Entity("bank_opening_balance", "id-1", body)

    body = {"date": "2017-03-01", "debit": Decimal(5), "credit": Decimal(0), "bank_account_id": "id-bank"}
    opening = Draft("bank_opening_balance", "banks/Main", body, {}, (), NOWHERE)
    found = matches([opening], held(), catalog=SHIPPED)["bank_opening_balance", "banks/Main"]
    assert found.rung is Rung.OTHER_FIELDS
    assert (found.suspect.is_equal, found.suspect.is_adoptable, found.is_adopted) == (True, False, False)
    for other in (held(debit="6.0"), held(day="2017-03-02")):
        assert matches([opening], other, catalog=SHIPPED) == {}


def test_an_account_with_the_same_name_is_another_one() -> None:
    """Sage's own chart has accounts of many names; an account is what its code says."""
    body = {"nominal_code": 7777, "name": "Travel", "ledger_account_type_id": "OVERHEADS"}
    draft = Draft("ledger_account", "accounts/7777", body, {"nominal_code": "7777"}, (), NOWHERE)
    own = {"nominal_code": 7400, "name": "Travel", "ledger_account_type": {"id": "OVERHEADS"}}
    assert matches([draft], Entity("ledger_account", "id-1", own), catalog=SHIPPED) == {}
