"""Expressions: exact arithmetic, null in comparisons, and faults with the position of the character."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_cases import DATASETS, PARAMETERS, record
from strategies import wide_amounts

from sagerecon.documents.document import Node
from sagerecon.mapping.expression import compile_expression
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.functions import FUNCTIONS, LIST_FUNCTIONS
from sagerecon.mapping.record_context import RecordContext, RefusalError, plain_text
from sagerecon.mapping.scope import Scope
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DECIMAL, INTEGER, TEXT, UNKNOWN

ROW = record(
    '{"doc_no": "1021", "cust_no": null, "day": "2017-03-31", "total": 239.00, "sort": "S",'
    ' "lines": [{"account": "SALES", "amount": 200.50}, {"account": null, "amount": 38.50}]}',
    "invoices",
).values
NOW_NULL = dict.fromkeys(DATASETS["invoices"])


def compiled(text: str, columns: Any = None, faults: Faults | None = None) -> Any:
    columns = DATASETS["invoices"] if columns is None else columns
    node = Node(text, Place("m.yaml", 1, 7))
    return compile_expression(node, Scope(columns, PARAMETERS), faults or Faults(f"when: {text}"))


def value(text: str, row: Any = ROW) -> Any:
    faults = Faults(f"when: {text}")
    typed = compiled(text, faults=faults)
    assert [str(finding) for finding in faults.findings] == []
    return typed.read(RecordContext(row))


def fault(text: str) -> str:
    faults = Faults(f"when: {text}")
    compiled(text, faults=faults)
    (only,) = faults.findings
    return f"{only.code} {only}"


#: What expressions are made of; in any order they must give a fault or a value.
WORDS = [
    *("total", "day", "sort", "lines", "item", "null", "1", "0.5", "'x'", "(", ")", "[", "]", ".", ","),
    *("+", "-", "*", "/", "~", "==", "<", "in", "not", "and", "or", "if", "else", "count", "sum", "any"),
]

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)


@st.composite
def calculations(draw: st.DrawFn, depth: int = 3) -> tuple[str, Any]:
    """Draw the text of a calculation over a, b and literals, and its result by Python's Decimal."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(["a", "b", "literal"]))
        if name != "literal":
            return name, lambda row: row[name]
        number = draw(st.decimals(allow_nan=False, places=3, min_value=0, max_value=999))
        return f"{number:f}", lambda row: number
    sign = draw(st.sampled_from("+-*"))
    left_text, left = draw(calculations(depth - 1))
    right_text, right = draw(calculations(depth - 1))
    exact = Context(prec=60)
    work = {"+": exact.add, "-": exact.subtract, "*": exact.multiply}[sign]
    return f"({left_text} {sign} {right_text})", lambda row: work(left(row), right(row))


@given(calculations(), amounts, amounts)
def test_arithmetic_agrees_with_decimal(calculation: tuple[str, Any], a: Decimal, b: Decimal) -> None:
    text, expected = calculation
    row = {"a": a, "b": b}
    typed = compiled(text, {"a": DECIMAL, "b": DECIMAL})
    wanted = expected(row)
    try:
        Context(prec=38, traps=[Inexact]).plus(wanted)
    except Inexact:
        with pytest.raises(RefusalError):
            typed.read(RecordContext(row))
        return
    result = typed.read(RecordContext(row))
    assert result == wanted
    assert isinstance(result, Decimal)


@given(amounts, amounts)
def test_comparisons_agree_with_decimal(a: Decimal, b: Decimal) -> None:
    columns, row = {"a": DECIMAL, "b": DECIMAL}, {"a": a, "b": b}
    for sign in ("==", "!=", "<", "<=", ">", ">="):
        expected = eval(f"a {sign} b", {}, row)  # noqa: S307 - the oracle: Python over the same two numbers
        assert compiled(f"a {sign} b", columns).read(RecordContext(row)) is expected


@given(amounts, st.integers(0, 4))
def test_round_goes_half_away_from_zero(a: Decimal, places: int) -> None:
    rounded = compiled(f"round(a * 1.005, {places})", {"a": DECIMAL}).read(RecordContext({"a": a}))
    assert rounded == (a * Decimal("1.005")).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    faults = Faults(f"when: {text}")
    typed = compiled(text, faults=faults)
    if not faults.findings:
        try:
            typed.read(RecordContext(ROW))
        except RefusalError as refusal:
            assert refusal.message


@given(
    st.lists(
        st.sampled_from(WORDS),
        max_size=9,
    )
)
def test_no_sequence_of_words_raises(words: list[str]) -> None:
    for row in (ROW, NOW_NULL):
        faults = Faults("")
        typed = compiled(" ".join(words), faults=faults)
        if not faults.findings:
            try:
                typed.read(RecordContext(row))
            except RefusalError as refusal:
                assert refusal.message


@pytest.mark.parametrize("function", [*FUNCTIONS.values(), *LIST_FUNCTIONS.values()], ids=lambda f: f.name)
def test_the_example_of_each_function_is_true(function: Any) -> None:
    text, expected = function.example
    assert plain_text(value(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total * 0.2", Decimal("47.800")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1 / 4", Decimal("0.25")),
        ("7 % 3", 1),
        ("-total", Decimal("-239.00")),
        ("2 + 3 * 4", 14),
        ("total == 239", True),
        ("0 < total <= 239", True),
        ("'invoice ' ~ doc_no ~ ': ' ~ total", "invoice 1021: 239.00"),
        ("sort in ['S', 'Z']", True),
        ("'02' in doc_no", True),
        ("sort not in ['S']", False),
        ("'yes' if total > 100 else 'no'", "yes"),
        ("'yes' if total > 300", None),
        ("count(lines)", 2),
        ("count(lines, item.amount > 100)", 1),
        ("sum(lines, item.amount) == total", True),
        ("max(lines, item.amount)", Decimal("200.50")),
        ("any(lines, item.account == null)", True),
        ("all(lines, item.account != null)", False),
        ("lines[0].account", "SALES"),
        ("lines[5].account", None),
        ("day <= param.cut_over", True),
        ("days(day, 1) > param.cut_over", True),
        ("param.home", "GB"),
    ],
)
def test_the_value_of_an_expression(text: str, expected: object) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cust_no == 'x'", False),
        ("cust_no != 'x'", False),
        ("cust_no == cust_no", False),
        ("cust_no == null", True),
        ("cust_no != null", False),
        ("null == cust_no", True),
        ("cust_no in ['x']", False),
        ("cust_no not in ['x']", False),
        ("not (cust_no == 'x')", True),
        ("'a' ~ cust_no ~ 'b'", "ab"),
        ("coalesce(cust_no, 'none')", "none"),
        ("upper(cust_no)", None),
        ("is_blank(cust_no)", True),
    ],
)
def test_a_comparison_with_null_is_false(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ["total + 1", "total * total", "-total", "round(total, 2)", "total / 2"])
def test_arithmetic_with_null_is_null(text: str) -> None:
    assert value(text, NOW_NULL) is None


def test_an_empty_list_has_no_items() -> None:
    assert value("count(lines)", NOW_NULL) == 0
    assert value("sum(lines, item.amount)", NOW_NULL) == 0
    assert value("max(lines, item.amount)", NOW_NULL) is None
    assert value("all(lines, item.amount > 0)", NOW_NULL) is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("total / 0", "division_by_zero"),
        ("total % 0", "division_by_zero"),
        ("decimal(sort)", "not_a_number"),
        ("date(sort)", "not_a_date"),
    ],
)
def test_an_invalid_value_is_refused(text: str, code: str) -> None:
    with pytest.raises(RefusalError) as refusal:
        value(text)
    assert refusal.value.code == code


def test_a_value_of_unknown_type_is_checked_at_run_time() -> None:
    typed = compiled("odd > 5", {"odd": UNKNOWN})
    assert typed.read(RecordContext({"odd": 6})) is True
    with pytest.raises(RefusalError):
        typed.read(RecordContext({"odd": "6"}))


def test_a_comparison_with_a_null_parameter_is_false() -> None:
    scope = Scope(DATASETS["invoices"], {"account": None})
    for text, expected in (("param.account == sort", False), ("param.account == null", True)):
        typed = compile_expression(Node(text, Place("m.yaml", 1, 7)), scope, Faults(""))
        assert typed.read(RecordContext(NOW_NULL)) is expected


def test_types_are_known_before_a_row_is_read() -> None:
    assert compiled("total > 1").type == BOOLEAN
    assert compiled("1 + 1").type == INTEGER
    assert compiled("1 / 1").type == DECIMAL
    assert compiled("sort if total > 1 else null").type == TEXT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("totl > 1", "m.yaml:1:7: there is no column or name 'totl'. Did you mean 'total'?"),
        ("total > 1 and srot == 'S'", "m.yaml:1:21: there is no column or name 'srot'. Did you mean 'sort'?"),
        ("sort > 5", "m.yaml:1:14: text cannot be compared with an integer."),
        ("day > '2017-03-31'", "m.yaml:1:13: a date cannot be compared with text. Write date('2017-03-31')."),
        ("total +", "m.yaml:1:13: invalid expression: it ends too early."),
        (
            "sum(lines, item.amuont)",
            "m.yaml:1:22: the object has no attribute 'amuont'. Did you mean",
        ),
    ],
)
def test_a_fault_has_the_position_of_its_character(text: str, expected: str) -> None:
    assert fault(text).partition(" ")[2].startswith(expected)


def test_positions_are_exact_in_quotes_and_blocks() -> None:
    faults = Faults("a: 'sort == ''S'' and nme > 1'\nb: |\n  total > 1\n  and nme > 2\n")
    scope = Scope(DATASETS["invoices"])
    compile_expression(Node("sort == 'S' and nme > 1", Place("m.yaml", 1, 4)), scope, faults)
    compile_expression(Node("total > 1\nand nme > 2\n", Place("m.yaml", 2, 4)), scope, faults)
    assert [str(finding.place) for finding in faults.findings] == ["m.yaml:1:23", "m.yaml:4:7"]


def test_depth_and_length_have_a_limit() -> None:
    assert "nested more than 24 deep" in fault("(" * 30 + "1" + ")" * 30)
    assert "characters" in fault("1" + " + 1" * 600)
    assert "nested too deeply" in fault("not " * 400 + "true")
    assert "nested too deeply" in fault("1" + " + 1" * 400)
    assert "nested too deeply" in fault("-" * 1900 + "1")


@given(wide_amounts())
def test_signs_and_absolute_values_keep_all_digits(amount: Decimal) -> None:
    row = {**ROW, "total": amount, "lines": [{"amount": amount}]}
    for text, expected in (
        ("-total", -Fraction(amount)),
        ("+total", Fraction(amount)),
        ("-(-total)", Fraction(amount)),
        ("abs(total)", abs(Fraction(amount))),
        ("abs(-total)", abs(Fraction(amount))),
        ("sum(lines, item.amount)", Fraction(amount)),
        ("sum(lines, -item.amount)", -Fraction(amount)),
        ("max(total, -total)", abs(Fraction(amount))),
        ("min(total, -total)", -abs(Fraction(amount))),
    ):
        assert Fraction(value(text, row)) == expected, text


@given(wide_amounts(), st.integers(0, 6))
def test_rounding_keeps_the_digits_before_the_point_or_refuses(amount: Decimal, places: int) -> None:
    try:
        found = value(f"round(total, {places})", {**ROW, "total": amount})
    except RefusalError as refusal:
        assert refusal.code == Code.TOO_MANY_DIGITS and len(str(abs(int(amount)))) + places > 38
    else:
        assert abs(Fraction(found) - Fraction(amount)) <= Fraction(1, 2 * 10**places)


def test_a_sum_of_more_than_38_digits_is_refused() -> None:
    lines = [{"amount": Decimal(10) ** 37}, {"amount": Decimal("0.01")}]
    with pytest.raises(RefusalError, match="the sum has more than 38 digits"):
        value("sum(lines, item.amount)", {**ROW, "lines": lines})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("split('a, b,', ',')", ["a", "b", ""]),
        ("split('ab', '')", ["ab"]),
        ("split(cust_no, ',')", None),
        ("substring('GB123', 3, 9)", "123"),
        ("substring('GB123', 0, 2)", ""),
        ("substring('GB123', 9, 2)", ""),
        ("substring('GB123', 2, -1)", ""),
        ("substring(cust_no, 1, 2)", None),
        ("nullif(sort, 'S')", None),
        ("nullif(sort, 'P')", "S"),
        ("nullif(cust_no, sort)", None),
        ("nullif(sort, cust_no)", "S"),
        ("nullif(total, 0)", Decimal("239.00")),
        ("title(cust_no)", None),
        ("nth(lines, -1)", ROW["lines"][1]),
        ("nth(lines, 0)", None),
        ("nth(lines, 3)", None),
        ("values(lines, item.amount)", [Decimal("200.50"), Decimal("38.50")]),
        ("allocate(10, values(lines, item.amount))", [Decimal("8.39"), Decimal("1.61")]),
        ("sum(allocate(total, [1, 1, 1])) == total", True),
        ("tax_of_net(total, null)", None),
        ("net_of_gross(total, 20) + tax_of_gross(total, 20) == total", True),
    ],
)
def test_functions_of_parts_lists_and_taxes(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_the_items_of_a_split_text_are_counted() -> None:
    with pytest.raises(RefusalError) as refusal:
        value("count(split(sort, ','))", {"sort": "," * 1_000_001})
    assert refusal.value.code == Code.TOO_MANY_ITEMS
