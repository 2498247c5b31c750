"""Natural keys match, normalised keys only suggest."""

from __future__ import annotations

import pytest
from reconciliation_cases import CATALOG, contact

from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.key_ladder import KeyLadder, Match, MatchMethod, normalised


def held(*references: str) -> KeyLadder:
    return KeyLadder([Entity("contact", f"id-{r}", {"reference": r}) for r in references], CATALOG)


def test_methods_are_tried_in_order() -> None:
    assert held("C1", "C-01").match(contact("C1", "Oak")) == Match(MatchMethod.NATURAL_KEY, ("id-C1",))
    assert held("c-01").match(contact("C1", "Oak")) == Match(MatchMethod.SUGGESTION, ("id-c-01",))
    assert held("C2").match(contact("C1", "Oak")) == Match(MatchMethod.NONE)
    two = KeyLadder([Entity("contact", name, {"reference": "C1"}) for name in "ab"], CATALOG)
    assert two.match(contact("C1", "Oak")) == Match(MatchMethod.AMBIGUOUS, ("a", "b"))


def test_a_number_matches_however_it_is_spelt() -> None:
    account = Draft("ledger_account", "accounts/1", {}, {"nominal_code": "0042"}, (), NOWHERE)
    ladder = KeyLadder([Entity("ledger_account", "id-42", {"nominal_code": 42})], CATALOG)
    assert ladder.match(account) == Match(MatchMethod.NATURAL_KEY, ("id-42",))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("reference", "C-001", "c1"),
        ("reference", "Caf\u00e9 Noir", "cafenoir"),
        ("reference", "a=b/c|d", "abcd"),
        ("nominal_code", "0042", "42"),
        ("nominal_code", "0", "0"),
        ("reference", "100", "100"),
    ],
)
def test_normalised_keys(field: str, value: str, expected: str) -> None:
    assert normalised(NaturalKey(field, value)) == NaturalKey(field, expected)
