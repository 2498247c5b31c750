"""A store in which somebody changed a row ends every command in a sentence."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from served import Served, serving
from tiny import FILES

COMMANDS = (("status",), ("plan",), ("report",), ("explain", "customers/C1"))

#: Table, column, what is written there, and the first command that has to refuse it.
DAMAGE: tuple[tuple[str, str, object, int], ...] = (
    ("runs", "purpose", "x", 0),
    ("runs", "holder", b"\xff", 0),
    ("runs", "started_at", 10**17, 0),
    ("runs", "steps", "many", 0),
    ("steps", "step", "[]", 1),
    ("steps", "step", '{"action": "create", "amount": "1e999999999"}', 1),
    ("steps", "step", '{"action": "create", "identity": {"a": 5}}', 1),
    ("reconciliations", "document", "[]", 2),
    ("reconciliations", "document", '{"format_version": 2}', 2),
    ("reconciliations", "document", '{"$list": {}, "count": []}', 2),
    ("reconciliations", "source", "5", 2),
    ("reconciliations", "source", '{"cut_over": 5, "fingerprints": [], "files": {}, "findings": [[]]}', 2),
    ("record_verdicts", "may_be", '[["a"]]', 3),
    ("record_verdicts", "reason", "{}", 3),
    ("readings", "query", "[]", 3),
)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a project that was moved and reconciled."""
    folder = tmp_path_factory.mktemp("damaged") / "project"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(folder) as served:
        for word in ("snapshot", "plan", "apply", "reconcile", "report"):
            ran = served.run(word)
            assert ran.exit_code == 0, ran.output
        yield served


@pytest.mark.parametrize(("table", "column", "value", "first"), DAMAGE)
def test_a_damaged_row_is_a_sentence(
    moved: Served, tmp_path: Path, table: str, column: str, value: object, first: int
) -> None:
    state = moved.folder / ".sagerecon"
    shutil.copytree(state, tmp_path / "kept")
    try:
        with closing(sqlite3.connect(state / "store.sqlite")) as connection, connection:
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        ran = [moved.run(*words) for words in COMMANDS]
    finally:
        shutil.rmtree(state)
        shutil.copytree(tmp_path / "kept", state)
    assert {each.exit_code for each in ran} <= {0, 1, 2}, [each.output for each in ran]
    assert "damaged" in ran[first].output, [each.output for each in ran]


def test_the_good_store_is_read_by_the_same_commands(moved: Served) -> None:
    assert [moved.run(*words).exit_code for words in COMMANDS] == [0, 0, 0, 0]
