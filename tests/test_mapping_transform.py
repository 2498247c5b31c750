"""Each transform agrees with its example, refuses invalid values, and reports what it alters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_cases import draft, field, findings_of, outcome
from strategies import wide_amounts

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.package import schema
from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.mapping.date_transforms import month_end
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.pipeline import apply_transforms
from sagerecon.mapping.record_context import CompiledValue, RecordContext, RefusalError, constant, plain_text
from sagerecon.mapping.scope import Scope
from sagerecon.mapping.text_transforms import short_reference
from sagerecon.mapping.transform import Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.draft import Quarantined
from sagerecon.model.type import DATE, DECIMAL

TAX, _ = read_crosswalk("tax", "source,target,valid_from\nS,GB_STANDARD,2011-01-04\n", "tax.csv")


def yaml(text: str) -> Node:
    node, findings = read_document(f"it: {text}", "example.yaml")
    assert not findings
    return node["it"]


def run(value: CompiledValue, do: str) -> tuple[object, list[str]]:
    steps = yaml(do if do.startswith("[") else f"[{do}]")
    faults = Faults("")
    scope = Scope({"day": DATE})
    typed = apply_transforms(value, steps, "field", scope, faults, {"tax": TAX})
    assert [str(finding) for finding in faults.findings] == []
    frame = RecordContext({"day": date(2017, 3, 31)})
    result = typed.read(frame)
    return result, [change.rule for change in frame.changes]


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda transform: transform.name)
def test_its_example_is_true(transform: Transform) -> None:
    """Check the examples that docs/mapping.md shows."""
    example = transform.example
    result, rules = run(compile_constant(yaml(example.before)), example.do)
    expected = compile_constant(yaml(example.after)).constants[0][0]
    if not isinstance(result, list):
        result, expected = plain_text(result), plain_text(expected)
    assert result == expected
    assert bool(rules) is (transform.reports_change and example.before != example.after)


def test_the_schema_lists_and_describes_all_transforms() -> None:
    allowed, names = schema("mapping")["$defs"]["transform"]["anyOf"]
    assert set(names["enum"]) == set(TRANSFORMS)
    beside = {parameter.name for transform in TRANSFORMS.values() for parameter in transform.parameters[1:]}
    assert set(TRANSFORMS) <= set(allowed["properties"])
    assert beside <= set(allowed["properties"])
    about = {name: allowed["properties"][name]["description"] for name in TRANSFORMS}
    assert about == {name: transform.about for name, transform in TRANSFORMS.items()}


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40), st.integers(7, 20))
def test_shortened_references_fit_and_differ(one: str, other: str, length: int) -> None:
    assert len(short_reference(one, length)) <= length
    assert short_reference(one, length) == short_reference(one, length)
    assert (short_reference(one, length) == short_reference(other, length)) is (one == other)


def test_long_references_with_the_same_beginning_differ() -> None:
    one, other = short_reference("MONTGOMERY-BROTHERS", 10), short_reference("MONTGOMERY-BROTHERLY", 10)
    assert one.startswith("MONT")
    assert other.startswith("MONT")
    assert one != other


@given(st.dates())
def test_a_month_ends_on_the_day_before_the_next(day: date) -> None:
    end = month_end(day)
    assert (end.year, end.month) == (day.year, day.month)
    assert end == date.max or (
        end.replace(day=1) < end and (end.toordinal() + 1) and date.fromordinal(end.toordinal() + 1).day == 1
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_money_is_exact_and_rounds_half_up(amount: Decimal) -> None:
    result, _ = run(constant(plain_text(amount), compile_constant(yaml("a")).type), "{money: {scale: 2}}")
    assert isinstance(result, Decimal)
    assert abs(result - amount) <= Decimal("0.005")
    assert result.as_tuple().exponent == -2
    if abs(result - amount) == Decimal("0.005"):
        assert abs(result) > abs(amount)


@pytest.mark.parametrize(
    ("do", "before", "code"),
    [
        ("{max_length: 3}", "Oakham", "too_long"),
        ("decimal", "'12,50'", "not_a_number"),
        ("decimal", "1e999999", "not_a_number"),
        ("decimal", "NaN", "not_a_number"),
        ("integer", "'1.5'", "not_whole"),
        ("money", "ten", "not_a_number"),
        ("date", "31/03/2017", "not_a_date"),
        ("date", "'20170331'", "not_a_date"),
        ("{date: '%d/%m/%Y'}", "2017-03-31", "not_a_date"),
        ("[date, {add_days: 5}]", "9999-12-31", "not_a_date"),
        ("{enum: {A: B}}", "C", "not_in_enum"),
        ("{crosswalk: tax, at: day}", "X", "not_in_crosswalk"),
    ],
)
def test_an_invalid_value_is_refused(do: str, before: str, code: str) -> None:
    with pytest.raises(RefusalError) as refusal:
        run(compile_constant(yaml(before)), do)
    assert refusal.value.code == code


def test_null_passes_through_every_transform_but_default() -> None:
    for transform in TRANSFORMS.values():
        result, rules = run(compile_constant(yaml("null")), transform.example.do)
        assert (result is None) is (transform.name != "default")
        assert bool(rules) is (transform.name == "default")


def test_each_alteration_is_a_change_with_its_rule_and_line() -> None:
    made = draft(
        "fields:\n  name: {from: name, do: [trim, squeeze, upper, {max_length: 8, on_overflow: cut}]}\n",
        '{"name": " Oak  &  Elm Ltd"}',
    )
    assert made.body["name"] == "OAK & EL"
    assert [(change.rule, change.before, change.after) for change in made.changes] == [
        ("trim", " Oak  &  Elm Ltd", "Oak  &  Elm Ltd"),
        ("squeeze", "Oak  &  Elm Ltd", "Oak & Elm Ltd"),
        ("upper", "Oak & Elm Ltd", "OAK & ELM LTD"),
        ("max_length: 8, on_overflow: cut", "OAK & ELM LTD", "OAK & EL"),
    ]
    assert {(change.field, str(change.place).rpartition(":")[0]) for change in made.changes} == {
        ("name", "customers.yaml:7")
    }


def test_conversions_and_lookups_are_not_changes() -> None:
    made = draft(
        "fields:\n"
        "  credit_limit: {from: vat_no, do: [decimal]}\n"
        "  opened: {from: email, do: [{date: '%d/%m/%Y'}]}\n"
        "  contact_type_ids: {from: kind, do: [{enum: {T: [CUSTOMER]}}]}\n"
        "  default_ledger_account_id:\n"
        "    ref: {kind: ledger_account, by: {nominal_code: name}, do: [{crosswalk: accounts}]}\n",
        '{"vat_no": "12.10", "email": "31/03/2017", "kind": "T", "name": "SALES"}',
    )
    assert made.changes == ()
    assert made.body["credit_limit"] == Decimal("12.10")
    assert made.body["opened"] == date(2017, 3, 31)
    assert made.body["contact_type_ids"] == ["CUSTOMER"]


def test_an_amount_that_only_gains_decimals_is_not_a_change() -> None:
    for column, value in (("limit", "5"), ("name", '"5.0"')):
        made = draft(f"fields: {{credit_limit: {{from: {column}, do: [money]}}}}", f'{{"{column}": {value}}}')
        assert str(made.body["credit_limit"]) == "5.00"
        assert made.changes == ()


def test_default_reports_its_value_as_a_change() -> None:
    made = draft(
        "fields:\n  email: {from: email, do: [trim], default: {value: ap@unknown.invalid, when: blank}}\n",
        '{"email": "  "}',
    )
    assert made.body["email"] == "ap@unknown.invalid"
    assert [change.rule for change in made.changes] == ["trim", "default"]
    assert field("{from: email, default: {value: x, when: null}}", '{"email": null}') == "x"


def test_a_crosswalk_may_omit_an_unknown_code() -> None:
    assert field("{from: kind, do: [{crosswalk: accounts, else: omit}]}", '{"kind": "X"}') is None
    assert field("{from: kind, do: [{crosswalk: accounts, else: omit}]}", '{"kind": "BANK"}') == "1200"


def test_enum_keeps_omits_or_quarantines_other_values() -> None:
    assert field("{from: country, do: [{enum: {UK: GB}, else: keep}]}", '{"country": "FR"}') == "FR"
    assert field("{from: country, do: [{enum: {UK: GB}, else: omit}]}", '{"country": "FR"}') is None
    made = outcome("fields: {notes: {from: country, do: [{enum: {UK: GB}}]}}", '{"country": "FR"}')
    assert isinstance(made, Quarantined)


@given(wide_amounts())
def test_transforms_of_signs_keep_all_digits(amount: Decimal) -> None:
    for do, expected in (("negate", -Fraction(amount)), ("abs", abs(Fraction(amount)))):
        result, _ = run(constant(amount, DECIMAL), do)
        assert isinstance(result, Decimal) and Fraction(result) == expected


def test_each_unknown_transform_of_a_pipeline_is_a_finding_and_nothing_follows_from_it() -> None:
    found = findings_of(
        "fields:\n"
        "  name: {from: limit, do: [trimm, negat, {pad: {widht: 3}}, upperr, {prefiks: C}, month_ende]}\n"
        "  credit_limit: {from: name, do: [trimm, abs, trim]}\n"
    )
    assert [line.partition(": ")[2].partition(".")[0] for line in found] == [
        "there is no transform 'trimm'",
        "there is no transform 'negat'",
        "pad requires the option width",
        "pad has no option 'widht'",
        "there is no transform 'upperr'",
        "there is no transform 'prefiks'",
        "there is no transform 'month_ende'",
        "there is no transform 'trimm'",
    ]
