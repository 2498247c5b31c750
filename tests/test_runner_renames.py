"""Renames: a key takes over an entity without a call, in one commit, wherever the process is killed."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from moves import Move, signed_in
from runs import Crash, quick_folder
from test_cli_second_run import CUSTOMERS, DOCUMENTS, FILES, SANDBOX, SOURCES, documents, parties, stripped

from sagerecon.commands import decisions, plans, projects, runs, sources
from sagerecon.model.errors import PlanStaleError
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET
from sagerecon.project.store import open_store
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.session import open_session
from sagerecon.store import opening, process, write_buffer

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
        assert actions(plan) == {Action.READ: 1, Action.SKIP: 3, Action.RENAME: 300, Action.UPDATE: 300}
        with watched(move.sage) as door:
            outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.ended, outcome.counts[Event.RENAMED]) == (Ended.FINISHED, 300)
        # Each reference lost its zeros, too: the record is read, then the reference is sent.
        assert door.calls == {"GET": 301, "PUT": 300}
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


# Kills

EARLIER = [f"{number:07}" for number in range(1042, 1045)]
#: By kind, what the id map called each record before the renames.
RENAMED = {
    "contact": {f"parties/{number.lstrip('0')}": f"parties/{number}" for number in CUSTOMERS},
    "sales_invoice": {f"documents/{number.lstrip('0')}": f"documents/{number}" for number in EARLIER},
}
#: What the second run creates: a customer, and invoices of renamed customers and of the new one.
NEW_CUSTOMER, NEW_INVOICES = "777", ["5000", "5001", "5003"]


@dataclass
class Attempt:
    """One attempt at the second run: its processes, one after the other, some of them killed."""

    move: Move
    kept: Kept
    processes: int = 0
    left: int = -1  #: failpoints until the kill; below 0 nothing is killed any more
    reached: int = 0  #: failpoints so far

    def failpoint(self, _: str) -> None:
        self.reached += 1
        self.left -= 1
        if self.left == 0:
            raise Crash

    def apply(self, kill: int = -1) -> RunOutcome | None:
        """Apply the plan as a process of its own; return None where it is killed, at its `kill`th point."""
        self.processes += 1
        self.left = kill
        try:
            return runs.apply(self.move.project, self.move.clock, self.move.session)
        except Crash:
            return None

    def finish(self) -> None:
        """Run the same command until the plan is used up; its last start may have nothing left to do."""
        for _ in range(4):
            try:
                outcome = self.apply()
            except PlanStaleError as error:
                assert "was completed" in str(error), error
                return
            if outcome is not None and outcome.ended is Ended.FINISHED:
                return
        pytest.fail("the run does not come to its end")

    def check(self, door: Door, *, reconciles: bool = True) -> None:
        """Check that each key owns its entity once, and that no renamed record was created."""
        for kind, names in RENAMED.items():
            now, before = owners(self.move, kind), self.kept.owners[kind]
            assert {key: now.get(key) for key in names} == {key: before[old] for key, old in names.items()}
            assert not set(before) & set(now)
            assert len(set(now.values())) == len(now)
        assert set(door.created) == {NEW_CUSTOMER, *NEW_INVOICES}
        assert totals(self.move) == (self.kept.totals[0] + 1, self.kept.totals[1] + len(NEW_INVOICES))
        if reconciles:
            found = self.move.reconcile().reconciliation
            assert found.ties_out, [verdict.reason for verdict in found.open_verdicts]


@dataclass
class Kept:
    """A project whose renames are decided and planned, with its Sage; put back before each attempt."""

    home: Path
    now: int
    owners: dict[str, dict[str, str]]  #: by kind and draft key, the Sage id before the renames
    totals: tuple[int, int]  #: of contacts and invoices in Sage, some of which Sage made itself

    @contextmanager
    def attempt(self, *faults: tuple[Trigger, Fault]) -> Iterator[tuple[Attempt, Door]]:
        home = self.home / "now"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.home / "kept", home)
        clock = VirtualClock(self.now)
        with open_session() as session, pytest.MonkeyPatch.context() as patch:
            set_environment(patch, home)
            catalog = projects.open_project(home / "project").catalog
            troubles = ScheduledFaults(faults)
            sage = RehearsalSage.load(
                home / "sage.json", catalog, clock, Business.from_document, faults=troubles
            )
            mount(session, sage)
            attempt = Attempt(Move(home / "project", clock, session, sage, troubles), self)
            patch.setattr(process, "_started", lambda _: str(attempt.processes))  # earlier ones have ended
            patch.setattr(opening, "open_store", partial(opening.open_store, failpoint=attempt.failpoint))
            patch.setattr(runs, "run", partial(runs.run, failpoint=attempt.failpoint))
            with watched(sage) as door:
                yield attempt, door


def set_environment(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("XDG_STATE_HOME", str(home / "state"))
    patch.setenv("SAGERECON_CLIENT_ID", SANDBOX_APP)
    patch.setenv("SAGERECON_CLIENT_SECRET", SANDBOX_SECRET)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with quick_folder() as home, pytest.MonkeyPatch.context() as patch:
        now = home / "now"
        set_environment(patch, now)
        write(now / "project", CUSTOMERS, EARLIER)
        with signed_in(now / "project") as move:
            assert move.load().counts[Event.CREATED] == 6
            before = {kind: owners(move, kind) for kind in RENAMED}, totals(move)
            customers = [*stripped(CUSTOMERS), NEW_CUSTOMER]
            write(now / "project", customers, [*stripped(EARLIER), *NEW_INVOICES])
            planned_again(move)
            plan = decide(move, *(f"{kind}:renamed:leading_zeros" for kind in RENAMED))
            assert actions(plan) == {Action.READ: 2, Action.RENAME: 6, Action.UPDATE: 6, Action.CREATE: 4}
            move.sage.save(now / "sage.json")
            shutil.copytree(now, home / "kept")
            yield Kept(home, move.clock.now(), *before)


def points(kept: Kept) -> int:
    with kept.attempt() as (attempt, door):
        attempt.finish()
        reached = attempt.reached
        attempt.check(door)
    return reached


def test_a_kill_at_any_commit_or_call_doubles_no_renamed_record(kept: Kept) -> None:
    last = points(kept)
    assert last > 50
    for point in range(1, last + 1):
        with kept.attempt() as (attempt, door):
            assert attempt.apply(point) is None, point
            attempt.finish()
            attempt.check(door, reconciles=point % 5 == 0)


def test_a_second_kill_on_top_of_the_first_doubles_no_renamed_record(kept: Kept) -> None:
    last = points(kept)
    for point in range(2, last, 9):
        for second in (3, 20):
            with kept.attempt() as (attempt, door):
                assert attempt.apply(point) is None, point
                attempt.apply(second)
                attempt.finish()
                attempt.check(door)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("what", [FaultType.ANSWER_LOST, FaultType.ERROR_SAVED, FaultType.RESET])
def test_a_failure_of_sage_on_top_of_a_kill_doubles_no_renamed_record(
    kept: Kept, method: str, what: FaultType
) -> None:
    for point in range(4, points(kept), 20):
        with kept.attempt((Trigger(2, method, "", 2), Fault(what))) as (attempt, door):
            attempt.apply(point)
            attempt.finish()
            attempt.check(door)
