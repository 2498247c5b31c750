# ruff: noqa: E501 - one case per line reads as a table
"""CSV files: encodings, delimiters, padding, newlines in cells, and files that are not CSV."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_cases import finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Severity
from sagerecon.model.place import Place
from sagerecon.sources.texts import _garbled

COLUMNS = """
no: {column: "Cust No", type: text, required: true}
name: {column: Name, type: text}
owed: {column: Balance, type: decimal}
"""
CUSTOMERS = table(COLUMNS)

GOOD = 'Cust No,Name,Balance\nC001,"Oak, Ltd",1.50\nC002,"Two\nlines",\n\nC003,"He said ""no""",-0.10\n'


def rows(tmp_path: Path, text: str, data: str | bytes) -> list[tuple[object, ...]]:
    """Return the rows of the snapshot without their origin and number."""
    with snapshot(tmp_path, text, {"t.csv": data}) as opened:
        return [tuple(row.values())[:-2] for row in opened.rows("t")]


def test_each_row_has_the_line_on_which_it_starts(tmp_path: Path) -> None:
    with snapshot(tmp_path, CUSTOMERS, {"t.csv": GOOD}) as opened:
        records = list(opened.records("t", ["no"]))
    assert [record.origins for record in records] == [(Place("t.csv", line),) for line in (2, 3, 6)]
    assert [record.values["name"] for record in records] == ["Oak, Ltd", "Two\nlines", 'He said "no"']
    assert [record.values["owed"] for record in records] == [Decimal("1.50"), None, Decimal("-0.10")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            GOOD.replace("Cust No", "CustNo"),
            "t.csv:1: the header row has no column 'Cust No', declared as 'no'. Did you mean 'CustNo'?",
        ),
        (
            GOOD.replace(",Balance", ",Balance,Name")
            .replace("1.50", "1.50,x")
            .replace('",\n', '",,\n')
            .replace("-0.10", "0,"),
            "t.csv:1:2: column 'Name' occurs 2 times in the header row. Set occurrence: 1 for the first of them, or column: 2.",
        ),
        (
            GOOD.replace("-0.10", "-0.10,"),
            "t.csv:6: the row has 4 cells; the header row has 3. Set trailing_delimiter: true if rows end in a delimiter.",
        ),
        (
            GOOD.replace(",-0.10", ""),
            "t.csv:6: the row has 2 cells; the header row has 3. Set short_rows: pad if blank cells at the end of a row are left out.",
        ),
        (
            GOOD.replace("-0.10", "ten"),
            "t.csv:6:3: owed: 'ten' is not a number. If it means an empty cell, set null_words: [\"ten\"].",
        ),
        (GOOD.replace("C002", " "), "t.csv:3:1: no: the cell is empty; a value is required."),
        (
            GOOD.replace('lines"', "lines"),
            "t.csv:3: invalid CSV: ',' expected after '\"'. Write a quote inside a quoted cell twice.",
        ),
        (GOOD.replace('""no"""', "no"), "t.csv:6: a quoted cell starts in this row and is never closed."),
        (
            GOOD.replace("Oak", "O\ufffdk"),
            "t.csv:2:2: name: 'O\ufffdk, Ltd' contains U+FFFD: letters were lost before the file was written. Export the file again with the right encoding, or correct the text by hand.",
        ),
        (
            "Cust No,Name,Balance\n",
            "t.csv: the file has a header row but no data rows. Set optional: true if the file may be empty.",
        ),
    ],
)
def test_an_error_in_the_file_is_reported_at_its_place(tmp_path: Path, data: str, message: str) -> None:
    assert finding_messages(tmp_path, CUSTOMERS, {"t.csv": data}) == [message]


def test_a_wrong_delimiter_is_recognised(tmp_path: Path) -> None:
    findings = finding_messages(tmp_path, CUSTOMERS, {"t.csv": "Cust No;Name;Balance\nC1;Oak;1,50\n"})
    assert findings[0] == (
        "t.csv:1: the header row has no column 'Cust No', declared as 'no'. "
        "The header row contains ';'. Set delimiter: ';'."
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "t.csv: the file is empty."),
        ("<html><title>404 Not Found</title></html>", "t.csv:1:1: the file is a web page, not CSV. Check whether an error page was saved instead of the export."),
        (b"PK\x03\x04zip", "t.csv:1:1: the file is a workbook or another zip archive, not CSV. Unpack it, and name the file inside."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "t.csv:1:1: the file is a workbook in the old .xls format, not CSV. Set format: xls."),
        ("%PDF-1.7", "t.csv:1:1: the file is a PDF, not CSV. Export the report as CSV or .xlsx: a PDF has no cells."),
        ('[{"Cust No": "C001"}]', "t.csv:1:1: the file is JSON, not CSV."),
        ("Cust No,Name,Balance\nC1,Oak,1\nC2,Café,2\n".encode("cp1252"), "t.csv:3: byte 0xe9 is not valid utf-8. Set the encoding of the file, such as encoding: cp1252."),
        ("Cust No".encode("utf-16"), "t.csv:1:1: the file starts with a byte-order mark of utf-16, not utf-8-sig. Set encoding: utf-16."),
    ],
)  # fmt: skip
def test_an_unreadable_file_is_refused(tmp_path: Path, data: str | bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        take(tmp_path, CUSTOMERS, {"t.csv": data})
    assert str(caught.value) == message


def test_a_byte_order_mark_that_contradicts_the_encoding_is_refused(tmp_path: Path) -> None:
    text = table(COLUMNS, "path: t.csv\nencoding: cp1252")
    with pytest.raises(SourceError, match="starts with a byte-order mark of utf-8, not cp1252"):
        take(tmp_path, text, {"t.csv": GOOD.encode("utf-8-sig")})


def test_old_code_pages_are_decoded(tmp_path: Path) -> None:
    text = table("namn: {type: text}", "path: t.csv\nencoding: cp437")
    assert rows(tmp_path, text, "namn\nFörsäljning\n".encode("cp437")) == [("Försäljning",)]


def test_rows_of_delimiters_only_are_ignored(tmp_path: Path) -> None:
    assert rows(tmp_path, CUSTOMERS, GOOD + ",,\n,,\n") == rows(tmp_path, CUSTOMERS, GOOD)


def test_lines_before_the_header_row_are_skipped(tmp_path: Path) -> None:
    text = table("a: {type: integer}", "path: t.csv\nskip: 2")
    with snapshot(tmp_path, text, {"t.csv": 'Report "of\nyesterday\na,b\n1,2\n'}) as opened:
        assert list(opened.rows("t")) == [{"a": 1, "_origin": "t.csv:4", "_row": 1}]


def test_a_column_may_be_optional_and_others_are_ignored(tmp_path: Path) -> None:
    text = table("a: {type: integer}\nb: {type: text, optional: true}")
    assert rows(tmp_path, text, "x,a\n?,7\n") == [(7, None)]


def test_many_files_make_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    text = table("a: {type: integer}", "path: days/*.csv")
    with snapshot(
        tmp_path, text, {f"days/2010-12-{day}.csv": f"a\n{day}\n" for day in (11, 10, 12)}
    ) as opened:
        assert [row["_origin"] for row in opened.rows("t")] == [
            f"days/2010-12-{day}.csv:2" for day in (10, 11, 12)
        ]
        assert (opened.facts.files[0].path, opened.facts.files[0].rows) == ("days/2010-12-10.csv", 1)


#: The characters of each code page, because drawing them by codec takes seconds.
CODE_PAGES = {
    name: "".join(filter(str.isprintable, bytes(range(256)).decode(name, "ignore")))
    for name in ("cp1252", "cp437", "iso-8859-1")
}
#: Marks of direction, which are no text of a business.
DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNICODE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=f"\ufffd{DIRECTION}")
TEXTS = {
    **{
        name: st.text(st.sampled_from(letters), min_size=1, max_size=9)
        for name, letters in CODE_PAGES.items()
    },
    **{name: st.text(UNICODE, min_size=1, max_size=9) for name in ("utf-8", "utf-8-sig", "utf-16")},
}


@settings(deadline=None, max_examples=40)
@given(
    data=st.data(),
    encoding=st.sampled_from(sorted(TEXTS)),
    delimiter=st.sampled_from(",;|\t~"),
    marks=st.sampled_from([(".", ""), (",", "."), (",", " ")]),
    form=st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d %b %Y", "%m.%d.%Y"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_written_rows_are_read_back_equal(
    data: st.DataObject, encoding: str, delimiter: str, marks: tuple[str, str], form: str, newline: str
) -> None:
    texts = TEXTS[encoding].filter(lambda text: text.strip() and not _garbled(text))
    amounts = st.decimals(-(10**15), 10**15, places=4, allow_nan=False)
    days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
    wanted = data.draw(st.lists(st.tuples(texts, amounts, days), min_size=1, max_size=4))
    text = table(
        "a: {type: text}\nb: {type: decimal, scale: 4}\nc: {type: date}",
        f'path: t.csv\nencoding: {encoding}\ndelimiter: {delimiter!r}\ndecimal: "{marks[0]}"\ndate: "{form}"'.replace(
            r"'\t'", r'"\t"'
        )
        + (f'\nthousands: "{marks[1]}"' if marks[1] else ""),
    )
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b", "c"])
    for name, amount, day in wanted:
        number = f"{amount:,f}".replace(",", "\0").replace(".", marks[0]).replace("\0", marks[1])
        writer.writerow([name, number, day.strftime(form)])
    files = {"t.csv": stream.getvalue().encode(encoding)}
    with TemporaryDirectory() as folder, snapshot(Path(folder), text, files) as opened:
        assert [(row["a"], row["b"], row["c"]) for row in opened.rows("t")] == wanted


@pytest.mark.parametrize("mark", ["utf-16", "utf-32"])
@pytest.mark.parametrize("byte_order", ["", "-le", "-be"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, mark: str, byte_order: str) -> None:
    content = "\ufeffname\nÖl\n".encode(f"{mark}-be" if byte_order == "-be" else f"{mark}-le")
    text = table("name: {type: text}", f"path: t.csv\nencoding: {mark}{byte_order}")
    with snapshot(tmp_path, text, {"t.csv": content}) as opened:
        assert [row["name"] for row in opened.rows("t")] == ["Öl"]
    with pytest.raises(
        SourceError, match=f"a byte-order mark of {mark}, not utf-8-sig. Set encoding: {mark}."
    ):
        take(tmp_path, table("name: {type: text}"), {"t.csv": content})


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        ("name\nOak\n".encode("utf-16-le"), "utf-16", "t.csv:1:1: the file is text in utf-16-le without a byte-order mark, not utf-16. Set encoding: utf-16-le."),
        (b"name\nOak\n", "utf-16", "t.csv: a byte is not valid utf-16. Set encoding: utf-8."),
        (b"name\nM\x81ller\n", "cp1252", "t.csv:2: byte 0x81 is not valid cp1252. Set the encoding of the file, such as encoding: cp850."),
    ],
)  # fmt: skip
def test_the_hint_names_another_encoding(tmp_path: Path, content: bytes, encoding: str, message: str) -> None:
    text = table("name: {type: text}", f"path: t.csv\nencoding: {encoding}")
    with pytest.raises(SourceError) as caught:
        take(tmp_path, text, {"t.csv": content})
    assert [str(finding) for finding in caught.value.findings] == [message]


def test_a_file_appended_with_its_mark_repeats_the_header_row(tmp_path: Path) -> None:
    content = "\ufeffname\nOak\n\ufeffname\nElm\n"
    assert finding_messages(tmp_path, table("name: {type: text}"), {"t.csv": content}) == [
        "t.csv:3: the row repeats the header row. Set pass_over: {headings: header}."
    ]
    with snapshot(
        tmp_path,
        table("name: {type: text}", "path: t.csv\npass_over: {headings: header}"),
        {"t.csv": content},
    ) as opened:
        assert [row["name"] for row in opened.rows("t")] == ["Oak", "Elm"]


@pytest.mark.parametrize("columns", ["k,n\nOak,1\n", "k\nOak\n"])
def test_ctrl_z_at_the_end_is_no_row(tmp_path: Path, columns: str) -> None:
    with snapshot(tmp_path, table("k: {type: text}"), {"t.csv": f"{columns}\x1a"}) as opened:
        assert [row["k"] for row in opened.rows("t")] == ["Oak"]


def test_a_total_is_seen_in_a_column_that_is_not_declared(tmp_path: Path) -> None:
    (message,) = finding_messages(tmp_path, table("n: {type: decimal}"), {"t.csv": "k,n\nOak,1\nTOTAL,1\n"})
    assert message.startswith("t.csv:3:1: 'TOTAL': the last row seems to be a total")


def test_the_delimiter_of_a_header_row_with_tabs_is_named(tmp_path: Path) -> None:
    (message,) = finding_messages(tmp_path, table("k: {type: text}"), {"t.csv": "k\tn\nOak\t1\n"})
    assert message.endswith('The header row contains "\\t". Set delimiter: "\\t".')


def test_quotes_after_a_blank_are_no_quotes_of_the_cell(tmp_path: Path) -> None:
    text = table("a: {type: text}\nb: {type: text}\nc: {type: decimal, optional: true}")
    _, findings = take(tmp_path, text, {"t.csv": 'a,b\n"x", "y"\nx,5" pipe\n'})
    assert [(str(each.code), each.place.line, each.place.column, each.severity) for each in findings] == [
        ("not_csv", 2, 2, Severity.WARNING)
    ]
    (message, *_) = finding_messages(tmp_path, text, {"t.csv": 'a,b,c\nx,y, "12.00"\n'})
    assert message == (
        "t.csv:2:3: c: ' \"12.00\"' begins with a blank, so its quotes are read as part of the cell."
        " Export the file without blanks between a delimiter and a quote."
    )
