"""The histories that hypothesis draws from."""

from __future__ import annotations

from collections.abc import Sequence

from history_decisions import Decide
from history_memory import DistrustStore, IgnoreIdempotency, RestoreElsewhere
from history_source import CUSTOMER, INVOICE, PAYMENT
from history_steps import (
    AddSage,
    AddSageInvoice,
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
    ReplaceSource,
    RestoreSource,
    RestoreStore,
    Snapshot,
    Spreadsheet,
    StepClock,
    Wait,
    Who,
)
from history_world import Fail, Kill, ShortPages
from hypothesis import strategies as st

from sagerecon.rehearsal.faults import Fault, FaultType

PLACES = st.integers(0, 5)
CHOICES = st.integers(0, 11)

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
    st.builds(ShortPages, st.integers(1, 4), st.sampled_from([0, 1, 2])),
)
IN_THE_SOURCE = st.one_of(
    st.builds(EditSource, PLACES, st.integers(0, 5)),
    st.builds(DeleteSource, st.sampled_from([INVOICE, PAYMENT, CUSTOMER]), PLACES),
    st.builds(RestoreSource, PLACES),
    st.builds(AddSource, st.sampled_from([CUSTOMER, INVOICE, PAYMENT]), PLACES),
    st.builds(Renumber, PLACES, st.sampled_from([INVOICE, INVOICE, CUSTOMER, PAYMENT])),
    st.builds(ReplaceSource, PLACES),
    st.just(Spreadsheet()),
)
IN_SAGE = st.one_of(
    st.builds(EditSage, PLACES, st.integers(0, 3)),
    st.builds(DeleteSage, PLACES),
    st.builds(AddSage, PLACES, st.sampled_from(Who)),
    st.builds(AddSageInvoice, PLACES, st.sampled_from(Who)),
)
COMMANDS = st.one_of(
    st.builds(Load, TROUBLE),
    st.builds(Load, TROUBLE),
    st.builds(Apply, TROUBLE, st.booleans()),
    st.builds(DistrustStore, TROUBLE),
    st.builds(Reconcile, READ_TROUBLE),
    st.builds(Decide, PLACES, CHOICES),
    st.builds(Decide, PLACES, CHOICES),
    st.just(Snapshot()),
    st.just(MakePlan()),
)
ON_THE_MACHINE = st.one_of(
    st.just(KeepStore()),
    st.builds(RestoreStore, PLACES),
    st.builds(RestoreElsewhere, PLACES),
    st.just(ChangeMachine()),
    st.builds(StepClock, st.sampled_from([-30, -1, 1, 26])),
    st.builds(Wait, st.sampled_from([1, 25, 200])),
)
OPERATIONS = st.one_of(COMMANDS, COMMANDS, COMMANDS, IN_THE_SOURCE, IN_THE_SOURCE, IN_SAGE, ON_THE_MACHINE)

#: How Sage behaves throughout a history.
SAGES = st.sampled_from([(), (), (IgnoreIdempotency(),)])

#: What has happened before: nothing, a load, or a store put back on a machine without a witness of it.
LOADED = st.sampled_from(
    [
        (),
        (Load(),),
        (Load(), KeepStore()),
        (KeepStore(), Load(), RestoreElsewhere()),
        (Load(Kill(20)), KeepStore(), AddSource(INVOICE), Load(), RestoreElsewhere()),
        (Load(), Spreadsheet(), Snapshot(), Decide(0, 0), Decide(1, 0)),
    ]
)
#: What has happened before a decision, and the answers to the first record that are true of it.
TO_DECIDE_ON: Sequence[tuple[tuple[Operation, ...], str]] = (
    ((Load(), AddSource(INVOICE), Snapshot()), "leave_out"),
    ((Load(), EditSource(2, 1), Snapshot()), "keep void_and_post_again"),
    ((Load(), EditSage(0, 0), EditSage(0, 1), Reconcile()), "push accept field_by_field"),
    ((Load(), EditSage(0, 1), EditSource(0, 2), Snapshot(), Reconcile()), "push accept field_by_field"),
    ((Load(), DeleteSource(INVOICE), Snapshot()), "keep reverse later"),
    ((Load(), Renumber(0), Snapshot()), "same_record"),
    ((Load(), Renumber(0, CUSTOMER), Snapshot()), "same_record"),
    ((Load(), Renumber(0, PAYMENT), Snapshot()), "same_record"),
    ((Load(), ReplaceSource(0), Snapshot()), "two_records"),
    ((Load(), DeleteSage(3), Reconcile()), "write_again accept"),
    ((Load(), AddSage(0, Who.STRANGER), Reconcile()), "theirs"),
    ((AddSage(0, Who.NAMESAKE), Load()), "keep_apart"),
    ((AddSage(0, Who.TWIN), EditSource(0, 1), Load()), "adopt"),
    ((AddSageInvoice(0, Who.NAMESAKE), Load()), "keep_apart"),
    ((AddSageInvoice(0, Who.TWIN), EditSage(1, 1), DistrustStore()), "adopt"),
    ((AddSageInvoice(0, Who.TWIN), AddSageInvoice(0, Who.TWIN), DistrustStore()), "this_one"),
    ((AddSageInvoice(0, Who.NAMESAKE), AddSageInvoice(0, Who.NAMESAKE), Load()), "keep_apart"),
)
BEGINNINGS = st.one_of(
    LOADED,
    st.tuples(st.sampled_from(TO_DECIDE_ON), CHOICES).map(lambda parts: (*parts[0][0], Decide(0, parts[1]))),
)
HISTORIES = st.tuples(SAGES, BEGINNINGS, st.lists(OPERATIONS, min_size=3, max_size=12)).map(
    lambda parts: [operation for part in parts for operation in part]
)
