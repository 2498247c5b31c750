# ruff: noqa: E501 - one case per line reads as a table
"""Cells of workbooks: errors by their type, formulas without a value, number formats, merged cells, escapes."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook
from source_cases import finding_messages, snapshot, table
from workbook_files import SHARED, changed, packed, parts, sheet_of, workbook

from sagerecon.sources.number_format import shown_number
from sagerecon.sources.sheet_cells import decoded

XLSX = "path: t.xlsx"


def values(tmp_path: Path, text: str, data: bytes) -> list[tuple[object, ...]]:
    """Return the values of the rows, without their origin and number."""
    with snapshot(tmp_path, text, {"t.xlsx": data}) as opened:
        return [tuple(row.values())[:-2] for row in opened.rows("t")]


def sheet(rows: Sequence[str]) -> bytes:
    """Return a workbook whose rows are the XML of their cells after a header row `a`, `b`."""
    head = '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
    return sheet_of(head + "".join(f"<row>{cells}</row>" for cells in rows))


A = table("a: {type: text}\nb: {type: decimal}", XLSX)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("<c><f>B2*C2</f><v/></c>", "the cell holds the formula '=B2*C2' and no value: it was never calculated. Open the workbook in a spreadsheet program and save it."),
        ('<c t="str"><f>B2*C2</f></c>', "the cell holds the formula '=B2*C2' and no value: it was never calculated. Open the workbook in a spreadsheet program and save it."),
        ('<c t="e"><v>#SPILL!</v></c>', "the cell holds the formula error #SPILL!. Correct the formula."),
        ('<c t="e"><v>#N/A</v></c>', "the cell holds the formula error #N/A. Correct the formula."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["a", "b"])
def test_a_formula_without_a_value_is_a_finding(tmp_path: Path, cell: str, message: str, column: str) -> None:
    cells = cell + "<c><v>1</v></c>" if column == "a" else f"<c><v>1</v></c>{cell}"
    number = "ab".index(column) + 1
    assert finding_messages(tmp_path, A, {"t.xlsx": sheet([cells])}) == [
        f"t.xlsx:2:{number}: {column}: {message}"
    ]


def test_a_calculated_formula_and_a_text_named_like_an_error_are_read(tmp_path: Path) -> None:
    data = sheet(
        [
            '<c t="str"><f>B2&amp;""</f><v></v></c><c><f>1+1</f><v>2</v></c>',
            '<c t="inlineStr"><is><t>#N/A</t></is></c><c><v>3</v></c>',
        ]
    )
    assert values(tmp_path, A, data) == [(None, Decimal(2)), ("#N/A", Decimal(3))]


def test_cells_that_are_not_declared_are_passed_over(tmp_path: Path) -> None:
    rows = [["a", "b", "lookup"], ["x", 1, "#N/A"], ["y", 2, "ok", None, "check with Jo"]]
    assert values(tmp_path, A, workbook(rows)) == [("x", Decimal(1)), ("y", Decimal(2))]
    assert finding_messages(tmp_path, A, {"t.xlsx": workbook(rows)}) == [
        "t.xlsx: cells beside the table were passed over in 1 row. Lines: 3 (check with Jo)."
    ]


def test_columns_by_position_may_lie_beyond_the_first_row(tmp_path: Path) -> None:
    text = table("a: {column: 1, type: text}\nb: {column: 3, type: decimal}", f"{XLSX}\nheader: none")
    assert values(tmp_path, text, workbook([["x"], ["y", None, 2]])) == [("x", None), ("y", Decimal(2))]


def formatted(cells: Sequence[tuple[object, str]]) -> bytes:
    """Return a workbook with one column `a`, whose cells have these values and number formats."""
    book = Workbook()
    page = book.worksheets[0]
    page.append(["a"])
    for row, (value, number_format) in enumerate(cells, start=2):
        page.cell(row, 1, value).number_format = number_format
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_text_column_has_numbers_as_the_sheet_shows_them(tmp_path: Path) -> None:
    cells = [
        (10, "0000"),
        (1001.0, "General"),
        (1e3, "0"),
        (0.1 + 0.2, "General"),
        (42, '"C"000'),
        (123456789, "000\\-00\\-0000"),
    ]
    text = table("a: {type: text}", XLSX)
    assert values(tmp_path, text, formatted(cells)) == [
        ("0010",),
        ("1001",),
        ("1000",),
        ("0.3",),
        ("C042",),
        ("123-45-6789",),
    ]
    number = table("a: {type: decimal, scale: 4}", XLSX)
    assert values(tmp_path, number, formatted(cells))[0] == (Decimal(10),)


@pytest.mark.parametrize(
    ("number", "number_format", "shown"),
    [
        ("10", "0000", "0010"),
        ("7", "00", "07"),
        ("12345", "0000", "12345"),
        ("1234", "#,##0", "1,234"),
        ("1234.5", "#,##0.00", "1,234.50"),
        ("0", "#,##0", "0"),
        ("5", "0.00", "5.00"),
        ("5", "0.##", "5"),
        ("2.5", "0", None),
        ("2.5", "0000", None),
        ("1E+300", "0000", f"1{'0' * 300}"),
        ("1234.567", "#,##0.00", None),
        ("5.25", "0.##", "5.25"),
        ("-10", "0000", "-0010"),
        ("12", '"INV-"0000', "INV-0012"),
        ("442071234567", "00 00 00000000", "44 20 71234567"),
        ("10", "0000;[Red]-0000", "0010"),
        ("-10", "0000;[Red]-0000", None),
        ("0.2", "0%", None),
        ("10", "[Red]0000", None),
        ("10", "0.0E+00", None),
        ("10", "# ?/?", None),
        ("1234", "#,##0,", None),
        ("10", '0000"x', None),
    ],
)
def test_a_number_is_shown_by_its_format_or_not_at_all(
    number: str, number_format: str, shown: str | None
) -> None:
    assert shown_number(Decimal(number), number_format) == shown


@pytest.mark.parametrize(
    ("cell", "number_format", "message"),
    [
        (date(2016, 12, 10), "dd-mmm", "'2016-12-10 00:00:00' is a date or a time: the workbook may have taken a code for one. Correct the cell and format it as text, or set type: date."),
        (time(9, 30), "h:mm", "'09:30:00' is a date or a time: the workbook may have taken a code for one. Correct the cell and format it as text, or set type: date."),
        (0.2, "0%", "'0.2' is shown by the number format '0%', which is not read. Set type: decimal or integer, or format the cell as text."),
        (True, "General", "true is not text. Set type: boolean."),
    ],
)  # fmt: skip
def test_what_is_no_code_is_a_finding_in_a_text_column(
    tmp_path: Path, cell: object, number_format: str, message: str
) -> None:
    data = formatted([(cell, number_format)])
    assert finding_messages(tmp_path, table("a: {type: text}", XLSX), {"t.xlsx": data}) == [
        f"t.xlsx:2:1: a: {message}"
    ]


MIXED = [
    (datetime(2016, 12, 31), "yyyy-mm-dd"),  # noqa: DTZ001 - a workbook has no time zones
    ("31/12/2016", "General"),
    (42735, "General"),
    (datetime(2016, 12, 31, 9, 30), "yyyy-mm-dd h:mm"),  # noqa: DTZ001
    ("31-Dec-16", "General"),
]
ELASTIC = (
    'a: {type: date, format: ["%d/%m/%Y", "%d-%b-%y"], century: 1950, excel_serial: true, drop_time: true}'
)


def test_dates_of_every_sort_are_read_where_they_are_declared(tmp_path: Path) -> None:
    assert values(tmp_path, table(ELASTIC, XLSX), formatted(MIXED)) == [(date(2016, 12, 31),)] * 5
    assert finding_messages(tmp_path, table(ELASTIC, XLSX), {"t.xlsx": formatted(MIXED)}) == [
        "t.xlsx: a: 2 cells by a date of the workbook, 1 cell by %d/%m/%Y, 1 cell by excel_serial, 1 cell by %d-%b-%y.",
        "t.xlsx:5: a: 1 value changed by drop_time: '2016-12-31 09:30:00' to '2016-12-31'.",
    ]
    assert [
        text.split(": ", 2)[2]
        for text in finding_messages(
            tmp_path, table('a: {type: date, format: "%d/%m/%Y"}', XLSX), {"t.xlsx": formatted(MIXED)}
        )
    ] == [
        "'42735' is not %d/%m/%Y. If it is a number of days as Excel counts them, set excel_serial: 1900.",
        "'2016-12-31 09:30:00' has a time of day. Set drop_time: true to keep the day alone, or type: datetime.",
        "'31-Dec-16' is not %d/%m/%Y. Add to format: \"%d-%b-%y\", century: 1950.",
    ]


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (60, "the cell has the format of a date, and its number '60' is none. Correct the cell, or store the date as text."),
        (2958466, "the cell has the format of a date, and its number '2958466' is none. Correct the cell, or store the date as text."),
        (2958465, "'9999-12-31' is a date of the year 9999. If it means an empty cell, set null_words: [\"9999-12-31\"]."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["date", "datetime"])
def test_a_day_that_never_was_is_none(tmp_path: Path, day: int, message: str, kind: str) -> None:
    data = formatted([(day, "yyyy-mm-dd")])
    text = table(f"a: {{type: {kind}}}", XLSX)
    assert finding_messages(tmp_path, text, {"t.xlsx": data}) == [f"t.xlsx:2:1: a: {message}"]


def test_a_typed_day_may_be_a_null_word(tmp_path: Path) -> None:
    text = table('a: {type: date, null_words: ["9999-12-31"]}\nb: {type: text}', XLSX)
    assert values(tmp_path, text, workbook([["a", "b"], [date(9999, 12, 31), "x"]])) == [(None, "x")]


def test_days_are_counted_as_the_workbook_counts_them(tmp_path: Path) -> None:
    content = parts(workbook([["a"], [41273]]))
    content["xl/workbook.xml"] = content["xl/workbook.xml"].replace(
        b"<workbookPr ", b'<workbookPr date1904="1" '
    )
    text = table("a: {type: date, excel_serial: 1900}", XLSX)
    assert values(tmp_path, text, packed(content)) == [(date(2016, 12, 31),)]


def merged(rows: Sequence[Sequence[object]], *ranges: str) -> bytes:
    """Return a workbook with these rows and merged ranges."""
    book = Workbook()
    page = book.worksheets[0]
    for row in rows:
        page.append(list(row))
    for each in ranges:
        page.merge_cells(each)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


GROUPED = [["a", "b", "c"], ["x", 1, "p"], [None, 2, None], [None, 3, None], ["y", 4, "q"]]


def test_merged_cells_are_findings_or_filled(tmp_path: Path) -> None:
    data = merged(GROUPED, "A2:A4", "C2:C4")
    assert finding_messages(tmp_path, A, {"t.xlsx": data}) == [
        f"t.xlsx:{row}:1: a: the cell is merged with A2, which alone has a value. "
        "Set merged: fill, or fill_down: true of the column, if each cell has this value."
        for row in (3, 4)
    ]
    filled = table("a: {type: text}\nb: {type: decimal}\nc: {type: text}", f"{XLSX}\nmerged: fill")
    assert values(tmp_path, filled, data) == [
        ("x", Decimal(1), "p"), ("x", Decimal(2), "p"), ("x", Decimal(3), "p"), ("y", Decimal(4), "q"),
    ]  # fmt: skip
    assert finding_messages(tmp_path, filled, {"t.xlsx": data})[0] == (
        "t.xlsx:3: a: 2 values changed by merged: fill: '' to 'x', '' to 'x' (t.xlsx:4)."
    )
    down = table("a: {type: text, fill_down: true}\nb: {type: decimal}", XLSX)
    assert values(tmp_path, down, data)[1] == ("x", Decimal(2))


def test_merged_cells_of_a_title_or_of_blank_rows_do_not_matter(tmp_path: Path) -> None:
    rows = [["Customers", None], ["a", "b"], ["x", 1], [None, None], ["y", 2]]
    data = merged(rows, "A1:B1", "A4:B4")
    text = table("a: {type: text}\nb: {type: decimal}", f"{XLSX}\nheader: [a, b]")
    assert values(tmp_path, text, data) == [("x", Decimal(1)), ("y", Decimal(2))]


def test_escaped_characters_of_a_workbook_are_decoded(tmp_path: Path) -> None:
    assert decoded("Line1_x000D_\nLine2 _x005F_x000D_ _xyz_") == "Line1\r\nLine2 _x000D_ _xyz_"
    rows = ['<c t="inlineStr"><is><t>Line1_x000D_</t></is></c>', '<c t="str"><v>_x0041_</v></c>']
    assert values(tmp_path, table("a: {type: text}", XLSX), sheet(rows)) == [("Line1\r",), ("A",)]
    (message,) = finding_messages(
        tmp_path, table("a: {type: text}", XLSX), {"t.xlsx": sheet(['<c t="str"><v>_x0000_</v></c>'])}
    )
    assert "holds the control character U+0000" in message


def test_shared_texts_are_decoded_once(tmp_path: Path) -> None:
    data = changed(SHARED, "<t>C1</t>", "<t>_x005F_x0041_C_x0031_</t>")
    text = table('no: {column: "Cust No", type: text}', XLSX)
    assert values(tmp_path, text, data)[0] == ("_x0041_C1",)
