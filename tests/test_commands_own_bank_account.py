"""Sage's own current account is adopted: its code is answered with its ledger account, not with itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from history_source import FILES
from served import SANDBOX, serving

from sagerecon.documents.package import catalog
from sagerecon.pairing.adoption import differences
from sagerecon.pairing.canonical import UNANSWERED, flat, held_tree, wanted_tree
from sagerecon.pairing.identity import Identities

BANK = catalog()["bank_account"]
WANTED = {"nominal_code": 1200}


@pytest.mark.parametrize("identity", ["nominal_code", "ledger_account.nominal_code"])
def test_sages_own_current_account_is_adopted(tmp_path: Path, identity: str) -> None:
    banks = FILES["mappings/banks.yaml"]
    files = {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"] + f"sage: {{address: {SANDBOX}}}\n",
        "mappings/banks.yaml": banks.replace("{nominal_code: code}", f"{{{identity}: code}}"),
        "data/banks.csv": "name,code\nCurrent Account,1200\n",
        "data/customers.csv": "ref,name,notes\n0001,Oak Ltd,\n",
        "data/invoices.csv": "number,ref,date,amount\n00011,0001,2017-04-02,100.00\n",
        "data/payments.csv": "number,ref,date,amount,bank\n00031,0001,2017-05-01,30.00,Current Account\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(tmp_path) as served:
        held = served.by_other_hand("GET", "/bank_accounts", attributes="all").body["$items"]
        assert held[0]["displayed_as"] == "Current Account (1200)" and held[0]["nominal_code"] is None
        served.planned()
        applied = served.run("apply")
        assert applied.exit_code == 0 and "1 adopted, 3 created" in applied.output, applied.output
        assert len(served.by_other_hand("GET", "/bank_accounts").body["$items"]) == len(held)
        served.clock.sleep(60_000)
        for command in ("status", "reconcile"):
            ran = served.run(command)
            assert ran.exit_code == 0, ran.output
        assert "Everything ties out." in ran.output


@pytest.mark.parametrize(
    ("answer", "code", "sentences"),
    [
        ({"nominal_code": None, "ledger_account": {"id": "l"}}, UNANSWERED, []),
        ({"nominal_code": None, "ledger_account": {"id": "l", "nominal_code": 1200}}, 1200, []),
        ({"ledger_account": {"id": "l", "nominal_code": 1200}}, 1200, []),
        (
            {"nominal_code": None, "ledger_account": {"id": "l", "nominal_code": 1210}},
            1210,
            ["nominal_code is '1210' and would be '1200'"],
        ),
        (
            {"nominal_code": 1220, "ledger_account": {"id": "l", "nominal_code": 1210}},
            1220,
            ["nominal_code is '1220' and would be '1200'"],
        ),
    ],
)
def test_a_field_that_is_answered_elsewhere_is_compared_there(
    answer: dict[str, Any], code: object, sentences: list[str]
) -> None:
    identities = Identities()
    anchor = wanted_tree(WANTED, BANK.fields, identities)
    assert flat(held_tree(anchor, answer, BANK.fields, identities)) == {"nominal_code": code}
    assert differences(BANK, WANTED, answer) == sentences


def test_a_field_that_is_answered_nowhere_else_is_compared_as_empty() -> None:
    """Another field that Sage answers as null is empty there, and differs."""
    held = {"is_active": None, "nominal_code": None}
    assert differences(BANK, {"is_active": True}, held) == ["is_active is '' and would be 'True'"]
