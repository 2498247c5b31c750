# ruff: noqa: E501 - one case per line reads as a table
"""SIE files: every label by its fields, vouchers with their lines, code page 437."""

from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import (
    compiled,
    error_messages,
    finding_messages,
    parse_sources,
    shared,
    snapshot,
    table,
    take,
)

from sagerecon.model.code import Code
from sagerecon.model.errors import SourceError
from sagerecon.model.place import Place
from sagerecon.sources.snapshot import open_snapshot, take_snapshot

GOOD = """\
#FLAGGA 0
#PROGRAM "Bok\\"en\\"" 1.0
#FORMAT PC8
#SIETYP 4
#FNAMN "Åkers Öl & Ägg AB"

#RAR 0 20240101 20241231
#KONTO 1910 Kassa
#KONTO\t3010\t"Försäljning, \t25 %"
#MYOWN 1 2 3
#IB 0 1910 100.00
#OIB 0 1910 {1 "Nord" 6 "P 2"} 40.00 3
#UB 0 1910 350.50
#RES 0 3010 -250.50
#VER A 1 20240131 "Sålt \\"kontant\\"" 20240201
{
\t#TRANS 1910 {} 250.50
\t#BTRANS 3010 {} -249.50 20240131 "fel"
\t#RTRANS 3010 {1 Nord} -250.50 20240131
\t#TRANS 3010 {1 Nord} -250.50 20240131 "" 2 extra fields of a later version
}
#VER "" "" 20240201
{
}
""".encode("cp437")

ACCOUNTS = table(
    "account: {type: text, required: true}\nname: {type: text}", "path: t.se\nrecords: konto", "accounts"
)
VOUCHERS = table(
    """
    series: {type: text}
    number: {type: text}
    date: {type: date, required: true}
    text: {type: text}
    lines:
      path: trans
      type: list
      columns:
        account: {type: text}
        amount: {type: decimal}
        date: {type: date}
        quantity: {type: decimal}
        objects: {type: list, columns: {dimension: {type: integer}, object: {type: text}}}
    removed: {path: btrans, type: list, columns: {amount: {type: decimal}}}
    added: {path: rtrans, type: list, columns: {amount: {type: decimal}}}
    """,
    "path: t.se\nrecords: ver",
    "vouchers",
)


def test_the_records_of_a_label_have_its_fields(tmp_path: Path) -> None:
    with snapshot(tmp_path, ACCOUNTS, {"t.se": GOOD}) as opened:
        cash, sales = opened.records("accounts", ["account"])
    assert cash.values == {"account": "1910", "name": "Kassa", "_origin": "t.se:8", "_row": 1}
    assert sales.values["name"] == "Försäljning, \t25 %"
    assert sales.origins == (Place("t.se", 9),)


def test_a_voucher_has_the_lines_that_count_and_those_added_and_removed(tmp_path: Path) -> None:
    with snapshot(tmp_path, VOUCHERS, {"t.se": GOOD}) as opened:
        first, second = opened.rows("vouchers")
    assert (first["series"], first["number"], str(first["date"])) == ("A", "1", "2024-01-31")
    assert first["text"] == 'Sålt "kontant"'
    assert first["lines"] == [
        {"account": "1910", "amount": Decimal("250.50"), "date": None, "quantity": None, "objects": []},
        {
            "account": "3010",
            "amount": Decimal("-250.50"),
            "date": first["date"],
            "quantity": Decimal(2),
            "objects": [{"dimension": 1, "object": "Nord"}],
        },
    ]
    assert first["removed"] == [{"amount": Decimal("-249.50")}]
    assert first["added"] == [{"amount": Decimal("-250.50")}]
    assert (second["number"], second["lines"]) == (None, [])


def test_a_line_of_a_voucher_knows_its_voucher(tmp_path: Path) -> None:
    text = table(
        "number: {path: ver.number, type: text}\ntext: {path: ver.text, type: text}\namount: {type: decimal}",
        "path: t.se\nrecords: rtrans",
    )
    with snapshot(tmp_path, text, {"t.se": GOOD}) as opened:
        (line,) = opened.rows("t")
    assert (line["number"], line["text"], line["amount"]) == ("1", 'Sålt "kontant"', Decimal("-250.50"))
    assert line["_origin"] == "t.se:19"


def test_objects_are_pairs_and_their_numbers_may_hold_blanks(tmp_path: Path) -> None:
    text = table(
        "objects: {type: list, columns: {dimension: {type: text}, object: {type: text}}}\nquantity: {type: integer}",
        "path: t.se\nrecords: oib",
    )
    with snapshot(tmp_path, text, {"t.se": GOOD}) as opened:
        (row,) = opened.rows("t")
    assert row["objects"] == [{"dimension": "1", "object": "Nord"}, {"dimension": "6", "object": "P 2"}]
    assert row["quantity"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("#VER A", '#VER "A'), "t.se:15: a quote or a brace is not closed, or not followed by a blank, at '\"A 1 20240131 \"Sålt \\\"kontant\\\"\" 202402…'."),
        (("{}", "{1}"), "t.se:17: the list of objects does not hold pairs of a dimension and an object."),
        (("{}", "0"), "t.se:17: #TRANS has another value in place of the list of objects between braces."),
        (("{\n\t#TRANS 1910", "\t#TRANS 1910"), "t.se:16: the #VER line before is not followed by { and the lines of the voucher."),
        (("}\n#VER", "#VER"), "t.se:21: #VER stands inside a voucher."),
        (("{\n}\n", "{\n"), "t.se:22: the voucher is not closed by } before the end of the file. Export the file again."),
        (("{\n}\n", ""), "t.se:22: the voucher is not closed by } before the end of the file. Export the file again."),
        (("{\n}\n", "{\n}\n}\n"), "t.se:25: } closes no voucher."),
        (("{\n}\n", "{\n}\n{\n"), "t.se:25: { does not follow a #VER line."),
        (("#RAR 0", "RAR 0"), "t.se:7: the line does not begin with a label such as #KONTO."),
        (("250.50\n\t#B", "250,50\n\t#B"), "t.se:15: lines: item 1, amount: '250,50' is not a number. Set decimal: ','."),
        (("20240131 \"S", "20240231 \"S"), "t.se:15: date: '20240231' is not %Y%m%d."),
    ],
)  # fmt: skip
def test_what_is_not_sie_is_a_finding_at_its_line(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    old, new = (part.encode() for part in change)
    assert GOOD.count(old) >= 1
    assert message in finding_messages(tmp_path, VOUCHERS, {"t.se": GOOD.replace(old, new, 1)})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE HTML><html><title>404</title></html>", "t.se:1:1: the file is a web page, not SIE."),
        (b'<?xml version="1.0"?><Sie/>', "t.se:1:1: the file is XML, not SIE."),
        (b"no,name\n1,a\n", "t.se:1: the file does not begin with #FLAGGA, so it is not SIE."),
        (b"\n", "t.se: the file is empty."),
    ],
)
def test_another_file_is_refused_as_what_it_is(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, ACCOUNTS, {"t.se": content})
    assert error.value.message == message


def test_a_text_that_was_cut_with_its_quote_is_a_warning(tmp_path: Path) -> None:
    content = GOOD.replace(b"Kassa", b'"Kassa och')
    assert finding_messages(tmp_path, ACCOUNTS, {"t.se": content}) == [
        "t.se:8: a quote of #KONTO is not closed; its text is read to the end of the line. "
        "Check whether the text was cut."
    ]
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(ACCOUNTS))) as opened:
        assert next(row["name"] for row in opened.rows("accounts")) == "Kassa och"


def test_a_label_without_records_is_a_finding_unless_the_table_is_optional(tmp_path: Path) -> None:
    text = table("year: {type: integer}", "path: t.se\nrecords: oub")
    message = "t.se: the file has no #OUB records. Set optional: true if the file may be empty."
    assert finding_messages(tmp_path, text, {"t.se": GOOD}) == [message]


def test_utf_8_is_read_as_such_with_a_warning(tmp_path: Path) -> None:
    content = GOOD.decode("cp437").replace("Kassa", "K\ufffdssa").encode()
    assert finding_messages(tmp_path, ACCOUNTS, {"t.se": content}) == [
        "t.se: the file is UTF-8, not code page 437 as the standard prescribes; it is read as UTF-8. Set encoding: utf-8.",
        "t.se:8: name: 'K\ufffdssa' contains U+FFFD: letters were lost before the file was written. "
        "Export the file again with the right encoding, or correct the text by hand.",
    ]
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(ACCOUNTS))) as opened:
        assert [row["name"] for row in opened.rows("accounts")] == ["K\ufffdssa", "Försäljning, \t25 %"]
    declared = ACCOUNTS.replace("records: konto", "records: konto\n    encoding: utf-8")
    assert len(finding_messages(tmp_path, declared, {"t.se": content})) == 1


def test_letters_of_windows_are_a_warning_that_names_the_encoding(tmp_path: Path) -> None:
    content = GOOD.decode("cp437").encode("cp1252")
    assert finding_messages(tmp_path, ACCOUNTS, {"t.se": content}) == [
        "t.se: the file is read in code page 437, and its letters look like those of cp1252. "
        "Compare its names with those in the old system. If they are wrong, set encoding: cp1252.",
        "t.se:9: name: 'F÷rsΣljning, \t25 %' is cp1252 that was read as cp437: 'Försäljning, \t25 %'. "
        "Set encoding: cp1252. If that is declared already, the letters were garbled by the export.",
    ]
    declared = ACCOUNTS.replace("records: konto", "records: konto\n    encoding: cp1252")
    with snapshot(tmp_path, declared, {"t.se": content}) as opened:
        assert [row["name"] for row in opened.rows("accounts")] == ["Kassa", "Försäljning, \t25 %"]


def test_a_byte_outside_the_declared_encoding_has_its_line(tmp_path: Path) -> None:
    declared = ACCOUNTS.replace("records: konto", "records: konto\n    encoding: utf-8")
    with pytest.raises(SourceError, match=r"t\.se:5: byte 0x8f is not valid utf-8\."):
        take(tmp_path, declared, {"t.se": GOOD})


def test_records_and_fields_are_checked_without_a_file() -> None:
    misspelt = ACCOUNTS.replace("records: konto", "records: kontos").replace("name:", "nmae:")
    assert error_messages(misspelt) == [
        "sources.yaml:3:3: SIE has no records 'kontos'. Did you mean 'konto'?"
    ]
    assert error_messages(ACCOUNTS.replace("name:", "nmae:")) == [
        "sources.yaml:8:7: the record 'konto' of SIE has no field 'nmae'. Did you mean 'name'?"
    ]
    assert error_messages(ACCOUNTS.replace("records: konto", "about: x"))[0].startswith(
        "sources.yaml:3:3: no records of the SIE file are named. Set records: to one of flagga, program,"
    )


BALANCES = "".join(
    f"""\
  {name}:
    path: FILE
    records: {label}
    optional: true
    columns:
      account: {{type: text, required: true}}
      amount: {{type: decimal, scale: 4, required: true}}
      {more}
"""
    for name, label, more in [
        ("opening", "ib", "year: {type: integer, required: true}"),
        ("closing", "ub", "year: {type: integer, required: true}"),
        ("result", "res", "year: {type: integer, required: true}"),
        ("lines", "trans", "at: {path: ver.date, type: date}"),
    ]
)
LEDGER = f"""\
sagerecon: sources/v1
files:
{BALANCES}
datasets:
  sums:
    sql: |
      SELECT (SELECT coalesce(sum(amount), 0) FROM opening WHERE year = 0) AS opening,
             (SELECT coalesce(sum(amount), 0) FROM closing WHERE year = 0)
             + (SELECT coalesce(sum(amount), 0) FROM result WHERE year = 0) AS closing,
             (SELECT count(*) FROM lines) AS lines, '' AS _origin
  off:
    sql: |
      SELECT account, sum(amount) AS amount, '' AS _origin
      FROM (SELECT account, amount FROM opening WHERE year = 0
            UNION ALL SELECT account, amount FROM lines
            UNION ALL SELECT account, -amount FROM closing WHERE year = 0
            UNION ALL SELECT account, -amount FROM result WHERE year = 0)
      GROUP BY account HAVING sum(amount) <> 0 ORDER BY account
"""


@pytest.mark.parametrize(
    ("file", "opening", "closing", "lines", "off"),
    [
        ("bl_administration_typ4.se", "0", "0", 405, {}),
        ("norstedts_bokslut_typ4.se", "0", "0", 678, {}),
        ("mamut_typ4.se", "0", "0", 458, {}),
        ("briljant_typ4.se", "0", "0", 1464, {}),
        ("edison_typ4.se", "0", "0", 287, {}),
        ("magenta_typ4.se", "0", "0", 84, {}),
        ("visma_admin_typ4_utf8.se", "0", "0", 1330, None),
        ("avendo_typ4.se", "1151678.15", "1151678.15", 671, {}),
        ("avendo_typ4_bad_balance.se", "1151678.15", "1151678.15", 671, {"1910": Decimal("-12771.00")}),
        ("softone_business_typ4_incomplete.se", None, "-33125.72", 260, None),
        ("real09_journal_import.si", "0", "0", 91, None),
        ("visma_compact_typ1.se", "0", "0", 0, None),
        ("edison_typ1.se", "0", "0", 0, None),
        ("avendo_typ1.se", "1151678.15", "1151678.15", 0, None),
        ("briljant_typ3_off_by_100.se", None, "100.00", 0, None),
    ],
)
def test_real_ledgers_have_the_published_sums(
    file: str, opening: str | None, closing: str, lines: int, off: dict[str, Decimal] | None, tmp_path: Path
) -> None:
    sources = parse_sources(LEDGER.replace("FILE", file))
    target = tmp_path / "snapshot.duckdb"
    _, findings = take_snapshot(sources, shared("sie-exports"), target, 0)
    expected = (Code.EMPTY_SOURCE, Code.NOT_IN_ENCODING, Code.LETTERS_LOST)
    cut = (1041, 1042, 1043) if file.startswith("softone") else ()
    assert [(str(f.code), f.place.line) for f in findings if f.code not in expected] == [
        ("not_sie", line) for line in cut
    ]
    with open_snapshot(target, compiled(sources)) as opened:
        (sums,) = opened.rows("sums")
        assert opening is None or sums["opening"] == Decimal(opening)
        assert (sums["closing"], sums["lines"]) == (Decimal(closing), lines)
        if off is not None:
            assert {row["account"]: row["amount"] for row in opened.rows("off")} == off


def test_a_quote_within_a_field_is_one_of_its_letters(tmp_path: Path) -> None:
    text = table("name: {type: text}", "path: t.se\nrecords: konto")
    with snapshot(tmp_path, text, {"t.se": '#FLAGGA 0\n#KONTO 1910 Ba"nk\n'}) as opened:
        assert [row["name"] for row in opened.rows("t")] == ['Ba"nk']
    assert take(tmp_path, text, {"t.se": '#FLAGGA 0\n#KONTO 1910 Ba"nk\n'})[1] == []


def test_a_text_with_blanks_and_no_quotes_is_a_warning(tmp_path: Path) -> None:
    text = table("name: {type: text}", "path: t.se\nrecords: konto")
    (message,) = finding_messages(tmp_path, text, {"t.se": "#FLAGGA 0\n#KONTO 1910 Bank SEB\n"})
    assert message == (
        "t.se:2: #KONTO has 2 fields by the standard: 'SEB', which follows them, is passed over."
        " Check whether a text with blanks stands without quotes."
    )
