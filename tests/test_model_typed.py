"""A value that was read from a file has the types that its class declares, or is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from sagerecon.model.draft import Change, Draft
from sagerecon.model.place import Place
from sagerecon.model.typed import require_types


class _Sort(Enum):
    ONE = "one"


@dataclass(frozen=True, slots=True)
class _Inner:
    name: str


@dataclass(frozen=True, slots=True)
class _Changes:
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    text: str = ""
    number: int = 0
    flag: bool = False
    amount: Decimal | None = None
    sort: _Sort = _Sort.ONE
    names: tuple[str, ...] = ()
    pair: tuple[str, int] = ("", 0)
    table: Mapping[str, Sequence[int]] | None = None
    inner: _Inner = _Inner("")
    inners: tuple[_Inner, ...] = ()
    anything: Any = None


@pytest.mark.parametrize(
    "value",
    [
        _Value(),
        _Value(text="ünï", number=2**62, flag=True, amount=Decimal("1.50"), names=("a", "b")),
        _Value(pair=("a", 1), table={"a": [1, 2]}, inner=_Inner("x"), inners=(_Inner("y"),)),
        _Value(anything={"a": [1, None, True, "x", Decimal(1)]}),
    ],
)
def test_a_value_of_its_types_is_returned(value: _Value) -> None:
    assert require_types(value) is value


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("text", 1),
        ("text", None),
        ("text", "\ud800"),
        ("number", "1"),
        ("number", True),
        ("number", 1.0),
        ("number", 2**63),
        ("flag", 1),
        ("amount", "1"),
        ("amount", Decimal("1e999")),
        ("amount", Decimal("NaN")),
        ("sort", "one"),
        ("names", ["a"]),
        ("names", ("a", 1)),
        ("names", "ab"),
        ("pair", ("a",)),
        ("pair", (1, "a")),
        ("table", {"a": ["b"]}),
        ("table", {1: [1]}),
        ("table", []),
        ("inner", {"name": "a"}),
        ("inner", _Inner(1)),
        ("inners", (_Inner(None),)),
        ("anything", 0.5),
        ("anything", {"a": ["\ud800"]}),
        ("anything", {1: 2}),
        ("anything", [Decimal("1e99999999")]),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match="is of another type than it has to be"):
        require_types(_Value(**{field: wrong}))


def test_types_that_refer_to_themselves_are_checked_as_json_is() -> None:
    good = Draft("contact", "c/1", {"name": ["x"]}, {"reference": "1"}, (Place("a.csv", 2),), Place("m.yaml"))
    assert require_types(good) is good
    with pytest.raises(ValueError, match=r"Draft\.body"):
        require_types(Draft("contact", "c/1", {"name": 0.5}, {}, (), Place("m.yaml")))


def test_the_fields_of_a_named_tuple_are_checked() -> None:
    change = Change(field="name", before="a", after="b", rule="trim", place=Place("a.yaml", 1, 2))
    assert require_types(_Changes((change,)))
    with pytest.raises(ValueError, match="after"):
        require_types(_Changes((change._replace(after=5),)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="changes"):
        require_types(_Changes((tuple(change),)))  # type: ignore[arg-type]
