"""Measure rows per second from a file to a snapshot, beside the floor: reading the file alone.

python benchmarks/sources.py [ROWS]
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sagerecon.documents import package
from sagerecon.sources.dataset import compile_queries
from sagerecon.sources.snapshot import open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources

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


def snapshot(folder: Path, settings: str, key: str) -> Callable[[], object]:
    """Take and open a snapshot of one file."""
    columns = "".join(f"      {name}: {{{key}: {name}, type: {kind}}}\n" for name, kind in COLUMNS.items())
    files = f"sagerecon: sources/v1\nfiles:\n  t:\n    {settings}\n    columns:\n{columns}"
    text = f'{files}datasets:\n  t: {{sql: "FROM t"}}\n'
    sources, findings = read_sources(text, "sources.yaml", package.schema("sources"))
    assert not findings, findings
    shape, findings = compile_queries(sources, {})
    assert not findings, findings
    fingerprint, found = take_snapshot(sources, folder, folder / "s.duckdb", 0)
    assert fingerprint, found

    def read() -> None:
        with open_snapshot(folder / "s.duckdb", shape) as opened:
            for _ in opened.records("t", ["no"]):
                pass

    return read


def main(count: int) -> None:
    """Print the rates for `count` rows."""
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
        floor = timed("floor: csv.reader alone", count, floor_csv)
        json_floor = timed(
            "floor: json.loads alone", count, lambda: json.loads((folder / "t.json").read_bytes())
        )
        csv_rate = timed("CSV to snapshot", count, lambda: snapshot(folder, "path: t.csv", "column"))
        json_rate = timed(
            "JSON to snapshot", count, lambda: snapshot(folder, "path: t.json\n    records: d", "path")
        )
        timed("records out of the snapshot", count, snapshot(folder, "path: t.csv", "column"))
        print(f"CSV takes {floor / csv_rate:.1f} times its floor, JSON {json_floor / json_rate:.1f} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
