# ruff: noqa: E501 - some declarations are one line
"""The snapshot: exact, private, fingerprinted by its content, written completely or not at all."""

import hashlib
import os
import stat
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from source_cases import compiled, finding_messages, parse_sources, snapshot, table, take, write_files

from sagerecon.model.errors import SourceError, StoreError
from sagerecon.model.finding import Severity
from sagerecon.sources.bounded import SqlError
from sagerecon.sources.profile import ColumnProfile
from sagerecon.sources.snapshot import open_snapshot, take_snapshot

MONEY = table("id: {type: integer}\namount: {type: decimal, scale: 3}")
TRAPS = (
    "0.10", "0.30", "1.10", "1.15", "2.675", "100.01", "1000000.07", "2500.35", "8.41",
    "20000000.99", "90071992547409.93", "9007199254740993", "27136760851.95", "-0.01",
)  # fmt: skip
DATA = "id,amount\n" + "".join(f"{number},{text}\n" for number, text in enumerate(TRAPS))


def test_fourteen_amounts_that_floats_change_are_exact(tmp_path: Path) -> None:
    sums = 'datasets:\n  sums: {sql: "SELECT sum(amount) AS amount, '
    text = MONEY.replace("datasets:\n", sums + 'list(_origin) AS _origin FROM t"}\n')
    with snapshot(tmp_path, text, {"t.csv": DATA}) as opened:
        assert [row["amount"] for row in opened.rows("t")] == [Decimal(trap) for trap in TRAPS]
        (whole,) = opened.rows("sums")
    assert whole["amount"] == sum(Decimal(trap) for trap in TRAPS)


def test_no_column_has_an_inexact_type(tmp_path: Path) -> None:
    columns = "\n".join(
        f"c{kind}: {{type: {kind}}}" for kind in ("text", "integer", "decimal", "boolean", "date", "datetime")
    )
    data = "ctext,cinteger,cdecimal,cboolean,cdate,cdatetime\nx,1,1.10,yes,2017-03-31,2017-03-31 14:05:06\n"
    with snapshot(tmp_path, table(columns), {"t.csv": data}) as opened:
        (row,) = opened.rows("t")
    assert tuple(row.values()) == (
        "x", 1, Decimal("1.10"), True, date(2017, 3, 31), datetime(2017, 3, 31, 14, 5, 6), "t.csv:2", 1,  # noqa: DTZ001
    )  # fmt: skip
    with duckdb.connect(str(tmp_path / "snapshot.duckdb"), read_only=True) as connection:
        types = connection.execute("SELECT column_name, data_type FROM information_schema.columns").fetchall()
    assert ("cdecimal", "DECIMAL(20,2)") in types
    assert not [name for name, kind in types if kind in ("DOUBLE", "FLOAT")]


def test_equal_input_has_an_equal_fingerprint_and_one_byte_changes_it(tmp_path: Path) -> None:
    names = {
        case: take(tmp_path / case, text, {"t.csv": data})[0]
        for case, text, data in (
            ("first", MONEY, DATA),
            ("again", "# the same declarations on other lines\n" + MONEY, DATA),
            ("byte", MONEY, DATA.replace("8.41", "8.42")),
            ("declaration", MONEY.replace("scale: 3", "scale: 4"), DATA),
        )
    }
    assert names["first"] == names["again"]
    assert len({names["first"], names["byte"], names["declaration"]}) == 3
    assert all(len(name) == 64 for name in names.values())


def test_the_snapshot_lists_its_files(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "data", {"t.csv": "id,amount\n1,2\n3,4\n"})
    seen: list[tuple[str, int]] = []
    fingerprint, _ = take_snapshot(
        parse_sources(MONEY),
        folder,
        tmp_path / "s.duckdb",
        1_490_918_400_000,
        lambda name, rows: seen.append((name, rows)),
    )
    with open_snapshot(tmp_path / "s.duckdb", compiled(parse_sources(MONEY))) as opened:
        assert (opened.facts.fingerprint, opened.facts.taken_at) == (fingerprint, 1_490_918_400_000)
        (facts,) = opened.facts.files
        assert opened.profile()[1] == ColumnProfile(
            "t", "amount", "decimal", 2, 0, 2, Decimal("2.000"), Decimal("4.000"), None
        )
    assert (facts.table, facts.path, facts.rows, facts.bytes) == ("t", "t.csv", 2, 18)
    assert facts.sha256 == hashlib.sha256(b"id,amount\n1,2\n3,4\n").hexdigest()
    assert seen == [("t.csv", 2)]


def test_warnings_are_kept_in_the_snapshot(tmp_path: Path) -> None:
    with snapshot(tmp_path, table("a: {type: text}"), {"t.csv": "a\nF\ufffdrs\n"}) as opened:
        (finding,) = opened.facts.findings
    assert (finding.code, finding.severity, str(finding.place)) == (
        "letters_lost",
        Severity.WARNING,
        "t.csv:2:1",
    )


def test_only_the_owner_can_read_the_file_and_no_temporary_file_remains(tmp_path: Path) -> None:
    take(tmp_path, MONEY, {"t.csv": DATA})
    assert stat.S_IMODE((tmp_path / "snapshot.duckdb").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "snapshot.duckdb"]


def test_an_error_leaves_the_existing_snapshot_unchanged(tmp_path: Path) -> None:
    take(tmp_path, MONEY, {"t.csv": DATA})
    before = (tmp_path / "snapshot.duckdb").read_bytes()
    assert take(tmp_path, MONEY, {"t.csv": DATA.replace("8.41", "?")})[0] == ""
    with pytest.raises(SourceError):
        take(tmp_path, MONEY, {"t.csv": "<html>"})
    assert (tmp_path / "snapshot.duckdb").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "snapshot.duckdb"]


def test_all_files_are_read_even_if_one_is_unreadable(tmp_path: Path) -> None:
    text = MONEY.replace(
        "files:\n",
        "files:\n  absent: {path: tt.csv, columns: {a: {type: text}}}\n  page: {path: page.json, columns: {a: {type: text}}}\n",
    )
    with pytest.raises(SourceError) as caught:
        take(tmp_path, text, {"t.csv": DATA.replace("8.41", "?"), "page.json": "<html></html>"})
    assert [str(finding) for finding in caught.value.findings] == [
        "page.json:1:1: the file is a web page, not JSON. Check whether an error page was saved instead of the export.",
        "t.csv:10:2: amount: '?' is not a number. If it means an empty cell, set null_words: [\"?\"].",
        "tt.csv: the file does not exist. Did you mean 't.csv'?",
    ]


def test_a_missing_folder_and_a_link_out_of_it_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the data folder does not exist"):
        take_snapshot(parse_sources(MONEY), tmp_path / "nowhere", tmp_path / "s.duckdb", 0)
    write_files(tmp_path, {"secret.csv": DATA, "data/x.csv": ""})
    (tmp_path / "data" / "t.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceError, match=r"sources\.yaml:\d+:\d+: t\.csv, .* leads to .*, outside"):
        take_snapshot(parse_sources(MONEY), tmp_path / "data", tmp_path / "s.duckdb", 0)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "data", {"t.csv": DATA})

    def change_file(name: str, rows: int) -> None:
        (folder / name).write_text(DATA + "99,1\n")

    with pytest.raises(
        SourceError, match=r"^t\.csv: the file changed while it was read\. Run the command again\.$"
    ):
        take_snapshot(parse_sources(MONEY), folder, tmp_path / "s.duckdb", 0, change_file)


def test_a_folder_without_read_permission_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    folder = write_files(tmp_path / "data", {"t.csv": DATA})
    monkeypatch.setattr(Path, "iterdir", refuse)
    sources = parse_sources(MONEY.replace("path: t.csv", "path: '*.csv'"))
    message = r"^sources\.yaml:4:11: '\*\.csv' cannot be read: permission denied\. Check .*permissions"
    with pytest.raises(SourceError, match=message):
        take_snapshot(sources, folder, tmp_path / "s.duckdb", 0)


FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from source_cases import parse_sources, table
from sagerecon.model.errors import StoreError
from sagerecon.sources.bounded import SqlError
from sagerecon.sources.snapshot import take_snapshot
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
sources = parse_sources(table("id: {type: integer}"))
try:
    take_snapshot(sources, Path(sys.argv[2]) / "data", Path(sys.argv[2]) / "snapshot.duckdb", 0)
except StoreError as error:
    sys.stdout.write(str(error))
"""


@pytest.mark.parametrize("limit", [4_096, 400_000])
def test_a_full_disk_is_reported_and_changes_nothing(tmp_path: Path, limit: int) -> None:
    text = table("id: {type: integer}")
    take(tmp_path, text, {"t.csv": "id\n1\n"})
    before = (tmp_path / "snapshot.duckdb").read_bytes()
    write_files(tmp_path / "data", {"t.csv": "id\n" + "".join(f"{number}\n" for number in range(9_000))})
    process = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(Path(__file__).parent), str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert process.stdout.startswith(f"{tmp_path / 'snapshot.duckdb'}: "), process.stderr
    assert (
        "Free disk space or raise the file size limit. An existing snapshot is unchanged." in process.stdout
    )
    assert (tmp_path / "snapshot.duckdb").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "snapshot.duckdb"]


def test_a_file_that_is_not_a_snapshot_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "snapshot.duckdb"
    with pytest.raises(StoreError, match=r"Take a new snapshot: sagerecon snapshot$"):
        open_snapshot(target, compiled(parse_sources(MONEY)))
    target.write_text("not a database " * 500)
    with pytest.raises(StoreError, match=r"Take a new snapshot: sagerecon snapshot$"):
        open_snapshot(target, compiled(parse_sources(MONEY)))
    target.unlink()
    duckdb.connect(str(target)).close()
    with pytest.raises(StoreError):
        open_snapshot(target, compiled(parse_sources(MONEY)))


@pytest.mark.parametrize("sort", ["pipe", "link", "file"])
def test_a_log_beside_a_snapshot_is_refused_and_a_new_snapshot_removes_it(tmp_path: Path, sort: str) -> None:
    """DuckDB would change the rows by it, and wait for the other end of a pipe without an end."""
    sources = parse_sources(MONEY)
    take(tmp_path, MONEY, {"t.csv": DATA})
    path = tmp_path / "snapshot.duckdb"
    log = tmp_path / "snapshot.duckdb.wal"
    match sort:
        case "pipe":
            os.mkfifo(log)
        case "link":
            log.symlink_to(tmp_path / "elsewhere")
        case _:
            log.write_bytes(b"x")
    with pytest.raises(StoreError, match=r"wal is no file of a snapshot.*Take a new snapshot"):
        open_snapshot(path, compiled(sources))
    take(tmp_path, MONEY, {"t.csv": DATA})
    open_snapshot(path, compiled(sources)).close()


def test_changed_declarations_need_a_new_snapshot(tmp_path: Path) -> None:
    take(tmp_path, MONEY, {"t.csv": DATA})
    other = MONEY.replace("scale: 3", "scale: 4")
    with pytest.raises(SourceError, match=r"Take a new snapshot: sagerecon snapshot$"):
        open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(other)))
    shaped = MONEY.replace("SELECT * FROM t", "SELECT id, _origin FROM t WHERE id > 11")
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(shaped))) as opened:
        assert opened.count("t") == 2


def test_an_open_snapshot_is_read_only(tmp_path: Path) -> None:
    with snapshot(tmp_path, MONEY, {"t.csv": DATA}) as opened:
        for sql in ("DELETE FROM t", "SET threads = 8", "SELECT * FROM read_text('/etc/passwd')"):
            with pytest.raises(SqlError):
                opened._connection.query(sql)
        # With more threads the order of rows without ORDER BY would vary.
        assert opened._connection.row("SELECT current_setting('threads')") == (1,)


def test_a_table_without_rows_exists(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: t.csv\noptional: true")
    with snapshot(tmp_path, text, {}) as opened:
        assert list(opened.rows("t")) == []
        assert opened.facts.files == ()
    assert finding_messages(tmp_path / "heading", text, {"t.csv": "a\n"}) == [
        "t.csv: the file has a header row but no data rows."
    ]
