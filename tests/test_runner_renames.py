"""Renames: a key takes over the entity of an earlier one, without a call."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from moves import Move, signed_in
from runs import quick_folder
from test_cli_second_run import CUSTOMERS, DOCUMENTS, FILES, SANDBOX, SOURCES, documents, parties, stripped

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action
from sagerecon.project.store import open_store
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended
from sagerecon.store import opening, write_buffer

PROJECT = FILES["sagerecon.yaml"].replace(f"sage: {{address: {SANDBOX}}}\n", "")


def write(folder: Path, customers: list[str], numbers: list[str], **files: str) -> None:
    """Write a project, or only its source anew where the project is there."""
    fixed = {} if (folder / "sagerecon.yaml").exists() else {**FILES, "sagerecon.yaml": PROJECT, **files}
    exported = {
        "data/parties.csv": parties(customers),
        "data/documents.csv": documents(numbers, customers),
    }
    for name, text in {**fixed, **exported}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def planned_again(move: Move) -> Plan:
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    return plans.plan(move.project, move.clock)


def decide(move: Move, *groups: str) -> Plan:
    """Decide that the records of each group are the earlier ones, and plan with that."""
    choice = decisions.Choice(answer="same_record", because="saved by a spreadsheet", by="J. Reviewer")
    for group in groups:
        decisions.take(move.project, move.clock, group, choice)
    return plans.plan(move.project, move.clock)


def actions(plan: Plan) -> Counter[Action]:
    return Counter(step.action for step in plan.steps)


@dataclass
class Door:
    """Every request that reaches Sage, by method; and the references of what is created."""

    sage: RehearsalSage
    calls: Counter[str] = field(default_factory=Counter)
    created: list[str] = field(default_factory=list)

    def request(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        if "oauth" not in url and not urlsplit(url).path.endswith("/token"):
            self.calls[method] += 1
            if method == "POST":
                bodies = json.loads(body).values()  # the proof that answers are replayed has no reference
                self.created += [entity["reference"] for entity in bodies if "reference" in entity]
        return RehearsalSage.request(self.sage, method, url, headers, body)


@contextmanager
def watched(sage: RehearsalSage) -> Iterator[Door]:
    door = Door(sage)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sage, "request", door.request)
        yield door


def owners(move: Move, kind: str) -> dict[str, str]:
    """Return by draft key the Sage id that the id map has of it."""
    with open_store(move.project, move.clock) as store:
        written = store.company(move.project.business.id).history.written()
        return {record.key: record.sage_id for record in written if record.kind == kind}


def totals(move: Move) -> tuple[int, int]:
    """Return the number of contacts and of invoices in Sage."""
    contacts, invoices = (
        move.by_other_hand("GET", f"/{resource}").body["$total"]
        for resource in ("contacts", "sales_invoices")
    )
    return int(contacts), int(invoices)


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made / "project"


MANY = [f"{number:07}" for number in range(1042, 1342)]


def test_300_invoices_without_their_zeros_are_not_posted_again(folder: Path) -> None:
    write(folder, CUSTOMERS, MANY)
    with signed_in(folder) as move:
        assert move.load().counts[Event.CREATED] == 303
        before = owners(move, "sales_invoice")
        write(folder, CUSTOMERS, stripped(MANY))
        plan = planned_again(move)
        assert actions(plan) == {Action.READ: 1, Action.SKIP: 3, Action.WAIT: 300}
        (finding,) = plan.header.findings
        assert "300 sales_invoice records (357,600.00)" in finding.message
        assert "(leading zeros: 300 of 300)" in finding.message
        plan = decide(move, "sales_invoice:renamed:leading_zeros")
        assert actions(plan) == {Action.READ: 2, Action.SKIP: 3, Action.RENAME: 300, Action.UPDATE: 300}
        with watched(move.sage) as door:
            outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.ended, outcome.counts[Event.RENAMED]) == (Ended.FINISHED, 300)
        # Each reference lost its zeros, too: two pages show the records, then the references are sent.
        assert door.calls == {"GET": 3, "PUT": 300}
        assert owners(move, "sales_invoice") == {
            "documents/" + key.removeprefix("documents/").lstrip("0"): sage_id
            for key, sage_id in before.items()
        }
        assert totals(move)[1] == 300
        found = move.reconcile().reconciliation
        assert (found.ties_out, len(found.verdicts)) == (True, 303)


@pytest.mark.parametrize(("most", "commits_at_most"), [(1_000, 10), (20, 25)])
def test_renames_alone_are_committed_together_and_send_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, most: int, commits_at_most: int
) -> None:
    """The reference is padded by the SQL, so that only the key has lost its zeros."""
    padded = SOURCES.replace("SELECT *, [", "SELECT *, lpad(number, 7, '0') AS padded, [")
    mapping = DOCUMENTS.replace("reference: {from: number}", "reference: {from: padded}")
    write(folder, CUSTOMERS, MANY[:60], **{"sources.yaml": padded, "mappings/documents.yaml": mapping})
    with signed_in(folder) as move:
        move.load()
        write(folder, CUSTOMERS, stripped(MANY[:60]))
        planned_again(move)
        plan = decide(move, "sales_invoice:renamed:same_reference")
        assert (actions(plan)[Action.RENAME], actions(plan)[Action.UPDATE]) == (60, 0)
        monkeypatch.setattr(write_buffer, "MOST_PENDING", most)
        commits: list[str] = []
        monkeypatch.setattr(opening, "open_store", partial(opening.open_store, failpoint=commits.append))
        with watched(move.sage) as door:
            outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.ended, outcome.counts[Event.RENAMED]) == (Ended.FINISHED, 60)
        assert door.calls == {"GET": 1}  # the settings of the business
        fewest = 60 * 4 // (most + 4)  # four statements a rename: the buffer is committed when it is full
        assert fewest <= commits.count("after commit") <= commits_at_most
        assert move.reconcile().reconciliation.ties_out


def test_the_listing_before_updates_shows_renamed_contacts_as_well(folder: Path) -> None:
    """One page shows all of them: no contact is read by itself before its update."""
    write(folder, CUSTOMERS, MANY[:1])
    with signed_in(folder) as move:
        move.load()
        write(folder, stripped(CUSTOMERS), MANY[:1])
        planned_again(move)
        plan = decide(move, "contact:renamed:leading_zeros")
        # The invoice is recorded anew, for it refers to a customer under another key.
        assert (actions(plan)[Action.RENAME], actions(plan)[Action.UPDATE]) == (4, 3)
        with watched(move.sage) as door:
            runs.apply(move.project, move.clock, move.session)
        assert sum(door.calls.values()) == plan.header.calls
        assert door.calls == {"GET": 2, "PUT": 3}
