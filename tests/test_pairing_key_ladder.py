"""Natural keys match, normalised keys only suggest."""

from __future__ import annotations

import pytest
from reconciliation_cases import CATALOG, contact

from sagerecon.model.entity import Entity
from sagerecon.pairing.key_ladder import KeyLadder, Match, Rung, normalised


def held(*references: str) -> KeyLadder:
    return KeyLadder([Entity("contact", f"id-{r}", {"reference": r}) for r in references], CATALOG)


def test_the_rungs_in_their_order() -> None:
    assert held("C1", "C-01").climb(contact("C1", "Oak")) == Match(Rung.NATURAL_KEY, ("id-C1",))
    assert held("c-01").climb(contact("C1", "Oak")) == Match(Rung.SUGGESTION, ("id-c-01",))
    assert held("C2").climb(contact("C1", "Oak")) == Match(Rung.NONE)
    two = KeyLadder([Entity("contact", name, {"reference": "C1"}) for name in "ab"], CATALOG)
    assert two.climb(contact("C1", "Oak")) == Match(Rung.AMBIGUOUS, ("a", "b"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("reference=C-001", "reference=c1"),
        ("reference=Caf\u00e9 Noir", "reference=cafenoir"),
        ("nominal_code=0042", "nominal_code=42"),
        ("nominal_code=0", "nominal_code=0"),
        ("reference=100", "reference=100"),
    ],
)
def test_normalised_keys(key: str, expected: str) -> None:
    assert normalised(key) == expected
