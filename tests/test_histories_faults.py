"""Faults planted in the product, each at one place: the promises of `history_steps` find every one.

Nothing here is asserted for a fault. Each is found in a short history of its own, by what is checked of any
history, and the same history passes without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from history_decisions import Decide
from history_memory import IgnoreIdempotency
from history_oracle import Violation
from history_source import INVOICE
from history_steps import (
    Apply,
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
    RestoreStore,
    Snapshot,
    StepClock,
    Wait,
    happen,
)
from history_world import Fail, Kill, ShortPages, new_world, quick_folder

from sagerecon.model.clock import ServerClock
from sagerecon.model.reading import Reading
from sagerecon.pairing import held, pair, read_from_sage, settlement
from sagerecon.pairing.answers import DecisionAnswer, proposal
from sagerecon.pairing.before_update import LastLook
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.standing import Standing
from sagerecon.planning import record_steps
from sagerecon.planning.settling import Attempt, Remedy, idempotency_id
from sagerecon.planning.step import ReadStep
from sagerecon.reconciliation import sage_readings
from sagerecon.rehearsal.faults import Fault, FaultType
from sagerecon.runner import conversation, reading, reversing, run, updating
from sagerecon.runner.context import RunContext
from sagerecon.runner.pages import Page, read_page
from sagerecon.store.call_ledger import CallLedger
from sagerecon.store.id_map import IdMap
from sagerecon.store.run_log import RunLog
from sagerecon.store.witness import Witness

Patch = pytest.MonkeyPatch


def resend_without_look_up(patch: Patch) -> None:
    patch.setattr(conversation, "remedy", lambda *_: Remedy.RESEND)


def forget_what_is_in_doubt(patch: Patch) -> None:
    patch.setattr(run, "settle_doubts", lambda *_: None)


def name_a_write_anew_at_each_start(patch: Patch) -> None:
    in_doubt = RunLog.in_doubt

    def renamed(attempt: Attempt) -> Attempt:
        name = token_hex(16)
        fields = {**attempt.body[attempt.step.kind], "idempotency_id": name}
        return replace(attempt, body={attempt.step.kind: fields}, idempotency_id=name)

    patch.setattr(RunLog, "in_doubt", lambda log: [renamed(attempt) for attempt in in_doubt(log)])


def lose_the_id_map(patch: Patch) -> None:
    def add(id_map: IdMap, kind: str, key: str, sage_id: str, content: str, *_: object) -> None:
        id_map._remember(kind, key, sage_id, content)  # until the process ends

    patch.setattr(IdMap, "add", add)


def ignore_the_witness(patch: Patch) -> None:
    patch.setattr(Witness, "require_complete", lambda *_: True)


def create_what_was_renamed(patch: Patch) -> None:
    patch.setattr(pair, "find_renames", lambda *_: {})


def update_without_looking(patch: Patch) -> None:
    patch.setattr(updating, "last_look", lambda *_: LastLook(Standing.SOURCE_CHANGED))


def take_a_failed_page_as_empty(patch: Patch) -> None:
    def set_aside(step: ReadStep, context: RunContext, _: object) -> None:
        context.log.record_page(context.run, step, 1, [], total=0, is_last=True)

    patch.setattr(reading, "_set_aside", set_aside)


def ignore_the_total_of_a_page(patch: Patch) -> None:
    def read(body: Any, page: int, query: Mapping[str, str]) -> Page:
        shown = {name: value for name, value in body.items() if name != "$total"}
        return read_page(shown if isinstance(body, dict) else body, page, query)

    patch.setattr(reading, "read_page", read)


def call_a_part_of_a_kind_the_whole(patch: Patch) -> None:
    def whole(readings: Sequence[Reading]) -> frozenset[str]:
        return frozenset(found.kind for found in readings)

    patch.setattr(sage_readings, "kinds_read_whole", whole)
    patch.setattr(read_from_sage, "kinds_read_whole", whole)


def take_deleted_as_there(patch: Patch) -> None:
    for place in (held, read_from_sage):
        patch.setattr(place, "is_gone", lambda _: False)


def refund_calls_without_an_answer(patch: Patch) -> None:
    received = CallLedger.received

    def refund(ledger: CallLedger, size: int, *, is_call: bool = True, has_answer: bool = True) -> None:
        if has_answer:
            received(ledger, size, is_call=is_call)
        else:
            ledger.refund()

    patch.setattr(CallLedger, "received", refund)


def ignore_the_time_that_sage_states(patch: Patch) -> None:
    patch.setattr(ServerClock, "observe", lambda clock, *_: setattr(clock, "is_confirmed", True))


def push_over_newer_edits(patch: Patch) -> None:
    may_be_sent = updating._may_be_sent
    patch.setattr(updating, "_may_be_sent", lambda step, look: bool(step.covers) or may_be_sent(step, look))


def delete_without_looking(patch: Patch) -> None:
    patch.setattr(reversing, "sage_edits", lambda *_: ())


def write_again_under_the_same_name(patch: Patch) -> None:
    def named(business: str, kind: str, key: str, body: str, epoch: int, apart: str = "") -> str:
        return idempotency_id(business, kind, key, body, epoch)

    patch.setattr(conversation, "idempotency_id", named)


def let_no_decision_lapse(patch: Patch) -> None:
    patch.setattr(settlement, "_why_lapsed", lambda *_: "")


def put_back_what_was_deleted(patch: Patch) -> None:
    by_standing = {**PROPOSALS, Standing.DELETED_IN_SAGE: Proposal.WRITE_AGAIN}
    patch.setattr(record_steps, "PROPOSALS", by_standing)


def delete_what_is_to_be_kept(patch: Patch) -> None:
    def reverse(found: Standing, answer: DecisionAnswer | None) -> Proposal:
        return Proposal.REVERSE if answer is DecisionAnswer.KEEP else proposal(found, answer)

    patch.setattr(record_steps, "proposal", reverse)


@dataclass(frozen=True)
class Planted:
    """A fault, and a history in which it shows."""

    plant: Callable[[Patch], None]
    history: Sequence[Operation]


#: The fourth record sent is an invoice, created without a look at Sage, and the ninth answer is to another.
LOST_ANSWER = Fail("POST", 4, Fault(FaultType.ANSWER_LOST))
KILLED_AFTER = Kill(8, "after answer")
UNREADABLE = Fail("GET", 1, Fault(FaultType.ERROR, status=403), times=99)
NO_ANSWERS = Fail("GET", 1, Fault(FaultType.ANSWER_LOST), times=99)

PLANTED = (
    Planted(resend_without_look_up, [IgnoreIdempotency(), Load(LOST_ANSWER)]),
    Planted(forget_what_is_in_doubt, [IgnoreIdempotency(), Load(KILLED_AFTER)]),
    Planted(name_a_write_anew_at_each_start, [Load(KILLED_AFTER)]),
    Planted(lose_the_id_map, [Load(), Wait(200)]),
    Planted(ignore_the_witness, [KeepStore(), Load(), Wait(200), RestoreStore(0)]),
    Planted(create_what_was_renamed, [Load(), Renumber(0), Load()]),
    Planted(update_without_looking, [Load(), EditSage(0, 1), EditSource(0, 1), EditSource(1, 1)]),
    Planted(take_a_failed_page_as_empty, [Load(), Reconcile(UNREADABLE)]),
    Planted(ignore_the_total_of_a_page, [Load(), Reconcile(ShortPages(1))]),
    Planted(call_a_part_of_a_kind_the_whole, [Load(), Reconcile(UNREADABLE)]),
    Planted(take_deleted_as_there, [Load(), DeleteSage(2)]),
    Planted(
        push_over_newer_edits,
        [
            *(Load(), EditSage(0, 1), Reconcile(), Decide(0, 0)),
            *(Snapshot(), MakePlan(), EditSage(0, 3), Apply()),
        ],
    ),
    Planted(
        delete_without_looking,
        [*(Load(), DeleteSource(INVOICE), Snapshot(), Decide(0, 1)), *(MakePlan(), EditSage(2, 1), Apply())],
    ),
    Planted(write_again_under_the_same_name, [Load(), DeleteSage(2), Reconcile(), Decide(0, 0), Load()]),
    Planted(
        let_no_decision_lapse,
        [*(Load(), EditSage(0, 1), Reconcile(), Decide(0, 0)), *(EditSage(0, 3), Reconcile(), Load())],
    ),
    Planted(put_back_what_was_deleted, [Load(), DeleteSage(2), Reconcile(), Load()]),
    Planted(delete_what_is_to_be_kept, [Load(), DeleteSource(INVOICE), Snapshot(), Decide(0, 0), Load()]),
    Planted(refund_calls_without_an_answer, [Load(), *[Reconcile(NO_ANSWERS)] * 12]),
    Planted(
        ignore_the_time_that_sage_states, [Load(), *[Reconcile()] * 9, StepClock(26), *[Reconcile()] * 6]
    ),
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.plant.__name__)
def test_a_planted_fault_is_found(home: Path, planted: Planted) -> None:
    with new_world(home) as world:
        happen(world, planted.history)
    with pytest.MonkeyPatch.context() as patch, new_world(home) as world:
        planted.plant(patch)
        with pytest.raises(Violation):
            happen(world, planted.history)
