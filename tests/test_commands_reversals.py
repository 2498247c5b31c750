"""Reversals: what was decided to be gone is deleted or voided in Sage, after a look, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import DOCUMENTS, write_small_trade

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.commands.decisions import Choice
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import CreateStep, ReverseStep
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event
from sagerecon.runner.reversing import BY_HAND
from sagerecon.runner.run import Ended

PARTIES = "ref,name\nP1,Oak Ltd\nP2,Elm Ltd\nP3,Ash Ltd\n"


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move whose trade is loaded: invoices, a credit note, receipts, journals, an allocation."""
    with signed_in(write_small_trade(tmp_path)) as opened:
        assert opened.load().ended is Ended.FINISHED
        opened.clock.sleep(60_000)
        yield opened


def without(*ids: str, text: str = DOCUMENTS) -> str:
    """Return the documents without those of the given ids."""
    return "".join(line for line in text.splitlines(keepends=True) if line.split(",")[0] not in ids)


def source(move: Move, documents: str, parties: str = PARTIES) -> None:
    (move.folder / "data/documents.csv").write_text(documents)
    (move.folder / "data/parties.csv").write_text(parties)
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)


def take(move: Move, name: str, answer: str = "reverse", because: str = "never ordered") -> None:
    decisions.take(move.project, move.clock, name, Choice(answer=answer, because=because, by="Kim"))


def plan(move: Move) -> Plan:
    return plans.plan(move.project, move.clock)


def apply(move: Move) -> Counter[Event]:
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.ended is Ended.FINISHED, outcome
    return Counter(dict(outcome.counts))


def sage_id(move: Move, kind: str, key: str) -> str:
    with open_store(move.project, move.clock) as store:
        found = store.company(move.project.business.id).id_map.sage_id(kind, key)
    return found or ""


def held(move: Move, path: str, sage_id: str) -> Any:
    return move.by_other_hand("GET", f"/{path}/{sage_id}")


def total(move: Move, path: str) -> int:
    return int(move.by_other_hand("GET", f"/{path}").body["$total"])


@contextmanager
def requests(move: Move) -> Iterator[list[str]]:
    """Yield the requests to the API that are made meanwhile, but for readings."""
    made: list[str] = []
    known = move.faults.faults_for

    def count(method: str, path: str) -> tuple[Fault, ...]:
        if method != "GET" and not path.startswith("/token"):
            made.append(f"{method} {path.split('/')[1]}")
        return known(method, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(move.faults, "faults_for", count)
        yield made


def verdicts(move: Move) -> tuple[dict[str, str], list[str]]:
    """Return the reasons of what is left out, and the verdicts that need review."""
    found = move.reconcile().reconciliation
    left = {v.id: v.reason for v in found.verdicts if v.verdict is Verdict.LEFT_OUT}
    return left, [f"{v.id}: {v.verdict.value}" for v in found.open_verdicts]


def order(made: Plan) -> list[str]:
    return [f"{s.action.value} {s.key}" for s in made.steps if isinstance(s, ReverseStep | CreateStep)]


def test_a_journal_is_deleted_and_is_no_record_any_more(move: Move) -> None:
    journal = sage_id(move, "journal", "journals/J1")
    source(move, without("J1"))
    take(move, "journals/J1")
    made = plan(move)
    (step,) = [step for step in made.steps if isinstance(step, ReverseStep)]
    assert (step.calls, step.window, step.sage_id, step.void_reason) == (2, 1, journal, "")
    assert (made.header.calls, made.header.lower_bound) == (3, 3)  # the settings, the look, the deletion
    outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.calls, outcome.counts[Event.REVERSED]) == (3, 1)
    assert held(move, "journals", journal).status == 404
    assert sage_id(move, "journal", "journals/J1") == ""
    again = plan(move)
    assert "journals/J1" not in {step.key for step in again.steps}


def test_an_invoice_is_voided_with_the_reason_and_shown_as_left_out(move: Move) -> None:
    invoice = sage_id(move, "sales_invoice", "invoices/I2")
    source(move, without("I2"))
    take(move, "invoices/I2", because="entered twice")
    plan(move)
    with requests(move) as made:
        assert apply(move)[Event.REVERSED] == 1
    assert made == ["DELETE sales_invoices"]
    found = held(move, "sales_invoices", invoice).body
    assert (found["status"]["id"], found["void_reason"]) == ("VOID", "entered twice")
    reason = "Deleted or voided in Sage on 5 January 2026, decided by Kim: entered twice."
    assert verdicts(move) == ({"sales_invoice/invoices/I2": reason}, [])
    with requests(move) as made:
        plan(move)
        apply(move)
    assert made == []


def test_what_another_record_refers_to_is_not_deleted_before_that(move: Move) -> None:
    """An invoice with a receipt, one with an allocated credit note, and the customer of the first.

    Sage keeps the customer of a void invoice.
    """
    source(move, without("I4", "R2", "I3", "C1", "A1"), PARTIES.replace("P3,Ash Ltd\n", ""))
    refused = {
        "parties/P3": "receipts/R2, invoices/I4 refer to it; reverse these first, or keep it",
        "invoices/I4": "receipts/R2 refers to it; reverse that first, or keep it",
        "invoices/I3": "allocations/A1 refers to it; reverse that first, or keep it",
        "credit_notes/C1": "allocations/A1 refers to it; reverse that first, or keep it",
    }
    for key, why in refused.items():
        with pytest.raises(ProjectError) as error:
            take(move, key)
        assert str(error.value).startswith(f"{key}: 'reverse' is not possible: {why}."), error.value
    for group in ("contact_payment", "contact_allocation", "sales_invoice", "sales_credit_note"):
        take(move, f"{group}:gone")
    with pytest.raises(ProjectError, match="invoices/I4 refers to it, and Sage keeps what it voids; keep it"):
        take(move, "parties/P3")
    deleted = order(plan(move))
    for first, then in [("R2", "I4"), ("A1", "I3"), ("A1", "C1")]:
        places = [
            next(i for i, step in enumerate(deleted) if step.endswith(f"/{key}")) for key in (first, then)
        ]
        assert places == sorted(places), deleted
    with requests(move) as made:
        assert apply(move)[Event.REVERSED] == 5
    assert Counter(made) == {
        "DELETE contact_payments": 1,
        "DELETE contact_allocations": 1,
        "DELETE sales_invoices": 2,
        "DELETE sales_credit_notes": 1,
    }
    left, opened = verdicts(move)
    assert (len(left), opened) == (5, ["contact/parties/P3: gone from the source"])


def test_a_decision_that_was_written_by_hand_has_no_effect_while_another_record_refers(move: Move) -> None:
    source(move, without("I4", "R2"))
    take(move, "contact_payment:gone")
    take(move, "sales_invoice:gone")
    decisions.drop(move.project, "contact_payment:gone")
    made = plan(move)
    assert order(made) == []
    (warning,) = [f.message for f in made.header.findings if f.code is Code.DECISION_LAPSED]
    assert warning == (
        "the decision 'reverse' about sales_invoice:gone has no effect: invoices/I4: receipts/R2 refers to"
        " it; reverse that first, or keep it."
    )
    assert Event.REVERSED not in apply(move)


def test_an_edit_in_sage_keeps_a_record_there(move: Move) -> None:
    journal, nuts = sage_id(move, "journal", "journals/J1"), sage_id(move, "product", "goods/G2")
    (move.folder / "data/goods.csv").write_text("code,name\nG1,Bolts\n")
    source(move, without("J1"))
    take(move, "product:gone")
    take(move, "journal:gone")
    plan(move)
    edit = {"product": {"description": "Nuts M8"}}
    assert move.by_other_hand("PUT", f"/products/{nuts}", edit).status == 200
    with requests(move) as made:
        outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.counts[Event.REVERSED], outcome.counts[Event.UNDECIDED]) == (1, 1)
    assert (made, held(move, "journals", journal).status) == (["DELETE journals"], 404)
    assert held(move, "products", nuts).body["description"] == "Nuts M8"
    with open_store(move.project, move.clock) as store:
        (aside,) = store.company(move.project.business.id).history.set_aside()
    assert aside.findings[0].message == (
        "G2 was not deleted: description was written as 'Nuts' and is 'Nuts M8' in Sage."
    )
    assert aside.findings[0].hint == BY_HAND
    assert verdicts(move)[1] == ["product/goods/G2: gone from the source"]


def test_what_somebody_else_deleted_is_recorded_without_a_deletion(move: Move) -> None:
    journal = sage_id(move, "journal", "journals/J1")
    invoice = sage_id(move, "sales_invoice", "invoices/I2")
    source(move, without("J1", "I2"))
    take(move, "journal:gone")
    take(move, "sales_invoice:gone")
    plan(move)
    assert move.by_other_hand("DELETE", f"/journals/{journal}").status == 204
    assert move.by_other_hand("DELETE", f"/sales_invoices/{invoice}", void_reason="x").status == 200
    with requests(move) as made:
        outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.calls, outcome.counts[Event.REVERSED], made) == (3, 2, [])
    assert verdicts(move)[1] == []


_SAVED = (FaultType.ANSWER_LOST, FaultType.ERROR_SAVED)


@pytest.mark.parametrize("fault", [*_SAVED, FaultType.RESET, FaultType.ERROR])
def test_a_deletion_without_an_answer_is_looked_up_before_it_is_sent_again(
    move: Move, fault: FaultType
) -> None:
    journal = sage_id(move, "journal", "journals/J1")
    invoice = sage_id(move, "sales_invoice", "invoices/I2")
    source(move, without("J1", "I2"))
    take(move, "journal:gone")
    take(move, "sales_invoice:gone")
    plan(move)
    move.faults.add(Trigger(1, "DELETE", "/journals"), Fault(fault))
    move.faults.add(Trigger(1, "DELETE", "/sales_invoices"), Fault(fault))
    with requests(move) as made:
        assert apply(move)[Event.REVERSED] == 2
    times = 1 if fault in _SAVED else 2
    assert Counter(made) == {"DELETE journals": times, "DELETE sales_invoices": times}
    assert held(move, "journals", journal).status == 404
    assert held(move, "sales_invoices", invoice).body["status"]["id"] == "VOID"


def test_sages_reason_is_named_where_it_refuses(move: Move) -> None:
    invoice = sage_id(move, "sales_invoice", "invoices/I2")
    source(move, without("I2"))
    take(move, "invoices/I2")
    plan(move)
    payment = {
        "transaction_type_id": "CUSTOMER_RECEIPT",
        "contact_id": sage_id(move, "contact", "parties/P1"),
        "bank_account_id": sage_id(move, "bank_account", "banks/1200"),
        "date": "2017-03-01",
        "total_amount": "10.00",
        "allocated_artefacts": [{"artefact_id": invoice, "amount": "10.00"}],
    }
    assert move.by_other_hand("POST", "/contact_payments", {"contact_payment": payment}).status == 201
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.counts[Event.QUARANTINED] == 1
    with open_store(move.project, move.clock) as store:
        (aside,) = store.company(move.project.business.id).history.set_aside()
    assert aside.findings[0].message == (
        "I2 was not deleted, for Sage refused it: You cannot change or remove a sales invoice that has"
        " payments or allocations."
    )
    assert held(move, "sales_invoices", invoice).body["status"]["id"] == "PAID"


def test_a_record_that_comes_back_is_created_anew(move: Move) -> None:
    source(move, without("I2", "J1"))
    take(move, "journal:gone")
    take(move, "sales_invoice:gone")
    plan(move)
    apply(move)
    source(move, DOCUMENTS)
    assert order(plan(move)) == ["create invoices/I2", "create journals/J1"]
    assert apply(move)[Event.CREATED] == 2
    assert verdicts(move) == ({}, [])
    invoice = held(move, "sales_invoices", sage_id(move, "sales_invoice", "invoices/I2")).body
    assert invoice["status"]["id"] == "UNPAID"


#: The sales of the project as purchases: texts of its mappings and what takes their place.
PURCHASES = {
    "CUSTOMER_RECEIPT": "VENDOR_PAYMENT",
    "CUSTOMER": "VENDOR",
    "sales_invoice": "purchase_invoice",
    "sales_credit_note": "purchase_credit_note",
    "ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n4}": (
        "ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n5}"
    ),
}


def test_purchases_are_removed_and_a_supplier_that_sage_keeps_is_named(tmp_path: Path) -> None:
    """Sage says of a contact whether it can be deleted: not once anything was booked on it."""
    folder = write_small_trade(tmp_path)
    for name in ("parties", "invoices", "credit_notes", "receipts", "allocations"):
        path = folder / f"mappings/{name}.yaml"
        text = path.read_text()
        for before, after in PURCHASES.items():
            text = text.replace(before, after)
        path.write_text(text)
    path = folder / "sources.yaml"  # an allocation of purchases has the opposite signs
    path.write_text(
        path.read_text()
        .replace("[1], amount: ", "[1], amount: -")
        .replace("amount: -amount}]", "amount: amount}]")
    )
    with signed_in(folder) as move:
        loaded = move.load()
        assert (loaded.ended, Event.QUARANTINED in loaded.counts) == (Ended.FINISHED, False)
        source(move, without("I3", "C1", "A1", "I4", "R2"), "ref,name\nP1,Oak Ltd\n")
        for kind in ("contact_payment", "contact_allocation", "purchase_invoice", "purchase_credit_note"):
            take(move, f"{kind}:gone")
        take(move, "contact:gone")
        made = plan(move)
        keys = [step.partition("/")[2] for step in order(made)]
        for first, then in [
            ("R2", "I4"),
            ("I4", "P3"),
            ("A1", "I3"),
            ("A1", "C1"),
            ("C1", "P2"),
            ("I3", "P2"),
        ]:
            assert keys.index(first) < keys.index(then), keys
        assert {step.void_reason for step in made.steps if isinstance(step, ReverseStep)} == {""}
        with requests(move) as sent:
            outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.counts[Event.REVERSED], outcome.counts[Event.QUARANTINED]) == (5, 2)
        assert (sent.count("DELETE purchase_invoices"), sent.count("DELETE contacts")) == (2, 0)
        with open_store(move.project, move.clock) as store:
            asides = [*store.company(move.project.business.id).history.set_aside()]
        assert [aside.findings[0].message for aside in asides] == [
            "Elm Ltd was not deleted, for Sage says that it is in use.",
            "Ash Ltd was not deleted, for Sage says that it is in use.",
        ]
        left, opened = verdicts(move)
        assert (len(left), len(opened)) == (5, 2)
