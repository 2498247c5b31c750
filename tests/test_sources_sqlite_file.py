# ruff: noqa: E501 - one case per line reads as a table
"""SQLite files: tables and queries with exact types, read-only, and nothing beside the file passed over."""

import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError
from sagerecon.sources import sqlite_file

COLUMNS = """\
id: {type: text}
total: {type: decimal, scale: 4}
day: {type: date}
paid: {type: boolean}
"""
INVOICES = table(COLUMNS, 'path: b.db\ntable: "the invoices"', "invoices")


def query(sql: str) -> str:
    return table(COLUMNS, f'path: b.db\nquery: "{sql}"', "invoices")


@pytest.fixture
def books(tmp_path: Path) -> bytes:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "the invoices" (note BLOB, id, total REAL, day TEXT, paid INTEGER)')
        rows = [
            (b"\xff", "2", 19.99, "2024-02-01", 1),
            (None, 1, 1e9, "2024-01-31", 0),
            (None, "3é", None, None, None),
            (None, None, None, None, None),
        ]
        connection.executemany('INSERT INTO "the invoices" VALUES (?, ?, ?, ?, ?)', rows)
        connection.execute("CREATE TABLE other (a)")
        connection.commit()
    return path.read_bytes()


def test_a_table_is_read_in_the_order_of_its_columns(books: bytes, tmp_path: Path) -> None:
    with snapshot(tmp_path, INVOICES, {"b.db": books}) as opened:
        rows = [tuple(row.values()) for row in opened.rows("invoices")]
    assert rows == [
        (None, None, None, None, "b.db:1", 1),
        ("1", Decimal("1000000000.0000"), date(2024, 1, 31), False, "b.db:2", 2),
        ("2", Decimal("19.9900"), date(2024, 2, 1), True, "b.db:3", 3),
        ("3é", None, None, None, "b.db:4", 4),
    ]


def test_a_float_is_rounded_where_it_is_declared(books: bytes, tmp_path: Path) -> None:
    text = query("SELECT '1' AS id, 19.989999999999998 AS total, NULL AS day, NULL AS paid")
    text = text.replace("scale: 4", "scale: 4, round: 2")
    with snapshot(tmp_path, text, {"b.db": books}) as opened:
        assert [row["total"] for row in opened.rows("invoices")] == [Decimal("19.99")]


def test_a_query_is_read_in_its_own_order(books: bytes, tmp_path: Path) -> None:
    text = query(
        "SELECT id, total, NULL AS day, paid FROM 'the invoices' WHERE paid = 1 OR id = '3é' ORDER BY id DESC"
    )
    with snapshot(tmp_path, text, {"b.db": books}) as opened:
        assert [row["id"] for row in opened.rows("invoices")] == ["3é", "2"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT '1' AS id, 0.1 + 0.2 AS total, 1 AS day, 2 AS paid",
         ["b.db:1:2: total: '0.30000000000000004' has 17 decimals; the column keeps 4. Set round: 4 to round the amounts; each is listed as a change. It is a binary float: a DECIMAL would be exact.",
          "b.db:1:3: day: '1' is not a date such as 2017-03-31.",
          "b.db:1:4: paid: '2' is neither true nor false. Values: true, yes, y, t, 1, false, no, n, f, 0. To read others, set words: {Ja: true, Nein: false}."]),
        ("SELECT x'00ff' AS id, 1e300 AS total, NULL AS day, NULL AS paid",
         ["b.db:1:1: id: the cell holds 2 bytes, not text.",
          "b.db:1:2: total: 1e+300 is a binary float, too large to be exact. Store such amounts as DECIMAL or as text."]),
        ("SELECT '1' AS id, 9e999 AS total, NULL AS day, NULL AS paid", ["b.db:1:2: total: 'inf' is not a number."]),
        ("SELECT '1' AS id, 1 AS totl, NULL AS day, NULL AS paid",
         ["b.db: the header row has no column 'total', declared as 'total'. Did you mean 'totl'?"]),
        ("SELECT '1' AS id, 1 AS total, NULL AS day, NULL AS paid WHERE 1 = 0",
         ["b.db: the result of the query has a header row but no data rows. Set optional: true if the file may be empty."]),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_is_a_finding(
    sql: str, message: list[str], books: bytes, tmp_path: Path
) -> None:
    assert finding_messages(tmp_path, query(sql), {"b.db": books}) == message


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM other", "b.db: the database says: not authorized."),
        ("ATTACH 'x.db' AS x", "b.db: the database says: not authorized."),
        ("VACUUM INTO 'x.db'", "b.db: the database says: authorization denied."),
        ("PRAGMA writable_schema = 1", "b.db: the database says: not authorized."),
        ("SELECT load_extension('x')", "b.db: the database says: not authorized."),
        ("SELECT 1; SELECT 2", "b.db: the database says: You can only execute one statement at a time."),
        ("SELEC", 'b.db: the database says: near "SELEC": syntax error.'),
    ],
)
def test_sql_can_only_read(sql: str, message: str, books: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, query(sql), {"b.db": books})
    assert error.value.message == message
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["b.db"]


def test_a_query_without_an_end_is_stopped(
    books: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(sqlite_file, "monotonic", lambda: 1_000 * next(clock))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS id FROM n"
    with pytest.raises(
        SourceError, match="the query takes too long; the reading of a source database may have"
    ):
        take(tmp_path, query(endless), {"b.db": books})


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_changes_beside_the_file_are_not_passed_over(end: str, books: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"b\.db: b\.db{end} holds changes that are not in the database"):
        take(tmp_path, INVOICES, {"b.db": books, f"b.db{end}": b"x"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SQLite format 3\0" + b"x" * 5000, "b.db: the database says: file is not a database."),
        (b"\x01" * 5000, "b.db: the database says: file is not a database."),
        (b"%PDF-", "b.db:1:1: the file is a PDF, not a SQLite database."),
    ],
)
def test_what_is_no_database_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, INVOICES, {"b.db": content})
    assert error.value.message == message


def test_a_table_that_is_absent_is_named(books: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, INVOICES.replace("the invoices", "the invoice"), {"b.db": books})
    assert (error.value.message, error.value.hint) == (
        "b.db: the database has no table 'the invoice'.",
        "Did you mean 'the invoices'?",
    )


@pytest.mark.parametrize("keys", ["about: x", "table: a\n    query: SELECT 1"])
def test_either_a_table_or_a_query_is_declared(keys: str) -> None:
    assert error_messages(INVOICES.replace('table: "the invoices"', keys)) == [
        "sources.yaml:3:3: a SQLite database needs either the key 'table' or the key 'query'."
    ]


def test_a_text_that_is_not_utf_8_is_a_finding_at_its_cell(tmp_path: Path, books: bytes) -> None:
    sql = "SELECT CAST(x'4dfc' AS TEXT) AS id, 'x' AS total, NULL AS day, NULL AS paid"
    assert finding_messages(tmp_path, query(sql), {"b.db": books}) == [
        "b.db:1:1: id: the text is not in UTF-8, as it must be in this database; in cp1252 it is 'Mü'. Store it in the database as UTF-8.",
        "b.db:1:2: total: 'x' is not a number. If it means an empty cell, set null_words: [\"x\"].",
    ]


def test_a_row_like_the_titles_is_a_row(tmp_path: Path) -> None:
    text = table(
        "code: {type: text}\nname: {type: text}", "path: b.db\nquery: SELECT 'code' AS code, 'name' AS name"
    )
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    _, findings = take(tmp_path, text, {"b.db": path.read_bytes()})
    assert findings == []


def test_a_column_by_its_position_orders_the_table_as_one_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (note BLOB, code)")
        connection.executemany("INSERT INTO t VALUES (x'ff', ?)", [("B",), ("A",)])
        connection.commit()
    text = table("code: {column: 2, type: text}", "path: b.db\ntable: t")
    with snapshot(tmp_path, text, {"b.db": path.read_bytes()}) as opened:
        assert [row["code"] for row in opened.rows("t")] == ["A", "B"]
