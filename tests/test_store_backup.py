"""Tests of copies of a store: of its file alone, and by the command `state backup`."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import plans, runs, sources, state
from sagerecon.model.errors import IncompleteStoreError, StoreError
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(folder) as opened:
        yield opened


def store_of(moving: Move) -> Path:
    return moving.folder / ".sagerecon/store.sqlite"


def written(path: Path) -> set[str]:
    """Return the keys in the id map of a store's file."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {str(key) for (key,) in connection.execute("SELECT key FROM id_map")}


def cli(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(folder)])


def test_the_file_alone_is_whole_after_each_command(moving: Move, tmp_path: Path) -> None:
    """Another open connection keeps SQLite from moving the log by itself when the command ends."""
    with closing(sqlite3.connect(store_of(moving))) as other:
        other.execute("SELECT count(*) FROM runs").fetchone()
        assert moving.load().ended is Ended.FINISHED
        log = store_of(moving).with_name("store.sqlite-wal")
        assert log.stat().st_size == 0
        shutil.copy(store_of(moving), tmp_path / "copy")
    assert written(tmp_path / "copy") == {"customers/C1", "customers/C2"}


def test_a_command_ends_although_another_process_reads_from_the_log(moving: Move) -> None:
    with closing(sqlite3.connect(store_of(moving))) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM runs").fetchone()
        assert moving.load().ended is Ended.FINISHED
        other.rollback()
    assert written(store_of(moving)) == {"customers/C1", "customers/C2"}


def test_a_backup_is_one_whole_file_for_its_owner_alone(moving: Move, tmp_path: Path) -> None:
    moving.load()
    old = os.umask(0)
    try:
        copy = state.backup(moving.project, moving.clock, tmp_path / "copy")
    finally:
        os.umask(old)
    assert copy == tmp_path / "copy"
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert written(copy) == {"customers/C1", "customers/C2"}
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]  # not even a reader needs a log


def test_a_backup_under_a_run_is_whole_and_is_refused_later(moving: Move, tmp_path: Path) -> None:
    def copy(progress: Progress) -> None:
        if str(progress.event) == "created" and not (tmp_path / "copy").exists():
            state.backup(moving.project, moving.clock, tmp_path / "copy")

    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    assert runs.apply(moving.project, moving.clock, moving.session, on_progress=copy).ended is Ended.FINISHED
    assert written(tmp_path / "copy") < written(store_of(moving))
    shutil.copy(tmp_path / "copy", store_of(moving))
    plans.plan(moving.project, moving.clock)
    with pytest.raises(IncompleteStoreError, match="is an older copy"):
        runs.apply(moving.project, moving.clock, moving.session)


def test_a_restored_backup_of_the_newest_state_is_accepted(moving: Move, tmp_path: Path) -> None:
    moving.load()
    state.backup(moving.project, moving.clock, tmp_path / "copy")
    store_of(moving).unlink()
    shutil.copy(tmp_path / "copy", store_of(moving))
    (moving.folder / "data/contacts.csv").write_text("ref,name\nC1,Oak Ltd\nC2,Elm Ltd\nC3,Ash Ltd\n")
    assert moving.load().counts["created"] == 1


def test_a_damaged_store_is_not_copied(moving: Move, tmp_path: Path) -> None:
    moving.load()
    content = bytearray(store_of(moving).read_bytes())
    content[4096 * 20 : 4096 * 22] = b"\xff" * 4096 * 2
    store_of(moving).write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        state.backup(moving.project, moving.clock, tmp_path / "copy")
    assert list(tmp_path.glob("copy*")) == []


def test_the_command_names_its_copy_by_the_time_or_takes_a_folder_or_a_file(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "project")
    for word in ("snapshot", "plan"):
        assert cli(folder, word).exit_code == 0
    ran = cli(folder, "state", "backup")
    (copy,) = (folder / ".sagerecon/backups").iterdir()
    assert ran.exit_code == 0 and f".sagerecon/backups/{copy.name}" in "".join(ran.stdout.splitlines())
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    (tmp_path / "stick").mkdir()
    ran = cli(folder, "state", "backup", str(tmp_path / "stick"), "--json")
    (copy,) = (tmp_path / "stick").iterdir()
    result = json.loads(ran.stdout.splitlines()[-1])
    assert (result["path"], result["bytes"]) == (str(copy), copy.stat().st_size)
    assert cli(folder, "state", "backup", str(tmp_path / "copy")).exit_code == 0
    before = (tmp_path / "copy").read_bytes()
    ran = cli(folder, "state", "backup", str(tmp_path / "copy"))
    assert ran.exit_code == 2 and "exists already" in ran.stdout + ran.stderr
    ran = cli(folder, "state", "backup", str(tmp_path / "gone" / "copy"))
    assert ran.exit_code == 2 and "cannot be written: No such file" in " ".join(ran.stderr.split())
    assert (tmp_path / "copy").read_bytes() == before
