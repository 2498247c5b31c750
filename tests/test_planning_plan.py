"""The plan file: written, read, refused; whatever its texts hold."""

import io
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import customer, invoice
from strategies import HOSTILE
from test_planning_planner import planned, through_a_file

from sagerecon.model.code import CheckName
from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.model.draft import Change, OnExisting, Reference
from sagerecon.model.errors import PlanStaleError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.standing import Standing
from sagerecon.planning.plan import Header, Plan, Purpose, Window, plan_lines, read_outline, read_plan
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    KeepStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
)


def test_a_plan_is_read_back_from_its_file_under_the_same_name() -> None:
    plan = planned(customer(1), replace(invoice(1, "customers/C1"), amount=Decimal("10.00")))
    read = through_a_file(plan)
    assert (read, read.hash, read.digest) == (plan, plan.hash, plan.hash)
    assert planned(customer(1, name="Other")).hash != plan.hash


def test_an_outline_has_all_but_the_bodies_and_is_guarded_by_the_seal() -> None:
    plan = planned(customer(1), replace(invoice(1, "customers/C1"), amount=Decimal("10.00")))
    text = "".join(plan_lines(plan)).encode()
    outline = read_outline(io.BytesIO(text), "plan.jsonl")
    assert (outline.header, outline.hash) == (plan.header, plan.hash)
    assert [(s.action, s.key, s.label, s.calls) for s in outline.steps] == [
        (s.action, s.key, s.label, s.calls) for s in plan.steps
    ]
    assert not any(step.body for step in outline.steps if isinstance(step, CreateStep))
    with pytest.raises(PlanStaleError):
        read_outline(io.BytesIO(text.replace(b"10.00", b"11.00")), "plan.jsonl")


COMPLETE = "".join(plan_lines(planned(customer(1), customer(2)))).encode()


def test_a_plan_that_was_cut_short_is_refused() -> None:
    last = COMPLETE.rindex(b"\n", 0, -1) + 1
    for cut in (COMPLETE[:last], COMPLETE[:-1], COMPLETE[:-2]):
        with pytest.raises(PlanStaleError, match=r"plan\.jsonl is not a complete plan file"):
            read_plan(io.BytesIO(cut), "plan.jsonl")


def test_a_plan_is_named_by_the_seal_in_its_last_line() -> None:
    assert COMPLETE.endswith(f'\n{{"seal":"{planned(customer(1), customer(2)).hash}"}}\n'.encode())


LINES = COMPLETE.splitlines(keepends=True)


@pytest.mark.parametrize(
    "lines",
    [
        [*LINES[:-2], LINES[-1]],  # a step is dropped
        [*LINES[:-1], LINES[-2], LINES[-1]],  # a step is repeated
        [*LINES[:-3], LINES[-2], LINES[-3], LINES[-1]],  # two steps change places
        [*LINES[:-2], LINES[-2].replace(b"Firm 2", b"Firm 3"), LINES[-1]],  # a text is edited
        [LINES[0].replace(b'"steps":', b'"steps": '), *LINES[1:]],  # the same JSON in other bytes
        [*LINES[:-2], b"{\n", LINES[-1]],  # a step is no JSON any more
        [line.replace(b"\n", b"\r\n") for line in LINES[:-1]] + [LINES[-1]],  # other line ends
        [*LINES[:-1], b'{"seal":"' + b"0" * 64 + b'"}\n'],  # another seal
    ],
)
def test_an_edited_plan_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(PlanStaleError, match=r"plan was changed after it was written: .* cannot be edited"):
        read_plan(lines, "plan")


@given(place=st.integers(0, len(COMPLETE) - 1), bits=st.integers(1, 255))
def test_a_plan_with_any_other_byte_is_refused(place: int, bits: int) -> None:
    changed = bytearray(COMPLETE)
    changed[place] ^= bits
    with pytest.raises(PlanStaleError):
        read_plan(io.BytesIO(changed), "plan.jsonl")


@given(place=st.integers(0, len(COMPLETE)), text=st.binary(min_size=1, max_size=3))
def test_a_plan_with_bytes_added_is_refused(place: int, text: bytes) -> None:
    with pytest.raises(PlanStaleError):
        read_plan(io.BytesIO(COMPLETE[:place] + text + COMPLETE[place:]), "plan.jsonl")


@pytest.mark.parametrize("text", ["", "<html>", "{}", '{"sagerecon":"plan/v7"', "\xff", "[]", "7"])
def test_a_file_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanStaleError, match=r"plan\.jsonl is not a complete plan file"):
        read_plan([text.encode("latin-1")], "plan.jsonl")


@pytest.mark.parametrize("version", ["plan/v1", "plan/v3", "plan/v9"])
def test_a_plan_of_another_format_says_which_is_read(version: str) -> None:
    with pytest.raises(PlanStaleError, match=f"has the format '{version}'; .* reads 'plan/v7'. Create a new"):
        read_plan([f'{{"sagerecon":"{version}","steps":1}}\n'.encode(), b"{}\n"], "plan.jsonl")


characters = st.sampled_from(HOSTILE + "a0") | st.characters(exclude_categories=("Cs",))
texts = st.text(characters, max_size=3)
names = st.text(characters, min_size=1, max_size=3)
places = st.builds(Place, names, st.integers(0, 9), st.integers(0, 9))
findings = st.builds(
    Finding,
    code=names.map(CheckName),
    place=places,
    message=texts,
    hint=texts,
    severity=st.sampled_from(Severity),
)
changes = st.builds(Change, texts, texts, texts, texts, places)
references = st.builds(Reference, texts, st.one_of(names, st.builds(NaturalKey, texts, texts)), texts)
bodies = st.dictionaries(
    texts.filter(lambda name: name != "$ref"),
    st.recursive(
        st.one_of(texts, st.integers(), st.booleans(), references),
        lambda nodes: st.one_of(st.lists(nodes, max_size=2), st.dictionaries(texts, nodes, max_size=2)),
        max_leaves=3,
    ),
    max_size=2,
)
tables = st.dictionaries(texts, texts, max_size=2)
comparisons = st.builds(
    Comparison,
    st.sampled_from(How),
    st.none() | st.builds(Tolerance, texts, st.decimals(min_value=0, max_value=9, places=3), texts),
)
amounts = st.none() | st.decimals(min_value=-999, max_value=999, places=2)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=2).map(tuple)


windows = st.integers(0, 9)
standings = st.sampled_from(Standing)
every = {"number": st.integers(1, 9), "kind": names, "key": names, "reason": texts, "label": texts}
record = {**every, "amount": amounts, "origins": several(places)}
altered = {"changes": several(changes)}
draft = {**record, **altered, "body": bodies, "identity": tables, "mapping": places}
sent = {**draft, "window": windows, "reversibility": texts}
calls = {"calls": st.integers(1, 9), "window": windows}
#: What each field of each class of step may hold; the plan file keeps all of it.
FIELDS: dict[type[Step], dict[str, st.SearchStrategy[Any]]] = {
    ReadStep: {**every, **calls, "path": names, "query": tables, "expect": tables, "sage_id": names},
    CreateStep: {
        **sent,
        "on_existing": st.sampled_from(OnExisting),
        "replaces": texts,
        "apart": several(names),
    },
    AdoptStep: {
        **draft,
        "look_calls": st.integers(0, 1),
        "window": windows,
        "sage_id": names,
        "replaces": texts,
        "is_equal": st.booleans(),
        "compare": st.dictionaries(texts, comparisons, max_size=2),
        "on_existing": st.sampled_from(OnExisting),
    },
    UpdateStep: {
        **sent,
        "changed": several(names),
        "look_calls": st.integers(0, 1),
        "compare": st.dictionaries(texts, comparisons, max_size=2),
        "covers": texts,
        "left": several(names),
    },
    RenameStep: {**draft, "earlier": names, "sage_id": names},
    ReverseStep: {
        **draft,
        "sage_id": names,
        "void_reason": texts,
        "compare": st.dictionaries(texts, comparisons, max_size=2),
        "window": windows,
    },
    SkipStep: draft,
    LeftOutStep: {**record, "rule": texts},
    QuarantinedStep: {**record, **altered, "findings": several(findings)},
    WaitStep: {
        **draft,
        "on_existing": st.sampled_from(OnExisting),
        "apart": several(names),
        "standing": standings,
        "rule": texts,
        "earlier": several(names),
        "may_be": several(names),
        "refers_to": texts,
        "decided": texts,
        "refused": texts,
    },
    KeepStep: {**record, "standing": standings, "rule": texts, "edited": several(names)},
    SettledStep: {**record, "standing": standings, "answer": st.sampled_from(DecisionAnswer)},
}
numbers = st.integers(-(2**63), 2**63 - 1)
headers = st.builds(
    Header,
    business=texts,
    purpose=st.sampled_from(Purpose),
    **dict.fromkeys(("snapshot", "mappings", "catalog", "id_map", "made_at", "bound_reason"), texts),
    **dict.fromkeys(("starts_at", "finishes_p50", "finishes_p90"), texts),
    **dict.fromkeys(("calls", "lower_bound", "reserve", "reconciliation"), numbers),
    **dict.fromkeys(("per_minute", "per_day"), st.none() | numbers),
    windows=st.lists(st.builds(Window, *[st.integers(0, 9)] * 4), max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(
    headers,
    st.lists(st.one_of(*(st.builds(step, **facts) for step, facts in FIELDS.items())), max_size=4).map(tuple),
)
def test_hostile_text_in_every_field_is_read_back_unchanged(header: Header, found: tuple[Step, ...]) -> None:
    plan = Plan(header, found)
    assert through_a_file(plan) == plan


@pytest.mark.parametrize("step", get_args(Step), ids=lambda step: step.__name__)
def test_every_class_of_step_is_read_back_with_all_its_fields(step: type[Step]) -> None:
    """Fail for a class, or a field, that was added without support in the plan file."""
    assert set(FIELDS[step]) == {field.name for field in fields(step)}

    @settings(deadline=None)
    @given(header=headers, found=st.builds(step, **FIELDS[step]))
    def is_read_back(header: Header, found: Step) -> None:
        plan = Plan(header, (found,))
        assert through_a_file(plan) == plan

    is_read_back()
