"""Opens `requests` sessions to Sage's hosts that never repeat or redirect a request by themselves."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies

from sagerecon.model.address import LOOPBACK, host_and_port, host_of
from sagerecon.model.errors import RedirectedError, SageError

#: Seconds to wait for a connection, and for an answer: Sage can take long to save a document.
TIMEOUTS = (5, 60)

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Undirected(requests.Session):
    """A session that follows no redirect: every request to Sage carries a token or the app's secret."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Return None, so that a redirect is an answer like any other."""
        return None


def open_session(*urls: str) -> requests.Session:
    """Return a session for the hosts of `urls`.

    The proxies and certificates of the environment are read once, here: reading them for each request costs
    a quarter of the throughput. The session does not retry, because a repeated POST could book twice, and
    follows no redirect.
    """
    session = Undirected()
    session.trust_env = False
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname in LOOPBACK:  # a rehearsal on this machine, which a proxy cannot reach
            continue
        proxies = get_environ_proxies(url)
        proxy = proxies.get(parts.scheme) or proxies.get("all")
        if proxy:
            session.proxies[f"{parts.scheme}://{parts.hostname}"] = proxy
    for variable in _CA_VARIABLES:
        if bundle := os.environ.get(variable):
            session.verify = bundle
            break
    return session


def raise_on_redirect(response: requests.Response) -> None:
    """Raise RedirectedError where an answer is a redirect."""
    if 300 <= response.status_code < 400:
        target = response.headers.get("Location", "")
        shown = host_and_port(target) if host_of(target) else "another address"
        raise RedirectedError(host_and_port(response.url or "") or "Sage", response.status_code, shown)


def require_listener(address: str) -> None:
    """Check that a server accepts connections at `address`, without sending a request.

    Raises:
        SageError: none does.
    """
    parts = urlsplit(address)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=TIMEOUTS[0]).close()
    except OSError as error:
        raise SageError(
            f"The sandbox at {address} does not answer: {(error.strerror or str(error)).lower()}.",
            "Start it with: sagerecon sandbox",
        ) from error


def share_connections(session: requests.Session, other: requests.Session) -> None:
    """Let `other` use the connections, proxies and certificates of `session`."""
    other.adapters = session.adapters
    other.proxies = session.proxies
    other.verify = session.verify
    other.trust_env = False
