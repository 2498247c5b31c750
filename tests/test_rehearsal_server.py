"""The served rehearsal, as a client sees it on a socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import requests
from small_sage import bearer, records, small_sage

from sagerecon.model.clock import SystemClock
from sagerecon.model.errors import ProjectError
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.request import ApiReply, ApiRequest
from sagerecon.rehearsal.server import Server, serve


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(small_sage()) as running:
        yield running


def session(server: Server) -> requests.Session:
    opened = requests.Session()
    opened.trust_env = False
    opened.headers.update(bearer(server.sage))
    return opened


def test_connections_are_kept_alive_and_a_204_has_no_body(server: Server) -> None:
    with session(server) as client:
        made = client.post(f"{server.url}/v3.1/contacts", json={"contact": {"name": "Oak"}}, timeout=5)
        gone = client.delete(f"{server.url}/v3.1/contacts/{made.json()['id']}", timeout=5)
        assert (gone.status_code, gone.content) == (204, b"")
        assert "Content-Length" not in gone.headers
        listed = client.get(f"{server.url}/v3.1/contacts?items_per_page=1", timeout=5)
        assert listed.json()["$total"] == 0
        assert listed.headers["x_request_id"]
        pools = client.get_adapter(server.url).poolmanager.pools  # type: ignore[attr-defined]
        assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - not a dict


@pytest.mark.parametrize(("fault_type", "saved"), [(FaultType.ANSWER_LOST, 1), (FaultType.RESET, 0)])
def test_a_dropped_connection_is_a_real_reset(server: Server, fault_type: FaultType, saved: int) -> None:
    server.sage.faults = ScheduledFaults([(Trigger(1, "POST"), Fault(fault_type))])
    with session(server) as client, pytest.raises(requests.ConnectionError) as caught:
        client.post(f"{server.url}/v3.1/contacts", json={"contact": {"name": "Oak"}}, timeout=5)
    assert "reset" in str(caught.value).lower()
    assert len(records(server.sage)) == saved


def test_a_truncated_answer_is_incomplete(server: Server) -> None:
    server.sage.faults = ScheduledFaults([(Trigger(1), Fault(FaultType.TRUNCATED))])
    with session(server) as client, pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(f"{server.url}/v3.1/contacts", timeout=5)


def test_only_local_host_names_are_accepted(server: Server) -> None:
    assert server.host == "127.0.0.1"
    with session(server) as client:
        strange = client.get(f"{server.url}/", headers={"Host": "books.example"}, timeout=5)
        assert strange.status_code == 403
        assert client.get(f"http://localhost:{server.port}/", timeout=5).status_code == 200


def test_a_body_of_unknown_length_is_refused(server: Server) -> None:
    with socket.create_connection((server.host, server.port), 5) as connection:
        connection.sendall(b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: many\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 411")


def test_an_unexpected_exception_is_a_500_and_is_recorded() -> None:
    sage = small_sage()

    def fail(request: ApiRequest) -> ApiReply:
        raise ZeroDivisionError

    sage.business("1" * 32).handle = fail  # type: ignore[method-assign]
    with serve(sage) as server, session(server) as client:
        assert client.get(f"{server.url}/v3.1/contacts", timeout=5).status_code == 500
        assert [type(failure) for failure in server.failures] == [ZeroDivisionError]
        assert sage.limits.book_call(next(iter(sage.authorization.apps)), "x", sage.clock.now()) is None


def test_a_port_in_use_is_reported(server: Server) -> None:
    with pytest.raises(ProjectError, match=f"Port {server.port} cannot be used"):
        serve(server.sage, server.port)


def test_calls_in_flight_beyond_the_limit_are_refused() -> None:
    """Send four calls at once with a limit of two.

    Each call is held until all have been accepted or refused.
    """
    sage = small_sage(SystemClock(), in_flight=2)
    gate = threading.Event()
    sage.latency = 1
    sleep = sage.clock.sleep
    sage.clock.sleep = lambda milliseconds: (gate.wait(5), sleep(milliseconds))[1]  # type: ignore[method-assign]
    statuses: list[int] = []
    with serve(sage) as server, session(server) as client:

        def ask() -> None:
            statuses.append(client.get(f"{server.url}/v3.1/contacts", timeout=5).status_code)
            if statuses.count(429) == 2:
                gate.set()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 200, 429, 429]
        assert client.get(f"{server.url}/v3.1/contacts", timeout=5).status_code == 200


def test_many_clients_at_once_are_answered_one_by_one(server: Server) -> None:
    headers = bearer(server.sage)

    def post() -> None:
        with requests.Session() as client:
            client.trust_env = False
            for number in range(10):
                body = json.dumps({"contact": {"name": f"C{number}"}})
                reply = client.post(f"{server.url}/v3.1/contacts", data=body, headers=headers, timeout=5)
                assert reply.status_code == 201

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(records(server.sage)) == 40
