"""Whole histories: the second time, the third time, and everything that goes wrong in between.

`make test` lets 100 histories happen; `make soak` 2,000.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from history_source import CUSTOMER, INVOICE, PAYMENT
from history_steps import (
    AddSage,
    AddSource,
    Apply,
    ChangeMachine,
    DeleteSage,
    DeleteSource,
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
    happen,
)
from history_world import EmptyPages, Fail, Kill, new_world
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from sagerecon.rehearsal.faults import Fault, FaultType

EXAMPLES = int(os.environ.get("SAGERECON_HISTORIES", "100"))

#: The histories are shared out among so many tests, which may run side by side.
PARTS = 4

PLACES = st.integers(0, 5)

FAULTS = st.sampled_from(
    [
        Fault(FaultType.ANSWER_LOST),
        Fault(FaultType.ERROR_SAVED),
        Fault(FaultType.ERROR),
        Fault(FaultType.ERROR, status=503),
        Fault(FaultType.RESET),
        Fault(FaultType.REFUSED),
        Fault(FaultType.TRUNCATED),
        Fault(FaultType.NOT_JSON),
        Fault(FaultType.TOO_MANY),
    ]
)
READ_FAULTS = st.sampled_from(
    [Fault(FaultType.ERROR), Fault(FaultType.ERROR, status=403), Fault(FaultType.TRUNCATED)]
)
METHODS = st.sampled_from(["POST", "PUT", "GET", ""])
KILLS = st.builds(Kill, st.integers(0, 60))
TROUBLE = st.one_of(
    st.none(),
    st.none(),
    KILLS,
    KILLS,
    st.builds(
        Fail,
        st.sampled_from(["POST", "PUT", "GET", ""]),
        st.integers(1, 6),
        FAULTS,
        st.sampled_from([1, 1, 2, 9]),
    ),
)
READ_TROUBLE = st.one_of(
    st.none(),
    st.none(),
    KILLS,
    st.builds(Fail, st.just("GET"), st.integers(1, 6), READ_FAULTS, st.sampled_from([1, 9, 99])),
    st.builds(EmptyPages, st.integers(1, 4)),
)
IN_THE_SOURCE = st.one_of(
    st.builds(EditSource, PLACES, st.integers(0, 5)),
    st.builds(DeleteSource, st.sampled_from([INVOICE, PAYMENT, CUSTOMER]), PLACES),
    st.builds(RestoreSource, PLACES),
    st.builds(AddSource, st.sampled_from([CUSTOMER, INVOICE, PAYMENT]), PLACES),
    st.builds(Renumber, PLACES),
    st.just(Spreadsheet()),
)
IN_SAGE = st.one_of(
    st.builds(EditSage, PLACES, st.integers(0, 3)),
    st.builds(DeleteSage, PLACES),
    st.builds(AddSage, PLACES, st.booleans()),
)
COMMANDS = st.one_of(
    st.builds(Load, TROUBLE),
    st.builds(Load, TROUBLE),
    st.builds(Apply, TROUBLE, st.booleans()),
    st.builds(Reconcile, READ_TROUBLE),
    st.just(Snapshot()),
    st.just(MakePlan()),
)
ON_THE_MACHINE = st.one_of(
    st.just(KeepStore()),
    st.builds(RestoreStore, PLACES),
    st.just(ChangeMachine()),
    st.builds(StepClock, st.sampled_from([-30, -1, 1, 26])),
    st.builds(Wait, st.sampled_from([1, 25, 200])),
)
OPERATIONS = st.one_of(COMMANDS, COMMANDS, COMMANDS, IN_THE_SOURCE, IN_THE_SOURCE, IN_SAGE, ON_THE_MACHINE)
HISTORIES = st.tuples(
    st.sampled_from([(), (Load(),), (Load(), KeepStore())]), st.lists(OPERATIONS, min_size=3, max_size=12)
).map(lambda parts: [*parts[0], *parts[1]])


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Yield a folder in memory, where commits are fast."""
    memory = Path("/dev/shm")  # noqa: S108 - a place in memory, where there is one
    yield Path(mkdtemp(dir=memory if memory.is_dir() else None)) / "world"


@pytest.mark.parametrize("part", range(PARTS))
def test_histories(home: Path, part: int) -> None:
    @seed(part)  # each part has histories of its own, the same in every run
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
