"""Objects that are held compressed read as the mapping that was packed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import DamagedStoreError
from sagerecon.model.packed_json import PackedJson, Packer
from sagerecon.model.value import canonical, read_json
from sagerecon.pairing.canonical import flat, held_tree, wanted_tree
from sagerecon.pairing.held import Held, OriginFacts
from sagerecon.pairing.identity import Identities

_LEAVES = st.none() | st.booleans() | st.integers() | st.text()
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(st.lists(st.dictionaries(st.text(), _VALUES), min_size=1, max_size=5))
def test_what_was_packed_is_read(objects: list[dict[str, Any]]) -> None:
    packer = Packer()
    packed = [packer.pack(json.dumps(each), "thing") for each in objects]
    assert packed == objects and [dict(each) for each in packed] == objects
    assert [canonical(each) for each in packed] == [canonical(each) for each in objects]
    assert [len(each) for each in packed] == [len(each) for each in objects]


def test_an_object_inside_another_is_read_alone() -> None:
    packer = Packer()
    assert packer.pack('{"body": {"a": 1.50}, "key": "k"}', "step", "body") == {"a": Decimal("1.50")}
    assert packer.pack('{"key": "k"}', "step", "body") == {}


def test_a_thousand_like_entities_take_a_tenth_of_their_text() -> None:
    packer = Packer()
    line = {"description": "Oak boards, planed and cut to size", "net_amount": "11.85", "tax_rate": "GB_ZERO"}
    texts = [json.dumps({"id": f"{n:032}", "reference": f"I{n}", "lines": [line] * 20}) for n in range(1_000)]
    packed = [packer.pack(text, "sales_invoice") for text in texts]
    kept = sum(getsizeof(each._data) for each in packed)
    assert 10 * kept < sum(map(len, texts))
    assert packed[999]["reference"] == "I999"


def test_packed_bodies_compare_as_those_that_are_not() -> None:
    answer = {
        "id": "a" * 32,
        "reference": "C1",
        "main_address": {"id": "b" * 32, "city": "Leeds"},
        "created_at": "2026-01-05T08:00:02Z",
    }
    sent = {"reference": "C1", "main_address": {"city": "Leeds"}}
    fields, packer = catalog()["contact"].fields, Packer()
    plain = Written("contact", "customers/C1", "a" * 32, sent, answer, 0, "")
    packed = replace(
        plain,
        sent=packer.pack(json.dumps({"body": sent}), "step", "body"),
        answer=packer.pack(json.dumps(answer), "contact"),
    )
    assert packed == plain and isinstance(packed.answer, PackedJson)
    trees = []
    for record in (plain, packed):
        entity = Entity("contact", record.sage_id, record.answer)
        identities = Identities([record], [entity], catalog())
        anchor = wanted_tree(record.sent, fields, identities)
        trees.append((flat(anchor), flat(held_tree(anchor, record.answer, fields, identities))))
    assert trees[0] == trees[1]
    nothing = Held.collect((), ())
    facts = [OriginFacts.collect((), None, [record], nothing, catalog()) for record in (plain, packed)]
    assert facts[0] == facts[1] and "b" * 32 in facts[1].created_by_sage


def test_numbers_are_exact() -> None:
    text = '{"amount": 12345678901234567.89}'
    assert Packer().pack(text, "x")["amount"] == read_json(text)["amount"] == Decimal("12345678901234567.89")


@pytest.mark.parametrize("text", ["[1]", "5", "not JSON", '{"a": 1e99999999999999999999}'])
def test_what_is_no_object_is_a_damaged_store(text: str) -> None:
    packed = Packer().pack(text, "contact")
    with pytest.raises(DamagedStoreError):
        packed.get("name")
