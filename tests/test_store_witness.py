"""Tests of stores that do not know all that was written to Sage, and of stores replaced under a run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import MAPPING, PROJECT, write_tiny

from sagerecon.commands import plans, runs, sources
from sagerecon.model.clock import DAY, SECOND
from sagerecon.model.errors import IncompleteStoreError, StoreError
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended
from sagerecon.sage.tokens import read_tokens
from sagerecon.store.store_file import StoreReplacedError
from sagerecon.store.witness import Extent, StoreName, Witness, WitnessFolder

CUSTOMERS = 6


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """Open a project whose customers are created whatever Sage holds, so that a second load doubles them."""
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    (folder / "mappings/customers.yaml").write_text(MAPPING.replace("adopt_if_equal", "create"))
    rows = "".join(f"C{number},Firm {number}\n" for number in range(CUSTOMERS))
    (folder / "data/contacts.csv").write_text(f"ref,name\n{rows}")
    with signed_in(folder) as opened:
        yield opened


def store_of(moving: Move) -> Path:
    return moving.folder / ".sagerecon/store.sqlite"


def put(copy: Path, store: Path) -> None:
    """Put a copy of a store in the place of the store."""
    for path in store.parent.glob("store.sqlite*"):
        path.unlink()
    shutil.copy(copy, store)


def delete(moving: Move) -> None:
    """Delete the store, and sign in again."""
    for path in store_of(moving).parent.glob("store.sqlite*"):
        path.unlink()
    granted = moving.sage.grant(SANDBOX_APP, "owner", moving.project.business.id)
    with open_store(moving.project, moving.clock) as store:
        store.vault.save(GRANT, read_tokens(granted, moving.clock.now()), None)


def plan(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)


def apply(moving: Move, on_progress: Callable[[Progress], None] = lambda _: None, **more: object) -> Ended:
    stop = more.get("should_stop", lambda: False)
    assert callable(stop)
    return runs.apply(
        moving.project,
        moving.clock,
        moving.session,
        distrust_store=bool(more.get("distrust_store")),
        on_progress=on_progress,
        should_stop=stop,
    ).ended


def created(moving: Move) -> int:
    page = moving.by_other_hand("GET", "/contacts", attributes="reference", exclude_system="true").body
    return sum(str(item["reference"]).startswith("C") for item in page["$items"])


def refused(moving: Move) -> IncompleteStoreError:
    """Plan and apply eight days later, when Sage knows no idempotency key any more; return the refusal."""
    moving.clock.sleep(8 * DAY)
    granted = moving.sage.grant(SANDBOX_APP, "owner", moving.project.business.id)
    with open_store(moving.project, moving.clock) as store:
        store.vault.save(GRANT, read_tokens(granted, moving.clock.now()), None)
    plan(moving)
    calls = moving.sage.calls
    with pytest.raises(IncompleteStoreError) as error:
        apply(moving)
    assert error.value.exit_code == 1
    assert moving.sage.calls == calls
    assert created(moving) == CUSTOMERS
    return error.value


def witnesses(state_home: Path) -> list[Path]:
    return sorted((state_home / "sagerecon/witnesses").glob("*.json"))


def stop_after(moving: Move, count: int) -> Callable[[], bool]:
    return lambda: created(moving) >= count


def test_a_store_restored_from_before_the_load_is_refused(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    shutil.copy(store_of(moving), tmp_path / "copy")
    assert apply(moving) is Ended.FINISHED
    put(tmp_path / "copy", store_of(moving))
    error = refused(moving)
    assert "records 0 writes in 0 starts of apply" in error.message
    assert "recorded 6 writes in 1 start of apply" in error.message
    assert "Put the newest copy of the store back" in error.hint


def test_a_store_restored_from_the_middle_of_the_load_is_refused(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    assert apply(moving, should_stop=stop_after(moving, 3)) is Ended.STOPPED
    shutil.copy(store_of(moving), tmp_path / "copy")
    assert apply(moving) is Ended.FINISHED
    put(tmp_path / "copy", store_of(moving))
    assert "records 3 writes in 1 start of apply" in refused(moving).message


def test_a_copy_made_under_the_run_is_refused_although_no_run_began_since(
    moving: Move, tmp_path: Path
) -> None:
    def copy(_: Progress) -> None:
        if created(moving) == 3 and not (tmp_path / "copy").exists():
            with sqlite3.connect(store_of(moving)) as source, sqlite3.connect(tmp_path / "copy") as target:
                source.backup(target)

    plan(moving)
    assert apply(moving, copy) is Ended.FINISHED
    put(tmp_path / "copy", store_of(moving))
    assert "writes in 1 start of apply, and on" in refused(moving).message


def test_an_older_copy_is_named_although_the_plan_has_another_id_map(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    shutil.copy(store_of(moving), tmp_path / "copy")
    assert apply(moving) is Ended.FINISHED
    plan(moving)
    put(tmp_path / "copy", store_of(moving))
    with pytest.raises(IncompleteStoreError, match="is an older copy"):
        apply(moving)


def test_a_new_store_in_the_place_of_a_deleted_one_is_refused(moving: Move, state_home: Path) -> None:
    plan(moving)
    assert apply(moving) is Ended.FINISHED
    (witness,) = witnesses(state_home)
    delete(moving)
    error = refused(moving)
    assert f"is not the one that wrote to business {moving.project.business.id}" in error.message
    assert f"the store {store_of(moving)} recorded 6 writes" in error.message
    assert str(witness) in error.hint


def test_the_newest_copy_and_a_deleted_witness_let_the_run_begin(moving: Move, state_home: Path) -> None:
    plan(moving)
    assert apply(moving, should_stop=stop_after(moving, 3)) is Ended.STOPPED
    newest = store_of(moving).read_bytes()
    delete(moving)
    plan(moving)
    with pytest.raises(IncompleteStoreError):
        apply(moving)
    new = store_of(moving).read_bytes()
    store_of(moving).write_bytes(newest)
    plan(moving)
    assert apply(moving, should_stop=stop_after(moving, 4)) is Ended.STOPPED
    assert created(moving) == 4
    store_of(moving).write_bytes(new)
    (witness,) = witnesses(state_home)
    witness.unlink()
    plan(moving)
    with pytest.raises(IncompleteStoreError, match="Sage holds 4 records that the plan would create again"):
        apply(moving)
    assert apply(moving, distrust_store=True) is Ended.FINISHED
    assert created(moving) == CUSTOMERS


def test_a_project_that_was_moved_keeps_its_witness(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    shutil.copy(store_of(moving), tmp_path / "copy")
    assert apply(moving, should_stop=stop_after(moving, 3)) is Ended.STOPPED
    moving.folder = moving.folder.rename(tmp_path / "moved")
    plan(moving)
    assert apply(moving) is Ended.FINISHED
    put(tmp_path / "copy", store_of(moving))
    assert "is an older copy" in refused(moving).message


def test_a_store_that_wrote_nothing_may_be_deleted(moving: Move) -> None:
    plan(moving)
    assert apply(moving, should_stop=lambda: True) is Ended.STOPPED
    delete(moving)
    plan(moving)
    assert apply(moving) is Ended.FINISHED


def test_another_project_may_write_to_the_same_business(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    assert apply(moving) is Ended.FINISHED
    shutil.copytree(moving.folder, tmp_path / "other")
    moving.folder = tmp_path / "other"
    delete(moving)
    (moving.folder / "data/contacts.csv").write_text("ref,name\nD1,Ash Ltd\n")
    plan(moving)
    assert apply(moving) is Ended.FINISHED


def test_the_witness_is_written_at_the_start_about_once_a_second_and_at_the_end(
    moving: Move, state_home: Path
) -> None:
    seen: list[tuple[int, int]] = []

    def look(_: Progress) -> None:
        document = json.loads(witnesses(state_home)[0].read_text())
        seen.append((document["generation"], document["writes"]))
        moving.clock.sleep(SECOND)

    plan(moving)
    apply(moving, look)
    assert seen[0] == (1, 0)
    assert {(1, writes) for writes in range(1, CUSTOMERS)} <= set(seen)
    (witness,) = witnesses(state_home)
    document = json.loads(witness.read_text())
    assert (document["generation"], document["writes"]) == (1, CUSTOMERS)
    assert (document["project"], document["business"]) == (str(moving.folder), moving.project.business.id)
    assert stat.S_IMODE(witness.stat().st_mode) == 0o600
    assert stat.S_IMODE(witness.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not the witness of a store"),
        ("[]", "is not the witness of a store"),
        ('{"version": 2}', "is not the witness of a store"),
        (None, "has version 9; this sagerecon reads version 2"),
    ],
)
def test_a_witness_that_cannot_be_read_stops_the_run(
    moving: Move, state_home: Path, content: str | None, message: str
) -> None:
    plan(moving)
    assert apply(moving, should_stop=stop_after(moving, 1)) is Ended.STOPPED
    (witness,) = witnesses(state_home)
    witness.write_text(content if content is not None else witness.read_text().replace(": 2,", ": 9,", 1))
    with pytest.raises(StoreError, match=message):
        apply(moving)
    assert created(moving) == 1


def test_a_witness_that_cannot_be_written_stops_the_run_at_its_start(moving: Move, state_home: Path) -> None:
    (state_home / "sagerecon").write_text("not a folder")
    plan(moving)
    with pytest.raises(StoreError, match=r"witness of the store, .* cannot be written") as error:
        apply(moving)
    assert "XDG_STATE_HOME" in error.value.hint
    assert created(moving) == 0


def test_a_user_without_a_home_folder_is_asked_for_a_state_folder() -> None:
    witness = Witness(WitnessFolder(None, "/project"), StoreName("1", "/store"), "B", VirtualClock())
    with pytest.raises(StoreError, match="no home folder") as error:
        witness.require_complete(Extent(0, 0))
    assert "XDG_STATE_HOME" in error.value.hint


def test_the_witness_of_another_sandbox_is_another(tmp_path: Path) -> None:
    """Keep them apart, for a second sandbox may give its business the same id."""
    clock, first = VirtualClock(), WitnessFolder(tmp_path, "/project", "http://127.0.0.1:1")
    Witness(first, StoreName("1", "/store"), "B", clock).write(Extent(1, 7), 0)
    second = WitnessFolder(tmp_path, "/project", "http://127.0.0.1:2")
    Witness(second, StoreName("2", "/store"), "B", clock).require_complete(Extent(0, 0))
    with pytest.raises(IncompleteStoreError):
        Witness(first, StoreName("2", "/store"), "B", clock).require_complete(Extent(0, 0))


def replace_by_rename(store: Path, copy: Path) -> None:
    copy.rename(store)


def replace_by_deleting(store: Path, copy: Path) -> None:
    put(copy, store)


def overwrite(store: Path, copy: Path) -> None:
    for path in store.parent.glob("store.sqlite-*"):
        path.unlink()
    store.write_bytes(copy.read_bytes())


def delete_alone(store: Path, _: Path) -> None:
    store.unlink()


@pytest.mark.parametrize(
    ("replace", "event"),
    [
        (replace_by_rename, "was replaced by another file"),
        (replace_by_deleting, "was replaced by another file"),
        (overwrite, "sqlite-wal, was replaced or deleted"),
        (delete_alone, "was moved or deleted"),
    ],
)
def test_a_store_replaced_under_a_run_stops_it_before_the_next_call(
    moving: Move, tmp_path: Path, replace: Callable[[Path, Path], None], event: str
) -> None:
    calls: list[int] = []

    def swap(progress: Progress) -> None:
        if not calls and created(moving) == 3:
            replace(store_of(moving), tmp_path / "copy")
            calls.append(moving.sage.calls)

    plan(moving)
    shutil.copy(store_of(moving), tmp_path / "copy")
    with pytest.raises(StoreReplacedError, match=event) as error:
        apply(moving, swap)
    assert "Nothing more was sent." in error.value.message
    assert moving.sage.calls == calls[0]
    assert created(moving) == 3
    if replace is delete_alone:
        delete(moving)
    plan(moving)
    if (
        replace is overwrite
    ):  # SQLite wrote its log over the copy when the run ended: the store is whole again
        assert apply(moving) is Ended.FINISHED
        assert created(moving) == CUSTOMERS
        return
    with pytest.raises(IncompleteStoreError):
        apply(moving)
    assert created(moving) == 3
