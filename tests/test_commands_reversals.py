"""Reversals: what was decided to be gone is deleted or voided in Sage, after a look, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import DOCUMENTS, write_small_trade

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.commands.decisions import Choice
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import ReverseStep
from sagerecon.project.store import open_store
from sagerecon.runner.progress import Event
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


def sent(move: Move) -> list[str]:
    """Return the deletions and creations that reached Sage from now on, as they are made."""
    made: list[str] = []
    handle = move.sage.handle if hasattr(move.sage, "handle") else None
    assert handle is None
    return made


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
