"""What a clerk enters in Sage by hand is matched with the record that the source has of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import INVOICES, HandTrade, loaded_trade

from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Reporter

LAST = INVOICES.splitlines()[-1] + "\n"
NEW = "99,0001,2017-06-01,5.00\n"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.mark.parametrize("reference", ["0099", "X7"], ids=["spelling", "content"])
def test_an_invoice_entered_by_hand_waits_and_is_adopted(trade: HandTrade, reference: str) -> None:
    sage_id = trade.enter(reference, "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    code, text = trade.run("reconcile")
    assert code == 1
    assert "already in Sage: invoice 99 Sage may hold" in text
    assert "Compare it with Sage, and decide which it is: sagerecon decide list" in text
    assert sage_id in text and "extra in Sage" not in text
    code, text = trade.run("plan")
    assert code == 1 and "keep_apart or leave_out" in text
    assert trade.run("apply")[0] == 1
    assert len(trade.in_sage()) == 3
    assert trade.decide("invoices/99", "adopt")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0 and "created" not in text
    assert len(trade.in_sage()) == 3
    code, text = trade.run("reconcile")
    assert code == 1, text  # another reference is a difference, and no second invoice
    assert "extra in Sage" not in text and "duplicate" not in text


def test_an_invoice_kept_apart_is_created_once(trade: HandTrade) -> None:
    trade.enter("X7", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    trade.run("reconcile")
    assert trade.decide("invoices/99", "keep_apart")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "99", "X7"]
    assert trade.run("plan")[0] == 0
    trade.run("apply")
    assert len(trade.in_sage()) == 4


def test_one_of_another_customer_is_none_of_ours(trade: HandTrade) -> None:
    trade.enter("99", "0002", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    code, text = trade.run("reconcile")
    assert code == 1 and "not yet written: invoice 99" in text and "extra in Sage" in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert len(trade.in_sage()) == 4


def test_without_a_reading_a_plan_makes_no_further_call(trade: HandTrade) -> None:
    """A plan from before the reading creates: what nobody has read is not known."""
    trade.enter("99", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    code, text = trade.run("plan")
    assert code == 0 and "2 calls" in text
    assert trade.run("apply")[0] == 0
    assert len(trade.in_sage()) == 4


def test_what_a_run_has_deleted_is_no_match_though_the_last_reading_shows_it(trade: HandTrade) -> None:
    trade.run("reconcile")
    trade.change("invoices", LAST, "")
    assert trade.decide("sales_invoice:gone", "reverse")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011"]
    trade.change("invoices", INVOICES.splitlines()[1] + "\n", INVOICES.split("\n", 1)[1])
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]


def test_a_deleted_invoice_entered_again_by_hand_is_adopted_and_not_doubled(trade: HandTrade) -> None:
    trade.delete("sales_invoices", "00012")
    code, text = trade.run("reconcile")
    assert code == 1 and "Enter it" not in text
    assert "Decide whether it is written again, or accepted as Sage has it: sagerecon decide list" in text
    sage_id = trade.enter("00012", "0002", "20.50", "2017-04-03")
    code, text = trade.run("reconcile")
    assert code == 1 and "extra in Sage" not in text and sage_id in text
    code, text = trade.run("decide", "list")
    assert "sales_invoice:deleted adopt" in text and sage_id in text
    code, text = trade.decide("invoices/00012", "write_again")
    assert code == 2 and "is equal to it, and would be doubled; use adopt" in text
    assert trade.decide("invoices/00012", "adopt")[0] == 0
    code, text = trade.run("reconcile")
    assert "It is decided: adopt. Carry it out: sagerecon plan, then sagerecon apply" in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012"]
    assert trade.run("reconcile")[0] == 0


def test_a_new_record_of_a_kind_that_could_not_be_read_is_not_read(trade: HandTrade) -> None:
    trade.change("invoices", LAST, LAST + NEW)
    trade.served.faults.add(Trigger(1, "GET", "/sales_invoices", 1), Fault(FaultType.ERROR, 403))
    code, text = trade.run("reconcile")
    assert code == 1 and "not read: 3 sales invoice records" in text
    assert "not yet written" not in text and "Apply the plan" not in text
    assert trade.run("plan")[0] == 0  # `on_existing: create` does not ask to look
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "99"]


@pytest.mark.parametrize("reference", ["99", "0099", "X7"], ids=["key", "spelling", "content"])
def test_a_plan_from_before_the_reading_creates_nothing_that_the_reading_shows(
    trade: HandTrade, reference: str
) -> None:
    other = "98,0002,2017-06-02,7.00\n"
    trade.change("invoices", LAST, LAST + other + NEW)
    assert trade.run("plan")[0] == 0
    sage_id = trade.enter(reference, "0001", "5.00", "2017-06-01")
    code, text = trade.run("reconcile")
    assert code == 1 and "already in Sage: invoice 99" in text
    code, text = trade.run("apply")
    assert code == 1 and "1 created, 1 quarantined" in text
    assert sage_id in trade.run("status")[1]
    assert trade.references() == sorted(["00011", "00012", "98", reference])
    if reference != "99":  # what has its key, and is equal, is adopted without a decision
        code, text = trade.run("plan")
        assert code == 1 and "keep_apart or leave_out" in text
        assert trade.decide("invoices/99", "adopt")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 0 and "1 adopted" in text
    assert len(trade.in_sage()) == 4


def test_a_reading_that_failed_does_not_undo_what_an_earlier_one_found(trade: HandTrade) -> None:
    sage_id = trade.enter("0099", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    assert "already in Sage: invoice 99" in trade.run("reconcile")[1]
    trade.served.faults.add(Trigger(1, "GET", "/sales_invoices", 1), Fault(FaultType.ERROR, 403))
    code, text = trade.run("reconcile")
    assert code == 1 and "not read: 3 sales invoice records" in text
    code, text = trade.run("plan")
    assert code == 1 and sage_id in text and "keep_apart or leave_out" in text
    assert trade.run("apply")[0] == 1
    assert len(trade.in_sage()) == 3
    trade.delete("sales_invoices", "0099")
    trade.run("reconcile")
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "99"]


def test_what_was_kept_apart_is_created_though_a_later_reading_shows_it_again(trade: HandTrade) -> None:
    trade.enter("X7", "0001", "5.00", "2017-06-01")
    trade.change("invoices", LAST, LAST + NEW)
    trade.run("reconcile")
    assert trade.decide("invoices/99", "keep_apart")[0] == 0
    assert trade.run("plan")[0] == 0
    trade.run("reconcile")
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "99", "X7"]


class Killed(BaseException):
    """The process was killed."""


def kill_after_sending(trade: HandTrade) -> None:
    """Apply until the first invoice was sent and its answer was lost, and kill the process there."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    trade.served.faults.add(Trigger(1, "POST", "/sales_invoices"), Fault(FaultType.ANSWER_LOST))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "report_wait", kill)
        with pytest.raises(Killed):
            trade.served.run("apply")


@pytest.mark.parametrize("again", [("apply",), ("plan", "apply")], ids=["same plan", "new plan"])
def test_a_creation_in_doubt_is_looked_up_though_a_reading_shows_its_entity(
    trade: HandTrade, again: tuple[str, ...]
) -> None:
    trade.change("invoices", LAST, LAST + NEW)
    assert trade.run("plan")[0] == 0
    kill_after_sending(trade)
    code, text = trade.run("reconcile")
    assert code == 1 and "no run is known to have written it" not in text
    assert "A run sent invoice 99, and its answer never came" in text
    assert "Apply looks it up before it writes" in text
    for word in again:
        trade.run(word)
    assert trade.references() == ["00011", "00012", "99"]
    assert trade.run("reconcile")[0] == 0
