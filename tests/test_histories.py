"""Whole histories: the second time, the third time, and everything that goes wrong in between.

`make test` lets 100 histories happen; `make soak` 2,000.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from history_decisions import Decide
from history_memory import DistrustStore, RestoreElsewhere
from history_source import CUSTOMER, INVOICE
from history_steps import (
    AddSage,
    AddSource,
    ChangeMachine,
    DeleteSage,
    DeleteSource,
    DoubleSource,
    EditSage,
    EditSource,
    KeepStore,
    Load,
    MakePlan,
    Operation,
    Reconcile,
    Renumber,
    RestoreSource,
    RestoreStore,
    Snapshot,
    Spreadsheet,
    StepClock,
    Wait,
    Who,
    happen,
)
from history_strategies import HISTORIES, TO_DECIDE_ON
from history_world import Kill, ShortPages, new_world, quick_folder
from hypothesis import HealthCheck, given, seed, settings

EXAMPLES = int(os.environ.get("SAGERECON_HISTORIES", "100"))

#: Added to the seed of each part, so that other histories happen.
SEED = int(os.environ.get("SAGERECON_SEED", "0"))

#: The histories are shared out among so many tests, which may run side by side.
PARTS = 4


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.mark.parametrize("part", range(PARTS))
def test_histories(home: Path, part: int) -> None:
    @seed(SEED + part)  # each part has histories of its own, the same in every run
    @settings(
        max_examples=-(-EXAMPLES // PARTS),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(operations=HISTORIES)
    def let_happen(operations: list[Operation]) -> None:
        with new_world(home) as world:
            happen(world, operations)

    let_happen()


@pytest.mark.parametrize("number", range(len(TO_DECIDE_ON)))
def test_every_true_answer_can_be_given(home: Path, number: int) -> None:
    before, answers = TO_DECIDE_ON[number]
    given = set()
    for choice in range(len(answers.split())):
        operations: list[Operation] = [*before, Decide(0, choice), Load()]
        with new_world(home) as world:
            history = happen(world, operations)
            given |= {answer.value for answer in history.answers}
    assert given == set(answers.split())


#: Histories that broke a promise once, shortened.
FOUND: Mapping[str, Sequence[Operation]] = {
    "killed before its first answer by a clock that was ahead": [StepClock(26), Load(Kill(13))],
    "edited in the source while the store was lost": [
        *(Load(), KeepStore(), AddSource(INVOICE), Load(), RestoreElsewhere()),
        *(Wait(200), EditSource(5, 1), Load()),
    ],
    "edited in Sage while the store was lost": [
        *(Load(), KeepStore(), AddSource(INVOICE), Load(), RestoreElsewhere()),
        *(Wait(200), EditSage(4, 1), Load()),
    ],
    "a customer is renamed by decision, and another field of it has changed": [
        *(Load(), Spreadsheet(), Snapshot(), Decide(5, 1), Reconcile(), MakePlan()),
    ],
    "a customer was renamed by decision, and has its earlier number again": [
        *(Load(), Spreadsheet(), Snapshot(), Decide(1, 0), Load(), Spreadsheet()),
    ],
    "its creation was in doubt when it was decided to leave it out": [
        *(KeepStore(), Load(Kill(49)), Decide(0, 0), Load()),
    ],
    "locked by a process on another machine, by a clock that was ahead": [
        *(Load(), DistrustStore(Kill(8)), Reconcile(), RestoreElsewhere(2), StepClock(-30), DistrustStore()),
        ChangeMachine(),
    ],
    "decided to be another record, and later to be left out": [
        *(AddSage(0, Who.NAMESAKE), Load(), Decide(0, 2), DeleteSource(CUSTOMER, 5), DistrustStore(Kill(42))),
        *(DistrustStore(), DistrustStore(), Decide(1, 4)),
    ],
    "decided to leave it out, and then found in Sage": [
        *(Load(), AddSource(INVOICE), Snapshot(), Decide(0, 0), KeepStore(), Load(), Load(), EditSage(0, 0)),
        *(Snapshot(), AddSage(0, Who.STRANGER), Renumber(5), Load(), RestoreStore(0), ChangeMachine()),
        Decide(0, 0),
    ],
    "out of the source while the store was lost": [
        *(Load(), KeepStore(), AddSource(INVOICE), Load(), DeleteSource(INVOICE, -1), RestoreElsewhere()),
        *(Wait(200), Load(), RestoreSource(0)),
    ],
    "out of the source while the store was rebuilt": [
        *(Load(), KeepStore(), AddSource(INVOICE), Load(), DeleteSource(INVOICE, -1), RestoreStore(0)),
        *(Wait(200), DistrustStore(), RestoreSource(0)),
    ],
    "quarantined while the store was lost": [
        *(KeepStore(), Load(), DoubleSource(0), DoubleSource(1), RestoreElsewhere(), Wait(200), Load()),
        *(DoubleSource(0), DoubleSource(1)),
    ],
    "quarantined while the store was rebuilt": [
        *(KeepStore(), Load(), DoubleSource(0), RestoreStore(0), Wait(200), DistrustStore()),
        *(DoubleSource(0), Load()),
    ],
    "decided to write it again, and then a listing failed": [
        *(Load(), DeleteSage(4), Reconcile(), Decide(0, 0), Reconcile(ShortPages(1)), Snapshot()),
    ],
    "decided to write it again, and then the listing of what was deleted failed": [
        *(Load(), DeleteSage(4), Reconcile(), Decide(0, 0), Reconcile(ShortPages(6)), Snapshot()),
    ],
    "the clock stepped back within a minute of many calls": [
        *(Load(), AddSource(CUSTOMER), Load(), StepClock(-1), AddSource(INVOICE), DistrustStore()),
    ],
    "a reading was paused after a page with too few entities": [
        *(Load(), DeleteSage(0), Reconcile(), Reconcile(ShortPages(2, 1)), Snapshot()),
        Reconcile(ShortPages(4, 1)),
    ],
    "decided to write it again, and then its customer was renumbered": [
        *(Load(), DeleteSage(3), Reconcile(), Decide(1, 0), Renumber(5, CUSTOMER)),
    ],
    "the day's calls are used up, by a clock that is ahead of Sage's": [
        *(Load(), Reconcile(), StepClock(1), Reconcile(ShortPages(2, items=1)), AddSource(INVOICE)),
    ],
}


@pytest.mark.parametrize("name", FOUND)
def test_histories_that_once_failed(home: Path, name: str) -> None:
    with new_world(home) as world:
        happen(world, FOUND[name])
