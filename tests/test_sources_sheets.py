# ruff: noqa: E501 - one case per line reads as a table
"""ODS and XLS workbooks: cells by their types, as those of XLSX, and within the same limits."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sheet_files import ods, ods_cell, ods_row, xls
from source_cases import finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError

COLUMNS = """\
no: {column: No, type: text, required: true}
balance: {column: Balance, type: decimal}
since: {column: Since, type: date}
paid: {column: Paid, type: boolean}
"""
ODS = table(COLUMNS, "path: t.ods")
XLS = table(COLUMNS, "path: t.xls")
HEAD = ods_row(*map(ods_cell, ("No", "Balance", "Since", "Paid")))
XLS_HEAD = ["No", "Balance", "Since", "Paid"]
DAY = 45322.0  # 2024-01-31


def rows_of(tmp_path: Path, text: str, content: bytes) -> list[tuple[object, ...]]:
    name = "t.ods" if "t.ods" in text else "t.xls"
    with snapshot(tmp_path, text, {name: content}) as opened:
        return [tuple(row.values())[:5] for row in opened.rows("t")]


def test_the_cells_of_an_ods_sheet_have_their_types(tmp_path: Path) -> None:
    content = ods(
        {
            "Sheet": HEAD
            + ods_row(
                ods_cell(10, "0010"),
                ods_cell(1234.5, "1.234,50 €"),
                ods_cell("2024-01-31"),
                ods_cell(True, "WAHR"),
            )
            + ods_row(ods_cell(), repeated=3)
            + ods_row(
                '<table:table-cell office:value-type="string"><office:annotation><text:p>a note</text:p>'
                '</office:annotation><text:p>A<text:s text:c="2"/><text:span>B</text:span></text:p>'
                "<text:p>C<text:tab/>D</text:p></table:table-cell>",
                '<table:table-cell table:number-columns-repeated="2"/>',
                ods_cell(False),
                '<table:table-cell table:number-columns-repeated="16380"/>',
                repeated=2,
            )
            + ods_row(ods_cell(), repeated=1_048_000)
        }
    )
    assert rows_of(tmp_path, ODS, content) == [
        ("0010", Decimal("1234.50"), date(2024, 1, 31), True, "t.ods:2"),
        ("A  B\nC\tD", None, None, False, "t.ods:6"),
        ("A  B\nC\tD", None, None, False, "t.ods:7"),
    ]


def test_the_cells_of_an_xls_sheet_have_their_types(tmp_path: Path) -> None:
    content = xls([XLS_HEAD, [(10, 2), 1234.5, (DAY, 1), True], [], ["Öl", None, None, False]])
    assert rows_of(tmp_path, XLS, content) == [
        ("0010", Decimal("1234.50"), date(2024, 1, 31), True, "t.xls:2"),
        ("Öl", None, None, False, "t.xls:4"),
    ]


FORMULA = 'table:formula="of:=1/0"'


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (ods_cell("#DIV/0!", attributes=f'calcext:value-type="error" {FORMULA}'), "t.ods:2:2: balance: the cell holds the formula error #DIV/0!. Correct the formula."),
        (ods_cell("#N/A", attributes=f'office:string-value="" {FORMULA}'), "t.ods:2:2: balance: the cell holds the formula error #N/A. Correct the formula."),
        (ods_cell(None, attributes=FORMULA), "t.ods:2:2: balance: the cell holds the formula '=1/0' and no value: it was never calculated. Open the workbook in a spreadsheet program and save it."),
        (ods_cell("#N/A"), "t.ods:2:2: balance: '#N/A' is not a number. Set null_words: ['#N/A'] if it means an empty cell."),
        (ods_cell(0.125), "t.ods:2:2: balance: '0.125' has 3 decimals; the column keeps 2. Set scale: 3, or round: 2 to round the amounts."),
    ],
)  # fmt: skip
def test_a_cell_without_a_value_is_known_by_its_type(cell: str, message: str, tmp_path: Path) -> None:
    content = ods({"S": HEAD + ods_row(ods_cell("A"), cell)})
    (found,) = finding_messages(tmp_path, ODS, {"t.ods": content})
    assert found.partition(". ")[0] == message.partition(". ")[0]


def test_a_code_that_is_shown_with_letters_is_not_read_as_its_number(tmp_path: Path) -> None:
    content = ods({"S": HEAD + ods_row(ods_cell(10, "K-0010"))})
    (found,) = finding_messages(tmp_path, ODS, {"t.ods": content})
    assert found.startswith("t.ods:2:1: no: '10' is shown by the number format 'K-0010', which is not read.")


def test_the_error_of_an_xls_cell_is_known_by_its_type(tmp_path: Path) -> None:
    content = xls([XLS_HEAD, ["#N/A", b"#N/A"]])
    assert finding_messages(tmp_path, XLS, {"t.xls": content}) == [
        "t.xls:2:2: balance: the cell holds the formula error #N/A. Correct the formula."
    ]


def test_merged_cells_are_an_error_or_filled(tmp_path: Path) -> None:
    merged = 'table:number-rows-spanned="2" table:number-columns-spanned="1"'
    rows = ods_row(ods_cell("A", attributes=merged), ods_cell(1)) + ods_row(
        "<table:covered-table-cell/>", ods_cell(2)
    )
    files = {"ods": ods({"S": HEAD + rows}), "xls": xls([XLS_HEAD, ["A", 1], [None, 2]], [(1, 0, 2, 0)])}
    for text, kind in ((ODS, "ods"), (XLS, "xls")):
        name = f"t.{kind}"
        (found,) = finding_messages(tmp_path / kind, text, {name: files[kind]})
        assert found.startswith(f"{name}:3:1: no: the cell is merged with A2, which alone has a value.")
        filled = text.replace(f"path: {name}", f"path: {name}\n    merged: fill")
        assert [row[0] for row in rows_of(tmp_path / f"{kind}-filled", filled, files[kind])] == ["A", "A"]


def test_the_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    content = ods({"One": HEAD + ods_row(ods_cell("A")), "Two": HEAD + ods_row(ods_cell("B"))})
    with pytest.raises(SourceError, match=r"t\.ods: the workbook has 2 sheets: One, Two\."):
        take(tmp_path, ODS, {"t.ods": content})
    chosen = ODS.replace("path: t.ods", "path: t.ods\n    sheet: Two")
    assert [row[0] for row in rows_of(tmp_path, chosen, content)] == ["B"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ods_row(ods_cell("x", attributes='table:number-columns-repeated="16385"')), "a row has 16,385 cells; a sheet may have at most 16,384 columns"),
        (ods_row(ods_cell("x"), repeated=1_048_577), "a sheet has 1,048,577 rows; a sheet may have at most 1,048,576 rows"),
        (ods_row(ods_cell("x", attributes='table:number-columns-repeated="16000"'), repeated=1_000), "the workbook has more repeated cells; what repeated cells and rows of an ODS workbook stand for may have at most 5,000,000 cells"),
        (ods_row(ods_cell("x", attributes='table:number-columns-repeated="-1"')), "content.xml has a number-columns-repeated that is no count"),
        (ods_row(ods_cell("x" * 1_000_001)), "a cell is longer; a cell or another value of a source file may have at most 1,000,000 characters"),
        (ods_row(ods_cell("9999-99-99")), "a cell holds '9999-99-99' as a date"),
        ("<table:table-row>", "content.xml: mismatched tag"),
    ],
)  # fmt: skip
def test_an_ods_workbook_that_passes_a_limit_is_refused(rows: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, ODS, {"t.ods": ods({"S": rows})})
    assert message in error.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ods({"S": ""}, {"META-INF/manifest.xml": "<manifest:encryption-data/>"}), "it is protected by a password. Save it without the password"),
        (ods({"S": ""}, {"content.xml": "<!DOCTYPE x><x/>"}), "content.xml has a document type declaration"),
    ],
)  # fmt: skip
def test_what_is_no_ods_workbook_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, ODS, {"t.ods": content})
    assert message in error.value.message


@pytest.mark.parametrize("size", [100, 600, 3000])
def test_a_damaged_xls_workbook_is_refused(size: int, tmp_path: Path) -> None:
    content = xls([XLS_HEAD, ["A"]])
    with pytest.raises(SourceError, match=r"t\.xls: invalid workbook: "):
        take(tmp_path, XLS, {"t.xls": content[:size]})


def test_an_old_workbook_has_no_29_february_1900(tmp_path: Path) -> None:
    rows = [["since"], [(59, 1)], [(60, 1)], [(61, 1)]]
    text = table("since: {type: date}", "path: t.xls")
    assert finding_messages(tmp_path, text, {"t.xls": xls(rows)}) == [
        "t.xls:3:1: since: the cell has the format of a date, and its number '60' is none. Correct the cell, or store the date as text."
    ]


def test_a_number_of_an_old_workbook_may_be_yes_or_no(tmp_path: Path) -> None:
    text = table("paid: {type: boolean}", "path: t.xls")
    with snapshot(tmp_path, text, {"t.xls": xls([["paid"], [1], [0], [True]])}) as opened:
        assert [row["paid"] for row in opened.rows("t")] == [True, False, True]


@pytest.mark.parametrize(("kind", "value"), [("text", "1234567890123456"), ("integer", 1234567890123456)])
def test_a_long_number_keeps_its_digits_or_is_refused(tmp_path: Path, kind: str, value: object) -> None:
    text = table(f"card: {{type: {kind}}}", "path: t.xls")
    with snapshot(tmp_path, text, {"t.xls": xls([["card"], [1234567890123456]])}) as opened:
        assert [row["card"] for row in opened.rows("t")] == [value]
    assert finding_messages(tmp_path, text, {"t.xls": xls([["card"], [12345678901234567]])}) == [
        "t.xls:2:1: card: 1.2345678901234568e+16 is too large for a workbook to store with 0 exact decimals. Store such numbers as text, or export CSV."
    ]


def test_a_percentage_is_read_as_it_is_declared(tmp_path: Path) -> None:
    rate = '<table:table-cell office:value-type="percentage" office:value="{}"><text:p>{}</text:p></table:table-cell>'
    content = ods(
        {
            "S": ods_row(ods_cell("rate"))
            + ods_row(rate.format(0.2, "20%"))
            + ods_row(rate.format(0.175, "17.5%"))
        }
    )
    for declared, rates in (("", ["0.2", "0.175"]), ("percent: number, ", ["20", "17.5"])):
        text = table(f"rate: {{{declared}type: decimal, scale: 3}}", "path: t.ods")
        with snapshot(tmp_path / rates[0], text, {"t.ods": content}) as opened:
            assert [row["rate"] for row in opened.rows("t")] == [Decimal(rate) for rate in rates]
    message, *_ = finding_messages(tmp_path, table("rate: {type: text}", "path: t.ods"), {"t.ods": content})
    assert "'0.2' is shown by the number format '0%', which is not read." in message


def test_a_number_with_the_format_of_a_date_is_no_number(tmp_path: Path) -> None:
    content = xls([["n"], [(2958466.0, 1)]])
    (message,) = finding_messages(tmp_path, table("n: {type: decimal}", "path: t.xls"), {"t.xls": content})
    assert "the cell has the format of a date, and its number '2958466' is none." in message


def test_a_text_column_of_ods_refuses_what_the_cell_does_not_show(tmp_path: Path) -> None:
    elapsed = (
        '<table:table-cell office:value-type="time" office:time-value="PT130H00M00S"><text:p>130:00</text:p>'
        "</table:table-cell>"
    )
    cells = (
        ods_cell(-10, "-0010"),
        ods_cell(1234.5, "1.234,50 €"),
        ods_cell(1200, "1.200"),
        ods_cell(5, "###"),
    )
    refused = (ods_cell(10.4, "10"), ods_cell(0.5, "1/2"), elapsed)
    text = table("code: {type: text}", "path: t.ods")
    content = ods({"S": "".join(map(ods_row, (ods_cell("code"), *cells)))})
    with snapshot(tmp_path, text, {"t.ods": content}) as opened:
        assert [row["code"] for row in opened.rows("t")] == ["-0010", "1234.5", "1200", "5"]
    content = ods({"S": "".join(map(ods_row, (ods_cell("code"), *refused)))})
    messages = finding_messages(tmp_path / "refused", text, {"t.ods": content})
    assert [message.partition(". ")[0] for message in messages] == [
        "t.ods:2:1: code: '10.4' is shown by the number format '10', which is not read",
        "t.ods:3:1: code: '0.5' is shown by the number format '1/2', which is not read",
        "t.ods:4:1: code: '5 days, 10:00:00' is a date or a time: the workbook may have taken a code for one",
    ]
