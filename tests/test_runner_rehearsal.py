"""The runner through the real client against the rehearsal Sage: its rules, limits and faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import requests
from runs import Crash, customer, invoice, quick_folder

from sagerecon.documents.package import catalog
from sagerecon.model.clock import DAY, HOUR, MINUTE, Clock, ServerClock
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.errors import StoreError
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.authorization import GRACE
from sagerecon.rehearsal.books.business import new_business
from sagerecon.rehearsal.clock import SkewedClock, VirtualClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, SeededFaults, Trigger
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.request import FULL, ApiRequest, User
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import SageClient
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens
from sagerecon.store.opening import open_store

BUSINESS, USER = "1" * 32, "a" * 32
TROUBLES = {
    FaultType.REFUSED: 30,
    FaultType.RESET: 30,
    FaultType.ANSWER_LOST: 40,
    FaultType.ERROR_SAVED: 40,
    FaultType.ERROR: 30,
    FaultType.TRUNCATED: 20,
    FaultType.NOT_JSON: 20,
    FaultType.SLOW: 10,
    FaultType.DUPLICATE: 40,
    FaultType.TOO_MANY: 20,
}


class ApiTroubles:
    """Faults of the API alone: a lost answer of the token endpoint may end the sign-in."""

    def __init__(self, seed: int) -> None:
        self._faults = SeededFaults(seed, TROUBLES)

    def faults_for(self, method: str, path: str) -> tuple[Fault, ...]:
        return () if path == "/token" else self._faults.faults_for(method, path)


class Town:
    """A rehearsal Sage with one business, and a store; `go` runs the plan as one process would."""

    def __init__(self, folder: Path, seed: int, budget: Budget) -> None:
        self.folder, self.budget, self.clock = folder, budget, VirtualClock()
        faults = ApiTroubles(seed) if seed else None
        self.sage = RehearsalSage(catalog(), self.clock, seed=3, latency=150, faults=faults)
        self.sage.add_app("app", "secret", name="App", redirect_uri="http://127.0.0.1:8765/callback")
        self.sage.add_user(USER, "Ada Lane", "AL")
        books = new_business(catalog(), BUSINESS, "Oak Ltd", now=self.clock.now())
        self.sage.add_business(books, {USER: FULL})
        self.sage.authorization.reuse = GRACE  # a crash before new tokens are stored does not end the sign-in
        self.arrivals: list[int] = []
        handle = self.sage.request

        def counted(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
            self.arrivals.append(self.clock.now())
            return handle(method, url, headers, body)

        self.sage.request = counted  # type: ignore[method-assign]
        with open_store(self.url, self.clock, None) as store:
            granted = self.sage.grant("app", USER, BUSINESS)
            store.vault.save("g", read_tokens(granted, self.clock.now()), None)
            provenance = Provenance(BUSINESS, "snapshot", "mappings", "catalog")
            calendar = Calendar(self.clock.now())
            known = store.company(BUSINESS).id_map.known()
            self.plan: Plan = plan_steps(
                pair_with_recorded(drafts(), Recorded(), catalog()),
                known,
                catalog(),
                budget,
                provenance,
                calendar,
            )

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'store.db'}"

    def go(self, failpoint: Callable[[str], None] = lambda _: None, clock: Clock | None = None) -> RunOutcome:
        """Run the plan; the process has a clock of its own if one is given."""
        api, clock = catalog().api, clock or self.clock
        with open_store(self.url, clock, None, failpoint) as store, open_session() as session:
            mount(session, self.sage)
            tokens = self.tokens(store.vault, session, clock)
            client = SageClient(api.base_url, BUSINESS, tokens, session, clock)
            return run(
                self.plan,
                client,
                store.company(BUSINESS).run_log,
                clock,
                self.budget,
                catalog(),
                failpoint=failpoint,
                patience_ms=2 * DAY,
            )

    def tokens(self, vault: object, session: requests.Session, clock: Clock) -> GrantTokens:
        api = catalog().api
        app = App("app", "secret", api.authorize_url, api.token_url, api.revoke_url)
        return GrantTokens("g", vault, Authorization(app, session, clock), clock)  # type: ignore[arg-type]

    def busiest(self, span: int) -> int:
        """Return the most requests that arrived within `span`, of any kind and with any answer."""
        return max(
            sum(start <= arrived < start + span for arrived in self.arrivals) for start in self.arrivals
        )

    def listed(self, path: str) -> Counter[str]:
        query = {"items_per_page": "200", "attributes": "reference"}
        request = ApiRequest("GET", path, query, None, User(USER, "Ada Lane", "AL"), self.clock.now())
        body = self.sage.business(BUSINESS).handle(request).body
        return Counter(
            item["reference"] for item in body["$items"] if not item["reference"].startswith("HMRC")
        )


def drafts() -> list[Draft]:
    made = [customer(number) for number in range(15)]
    for number in range(15):
        draft = invoice(number, f"customers/C{number}")
        line = {
            "description": "Work",
            "quantity": "1",
            "unit_price": "10.00",
            "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "4000")),
            "tax_rate_id": Reference("tax_rate", NaturalKey("id", "GB_STANDARD")),
            "tax_amount": "2.00",
        }
        body = {**draft.body, "date": "2026-01-02", "invoice_lines": [line]}
        made.append(replace(draft, body=body))
    return made


WANTED = (
    Counter({f"C{number}": 1 for number in range(15)}),
    Counter({f"I{number}": 1 for number in range(15)}),
)


def test_a_run_without_faults_makes_no_call_too_many() -> None:
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(100, 2_500))
        outcome = town.go()
        assert (outcome.ended, outcome.calls) == (Ended.FINISHED, town.plan.header.lower_bound)
        assert outcome.counts == {"read": 2, "created": 30}
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED


@pytest.mark.parametrize("seed", range(1, 7))
def test_faults_and_crashes_duplicate_and_lose_nothing(seed: int) -> None:
    with quick_folder() as folder:
        town = Town(folder, seed, Budget(100, 2_500))
        left = [17 * seed, 45, 60]

        def dying(_: str) -> None:
            left[0] -= 1
            if not left[0]:
                raise Crash

        outcome = None
        for _ in range(12):
            try:
                outcome = town.go(dying if left else lambda _: None)
            except Crash:
                left.pop(0)
                left = left or [10**9]
                continue
            if outcome.ended is Ended.FINISHED and not outcome.counts.get("parked"):
                break
        assert outcome is not None and outcome.ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED


@pytest.mark.parametrize("seed", range(4))
def test_refused_tokens_in_a_full_minute_exceed_no_window(seed: int) -> None:
    """Let Sage refuse tokens again and again; count every request, the refused and those for tokens too."""
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(10, 2_500))
        chance, handle, refused = Random(seed), town.sage.request, [False]

        def forgetful(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
            if "/v3.1/" in url:
                refused.append(not refused[-1] and chance.random() < 0.4)  # never twice in a row
                if refused[-1]:
                    town.sage.authorization._access.clear()
            return handle(method, url, headers, body)

        town.sage.request = forgetful  # type: ignore[method-assign]
        assert town.go().ended is Ended.FINISHED
        assert sum(refused) > 4
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        assert town.busiest(MINUTE) == 10


def test_refreshes_that_fail_in_a_full_minute_exceed_no_window() -> None:
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(10, 2_500))
        troubles = [(Trigger(1, "POST", "/token", 3), Fault(FaultType.ERROR, status=503))]
        town.sage.faults = ScheduledFaults(troubles)
        town.clock.sleep(4 * MINUTE + 58_000)
        assert town.go().ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        assert town.busiest(MINUTE) == 10


@pytest.mark.parametrize("point", ["before send", "after commit", "after answer", "on the wire"])
@pytest.mark.parametrize("number", [2, 9, 31])
@pytest.mark.parametrize("minutes", [0, 1, 10])
def test_a_suspended_worker_writes_nothing_after_another_took_over(
    point: str, number: int, minutes: int
) -> None:
    """Suspend one worker at a point of its `number`-th call; another one finishes the run meanwhile."""
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(100, 2_500))
        if point == "on the wire" and minutes == 10:  # the token has ended, so Sage refuses the late call
            town.sage.set_switch("idempotency", "ignored")
        reached, handle = [0], town.sage.request
        second: list[RunOutcome] = []
        late: list[str] = []

        def suspend(name: str) -> None:
            reached[0] += name == point
            if name == point and reached[0] == number and not second:
                second.append(town.go())
                town.clock.sleep(minutes * MINUTE)

        def on_the_wire(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
            if "/v3.1/" in url:
                suspend("on the wire")
            if second:
                late.append(url.rpartition("/")[2])
            return handle(method, url, headers, body)

        town.sage.request = on_the_wire  # type: ignore[method-assign]
        with pytest.raises(StoreError, match="another process is working on it"):
            town.go(suspend)
        assert second[0].ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        # A call that had left arrives late, and so does one whose worker was suspended for too short a time.
        assert len(late) <= (point == "on the wire" or minutes == 0)
        assert "token" not in late
        assert town.busiest(MINUTE) <= 100


def crash_after(number: int) -> Callable[[str], None]:
    """Return a failpoint that crashes the process before it records the answer to its `number`-th call."""
    left = [number]

    def failpoint(name: str) -> None:
        left[0] -= name == "after answer"
        if not left[0]:
            raise Crash

    return failpoint


@pytest.mark.parametrize("first", [0, 25 * HOUR, -25 * HOUR, 2 * MINUTE])
@pytest.mark.parametrize("second", [0, 25 * HOUR, -25 * HOUR, 2 * MINUTE, -2 * MINUTE])
def test_a_clock_that_steps_between_two_starts_opens_no_window(first: int, second: int) -> None:
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(10, 2_500))
        start = town.clock.now()
        with pytest.raises(Crash):
            town.go(crash_after(10), ServerClock(SkewedClock(town.clock, first)))
        assert town.go(clock=ServerClock(SkewedClock(town.clock, second))).ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        assert town.busiest(MINUTE) <= 10
        assert town.clock.now() - start < 10 * MINUTE


@pytest.mark.parametrize("skew", [25 * HOUR, -25 * HOUR])
def test_a_clock_that_steps_opens_no_day(skew: int) -> None:
    """Use up the day, and start again with a wrong clock: its first request may take from the reserve."""
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(100, 14, reserve=2, settle=0))
        with pytest.raises(Crash):
            town.go(crash_after(12))
        assert town.go(clock=ServerClock(SkewedClock(town.clock, skew))).ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        assert town.busiest(DAY) <= 14


@pytest.mark.parametrize("first", [0, 25 * HOUR])
@pytest.mark.parametrize("calls", [11, 12, 13])
def test_a_clock_that_is_ahead_opens_no_day_without_a_reserve(first: int, calls: int) -> None:
    """Use up the day, and start again and again with a clock that is ahead; one start may not know it."""
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(100, 14, reserve=0, settle=0))
        with pytest.raises(Crash):
            town.go(crash_after(calls), ServerClock(SkewedClock(town.clock, first)))
        for _ in range(4):
            with suppress(Crash):
                town.go(crash_after(1), ServerClock(SkewedClock(town.clock, 25 * HOUR)))
        assert town.go(clock=ServerClock(SkewedClock(town.clock, 25 * HOUR))).ended is Ended.FINISHED
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
        assert town.busiest(DAY) <= 14


@pytest.mark.parametrize("skew", [25 * HOUR, -25 * HOUR])
def test_a_look_up_asks_by_the_time_of_sage(skew: int) -> None:
    """Crash before the answer to an invoice is recorded, and resume after the days of idempotency."""
    with quick_folder() as folder:
        town = Town(folder, 0, Budget(100, 2_500))
        with pytest.raises(Crash):
            town.go(crash_after(32), ServerClock(SkewedClock(town.clock, skew)))
        town.clock.sleep(7 * DAY)
        outcome = town.go(clock=ServerClock(SkewedClock(town.clock, -skew)))
        assert (outcome.ended, outcome.counts["looked_up"]) == (Ended.FINISHED, 1)
        assert not outcome.counts.get("quarantined")
        assert (town.listed("/contacts"), town.listed("/sales_invoices")) == WANTED
