"""Tests of opening a store, of full disks, and of the lock on a company."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import Crash, customer, desk, quick_folder, references, twenty
from sqlalchemy import event
from strategies import hostile_texts

from sagerecon.documents.package import catalog
from sagerecon.model.clock import SystemClock
from sagerecon.model.errors import StoreError
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import plan_lines
from sagerecon.planning.settling import Replays
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.run import Ended, run
from sagerecon.store import disk as disk_module
from sagerecon.store import store_file
from sagerecon.store.disk import Disk
from sagerecon.store.opening import open_store
from sagerecon.store.store_file import network_disk
from sagerecon.store.tables import SCHEMA_VERSION

CLOCK = VirtualClock()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of five megabytes; skip the test where that is not permitted."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("no mount command")
    command = [mount, "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted")
    yield tmp_path
    subprocess.run([umount, str(tmp_path)], check=True)


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_only_the_owner_may_read_a_new_store(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with open_store(url(tmp_path / "s.db"), CLOCK, None) as store:
            store.company("B").run_log.book(Budget(None, None))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(old)
    assert modes == dict.fromkeys(("s.db", "s.db-wal", "s.db-shm", "s.db.ballast"), 0o600)


def test_each_commit_is_durable(tmp_path: Path) -> None:
    with open_store(url(tmp_path / "s.db"), CLOCK, None) as store:
        connection = store._database.engine.raw_connection()
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]  # type: ignore[attr-defined]
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "application_id")
        ]
        connection.close()
    assert settings == ["wal", 2, 30_000, 1, 0x53475243]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>sign in</html>", "is not a store of sagerecon"),
        (b"SQLite format 3\0 and then nothing of the kind" * 100, "not a store|damaged"),
    ],
)
def test_a_file_that_is_not_a_store_is_refused_and_not_changed(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=sentence):
        open_store(url(path), CLOCK, None)
    assert path.read_bytes() == content


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_the_database_of_another_program_is_refused_and_not_changed(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "s.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    path.chmod(0o640)
    content = path.read_bytes()
    with pytest.raises(StoreError, match="is not a store of sagerecon"):
        open_store(url(path), CLOCK, None)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["s.db"]


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal", ".ballast", ".unsaved"])
def test_a_store_or_a_file_beside_it_that_is_a_link_is_refused(tmp_path: Path, ending: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "state").mkdir()
    (tmp_path / f"state/s.db{ending}").symlink_to(victim)
    with pytest.raises(StoreError, match="it is a link to"):
        open_store(url(tmp_path / "state/s.db"), CLOCK, None)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal", ".ballast", ".unsaved"])
def test_a_store_or_a_file_beside_it_that_has_another_name_is_refused(tmp_path: Path, ending: str) -> None:
    """A hard link leads to a file of the user as a link does, and shows it less."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "state").mkdir()
    (tmp_path / f"state/s.db{ending}").hardlink_to(victim)
    with pytest.raises(StoreError, match="it is a hard link"):
        open_store(url(tmp_path / "state/s.db"), CLOCK, None)
    assert victim.read_text() == "precious"


ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT"


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER TABLE runs RENAME TO old", f"CREATE VIEW runs AS {ENDLESS} old.* FROM old, r"),
        (f"CREATE TRIGGER t AFTER INSERT ON calls BEGIN SELECT sum(n) FROM ({ENDLESS} n FROM r); END",),
        ("ALTER TABLE runs ADD COLUMN more TEXT AS (zeroblob(999999999))",),
        ("ALTER TABLE runs ADD COLUMN more TEXT CHECK (length(zeroblob(999999999)) > 0)",),
        ("CREATE INDEX more ON runs (zeroblob(length(run)))",),
        ("CREATE VIRTUAL TABLE more USING rtree(a, b, c)",),
        ("CREATE TABLE more (x TEXT DEFAULT (zeroblob(999999999)) NOT NULL)",),
    ],
    ids=["view", "trigger", "generated", "check", "index", "virtual", "default"],
)  # fmt: skip
def test_a_store_with_more_than_tables_is_refused(tmp_path: Path, statements: tuple[str, ...]) -> None:
    """SQLite carries out whatever the schema of a file says, and an endless query hears no signal."""
    path = tmp_path / "s.db"
    open_store(url(path), CLOCK, None).close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    with pytest.raises(StoreError, match="which no store has"):
        open_store(url(path), CLOCK, None)


def test_a_store_whose_tables_are_in_its_log_alone_is_opened(tmp_path: Path) -> None:
    """A process that was killed before the first checkpoint leaves the application's number in the log."""
    path = tmp_path / "s.db"
    with open_store(url(path), CLOCK, None) as store:
        store.company("B").run_log.book(Budget(None, None))
        for each in (path, path.with_name("s.db-wal")):
            (tmp_path / "copy").mkdir(exist_ok=True)
            (tmp_path / "copy" / each.name).write_bytes(each.read_bytes())
    assert (tmp_path / "copy/s.db").stat().st_size <= 4096
    open_store(url(tmp_path / "copy/s.db"), CLOCK, None).close()


def test_a_damaged_store_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with open_store(url(path), CLOCK, None) as store:
        store.company("B").run_log.book(Budget(None, None))
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 6] = b"\xff" * (4096 * 5)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|not a store"), open_store(url(path), CLOCK, None) as store:
        list(store.company("B").history.written())
        store.company("B").history.status()
        store.company("B").id_map.fingerprint()


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    open_store(url(tmp_path / "s.db"), CLOCK, None).close()
    connection = sqlite3.connect(tmp_path / "s.db")
    connection.execute("UPDATE store_facts SET value = '99' WHERE name = 'schema'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=f"version 99; this sagerecon reads version {SCHEMA_VERSION}"):
        open_store(url(tmp_path / "s.db"), CLOCK, None)


def test_a_store_of_version_2_is_upgraded_and_gets_an_identity(tmp_path: Path) -> None:
    here = desk(tmp_path)
    for count in (1, 2, 3):
        here.planned([customer(number) for number in range(count)])
        here.go()
        here.clock.sleep(1_000)
    connection = sqlite3.connect(tmp_path / "store.db")
    started = "SELECT run FROM runs ORDER BY started_at"
    in_order = connection.execute(started).fetchall()
    connection.execute("ALTER TABLE company_locks DROP COLUMN writes")
    for column in ("closed_until", "refusals"):
        connection.execute(f"ALTER TABLE ledgers DROP COLUMN {column}")
    for column in ("sequence", "question", "holder", "continued_at"):
        connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    connection.execute("DELETE FROM store_facts WHERE name = 'identity'")
    connection.execute("UPDATE store_facts SET value = '2' WHERE name = 'schema'")
    connection.commit()
    here.planned([customer(number) for number in range(4)])
    assert here.go().ended is Ended.FINISHED
    facts = dict(connection.execute("SELECT name, value FROM store_facts"))
    assert facts["schema"] == str(SCHEMA_VERSION) and len(facts["identity"]) == 32
    assert connection.execute("SELECT generation, writes FROM company_locks").fetchall() == [(4, 1)]
    assert connection.execute("SELECT run FROM runs ORDER BY sequence").fetchall()[:3] == in_order
    assert connection.execute("SELECT sequence FROM runs ORDER BY 1").fetchall() == [(1,), (2,), (3,), (4,)]
    here.open().close()
    assert dict(connection.execute("SELECT name, value FROM store_facts")) == facts
    connection.close()


def test_a_store_of_version_4_is_upgraded_and_keeps_its_calls(tmp_path: Path) -> None:
    here = desk(tmp_path)
    here.planned([customer(1)])
    here.go()
    connection = sqlite3.connect(tmp_path / "store.db")
    before = connection.execute("SELECT run, sequence FROM runs").fetchall()
    for column in ("closed_until", "refusals"):
        connection.execute(f"ALTER TABLE ledgers DROP COLUMN {column}")
    connection.execute("UPDATE store_facts SET value = '4' WHERE name = 'schema'")
    connection.commit()
    with here.open() as store:
        company = store.company("B")
        assert len(company.history.calls_of_last_day()) == 2
        assert (company.run_log.closed_until(), company.run_log.refusals()) == (0, 0)
        assert company.run_log.book(here.budget) == 0
    assert connection.execute("SELECT run, sequence FROM runs").fetchall() == before
    connection.close()


def test_a_store_of_version_6_is_upgraded_and_counts_its_calls_once(tmp_path: Path) -> None:
    here = desk(tmp_path)
    here.planned([customer(1)])
    here.go()
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("ALTER TABLE calls DROP COLUMN call")
    connection.execute("UPDATE store_facts SET value = '6' WHERE name = 'schema'")
    connection.commit()
    connection.close()
    with here.open() as store:
        company = store.company("B")
        assert company.run_log.book(here.budget) == 0
        company.run_log.refund()
        company.run_log.flush()
        assert len(company.history.calls_of_last_day()) == 2


def test_a_store_is_upgraded_from_version_to_version_and_its_calls_stay_counted(tmp_path: Path) -> None:
    here = desk(tmp_path)
    here.planned([customer(1)])
    here.go()
    connection = sqlite3.connect(tmp_path / "store.db")
    calls = connection.execute("SELECT run, day, sent FROM run_calls").fetchall()
    for version in range(6, SCHEMA_VERSION):
        connection.execute("UPDATE store_facts SET value = ? WHERE name = 'schema'", (str(version),))
        connection.commit()
        here.open().close()
        assert connection.execute("SELECT run, day, sent FROM run_calls").fetchall() == calls
    for version in ("5", "7"):  # one that an earlier upgrade has marked
        connection.execute("UPDATE store_facts SET value = ? WHERE name = 'schema'", (version,))
        connection.commit()
        here.open().close()
    assert len(connection.execute("SELECT run FROM run_calls").fetchall()) == len(calls) + 1
    connection.close()


def test_a_store_of_version_5_is_upgraded_and_has_learnt_nothing(tmp_path: Path) -> None:
    here = desk(tmp_path)
    here.planned([customer(1)])
    here.go()
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("ALTER TABLE company_locks DROP COLUMN replays")
    connection.execute("ALTER TABLE steps DROP COLUMN total")
    connection.execute("DROP TABLE suspects")
    connection.execute("UPDATE store_facts SET value = '5' WHERE name = 'schema'")
    connection.commit()
    here.planned([customer(1), customer(2)])
    assert here.go().counts["created"] == 1
    with here.open() as store:
        company = store.company("B")
        assert company.run_log.replays() is Replays.UNKNOWN
        assert company.history.suspects() == {}
    connection.close()


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no folder"):
        open_store(url(tmp_path / "gone" / "s.db"), CLOCK, None)


def test_a_folder_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(url(tmp_path), CLOCK, None)


@pytest.mark.parametrize("address", ["nonsense", "nosuch://host/db"])
def test_an_unusable_url_is_refused(address: str) -> None:
    with pytest.raises(StoreError):
        open_store(address, CLOCK, None)


def test_a_network_disk_is_recognised_by_its_mount() -> None:
    mounts = (
        "22 1 254:0 / / rw - ext4 /dev/vda rw\n"
        "40 22 0:44 / /mnt/books rw - nfs4 server:/books rw\n"
        "41 22 0:45 / /mnt/my\\040share rw - cifs //server/share rw\n"
        "42 40 0:46 / /mnt/books/local rw - tmpfs tmpfs rw\n"
    )
    assert network_disk(Path("/mnt/books/a/store.db"), mounts) == "nfs4"
    assert network_disk(Path("/mnt/my share/store.db"), mounts) == "cifs"
    assert network_disk(Path("/mnt/books/local/store.db"), mounts) == ""
    assert network_disk(Path("/mnt/bookshop/store.db"), mounts) == ""


def test_a_store_on_a_network_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"40 22 0:44 / {tmp_path} rw - nfs server:/books rw"
    monkeypatch.setattr(store_file, "_mounts", lambda: mounts)
    with pytest.raises(StoreError, match=r"network disk \(nfs\)"):
        open_store(url(tmp_path / "s.db"), CLOCK, None)
    assert not (tmp_path / "s.db").exists()


class TestFullDisk:
    def test_nothing_more_is_sent_when_the_disk_is_nearly_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = desk(tmp_path)
        here.planned(twenty())
        monkeypatch.setattr(Disk, "is_full", lambda self: sum(here.sage.calls.values()) >= 5)
        with pytest.raises(StoreError, match="nearly full"):
            here.go()
        monkeypatch.undo()
        with here.open() as store:
            assert store.company("B").run_log.in_doubt() == []
        here.go()
        assert len(references(here.sage, "contact")) == 10

    def test_answers_are_saved_beside_a_store_that_is_full(self, tmp_path: Path) -> None:
        """Cap the pages of SQLite, so that it reports a full disk after some calls."""
        here = desk(tmp_path)
        here.planned([customer(number, notes="x" * 3_000) for number in range(40)])
        with here.open() as store:
            event.listen(store._database.engine, "connect", _cap)
            store._database.engine.dispose()
            company = store.company("B")
            assert here.plan is not None
            with pytest.raises(StoreError, match="disk of the store is full"):
                run(here.plan, here.sage, company.run_log, here.clock, here.budget, catalog())
        made = len(here.sage.bodies_of("contact"))
        assert 0 < made < 40
        with here.open() as store:  # the statements saved beside the store are replayed
            assert store.company("B").run_log.in_doubt() == []
            assert len(list(store.company("B").history.written())) == made
        assert not list(tmp_path.glob("*.unsaved"))
        assert here.go().ended is Ended.FINISHED
        assert here.sage.calls["POST"] == 40  # none was sent twice

    def test_the_ballast_saves_the_answer_on_a_real_full_disk(
        self, small_disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without the check of the free space, only the ballast has room for the last answer."""
        here = desk(small_disk)
        here.planned([customer(number, notes="x" * 3_000) for number in range(1_500)])
        monkeypatch.setattr(disk_module, "LEAST_FREE_BYTES", 0)
        with pytest.raises(StoreError, match="disk of the store is full"):
            here.go()
        assert not (small_disk / "store.db.ballast").exists()
        with here.open() as store:
            assert store.company("B").run_log.in_doubt() == []
            assert len(list(store.company("B").history.written())) == len(here.sage.bodies_of("contact")) > 0

    def test_the_ballast_is_created_and_dropped(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path / "s.db")
        disk.create_ballast()
        assert (tmp_path / "s.db.ballast").stat().st_size == disk_module.BALLAST_BYTES
        assert disk.drop_ballast()
        assert not disk.drop_ballast()

    def test_an_entry_that_a_crash_cut_short_is_skipped_and_the_next_is_kept(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path / "s.db")
        first, second = [("keep_id", {"a": 1})], [("keep_id", {"a": "\u2028"})]
        disk.save_aside(first)
        with (tmp_path / "s.db.unsaved").open("ab") as file:
            file.write(b'{"version": 1, "statements": [["keep_id", {"a"')
        disk.save_aside(second)
        assert list(disk.unsaved()) == [first, second]

    @pytest.mark.parametrize(
        ("line", "version"),
        [
            ('{"version": 9, "statements": [["keep_id", {}]]}', "of version 9"),
            ('[["keep_id", {}]]', "without a version"),
        ],
    )
    def test_statements_saved_by_another_version_are_refused(
        self, tmp_path: Path, line: str, version: str
    ) -> None:
        unsaved = tmp_path / "s.db.unsaved"
        unsaved.write_text(line)
        with pytest.raises(StoreError, match=f"{version}; this sagerecon reads version 1") as refused:
            open_store(url(tmp_path / "s.db"), CLOCK, None)
        assert refused.value.hint == "Open the store once with the version of sagerecon that wrote the file."
        assert unsaved.read_text() == line


class TestCompanyLock:
    def test_one_process_works_on_a_company_at_a_time(self, tmp_path: Path) -> None:
        here = desk(tmp_path)
        here.planned([customer(1)])
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from sagerecon.store.opening import open_store\n"
            "from sagerecon.planning.plan import read_plan\n"
            "from sagerecon.rehearsal.clock import VirtualClock\n"
            "plan = read_plan(Path(sys.argv[2]).open('rb'), 'plan')\n"
            "store = open_store(sys.argv[1], VirtualClock(), None)\n"
            "store.company('B').run_log.begin(plan)\n"
            "print('begun', flush=True)\n"
            "sys.stdin.read()\n"
        )
        assert here.plan is not None
        (tmp_path / "plan").write_text("".join(plan_lines(here.plan)))
        address = url(tmp_path / "store.db")
        other = subprocess.Popen(
            [sys.executable, "-c", script, address, str(tmp_path / "plan")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "begun\n"
            with pytest.raises(StoreError, match=f"Process {other.pid} on .* is working on this company"):
                here.go()
        finally:
            other.kill()
            other.communicate()
        assert here.go().ended is Ended.FINISHED  # the lock of a process that has ended is free

    def test_a_process_whose_lock_was_taken_writes_nothing_more(self, tmp_path: Path) -> None:
        here = desk(tmp_path)
        here.planned(twenty())
        with here.open() as slow:
            assert here.plan is not None
            slow.company("B").run_log.begin(here.plan)
            with pytest.raises(Crash):
                here.go(_crash_after(20))
            with pytest.raises(StoreError, match="lock on this company expired"):
                slow.company("B").run_log.book(Budget(None, None))


def _cap(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA max_page_count=90")


def _crash_after(wanted: int):  # type: ignore[no-untyped-def]
    left = wanted

    def failpoint(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Crash

    return failpoint


def test_a_store_opens_with_the_system_clock(tmp_path: Path) -> None:
    with open_store(url(tmp_path / "s.db"), SystemClock(), None) as store:
        assert store.company("B").history.status().run is None


@given(st.lists(st.dictionaries(hostile_texts, hostile_texts | st.integers()), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_any_values_are_read_as_they_were_saved(values: list[dict[str, str | int]]) -> None:
    with quick_folder() as folder:
        disk = Disk(folder / "s.db")
        entries = [[("keep_id", each)] for each in values]
        for entry in entries:
            disk.save_aside(entry)
        assert list(disk.unsaved()) == entries
