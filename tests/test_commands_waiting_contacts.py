"""What refers to a contact that waits is not said to be sent by the next plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_trade import loaded_trade


def test_documents_of_a_contact_that_may_be_renamed_wait_for_the_decision_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loaded_trade(tmp_path, monkeypatch) as trade:
        trade.change("customers", "\n0001,", "\n9001,")
        trade.change("invoices", ",0001,", ",9001,")
        trade.change("payments", ",0001,", ",9001,")
        text = trade.run("reconcile")[1]
        assert "renamed in the source: Firm 1 It may be customers/0001" in text
        assert "changed in source since: invoice 00011 contact_id" in text
        assert "Plan and apply again" not in text
        needs = "Once it is decided on customers/9001, which it needs, plan and apply again"
        assert text.count(f"{needs}: sagerecon decide show customers/9001") == 2
        code, text = trade.run("plan")
        assert code == 1 and "invoices/00011 (refers to customers/9001)" in text
        assert trade.decide("customers/9001", "same_record")[0] == 0
        assert trade.run("plan")[0] == 0
        assert trade.run("apply")[0] == 0
        text = trade.run("reconcile")[1]
        assert "contact_id" not in text and "plan and apply again" not in text
        assert trade.run("decide", "list")[0] == 0, text
