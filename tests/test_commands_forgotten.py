"""A decision about a record that the store has forgotten lapses by name, and the record waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import HandTrade, loaded_trade

from sagerecon.model.clock import DAY


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    """Yield a loaded trade of which a clerk has deleted an invoice, as the last reconciliation has seen."""
    with loaded_trade(tmp_path, monkeypatch) as opened:
        opened.delete("sales_invoices", "00012")
        opened.run("reconcile")
        yield opened


def lose_store(trade: HandTrade) -> None:
    """Delete the store, and let Sage forget every idempotency id."""
    for path in (trade.served.folder / ".sagerecon").glob("store.sqlite*"):
        path.unlink()
    trade.served.clock.sleep(8 * DAY)
    trade.served.sign_in("owner")


@pytest.mark.parametrize("name", ["invoices/00012", "sales_invoice:deleted"], ids=["one", "many"])
def test_an_accepted_deletion_is_not_written_again(trade: HandTrade, name: str) -> None:
    assert trade.decide(name, "accept")[0] == 0
    lose_store(trade)
    code, text = trade.run("plan")
    assert code == 1
    assert f"the decision 'accept' about {name} has lapsed: the store does not know" in text
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 1
    assert trade.references() == ["00011"]
    assert "has lapsed" in trade.run("plan")[1]
    assert trade.run("decide", "drop", name)[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]


def test_an_accepted_deletion_is_not_written_again_under_another_key(trade: HandTrade) -> None:
    assert trade.decide("invoices/00012", "accept")[0] == 0
    lose_store(trade)
    trade.run("plan")
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 1
    trade.change("invoices", "00012,", "12,")
    code, text = trade.run("plan")
    assert code == 1
    assert "the decision 'accept' about invoices/00012 has lapsed: the source has no record" in text
    assert trade.run("apply")[0] == 1
    assert trade.references() == ["00011"]
