"""Sage's own bank accounts, adopted and referred to by the nominal code of their ledger accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in

from sagerecon.commands import plans, runs, sources
from sagerecon.model.draft import OnExisting
from sagerecon.planning.step import CreateStep, ReadStep, SkipStep
from sagerecon.project.store import open_store
from sagerecon.rehearsal.books.views import Views
from sagerecon.runner.progress import Event

FILES = {
    "sagerecon.yaml": """\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {country: GB, currency: GBP}
""",
    "sources.yaml": """\
sagerecon: sources/v1
files:
  banks: {path: banks.csv, columns: {code: {type: text, required: true}, name: {type: text, required: true}}}
  transfers:
    path: transfers.csv
    columns:
      number: {type: text, required: true}
      source: {type: text, required: true}
      target: {type: text, required: true}
      amount: {type: decimal, scale: 2, required: true}
datasets:
  banks: {sql: SELECT * FROM banks ORDER BY code}
  transfers: {sql: SELECT * FROM transfers ORDER BY number}
""",
    "mappings/banks.yaml": """\
sagerecon: mapping/v1
mapping: banks
source: {dataset: banks, key: [code]}
target: {kind: bank_account, identity: {ledger_account.nominal_code: code}, on_existing: adopt}
label: name
fields:
  bank_account_type_id: {value: CHECKING}
  nominal_code: {from: code}
  bank_account_details: {fields: {account_name: {from: name}}}
""",
    "mappings/transfers.yaml": """\
sagerecon: mapping/v1
mapping: transfers
source: {dataset: transfers, key: [number]}
target: {kind: bank_transfer, on_existing: create}
amount: amount
fields:
  date: {value: 2017-04-03}
  reference: {from: number}
  from_bank_account_id: {ref: {mapping: banks, by: source}}
  to_bank_account_id: {ref: {kind: bank_account, by: {nominal_code: target}}}
  amount: {from: amount}
""",
    "data/banks.csv": "code,name\n01200,House bank\n1250,Savings\n",
    "data/transfers.csv": "number,source,target,amount\nT1,01200,01230,5.00\nT2,1250,1230,3.00\n",
}


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with signed_in(tmp_path) as opened:
        yield opened


def banks(move: Move) -> dict[str, str]:
    """Return the bank accounts in Sage: nominal code -> id."""
    query = {"attributes": "ledger_account", "nested_attributes": "all"}
    items = move.by_other_hand("GET", "/bank_accounts", **query).body["$items"]
    return {str(item["ledger_account"].get("nominal_code")): item["id"] for item in items}


def transfers(move: Move) -> list[dict[str, Any]]:
    items = move.by_other_hand("GET", "/bank_transfers", attributes="all").body["$items"]
    return sorted(items, key=lambda item: str(item["reference"]))


def test_sages_own_bank_account_is_adopted_by_the_code_of_its_ledger_account(move: Move) -> None:
    before = banks(move)
    outcome = move.load()
    assert outcome.counts == {Event.READ: 2, Event.ADOPTED: 1, Event.CREATED: 3}
    after = banks(move)
    assert set(after) == {*before, "1250"}
    one, two = transfers(move)
    assert one["from_bank_account"]["id"] == before["1200"]
    assert two["from_bank_account"]["id"] == after["1250"]
    assert {one["to_bank_account"]["id"], two["to_bank_account"]["id"]} == {before["1230"]}


def test_a_second_plan_knows_both(move: Move) -> None:
    move.load()
    second = plans.plan(move.project, move.clock)
    assert {type(step) for step in second.steps} == {ReadStep, SkipStep}
    assert second.header.calls == 1  # the settings of the business


def test_of_two_bank_accounts_with_the_key_none_is_adopted(move: Move) -> None:
    for _ in range(2):
        details = {"bank_account_type_id": "CHECKING", "bank_account_details": {"account_name": "House bank"}}
        assert move.by_other_hand("POST", "/bank_accounts", {"bank_account": details}).status == 201
    mapping = move.folder / "mappings/banks.yaml"
    mapping.write_text(
        mapping.read_text()
        .replace("ledger_account.nominal_code:", "bank_account_details.account_name:")
        .replace("account_name: code}", "account_name: name}")
    )
    outcome = move.load()
    assert outcome.counts[Event.QUARANTINED] == 1
    assert (outcome.counts[Event.CREATED], outcome.counts[Event.BLOCKED]) == (2, 1)  # 1250 and its transfer
    with open_store(move.project, move.clock) as store:
        found = list(store.company(move.project.business.id).history.set_aside())
    messages = [aside.findings[0].message for aside in found]
    assert "Sage holds 2 entities that may be House bank" in messages[0]


def test_a_listing_that_shows_the_link_alone_is_resolved_by_the_ledger_accounts(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = banks(move)
    monkeypatch.setattr(Views, "_expand", lambda *_: None)
    extra = move.folder / "mappings/accounts.yaml"
    extra.write_text(
        "sagerecon: mapping/v1\nmapping: accounts\nsource: {dataset: banks, key: [code]}\n"
        "target: {kind: ledger_account, identity: {nominal_code: code}, on_existing: adopt}\n"
        "unmapped: {source: ignore, target: ignore}\n"
        "fields: {nominal_code: {from: code}, name: {from: name}, display_name: {from: name},\n"
        "  included_in_chart: {value: true}, ledger_account_type_id: {value: BANK}}\n"
    )
    (move.folder / "data/banks.csv").write_text("code,name\n01200,House bank\n")
    (move.folder / "data/transfers.csv").write_text("number,source,target,amount\nT1,01200,01230,5.00\n")
    outcome = move.load()
    assert outcome.counts[Event.ADOPTED] == 2
    assert outcome.counts[Event.CREATED] == 1
    monkeypatch.undo()
    assert banks(move) == before


def test_from_a_listing_that_shows_the_link_alone_nothing_is_concluded(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = banks(move)
    monkeypatch.setattr(Views, "_expand", lambda *_: None)
    move.set("data: data", 'data: data\nstop_when_blocked: "100%"')
    outcome = move.load()
    assert Event.CREATED not in outcome.counts
    assert (outcome.counts[Event.PARKED], outcome.counts[Event.BLOCKED]) == (1, 4)
    monkeypatch.undo()
    assert banks(move) == before
    again = runs.apply(move.project, move.clock, move.session)
    assert (again.counts[Event.ADOPTED], again.counts[Event.CREATED]) == (1, 3)


def test_the_plan_lists_the_linked_kind_where_a_listing_cannot_show_its_key(move: Move) -> None:
    (move.folder / "mappings/transfers.yaml").write_text(
        FILES["mappings/transfers.yaml"].replace(
            "on_existing: create", "identity: {from_bank_account.nominal_code: source}, on_existing: adopt"
        )
    )
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    made = plans.plan(move.project, move.clock)
    reads = [step.kind for step in made.steps if isinstance(step, ReadStep)]
    assert reads == ["financial_settings", "bank_account", "bank_transfer"]
    steps = [step for step in made.steps if isinstance(step, CreateStep)]
    assert {step.on_existing for step in steps} == {OnExisting.ADOPT}
