"""The listener on this machine answers the browser, whoever else connects to it."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from sagerecon.sage.loopback import LoopbackListener

ANSWER = {"code": "1", "state": "s1"}


def get(listener: LoopbackListener, **headers: str) -> requests.Response:
    with requests.Session() as browser:
        browser.trust_env = False
        return browser.get(listener.redirect_uri, params=ANSWER, headers=headers, timeout=5)


def port(listener: LoopbackListener) -> int:
    found = urlsplit(listener.redirect_uri).port
    assert found is not None
    return found


def test_silent_connections_keep_nobody_waiting() -> None:
    with LoopbackListener(state="s1") as listener:
        silent = [socket.create_connection(("127.0.0.1", port(listener))) for _ in range(20)]
        silent[0].sendall(b"GET /callback?code=2")  # and one that stops in the middle
        before = time.monotonic()
        assert get(listener).status_code == 200
        assert listener.wait(5).endswith("?code=1&state=s1")
        assert time.monotonic() - before < 3
        for connection in silent:
            connection.close()


def test_the_browser_may_come_back_before_anything_waits() -> None:
    with LoopbackListener() as listener:
        assert len(listener.state) == 32
        url = f"{listener.redirect_uri}?code=1&state={listener.state}"
        assert requests.get(url, timeout=5).status_code == 200
        assert listener.wait(1) == url


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "", "localhost"]
)
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    with LoopbackListener(state="s1") as listener:
        refused = get(listener, Host=host.format(port=port(listener)))
        assert refused.status_code in (400, 403)
        assert not listener._http.received.is_set()
        assert get(listener, Host=f"localhost:{port(listener)}").status_code == 200


def test_two_host_headers_are_refused() -> None:
    with LoopbackListener(state="s1") as listener:
        with socket.create_connection(("127.0.0.1", port(listener))) as connection:
            host = f"Host: 127.0.0.1:{port(listener)}\r\n"
            connection.sendall(f"GET /callback?code=1&state=s1 HTTP/1.1\r\n{host}{host}\r\n".encode())
            assert b" 403 " in connection.recv(100)
        assert not listener._http.received.is_set()


def test_it_ends_with_the_first_answer() -> None:
    with LoopbackListener(state="s1") as listener:
        assert get(listener).status_code == 200
        assert listener.wait(5).endswith("?code=1&state=s1")
        with pytest.raises(requests.ConnectionError):
            get(listener)
        with LoopbackListener(port(listener)):  # the port is free
            pass


def test_its_page_is_in_no_frame_and_in_no_cache() -> None:
    with LoopbackListener(state="s1") as listener:
        headers = get(listener).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
