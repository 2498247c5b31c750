"""Faults between client and server, and what the books hold afterwards."""

from __future__ import annotations

import json

import pytest
from small_sage import ADA, APP, OAK, SECRET, bearer, records, small_sage

from sagerecon.model.errors import ProjectError
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, SeededFaults, Trigger, read_faults
from sagerecon.rehearsal.reply import Dropped, Reply
from sagerecon.rehearsal.sage import RehearsalSage

BODY = json.dumps({"contact": {"name": "Oak"}}).encode()


def struck(fault: Fault) -> tuple[RehearsalSage, Reply | Dropped]:
    """Send a POST that the fault meets; return the rehearsal and the outcome."""
    sage = small_sage()
    headers = bearer(sage)
    sage.faults = ScheduledFaults([(Trigger(1), fault)])
    try:
        return sage, sage.request("POST", "/v3.1/contacts", headers, BODY)
    except Dropped as drop:
        return sage, drop


@pytest.mark.parametrize(
    ("fault_type", "sent", "saved"),
    [(FaultType.REFUSED, False, 0), (FaultType.RESET, True, 0), (FaultType.ANSWER_LOST, True, 1)],
)
def test_a_dropped_connection_does_not_show_what_was_saved(
    fault_type: FaultType, sent: bool, saved: int
) -> None:
    sage, outcome = struck(Fault(fault_type))
    assert isinstance(outcome, Dropped)
    assert outcome.sent is sent
    assert len(records(sage)) == saved


@pytest.mark.parametrize(
    ("fault_type", "status", "saved"),
    [
        (FaultType.ERROR, 500, 0),
        (FaultType.ERROR_SAVED, 500, 1),
        (FaultType.ERROR, 502, 0),
        (FaultType.ERROR_SAVED, 504, 1),
        (FaultType.ERROR, 525, 0),
    ],
)
def test_an_error_does_not_show_what_was_saved(fault_type: FaultType, status: int, saved: int) -> None:
    sage, outcome = struck(Fault(fault_type, status=status))
    assert isinstance(outcome, Reply)
    assert outcome.status == status
    assert (outcome.headers["Content-Type"] == "application/json") == (status == 500)
    assert len(records(sage)) == saved


def test_an_answer_can_be_truncated_replaced_slow_or_of_another_business() -> None:
    sage, cut = struck(Fault(FaultType.TRUNCATED))
    assert isinstance(cut, Reply)
    assert cut.is_cut
    assert len(records(sage)) == 1
    sage, page = struck(Fault(FaultType.NOT_JSON))
    assert isinstance(page, Reply)
    assert page.status == 200
    assert page.body.startswith(b"<html>")
    assert len(records(sage)) == 1
    _, slow = struck(Fault(FaultType.SLOW, milliseconds=70_000))
    assert isinstance(slow, Reply)
    assert (slow.status, slow.elapsed_milliseconds) == (201, 70_000)
    _, wrong = struck(Fault(FaultType.WRONG_ECHO))
    assert isinstance(wrong, Reply)
    assert wrong.headers["X-Business"] != OAK


def test_a_request_delivered_twice_is_carried_out_twice_unless_it_has_an_id() -> None:
    sage, _ = struck(Fault(FaultType.DUPLICATE))
    assert len(records(sage)) == 2
    sage = small_sage()
    sage.faults = ScheduledFaults([(Trigger(1), Fault(FaultType.DUPLICATE))])
    named = json.dumps({"contact": {"name": "Oak", "idempotency_id": "d" * 32}}).encode()
    assert sage.request("POST", "/v3.1/contacts", bearer(sage), named).status == 201
    assert len(records(sage)) == 1


def test_an_injected_429_books_nothing() -> None:
    sage, reply = struck(Fault(FaultType.TOO_MANY))
    assert isinstance(reply, Reply)
    assert reply.status == 429
    assert sage.limits.used(OAK, sage.clock.now()) == (0, 0)


def test_another_user_edits_between_calls() -> None:
    sage = small_sage()
    headers = bearer(sage)
    sage.request("POST", "/v3.1/contacts", headers, BODY)
    edit = Fault(FaultType.EDIT, edit=records(sage).clear)
    sage.faults = ScheduledFaults([(Trigger(2, "GET"), edit)])
    assert json.loads(sage.request("GET", "/v3.1/contacts", headers).body)["$total"] == 1
    assert json.loads(sage.request("GET", "/v3.1/contacts", headers).body)["$total"] == 0


def test_the_token_endpoint_may_fail_after_rotating() -> None:
    sage = small_sage()
    refresh = sage.grant(APP, ADA, OAK)["refresh_token"]
    form = f"grant_type=refresh_token&client_id={APP}&client_secret={SECRET}&refresh_token={refresh}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sage.faults = ScheduledFaults([(Trigger(1, "POST", "/token"), Fault(FaultType.ANSWER_LOST))])
    with pytest.raises(Dropped):
        sage.request("POST", "/token", headers, form)
    again = sage.request("POST", "/token", headers, form)
    assert (again.status, json.loads(again.body)["error"]) == (400, "invalid_grant")


def test_a_trigger_counts_only_matching_requests() -> None:
    faults = ScheduledFaults([(Trigger(2, "POST", "/contacts", times=2), Fault(FaultType.RESET))])
    story = [("POST", "/contacts"), ("GET", "/contacts"), *[("POST", "/contacts")] * 3]
    assert [bool(faults.faults_for(*request)) for request in story] == [False, False, True, True, False]


def test_random_faults_are_reproducible_and_have_the_given_shares() -> None:
    def strikes(seed: int) -> list[tuple[Fault, ...]]:
        faults = SeededFaults(seed, {FaultType.ANSWER_LOST: 40, FaultType.ERROR: 40})
        return [faults.faults_for("POST", "/contacts") for _ in range(5_000)]

    assert strikes(3) == strikes(3)
    assert strikes(3) != strikes(4)
    assert 300 < sum(map(bool, strikes(3))) < 500


def test_faults_can_be_written_down() -> None:
    faults = read_faults("answer_lost POST /contacts 2; error=503 any / 1; slow=70000 get /products 1;")
    assert faults.faults_for("POST", "/contacts") == (Fault(FaultType.ERROR, status=503),)
    assert faults.faults_for("POST", "/contacts")[0].type is FaultType.ANSWER_LOST
    assert faults.faults_for("GET", "/products/1")[0].milliseconds == 70_000


@pytest.mark.parametrize("text", ["answer_lost", "sunshine POST / 1", "error POST / x"])
def test_an_invalid_fault_shows_the_expected_form(text: str) -> None:
    with pytest.raises(ProjectError, match="is not a valid fault"):
        read_faults(text)
