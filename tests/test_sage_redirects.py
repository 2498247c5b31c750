"""No request that carries a token or the app's secret follows a redirect, whoever answers with one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from small_door import OpenDoor
from small_vault import MemoryVault

from sagerecon.model.call import Call
from sagerecon.model.errors import RedirectedError
from sagerecon.model.tokens import Tokens
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import SageClient
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.session import open_session

HOUR = 3_600_000


@dataclass
class Recorder:
    """A server that answers every request alike, and records what it received."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def answering(status: int, location: str = "") -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.requests.append(f"{self.command} {self.path} {self.headers} {body.decode()}")
            self.send_response(status)
            if location:
                self.send_header("Location", location + self.path)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()


def tokens(clock: VirtualClock, life: int = HOUR) -> Tokens:
    return Tokens(
        "the-access-token", "the-refresh-token", clock.now(), clock.now() + life, clock.now() + HOUR
    )


def send(what: str, url: str, session: requests.Session) -> Any:
    clock = VirtualClock()
    app = App("the-id", "the-secret", f"{url}/authorize", f"{url}/token", f"{url}/revoke")
    authorization = Authorization(app, session, clock)
    if what == "exchange":
        request = authorization.request("http://127.0.0.1:1/callback")
        return authorization.exchange(request, f"{request.redirect_uri}?code=c&state={request.state}")
    if what == "revoke":
        return authorization.revoke(tokens(clock))
    vault = MemoryVault(clock)
    vault.save("g", tokens(clock, 0 if what == "refresh" else HOUR), None)
    client = SageClient(f"{url}/v3.1", "b", GrantTokens("g", vault, authorization, clock), session, clock)
    client.ready(OpenDoor())
    body = None if what == "GET" else {"contact": {"name": "Oak"}}
    return client.call(Call(what, "/contacts", body=body))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("what", ["exchange", "refresh", "revoke", "GET", "POST", "PUT", "DELETE"])
def test_a_redirect_is_not_followed(what: str, status: int) -> None:
    with answering(200) as trap, answering(status, trap.url) as sage, open_session(sage.url) as session:
        with pytest.raises(RedirectedError) as error:
            send(what, sage.url, session)
        assert len(sage.requests) == 1
        assert trap.requests == []
        assert f"{sage.url[7:]} redirects to {trap.url[7:]} (status {status})" in error.value.message
        assert "the-" not in str(error.value)


def test_a_session_of_its_own_follows_none_either() -> None:
    """The rule is the session's, so that a new request cannot forget it."""
    with answering(200) as trap, answering(307, trap.url) as sage, open_session(sage.url) as session:
        assert session.post(sage.url, data={"client_secret": "s"}, timeout=5).status_code == 307
        assert trap.requests == []


def test_the_target_of_a_redirect_is_shown_as_a_host_alone() -> None:
    with (
        answering(302, "https://user:pw@[31m/") as sage,
        open_session(sage.url) as session,
        pytest.raises(RedirectedError, match="redirects to another address"),
    ):
        send("GET", sage.url, session)
