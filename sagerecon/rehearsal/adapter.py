"""The rehearsal Sage in process, as a `requests` adapter in place of the network.

A fault raises what `requests` raises for it on a real connection, so the client under test behaves as it
would on a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate
from http.client import responses
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from sagerecon.model.clock import SECOND
from sagerecon.rehearsal.reply import Dropped, Reply
from sagerecon.rehearsal.sage import RehearsalSage


def mount(session: requests.Session, sage: RehearsalSage, *base_urls: str) -> None:
    """Route the session's requests to the API's real hosts, and to `base_urls`, to `sage`."""
    api = sage.catalog.api
    adapter = RehearsalAdapter(sage)
    for url in (api.base_url, api.authorize_url, api.token_url, api.revoke_url, *base_urls):
        parts = urlsplit(url)
        session.mount(f"{parts.scheme}://{parts.netloc}/", adapter)


class RehearsalAdapter(BaseAdapter):
    """Transport adapter that passes each request to a rehearsal Sage."""

    def __init__(self, sage: RehearsalSage) -> None:
        super().__init__()
        self._sage = sage
        self._building = HTTPAdapter()  # used only to build a `Response` from a urllib3 response

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: ARG002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Return Sage's answer to a prepared request.

        Raises:
            requests.ConnectionError: a fault dropped the connection before an answer came.
            requests.ReadTimeout: the answer took longer than the read timeout.
        """
        url = request.url or ""
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        try:
            reply = self._sage.request(request.method or "GET", url, request.headers, content)
        except Dropped as drop:
            raise _connection_error(request, url, sent=drop.sent) from None
        if _has_timed_out(timeout, reply.elapsed_milliseconds):
            raise requests.ReadTimeout("The answer took too long.", request=request)
        dated = {"Date": formatdate(self._sage.clock.now() // SECOND, usegmt=True), **reply.headers}
        return self._building.build_response(request, _raw(replace(reply, headers=dated), request))

    def close(self) -> None:
        """Do nothing: the adapter holds no connections."""


def _raw(reply: Reply, request: requests.PreparedRequest) -> HTTPResponse:
    sent = reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body
    return HTTPResponse(
        body=BytesIO(sent),
        headers={**reply.headers, "Content-Length": str(len(reply.body))},
        status=reply.status,
        reason=responses.get(reply.status, ""),
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
        request_method=request.method,
    )


def _has_timed_out(timeout: float | tuple[float, float] | tuple[float, None] | None, elapsed: int) -> bool:
    """Return whether a client with this timeout has stopped waiting after `elapsed` milliseconds."""
    read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout
    return read_timeout is not None and elapsed > read_timeout * 1_000


def _connection_error(
    request: requests.PreparedRequest, url: str, *, sent: bool
) -> requests.exceptions.ConnectionError:
    if sent:
        reset = ConnectionResetError(104, "Connection reset by peer")
        return requests.exceptions.ConnectionError(
            ProtocolError("Connection aborted.", reset), request=request
        )
    parts = urlsplit(url)
    refused = NewConnectionError(HTTPConnection(parts.hostname or ""), "Connection refused")
    return requests.exceptions.ConnectionError(MaxRetryError(None, url, refused), request=request)  # type: ignore[arg-type]
