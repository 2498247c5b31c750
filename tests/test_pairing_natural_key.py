"""Natural keys in one spelling."""

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.natural_key import natural_keys, normal_key

KINDS = catalog()


def test_an_entity_has_a_key_in_each_field_with_a_value() -> None:
    account = {"nominal_code": 41, "name": "Sales", "displayed_as": "Sales (0041)"}
    assert [*natural_keys(KINDS, KINDS["ledger_account"], account, ["name", "nominal_code"])] == [
        NaturalKey("name", "Sales"),
        NaturalKey("nominal_code", "41"),
    ]
    bank = {"id": "B1", "ledger_account": {"id": "L9", "nominal_code": 1200}}
    fields = ["id", "ledger_account.nominal_code", "bank_account_details.account_name"]
    assert [*natural_keys(KINDS, KINDS["bank_account"], bank, fields)] == [
        NaturalKey("id", "B1"),
        NaturalKey("ledger_account.nominal_code", "1200"),
    ]


def test_a_link_is_a_key_by_its_id_under_the_name_that_is_sent_too() -> None:
    opening = {"bank_account": {"id": "B1", "ID": "X", "displayed_as": "Current"}}
    fields = ["bank_account", "bank_account_id"]
    assert [*natural_keys(KINDS, KINDS["bank_opening_balance"], opening, fields)] == [
        NaturalKey("bank_account", "B1"),
        NaturalKey("bank_account_id", "B1"),
    ]


def test_what_is_empty_is_no_key() -> None:
    contact = {"reference": "", "name": None, "contact_types": [{"id": "CUSTOMER"}]}
    fields = ["reference", "name", "source_guid", "contact_types"]
    assert [*natural_keys(KINDS, KINDS["contact"], contact, fields)] == []


@pytest.mark.parametrize(
    ("kind", "field", "value", "kept"),
    [
        ("ledger_account", "nominal_code", "0041", "41"),
        ("ledger_account", "nominal_code", "000", "0"),
        ("ledger_account", "nominal_code", "4" * 5_000, "4" * 5_000),
        ("ledger_account", "nominal_code", "41a", "41a"),
        ("contact", "reference", "0041", "0041"),
    ],
)
def test_each_number_has_one_spelling_as_a_key(kind: str, field: str, value: str, kept: str) -> None:
    assert normal_key(KINDS, KINDS[kind], NaturalKey(field, value)) == NaturalKey(field, kept)
