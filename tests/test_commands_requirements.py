"""What Sage must already hold: listed by the plan, read first, a reason to stop before the first write."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from test_cli_second_run import DOCUMENTS, PARTIES, SOURCES

from sagerecon.commands import plans, runs, sources
from sagerecon.model.code import Code
from sagerecon.model.key import NaturalKey
from sagerecon.planning.plan import Plan
from sagerecon.planning.requirements import Requirement, is_above
from sagerecon.planning.step import ReadStep
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended, RunOutcome

PROJECT = """\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {country: GB, currency: GBP}
"""

RECEIPTS = """\
sagerecon: mapping/v1
mapping: receipts
source: {dataset: documents, key: [number]}
target: {kind: contact_payment, on_existing: create}
unmapped: {source: ignore, target: ignore}
fields:
  transaction_type_id: {value: CUSTOMER_RECEIPT}
  contact_id: {ref: {mapping: parties, by: ref}}
  bank_account_id: {ref: {kind: bank_account, by: {nominal_code: '"01200"'}}}
  date: {from: date}
  total_amount: {from: amount}
  allocated_artefacts:
    items:
      - fields:
          artefact_id: {ref: {mapping: documents, by: number}}
          amount: {from: amount}
"""


def write(folder: Path, documents: int, account: str, setting: str = "") -> Path:
    rows = "".join(f"{1000 + n},C1,2017-04-0{1 + n % 9},10.00\n" for n in range(documents))
    files = {
        "sagerecon.yaml": PROJECT + setting,
        "sources.yaml": SOURCES.replace("'4000'", f"'{account}'"),
        "mappings/parties.yaml": PARTIES,
        "mappings/documents.yaml": DOCUMENTS,
        "mappings/receipts.yaml": RECEIPTS.replace("""'"01200"'""", "{value: '01200'}"),
        "data/parties.csv": "ref,name,city\nC1,Oak Ltd,Leeds\n",
        "data/documents.csv": f"number,ref,date,amount\n{rows}",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of a customer with two invoices on an account that Sage lacks, and their receipts."""
    with signed_in(write(tmp_path, 2, "4711")) as opened:
        yield opened


def planned(move: Move) -> Plan:
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    return plans.plan(move.project, move.clock)


def apply(move: Move) -> RunOutcome:
    return runs.apply(move.project, move.clock, move.session)


def create_account(move: Move, code: int) -> None:
    account: dict[str, Any] = {"nominal_code": code, "name": "New", "display_name": "New"}
    account |= {"ledger_account_type_id": "SALES", "included_in_chart": True, "tax_rate_id": "GB_NO_TAX"}
    reply = move.by_other_hand("POST", "/ledger_accounts", {"ledger_account": account})
    assert reply.status == 201, reply.body


def test_the_plan_lists_what_sage_must_hold_by_how_much_it_blocks(move: Move) -> None:
    made = planned(move)
    assert made.header.requirements == (
        Requirement(
            kind="ledger_account",
            key=NaturalKey("nominal_code", "4711"),
            users=2,
            blocked=4,  # the invoices, and the receipts that settle them
            examples=("documents.csv:2", "documents.csv:3"),
        ),
        Requirement(
            kind="bank_account",
            key=NaturalKey("ledger_account.nominal_code", "1200"),
            users=2,
            blocked=2,
            examples=("documents.csv:2", "documents.csv:3"),
        ),
    )
    assert made.header.stop_when_blocked == 5


def test_the_run_stops_before_the_first_write_and_goes_on_after_a_correction(move: Move) -> None:
    planned(move)
    outcome = apply(move)
    assert (outcome.ended, outcome.counts) == (Ended.BLOCKED, {Event.READ: 4})
    assert outcome.why == (
        "4 of 5 records to write refer to what Sage lacks; the limit is stop_when_blocked: 5%."
        " Nothing was written."
    )
    (finding,) = outcome.findings
    assert finding.code is Code.SAGE_MUST_HOLD
    assert finding.message == (
        "Sage must hold ledger_account nominal_code 4711: not found; 4 records blocked,"
        " such as documents.csv:2, documents.csv:3."
    )
    again = apply(move)
    assert (again.ended, again.counts[Event.READ]) == (Ended.BLOCKED, 1)
    create_account(move, 4711)
    last = apply(move)
    assert (last.ended, last.counts[Event.CREATED]) == (Ended.FINISHED, 5)


@pytest.mark.parametrize(("share", "ended"), [("80%", Ended.UNFINISHED), ("79.99%", Ended.BLOCKED)])
def test_an_equal_share_is_not_more(tmp_path: Path, share: str, ended: Ended) -> None:
    with signed_in(write(tmp_path, 2, "4711", f'stop_when_blocked: "{share}"\n')) as move:
        planned(move)
        outcome = apply(move)
        assert outcome.ended is ended
        if ended is Ended.UNFINISHED:
            assert (outcome.counts[Event.CREATED], outcome.counts[Event.BLOCKED]) == (1, 4)


def test_nothing_of_nothing_is_not_above_any_share() -> None:
    assert not is_above(0, 0, Decimal(0))
    assert is_above(1, 100, Decimal(0))
    assert not is_above(5, 100, Decimal(5))
    assert is_above(6, 100, Decimal(5))


def test_a_plan_without_such_references_requires_nothing(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 1, "4711")) as move:
        (move.folder / "mappings/documents.yaml").unlink()
        (move.folder / "mappings/receipts.yaml").unlink()
        assert planned(move).header.requirements == ()
        assert apply(move).counts == {Event.READ: 2, Event.CREATED: 1}


def test_what_an_earlier_run_found_is_not_required_again(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 2, "4000")) as move:
        planned(move)
        assert apply(move).ended is Ended.FINISHED
        rows = (move.folder / "data/documents.csv").read_text()
        (move.folder / "data/documents.csv").write_text(rows + "1009,C1,2017-04-02,10.00\n")
        made = planned(move)
        assert made.header.requirements == ()
        assert made.header.calls == 3  # the settings, the invoice and its receipt
        assert apply(move).counts[Event.CREATED] == 2


def test_few_accounts_among_many_are_found_by_searches(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"attributes": "name", "items_per_page": "200"}
    items = move.by_other_hand("GET", "/ledger_accounts", **query).body["$items"]
    names = [item["name"] for item in items]
    unique = [name for name in names if names.count(name) == 1]
    one, two = unique[0], unique[-1]
    three = next(name for name in unique if one not in name and two not in name)
    documents = move.folder / "mappings/documents.yaml"
    by = documents.read_text().replace("{nominal_code: item.account}", "{name: item.account}")
    documents.write_text(by)
    text = (move.folder / "sources.yaml").read_text()
    choice = f"CASE number WHEN '1001' THEN '{two}' WHEN '1002' THEN '{three}' ELSE '{one}' END"
    (move.folder / "sources.yaml").write_text(text.replace("'4711'", choice))
    monkeypatch.setattr(plans, "_counts", lambda _: {"ledger_account": 10_000})
    assert searches(planned(move)) == sorted([one, two])
    assert apply(move).counts[Event.CREATED] == 5
    rows = (move.folder / "data/documents.csv").read_text()
    rows += "1002,C1,2017-04-02,10.00\n1003,C1,2017-04-02,10.00\n"  # on a new account, and on a known one
    (move.folder / "data/documents.csv").write_text(rows)
    assert searches(planned(move)) == [three]
    assert apply(move).counts[Event.CREATED] == 4


def searches(plan: Plan) -> list[str]:
    """Return what the plan searches ledger accounts for."""
    steps = (step for step in plan.steps if isinstance(step, ReadStep) and step.kind == "ledger_account")
    return [step.query["search"] for step in steps]
