"""The conversation about one write, driven without a network, a store or a clock."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.call import Answer
from sagerecon.model.clock import DAY, HOUR, SECOND, instant_text
from sagerecon.model.draft import OnExisting
from sagerecon.planning.settling import (
    ANSWER_MAY_TAKE,
    REPLAY_WINDOW,
    SEARCH_LAG,
    SENDINGS,
    Attempt,
    Meaning,
    Remedy,
    State,
    idempotency_id,
    meaning,
    remedy,
    settled_at,
)
from sagerecon.planning.step import CreateStep, UpdateStep
from sagerecon.runner.answer import error_text
from sagerecon.runner.attempts import new_attempt
from sagerecon.runner.conversation import Conversation, NotRecorded, Recorded, Result, carry_out
from sagerecon.runner.lookup import CLOCKS_APART
from sagerecon.runner.request import NoteFailure, ReadPage, Request, Send, SendResult, WaitUntil

NOW = 1_800_000_000_000
CONTACT = {"name": "Oak Ltd", "contact_type_ids": ["CUSTOMER"], "reference": "C1"}
HELD = {"name": "Oak Ltd", "contact_types": [{"id": "CUSTOMER"}], "reference": "C1"}


def attempt(kind: str = "contact", **document: Any) -> Attempt:
    step = CreateStep(
        number=7,
        kind=kind,
        key="customers/C1",
        reason="",
        label="Oak Ltd",
        body={},
        identity={"reference": "C1"},
    )
    return new_attempt(step, catalog()[kind], document or CONTACT, run="run", business="B")


def sent(made: Attempt, at: int = NOW) -> Attempt:
    return replace(made, state=State.SENT, first_sent_at=at, sent_at=at, expires_at=at + 300 * SECOND)


def talk(made: Attempt, now: int = NOW, owner: str | None = None) -> Conversation:
    return carry_out(made, catalog(), "B", lambda kind, sage_id: owner, now)


def answered(request: Request, answer: Answer | None, now: int = NOW) -> SendResult:
    assert isinstance(request, Send)
    return SendResult(sent(request.attempt, now), answer, now)


def ended(conversation: Conversation, answer: Any) -> Result:
    try:
        request = conversation.send(answer)
    except StopIteration as end:
        ending: Result = end.value
        return ending
    raise AssertionError(f"the conversation continues with {request}")


def page(*items: dict[str, Any]) -> Answer:
    return Answer(200, {"$total": len(items), "$page": 1, "$next": None, "$items": list(items)})


def test_a_created_record_ends_the_conversation() -> None:
    conversation = talk(attempt())
    ending = ended(conversation, answered(next(conversation), Answer(201, {"id": "A1", **HELD})))
    assert isinstance(ending, Recorded) and ending.entity.sage_id == "A1"


def test_no_answer_is_followed_by_the_same_bytes_under_the_same_name() -> None:
    conversation = talk(attempt())
    first = next(conversation)
    failed = conversation.send(answered(first, None))
    assert isinstance(failed, NoteFailure) and failed.attempt.failures == 1
    second = conversation.send(NOW + SECOND)
    assert isinstance(first, Send) and isinstance(second, Send)
    assert second.attempt.body == first.attempt.body
    assert second.attempt.body["contact"]["idempotency_id"] == second.attempt.idempotency_id


def test_an_answer_without_an_id_leaves_it_in_doubt() -> None:
    conversation = talk(attempt())
    assert isinstance(conversation.send(answered(next(conversation), Answer(201, {}))), NoteFailure)


def test_a_rejection_of_the_first_sending_is_final() -> None:
    conversation = talk(attempt())
    answer = Answer(422, [{"$message": "This field is required.", "$source": "name"}])
    ending = ended(conversation, answered(next(conversation), answer))
    assert isinstance(ending, NotRecorded) and ending.is_known
    assert (ending.state, ending.finding.message) == (
        State.QUARANTINED,
        "Sage rejected Oak Ltd: name: This field is required.",
    )


def test_a_rejection_of_a_second_sending_is_looked_up() -> None:
    """Look the record up: a server that ignores the id rejects the second sending as a duplicate."""
    conversation = talk(sent(attempt()))
    rest = conversation.send(answered(next(conversation), Answer(422, [{"$message": "Already taken."}])))
    assert rest == WaitUntil(NOW + 300 * SECOND + SEARCH_LAG)
    read = conversation.send(rest.until)
    assert isinstance(read, ReadPage) and read.call.query["search"] == "C1"
    ending = ended(conversation, page({"id": "A1", **HELD}))
    assert isinstance(ending, Recorded) and ending.entity.sage_id == "A1"


def test_a_write_is_rejected_where_the_look_up_finds_nothing() -> None:
    conversation = talk(sent(attempt(), NOW - HOUR))
    conversation.send(None)
    conversation.send(SendResult(sent(attempt(), NOW - HOUR), Answer(422, [{"$message": "Wrong."}]), NOW))
    ending = ended(conversation, page())
    assert isinstance(ending, NotRecorded) and ending.state is State.QUARANTINED


class TestLookUps:
    def start(self, owner: str | None = None) -> Conversation:
        conversation = talk(sent(attempt(), NOW - 7 * DAY), owner=owner)
        assert isinstance(next(conversation), ReadPage)  # the window for a resend is over
        return conversation

    def test_one_equal_entity_is_the_record(self) -> None:
        ending = ended(self.start(), page({"id": "A1", **HELD}))
        assert isinstance(ending, Recorded)

    def test_an_equal_entity_created_long_before_needs_review(self) -> None:
        """It is another's, or one of the two clocks is wrong: neither adopt it nor send again."""
        ending = ended(self.start(), page({"id": "A1", **HELD, "created_at": "2020-01-01T00:00:00Z"}))
        assert isinstance(ending, NotRecorded)
        assert (ending.state, ending.finding.code) == (State.QUARANTINED, "in_doubt")

    @pytest.mark.parametrize(("earlier", "made"), [(0, Recorded), (SECOND, NotRecorded)])
    def test_sages_clock_may_be_slow_by_five_minutes(self, earlier: int, made: type) -> None:
        at = instant_text(NOW - 7 * DAY - CLOCKS_APART - earlier)
        assert isinstance(ended(self.start(), page({"id": "A1", **HELD, "created_at": at})), made)

    def test_both_sendings_are_looked_up(self) -> None:
        """Look up both: the first sending may have been saved, days before the last."""
        begun = sent(attempt(), NOW - 7 * DAY)
        twice = replace(begun, sent_at=NOW - DAY, step=replace(begun.step, identity={}))
        conversation = talk(twice)
        request = next(conversation)
        assert isinstance(request, ReadPage)
        since = instant_text(NOW - 7 * DAY - CLOCKS_APART)
        assert request.call.query[catalog()["contact"].changed_since] == since
        ending = ended(conversation, page({"id": "A1", **HELD, "created_at": instant_text(NOW - 7 * DAY)}))
        assert isinstance(ending, Recorded)

    def test_an_equal_entity_of_any_age_is_adopted_where_the_mapping_adopts(self) -> None:
        """Adopt it at any age: the clock may have stepped back between the two sendings."""
        begun = sent(attempt(), NOW - 7 * DAY)
        step = replace(begun.step, on_existing=OnExisting.ADOPT_IF_EQUAL)
        conversation = talk(replace(begun, step=step))
        assert isinstance(next(conversation), ReadPage)
        ending = ended(conversation, page({"id": "A1", **HELD, "created_at": "2020-01-01T00:00:00Z"}))
        assert isinstance(ending, Recorded) and ending.entity.sage_id == "A1"

    @pytest.mark.parametrize("on_existing", [OnExisting.CREATE, OnExisting.ADOPT_IF_EQUAL])
    def test_an_older_twin_of_a_record_without_identity_needs_review(self, on_existing: OnExisting) -> None:
        begun = sent(attempt(), NOW - 7 * DAY)
        step = CreateStep(
            number=7, kind="contact", key="customers/C1", reason="", body={}, on_existing=on_existing
        )
        conversation = talk(replace(begun, step=step))
        assert isinstance(next(conversation), ReadPage)
        ending = ended(conversation, page({"id": "A1", **HELD, "created_at": "2020-01-01T00:00:00Z"}))
        assert isinstance(ending, NotRecorded)
        assert (ending.state, ending.finding.code) == (State.QUARANTINED, "in_doubt")

    @pytest.mark.parametrize("gone", [{"deleted_at": "2026-01-01T00:00:00Z"}, {"status": {"id": "VOID"}}])
    def test_an_equal_entity_that_was_deleted_is_not(self, gone: dict[str, object]) -> None:
        assert isinstance(self.start().send(page({"id": "A1", **HELD, **gone})), Send)

    def test_whether_an_entity_was_deleted_is_asked_for(self) -> None:
        request = next(talk(sent(attempt("sales_invoice"), NOW - 7 * DAY)))
        assert isinstance(request, ReadPage)
        assert {"status", "deleted_at"} <= set(request.call.query["attributes"].split(","))

    def test_the_entity_that_it_replaces_is_not(self) -> None:
        begun = sent(attempt(), NOW - 7 * DAY)
        conversation = talk(replace(begun, step=replace(begun.step, replaces="A1")), owner="customers/C1")
        assert isinstance(next(conversation), ReadPage)
        assert isinstance(conversation.send(page({"id": "A1", **HELD})), Send)

    def test_an_entity_of_another_record_is_not(self) -> None:
        assert isinstance(self.start("customers/C2").send(page({"id": "A1", **HELD})), Send)

    def test_two_equal_entities_need_review(self) -> None:
        ending = ended(self.start(), page({"id": "A1", **HELD}, {"id": "A2", **HELD}))
        assert isinstance(ending, NotRecorded)
        assert (ending.state, ending.finding.code) == (State.QUARANTINED, "in_doubt")

    def test_an_entity_with_its_key_that_differs_needs_review(self) -> None:
        ending = ended(self.start(), page({"id": "A1", **HELD, "name": "Elm Ltd"}))
        assert isinstance(ending, NotRecorded)
        assert "name is 'Elm Ltd' and would be 'Oak Ltd'" in ending.finding.message

    @pytest.mark.parametrize(("failures", "epoch"), [(0, 0), (SENDINGS - 1, 0), (SENDINGS, 1)])
    def test_no_entity_means_a_sending_as_the_first(self, failures: int, epoch: int) -> None:
        """Send it under its name, and under a new one only where Sage may repeat the failure of that."""
        conversation = talk(replace(sent(attempt(), NOW - 7 * DAY), failures=failures))
        next(conversation)
        again = conversation.send(page())
        assert isinstance(again, Send)
        assert (again.attempt.epoch, again.attempt.state) == (epoch, State.PLANNED)
        assert (again.attempt.idempotency_id == attempt().idempotency_id) is (epoch == 0)

    def test_every_page_is_read(self) -> None:
        conversation = self.start()
        items = [{"id": f"{n}", "reference": "C10"} for n in range(200)]
        more = Answer(200, {"$total": 201, "$page": 1, "$next": "/contacts?page=2", "$items": items})
        requested = conversation.send(more)
        assert isinstance(requested, ReadPage) and requested.call.query["page"] == "2"
        last = Answer(200, {"$total": 201, "$page": 2, "$next": None, "$items": [{"id": "A1", **HELD}]})
        assert isinstance(ended(conversation, last), Recorded)

    def test_a_look_up_without_an_answer_leaves_it_in_doubt(self) -> None:
        ending = ended(self.start(), None)
        assert isinstance(ending, NotRecorded)
        assert (ending.state, ending.is_known) == (State.PARKED, False)

    def test_a_kind_without_a_listing_needs_review(self) -> None:
        settings = attempt("financial_settings", tax_number="1")
        conversation = talk(sent(replace(settings, idempotency_id=""), NOW - 7 * DAY))
        ending = ended(conversation, None)
        assert isinstance(ending, NotRecorded) and "no listing" in ending.finding.message


def test_two_rounds_of_failures_park_it() -> None:
    conversation, answer, sends, reads = talk(attempt()), None, 0, 0
    while True:
        try:
            request = conversation.send(answer)
        except StopIteration as end:
            ending = end.value
            break
        match request:
            case Send():
                sends += 1
                answer = answered(request, Answer(500, None))
            case ReadPage():
                reads += 1
                answer = page()
            case _:
                answer = NOW
    assert (sends, reads) == (2 * SENDINGS, 2)
    assert isinstance(ending, NotRecorded)
    assert (ending.state, ending.is_known, ending.attempt.epoch) == (State.PARKED, True, 2)


def test_a_change_is_sent_again_and_then_parked_in_doubt() -> None:
    step = UpdateStep(number=7, kind="contact", key="customers/C1", reason="", body={}, changed=())
    made = new_attempt(step, catalog()["contact"], CONTACT, run="run", business="B", sage_id="A1")
    assert (made.method, made.path) == ("PUT", "/contacts/A1")
    conversation = talk(made)
    request: Request = next(conversation)
    for _ in range(SENDINGS - 1):
        conversation.send(answered(request, None))
        request = conversation.send(NOW)
    conversation.send(answered(request, None))
    ending = ended(conversation, NOW)
    assert isinstance(ending, NotRecorded) and not ending.is_known


def test_a_change_leaves_out_what_may_not_be_changed() -> None:
    kind = catalog()["contact"]
    assert not kind.fields["email"].update and not kind.fields["balance"].update
    document = {**CONTACT, "email": "ada@oak.example", "balance": "7.00", "notes": "Pays late.", "new": "1"}
    update = UpdateStep(number=7, kind="contact", key="customers/C1", reason="", body={}, changed=())
    changed = new_attempt(update, kind, document, run="run", business="B", sage_id="A1")
    assert changed.body["contact"].keys() - {"idempotency_id"} == {*CONTACT, "notes", "new"}
    create = CreateStep(number=7, kind="contact", key="customers/C1", reason="", body={})
    created = new_attempt(create, kind, document, run="run", business="B")
    assert created.body["contact"].keys() - {"idempotency_id"} == document.keys()


@pytest.mark.parametrize(
    ("first_sent", "last_sent", "failures", "expected"),
    [
        (1, 1, 0, Remedy.RESEND),
        (REPLAY_WINDOW - 1, 1, 0, Remedy.RESEND),
        (REPLAY_WINDOW, 1, 0, Remedy.LOOK_UP),  # counted from the first sending
        (REPLAY_WINDOW + 1, REPLAY_WINDOW + 1, 0, Remedy.LOOK_UP),
        (1, 1, SENDINGS - 1, Remedy.RESEND),
        (1, 1, SENDINGS, Remedy.LOOK_UP),
    ],
)
def test_when_the_same_bytes_are_sent_again(
    first_sent: int, last_sent: int, failures: int, expected: Remedy
) -> None:
    """Compare with sendings `first_sent` and `last_sent` milliseconds ago."""
    doubtful = replace(
        sent(attempt()), first_sent_at=NOW - first_sent, sent_at=NOW - last_sent, failures=failures
    )
    assert remedy(doubtful, NOW) is expected
    assert remedy(replace(doubtful, idempotency_id=""), NOW) is Remedy.LOOK_UP
    change = replace(
        doubtful, step=UpdateStep(kind="contact", key="customers/C1", reason="", body={}, changed=())
    )
    assert remedy(change, NOW) is Remedy.RESEND


@pytest.mark.parametrize(
    ("sent_at", "expires_at", "expected"),
    [
        (0, 300 * SECOND, 300 * SECOND + SEARCH_LAG),
        (0, 0, ANSWER_MAY_TAKE + SEARCH_LAG),
        (200 * SECOND, 300 * SECOND, 200 * SECOND + ANSWER_MAY_TAKE + SEARCH_LAG),
    ],
)
def test_when_a_look_up_can_be_relied_on(sent_at: int, expires_at: int, expected: int) -> None:
    assert settled_at(replace(sent(attempt()), sent_at=sent_at, expires_at=expires_at)) == expected


def test_what_each_status_means() -> None:
    by_status = {status: meaning(Answer(status, None)) for status in range(200, 600)}
    assert by_status[200] is by_status[201] is by_status[204] is Meaning.DONE
    assert {s for s, m in by_status.items() if m is Meaning.RATE_LIMITED} == {429}
    assert {s for s, m in by_status.items() if m is Meaning.FORBIDDEN} == {401, 403}
    for status in (400, 404, 405, 409, 415, 422):
        assert by_status[status] is Meaning.REJECTED
    for status in (300, 302, 408, 500, 502, 503, 504, 525):
        assert by_status[status] is Meaning.UNKNOWN


def test_the_error_text_is_sages_messages() -> None:
    assert error_text(
        Answer(422, [{"$message": "A.", "$source": "x"}, {"$message": "B.", "$source": "base"}])
    ) == ("x: A; B")
    assert error_text(Answer(503, None)) == "status 503"


@given(st.lists(st.tuples(*[st.text(max_size=4)] * 4, st.integers(0, 3)), max_size=30, unique=True))
def test_no_two_writes_share_a_name(writes: list[tuple[str, str, str, str, int]]) -> None:
    names = {idempotency_id(*write) for write in writes}
    assert len(names) == len(writes)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


def test_the_name_of_a_write_is_the_same_in_every_version() -> None:
    """Keep the names: a run whose store was lost sends them again, perhaps from a newer program."""
    create = idempotency_id("B", "contact", "customers/C1", "{}", 0)
    change = idempotency_id("B", "contact", "customers/C1", "{}", 0, "plan")
    assert (create, change) == ("b1674d6c6ef0db2c0409213d5e90cd99", "0446379acb70d52a6563792428af8186")


def test_an_answer_is_waited_for_before_a_look_up() -> None:
    assert ANSWER_MAY_TAKE > 60 * SECOND
