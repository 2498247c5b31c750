# ruff: noqa: E501 - one case per line reads as a table
"""Parquet files: exact types, no other file is reachable, damaged files."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from source_cases import finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError

COLUMNS = """\
id: {type: text, required: true}
total: {type: decimal, scale: 4}
day: {type: date}
at: {type: datetime}
zoned: {type: datetime}
paid: {type: boolean}
number: {type: integer}
"""
INVOICES = table(COLUMNS, "path: i.parquet", "invoices")
ROW = """\
'Öl' AS id, 19.9900::DECIMAL(18, 4) AS total, DATE '2024-01-31' AS day, TIMESTAMP '2024-01-31 10:00:00' AS at,
make_timestamptz(1706695200000000) AS zoned, true AS paid, 170141183460469231731687303715884105727::HUGEINT AS big, 7 AS number, [1] AS nested"""


def parquet(tmp_path: Path, select: str) -> bytes:
    path = tmp_path / "made.parquet"
    duckdb.execute(f"COPY (SELECT {select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def test_values_have_their_types(tmp_path: Path) -> None:
    content = parquet(tmp_path, ROW + " UNION ALL SELECT 'b', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL")
    with snapshot(tmp_path, INVOICES, {"i.parquet": content}) as opened:
        rows = [tuple(row.values()) for row in opened.rows("invoices")]
    at = datetime.fromisoformat("2024-01-31T10:00:00")
    assert rows == [
        ("Öl", Decimal("19.9900"), date(2024, 1, 31), at, at, True, 7, "i.parquet:1", 1),
        ("b", None, None, None, None, None, None, "i.parquet:2", 2),
    ]


def test_rows_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = parquet(tmp_path, "(5000 - range)::VARCHAR AS id FROM range(5000)")
    text = table("id: {type: text}", "path: i.parquet")
    with snapshot(tmp_path, text, {"i.parquet": content}) as opened:
        assert [row["id"] for row in opened.rows("t")] == [str(5000 - number) for number in range(5000)]


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (("19.9900::DECIMAL(18, 4)", "19.99::DOUBLE"), []),
        (("19.9900::DECIMAL(18, 4)", "19.99::FLOAT"), []),
        (("19.9900::DECIMAL(18, 4)", "'19.990000000000002'::DOUBLE"), ["i.parquet:1:2: total: '19.990000000000002' has 15 decimals; the column keeps 4. Set round: 4 to round the amounts; each is listed as a change. It is a binary float: a DECIMAL would be exact."]),
        (("19.9900::DECIMAL(18, 4)", "123456789::FLOAT"), ["i.parquet:1:2: total: 123456790.0 is a binary float, too large to be exact. Store such amounts as DECIMAL or as text."]),
        (("TIMESTAMP '2024-01-31 10:00:00'", "TIMESTAMP 'infinity'"), ["i.parquet:1:4: at: '9999-12-31 23:59:59.999999' is a date of the year 9999. If it means an empty cell, set null_words: [\"9999-12-31 23:59:59.999999\"]."]),
        (("19.9900::DECIMAL(18, 4)", "19.99999::DECIMAL(18, 5)"), ["i.parquet:1:2: total: '19.99999' has 5 decimals; the column keeps 4. Set scale: 5, or round: 4 to round the amounts."]),
        (("19.9900::DECIMAL(18, 4)", "1e17::DOUBLE"), ["i.parquet:1:2: total: 1e+17 is a binary float, too large to be exact. Store such amounts as DECIMAL or as text."]),
        (("7 AS number", "[7] AS number"), ["i.parquet:1:8: number: a list is not a whole number."]),
        (("7 AS number", "7 AS numbr"), ["i.parquet: the header row has no column 'number', declared as 'number'. Did you mean 'numbr'?"]),
        (("'Öl' AS id", "'\\xff'::BLOB AS id"), ["i.parquet:1:1: id: the cell holds 1 bytes, not text."]),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_is_a_finding(
    change: tuple[str, str], messages: list[str], tmp_path: Path
) -> None:
    assert change[0] in ROW
    content = parquet(tmp_path, ROW.replace(*change))
    assert finding_messages(tmp_path, INVOICES, {"i.parquet": content}) == messages


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", b"\x00" * 100])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"i\.parquet: the Parquet file cannot be read: "):
        take(tmp_path, INVOICES, {"i.parquet": content})


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the Parquet file cannot be read"):
        take(tmp_path, INVOICES, {"i.parquet": parquet(tmp_path, ROW)[:-20]})


def test_another_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the file is JSON, not Parquet"):
        take(tmp_path, INVOICES, {"i.parquet": '[{"a": 1}]'})


def test_a_name_that_is_a_pattern_reaches_no_other_file(tmp_path: Path) -> None:
    """DuckDB reads the name `i[1].parquet` as a pattern for `i1.parquet`."""
    text = table("id: {type: text}", 'path: "i?1?.parquet"')
    files = {name: parquet(tmp_path, f"'{name}' AS id") for name in ("i[1].parquet", "i1.parquet")}
    with pytest.raises(SourceError, match=r"i\[1\]\.parquet: the Parquet file cannot be read"):
        take(tmp_path, text, files)


def test_an_endless_time_is_not_read_as_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    duckdb.sql(f"COPY (SELECT 'infinity'::TIMESTAMPTZ AS at) TO '{path}' (FORMAT parquet)")
    with pytest.raises(SourceError, match="a time is out of range"):
        take(tmp_path, table("at: {type: datetime}", "path: t.parquet"), {"t.parquet": path.read_bytes()})
