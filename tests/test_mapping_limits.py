"""What a hostile mapping makes of one record: a finding or a refused record, soon and in little memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

import pytest
from mapping_cases import draft, findings_of, mapping, outcome, record

from sagerecon.mapping.syntax import ExpressionSyntaxError, parse_expression
from sagerecon.model import limits
from sagerecon.model.draft import Quarantined


@pytest.fixture(autouse=True)
def frugal() -> Iterator[None]:
    """Fail a test that takes more than 100 MB, or seconds."""
    tracemalloc.start()
    started = time.monotonic()
    yield
    took, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000
    assert took < 5  # a second without the tracing, on a machine that does nothing else


def refusal(text: str, values: str = '{"name": "Oak"}') -> str:
    """Return code and message of the only finding about the record."""
    made = outcome(text, values)
    assert isinstance(made, Quarantined)
    (finding,) = made.findings
    return f"{finding.code} {finding.message}"


def lets(count: int, spec: str, first: str) -> str:
    """Return lets that each build on the one before, `{}` in `spec`, and a field of the last."""
    parts = [f"  v0: {first}\n"] + [
        f"  v{n}: {spec.replace('{}', f'v{n - 1}')}\n" for n in range(1, count + 1)
    ]
    return f"let:\n{''.join(parts)}fields:\n  notes: {{from: v{count}}}\n"


def nested(inner: str, outer: str, times: int) -> str:
    for _ in range(times):
        inner = outer.replace("{}", inner)
    return f"fields:\n  notes: {{expr: '{inner}'}}\n"


@pytest.mark.parametrize(
    "text",
    [
        nested("name", 'replace({}, "a", "aaaaaaaaaaaaaaaa")', 22),
        lets(39, "{expr: '{} ~ {}'}", "{from: name}"),
        lets(39, "{expr: 'replace({}, \"a\", {})'}", "{from: name}"),
        lets(39, "{from: {}, do: [{replace: {a: aaaaaaaaaaaaaa}}]}", "{from: name}"),
        lets(39, "{expr: '[{}, {}]', do: [{join: a}]}", "{from: name}"),
        lets(
            190, "{from: {}, do: [{pad: {width: 900000}}, {prefix: xxxxxxxxxx}, {suffix: x}]}", "{from: name}"
        ),
    ],
    ids=["nested_replace", "doubling", "let_replace", "transform_replace", "join", "many_pads"],
)
def test_a_text_that_grows_refuses_the_record(text: str) -> None:
    assert refusal(text, '{"name": "aaaaaaaaaa"}').startswith("too_long ")


def test_the_length_is_checked_before_the_text_is_made() -> None:
    million = '{"name": "' + "a" * 900_000 + '"}'
    assert refusal("fields:\n  notes: {expr: 'replace(name, \"a\", name)'}\n", million) == (
        "too_long C001: notes: the text has 810,000,000,000 characters; a text that an expression or a "
        "transform makes may have at most 1,000,000 characters."
    )
    assert refusal("fields:\n  notes: {expr: 'name ~ name'}\n", million).startswith("too_long ")
    assert refusal("fields:\n  notes: {from: name, do: [{replace: {a: bb}}]}\n", million).startswith(
        "too_long "
    )


def test_a_width_no_text_can_have_is_a_finding() -> None:
    assert findings_of("fields:\n  name: {from: name, do: [{pad: {width: 99999999999}}]}\n") == [
        "wrong_option customers.yaml:7:41: pad: width must be 1,000,000 or less."
    ]


def test_the_lists_of_a_record_are_bounded() -> None:
    lines = '{"people": [' + ",".join(['{"nm": "A"}'] * 600) + "]}"
    inner = "count(people, item.nm != null) > 0"
    for _ in range(4):
        inner = f"count(people, {inner}) > 0"
    assert refusal(f"fields:\n  notes: {{value: x, when: '{inner}'}}\n", lines).startswith("too_many_items ")


@pytest.mark.parametrize("first", ["'[name, name]'", "'[1, 2]'"], ids=["of_the_record", "constant"])
def test_a_list_of_lists_does_not_double(first: str) -> None:
    text = lets(39, "{expr: '[{}, {}]'}", f"{{expr: {first}}}")
    codes = {finding.partition(" ")[0] for finding in findings_of(text)}
    if "1" in first:
        assert "too_many_items" in codes
    else:
        text = text.replace("{from: v39}", "{from: v39, do: [{join: ','}]}")
        assert refusal(text).startswith("too_many_items ")


def test_the_constants_of_a_let_do_not_double() -> None:
    text = lets(150, "{from: {}, default: {from: {}}}", "{value: aaa}")
    assert draft(text, "{}").body == {"notes": "aaa"}


def test_lets_are_bounded_in_number_and_depth() -> None:
    assert findings_of(lets(200, "{from: {}}", "{from: name}"))[0] == (
        "too_many_lets customers.yaml:6:1: 201 lets; a mapping may have at most 200 lets. "
        "Compute values in SQL."
    )
    deep = lets(199, "{expr: '" + "(" * 20 + "{}" + ' ~ "")' * 20 + "'}", "{value: ''}")
    assert refusal(deep).startswith("too_deep C001: notes: the let 'v")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("expr: 'text(decimal(\"1e99999999\"))'", "not_a_number"),
        ("expr: 'text(decimal(\"1e-99999999\"))'", "not_a_number"),
        ("expr: 'text(decimal(\"0e-99999999\"))'", "not_a_number"),
        ("expr: 'text(decimal(name))'", "not_a_number"),
        ("expr: 'text(round(1, 99999999))'", "too_many_digits"),
        ("expr: 'text(round(1, -99999999))'", "too_many_digits"),
        ("expr: 'text(round(12345678901234567890123456789012345678, 38))'", "too_many_digits"),
        ("expr: 'text(days(date(\"2017-03-31\"), 99999999999999999999))'", "not_a_date"),
        ("expr: 'text(days(date(\"9999-12-31\"), 1))'", "not_a_date"),
        ("value: '9999-12-31', do: [date, {add_days: 1}, text]", "not_a_date"),
        ("value: '1e99999999', do: [decimal, text]", "not_a_number"),
        ("value: '1e-99999999', do: [money, text]", "not_a_number"),
        ("value: '1e99999999', do: [integer, text]", "not_a_number"),
    ],
)
def test_a_number_or_date_that_is_too_large_refuses_the_record(text: str, words: str) -> None:
    values = '{"name": "' + "9" * 100_000 + '"}'
    assert refusal(f"fields:\n  notes: {{{text}}}\n", values).startswith(f"{words} ")


@pytest.mark.parametrize("number", ["0.00000000000000000001", "100000000000000000000"])
def test_exponents_do_not_double(number: str) -> None:
    text = lets(8, "{expr: '({}) * ({})'}", f"{{expr: '{number} * 1.0'}}")
    assert refusal(text.replace("{from: v8}", "{from: v8, do: [text]}")).startswith("too_many_digits ")


def test_numbers_of_options_are_bounded() -> None:
    text = (
        "fields:\n"
        "  name: {from: name}\n"
        "  opened: {from: opened, do: [{add_days: 99999999999999999}]}\n"
        "  credit_limit: {from: limit, do: [{money: 999999999}]}\n"
        "  notes: {from: name, do: [{date: '%d%d'}, text]}\n"
    )
    assert [found.partition(": ")[2] for found in findings_of(text)] == [
        "add_days: days must be 3,652,058 or less.",
        "money: scale must be 38 or less.",
        "date: '%d%d' is not a format of dates. For example: {date: '%d/%m/%Y'}.",
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "1\u0663",
        "\u0663",
        "1.\u0663",
        "1 + \uff11",
        "\u00b2",
        "1e\u0663",
        "0x\u0661",
        "9" * 40,
        "1." + "0" * 60,
        "1" + "_0" * 500,
    ],
)
def test_a_number_of_other_digits_or_too_many_is_a_finding(expression: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(expression)
    assert 0 <= caught.value.offset <= len(expression)
    (found,) = findings_of(f"fields:\n  name: {{expr: '{expression}'}}\n")
    assert found.startswith("expression_syntax customers.yaml:7:")


@pytest.mark.parametrize(
    "expression",
    [
        "max(odd, 5)",
        "min(odd, opened)",
        "abs(odd)",
        "upper(odd)",
        "sum([odd])",
        "left(odd, 1)",
        "days(odd, 1)",
        "odd in name",
    ],
)
def test_a_value_of_another_type_than_a_function_takes_refuses_the_record(expression: str) -> None:
    for odd in ('"x"', "5", "[1]", "true"):
        outcome(
            f"fields:\n  notes: {{value: x, when: '({expression}) != null'}}\n",
            f'{{"odd": {odd}, "name": "a"}}',
        )


def test_a_refusal_does_not_quote_a_whole_text() -> None:
    made = refusal(
        "fields:\n  credit_limit: {from: name, do: [decimal]}\n", '{"name": "' + "x" * 1_000_000 + '"}'
    )
    assert made.startswith("not_a_number C001: credit_limit: 'xxx")
    assert len(made) < 1_200


def test_the_check_of_a_file_ends_after_so_many_findings() -> None:
    fields = "".join(
        f"  field{n}: {{expr: '{' + '.join(f'no{n}x{k}' for k in range(90))}'}}\n" for n in range(500)
    )
    found = findings_of("fields:\n" + fields)
    assert len(found) == limits.YAML_FINDINGS.most + 1
    assert [line for line in found if line.startswith("more_findings ")] != []


def test_usual_values_are_as_before() -> None:
    only = mapping('fields:\n  notes: {expr: \'replace(name, "a", "bb") ~ text(1.50)\'}\n')
    (made,) = only.outcomes(record('{"name": "banana"}'))
    assert made.body == {"notes": "bbbnbbnbb1.50"}
