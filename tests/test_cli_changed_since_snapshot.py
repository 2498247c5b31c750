"""A source file that changed after the snapshot is named by every command that uses the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import HandTrade, loaded_trade

NOTE = "invoices.csv: the file was changed after the snapshot was taken"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def rewrite(trade: HandTrade, text: str) -> None:
    (trade.served.folder / "data/invoices.csv").write_text(text)


def test_plan_and_reconcile_name_it_and_go_on_with_the_snapshot(trade: HandTrade) -> None:
    rewrite(trade, "number,ref,date,amount\n00011,0001,2017-04-02,99.00\n")
    code, text = trade.run("plan")
    assert code == 0 and NOTE in text and "sagerecon snapshot" in text
    code, text = trade.run("apply")
    assert code == 0 and NOTE in text
    code, text = trade.run("reconcile")
    assert code == 0 and NOTE in text
    assert trade.run("snapshot")[0] == 0
    assert NOTE not in trade.run("plan")[1]


def test_a_snapshot_that_failed_leaves_the_older_one_and_says_so(trade: HandTrade) -> None:
    rewrite(trade, "number\n")
    assert trade.run("snapshot")[0] == 1
    code, text = trade.run("plan")
    assert code == 0 and NOTE in text


def test_a_file_that_is_gone_is_named_unless_the_project_came_without_its_data(trade: HandTrade) -> None:
    data = trade.served.folder / "data"
    (data / "invoices.csv").unlink()
    code, text = trade.run("plan")
    assert code == 0 and "invoices.csv: the file was removed after the snapshot was taken" in text
    for path in data.iterdir():
        path.unlink()
    code, text = trade.run("plan")
    assert code == 0 and "removed" not in text


def test_files_that_changed_are_one_finding(trade: HandTrade) -> None:
    for path in (trade.served.folder / "data").iterdir():
        path.write_text(f"{path.read_text()}\n")
    code, text = trade.run("plan")
    others = "3 other files (customers.csv, invoices.csv, payments.csv)"
    assert code == 0 and f"banks.csv: the file, and {others}, were changed after" in text
    assert text.count("after the snapshot was taken") == 1
