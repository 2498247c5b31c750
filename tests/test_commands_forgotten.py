"""A decision about a record that the store has forgotten: adopted is what Sage holds, and all else waits."""

from __future__ import annotations

import shutil
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


def write_again(trade: HandTrade, name: str) -> None:
    """Decide to write the deleted invoice again, and carry that out."""
    assert trade.decide(name, "write_again")[0] == 0
    trade.run("plan")
    assert trade.run("apply")[0] == 0
    assert trade.run("reconcile")[0] == 0


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


@pytest.mark.parametrize("name", ["invoices/00012", "sales_invoice:deleted"], ids=["one", "many"])
def test_what_was_written_again_is_adopted(trade: HandTrade, name: str) -> None:
    write_again(trade, name)
    lose_store(trade)
    assert trade.run("plan")[0] == 1
    code, text = trade.run("apply", "--distrust-store", "--yes")
    assert code == 0 and "adopted" in text and "not sent" not in text, text
    code, text = trade.run("plan")
    assert code == 0 and "lapsed" not in text, text
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]
    assert trade.run("reconcile")[0] == 0


def test_what_was_written_again_and_edited_waits_for_a_decision_on_what_sage_holds(trade: HandTrade) -> None:
    write_again(trade, "invoices/00012")
    edit = {"sales_invoice": {"date": "2017-04-09"}}
    path = f"/sales_invoices/{trade.sage_id('sales_invoices', '00012')}"
    assert trade.served.by_other_hand("PUT", path, edit).status == 200
    lose_store(trade)
    trade.run("plan")
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 1
    code, text = trade.run("plan")
    assert code == 1 and "Sage may hold 1 sales_invoice record (20.50) already: invoices/00012" in text, text
    assert trade.decide("invoices/00012", "adopt")[0] == 0
    trade.run("plan")
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]


def test_what_was_not_written_again_yet_waits_and_can_be_shown(trade: HandTrade) -> None:
    assert trade.decide("sales_invoice:deleted", "write_again")[0] == 0
    lose_store(trade)
    trade.run("plan")
    code, text = trade.run("apply", "--distrust-store", "--yes")
    assert code == 1 and "1 not sent until they are decided on" in text, text
    code, text = trade.run("plan")
    assert code == 1 and "Decide again: sagerecon decide show invoices/00012." in text, text
    assert trade.run("decide", "show", "invoices/00012")[0] == 0
    assert trade.run("decide", "drop", "sales_invoice:deleted")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]


def test_what_was_accepted_as_deleted_takes_no_equal_entity(trade: HandTrade) -> None:
    assert trade.decide("invoices/00012", "accept")[0] == 0
    trade.enter("00012", "0002", "20.50", "2017-04-03")
    lose_store(trade)
    trade.run("plan")
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 1
    code, text = trade.run("plan")
    assert code == 1 and "the decision 'accept' about invoices/00012 has lapsed" in text, text
    assert trade.run("decide", "drop", "invoices/00012")[0] == 0
    trade.run("plan")
    assert trade.run("apply", "--distrust-store", "--yes")[0] == 0
    assert trade.references() == ["00011", "00012"]


@pytest.mark.parametrize("notes", ["York", "Leeds"], ids=["all else equal", "only the name"])
@pytest.mark.parametrize(
    "words", [["apply", "--distrust-store", "--yes"], ["apply"]], ids=["distrust", "apply"]
)
def test_a_contact_with_another_number_is_not_created_again(
    trade: HandTrade, tmp_path: Path, words: list[str], notes: str
) -> None:
    """Without a witness, apply compares what it lists itself, too."""
    lose_store(trade)
    shutil.rmtree(tmp_path / "state")
    for name in ("customers", "invoices", "payments"):
        path = trade.served.folder / f"data/{name}.csv"
        path.write_text(path.read_text().replace("0002,", "X9,").replace("York", notes))
    assert trade.run("snapshot")[0] == 0
    trade.run("plan")
    trade.run(*words)
    names = [contact["name"] for contact in trade.in_sage("contacts")]
    assert names.count("Firm 2") == 1
    assert trade.run("plan")[0] == 1
    trade.run("apply")
    names = [contact["name"] for contact in trade.in_sage("contacts")]
    assert names.count("Firm 2") == 1


def test_decide_says_that_nothing_is_known_of_what_sage_holds_while_the_store_is_incomplete(
    trade: HandTrade,
) -> None:
    warning = "Decide nothing yet about what Sage holds, for it is not known whether a run wrote it."
    assert warning not in trade.run("decide", "list")[1]
    lose_store(trade)
    trade.run("reconcile")
    code, text = trade.run("decide", "list")
    assert code == 1 and warning in text and "sagerecon apply --distrust-store" in text
    assert warning in trade.run("decide", "show", "customers/0001")[1]
    trade.run("plan")
    trade.run("apply", "--distrust-store", "--yes")
    assert warning not in trade.run("decide", "list")[1]
