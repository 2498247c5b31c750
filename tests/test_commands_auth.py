"""Signing in and out within the call budget, against the rehearsal Sage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
from consent_form import submit
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import auth
from sagerecon.commands.budget import call_budget
from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND
from sagerecon.model.errors import AuthorizationError, PausedError, StoreError
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import SkewedClock
from sagerecon.rehearsal.reply import Reply
from sagerecon.store.vault_key import KEY_VARIABLE


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def arrivals(moving: Move) -> list[int]:
    """Return the instants at which requests arrive at Sage; the consent page is not counted."""
    found: list[int] = []
    handle = moving.sage.request

    def counted(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if "/oauth2/" not in url:
            found.append(moving.clock.now())
        return handle(method, url, headers, body)

    moving.sage.request = counted  # type: ignore[method-assign]
    return found


def login(moving: Move, answer: str = "allow", reading: int = 0, skew: int = 0) -> auth.SignedIn:
    """Sign in; the user reads the consent page for `reading` milliseconds, and the clock is off by `skew`."""
    business = next(iter(moving.sage.membership.businesses))

    def consent(url: str, _redirect: str) -> None:
        moving.clock.sleep(reading)
        location = submit(moving.sage, url, choice=f"owner {business}", answer=answer).headers["Location"]
        assert requests.get(location, timeout=5).status_code == 200  # before anything waits for it

    clock = SkewedClock(moving.clock, skew)
    return auth.login(moving.project, clock, moving.session, consent)


def fill(moving: Move, calls: int) -> None:
    """Let a run make `calls` calls now."""
    budget = call_budget(moving.project.limits, moving.project.catalog.api)
    with open_store(moving.project, moving.clock) as store:
        log = store.company(moving.project.business.id).run_log
        for _ in range(calls):
            assert log.book(budget, settling=True) == 0
            log.received(1)
        log.flush()


def booked(moving: Move) -> int:
    with open_store(moving.project, moving.clock) as store:
        return len(store.company(moving.project.business.id).history.calls_of_last_day())


@pytest.mark.parametrize("skew", [0, 25 * HOUR, -25 * HOUR])
def test_a_sign_in_waits_for_the_minute_and_its_requests_are_booked(
    moving: Move, arrivals: list[int], skew: int
) -> None:
    fill(moving, 100)
    start = moving.clock.now()
    login(moving, reading=4 * MINUTE, skew=skew)
    assert len(arrivals) == 2
    assert arrivals[0] >= start + MINUTE
    assert booked(moving) == 102
    auth.logout(moving.project, moving.clock, moving.session)
    assert (len(arrivals), booked(moving)) == (3, 103)


def test_a_first_sign_in_is_booked_for_the_business_it_finds(moving: Move, arrivals: list[int]) -> None:
    business = moving.project.business.id
    write_business(moving.project.state, "")
    assert login(moving).business == business
    assert (len(arrivals), booked(moving)) == (2, 2)


def test_a_sign_in_without_room_in_the_day_is_paused_and_sends_nothing(
    moving: Move, arrivals: list[int]
) -> None:
    moving.set("business:", "budget: {per_day: 20, reserve: 2, settle: 1}\nbusiness:")
    fill(moving, 18)
    login(moving)  # it may use the reserve
    with pytest.raises(PausedError) as paused:
        login(moving)
    assert paused.value.until is not None
    assert DAY - MINUTE <= paused.value.until - moving.clock.now() <= DAY
    with pytest.raises(PausedError):
        auth.logout(moving.project, moving.clock, moving.session)
    assert len(arrivals) == 2


def test_a_denied_sign_in_is_refunded_or_counted_once(moving: Move) -> None:
    with pytest.raises(AuthorizationError, match="access_denied"):
        login(moving, answer="deny")
    assert booked(moving) <= 1


def test_an_abandoned_sign_in_uses_no_call(moving: Move, arrivals: list[int]) -> None:
    def abandon(_url: str, _redirect: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        auth.login(moving.project, moving.clock, moving.session, abandon)
    assert (arrivals, booked(moving)) == ([], 0)


def test_a_sign_in_that_sage_refuses_closes_the_business_for_every_command(
    moving: Move, arrivals: list[int]
) -> None:
    moving.sage.set_switch("retry_after", "seconds")
    used = (moving.clock.now() - number * SECOND for number in range(2_500))  # the day, by another app
    moving.sage.schedule_foreign_calls(moving.project.business.id, used)
    with pytest.raises(PausedError) as first:
        login(moving)
    with pytest.raises(PausedError) as second:
        login(moving)
    assert first.value.until == second.value.until
    assert first.value.until is not None and first.value.until > moving.clock.now() + 23 * HOUR
    assert len(arrivals) == 2


def test_a_damaged_key_is_reported_before_the_user_is_sent_to_the_browser(
    moving: Move, arrivals: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "damaged")

    def show(_url: str, _redirect: str) -> None:
        raise AssertionError("the consent page was shown")

    with pytest.raises(StoreError, match="is not a Fernet key"):
        auth.login(moving.project, moving.clock, moving.session, show)
    assert (arrivals, booked(moving)) == ([], 0)
