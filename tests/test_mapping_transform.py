"""Each transform agrees with its example, refuses invalid values, and reports what it alters."""

from __future__ import annotations

from collections.abc import Callable
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
from sagerecon.mapping.amounts import allocate, net_of_gross, tax_of_gross, tax_of_net
from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.mapping.date_transforms import month_end
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.letter_case import title
from sagerecon.mapping.pipeline import apply_transforms
from sagerecon.mapping.record_context import CompiledValue, RecordContext, RefusalError, constant, plain_text
from sagerecon.mapping.scope import Scope
from sagerecon.mapping.text_transforms import short_reference
from sagerecon.mapping.transform import SAME_TYPE, Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.draft import Quarantined
from sagerecon.model.money import negative
from sagerecon.model.type import DATE, DECIMAL, TEXT

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


def test_two_long_references_may_have_the_same_short_one() -> None:
    """Six characters of a hash are not a proof; `snapshot` finds such records."""
    assert short_reference("CUSTOMER-136111", 10) == short_reference("CUSTOMER-116227", 10) == "CUSTCDL4Y4"


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
        ("{date: [iso, '%d/%m/%Y', '%m/%d/%Y']}", "04/03/2017", "ambiguous_date"),
        ("{date: [iso, '%d/%m/%Y', '%m/%d/%Y']}", "2017/03/04", "not_a_date"),
        ("[date, {add_months: 12}]", "9999-01-31", "not_a_date"),
        ("[date, {year_end: 3}]", "9999-04-01", "not_a_date"),
        ("{tax_of_net: {rate: 20}}", "ten", "not_a_number"),
        ("{tax_of_gross: {rate: 20, scale: 38}}", "'10.00'", "too_many_digits"),
        ("{valid: gb_vat}", "GB980780685", "invalid_number"),
        ("{valid: eu_vat}", "GB980780684", "invalid_number"),
        ("{valid: iban}", "GB82 WEST 1234 5698 7654 33", "invalid_number"),
        ("{matches: '[A-Z]+'}", "ABC1", "not_matched"),
        ("{extract: '[0-9]+'}", "ABC", "not_matched"),
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


@pytest.mark.parametrize(
    ("do", "before", "after"),
    [
        ("{date: [iso, '%d/%m/%Y', '%m/%d/%Y']}", "04/04/2017", "2017-04-04"),
        ("{date: [iso, '%d/%m/%Y', '%m/%d/%Y']}", "31/03/2017", "2017-03-31"),
        ("{date: [iso, '%d/%m/%Y', '%m/%d/%Y']}", "2017-03-31", "2017-03-31"),
        ("[date, {add_months: -1}]", "2016-03-31", "2016-02-29"),
        ("[date, quarter_end]", "2016-10-01", "2016-12-31"),
        ("[date, {quarter_end: 2}]", "2016-12-01", "2017-02-28"),
        ("[date, year_end]", "9999-12-31", "9999-12-31"),
        ("[date, {year_end: 3}]", "2017-03-31", "2017-03-31"),
        ("{tax_of_net: {rate: 20, rounding: down}}", "'-0.09'", "-0.01"),
        ("{tax_of_gross: {rate: 0}}", "'120'", "0"),
        ("{title: [UK]}", "OAK (UK) LTD, 1ST FLOOR", "Oak (UK) Ltd, 1ST Floor"),
        ("title", "MCDONALD & o'brien smith-jones", "McDonald & O'Brien Smith-Jones"),
        ("title", "DON’T SAY I'LL", "Don’t Say I'll"),
        ("title", "iPhone sales BBC OFFICE of d’arcy", "iPhone Sales BBC Office Of D’Arcy"),
        ("title", "BBC", "Bbc"),
        ("title", "MCGEE MCA MCDO", "McGee Mca Mcdo"),
        ("{valid: {kind: gb_vat, on_invalid: omit}}", "GB980780685", ""),
        ("{valid: gb_vat, on_invalid: keep}", "GB980780685", "GB980780685"),
        ("{valid: ie_vat}", "IE6433435F", "IE6433435F"),
        ("{valid: bic}", "DEUTDEFF", "DEUTDEFF"),
        ("{matches: {pattern: '[0-9]{3}', on_invalid: omit}}", "'1234'", ""),
        ("{extract: {pattern: '[0-9]+'}}", "INV 0042", "0042"),
        ("{extract: '(a)?b'}", "b", ""),
        ("{extract: {pattern: '[0-9]+', on_invalid: omit}}", "INV", ""),
    ],
)
def test_a_value_becomes_another(do: str, before: str, after: str) -> None:
    assert plain_text(run(compile_constant(yaml(before)), do)[0]) == after


def test_an_invalid_number_that_is_kept_is_listed_as_a_change() -> None:
    made = draft(
        "fields:\n"
        "  name: {from: vat_no}\n"
        "  email: {from: vat_no, do: [{valid: gb_vat, on_invalid: keep}]}\n"
        "  notes: {from: vat_no, do: [{valid: gb_vat, on_invalid: omit}]}\n",
        '{"vat_no": "GB980780685"}',
    )
    assert made.body["email"] == "GB980780685"
    assert "notes" not in made.body
    assert [(change.field, change.before, change.after, change.rule) for change in made.changes] == [
        ("email", "GB980780685", "GB980780685", "valid: gb_vat, on_invalid: keep"),
        ("notes", "GB980780685", "", "valid: gb_vat, on_invalid: omit"),
    ]


def test_a_pattern_takes_time_in_proportion_to_the_text() -> None:
    """A backtracking engine would need longer than anyone waits."""
    with pytest.raises(RefusalError):
        run(constant("a" * 100_000, TEXT), "{matches: '(a+)+b'}")


@given(
    st.text(max_size=300), st.sampled_from(["gb_vat", "ie_vat", "eu_vat", "gb_utr", "ca_bn", "iban", "bic"])
)
def test_no_text_breaks_the_check_of_a_number(text: str, kind: str) -> None:
    assert run(constant(text, TEXT), f"{{valid: {kind}, on_invalid: keep}}")[0] == text


@given(st.text(max_size=60))
def test_title_case_is_stable_and_keeps_all_but_case(text: str) -> None:
    once = title(text)
    assert once.casefold() == text.casefold() or once.lower() == text.lower() or not text.isascii()
    assert not text.isascii() or title(once) == once


@given(wide_amounts(), st.decimals(0, 100, places=2))
def test_net_and_tax_add_up_to_the_gross(gross: Decimal, rate: Decimal) -> None:
    try:
        net, tax = net_of_gross(gross, rate), tax_of_gross(gross, rate)
    except RefusalError as refusal:
        assert refusal.code == "too_many_digits"
        return
    assert Fraction(net) + Fraction(tax) == Fraction(gross)
    exact = Fraction(gross) * Fraction(rate) / (100 + Fraction(rate))
    assert abs(Fraction(tax) - exact) <= Fraction(1, 200)
    assert abs(Fraction(tax_of_net(net, rate)) - Fraction(tax)) <= Fraction(1, 50)


@given(
    wide_amounts(),
    st.lists(st.none() | st.decimals(-(10**6), 10**6, places=2) | st.integers(-9, 9), max_size=9),
)
def test_shares_add_up_to_the_total_and_follow_the_weights(
    total: Decimal, weights: list[Decimal | int | None]
) -> None:
    given_weights = [Fraction(weight or 0) for weight in weights]
    try:
        shares = allocate(total, weights)
    except RefusalError as refusal:
        assert refusal.code == ("too_many_digits" if sum(given_weights) else "division_by_zero")
        return
    assert sum(map(Fraction, shares)) == (Fraction(total) if sum(given_weights) else 0)
    unit = Fraction(1, 10 ** max(2, -int(total.as_tuple().exponent)))
    for share, weight in zip(shares, given_weights, strict=True):
        assert weight or not share
        exact = Fraction(total) * weight / sum(given_weights) if sum(given_weights) else 0
        assert abs(Fraction(share) - exact) < unit
    assert allocate(negative(total), weights) == [negative(share) for share in shares]


@pytest.mark.parametrize("calculate", [tax_of_net, tax_of_gross, net_of_gross])
def test_a_negative_rate_of_tax_is_refused(calculate: Callable[[int, Decimal], Decimal]) -> None:
    with pytest.raises(RefusalError, match=r"the tax rate is -0\.5 per cent"):
        calculate(100, Decimal("-0.5"))


def test_the_first_of_equal_remainders_gets_the_penny() -> None:
    shown = [plain_text(allocate(Decimal(total), [1, 1, 1])) for total in ("100", "0.01", "-0.02")]
    assert shown == ["33.34, 33.33, 33.33", "0.01, 0, 0", "-0.01, -0.01, 0"]
    assert plain_text(allocate(100, [Decimal("1.5"), None, Decimal("-0.5")])) == "150.00, 0, -50.00"
    assert allocate(Decimal("0.00"), [0, None]) == [0, 0]
    assert allocate(0, []) == []


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda transform: transform.name)
def test_its_output_is_of_the_type_that_the_reference_states(transform: Transform) -> None:
    before = compile_constant(yaml(transform.example.before))
    do = transform.example.do
    made = apply_transforms(
        before,
        yaml(do if do.startswith("[") else f"[{do}]"),
        "",
        Scope({"day": DATE}),
        Faults(""),
        {"tax": TAX},
    )
    vague = (SAME_TYPE, "an item", "as its table")
    assert transform.gives in vague or str(made.type) == transform.gives


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
