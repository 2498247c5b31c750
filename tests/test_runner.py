"""The runner against Sage in memory: order, adoption, rejections, windows, stops."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from memory_sage import faults_at
from runs import Crash, Desk, customer, desk, invoice, quick_folder, references, twenty

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND
from sagerecon.model.door import Door
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Quarantined, Reference
from sagerecon.model.errors import AuthorizationError, NoAnswerError, PlanStaleError, WrongBusinessError
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import State
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended


@pytest.fixture
def here() -> Iterator[Desk]:
    with quick_folder() as folder:
        yield desk(folder)


def set_aside(here: Desk) -> dict[str, tuple[State, str]]:
    with here.open() as store:
        return {
            aside.step.key: (aside.state, aside.findings[0].message)
            for aside in store.company("B").history.set_aside()
        }


def hints(here: Desk) -> dict[str, str]:
    with here.open() as store:
        return {aside.step.key: aside.findings[0].hint for aside in store.company("B").history.set_aside()}


def test_a_plan_is_carried_out_and_used_up(here: Desk) -> None:
    here.planned(twenty())
    outcome = here.go()
    assert (outcome.ended, outcome.calls, outcome.counts) == (Ended.FINISHED, 20, {"read": 1, "created": 19})
    first = here.sage.bodies_of("sales_invoice")[0]
    assert first["contact_id"] == here.sage.bodies_of("contact")[0]["id"]
    with pytest.raises(PlanStaleError, match="cannot be used again"):
        here.go()


def test_what_was_written_is_recorded(here: Desk) -> None:
    here.planned([customer(1)])
    here.go()
    with here.open() as store:
        (written,) = store.company("B").history.written()
        assert (written.kind, written.key, written.adopted) == ("contact", "customers/C1", False)
        assert written.sent == {
            "name": "Firm 1",
            "contact_type_ids": ["CUSTOMER"],
            "reference": "C1",
        }
        assert written.answer["id"] == written.sage_id == here.sage.bodies_of("contact")[0]["id"]
    again = here.planned([customer(1)])
    assert [step.action.value for step in again.steps] == ["skip"]


def test_progress_reports_each_step_and_every_wait(here: Desk) -> None:
    here.sage.fault = faults_at(limit=2)
    here.planned(twenty())
    told: list[Progress] = []
    here.go(on_progress=told.append)
    assert [progress.event for progress in told[:5]] == [
        "read",
        "created",
        "rate_limited",
        "waiting",
        "created",
    ]
    assert told[3].until > told[3].at
    assert [progress.key for progress in told[2:4]] == ["customers/C1"] * 2
    assert (told[-1].done, told[-1].of, told[-1].calls) == (19, 20, 21)


class TestAdoption:
    def given(self, here: Desk, **body: Any) -> str:
        links = {"contact_types": [{"id": "CUSTOMER", "displayed_as": "Customer"}]}
        found = {"name": "Firm 1", "reference": "C1", **links, **body}
        return str(here.sage.add("contact", **found)["id"])

    def draft(self, on_existing: OnExisting) -> Draft:
        return replace(customer(1), on_existing=on_existing)

    def test_an_equal_entity_is_adopted(self, here: Desk) -> None:
        sage_id = self.given(here)
        here.planned([customer(1), invoice(1, "customers/C1")])
        assert here.go().counts == {"read": 1, "adopted": 1, "created": 1}
        assert here.sage.bodies_of("sales_invoice")[0]["contact_id"] == sage_id
        with here.open() as store:
            written = {w.key: w for w in store.company("B").history.written()}
        assert written["customers/C1"].adopted
        assert written["customers/C1"].answer["id"] == sage_id

    def test_an_entity_that_differs_is_quarantined_with_the_difference(self, here: Desk) -> None:
        self.given(here, name="Firm One")
        here.planned([customer(1), invoice(1, "customers/C1"), customer(2)])
        assert here.go().counts == {"read": 1, "quarantined": 1, "created": 1, "blocked": 1}
        reasons = set_aside(here)
        assert reasons["customers/C1"] == (
            State.QUARANTINED,
            "Sage holds Firm 1 already (reference C1), and it differs:"
            " name is 'Firm One' and would be 'Firm 1'.",
        )
        assert reasons["invoices/I1"][0] is State.BLOCKED
        assert "customers/C1" in reasons["invoices/I1"][1]

    def test_an_entity_that_differs_is_adopted_where_the_mapping_allows_it(self, here: Desk) -> None:
        self.given(here, name="Firm One")
        here.planned([self.draft(OnExisting.ADOPT)])
        assert here.go().counts == {"read": 1, "adopted": 1}

    def test_an_existing_entity_is_quarantined_where_the_mapping_forbids_it(self, here: Desk) -> None:
        self.given(here)
        here.planned([self.draft(OnExisting.ERROR)])
        assert here.go().counts == {"read": 1, "quarantined": 1}

    def test_two_entities_with_one_key_are_quarantined(self, here: Desk) -> None:
        self.given(here)
        self.given(here)
        here.planned([customer(1)])
        here.go()
        assert "2 entities" in set_aside(here)["customers/C1"][1]

    def test_nothing_is_created_where_the_listing_could_not_be_read(self, here: Desk) -> None:
        self.given(here)
        here.sage.forbidden.add("contact")
        here.planned([customer(1), customer(2)])
        assert here.go().counts == {"parked": 1, "blocked": 2}
        here.sage.forbidden.clear()
        assert here.go().counts == {"read": 1, "adopted": 1, "created": 1}

    def test_an_entity_of_another_record_is_not_adopted(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.go()
        here.planned([customer(1), replace(customer(1), key="suppliers/C1")])
        assert here.go().counts == {"read": 1, "skipped": 1, "quarantined": 1}
        assert "customers/C1" in set_aside(here)["suppliers/C1"][1]

    def test_an_entity_with_a_new_key_is_not_found_by_the_old_one(self, here: Desk) -> None:
        self.given(here, name="Firm One")
        here.planned([customer(1)])
        assert here.go().counts["quarantined"] == 1
        here.sage.bodies_of("contact")[0]["reference"] = "X1"
        here.planned([customer(1)])
        assert here.go().counts == {"read": 1, "created": 1}

    @pytest.mark.parametrize("left", [0, 1])
    def test_an_entity_deleted_since_it_was_read_is_not_found(self, here: Desk, left: int) -> None:
        self.given(here, name="Firm One")
        here.sage.add("contact", name="Without a reference")
        here.planned([customer(1)])
        assert here.go().counts["quarantined"] == 1
        here.sage.entities["contact"] = here.sage.entities["contact"][1 : 1 + left]
        here.planned([customer(1)])
        assert here.go().counts == {"read": 1, "created": 1}

    def test_a_written_entity_is_known_by_its_key_after_another_reading(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.go()
        here.sage.entities["contact"].clear()
        here.planned([customer(2)])
        here.go()
        with here.open() as store:
            assert store.company("B").id_map.sage_id("contact", NaturalKey("reference", "C1")) is not None

    @pytest.mark.parametrize(("whose", "outcome"), [("another", "created"), ("ours", "adopted")])
    def test_a_key_that_is_not_unique_counts_for_one_contact(
        self, here: Desk, whose: str, outcome: str
    ) -> None:
        here.planned([customer(1)])
        here.go()
        contact = here.sage.bodies_of("contact")[0]["id"] if whose == "ours" else "f" * 32
        here.sage.add("purchase_invoice", vendor_reference="17", contact={"id": contact})
        bill = Draft(
            "purchase_invoice",
            "bills/17",
            {"contact_id": Reference("contact", "customers/C1"), "vendor_reference": "17"},
            {"vendor_reference": "17"},
            (Place("bills.csv", 2),),
            Place("bills.yaml", 1),
        )
        here.planned([customer(1), bill])
        assert here.go().counts == {"read": 1, "skipped": 1, outcome: 1}


class TestReferences:
    def account(self, code: str) -> Draft:
        account = Reference("ledger_account", NaturalKey("nominal_code", code))
        made = invoice(1, "customers/C1")
        line = {"ledger_account_id": account, "description": "Work"}
        return replace(made, body={**made.body, "invoice_lines": [line]}, identity={}, label="")

    def test_an_account_is_found_by_its_number_however_it_is_written(self, here: Desk) -> None:
        account = here.sage.add("ledger_account", nominal_code=41)
        here.planned([customer(1), self.account("0041")])
        assert here.go().counts == {"read": 2, "created": 2}
        (line,) = here.sage.bodies_of("sales_invoice")[0]["invoice_lines"]
        assert line["ledger_account_id"] == account["id"]

    def test_a_reference_that_sage_does_not_hold_blocks_the_record(self, here: Desk) -> None:
        here.planned([customer(1), self.account("9999")])
        assert here.go().counts == {"read": 2, "created": 1, "blocked": 1}
        assert "not found in Sage" in set_aside(here)["invoices/I1"][1]

    def test_a_blocked_record_is_sent_once_sage_holds_what_it_refers_to(self, here: Desk) -> None:
        here.planned([customer(1), self.account("41"), invoice(2, "customers/C1")])
        assert here.go().counts == {"read": 2, "created": 2, "blocked": 1}
        assert "run the same command again" in hints(here)["invoices/I1"]
        assert here.go().counts == {"before": 3, "read": 1, "blocked": 1}
        account = here.sage.add("ledger_account", nominal_code=41)
        assert here.go().counts == {"before": 3, "read": 1, "created": 1}
        lines = [body["invoice_lines"][0] for body in here.sage.bodies_of("sales_invoice")]
        assert [line.get("ledger_account_id") for line in lines] == [None, account["id"]]
        with pytest.raises(PlanStaleError, match="was completed"):
            here.go()

    def test_a_blocked_record_is_sent_once_one_of_two_entities_is_deleted(self, here: Desk) -> None:
        here.sage.add("ledger_account", nominal_code=41)
        account = here.sage.add("ledger_account", nominal_code=41)
        here.planned([customer(1), self.account("41")])
        assert here.go().counts["blocked"] == 1
        here.sage.entities["ledger_account"] = [account]
        assert here.go().counts == {"before": 2, "read": 1, "created": 1}

    def test_a_listing_read_again_that_fails_is_read_by_the_next_start(self, here: Desk) -> None:
        here.planned([customer(1), self.account("41")])
        here.go()
        here.sage.add("ledger_account", nominal_code=41)
        here.sage.forbidden.add("ledger_account")
        assert here.go().counts == {"before": 2, "parked": 1, "blocked": 1}
        here.sage.forbidden.clear()
        assert here.go().counts == {"before": 2, "read": 1, "created": 1}

    def test_a_run_killed_while_it_reads_a_listing_again_resumes(self, here: Desk) -> None:
        here.planned([customer(1), self.account("41")])
        here.go()
        here.sage.add("ledger_account", nominal_code=41)

        def crash(_: Progress) -> None:
            raise Crash

        with pytest.raises(Crash):
            here.go(on_progress=crash)
        here.clock.sleep(DAY)  # until the lock of the crashed process has ended
        assert here.go().counts["created"] == 1
        assert len(here.sage.bodies_of("sales_invoice")) == 1

    def test_a_record_that_refers_to_a_quarantined_one_needs_a_new_plan(self, here: Desk) -> None:
        here.sage.rejects = lambda kind, body: "This field is required." if body["reference"] == "C1" else ""
        here.planned([customer(1), invoice(1, "customers/C1"), customer(2)])
        assert here.go().counts == {"read": 1, "quarantined": 1, "created": 1, "blocked": 1}
        assert hints(here)["invoices/I1"].endswith("create a new plan: sagerecon plan")
        with pytest.raises(PlanStaleError, match="was completed"):
            here.go()

    def test_a_quarantined_record_is_not_tried_again_where_a_blocked_one_is(self, here: Desk) -> None:
        here.sage.rejects = lambda kind, body: "This field is required." if body["reference"] == "C2" else ""
        here.planned([customer(1), customer(2), self.account("41"), invoice(2, "customers/C2")])
        assert here.go().counts == {"read": 2, "created": 1, "quarantined": 1, "blocked": 2}
        here.sage.rejects = lambda kind, body: ""
        here.sage.add("ledger_account", nominal_code=41)
        assert here.go().counts == {"before": 3, "read": 1, "created": 1, "blocked": 1}
        assert references(here.sage, "contact") == ["C1"]
        assert set(hints(here)) == {"customers/C2", "invoices/I2"}

    def test_what_waits_for_a_parked_record_is_sent_after_it(self, here: Desk) -> None:
        here.planned([customer(1), invoice(1, "customers/C1")])
        here.sage.forbidden.add("contact")
        assert here.go().counts == {"parked": 1, "blocked": 2}
        assert set(hints(here).values()) == {"Retry it: sagerecon apply"}
        here.sage.forbidden.clear()
        assert here.go().counts == {"read": 1, "created": 2}

    def test_a_reference_to_two_entities_blocks_the_record(self, here: Desk) -> None:
        here.sage.add("ledger_account", nominal_code=41)
        here.sage.add("ledger_account", nominal_code=41)
        here.planned([customer(1), self.account("41")])
        here.go()
        assert "2 entities in Sage have it" in set_aside(here)["invoices/I1"][1]

    def test_an_entry_of_a_fixed_list_is_its_own_id(self, here: Desk) -> None:
        here.planned([customer(1, currency_id=Reference("currency", NaturalKey("id", "GBP")))])
        here.go()
        assert here.sage.bodies_of("contact")[0]["currency_id"] == "GBP"

    def test_a_part_of_an_answer_is_referred_to(self, here: Desk) -> None:
        part = Reference("contact", "customers/C1", "main_address")
        here.planned([customer(1, main_address={"id": "A7"}), customer(2, notes=part)])
        here.go()
        assert here.sage.bodies_of("contact")[1]["notes"] == "A7"


class TestRejections:
    def test_a_rejected_record_is_set_aside_and_the_rest_is_sent(self, here: Desk) -> None:
        here.sage.rejects = lambda kind, body: "This field is required." if body["reference"] == "C3" else ""
        here.planned(twenty())
        outcome = here.go()
        assert outcome.counts == {"read": 1, "created": 17, "quarantined": 1, "blocked": 1}
        reasons = set_aside(here)
        assert reasons["customers/C3"][1] == "Sage rejected Firm 3: This field is required."
        assert "Sage rejected Firm 3" in reasons["invoices/I3"][1]

    def test_a_record_sent_again_after_a_rejection_has_a_new_name(self, here: Desk) -> None:
        here.sage.rejects = lambda kind, body: "No such region."
        here.planned([customer(1)])
        here.go()
        rejected = set(here.sage.bodies)
        here.sage.rejects = lambda kind, body: ""
        here.planned([customer(1), customer(2)])
        assert here.go().counts["created"] == 2
        assert rejected and not rejected & set(here.sage.remembered)

    def test_a_forbidden_kind_is_tried_once_in_each_start(self, here: Desk) -> None:
        here.planned(twenty())
        here.sage.forbidden.add("sales_invoice")
        outcome = here.go()
        assert outcome.counts == {"read": 1, "created": 10, "parked": 9}
        assert outcome.calls == 12
        here.sage.forbidden.clear()
        assert here.go().counts == {"before": 11, "created": 9}
        assert len(references(here.sage, "sales_invoice")) == 9

    def test_a_record_that_always_fails_is_parked_and_the_others_are_sent(self, here: Desk) -> None:
        here.planned(twenty())

        def poison(_: int, call: Call) -> str:
            return "fail_before" if call.body and "'C3'" in str(call.body) else ""

        here.sage.fault = poison
        outcome = here.go()
        assert (outcome.ended, outcome.to_do) == (Ended.UNFINISHED, 2)
        assert (outcome.counts["created"], outcome.counts["parked"], outcome.counts["blocked"]) == (17, 1, 1)
        here.sage.fault = lambda *_: ""
        assert here.go().counts == {"before": 18, "created": 2}
        assert len(set(references(here.sage, "contact"))) == 10

    def test_a_failure_that_is_replayed_is_looked_up_and_sent_under_a_new_name(self, here: Desk) -> None:
        first: set[str] = set()

        def replayed(_: int, call: Call) -> str:
            if call.method == "POST" and call.body is not None:
                name = call.body["contact"]["idempotency_id"]
                first.add(name) if not first else None
                return "fail_before" if name in first else ""
            return ""

        here.sage.fault = replayed
        here.planned([customer(1)])
        outcome = here.go()
        assert outcome.counts["created"] == 1 and outcome.counts["looked_up"] == 2
        assert references(here.sage, "contact") == ["C1"]

    def test_another_business_stops_everything(self, here: Desk) -> None:
        here.planned([customer(1), customer(2)])

        def elsewhere(call: Call) -> Answer:
            raise WrongBusinessError("B", "C")

        here.sage.call = elsewhere  # type: ignore[method-assign]
        with pytest.raises(WrongBusinessError):
            here.go()

    def test_the_first_error_is_raised_although_the_company_cannot_be_released(self, here: Desk) -> None:
        here.planned([customer(1)])

        def elsewhere(call: Call) -> Answer:
            here.clock.sleep(DAY)
            with here.open() as store:  # another process acquires the company meanwhile
                assert here.plan is not None
                store.company("B").run_log.begin(here.plan)
            raise WrongBusinessError("B", "C")

        here.sage.call = elsewhere  # type: ignore[method-assign]
        with pytest.raises(WrongBusinessError):
            here.go()

    def test_a_sign_in_that_ended_leaves_nothing_in_doubt(self, here: Desk) -> None:
        here.planned([customer(1)])
        call = here.sage.call

        def ended(request: Call) -> Answer:
            if request.method == "POST":
                raise AuthorizationError("The sign-in has ended.")
            return call(request)

        here.sage.call = ended  # type: ignore[method-assign]
        with pytest.raises(AuthorizationError):
            here.go()
        with here.open() as store:
            assert store.company("B").run_log.in_doubt() == []
        here.sage.call = call  # type: ignore[method-assign]
        assert here.go().counts == {"before": 1, "created": 1}

    def test_a_lapsed_subscription_stops_the_run(self, here: Desk) -> None:
        lapsed = Answer(401, [{"$message": "No active subscription. (MSE)", "$source": ""}])
        here.sage.call = lambda call: lapsed  # type: ignore[method-assign]
        here.planned(twenty())
        with pytest.raises(AuthorizationError, match="No active subscription"):
            here.go()


class TestDoubt:
    @pytest.mark.parametrize("fault", ["lose_before", "lose_after", "fail_before", "fail_after"])
    @pytest.mark.parametrize("call", range(1, 20, 3))
    def test_each_write_may_get_no_answer(self, here: Desk, fault: str, call: int) -> None:
        here.sage.fault = faults_at(**{fault: call})
        here.planned(twenty())
        outcome = here.go()
        counts = {"read": 1, "created": 19, "resent": 1, "waiting": 1}
        if call == 1:  # no creation was answered yet that could prove that answers are replayed
            assert outcome.counts == {**counts, "waiting": 2, "looked_up": 1}
            assert outcome.calls == (21 if fault.endswith("after") else 22)
        else:
            assert outcome.counts == {**counts, "proved": 1}
            assert outcome.calls == 22
        assert len(set(references(here.sage, "contact"))) == len(references(here.sage, "contact")) == 10
        assert len(references(here.sage, "sales_invoice")) == 9
        with here.open() as store:
            booked = store.company("B").history.calls_of_last_day()
            assert len(booked) == outcome.calls  # Sage may have counted the call without an answer

    def test_a_reading_without_an_answer_is_booked(self, here: Desk) -> None:
        here.sage.fault = faults_at(lose_before=0)
        here.planned([customer(1)])
        assert here.go().calls == 3
        with here.open() as store:
            assert len(store.company("B").history.calls_of_last_day()) == 3

    def test_a_call_that_ends_the_sign_in_is_booked(self, here: Desk) -> None:
        def ended(_: Call) -> Answer:
            raise AuthorizationError("The sign-in has ended.")

        here.sage.call = ended  # type: ignore[method-assign]
        here.planned([customer(1)])
        with pytest.raises(AuthorizationError):
            here.go()
        with here.open() as store:
            assert len(store.company("B").history.calls_of_last_day()) == 1

    def test_a_connection_that_was_refused_cost_nothing(self, here: Desk) -> None:
        here.sage.fault = faults_at(refuse=3)
        here.planned(twenty())
        outcome = here.go()
        assert outcome.calls == 20
        assert outcome.counts == {"read": 1, "created": 19, "waiting": 1}  # nothing was in doubt
        with here.open() as store:
            assert len(store.company("B").history.calls_of_last_day()) == 20

    def test_a_listing_that_gets_no_answer_is_parked_after_three_tries(self, here: Desk) -> None:
        here.sage.fault = lambda _, call: "lose_before" if call.method == "GET" else ""
        here.planned([customer(1)])
        outcome = here.go()
        assert (outcome.ended, outcome.calls) == (Ended.UNFINISHED, 3)
        assert (outcome.counts["parked"], outcome.counts["blocked"]) == (1, 1)

    def test_a_look_up_waits_for_the_end_of_the_token_that_was_sent(self, here: Desk) -> None:
        """Wait longer: a refreshed token may end later than the one that was ready before the call."""
        call, times = here.sage.call, list[int]()

        def refreshed(request: Call) -> Answer:
            times.append(here.clock.now())
            if len(times) == 1:
                raise NoAnswerError("No answer.", sent=True, expires_at=here.clock.now() + 12 * MINUTE)
            return call(request)

        here.sage.call = refreshed  # type: ignore[method-assign]
        rate = Draft("tax_rate", "rates/R1", {"name": "Reduced"}, {}, (), Place("rates.yaml", 1))
        here.planned([replace(rate, on_existing=OnExisting.CREATE)])
        assert here.go().counts["looked_up"] == 1
        assert times[1] - times[0] >= 12 * MINUTE

    @pytest.mark.parametrize("refusal", ["limit", "refuse"])
    def test_a_first_sending_that_was_refused_leaves_nothing_in_doubt(self, here: Desk, refusal: str) -> None:
        here.sage.fault = lambda _, call: refusal if call.method == "POST" else ""
        here.planned([customer(1)])
        assert here.go().ended is Ended.PAUSED
        with here.open() as store:
            assert store.company("B").run_log.in_doubt() == []

    def test_no_connection_at_all_pauses(self, here: Desk) -> None:
        here.sage.fault = lambda *_: "refuse"
        here.planned(twenty())
        outcome = here.go()
        assert (outcome.ended, outcome.calls) == (Ended.PAUSED, 0)
        assert outcome.why.startswith("Sage cannot be reached: connection refused, 8 times")

    def test_a_missing_token_pauses(self, here: Desk) -> None:
        def unready(door: Door) -> int:
            raise NoAnswerError("The token endpoint gave no answer.", sent=False)

        here.sage.ready = unready  # type: ignore[method-assign]
        here.planned(twenty())
        assert here.go().ended is Ended.PAUSED

    def test_a_listing_that_lags_is_waited_for(self, here: Desk) -> None:
        """Look a doubt up after the listing has caught up, where Sage replays nothing."""
        here.sage.fault = faults_at(lose_after=2)
        here.sage.honours_ids, here.sage.lag = False, 20 * SECOND
        here.planned(twenty())
        here.go(should_stop=lambda: sum(here.sage.calls.values()) == 3)
        here.clock.sleep(7 * DAY)
        outcome = here.go()
        assert outcome.counts["looked_up"] == 1
        assert len(references(here.sage, "contact")) == 10

    def test_two_equal_entities_are_quarantined(self, here: Desk) -> None:
        here.sage.fault = faults_at(lose_before=1)
        here.planned([customer(1)])
        here.go(should_stop=lambda: sum(here.sage.calls.values()) == 2)
        for _ in range(2):
            here.sage.add("contact", name="Firm 1", reference="C1", contact_types=[{"id": "CUSTOMER"}])
        here.clock.sleep(7 * DAY)
        assert here.go().counts["quarantined"] == 1
        assert "2 entities in Sage are equal to it" in set_aside(here)["customers/C1"][1]

    def test_a_newer_plan_settles_what_an_older_one_left(self, here: Desk) -> None:
        here.sage.fault = faults_at(lose_after=1)
        here.planned([customer(1), customer(2)])
        here.go(should_stop=lambda: sum(here.sage.calls.values()) == 2)
        old = here.plan
        here.planned([customer(1), customer(2), customer(3)])
        outcome = here.go()
        assert references(here.sage, "contact") == ["C1", "C2", "C3"]
        assert outcome.counts["skipped"] == 1
        here.plan = old
        with pytest.raises(PlanStaleError, match="newer plan"):
            here.go()

    def test_a_record_settled_with_other_content_is_not_counted_as_written(self, here: Desk) -> None:
        here.sage.fault = faults_at(lose_after=1)
        here.planned([customer(1)])
        here.go(should_stop=lambda: sum(here.sage.calls.values()) == 2)
        here.planned([customer(1, name="Firm One")])
        counts = here.go().counts
        assert (counts["created"], counts["quarantined"], counts.get("skipped", 0)) == (1, 1, 0)
        assert [entity["name"] for entity in here.sage.bodies_of("contact")] == ["Firm 1"]

    @pytest.mark.parametrize("refusal", ["429", "no connection", "401", "403"])
    def test_a_refused_resend_does_not_settle_the_first_sending(self, here: Desk, refusal: str) -> None:
        """Keep the doubt about the first sending, whose bytes may have arrived."""
        here.sage.fault = faults_at(lose_after=1)
        here.planned([customer(1)])
        here.go(should_stop=lambda: sum(here.sage.calls.values()) == 2)
        call = here.sage.call

        def refuse(request: Call) -> Answer:
            if refusal == "no connection":
                raise NoAnswerError("Sage cannot be reached.", sent=False)
            return Answer(int(refusal), None, retry_after_ms=HOUR)

        here.sage.call = refuse  # type: ignore[method-assign]
        with suppress(AuthorizationError):
            here.go()
        here.sage.call, here.sage.honours_ids = call, False  # type: ignore[method-assign]
        with here.open() as store:
            assert store.company("B").history.status().in_doubt == 1
        here.clock.sleep(7 * DAY)
        assert here.go().counts["looked_up"] == 1
        assert references(here.sage, "contact") == ["C1"]

    def test_the_replay_window_is_counted_from_the_first_sending(self, here: Desk) -> None:
        """Sage remembers an id for seven days from the first call that carried it."""
        here.planned([customer(1)])
        for lost, wait in (("lose_after", 4 * DAY), ("lose_before", 3 * DAY)):
            before = sum(here.sage.calls.values())
            first = before + (lost == "lose_after")  # the reading goes out before the first sending
            here.sage.fault = faults_at(**{lost: first})
            here.go(should_stop=lambda last=first: sum(here.sage.calls.values()) > last)
            here.clock.sleep(wait)
        here.sage.fault, here.sage.honours_ids = (lambda *_: ""), False
        assert here.go().counts["looked_up"] == 1
        assert references(here.sage, "contact") == ["C1"]


class TestWindows:
    def test_a_minute_is_slept_through_and_a_day_is_not(self, here: Desk) -> None:
        here.budget = Budget(5, 14, reserve=2, settle=0)
        here.sage.limits = ((MINUTE, 5), (DAY, 12))
        here.planned(twenty())
        start = here.clock.now()
        outcome = here.go()
        assert (outcome.ended, outcome.calls) == (Ended.PAUSED, 12)
        assert here.clock.now() - start < 5 * MINUTE
        assert outcome.until is not None
        assert start + DAY <= outcome.until < start + DAY + MINUTE
        here.clock.sleep(outcome.until - here.clock.now())
        assert here.go().ended is Ended.FINISHED
        assert here.sage.calls == {"GET": 1, "POST": 19}  # the server never had to refuse

    def test_the_longest_sleep_is_a_parameter(self, here: Desk) -> None:
        here.budget = Budget(5, 14, reserve=2, settle=0)
        here.planned(twenty())
        assert here.go(patience_ms=2 * DAY).ended is Ended.FINISHED

    def test_calls_are_kept_for_settling(self, here: Desk) -> None:
        here.budget = Budget(None, 14, reserve=2, settle=2)
        here.sage.fault = faults_at(lose_after=9)
        here.planned(twenty())
        outcome = here.go()
        assert (outcome.ended, outcome.calls) == (Ended.PAUSED, 12)
        with here.open() as store:
            assert store.company("B").history.status().in_doubt == 0

    def test_the_wait_the_server_asks_for_is_kept(self, here: Desk) -> None:
        call, said = here.sage.call, [Answer(429, None, retry_after_ms=7 * SECOND)]

        def limited(request: Call) -> Answer:
            return said.pop() if said and request.method == "POST" else call(request)

        here.sage.call = limited  # type: ignore[method-assign]
        here.planned([customer(1)])
        start = here.clock.now()
        assert here.go().counts["rate_limited"] == 1
        assert 7 * SECOND <= here.clock.now() - start < 9 * SECOND
        with here.open() as store:
            assert (
                len(store.company("B").history.calls_of_last_day()) == 4
            )  # two for the refusal: somebody else calls

    def test_a_day_limit_pauses_with_the_time_of_resumption(self, here: Desk) -> None:
        limited = Answer(429, None, retry_after_ms=3 * HOUR)
        here.planned([customer(1)])
        here.sage.call = lambda call: limited  # type: ignore[method-assign]
        outcome = here.go()
        assert (outcome.ended, outcome.until) == (Ended.PAUSED, here.clock.now() + 3 * HOUR)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("status", [429, 503])
    def test_a_wait_that_sage_asked_for_is_kept_by_the_next_start(
        self, here: Desk, method: str, status: int
    ) -> None:
        answer = here.sage.call
        refusal = Answer(status, None, retry_after_ms=3 * HOUR)

        def limited(call: Call) -> Answer:
            done = answer(call)
            return refusal if call.method == method else done

        here.planned([customer(1)])
        here.sage.call = limited  # type: ignore[method-assign]
        first, made = here.go(), sum(here.sage.calls.values())
        assert first.ended is Ended.PAUSED and first.until is not None
        assert 0 <= here.clock.now() + 3 * HOUR - first.until < 10 * MINUTE
        here.clock.sleep(2 * HOUR)
        second = here.go()
        assert (second.ended, second.until, second.calls) == (Ended.PAUSED, first.until, 0)
        assert second.why.startswith("Sage accepts no more calls for now")
        here.sage.call = answer  # type: ignore[method-assign]
        assert here.go(patience_ms=2 * HOUR).ended is Ended.FINISHED
        assert here.sage.arrivals[made] >= first.until

    def test_the_waits_after_429s_grow_over_several_starts(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.sage.fault = lambda *_: "limit"
        waits, calls = [], []
        for _ in range(3):
            outcome = here.go()
            assert outcome.until is not None
            waits.append(outcome.until - here.clock.now())
            calls.append(outcome.calls)
            here.clock.sleep(waits[-1])
        assert waits == [30 * MINUTE, HOUR, HOUR]
        assert calls[1:] == [1, 1]
        here.sage.fault = lambda *_: ""
        assert here.go().ended is Ended.FINISHED

    def test_repeated_429s_without_a_wait_end_in_a_pause(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.sage.fault = lambda *_: "limit"
        outcome = here.go()
        assert outcome.ended is Ended.PAUSED
        assert outcome.counts["rate_limited"] < 12


class TestStops:
    def test_a_stop_finishes_the_call_in_flight(self, here: Desk) -> None:
        here.planned(twenty())
        outcome = here.go(should_stop=lambda: sum(here.sage.calls.values()) >= 6)
        assert (outcome.ended, outcome.calls) == (Ended.STOPPED, 6)
        with here.open() as store:
            company = store.company("B")
            assert company.history.status().in_doubt == 0
            assert [known.id for known in company.history.runs()] == [outcome.run]
        assert outcome.why
        assert here.go().counts == {"before": 6, "created": 14}
        with here.open() as store:
            assert [known.attempts for known in store.company("B").history.runs()] == [2]

    def test_a_stop_is_noticed_while_waiting(self, here: Desk) -> None:
        here.budget = Budget(5, None)
        here.planned(twenty())
        start = here.clock.now()
        outcome = here.go(should_stop=lambda: here.clock.now() > start + 10 * SECOND)
        assert outcome.ended is Ended.STOPPED
        assert here.clock.now() < start + 12 * SECOND

    def test_a_reading_resumes_at_its_next_page(self, here: Desk) -> None:
        for number in range(450):
            here.sage.add("contact", name=f"Old {number}", reference=f"O{number}")
        here.planned([customer(1)])
        here.go(should_stop=lambda: sum(here.sage.calls.values()) >= 2)
        assert here.go().calls == 2  # the third page, and the write
        with here.open() as store:
            run = store.company("B").history.runs()[0].id
            assert len(list(store.company("B").history.entities_read(run, "contact"))) == 450


class TestPlans:
    def test_a_step_without_a_call_is_reported_and_counted(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.go()
        place = (Place("customers.csv", 7),)
        left = LeftOut("contact", "customers/C2", "settled", "settled before", place)
        aside = Quarantined("contact", "customers/C3", (), place)
        here.planned([customer(1), left, aside])
        told: list[Progress] = []
        outcome = here.go(on_progress=told.append)
        assert (outcome.ended, outcome.calls) == (Ended.FINISHED, 0)
        assert outcome.counts == {"skipped": 1, "left_out": 1, "quarantined": 1}
        assert [(progress.event, progress.key) for progress in told] == [
            ("skipped", "customers/C1"),
            ("left_out", "customers/C2"),
            ("quarantined", "customers/C3"),
        ]

    def test_a_plan_made_from_another_id_map_is_refused(self, here: Desk) -> None:
        old = here.planned([customer(1)])
        here.planned([customer(2)])
        here.go()
        here.plan = old
        with pytest.raises(PlanStaleError, match="another run has changed"):
            here.go()
        assert references(here.sage, "contact") == ["C2"]

    def test_a_changed_record_is_changed_in_sage(self, here: Desk) -> None:
        here.planned([customer(1)])
        here.go()
        here.planned([customer(1, name="Firm One")])
        assert here.go().counts == {"updated": 1}
        assert [e["name"] for e in here.sage.bodies_of("contact")] == ["Firm One"]

    def test_a_change_that_is_undone_is_sent_again(self, here: Desk) -> None:
        """Give the third write a name of its own, or Sage would replay the first answer for seven days."""
        for name in ("Firm 1", "Firm One", "Firm 1"):
            here.planned([customer(1, name=name)])
            here.go()
        assert [e["name"] for e in here.sage.bodies_of("contact")] == ["Firm 1"]

    def test_a_kind_without_ids_is_looked_up(self, here: Desk) -> None:
        rate = Draft(
            kind="tax_rate",
            key="rates/R1",
            body={"name": "Reduced"},
            identity={"name": "Reduced"},
            origins=(Place("rates.csv", 2),),
            place=Place("rates.yaml", 1),
            on_existing=OnExisting.CREATE,
        )
        here.sage.fault = faults_at(lose_after=0)
        here.planned([rate])
        outcome = here.go()
        assert (outcome.counts["looked_up"], outcome.counts["created"]) == (1, 1)
        assert here.sage.calls == {"POST": 1, "GET": 1}
