"""SQL that another person wrote ends in time, within its memory, and in a finding that names the limit."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from textwrap import indent

import duckdb
import pytest

from sagerecon.model import limits
from sagerecon.model.errors import SourceError, StoreError
from sagerecon.sources import bounded, dataset
from sagerecon.sources import snapshot as snapshots
from sagerecon.sources.bounded import Allowance, BoundedConnection, SqlError
from sagerecon.sources.database import storage_errors
from sagerecon.sources.dataset import compile_queries
from sagerecon.sources.snapshot import open_snapshot
from tests.source_cases import compiled, error_messages, parse_sources, snapshot, take

FILES = """
sagerecon: sources/v1
files:
  t: {path: t.csv, columns: {id: {type: integer}}}
"""
DATA = {"t.csv": "id\n1\n2\n3\n"}

ENDLESS = "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a FROM r) SELECT a, '' AS _origin FROM r"

#: What has no end where there are rows.
SLOW = "WITH RECURSIVE r AS (SELECT id, _origin FROM t UNION ALL SELECT * FROM r) SELECT {} FROM r"

#: What passes the memory limit of DuckDB itself, or did.
LARGE = (
    "repeat('x', 2000000000)",
    "printf('%2000000000d', 1)",
    "format('{:2000000000}', 1)",
    "array_to_string(range(200000000), ',')",
    "list_resize([1], 2000000000)::TEXT",
    "(SELECT string_agg(repeat('x', 1000000)) FROM range(1000))",
    "(SELECT list(a)::TEXT FROM range(200000000) AS r(a))",
    "(SELECT count(DISTINCT hash(a))::TEXT FROM range(100000000) AS r(a))",
    "(WITH RECURSIVE r AS (SELECT 'a' AS a UNION ALL SELECT a || a FROM r) SELECT max(a) FROM r)",
)


def queries(**sql: str) -> str:
    """Return the datasets of a sources.yaml, each SQL on the line below its key."""
    parts = [f"  {name}:\n    sql: |\n{indent(text, '      ')}\n" for name, text in sql.items()]
    return FILES + "datasets:\n" + "".join(parts)


def message(error: SourceError) -> str:
    (finding,) = error.findings
    assert finding.code == "sql_limit"
    return str(finding)


def test_endless_sql_is_stopped_where_it_is_compiled() -> None:
    started = time.monotonic()
    _, findings = compile_queries(
        parse_sources(queries(**{f"d{n}": ENDLESS + " ORDER BY a" for n in range(20)})), {}, seconds=2
    )
    assert [str(finding) for finding in findings] == [
        "sources.yaml:7:10: the query was stopped after 2 seconds; the execution of an SQL query may have "
        "at most 2 seconds. Simplify it, or allow more: sql_seconds in your own config.yaml, "
        "see docs/limits.md."
    ]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("part", ["records", "count", "checks", "controls", "rows"])
def test_sql_that_ends_without_data_alone_is_stopped_wherever_it_is_read(tmp_path: Path, part: str) -> None:
    text = queries(d=SLOW.format("*") + " ORDER BY id")
    text += f"checks:\n  c:\n    sql: |\n      {SLOW.format('id::TEXT AS message, _origin')} ORDER BY id\n"
    figure = f'{{sql: "{SLOW.format("NULL AS bucket, sum(id)::DECIMAL(18, 2) AS amount")}"}}'
    text += f"controls:\n  k:\n    figures:\n      one: {figure}\n      two: {figure}\n"
    take(tmp_path, text, DATA)
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(text)), seconds=1) as opened:
        started = time.monotonic()
        with pytest.raises(SourceError) as caught:
            {
                "records": lambda: list(opened.records("d", ["id"])),
                "rows": lambda: list(opened.rows("d")),
                "count": lambda: opened.count("d"),
                "checks": opened.checks,
                "controls": opened.controls,
            }[part]()
        assert time.monotonic() - started < 3
    line = {"checks": 11, "controls": 16}.get(part, 7)
    assert message(caught.value).startswith(f"sources.yaml:{line}:")


def test_the_seconds_are_those_of_the_database_also_while_rows_are_fetched(tmp_path: Path) -> None:
    text = queries(d="SELECT r.a AS id, t._origin FROM t, range(1500) AS r(a)")
    take(tmp_path, text, DATA)
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(text)), seconds=1) as opened:
        rows = opened.rows("d")
        next(rows)
        time.sleep(1.2)  # what the caller does between two rows is not the query's time
        assert len(list(rows)) == 4_499
        endless = opened._connection.query(ENDLESS)
        with pytest.raises(SqlError) as caught:
            while endless.fetch(1000):
                pass
        assert caught.value.limit == Allowance(1).limit


def test_rows_are_counted_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "DATASET_ROWS", limits.Limit(2_000, "rows", limits.DATASET_ROWS.of))
    text = queries(d="SELECT r.a AS id, t._origin FROM t, range(1500) AS r(a)")
    with snapshot(tmp_path, text, DATA) as opened, pytest.raises(SourceError) as caught:
        list(opened.rows("d"))
    assert message(caught.value) == (
        "sources.yaml:7:10: the query returns too many rows; the result of an SQL query may have at most "
        "2,000 rows. Select or aggregate the rows that are needed."
    )


MEASURE = """
import resource, sys, time
from pathlib import Path
from sagerecon.sources.bounded import SqlError
from sagerecon.sources.snapshot import open_snapshot
from tests.source_cases import compiled, parse_sources
from tests.test_sources_bounded import LARGE, queries
sql = {f"d{n}": f"SELECT length({large}) + id AS n, _origin FROM t" for n, large in enumerate(LARGE)}
with open_snapshot(Path(sys.argv[1]), compiled(parse_sources(queries(only="FROM t"))), seconds=2) as opened:
    for text in sql.values():
        started = time.monotonic()
        try:
            opened._connection.query(text).fetch(1000)
        except SqlError as error:
            print(error, text)
        assert time.monotonic() - started < 4, text
    print(len(list(opened.rows("only"))), "rows are read afterwards")
    try:  # a call that is not interrupted is left behind, and the process ends nevertheless
        opened._connection.query("SELECT lpad('x', 2000000000, 'y') FROM t")
    except SqlError as error:
        print(error)
status = open("/proc/self/status").read()  # what getrusage says includes the peak of the parent
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the data of a process")
def test_memory_is_bounded_for_all_that_duckdb_does_not_count(tmp_path: Path) -> None:
    take(tmp_path, queries(only="FROM t"), DATA)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "snapshot.duckdb")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    *lines, after, left_behind, peak = done.stdout.splitlines()
    for line, large in zip(lines, LARGE, strict=True):
        assert line.startswith(("the query needs too much memory", "the query was stopped")), (line, large)
    assert after == "3 rows are read afterwards"
    assert left_behind.startswith("the query ")
    assert int(peak) < 600


def test_a_text_too_large_for_memory_is_a_finding_where_it_is_compiled() -> None:
    sql = "SELECT length(repeat('x', 2000000000)) AS n, '' AS _origin"
    _, findings = compile_queries(parse_sources(queries(one=sql, other=sql)), {})
    assert [str(finding) for finding in findings] == [
        "sources.yaml:7:10: the query needs too much memory; the memory of an SQL query may have at most "
        "400,000,000 bytes. Read fewer rows at a time, or make shorter texts and lists."
    ]


def test_a_call_that_cannot_be_interrupted_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_GRACE", 0.1)
    connection = BoundedConnection(duckdb.connect(), seconds=1)
    allowance, started = Allowance(0), time.monotonic()
    with pytest.raises(SqlError):
        connection.call(lambda: time.sleep(1), lambda: None, allowance)
    assert connection.is_lost
    with pytest.raises(SqlError):
        connection.query("SELECT 1")
    connection.close()
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "SELECT " + "+".join(["1"] * 60_000) + " AS n",
            "the query and the datasets it reads have 120,0",
        ),
        ("SELECT " + "abs(" * 900 + "1" + ")" * 900, "the query is nested too deeply"),
        ("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, "Max expression depth limit"),
    ],
    ids=["long", "nested", "brackets"],
)
def test_sql_is_bounded_in_length_and_depth(sql: str, words: str) -> None:
    _, findings = compile_queries(parse_sources(queries(d=sql)), {})
    assert [words in finding.message for finding in findings] == [True]


def test_datasets_that_double_at_each_step_end_in_a_finding() -> None:
    doubling = {f"d{n:02}": f"SELECT a.* FROM d{n - 1:02} AS a, d{n - 1:02} AS b" for n in range(1, 40)}
    started = time.monotonic()
    _, findings = compile_queries(parse_sources(queries(d00="FROM t", **doubling)), {}, seconds=2)
    assert {finding.code for finding in findings} <= {"sql_limit", "sql_fault"}
    assert time.monotonic() - started < 8


def test_many_datasets_are_refused() -> None:
    text = queries(**{f"d{n}": "FROM t" for n in range(600)})
    assert error_messages(text) == [
        "sources.yaml:2:1: 601 files and queries; a sources.yaml may have at most 500 files, datasets, "
        "figures, items and checks. Leave out those that are not needed."
    ]


def test_temporary_files_are_in_a_private_folder_of_unforeseeable_name(tmp_path: Path) -> None:
    text = queries(d="FROM t")
    take(tmp_path, text, DATA)
    sources, file = parse_sources(text), tmp_path / "snapshot.duckdb"
    with (
        open_snapshot(file, compiled(sources)) as opened,
        open_snapshot(file, compiled(sources)),
    ):  # twice at a time
        (folder,) = opened._connection.row("SELECT current_setting('temp_directory')")
        (size,) = opened._connection.row("SELECT current_setting('max_temp_directory_size')")
        assert Path(folder).parent == tmp_path
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        assert size.startswith("1.8 GiB")


def test_a_large_snapshot_has_more_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_ROWS_A_SECOND", 2)
    text = queries(d=SLOW.format("*") + " ORDER BY id")
    take(tmp_path, text, DATA | {"t.csv": "id\n" + "1\n" * 5})
    shape, path = compiled(parse_sources(text)), tmp_path / "snapshot.duckdb"
    with open_snapshot(path, shape, seconds=1) as opened, pytest.raises(SourceError) as caught:
        list(opened.rows("d"))
    assert "the query was stopped after 3 seconds" in message(caught.value)


def test_rows_that_need_too_much_memory_are_not_called_a_file_that_is_open(tmp_path: Path) -> None:
    with duckdb.connect(config={"memory_limit": "1MB"}) as connection:
        with pytest.raises(StoreError) as caught, storage_errors(tmp_path / "snapshot.duckdb"):
            connection.execute("CREATE TABLE t AS SELECT range AS n, 'x' AS t FROM range(10000000)")
        assert "Another program" not in str(caught.value.hint)
        assert "memory" in str(caught.value.hint)
