"""A rehearsal mounted in a session raises what `requests` raises on a real connection."""

from __future__ import annotations

import pytest
import requests
from small_sage import AUTHORIZE_URL, BASE, REVOKE_URL, TOKEN_URL, bearer, records, small_sage
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from sagerecon.rehearsal.adapter import RehearsalAdapter, mount
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.sage import RehearsalSage


def mounted(*faults: Fault) -> tuple[RehearsalSage, requests.Session]:
    sage, session = small_sage(), requests.Session()
    session.trust_env = False
    session.headers.update(bearer(sage))
    sage.faults = ScheduledFaults((Trigger(number), fault) for number, fault in enumerate(faults, 1))
    mount(session, sage, "http://sage.test:8080/v3.1")
    return sage, session


def test_only_sages_hosts_and_the_mounted_ones_are_answered() -> None:
    _, session = mounted()
    for url in (BASE, TOKEN_URL, REVOKE_URL, AUTHORIZE_URL, "http://sage.test:8080/v3.1/contacts"):
        assert isinstance(session.get_adapter(url), RehearsalAdapter)
    assert not isinstance(session.get_adapter("https://sage.com/"), RehearsalAdapter)
    answer = session.get("http://sage.test:8080/v3.1/contacts", timeout=5)
    assert (answer.status_code, answer.reason, answer.json()["$total"]) == (200, "OK", 0)


def test_a_json_body_arrives_unchanged() -> None:
    sage, session = mounted()
    assert (
        session.post(f"{BASE}/contacts", json={"contact": {"name": "Ängström ✓"}}, timeout=5).status_code
        == 201
    )
    assert [record["name"] for record in records(sage).values()] == ["Ängström ✓"]


def test_a_refused_connection_and_a_reset_differ() -> None:
    _, session = mounted(Fault(FaultType.REFUSED), Fault(FaultType.RESET))
    with pytest.raises(requests.ConnectionError) as refused:
        session.get(f"{BASE}/contacts", timeout=5)
    assert isinstance(refused.value.args[0], MaxRetryError)
    assert isinstance(refused.value.args[0].reason, NewConnectionError)
    with pytest.raises(requests.ConnectionError) as reset:
        session.get(f"{BASE}/contacts", timeout=5)
    assert isinstance(reset.value.args[0], ProtocolError)
    assert not isinstance(reset.value, requests.Timeout)


def test_a_truncated_body_is_incomplete_and_a_slow_one_times_out() -> None:
    slow = Fault(FaultType.SLOW, milliseconds=6_000)
    _, session = mounted(Fault(FaultType.TRUNCATED), slow, slow, slow)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{BASE}/contacts", timeout=5)
    with pytest.raises(requests.ReadTimeout):
        session.get(f"{BASE}/contacts", timeout=5)
    with pytest.raises(requests.ReadTimeout):
        session.get(f"{BASE}/contacts", timeout=(1, 5))
    assert session.get(f"{BASE}/contacts", timeout=(1, 7)).status_code == 200
