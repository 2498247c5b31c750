"""What is sent once ids are known, pages read to their end, waits, and natural keys."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.clock import HOUR, MINUTE, SECOND
from sagerecon.model.draft import Reference
from sagerecon.model.key import Key, NaturalKey
from sagerecon.planning.request import filled_in, natural_keys, normal_key
from sagerecon.runner.pacing import TRIES, is_over, wait_after_failure, wait_after_refusal
from sagerecon.runner.pages import read_page

KINDS = catalog()


KNOWN = {("contact", "customers/C1"): "A1", ("ledger_account", NaturalKey("nominal_code", "41")): "L1"}


class Ids:
    def sage_id(self, kind: str, key: Key) -> str | None:
        return KNOWN.get((kind, key))

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        return {"payment_on_account": {"id": "P1"}} if key == "payments/1" else None


def test_references_become_ids_and_values_become_json() -> None:
    missing: list[Reference] = []
    body = {
        "contact_id": Reference("contact", "customers/C1"),
        "date": date(2026, 1, 31),
        "total_amount": Decimal("12.5"),
        "lines": [{"ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "0041"))}],
        "artefact_id": Reference("contact_payment", "payments/1", "payment_on_account"),
        "tax_rate_id": Reference("tax_rate", NaturalKey("id", "GB_STANDARD")),
    }
    assert filled_in(body, Ids(), KINDS, missing) == {
        "contact_id": "A1",
        "date": "2026-01-31",
        "total_amount": "12.50",
        "lines": [{"ledger_account_id": "L1"}],
        "artefact_id": "P1",
        "tax_rate_id": "GB_STANDARD",
    }
    assert missing == []


def test_what_has_no_id_is_named() -> None:
    missing: list[Reference] = []
    wanted = [Reference("contact", "customers/C2"), Reference("contact_payment", "x", "payment_on_account")]
    filled_in(wanted, Ids(), KINDS, missing)
    assert missing == wanted


def test_the_keys_an_entity_bears() -> None:
    account = {"nominal_code": 41, "name": "Sales", "displayed_as": "Sales (0041)"}
    assert natural_keys(KINDS["ledger_account"], account, ["name", "nominal_code"]) == [
        NaturalKey("name", "Sales"),
        NaturalKey("nominal_code", "41"),
    ]
    bank = {"id": "B1", "ledger_account": {"id": "L9", "nominal_code": 1200}}
    fields = ["id", "ledger_account.nominal_code", "bank_account_details.account_name"]
    assert natural_keys(KINDS["bank_account"], bank, fields) == [
        NaturalKey("id", "B1"),
        NaturalKey("ledger_account.nominal_code", "1200"),
    ]


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
    assert normal_key(KINDS[kind], NaturalKey(field, value)) == NaturalKey(field, kept)


QUERY = {"items_per_page": "2"}


@pytest.mark.parametrize(
    ("body", "page", "is_last"),
    [
        ({"$total": 4, "$page": 1, "$items": [{}, {}]}, 1, False),
        ({"$total": 4, "$page": 2, "$next": "/more", "$items": [{}, {}]}, 2, True),  # the count decides
        ({"$total": 0, "$page": 1, "$items": []}, 1, True),
        ({"$next": "/contacts?page=2", "$items": [{}, {}]}, 1, False),
        ({"$next": None, "$items": [{}, {}]}, 1, True),
        ({"$items": [{}, {}]}, 1, False),
        ({"$items": [{}]}, 3, True),
        ({"$total": 9, "$page": 2, "$items": []}, 2, True),
    ],
)
def test_where_a_listing_ends(body: dict[str, Any], page: int, is_last: bool) -> None:
    assert read_page(body, page, QUERY).is_last is is_last


def test_past_its_end_sage_gives_the_last_page_again() -> None:
    found = read_page({"$page": 2, "$items": [{"id": "A"}]}, 3, QUERY)
    assert (found.items, found.is_last, found.is_repeated) == ([], True, True)


def test_a_single_thing_is_a_page_of_its_own() -> None:
    assert read_page({"from_date": "2026-01-01"}, 1, {}).items == [{"from_date": "2026-01-01"}]
    assert read_page(None, 1, {}).items == []


def test_waits_double_to_a_minute_with_some_chance_in_them() -> None:
    waits = [wait_after_failure(number, Random(1)) for number in range(1, 12)]
    for wait, least in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], strict=True):
        assert least * SECOND <= wait < least * SECOND * 5 // 4
    assert next(number for number in range(1, 12) if is_over(number)) == TRIES


def test_the_servers_word_comes_first_and_then_the_day_is_meant() -> None:
    chance = Random(1)
    assert wait_after_refusal(1, 3 * SECOND, chance) == 3 * SECOND
    assert wait_after_refusal(1, 0, chance) == 0
    assert wait_after_refusal(1, 5 * HOUR, chance) == 5 * HOUR
    long = [wait_after_refusal(TRIES + number, None, chance) for number in range(1, 5)]
    assert long == [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 60 * MINUTE]
