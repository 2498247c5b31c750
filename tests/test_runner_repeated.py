"""A creation of a lost store is sent again: Sage answers from memory, also where its entity was deleted."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from runs import Crash, quick_folder
from small_trade import COUNTS, DOCUMENTS, write_small_trade

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.commands.decisions import Choice
from sagerecon.documents.package import catalog
from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND, instant_text
from sagerecon.model.entity import Entity
from sagerecon.model.errors import IncompleteStoreError, PlanStaleError
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import REPLAY_WINDOW, SENDINGS
from sagerecon.planning.step import CreateStep, SkipStep
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.attempts import new_attempt
from sagerecon.runner.progress import Event
from sagerecon.runner.repeated import CLOCK_ERROR, is_repeated
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.sage.tokens import read_tokens
from sagerecon.store import opening, process

PARTIES = "ref,name\nP1,Oak Ltd\nP2,Elm Ltd\nP3,Ash Ltd\n"
WITHOUT_R2 = "".join(line for line in DOCUMENTS.splitlines(keepends=True) if not line.startswith("R2,"))
RECEIPT = ("contact_payment", "receipts/R2")


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Iterator[Move]:
    """Yield a move whose trade is loaded; `copy` is its store before that."""
    with quick_folder() as folder, signed_in(write_small_trade(folder / "project")) as opened:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        sources.snapshot(opened.project, opened.clock, lambda _file, _rows: None)
        plans.plan(opened.project, opened.clock)
        shutil.copy(opened.folder / ".sagerecon/store.sqlite", folder / "copy")
        assert runs.apply(opened.project, opened.clock, opened.session).ended is Ended.FINISHED
        opened.clock.sleep(2 * MINUTE)
        yield opened


def plan(move: Move, documents: str = DOCUMENTS, parties: str = PARTIES) -> Plan:
    (move.folder / "data/documents.csv").write_text(documents)
    (move.folder / "data/parties.csv").write_text(parties)
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    return plans.plan(move.project, move.clock)


def apply(move: Move, **more: object) -> RunOutcome:
    return runs.apply(move.project, move.clock, move.session, **more)  # type: ignore[arg-type]


def sage_id(move: Move, kind: str, key: str) -> str:
    with open_store(move.project, move.clock) as store:
        return store.company(move.project.business.id).id_map.sage_id(kind, key) or ""


def written(move: Move, kind: str, key: str) -> Mapping[str, Any]:
    """Return what Sage answered when a record was written."""
    with open_store(move.project, move.clock) as store:
        return store.company(move.project.business.id).run_log.answer(kind, key) or {}


def status(move: Move, kind: str, key: str) -> int:
    """Return the status of Sage's answer about the entity that the id map has for a record."""
    return move.by_other_hand("GET", f"{move.project.catalog[kind].path}/{sage_id(move, kind, key)}").status


def held(move: Move) -> dict[str, int]:
    """Return how many entities of each kind Sage holds, by its own count."""
    counts = {}
    for name in COUNTS:
        more = {"exclude_system": "true"} if name == "contact" else {}
        counts[name] = move.by_other_hand("GET", move.project.catalog[name].path, **more).body["$total"]
    return counts


def reverse(move: Move) -> None:
    """Delete receipt R2 by a decision of ours."""
    plan(move, WITHOUT_R2)
    choice = Choice(answer="reverse", because="never paid", by="Kim")
    decisions.take(move.project, move.clock, "receipts/R2", choice)
    plan(move, WITHOUT_R2)
    assert apply(move).counts[Event.REVERSED] == 1


def by_clerk(move: Move) -> None:
    """Delete receipt R2 in Sage."""
    assert move.by_other_hand("DELETE", f"/contact_payments/{sage_id(move, *RECEIPT)}").status == 204


def lose(move: Move) -> None:
    """Delete the store, and sign in anew."""
    for path in (move.folder / ".sagerecon").glob("store.sqlite*"):
        path.unlink()
    (move.folder / "decisions.yaml").unlink(missing_ok=True)
    sign_in(move)


def restore(move: Move) -> None:
    """Put the copy of the store back, by default that from before the trade was loaded, and sign in anew."""
    lose(move)
    shutil.copy(move.folder.parent / "copy", move.folder / ".sagerecon/store.sqlite")
    sign_in(move)


def sign_in(move: Move) -> None:
    granted = move.sage.grant(SANDBOX_APP, "owner", move.project.business.id)
    with open_store(move.project, move.clock) as store:
        store.vault.save(GRANT, read_tokens(granted, move.clock.now()), None)


@dataclass
class Killer:
    """Kills the process at its `at`-th failpoint after the first creation of a kind; 0: at none."""

    at: int = 0
    path: str = "/contact_payments"  #: of the kind
    names: Collection[str] = ("before send", "after answer", "after commit")
    made: list[str] = field(default_factory=list)  #: the requests to the API, in turn
    reached: list[str] = field(default_factory=list)  #: the failpoints after the first creation

    def failpoint(self, name: str) -> None:
        if name in self.names and f"POST {self.path}" in self.made:
            self.reached.append(name)
            if len(self.reached) == self.at:
                raise Crash


@contextmanager
def watched(move: Move, killer: Killer) -> Iterator[Killer]:
    """Record the requests of the commands, and kill them where `killer` says so."""
    known = move.faults.faults_for

    def count(method: str, path: str) -> tuple[Fault, ...]:
        killer.made.append(f"{method} {path}")
        return known(method, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(move.faults, "faults_for", count)
        patch.setattr(opening, "open_store", partial(opening.open_store, failpoint=killer.failpoint))
        patch.setattr(runs, "run", partial(run, failpoint=killer.failpoint))
        patch.setattr(process, "_started", lambda _: str(len(killer.reached)))  # the killed one has ended
        yield killer


def requests_about(killer: Killer, path: str) -> list[str]:
    """Return the methods of the requests to a resource, less its listing by the census."""
    return [made.split()[0] for made in killer.made if made.startswith((f"POST {path}", f"GET {path}/"))]


@pytest.mark.parametrize("delete", [reverse, by_clerk])
@pytest.mark.parametrize("forget", [lose, restore])
def test_a_record_that_was_deleted_is_created_anew(
    move: Move, delete: Callable[[Move], None], forget: Callable[[Move], None]
) -> None:
    delete(move)
    assert held(move) == {**COUNTS, "contact_payment": 1}
    forget(move)
    move.clock.sleep(MINUTE)
    plan(move)
    with watched(move, Killer()) as killer:
        outcome = apply(move, distrust_store=True)
    assert requests_about(killer, "/contact_payments") == ["POST", "GET", "POST"]
    assert (outcome.ended, outcome.counts[Event.CREATED]) == (Ended.FINISHED, 1)
    assert outcome.counts[Event.LOOKED_UP] == 1
    assert held(move) == COUNTS
    assert status(move, *RECEIPT) == 200
    assert {type(step) for step in plan(move).steps[1:]} == {SkipStep}
    assert not [v.id for v in move.reconcile().reconciliation.open_verdicts]


@pytest.mark.parametrize("is_proven", [False, True], ids=["not proven", "proven"])
def test_a_kill_at_any_moment_doubles_nothing(move: Move, is_proven: bool) -> None:
    """Kill at each failpoint in turn. Sage forgets the names of a round before the next one."""
    parties, rounds = PARTIES, 0
    killer = Killer(names=("before send", "after answer")) if is_proven else Killer()
    while len(killer.reached) >= killer.at:
        create_and_delete(move, parties)
        if is_proven:  # a creation of this run was answered, by which the promise to replay is proven
            parties += f"N{rounds},New {rounds} Ltd\n"
        plan(move, parties=parties)
        rounds += 1
        killer = Killer(rounds, names=killer.names)
        apply_and_kill(move, killer)
        more = len(parties.splitlines()) - len(PARTIES.splitlines())
        assert held(move) == {**COUNTS, "contact": COUNTS["contact"] + more}, killer
        assert status(move, *RECEIPT) == 200, killer
        assert {type(step) for step in plan(move, parties=parties).steps[1:]} == {SkipStep}
    assert requests_about(killer, "/contact_payments") == ["POST", "GET", "POST"]
    assert rounds > 5  # before and after each of the three calls, but for before the first


def create_and_delete(move: Move, parties: str) -> None:
    """Let a store create the receipt, which a clerk deletes in Sage, and lose that store."""
    by_clerk(move)
    move.clock.sleep(8 * DAY)
    lose(move)
    plan(move, parties=parties)
    assert apply(move, distrust_store=True).counts[Event.CREATED] == 1
    by_clerk(move)
    move.clock.sleep(2 * MINUTE)
    lose(move)


def apply_and_kill(move: Move, killer: Killer) -> None:
    """Run the plan, and again after a kill."""
    with watched(move, killer):
        try:
            outcome = apply(move, distrust_store=True)
        except Crash:
            try:
                outcome = apply(move)
            except IncompleteStoreError:
                outcome = apply(move, distrust_store=True)
            except PlanStaleError as error:
                assert "was completed on" in str(error)
                return
    assert outcome.ended is Ended.FINISHED, (killer, outcome)


def test_one_that_sage_still_holds_is_recorded_and_not_called_created(move: Move) -> None:
    """Rename a contact in Sage beyond recognition: the census does not find it, its name does."""
    parties = PARTIES + "P4,Yew Ltd\n"
    plan(move, parties=parties)
    apply(move)
    contact = sage_id(move, "contact", "parties/P4")
    edit = {"contact": {"name": "Zed plc"}}
    assert move.by_other_hand("PUT", f"/contacts/{contact}", edit).status == 200
    lose(move)
    move.clock.sleep(2 * MINUTE)
    plan(move, parties=parties)
    with watched(move, Killer()) as killer:
        outcome = apply(move, distrust_store=True)
    assert requests_about(killer, "/contacts") == ["POST", "GET"]
    assert (outcome.ended, outcome.counts.get(Event.CREATED)) == (Ended.FINISHED, None)
    assert held(move)["contact"] == COUNTS["contact"] + 1
    assert sage_id(move, "contact", "parties/P4") == contact
    assert written(move, "contact", "parties/P4")["name"] == "Yew Ltd"
    (edited,) = move.reconcile().reconciliation.open_verdicts  # what was edited since is not taken for ours
    assert (edited.id, edited.verdict.value) == ("contact/parties/P4", "edited in Sage")


def test_a_kill_doubles_nothing_that_sage_still_holds(move: Move) -> None:
    parties = PARTIES + "P4,Yew Ltd\n"
    plan(move, parties=parties)
    apply(move)
    contact = sage_id(move, "contact", "parties/P4")
    edit = {"contact": {"name": "Zed plc"}}
    assert move.by_other_hand("PUT", f"/contacts/{contact}", edit).status == 200
    killer = Killer(path="/contacts")
    while len(killer.reached) >= killer.at:
        lose(move)
        move.clock.sleep(2 * MINUTE)
        plan(move, parties=parties)
        killer = Killer(killer.at + 1, path="/contacts")
        apply_and_kill(move, killer)
        assert held(move)["contact"] == COUNTS["contact"] + 1, killer
        assert sage_id(move, "contact", "parties/P4") == contact, killer


def test_one_that_was_decided_to_be_another_is_not_taken_for_it(move: Move) -> None:
    invoice = sage_id(move, "sales_invoice", "invoices/I3")
    edit = {"sales_invoice": {"due_date": "2017-06-30"}}
    assert move.by_other_hand("PUT", f"/sales_invoices/{invoice}", edit).status == 200
    lose(move)
    move.clock.sleep(2 * MINUTE)
    plan(move)
    apply(move, distrust_store=True)
    plan(move)
    choice = Choice(answer="keep_apart", because="another sale", by="Kim")
    decisions.take(move.project, move.clock, "invoices/I3", choice)
    plan(move)
    with watched(move, Killer()) as killer:
        outcome = apply(move)
    assert requests_about(killer, "/sales_invoices") == ["POST", "POST"]  # no look is needed
    assert outcome.counts[Event.CREATED] >= 1
    assert sage_id(move, "sales_invoice", "invoices/I3") not in ("", invoice)
    assert held(move)["sales_invoice"] == COUNTS["sales_invoice"] + 1


def test_one_that_cannot_be_looked_at_stays_in_doubt(move: Move) -> None:
    by_clerk(move)
    lose(move)
    move.clock.sleep(2 * MINUTE)
    plan(move)
    fault = Fault(FaultType.ERROR, status=403)
    move.faults.add(Trigger(1, "GET", "/contact_payments/"), fault)
    outcome = apply(move, distrust_store=True)
    assert (outcome.ended, outcome.counts[Event.PARKED]) == (Ended.UNFINISHED, 1)
    assert held(move) == {**COUNTS, "contact_payment": 1}
    outcome = apply(move)
    assert (outcome.ended, outcome.counts[Event.CREATED]) == (Ended.FINISHED, 1)
    assert held(move) == COUNTS
    assert status(move, *RECEIPT) == 200


def test_one_that_was_created_and_deleted_often_is_parked_in_between(move: Move) -> None:
    """Park it after three names, and continue with the next one: no answer makes it an endless loop."""
    for _ in range(SENDINGS):
        by_clerk(move)
        lose(move)
        move.clock.sleep(2 * MINUTE)
        plan(move)
        while apply(move, distrust_store=True).ended is not Ended.FINISHED:
            pass
    by_clerk(move)
    lose(move)
    move.clock.sleep(2 * MINUTE)
    plan(move)
    with watched(move, Killer()) as killer:
        outcome = apply(move, distrust_store=True)
        assert (outcome.ended, outcome.counts[Event.PARKED]) == (Ended.UNFINISHED, 1)
        assert requests_about(killer, "/contact_payments") == ["POST", "GET"] * SENDINGS
        outcome = apply(move)
    assert (outcome.ended, outcome.counts[Event.CREATED]) == (Ended.FINISHED, 1)
    assert held(move) == COUNTS


def test_an_update_that_another_user_took_back_is_sent_by_a_restored_store(move: Move) -> None:
    """Carry the same plan out twice: its second update is no repetition of the first to Sage."""
    plan(move, parties=PARTIES.replace("Oak", "Yew"))
    contact = f"/contacts/{sage_id(move, 'contact', 'parties/P1')}"
    shutil.copy(move.folder / ".sagerecon/store.sqlite", move.folder.parent / "copy")
    assert apply(move).counts[Event.UPDATED] == 1
    back = {"contact": {"name": "Oak Ltd"}}
    assert move.by_other_hand("PUT", contact, back).status == 200
    restore(move)
    move.clock.sleep(2 * MINUTE)
    assert apply(move, distrust_store=True).counts[Event.UPDATED] == 1
    assert move.by_other_hand("GET", contact).body["name"] == "Yew Ltd"


def test_a_repeated_answer_proves_nothing_once_sage_may_have_forgotten_it(move: Move) -> None:
    """Sage remembers a name since it created the entity, not since this store has sent it."""
    parties = PARTIES + "P4,Yew Ltd\n"
    plan(move, parties=parties)
    apply(move)
    edit = {"contact": {"name": "Zed plc"}}
    assert (
        move.by_other_hand("PUT", f"/contacts/{sage_id(move, 'contact', 'parties/P4')}", edit).status == 200
    )
    move.clock.sleep(5 * DAY)
    lose(move)
    plan(move, parties=parties)
    apply(move, distrust_store=True)
    with open_store(move.project, move.clock) as store:
        log = store.company(move.project.business.id).run_log
        found = log.answered_creation(move.clock.now() - REPLAY_WINDOW)
        assert found is not None and found.kind == "contact"
        assert log.answered_creation(move.clock.now() + 2 * DAY - REPLAY_WINDOW) is None


@dataclass
class MachineClock:
    """The clock of this machine, which is ahead of Sage's."""

    sages: VirtualClock
    ahead: int

    def now(self) -> int:
        return self.sages.now() + self.ahead

    def sleep(self, milliseconds: int) -> None:
        self.sages.sleep(milliseconds)


@pytest.mark.parametrize("ahead", [0, 3 * MINUTE, HOUR, -HOUR])
def test_an_ordinary_creation_is_not_looked_at(tmp_path: Path, ahead: int) -> None:
    with signed_in(write_small_trade(tmp_path / "project")) as move:
        clock = MachineClock(move.clock, ahead)
        plan(move)
        counts: Counter[Event] = Counter()
        stops = iter((3, 8, 14))
        with watched(move, Killer()) as killer:
            for stop in (*stops, 99):  # each start is a process whose clock Sage has not corrected yet

                def enough(stop: int = stop) -> bool:
                    return sum(request.startswith("POST") for request in killer.made) >= stop

                outcome = runs.apply(move.project, clock, move.session, should_stop=enough)
                counts += Counter(dict(outcome.counts))
        assert outcome.ended is Ended.FINISHED
        assert held(move) == COUNTS
        assert counts[Event.ADOPTED] == counts[Event.LOOKED_UP] == 0
        assert not [made for made in killer.made if made.startswith("GET /contact_payments/")]


@pytest.mark.parametrize(
    ("earlier", "expected"), [(0, False), (CLOCK_ERROR, False), (CLOCK_ERROR + SECOND, True), (None, False)]
)
def test_the_clocks_may_differ_by_the_time_that_an_answer_takes(earlier: int | None, expected: bool) -> None:
    now = 1_800_000_000_000
    step = CreateStep(number=1, kind="contact", key="parties/P1", reason="", body={})
    attempt = new_attempt(step, catalog()["contact"], {"name": "Oak Ltd"}, run="run", business="B")
    dated = {} if earlier is None else {"created_at": instant_text(now - earlier)}
    answered = Entity("contact", "A1", {"id": "A1", **dated})
    assert is_repeated(replace(attempt, first_sent_at=now), answered) is expected
