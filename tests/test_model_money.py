"""Exact amounts: read, rounded, summed and written."""

from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import wide_amounts

from sagerecon.model.money import (
    CENT,
    decimal,
    decimal_text,
    difference,
    grouped,
    magnitude,
    negative,
    places_of,
    product,
    rounded,
    shifted,
    total,
)


@pytest.mark.parametrize("text", ["", "x", "1,5", "12.00 GBP"])
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a number"):
        decimal(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a finite number"):
        decimal(text)


def test_a_number_is_read_exactly() -> None:
    assert str(decimal("0.10")) == "0.10"
    assert decimal(7) == Decimal(7)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.345", "2.35"),
        ("-2.345", "-2.35"),
        ("2.344", "2.34"),
        ("1", "1.00"),
        ("0.005", "0.01"),
        ("123456789012345678901234567890123456.785", "123456789012345678901234567890123456.79"),
    ],
)
def test_half_a_cent_goes_away_from_zero(value: str, expected: str) -> None:
    assert str(rounded(Decimal(value))) == expected


def test_scale_and_rounding_are_the_callers() -> None:
    assert str(rounded(Decimal("2.3456"), 3)) == "2.346"
    assert str(rounded(Decimal("2.349"), rounding=ROUND_DOWN)) == "2.34"
    assert str(rounded(Decimal("2.5"), 0)) == "3"


def test_a_sum_is_exact_beyond_the_usual_precision() -> None:
    large = Decimal("123456789012345678901234567890123456.00")
    assert total([large, CENT]) == Decimal("123456789012345678901234567890123456.01")
    assert total([]) == 0 and isinstance(total([]), Decimal)


@given(st.lists(st.decimals(-(10**15), 10**15, places=2)))
def test_a_sum_does_not_depend_on_the_order(amounts: list[Decimal]) -> None:
    assert total(amounts) == total(reversed(amounts)) == total(sorted(amounts))


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("1", 2, "1.00"),
        ("1.5", 2, "1.50"),
        ("1.2345", 2, "1.2345"),
        ("1E+3", 2, "1000.00"),
        ("-0.00", 2, "0.00"),
        ("-0.000", 0, "0"),
        ("12", 0, "12"),
        ("1E-7", 2, "0.0000001"),
    ],
)
def test_plain_digits(value: str, places: int, expected: str) -> None:
    assert decimal_text(Decimal(value), places) == expected


def test_two_places_are_usual() -> None:
    assert decimal_text(Decimal("7")) == "7.00"
    assert grouped(Decimal("7")) == "7.00"


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("1234.5", 2, "1,234.50"),
        ("-1234567.005", 2, "-1,234,567.01"),
        ("-0.004", 2, "0.00"),
        ("1234.5", 0, "1,235"),
    ],
)
def test_thousands_are_separated(value: str, places: int, expected: str) -> None:
    assert grouped(Decimal(value), places) == expected


@given(wide_amounts(), wide_amounts())
def test_no_operation_rounds_amounts_of_38_digits(one: Decimal, other: Decimal) -> None:
    exact_one, exact_other = Fraction(one), Fraction(other)
    assert Fraction(negative(one)) == -exact_one
    assert Fraction(magnitude(one)) == abs(exact_one)
    assert Fraction(difference(one, other)) == exact_one - exact_other
    assert Fraction(total([one, other, one])) == 2 * exact_one + exact_other
    assert Fraction(product(one, other)) == exact_one * exact_other
    assert Fraction(shifted(one, 3)) == exact_one * 1_000
    assert abs(Fraction(rounded(one)) - exact_one) <= Fraction(1, 200)
    assert Decimal(grouped(one).replace(",", "")) == rounded(one)


@given(wide_amounts())
def test_the_places_of_an_amount_do_not_count_zeros_at_its_end(amount: Decimal) -> None:
    places = places_of(amount)
    scaled = Fraction(amount) * 10**places
    assert scaled.denominator == 1 and (places == 0 or scaled.numerator % 10)


def test_the_negative_of_zero_has_no_sign() -> None:
    assert [str(negative(Decimal(zero))) for zero in ("0.00", "-0.00")] == ["0.00", "0.00"]
