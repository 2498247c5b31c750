"""Measure rows per second from a file to a snapshot, beside the floor: reading the file alone.

python benchmarks/sources.py [ROWS]

The peer for CSV is DuckDB's own reading of the same types, in seconds of the processor: both may use several
cores. The peer for a workbook is openpyxl without our guard. The rows of a query are counted before they are
read, so that one with too many is refused at once; the time for that stands beside the time for both.
"""

from __future__ import annotations

import csv
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl

from sagerecon.documents import package
from sagerecon.model.place import Place
from sagerecon.sources.dataset import CompiledSources, compile_queries
from sagerecon.sources.snapshot import open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources
from sagerecon.sources.workbook import open_workbook

COLUMNS = {
    "no": "text, required: true",
    "name": "text",
    "day": "date, required: true",
    "net": "decimal, required: true",
    "tax": "decimal",
    "paid": "boolean",
}


def rows(count: int) -> list[list[str]]:
    """Return documents as an export contains them."""
    return [
        [
            f"INV{n:07}",
            f"Oak & Sons {n % 900} Ltd",
            f"2017-{n % 12 + 1:02}-{n % 28 + 1:02}",
            f"{n % 9999}.{n % 100:02}",
            f"{n % 1999}.{n % 100:02}",
            "yes" if n % 3 else "no",
        ]
        for n in range(count)
    ]


def timed(name: str, count: int, work: Callable[[], object]) -> float:
    """Print the rows per second of `work`."""
    start = time.perf_counter()
    work()
    rate = count / (time.perf_counter() - start)
    print(f"{name:<34}{rate:>12,.0f} rows/s")
    return rate


#: Queries whose rows DuckDB counts for nothing, and others that it has to execute for that.
QUERIES = {
    "simple": "FROM t",
    "windowed": "SELECT no, sum(net) OVER (PARTITION BY name ORDER BY day, no) AS running, _origin FROM t",
    "ordered": "FROM t ORDER BY name, day, no",
    "joined": "SELECT a.no, b.net, a._origin FROM t AS a JOIN"
    " (SELECT name, sum(net) AS net FROM t GROUP BY name) AS b USING (name) ORDER BY b.net, a.no",
    "grouped": "SELECT name, sum(net) AS net, list(_origin) AS _origin FROM t GROUP BY name ORDER BY name",
}


def queries(folder: Path) -> None:
    """Print for each query the seconds for counting its rows, and for counting and reading them."""
    with open_snapshot(folder / "s.duckdb", declared("path: t.csv", "column"), seconds=60) as opened:
        for name in QUERIES:
            begun = time.perf_counter()
            opened.count(name)
            counted = time.perf_counter() - begun
            read = sum(1 for _ in opened.rows(name))
            taken = time.perf_counter() - begun - counted
            print(f"{name:<34}{counted:>8.2f} s to count {read:>9,} rows, {taken:.2f} s to read them")


def workbook(path: Path, data: list[list[str]]) -> None:
    """Write a workbook, whose sheet does not state its size."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("t")
    for row in data:
        sheet.append(row)
    book.save(path)


def processor_seconds(name: str, work: Callable[[], object]) -> float:
    """Print the seconds that `work` takes of the processor."""
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    print(f"{name:<34}{seconds:>12.2f} s")
    return seconds


def read_by_duckdb(folder: Path) -> None:
    """Let DuckDB read the CSV file with the types that our declaration gives."""
    kinds = {"text": "VARCHAR", "date": "DATE", "decimal": "DECIMAL(20, 2)", "boolean": "BOOLEAN"}
    types = ", ".join(f"{name}: '{kinds[kind.partition(',')[0]]}'" for name, kind in COLUMNS.items())
    with duckdb.connect(str(folder / "peer.duckdb"), config={"threads": 2}) as connection:
        sql = f"CREATE TABLE t AS SELECT * FROM read_csv($path, header = true, columns = {{{types}}})"  # noqa: S608 - constants
        connection.execute(sql, {"path": str(folder / "t.csv")})
        connection.execute("CHECKPOINT")


def cells(sheet: Any) -> None:
    """Read every cell."""
    for _ in sheet.iter_rows(values_only=True):
        pass


def guarded(path: Path) -> None:
    """Read every cell of a workbook through our guard."""
    with open_workbook(path, Place(path.name)) as sheets:
        cells(sheets[0])


def declared(settings: str, key: str) -> CompiledSources:
    """Return one file and every query on it, compiled."""
    columns = "".join(f"      {name}: {{{key}: {name}, type: {kind}}}\n" for name, kind in COLUMNS.items())
    files = f"sagerecon: sources/v1\nfiles:\n  t:\n    {settings}\n    columns:\n{columns}"
    datasets = {"t": "FROM t", **QUERIES}
    text = files + "datasets:\n" + "".join(f"  {name}: {{sql: '{sql}'}}\n" for name, sql in datasets.items())
    sources, findings = read_sources(text, "sources.yaml", package.schema("sources"))
    assert not findings, findings
    shape, findings = compile_queries(sources, {})
    assert not findings, findings
    return shape


def take(shape: CompiledSources, folder: Path) -> None:
    """Take a snapshot."""
    fingerprint, found = take_snapshot(shape.declared, folder, folder / "s.duckdb", 0)
    assert fingerprint, found


def snapshot(folder: Path, settings: str, key: str) -> Callable[[], object]:
    """Take and open a snapshot of one file."""
    shape = declared(settings, key)
    take(shape, folder)

    def read() -> None:
        with open_snapshot(folder / "s.duckdb", shape) as opened:
            for _ in opened.records("t", ["no"]):
                pass

    return read


def main(count: int) -> None:
    """Print the rates for `count` rows."""
    gc.set_threshold(100_000, 20, 20)  # as every command sets it
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = rows(count)
        with (folder / "t.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([list(COLUMNS), *data])
        records = [dict(zip(COLUMNS, row, strict=True)) for row in data]
        (folder / "t.json").write_text(json.dumps({"d": records}, indent=1), encoding="utf-8")

        def floor_csv() -> None:
            with (folder / "t.csv").open(newline="", encoding="utf-8") as stream:
                for _ in csv.reader(stream):
                    pass

        print(f"{count:,} rows of {len(COLUMNS)} columns")
        by_duckdb = processor_seconds("peer: DuckDB alone, processor", lambda: read_by_duckdb(folder))
        ours = processor_seconds(
            "CSV to snapshot, processor", lambda: take(declared("path: t.csv", "column"), folder)
        )
        print(f"CSV takes {ours / by_duckdb:.1f} times DuckDB's own reading")
        floor = timed("floor: csv.reader alone", count, floor_csv)
        json_floor = timed(
            "floor: json.loads alone", count, lambda: json.loads((folder / "t.json").read_bytes())
        )
        csv_rate = timed("CSV to snapshot", count, lambda: snapshot(folder, "path: t.csv", "column"))
        json_rate = timed(
            "JSON to snapshot", count, lambda: snapshot(folder, "path: t.json\n    records: d", "path")
        )
        timed("records out of the snapshot", count, snapshot(folder, "path: t.csv", "column"))
        queries(folder)
        few = data[: count // 10]
        workbook(folder / "t.xlsx", [list(COLUMNS), *few])
        peer = timed(
            "peer: openpyxl alone",
            len(few),
            lambda: cells(openpyxl.load_workbook(folder / "t.xlsx", True)["t"]),
        )
        xlsx_rate = timed("workbook through the guard", len(few), lambda: guarded(folder / "t.xlsx"))
        print(f"The guarded workbook takes {peer / xlsx_rate:.1f} times its peer")
        print(f"CSV takes {floor / csv_rate:.1f} times its floor, JSON {json_floor / json_rate:.1f} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
