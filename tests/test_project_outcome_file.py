"""The file of prepared outcomes is closed by whichever thread collects the object that reads it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from threading import Thread

import pytest
from hand_trade import loaded_trade

from sagerecon.commands.preparation import prepare
from sagerecon.commands.projects import open_project


def test_it_is_closed_in_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[object] = []
    with loaded_trade(tmp_path, monkeypatch) as trade:
        held = [prepare(open_project(trade.served.folder))]
        monkeypatch.setattr(sys, "unraisablehook", failed.append)

        def collect() -> None:
            held.clear()
            gc.collect()

        thread = Thread(target=collect)
        thread.start()
        thread.join()
    assert failed == []
