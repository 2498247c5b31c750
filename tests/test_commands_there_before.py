"""What was in Sage before the move is told from what a clerk entered since, whatever became of the store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hand_trade import CUSTOMERS, HandTrade, loaded_trade
from history_source import FILES

STRANGER = "extra in Sage: SI-3"
ACCOUNTS = {
    "data/accounts.csv": "name,code\nOdd costs,7777\n",
    "sources.yaml": FILES["sources.yaml"]
    .replace(
        "files:\n",
        "files:\n  accounts: {path: accounts.csv, columns: {name: {type: text}, code: {type: integer}}}\n",
    )
    .replace("datasets:\n", "datasets:\n  accounts: {sql: SELECT * FROM accounts}\n"),
    "mappings/accounts.yaml": """\
sagerecon: mapping/v1
mapping: accounts
source: {dataset: accounts, key: [code]}
target: {kind: ledger_account, identity: {nominal_code: code}, on_existing: adopt_if_equal}
fields:
  ledger_account_type_id: {value: OVERHEADS}
  included_in_chart: {value: true}
  name: {from: name}
  display_name: {from: name}
  nominal_code: {from: code}
""",
}


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    """Yield a loaded trade in whose Sage a clerk has entered an invoice since."""
    with loaded_trade(tmp_path, monkeypatch) as opened:
        opened.enter("BOGUS", "0001", "777.00", "2017-06-01")
        yield opened


def lose_store(trade: HandTrade) -> None:
    trade.run("auth", "status")
    for path in (trade.served.folder / ".sagerecon").glob("store.sqlite*"):
        path.unlink()
    trade.served.clock.sleep(60_000)
    trade.served.sign_in("owner")


def lose_store_and_witness(trade: HandTrade) -> None:
    lose_store(trade)
    shutil.rmtree(trade.served.folder.parent / "state")


def test_a_listing_of_a_later_run_does_not_make_it_older(trade: HandTrade) -> None:
    code, text = trade.run("reconcile")
    assert code == 1 and STRANGER in text
    trade.change("customers", CUSTOMERS.splitlines()[1], "0001,Firm One,Leeds")
    trade.change("customers", "0002", "0003,New,Hull\n0002")
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    code, text = trade.run("reconcile")
    assert code == 1 and STRANGER in text


@pytest.mark.parametrize("lose", [lose_store, lose_store_and_witness])
def test_the_begin_of_the_move_is_not_that_of_the_store(
    trade: HandTrade, lose: Callable[[HandTrade], None]
) -> None:
    lose(trade)
    why = "not by sagerecon" if lose is lose_store else "It is not known whether that was before the move"
    for words in (["snapshot"], ["plan"], ["apply", "--distrust-store", "--yes"]):
        code, text = trade.run(*words)
    assert code == 0 and "adopted" in text, text
    for _ in range(2):
        code, text = trade.run("reconcile")
        assert code == 1 and STRANGER in text and why in text, text
        trade.run("plan")
        assert trade.run("apply")[0] == 0
    assert len(trade.in_sage()) == 3


@pytest.mark.parametrize("lose", [lose_store, lose_store_and_witness])
def test_what_sage_made_itself_needs_no_review_after_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lose: Callable[[HandTrade], None]
) -> None:
    with loaded_trade(tmp_path, monkeypatch, ACCOUNTS) as trade:
        account = {
            "name": "By hand",
            "display_name": "By hand",
            "nominal_code": 7901,
            "included_in_chart": True,
        }
        body = {"ledger_account": {**account, "ledger_account_type_id": "OVERHEADS"}}
        assert trade.served.by_other_hand("POST", "/ledger_accounts", body).status == 201
        lose(trade)
        for words in (["plan"], ["apply", "--distrust-store", "--yes"]):
            assert trade.run(*words)[0] in (0, 1)
        code, text = trade.run("reconcile")
        assert code == 1 and "extra in Sage: By hand (7901)" in text and "Needs review: 1 finding." in text, (
            text
        )
        code, text = trade.run("decide", "list")
        assert code == 1 and "ledger_account:unknown_in_sage: 1 record" in text, text
