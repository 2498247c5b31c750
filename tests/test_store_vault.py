"""Tests that tokens are encrypted, refreshed by one process at a time, and never lost."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from sagerecon.model.clock import SECOND, SystemClock
from sagerecon.model.errors import StoreError
from sagerecon.model.tokens import Tokens
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.store.opening import Store, open_store
from sagerecon.store.vault import SealedVault

CLOCK = VirtualClock()


def tokens(name: str) -> Tokens:
    return Tokens(
        f"access-{name}", f"refresh-{name}", 0, 300 * SECOND, 31 * 86_400 * SECOND, requested_by="u"
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/s.db", CLOCK, None)


def test_tokens_are_loaded_as_saved_with_their_generation(store: Store) -> None:
    assert store.vault.load("g") is None
    first = store.vault.save("g", tokens("1"), None)
    assert first.generation == 1
    assert store.vault.load("g") == first
    assert store.vault.save("g", tokens("2"), 1).generation == 2
    with pytest.raises(StoreError, match="newer tokens"):
        store.vault.save("g", tokens("3"), 1)
    assert store.vault.load("g").access == "access-2"  # type: ignore[union-attr]
    assert not store.vault.forget("g", 1)
    assert store.vault.load("g").access == "access-2"  # type: ignore[union-attr]
    assert store.vault.forget("g", 2)
    assert store.vault.load("g") is None


def test_no_file_contains_a_secret(store: Store, tmp_path: Path) -> None:
    store.vault.save("g", tokens("secret"), None)
    for file in tmp_path.iterdir():
        assert b"-secret" not in file.read_bytes(), file.name
    assert "secret" not in repr(store.vault.load("g"))


def test_a_sent_refresh_is_recorded_until_its_answer_is_saved(store: Store) -> None:
    store.vault.save("g", tokens("1"), None)
    assert not store.vault.mark_refresh_sent("g", 2)
    assert store.vault.mark_refresh_sent("g", 1)
    assert store.vault.load("g").refresh_sent_at == CLOCK.now()  # type: ignore[union-attr]
    assert store.vault.save("g", tokens("2"), 1).refresh_sent_at == 0


def test_tokens_are_saved_beside_a_store_that_is_full(store: Store, tmp_path: Path) -> None:
    """Save tokens in a full store, and load them after it is opened again."""
    store.vault.save("g", tokens("1"), None)
    store._database.engine.dispose()
    engine = store._database.engine

    def cap(connection: object, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(engine, "connect", cap)
    big = Tokens("a" * 8_000, "r" * 8_000, 0, 1, 2)
    saved = store.vault.save("g", big, 1)
    assert saved.generation == 2
    assert (tmp_path / "s.db.unsaved").exists()
    store.close()
    with open_store(f"sqlite:///{tmp_path}/s.db", CLOCK, None) as again:
        assert again.vault.load("g") == saved


def refresh(vault: SealedVault, rotations: list[int], wanted: int) -> None:
    """Refresh as a client does, until all clients together have made `wanted` rotations."""
    while True:
        held = vault.load("g")
        assert held is not None
        if held.generation > wanted:
            return
        with vault.refresh_lease("g", held.generation) as is_ours:
            if is_ours:
                vault.mark_refresh_sent("g", held.generation)
                rotations.append(held.generation)
                vault.save("g", tokens(str(held.generation)), held.generation)


def test_one_thread_refreshes_at_a_time(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/s.db", SystemClock(), None) as store:
        store.vault.save("g", tokens("0"), None)
        rotations: list[int] = []
        threads = [threading.Thread(target=refresh, args=(store.vault, rotations, 8)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rotations == list(range(1, 9))  # each generation once


def test_one_process_refreshes_at_a_time(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/s.db", SystemClock(), None) as store:
        store.vault.save("g", tokens("0"), None)
    script = (
        "import sys\n"
        "from sagerecon.model.clock import SystemClock\n"
        "from sagerecon.store.opening import open_store\n"
        "from test_store_vault import refresh\n"
        "rotations = []\n"
        "with open_store(sys.argv[1], SystemClock(), None) as store:\n"
        "    refresh(store.vault, rotations, 8)\n"
        "print(*rotations)\n"
    )
    command = [sys.executable, "-c", script, f"sqlite:///{tmp_path}/s.db"]
    here = str(Path(__file__).parent)
    path = {**os.environ, "PYTHONPATH": f"{here}:{Path(here).parent}"}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=path) for _ in range(2)]
    printed = [process.communicate()[0].split() for process in processes]
    assert sorted(int(word) for words in printed for word in words) == list(range(1, 9))


def test_a_process_that_has_ended_loses_its_lease(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/s.db", SystemClock(), None) as store:
        store.vault.save("g", tokens("0"), None)
        script = (
            "import os, sys\n"
            "from sagerecon.model.clock import SystemClock\n"
            "from sagerecon.store.opening import open_store\n"
            "store = open_store(sys.argv[1], SystemClock(), None)\n"
            "with store.vault.refresh_lease('g', 1):\n"
            "    os._exit(9)\n"
        )
        subprocess.run([sys.executable, "-c", script, f"sqlite:///{tmp_path}/s.db"], check=False)
        with store.vault.refresh_lease("g", 1) as is_ours:
            assert is_ours
