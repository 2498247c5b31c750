# ruff: noqa: E501 - one case per line reads as a table
"""Converting one cell: exact, strict, with a message for each invalid value."""

from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.model.place import NOWHERE
from sagerecon.sources.cell import CellChanged, CellError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.notation import Notation
from sagerecon.sources.rows import converter

NOTATION = {field.name for field in fields(Notation)}


def typed(cell: object, kind: str, decimal: str = ".", thousands: str = "", **column: object) -> object:
    """Return the converted cell; of the settings, those of a notation are the file's."""
    declared = {name: column.pop(name) for name in NOTATION & column.keys()}
    notation = Notation(decimal=decimal, thousands=thousands, **declared)  # type: ignore[arg-type]
    file = SourceFile("t", "t.csv", "csv", (), NOWHERE, notation=notation)
    return converter(Column("c", kind, ("c",), NOWHERE, **column), file)(cell)  # type: ignore[arg-type]


def cell_error(cell: object, kind: str, **settings: object) -> str:
    """Return the message and hint for the cell."""
    with pytest.raises(CellError) as caught:
        typed(cell, kind, **settings)  # type: ignore[arg-type]
    return f"{caught.value.message} {caught.value.hint}".strip()


#: Amounts that change when they are stored as floats.
TRAPS = (
    "0.10", "0.30", "1.10", "1.15", "2.675", "100.01", "1000000.07", "2500.35", "8.41",
    "20000000.99", "90071992547409.93", "9007199254740993", "27136760851.95", "-0.01",
)  # fmt: skip


@pytest.mark.parametrize("text", TRAPS)
def test_amounts_are_exact(text: str) -> None:
    assert Decimal(str(typed(text, "decimal", scale=3))) == Decimal(text)
    assert Decimal(str(typed(Decimal(text), "decimal", scale=3))) == Decimal(text)
    comma = text.replace(".", ",")
    assert Decimal(str(typed(comma, "decimal", decimal=",", scale=3))) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "marks", "value"),
    [
        ("1,234.50", (".", ","), "1234.50"),
        ("1.234.567,8", (",", "."), "1234567.8"),
        ("1 234,50", (",", " "), "1234.50"),
        ("1\u00a0234,50", (",", " "), "1234.50"),
        ("1'234.50", (".", "'"), "1234.50"),
        ("  12.00 ", (".", ""), "12.00"),
        ("12.00-", (".", ""), "-12.00"),
        ("(1,212.00)", (".", ","), "-1212.00"),
        ("\u221212.00", (".", ""), "-12.00"),
        ("+12", (".", ""), "12"),
        (".5", (".", ""), "0.5"),
        ("-0.00", (".", ""), "0"),
        ("1.500000", (".", ""), "1.50"),
        ("007.10", (".", ""), "7.10"),
    ],
)
def test_number_notations_are_accepted(text: str, marks: tuple[str, str], value: str) -> None:
    assert Decimal(str(typed(text, "decimal", *marks))) == Decimal(value)


@pytest.mark.parametrize(
    ("cell", "settings", "message"),
    [
        ("12,50", {}, "'12,50' is not a number. Set decimal: ','."),
        ("1,23.50", {"thousands": ","}, "'1,23.50' is not a number. sources.yaml declares decimal: '.' and thousands: ','."),
        ("£12", {}, "'£12' is not a number. Set currency: '£'."),
        ("1.2E+05", {}, "'1.2E+05' is not a number. Set exponent: true."),
        ("1.255", {}, "'1.255' has 3 decimals; the column keeps 2. Set scale: 3, or round: 2 to round the amounts. If it is 1255, set decimal: ',' and thousands: '.'."),
        ("1" * 19, {}, "'1111111111111111111' has more than 18 digits."),
        ("-", {}, "'-' is not a number. Set dash: zero if it means 0, or dash: empty."),
        ("(12", {}, "'(12' is not a number. sources.yaml declares decimal: '.' and no thousands separator."),
        ("٣", {}, "'٣' is not a number. Only the digits 0 to 9 are read."),
        (True, {}, "true is not a number. Set type: boolean."),
        ({"a": 1}, {}, "an object is not a number."),
        (Decimal("1E+999999999"), {}, "'1E+999999999' has more than 18 digits."),
        (Decimal("NaN"), {}, "'NaN' is not a number."),
    ],
)  # fmt: skip
def test_an_invalid_decimal_is_reported(cell: object, settings: dict[str, object], message: str) -> None:
    assert cell_error(cell, "decimal", **settings) == message


@given(
    number=st.decimals(-(10**15), 10**15, places=4, allow_nan=False),
    marks=st.sampled_from([(".", ""), (".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_a_number_in_any_notation_is_read_equal(number: Decimal, marks: tuple[str, str]) -> None:
    text = f"{number:,f}".replace(",", "\0").replace(".", marks[0]).replace("\0", marks[1])
    assert Decimal(str(typed(text, "decimal", *marks, scale=4))) == number


@pytest.mark.parametrize(
    ("cell", "kind", "settings", "value"),
    [
        ("0042", "integer", {}, 42),
        ("-17", "integer", {}, -17),
        ("1,234", "integer", {"thousands": ","}, 1234),
        (Decimal("5.0"), "integer", {}, 5),
        (2**63 - 1, "integer", {}, 2**63 - 1),
        ("TRUE", "boolean", {}, True),
        ("n", "boolean", {}, False),
        (0, "boolean", {}, False),
        (True, "boolean", {}, True),
        ("Ja", "boolean", {"words": {"ja": True, "nein": False}}, True),
        ("2017-03-31", "date", {}, "2017-03-31"),
        ("31/03/2017", "date", {"formats": ("%d/%m/%Y",)}, "2017-03-31"),
        ("31 Mar 2017", "date", {"formats": ("%d/%m/%Y", "%d %b %Y")}, "2017-03-31"),
        (datetime(2017, 3, 31), "date", {}, "2017-03-31"),  # noqa: DTZ001 - as read from a workbook
        (date(2017, 3, 31), "date", {}, "2017-03-31"),
        ("2010-12-01 08:26:00", "datetime", {}, "2010-12-01T08:26:00"),
        ("2017-03-24T13:47:16-07:00", "datetime", {}, "2017-03-24T20:47:16"),
        ("2017-03-24T13:47:16Z", "datetime", {}, "2017-03-24T13:47:16"),
        ("24.03.2017 13:47", "datetime", {"formats": ("%d.%m.%Y %H:%M",)}, "2017-03-24T13:47:00"),
        (" padded ", "text", {}, " padded "),
        (17850, "text", {}, "17850"),
        (Decimal("50.0"), "text", {}, "50"),
        (Decimal("50.50"), "text", {}, "50.50"),
        (Decimal("1.001E+3"), "text", {}, "1001"),
        ("0010", "text", {}, "0010"),
        ("   ", "text", {}, None),
        ("", "decimal", {}, None),
        (None, "date", {}, None),
    ],
)  # fmt: skip
def test_cells_of_the_other_types(
    cell: object, kind: str, settings: dict[str, object], value: object
) -> None:
    assert typed(cell, kind, **settings) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "kind", "settings", "message"),
    [
        ("17850.0", "integer", {}, "'17850.0' is not a whole number. Set type: decimal."),
        (Decimal("5.5"), "integer", {}, "'5.5' is not a whole number. Set type: decimal."),
        (True, "integer", {}, "true is not a whole number. Set type: boolean."),
        (2**63, "integer", {}, "'9223372036854775808' is too large for a whole number."),
        ("maybe", "boolean", {"words": {"ja": True, "nein": False}}, "'maybe' is neither true nor false. Values: ja, nein. To read others, set words: {Ja: true, Nein: false}. If it means an empty cell, set null_words: [\"maybe\"]."),
        ("31/03/2017", "date", {}, "'31/03/2017' is not a date such as 2017-03-31. Set format: \"%d/%m/%Y\"."),
        ("20170331", "date", {}, "'20170331' is not a date such as 2017-03-31. Set format: \"%Y%m%d\"."),
        ("2017-02-29", "date", {}, "'2017-02-29' is not a date such as 2017-03-31."),
        ("03/31/2017", "date", {"formats": ("%d/%m/%Y",)}, "'03/31/2017' is not %d/%m/%Y. Add to format: \"%m/%d/%Y\"."),
        (datetime(2017, 3, 31, 8), "date", {}, "'2017-03-31 08:00:00' has a time of day. Set drop_time: true to keep the day alone, or type: datetime."),  # noqa: DTZ001
        ("noon", "datetime", {}, "'noon' is not a date and time such as 2017-03-31T14:05:00. If it means an empty cell, set null_words: [\"noon\"]."),
        (["a"], "text", {}, "a list is not text."),
        (False, "text", {}, "false is not text. Set type: boolean."),
        ("a\ud800b", "text", {}, r"'a\ud800b' contains an unpaired surrogate. Export the file again."),
        ("  ", "text", {"required": True}, "the cell is empty; a value is required."),
        (None, "decimal", {"required": True}, "the cell is empty; a value is required."),
    ],
)  # fmt: skip
def test_a_cell_of_another_type_is_reported(
    cell: object, kind: str, settings: dict[str, object], message: str
) -> None:
    assert cell_error(cell, kind, **settings) == message


def test_lost_letters_are_a_warning_and_the_text_is_kept() -> None:
    with pytest.raises(CellError) as caught:
        typed("F\ufffdrs\ufffdljning", "text")
    assert caught.value.value == "F\ufffdrs\ufffdljning"
    assert caught.value.severity.value == "warning"


@pytest.mark.parametrize("exponent", [400, 99_999_999_999, -99_999_999_999])
@pytest.mark.parametrize("kind", ["text", "decimal", "integer", "boolean", "date"])
def test_a_number_of_any_exponent_is_read_or_refused(exponent: int, kind: str) -> None:
    for digits in ("1.50", "-1", "0", "0.0"):
        number = Decimal(f"{digits}e{exponent}")
        try:
            found = typed(number, kind)
        except CellError:
            assert number or kind == "date"
        else:
            assert Decimal(str(int(found) if kind == "boolean" else found)) == number  # type: ignore[call-overload]


def test_a_number_too_small_for_its_column_is_rounded() -> None:
    assert "has 70 decimals" in cell_error(Decimal("1E-70"), "decimal")
    with pytest.raises(CellChanged) as caught:
        typed(Decimal("1E-300"), "decimal", round=2)
    assert caught.value.value == "0.00"


def test_a_word_of_yes_and_no_names_its_declaration() -> None:
    assert cell_error("NULL", "boolean").endswith('If it means an empty cell, set null_words: ["NULL"].')
    assert typed("Ja", "boolean", words={"ja": True, "nein": False}) is True


def test_the_digits_of_a_half_are_no_word_and_no_currency() -> None:
    for text in ("½", "12.5½"):
        assert cell_error(text, "decimal") == f"'{text}' is not a number. Only the digits 0 to 9 are read."


def test_a_leading_zero_before_decimals_is_not_taken_for_a_group() -> None:
    assert cell_error("0.005", "decimal").endswith("Set scale: 3, or round: 2 to round the amounts.")
    assert cell_error("0.5", "decimal", scale=0).startswith("'0.5' has 1 decimal;")


@pytest.mark.parametrize(
    ("cell", "kind", "hint"),
    [
        (True, "date", "Set type: boolean."),
        (date(2017, 3, 31), "decimal", "Set type: date."),
        (datetime(2017, 3, 31), "integer", "Set type: date."),  # noqa: DTZ001
        (datetime(2017, 3, 31, 8), "decimal", "Set type: datetime, or type: date with drop_time: true."),  # noqa: DTZ001
    ],
)
def test_a_cell_with_a_type_of_its_own_names_it(cell: object, kind: str, hint: str) -> None:
    assert cell_error(cell, kind).endswith(hint)
