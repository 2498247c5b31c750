"""Tests of a store whose files are overwritten in place while `apply` runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import MAPPING, PROJECT, write_tiny

from sagerecon.commands import plans, runs, sources
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import RunOutcome
from sagerecon.store.store_file import StoreReplacedError

CUSTOMERS = 8

#: A program that moves the log into the file as far as readers allow, as the end of a command does.
CHECKPOINT = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA wal_checkpoint(TRUNCATE)')"

#: A program that commits to the store, as the refreshing of tokens does.
COMMIT = (
    "import sqlite3, sys; store = sqlite3.connect(sys.argv[1]);"
    " store.execute(\"UPDATE store_facts SET value = value || '' WHERE name = 'identity'\"); store.commit()"
)


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """Open a project whose customers are created whatever Sage holds, so that a second load doubles them."""
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    (folder / "mappings/customers.yaml").write_text(MAPPING.replace("adopt_if_equal", "create"))
    rows = "".join(f"C{number},Firm {number}\n" for number in range(CUSTOMERS))
    (folder / "data/contacts.csv").write_text(f"ref,name\n{rows}")
    with signed_in(folder) as opened:
        sources.snapshot(opened.project, opened.clock, lambda _file, _rows: None)
        plans.plan(opened.project, opened.clock)
        yield opened


def store_of(moving: Move) -> Path:
    return moving.folder / ".sagerecon/store.sqlite"


def run(program: str, store: Path) -> None:
    """Run a program on the store as another process."""
    subprocess.run([sys.executable, "-c", program, str(store)], check=True)


def sagerecon(*words: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sagerecon", *words], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def cp(source: Path, target: Path) -> None:
    """Copy a file, and overwrite the target in place where it exists, by another process.

    A file that this process opens and closes itself loses the locks that SQLite holds on it.
    """
    inode = target.stat().st_ino if target.exists() else None
    subprocess.run(["/bin/cp", str(source), str(target)], check=True)
    assert inode in (None, target.stat().st_ino)


def created(moving: Move) -> int:
    page = moving.by_other_hand("GET", "/contacts", attributes="reference", exclude_system="true").body
    return sum(str(item["reference"]).startswith("C") for item in page["$items"])


def apply(
    moving: Move, at: dict[int, Callable[[], None]] | None = None, *, distrust_store: bool = False
) -> RunOutcome:
    """Apply the plan, and do something else, once, when Sage holds so many customers."""
    due = dict(at or {})

    def reported(progress: Progress) -> None:
        if progress.event is Event.CREATED and (action := due.pop(created(moving), None)):
            action()

    outcome = runs.apply(
        moving.project, moving.clock, moving.session, distrust_store=distrust_store, on_progress=reported
    )
    assert not due
    return outcome


def refused(moving: Move, event: str, at: dict[int, Callable[[], None]]) -> None:
    """Apply, and check that no call is made after the last of these actions."""
    calls: list[int] = []
    count, last = max(at.items())

    def act() -> None:
        last()
        calls.append(moving.sage.calls)

    with pytest.raises(StoreReplacedError, match=event) as error:
        apply(moving, {**at, count: act})
    assert "Nothing more was sent." in error.value.message
    assert "Put the newest copy of the store back" in error.value.hint
    assert error.value.exit_code == 2
    assert calls == [moving.sage.calls]
    assert created(moving) == count


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Path]:
    """Return where an older copy of the store is kept, and where the newest."""
    return tmp_path / "older", tmp_path / "newest"


def overwritten(moving: Move, kept: tuple[Path, Path]) -> dict[int, Callable[[], None]]:
    """Copy the store at two customers, move the log into it at four, and put the copy back at five."""
    store, (older, newest) = store_of(moving), kept

    def copy() -> None:
        run(CHECKPOINT, store)
        cp(store, older)

    def put_back() -> None:
        sagerecon("state", "backup", str(newest), "--project", str(moving.folder))
        cp(older, store)

    return {2: copy, 4: lambda: run(CHECKPOINT, store), 5: put_back}


def test_an_older_copy_written_over_the_store_stops_the_run_before_the_next_call(
    moving: Move, kept: tuple[Path, Path]
) -> None:
    refused(moving, "was overwritten with another or an older copy", overwritten(moving, kept))
    store, (older, newest) = store_of(moving), kept
    assert store.read_bytes() == older.read_bytes()  # nothing of the log was mixed into it
    with pytest.raises(IncompleteStoreError, match="is an older copy"):
        apply(moving)
    assert created(moving) == 5
    cp(newest, store)
    apply(moving)
    assert created(moving) == CUSTOMERS


def test_without_a_newer_copy_the_older_one_goes_on_by_reading_sage(
    moving: Move, kept: tuple[Path, Path]
) -> None:
    refused(moving, "was overwritten", overwritten(moving, kept))
    apply(moving, distrust_store=True)
    assert created(moving) == CUSTOMERS


def write_text(store: Path, beside: Path) -> None:
    beside.write_text("not a database\n" * 1_000)
    cp(beside, store)


def write_nothing(store: Path, beside: Path) -> None:
    beside.write_bytes(b"")
    cp(beside, store)


def write_another(store: Path, beside: Path) -> None:
    """Overwrite the store with one of another identity that knows more."""
    cp(store, beside)
    program = (
        "import sqlite3, sys; store = sqlite3.connect(sys.argv[1]);"
        " store.execute(\"UPDATE store_facts SET value = 'other' WHERE name = 'identity'\");"
        " store.execute('UPDATE company_locks SET writes = writes + 100'); store.commit()"
    )
    run(program, beside)
    cp(beside, store)


@pytest.mark.parametrize("write", [write_text, write_nothing, write_another])
def test_whatever_is_written_over_the_store_stops_the_run(
    moving: Move, tmp_path: Path, write: Callable[[Path, Path], None]
) -> None:
    store = store_of(moving)
    at = {
        2: lambda: run(CHECKPOINT, store),
        4: lambda: write(store, tmp_path / "beside"),
    }
    refused(moving, "was overwritten", at)


@pytest.mark.parametrize("names", [("-wal",), ("-wal", "-shm"), ("", "-wal", "-shm")])
def test_an_older_log_written_over_the_log_stops_the_run(
    moving: Move, tmp_path: Path, names: tuple[str, ...]
) -> None:
    store = store_of(moving)

    def copy() -> None:
        for name in names:
            cp(Path(f"{store}{name}"), tmp_path / f"copy{name}")

    def put_back() -> None:
        for name in names:
            cp(tmp_path / f"copy{name}", Path(f"{store}{name}"))

    refused(moving, "overwritten", {2: copy, 5: put_back})


def test_an_older_copy_restored_through_sqlite_stops_the_run(moving: Move, tmp_path: Path) -> None:
    """Commit the older content to the same file and log, as the command `.restore` of sqlite3 does."""
    store, older = store_of(moving), tmp_path / "older"
    program = f"import sqlite3, sys; sqlite3.connect({str(older)!r}).backup(sqlite3.connect(sys.argv[1]))"

    def copy() -> None:
        run(CHECKPOINT, store)
        cp(store, older)

    refused(
        moving, "was overwritten with another or an older copy", {2: copy, 5: lambda: run(program, store)}
    )


def test_a_log_deleted_under_a_run_stops_it(moving: Move) -> None:
    log = store_of(moving).with_name("store.sqlite-wal")
    refused(moving, "-wal, was replaced or deleted", {4: log.unlink})


def test_the_folder_of_the_store_moved_under_a_run_stops_it(moving: Move, tmp_path: Path) -> None:
    """Where its folder is gone, the disk cannot be asked for its free space either."""
    calls: list[int] = []

    def move() -> None:
        store_of(moving).parent.rename(tmp_path / "moved")
        calls.append(moving.sage.calls)

    with pytest.raises(StoreReplacedError, match="was moved or deleted while the command was running"):
        apply(moving, {4: move})
    assert calls == [moving.sage.calls]


def test_other_commands_and_checkpoints_beside_a_run_do_not_stop_it(moving: Move, tmp_path: Path) -> None:
    store, project = store_of(moving), str(moving.folder)
    at = {
        1: lambda: run(CHECKPOINT, store),
        2: lambda: sagerecon("status", "--project", project),
        3: lambda: run(COMMIT, store),
        4: lambda: sagerecon("state", "backup", str(tmp_path / "backup"), "--project", project),
        5: lambda: run(COMMIT + ";" + CHECKPOINT, store),
        6: lambda: run(CHECKPOINT, store),
    }
    apply(moving, at)
    assert created(moving) == CUSTOMERS
    assert not store.with_name("store.sqlite-wal.replaced").exists()


def test_a_command_beside_a_run_does_not_hide_that_the_store_was_overwritten(
    moving: Move, tmp_path: Path
) -> None:
    """Move no log into the overwritten file when another command ends, for it would hide what is lost."""
    store, older = store_of(moving), tmp_path / "older"

    def copy() -> None:
        run(CHECKPOINT, store)
        cp(store, older)

    def put_back() -> None:
        cp(older, store)
        sagerecon("status", "--project", str(moving.folder))
        assert store.read_bytes() == older.read_bytes()

    refused(moving, "was overwritten", {3: copy, 4: lambda: run(CHECKPOINT, store), 5: put_back})
