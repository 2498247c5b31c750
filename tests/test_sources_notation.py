# ruff: noqa: E501 - one case per line reads as a table
"""Cells as people write them: what a declared notation reads, and the declaration that a refusal names."""

from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, snapshot, table
from test_sources_rows import cell_error, typed

from sagerecon.model.place import NOWHERE
from sagerecon.sources.cell import CellChanged, CellError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.rows import converter

POUNDS = {"currency": ("£", "$", "EUR", "kr"), "thousands": ","}
SIGNS = {"signs": (("CR", True), ("DR", False))}


@pytest.mark.parametrize(
    ("text", "settings", "value"),
    [
        ("£1,234.50", POUNDS, "1234.50"),
        ("-£12.00", POUNDS, "-12.00"),
        ("£-12.00", POUNDS, "-12.00"),
        ("(£12.00)", POUNDS, "-12.00"),
        ("£(12.00)", POUNDS, "-12.00"),
        ("£ ( 1,212.00 )", POUNDS, "-1212.00"),
        ("- £ 12.00", POUNDS, "-12.00"),
        ("£12.00-", POUNDS, "-12.00"),
        ("12.00- £", POUNDS, "-12.00"),
        ("£ 12.00", POUNDS, "12.00"),
        ("12.00 EUR", POUNDS, "12.00"),
        ("12.00kr", POUNDS, "12.00"),
        ("12.00 CR", SIGNS, "-12.00"),
        ("12.00dr", SIGNS, "12.00"),
        ("CR 12.00", SIGNS, "-12.00"),
        ("£12.00 CR", {**POUNDS, **SIGNS}, "-12.00"),
        (" -   ", {"dash": "zero"}, "0"),
        ("£ -", {**POUNDS, "dash": "zero"}, "0"),
        ("–", {"dash": "zero"}, "0"),
        ("1,00,000.00", {"thousands": ",", "grouping": "indian"}, "100000.00"),
        ("12,34,567", {"thousands": ",", "grouping": "indian"}, "1234567"),
        ("1.23E+05", {"exponent": True}, "123000"),
        ("-1.5e-1", {"exponent": True}, "-0.15"),
        ("20%", {"percent": "number"}, "20"),
        ("20 %", {"percent": "fraction"}, "0.20"),
        ("–12.00", {}, "-12.00"),
        ("- 12.00", {}, "-12.00"),
        ("5.", {}, "5"),
    ],
)
def test_a_declared_notation_of_numbers_is_read(text: str, settings: dict[str, object], value: str) -> None:
    assert Decimal(str(typed(text, "decimal", **settings))) == Decimal(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "settings", "hint"),
    [
        ("£1,234.50", {"thousands": ","}, "Set currency: '£'."),
        ("12.00 EUR", {}, "Set currency: 'EUR'."),
        ("£1,234.50", {}, "Set currency: '£' and thousands: \",\"."),
        ("Rs. 12.00", {}, "Set currency: 'Rs.'."),
        ("12.00 CR", {}, "Set signs: {CR: negative, DR: positive}."),
        ("£12.00 CR", {}, "Set currency: '£' and signs: {CR: negative, DR: positive}."),
        (" - ", {}, "Set dash: zero if it means 0, or dash: empty."),
        ("1,00,000.00", {"thousands": ","}, "Set grouping: indian."),
        ("1.23E+05", {}, "Set exponent: true."),
        ("20%", {}, "Set percent: number (20) or percent: fraction (0.2)."),
        ("1 234.50", {}, 'Set thousands: " ".'),
        ("1\u20192.50", {}, "sources.yaml declares decimal: '.' and no thousands separator."),
        ("1\u2019234.50", {}, "Set thousands: \"\u2019\"."),
        ("(-12.00)", {}, "sources.yaml declares decimal: '.' and no thousands separator."),
        ("1'234.50", {}, "Set thousands: \"'\"."),
        ("NULL", {}, 'If it means an empty cell, set null_words: ["NULL"].'),
        ("#REF!", {}, "It is the error of a formula: correct the formula, and export the file again."),
        ("١٢", {}, "Only the digits 0 to 9 are read."),
        ("-12.00 CR", SIGNS, "sources.yaml declares decimal: '.' and no thousands separator."),
        ("0.500", {"decimal": ",", "thousands": "."}, "Set decimal: '.' and thousands: \",\"."),
        ("1,234", {}, "If it is 1234: Set thousands: \",\". If it is 1.234: Set decimal: ','."),
        ("123,456.00", {"thousands": ",", "grouping": "indian"}, "Leave out grouping: indian."),
        ("12.00 EUR", {"currency": ("£",)}, "Set currency: [\"£\", \"EUR\"]."),
        ("12.00 Cr.", {}, "Set signs: {CR.: negative, DR.: positive}."),
        ("12.00 H", {}, "Set signs: {H: negative, S: positive}."),
        ("12.00 k", {}, "If 'k' is the sign of a currency, set currency: 'k'."),
        ("US$12.00", {}, "Set currency: 'US$'."),
        ("12.-", {}, "The dash may stand for no cents or for a minus: export the numbers in full."),
        ("12,-", {"decimal": ","}, "The dash may stand for no cents or for a minus: export the numbers in full."),
        ("nil", {"null_words": ("n/a",)}, "If it means an empty cell, set null_words: [\"n/a\", \"nil\"]."),
        ("£12 £", POUNDS, "sources.yaml declares decimal: '.' and thousands: ','."),
    ],
)  # fmt: skip
def test_a_refused_number_names_the_declaration(text: str, settings: dict[str, object], hint: str) -> None:
    assert cell_error(text, "decimal", **settings).endswith(f"is not a number. {hint}")


def test_a_number_with_a_group_of_thousands_is_not_taken_for_decimals() -> None:
    assert cell_error("1.234", "decimal").endswith(
        "Set scale: 3, or round: 2 to round the amounts. If it is 1234, set decimal: ',' and thousands: '.'."
    )


def test_a_dash_may_mean_an_empty_cell_and_is_missing_where_a_value_is_required() -> None:
    assert typed("-", "decimal", dash="empty") is None
    assert typed("-", "integer", dash="zero") == 0
    assert "a value is required" in cell_error("-", "decimal", dash="empty", required=True)


@pytest.mark.parametrize("kind", ["text", "decimal", "integer", "date", "datetime", "boolean"])
def test_null_words_are_empty_cells_of_every_type(kind: str) -> None:
    assert typed(" NULL ", kind, null_words=("NULL", "0")) is None
    assert typed(0, kind, null_words=("NULL", "0")) is None


@pytest.mark.parametrize(
    ("cell", "places", "value"),
    [("19.989999999999998", 2, "19.99"), (Decimal("2.005"), 2, "2.01"), ("-2.005", 2, "-2.01"), ("0.5", 0, "1")],
)  # fmt: skip
def test_a_rounded_amount_is_a_change(cell: object, places: int, value: str) -> None:
    with pytest.raises(CellChanged) as caught:
        typed(cell, "decimal", round=places)
    (change,) = caught.value.changes
    assert (caught.value.value, change.before, change.after, change.rule) == (
        value,
        str(cell),
        value,
        f"round: {places}",
    )


def test_an_amount_that_needs_no_rounding_is_not_changed() -> None:
    assert typed("19.90", "decimal", round=1) == "19.9"
    assert typed("19.9900", "decimal", round=2) == "19.99"


@pytest.mark.parametrize(
    ("cell", "kind", "settings", "value"),
    [
        ("01122023", "date", {"formats": ("%d%m%Y",)}, "2023-12-01"),
        ("1122023", "date", {"formats": ("%d%m%Y",), "pad_zeros": True}, "2023-12-01"),
        (1122023, "date", {"formats": ("%d%m%Y",), "pad_zeros": True}, "2023-12-01"),
        (20161231, "date", {"formats": ("%Y%m%d",)}, "2016-12-31"),
        ("111216", "date", {"formats": ("%d%m%Y", "%d%m%y"), "century": 1950}, "2016-12-11"),
        ("16/07/68", "date", {"formats": ("%d/%m/%y",), "century": 1950}, "1968-07-16"),
        ("16/07/49", "date", {"formats": ("%d/%m/%y",), "century": 1950}, "2049-07-16"),
        ("42825", "date", {"excel_serial": 1900}, "2017-03-31"),
        (42825, "date", {"excel_serial": 1900}, "2017-03-31"),
        ("41363", "date", {"excel_serial": 1904}, "2017-03-31"),
        ("42825.5", "datetime", {"excel_serial": 1900}, "2017-03-31T12:00:00"),
        ("2016-12-31T23:30:00-05:00", "date", {"formats": ("%Y-%m-%dT%H:%M:%S%z",)}, "2016-12-31"),
        ("2016-12-31T13:30:00-0500", "datetime", {"formats": ("%Y-%m-%dT%H:%M:%S%z",)}, "2016-12-31T18:30:00"),
        ("20161231235959", "datetime", {"formats": ("%Y%m%d%H%M%S",)}, "2016-12-31T23:59:59"),
        ("31/12/2016", "date", {"formats": ("%d/%m/%Y", "%m/%d/%Y")}, "2016-12-31"),
        ("11/11/2016", "date", {"formats": ("%d/%m/%Y", "%m/%d/%Y")}, "2016-11-11"),
    ],
)  # fmt: skip
def test_a_declared_notation_of_dates_is_read(
    cell: object, kind: str, settings: dict[str, object], value: str
) -> None:
    assert typed(cell, kind, **settings) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "settings", "message"),
    [
        ("1122023", {"formats": ("%d%m%Y",)}, "'1122023' is not %d%m%Y. %d%m%Y takes 8 digits. If a leading zero is missing, set pad_zeros: true."),
        ("111216", {"formats": ("%d%m%Y",)}, "'111216' is not %d%m%Y. Add to format: \"%d%m%y\", century: 1950 or \"%y%m%d\", century: 1950."),
        ("3/1/217", {"formats": ("%d/%m/%Y",)}, "'3/1/217' is not %d/%m/%Y."),
        ("2017-03-31T00:00:00", {}, "'2017-03-31T00:00:00' is not a date such as 2017-03-31. Set format: \"%Y-%m-%dT%H:%M:%S\"."),
        ("42825", {}, "'42825' is not a date such as 2017-03-31. If it is a number of days as Excel counts them, set excel_serial: 1900."),
        ("Mon 31 Mar 2017", {"formats": ("%a %d %b %Y",)}, "'Mon 31 Mar 2017' is not %a %d %b %Y."),
        ("29/02/00", {"formats": ("%d/%m/%y",), "century": 1900}, "'29/02/00' is not %d/%m/%y."),
        ("2017", {}, "'2017' is not a date such as 2017-03-31."),
        ("1122023", {}, "'1122023' is not a date such as 2017-03-31. Set format: \"%d%m%Y\", pad_zeros: true or \"%m%d%Y\", pad_zeros: true."),
        ("3/31/2017 2:05 PM", {}, "'3/31/2017 2:05 PM' is not a date such as 2017-03-31. Set format: \"%m/%d/%Y %I:%M %p\"."),
        ("31MAR2017", {}, "'31MAR2017' is not a date such as 2017-03-31. Set format: \"%d%b%Y\"."),
        ("0000-00-00", {}, "'0000-00-00' is not a date such as 2017-03-31. If it means an empty cell, set null_words: [\"0000-00-00\"]."),
        ("NULL", {}, "'NULL' is not a date such as 2017-03-31. If it means an empty cell, set null_words: [\"NULL\"]."),
        ("31-Dec-16", {"formats": ("%d/%m/%Y",)}, "'31-Dec-16' is not %d/%m/%Y. Add to format: \"%d-%b-%y\", century: 1950."),
        ("03/04/2017", {"formats": ("%d/%m/%Y", "%m/%d/%Y")}, "'03/04/2017' is 2017-04-03 by %d/%m/%Y, and 2017-03-04 by %m/%d/%Y. Declare one of these formats alone."),
        ("100117", {"formats": ("%d%m%y",), "century": 1950, "excel_serial": 1900}, "'100117' is 2017-01-10 by %d%m%y, and 2174-02-08 by excel_serial. Declare one of these formats alone."),
        ("60", {"excel_serial": 1900}, "'60' is not a date such as 2017-03-31."),
        ("٣١/٠٣/٢٠١٧", {"formats": ("%d/%m/%Y",)}, "'٣١/٠٣/٢٠١٧' is not %d/%m/%Y. Only the digits 0 to 9 are read."),
        ("42825.5", {"excel_serial": 1900}, "'42825.5' has a time of day. Set drop_time: true to keep the day alone, or type: datetime."),
    ],
)  # fmt: skip
def test_a_refused_date_names_the_declaration(
    cell: object, settings: dict[str, object], message: str
) -> None:
    assert cell_error(cell, "date", **settings) == message


@pytest.mark.parametrize(
    ("cell", "kind", "message", "value"),
    [
        ("0001-01-01", "date", "'0001-01-01' is a date of the year 1.", "0001-01-01"),
        ("9999-12-31", "date", "'9999-12-31' is a date of the year 9999.", "9999-12-31"),
        ("2016-12-31T23:30:00-05:00", "datetime", "'2016-12-31T23:30:00-05:00' is 2017-01-01T04:30:00 in UTC, on another day.", "2017-01-01T04:30:00"),
        ("MÃ¼ller & SÃ¶hne â€“ Â£5", "text", "'MÃ¼ller & SÃ¶hne â€“ Â£5' is utf-8 that was read as cp1252: 'Müller & Söhne – £5'.", "MÃ¼ller & SÃ¶hne â€“ Â£5"),
        ("M√ºller", "text", "'M√ºller' is utf-8 that was read as mac-roman: 'Müller'.", "M√ºller"),
        ("M„ller", "text", "'M„ller' is cp850 that was read as cp1252: 'Mäller'.", "M„ller"),
        ("MŸller", "text", "'MŸller' is mac-roman that was read as cp1252: 'Müller'.", "MŸller"),
        ("M├╝ller", "text", "'M├╝ller' is utf-8 that was read as cp850: 'Müller'.", "M├╝ller"),
    ],
)  # fmt: skip
def test_a_doubtful_value_is_kept_with_a_warning(cell: str, kind: str, message: str, value: str) -> None:
    with pytest.raises(CellError) as caught:
        typed(cell, kind)
    assert (caught.value.message, caught.value.severity.value, caught.value.value) == (
        message,
        "warning",
        value,
    )


@pytest.mark.parametrize(
    "text", ["CAFÉ®", "Ärger – £5", "Łódź", "naïve Œuvre", "“ÄÖÜ”", "Αθήνα", "東京", "50 € – 60 €"]
)
def test_letters_that_are_right_are_no_finding(text: str) -> None:
    assert typed(text, "text") == text


@pytest.mark.parametrize(
    "control", ["\0", "\x1b", "\x07", "\x0b", "\x7f", "\x85", "\x9b", "\u202e", "\u200f", "\u2066"]
)
def test_a_control_character_is_a_finding_or_removed(control: str) -> None:
    assert f"holds the control character U+{ord(control):04X}" in cell_error(f"Oak{control} Ltd", "text")
    with pytest.raises(CellChanged) as caught:
        typed(f"Oak{control} Ltd", "text", controls="remove")
    assert caught.value.value == "Oak Ltd"
    assert caught.value.changes[0].rule == "controls: remove"
    assert control not in caught.value.changes[0].before


def test_marks_of_direction_in_numbers_and_dates_are_findings_or_removed() -> None:
    assert "U+200E" in cell_error("\u200e31/12/2016", "date", formats=("%d/%m/%Y",))
    assert cell_error("12.00\u200f", "decimal").endswith("each is listed as a change.")
    with pytest.raises(CellChanged) as caught:
        typed("\u200e31/12/2016", "date", formats=("%d/%m/%Y",), controls="remove")
    assert caught.value.value == "2016-12-31"
    with pytest.raises(CellChanged):
        typed("12.00\u200f", "decimal", controls="remove")


def test_tabs_and_ends_of_lines_are_text() -> None:
    assert typed("12 Oak Street\r\n\tLeeds\n", "text") == "12 Oak Street\r\n\tLeeds\n"


DATES = 'path: t.csv\ndate: ["%d/%m/%Y", "%d-%b-%y"]\ncentury: 1950'


def test_the_cells_that_each_format_reads_are_counted(tmp_path: Path) -> None:
    data = "day\n31/12/2016\n01/02/2017\n31-Dec-16\n\n"
    assert finding_messages(tmp_path, table("day: {type: date}", DATES), {"t.csv": data}) == [
        "t.csv: day: 2 cells by %d/%m/%Y, 1 cell by %d-%b-%y."
    ]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ("day: {type: date, format: \"%d/%m/%y\"}", "", "sources.yaml:6:33: '%d/%m/%y' has years of two digits, and their century is not declared. Set century: 1950 if they lie in 1950 to 2049."),
        ("day: {type: date}", "date: \"%y%m%d\"", "sources.yaml:5:11: '%y%m%d' has years of two digits, and their century is not declared. Set century: 1950 if they lie in 1950 to 2049."),
        ("day: {type: date, format: \"%x\"}", "", "sources.yaml:6:33: '%x' is not a complete date format. For 31/03/2017 use %d/%m/%Y."),
        ("day: {type: date, format: \"%Y-%m-%d %Z\"}", "", "sources.yaml:6:33: '%Y-%m-%d %Z' is not a complete date format. For 31/03/2017 use %d/%m/%Y."),
        ("day: {type: datetime, format: \"%d/%m/%Y %I:%M\"}", "", "sources.yaml:6:37: '%d/%m/%Y %I:%M' does not tell the hours of the morning from those of the afternoon. Use %I with %p for 02:05 PM, and %H for 14:05."),
        ("day: {type: datetime, format: \"%d/%m/%Y %H:%M %p\"}", "", "sources.yaml:6:37: '%d/%m/%Y %H:%M %p' does not tell the hours of the morning from those of the afternoon. Use %I with %p for 02:05 PM, and %H for 14:05."),
        ("a: {type: text, century: 1950}", "", "sources.yaml:6:23: 'century' does not apply to text."),
        ("a: {type: decimal, round: 3}", "", "sources.yaml:6:33: round is 3, and the column keeps 2 decimals. Set scale: 3."),
        ("a: {type: decimal, grouping: indian}", "", "sources.yaml:6:36: grouping is declared, and no separator. Set thousands: ','."),
        ("a: {type: decimal}", "currency: \"5\"", "sources.yaml:5:15: '5' is no sign of a currency. Use letters or a sign such as £."),
        ("a: {type: decimal, thousands: \".\"}", "", "sources.yaml:6:37: decimal and thousands are both '.'."),
    ],
)  # fmt: skip
def test_a_notation_that_means_nothing_is_refused(columns: str, settings: str, message: str) -> None:
    text = table(columns, f"path: t.csv\n{settings}" if settings else "path: t.csv")
    assert message in error_messages(text)


def test_a_column_may_be_written_otherwise_than_its_file(tmp_path: Path) -> None:
    columns = 'a: {type: decimal}\nb: {type: decimal, decimal: ",", thousands: ".", currency: "€"}'
    with snapshot(
        tmp_path,
        table(columns, "path: t.csv\ndelimiter: ;\nnull_words: [x]"),
        {"t.csv": "a;b\n1.5;€ 1.234,5\nx;x\n"},
    ) as opened:
        assert [(row["a"], row["b"]) for row in opened.rows("t")] == [
            (Decimal("1.5"), Decimal("1234.5")),
            (None, None),
        ]


@pytest.mark.parametrize("kind", ["text", "integer", "decimal", "boolean", "date", "datetime"])
def test_a_cell_of_control_characters_alone_is_blank_once_they_are_removed(kind: str) -> None:
    with pytest.raises(CellChanged) as caught:
        typed("\u202e ", kind, controls="remove")
    assert caught.value.value is None


def test_a_number_that_rounds_to_too_many_digits_is_too_large() -> None:
    assert cell_error("999999999999999999.999", "decimal", round=2).endswith("has more than 18 digits.")


def test_what_has_no_width_is_removed_from_numbers_and_kept_in_texts() -> None:
    assert "holds the control character U+200B" in cell_error("12\u200b", "decimal")
    assert "holds the control character U+FEFF" in cell_error("\ufeffA", "text")
    assert typed("A\u200b", "text") == "A\u200b"


def test_a_word_that_means_nothing_is_known_beside_what_is_not_seen(tmp_path: Path) -> None:
    columns = "a: {type: decimal, controls: remove, null_words: [n/a]}\nb: {type: text, controls: remove, required: true}"
    good, bad = "a,b\n\u200en/a,x\n", "a,b\n1,\u200e\n"
    with snapshot(tmp_path, table(columns), {"t.csv": good}) as opened:
        assert [(row["a"], row["b"]) for row in opened.rows("t")] == [(None, "x")]
        assert [(str(c.origin), c.change.before, c.change.after) for c in opened.changes()] == [
            ("t.csv:2", "\\u200en/a", "")
        ]
    assert finding_messages(tmp_path, table(columns), {"t.csv": bad}) == [
        "t.csv:2:2: b: the cell is empty; a value is required."
    ]


def test_a_thin_space_separates_thousands() -> None:
    assert typed("1\u2009234,50", "decimal", decimal=",", thousands=" ") == "1234.5"


def test_letters_of_poland_read_as_those_of_western_europe_are_noticed() -> None:
    for name in ("£ódŸ", "Bia³ystok"):
        with pytest.raises(CellError) as caught:
            typed(name, "text")
        assert "is cp1250 that was read as cp1252" in caught.value.message
    assert [typed(size, "text") for size in ("12 m³", "£5", "1¹")] == ["12 m³", "£5", "1¹"]


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("17-03-31", "%y-%m-%d", "2017-03-31"),
        ("2017.03.31", "%Y.%m.%d", "2017-03-31"),
        ("Friday, 31 March 2017", "%A, %d %B %Y", "2017-03-31"),
        ("Fri 31 Mar 2017", "%a %d %b %Y", "2017-03-31"),
        ("20170331140506", "%Y%m%d%H%M%S", "2017-03-31"),
        ("20170331T140506Z", "%Y%m%dT%H%M%S%z", "2017-03-31"),
    ],
)
def test_the_format_that_a_hint_names_reads_the_date(text: str, format: str, value: str) -> None:
    assert f'"{format}"' in cell_error(text, "date")
    assert typed(text, "date", formats=(format,), century=1950) == value


@pytest.mark.parametrize("text", ["2017-03-31114:05", "2017-03-31X14:05", "2017-03-31-14:05"])
def test_a_date_and_a_time_have_a_blank_or_a_t_between_them(text: str) -> None:
    assert f"'{text}' is not a date and time" in cell_error(text, "datetime")


def test_a_count_of_days_is_not_rounded_to_the_next_day() -> None:
    assert "has a time of day" in cell_error("42825.9999999", "date", excel_serial=1900)
    with pytest.raises(CellChanged) as caught:
        typed("42825.9999999", "date", excel_serial=1900, drop_time=True)
    assert caught.value.value == "2017-03-31"
    assert typed("42825.9999999", "datetime", excel_serial=1900) == "2017-03-31T23:59:59"


@pytest.mark.parametrize("format", ["xml", "xlsx", "sqlite", "parquet"])
def test_an_encoding_is_named_where_it_can_be_declared(format: str) -> None:
    for cell, kind in (("MÃ¼ller", "text"), ("5\x80", "text"), ("5\x80", "decimal")):
        for each in ("csv", format):
            with pytest.raises(CellError) as caught:
                converter(Column("c", kind, ("c",), NOWHERE), SourceFile("t", "t", each, (), NOWHERE))(cell)
            assert ("set encoding" in caught.value.hint.lower()) == (each == "csv")


@pytest.mark.parametrize(
    ("text", "encoding"), [("Müller", "cp437"), ("Straße", "cp850"), ("Göteborg", "cp437")]
)
def test_letters_of_windows_read_in_a_code_page_of_dos_are_noticed(text: str, encoding: str) -> None:
    message = cell_error(text.encode("cp1252").decode(encoding), "text")
    assert f"is cp1252 that was read as cp437: '{text}'. Set encoding: cp1252." in message
    for right in ("10÷2", "m³/h", "A÷B", "Größe", "a±b", "┌─┐"):
        assert typed(right, "text") == right
