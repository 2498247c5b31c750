# ruff: noqa: E501 - one case per line reads as a table
"""IIF files: the lists of QuickBooks Desktop by their headings, transactions joined by a number."""

from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from source_cases import error_messages, finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError

GOOD = """\
!HDR\tPROD\tVER
HDR\tQuickBooks Pro\tVersion 30
!ACCNT\tNAME\tACCNTTYPE\tOBAMOUNT
ACCNT\tChecking\tBANK\t"1,234.50"
ACCNT\t"Bob ""the"" Builder, Ltd"\tAR\t\t\t
!TRNS\tTRNSID\tTRNSTYPE\tDATE\tACCNT\tNAME\tAMOUNT
!SPL\tSPLID\tTRNSTYPE\tDATE\tACCNT\tAMOUNT\tMEMO
!ENDTRNS
TRNS\t\tINVOICE\t1/31/2024\tAccounts Receivable\tOak\t120.00
SPL\t\tINVOICE\t1/31/2024\tSales\t-100.00\tthe work
SPL\t\tINVOICE\t1/31/2024\tTax\t-20.00
ENDTRNS\t\t

!TRNS\tDATE\tAMOUNT\tTRNSTYPE\tACCNT\tTRNSID\tCLASS
!SPL\tSPLID\tTRNSTYPE\tDATE\tACCNT\tAMOUNT\tMEMO
!ENDTRNS
TRNS\t2/1/2024\t-5.00\tCHECK\tChecking
SPL\t\tCHECK\t2/1/2024\tBank charges\t5.00
ENDTRNS
"""
TRANSACTIONS = dedent("""\
    sagerecon: sources/v1
    files:
      heads:
        path: "*.iif"
        records: TRNS
        date: "%m/%d/%Y"
        columns:
          transaction: {column: _transaction, type: integer, required: true}
          type: {column: TRNSTYPE, type: text, required: true}
          date: {column: DATE, type: date}
          name: {column: NAME, type: text}
          amount: {column: AMOUNT, type: decimal, required: true}
      splits:
        path: "*.iif"
        records: spl
        columns:
          transaction: {column: _transaction, type: integer, required: true}
          account: {column: ACCNT, type: text, required: true}
          amount: {column: AMOUNT, type: decimal, required: true}
          memo: {column: MEMO, type: text}
    datasets:
      lines:
        sql: |
          SELECT h.transaction, h.type, h.name, h.amount, s.account, s.amount AS split, [h._origin, s._origin] AS _origin
          FROM heads h JOIN splits s USING (transaction) ORDER BY transaction, account
    """)
ACCOUNTS = table(
    "name: {column: NAME, type: text, required: true}\nopening: {column: OBAMOUNT, type: decimal}",
    'path: t.iif\nrecords: ACCNT\nthousands: ","',
    "accounts",
)


def test_a_list_has_the_columns_of_its_heading(tmp_path: Path) -> None:
    with snapshot(tmp_path, ACCOUNTS, {"t.iif": GOOD}) as opened:
        rows = [(row["name"], row["opening"], row["_origin"]) for row in opened.rows("accounts")]
    assert rows == [
        ("Checking", Decimal("1234.50"), "t.iif:4"),
        ('Bob "the" Builder, Ltd', None, "t.iif:5"),
    ]


def test_the_lines_of_a_transaction_are_joined_by_its_number(tmp_path: Path) -> None:
    with snapshot(tmp_path, TRANSACTIONS, {"a.iif": GOOD, "b.iif": GOOD}) as opened:
        rows = [tuple(row.values()) for row in opened.rows("lines")]
    one, two = ("INVOICE", "Oak", Decimal("120.00")), ("CHECK", None, Decimal("-5.00"))
    assert [row[:6] for row in rows] == [
        (1, *one, "Sales", Decimal("-100.00")),
        (1, *one, "Tax", Decimal("-20.00")),
        (2, *two, "Bank charges", Decimal("5.00")),
        (3, *one, "Sales", Decimal("-100.00")),
        (3, *one, "Tax", Decimal("-20.00")),
        (4, *two, "Bank charges", Decimal("5.00")),
    ]
    assert rows[3][6] == ["b.iif:9", "b.iif:10"]


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (("ENDTRNS\t\t\n", ""), ["t.iif:16: the transaction before is not closed by ENDTRNS."] * 2),
        (("TRNS\t\tINVOICE", "XYZ\t\tINVOICE"), [f"t.iif:{line}: SPL follows no TRNS line." for line in (10, 10)]),
        (("5.00\nENDTRNS\n", "5.00\n"), ["t.iif:18: the last transaction is not closed by ENDTRNS. Export the file again."] * 2),
        (("\tthe work", '\t"the work'), ["t.iif:10: the line cannot be split into cells: unexpected end of data. Write a quote in a cell twice."] * 2),
        (("SPL\t\tCHECK\t2/1/2024\tBank charges", "SPL\t\tCHECK\t2/1/2024\t"), ["t.iif:18:5: account: the cell is empty; a value is required."]),
        (("TRNSID\tCLASS", "TRNSID\tNAMES"), []),
        (("\tACCNT\tNAME\tAMOUNT\n!S", "\tACCNT\tAMOUNT\n!S"), None),
        (("\tthe work", "\tthe work\tx"), ["t.iif:10: the row has 8 cells; the header row has 7. Check for a delimiter inside an unquoted cell."]),
    ],
)  # fmt: skip
def test_what_is_not_iif_is_a_finding_at_its_line(
    change: tuple[str, str], messages: list[str] | None, tmp_path: Path
) -> None:
    assert change[0] in GOOD
    found = finding_messages(tmp_path, TRANSACTIONS, {"t.iif": GOOD.replace(*change, 1)})
    if messages is None:
        assert found[0].startswith("t.iif:6: the header row has no column 'NAME', declared as 'name'.")
    elif len(messages) == 2 and "follows" in messages[0]:
        assert set(messages) <= set(found)
    else:
        assert found == messages


def test_a_column_that_only_a_later_heading_has_is_an_error(tmp_path: Path) -> None:
    text = TRANSACTIONS.replace("{column: NAME, type: text}", "{column: CLASS, type: text, optional: true}")
    assert finding_messages(tmp_path, text, {"t.iif": GOOD}) == [
        "t.iif:14: the heading has a column 'CLASS', which the first heading of the list does not have. "
        "Put the rows below this heading in a file of their own."
    ]


def test_a_list_that_is_absent_is_named(tmp_path: Path) -> None:
    accounts = ACCOUNTS.replace("records: ACCNT", "records: ACCT")
    assert finding_messages(tmp_path, accounts, {"t.iif": GOOD}) == [
        "t.iif: the file has no list 'ACCT'. Did you mean 'ACCNT'?"
    ]
    optional = accounts.replace("records:", "optional: true\n    records:")
    assert finding_messages(tmp_path, optional, {"t.iif": GOOD}) == ["t.iif: the file has no list 'ACCT'."]


def test_an_optional_list_may_be_in_one_of_several_files(tmp_path: Path) -> None:
    optional = ACCOUNTS.replace("path: t.iif", 'path: "*.iif"\n    optional: true')
    other = "!CUST\tNAME\nCUST\tOak\n"
    assert finding_messages(tmp_path, optional, {"a.iif": other, "b.iif": GOOD, "c.iif": other}) == []
    assert finding_messages(tmp_path, optional, {"a.iif": other, "b.iif": other, "c.iif": other}) == [
        f"{name}.iif: the file has no list 'ACCNT'." for name in "abc"
    ]


def test_rows_without_a_heading_are_an_error(tmp_path: Path) -> None:
    content = GOOD.replace("!ACCNT", "!ACNT")
    assert "t.iif:4: ACCNT has no heading !ACCNT above it, so its columns are not known." in finding_messages(
        tmp_path, ACCOUNTS, {"t.iif": content}
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", None),
        ("<html>", "t.iif:1:1: the file is a web page, not IIF."),
        ("a\tb\n", "t.iif:1: the file does not begin with a heading such as !TRNS, so it is not IIF."),
    ],
)
def test_another_file_is_refused(content: str, message: str | None, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, ACCOUNTS, {"t.iif": content})
    assert message is None or error.value.message == message


def test_an_iif_file_named_csv_is_named_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the file is IIF, not CSV"):
        take(tmp_path, table("a: {type: text}"), {"t.csv": GOOD})


def test_the_list_must_be_named() -> None:
    assert error_messages(ACCOUNTS.replace("records: ACCNT", "about: x")) == [
        "sources.yaml:3:3: no records of the IIF file are named. "
        "Set records: to the list that holds them, such as TRNS or CUST."
    ]


def test_a_repeated_heading_has_its_titles_by_occurrence_and_in_the_same_letters(tmp_path: Path) -> None:
    text = table(
        "transaction: {column: _transaction, type: integer}\nsecond: {column: MEMO, occurrence: 2, type: text}",
        "path: t.iif\nrecords: TRNS",
    )
    first = "!TRNS\tDATE\tMEMO\tMEMO\nTRNS\t1/31/2024\ta\tb\nENDTRNS\n"
    again = "!TRNS\tMEMO\tMEMO\tDATE\nTRNS\tc\td\t2/1/2024\nENDTRNS\n"
    with snapshot(tmp_path, text, {"t.iif": first + again}) as opened:
        assert [row["second"] for row in opened.rows("t")] == ["b", "d"]
    (message,) = finding_messages(tmp_path, text, {"t.iif": first + again.replace("MEMO", "Memo")})
    assert message.startswith("t.iif:4: the heading has a column 'Memo', which the first heading of the list")
