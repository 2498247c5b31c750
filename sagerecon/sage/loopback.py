"""A listener on this machine to which the browser is redirected after consent, or whose answer is pasted."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from sagerecon.model.errors import AuthorizationError, ProjectError

_HOST = "127.0.0.1"

#: The names by which a browser on this machine calls the listener. A page that has made another name lead
#: here sends that one.
_NAMES = (_HOST, "localhost")

#: How long one look for a pasted line takes; an answer from the browser is noticed after that.
_POLL_SECONDS = 0.2

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>sagerecon</title></head>
<body style="font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>
"""

#: The page has a style and nothing else, and no other page may show it in a frame.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

_DONE = _PAGE.format(title="Signed in", text="You can close this window and go back to the terminal.")
_DENIED = _PAGE.format(title="Not signed in", text="Access was not allowed. You can close this window.")
_UNEXPECTED = _PAGE.format(
    title="Unexpected answer", text="This answer does not belong to the current sign-in."
)


class PastedLines(Protocol):
    """Lines that the user pastes while the listener waits; for a browser on another machine."""

    def line(self, seconds: float) -> str | None:
        """Return the next line that arrives within `seconds`, or None after that time."""
        ...

    def refuse(self, reason: str) -> None:
        """Show the user why the last line was not accepted."""
        ...


class LoopbackListener:
    """Listens on 127.0.0.1 until one answer has come. Port 0 is any free one, if the app is registered so.

    `state` is what the answer must carry: it is chosen before anything listens.
    """

    def __init__(self, port: int = 0, path: str = "/callback", state: str = "") -> None:
        self.state = state or secrets.token_urlsafe(24)
        try:
            self._http = _Listener((_HOST, port), path, self.state)
        except (OSError, OverflowError) as error:
            raise ProjectError(
                f"Port {port} cannot be used: {error}.",
                "Check which program uses it, or choose another port.",
            ) from error
        self.redirect_uri = f"http://{_HOST}:{self._http.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float, pasted: PastedLines | None = None) -> str:
        """Return the address to which the browser was redirected, or that was pasted, and stop listening.

        Raises:
            AuthorizationError: it was neither redirected nor pasted within `seconds`.
        """
        if not (self._http.received.wait(seconds) if pasted is None else self._await_either(seconds, pasted)):
            raise AuthorizationError(
                f"The sign-in was not completed in the browser within {seconds:.0f} seconds.",
                "Try again: sagerecon auth login",
            )
        self.close()
        return f"{self.redirect_uri}?{self._http.query}"

    def _await_either(self, seconds: float, pasted: PastedLines) -> bool:
        """Return whether an answer was received or pasted within `seconds`."""
        end = time.monotonic() + seconds
        while not self._http.received.is_set() and time.monotonic() < end:
            if line := (pasted.line(_POLL_SECONDS) or "").strip():
                self._accept(line, pasted)
        return self._http.received.is_set()

    def _accept(self, line: str, pasted: PastedLines) -> None:
        """Take the pasted address as the answer if it belongs to this sign-in; refuse it otherwise."""
        query = line.partition("?")[2].partition("#")[0]
        found = dict(parse_qsl(query))
        if "state" not in found or not found.keys() & {"code", "error"}:
            pasted.refuse(
                "This is not the address of the page after the sign-in: it has no code and state. "
                "Copy the whole address from the browser."
            )
        elif not self._http.is_expected(found["state"]):
            pasted.refuse("This address belongs to another sign-in. Open the link above and sign in again.")
        else:
            self._http.accept(query)

    def close(self) -> None:
        """Stop listening, and free the port; it may be called again."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Listener(ThreadingHTTPServer):
    """Answers each connection in a thread of its own, so that a silent one keeps no other waiting."""

    daemon_threads = True
    block_on_close = False  # a silent connection ends with the process, or after its time

    def __init__(self, address: tuple[str, int], path: str, state: str) -> None:
        self.path = path
        self.state = state
        self.query = ""
        self.received = threading.Event()
        self._accepting = threading.Lock()
        super().__init__(address, _Handler)
        port = self.server_address[1]
        self.hosts = [f"{name}:{port}" for name in _NAMES] + (list(_NAMES) if port == 80 else [])

    def is_expected(self, state: str) -> bool:
        """Return whether an answer with this state belongs to the current sign-in."""
        return hmac.compare_digest(state.encode(), self.state.encode())

    def accept(self, query: str) -> None:
        """Keep the first answer."""
        with self._accepting:
            if not self.received.is_set():
                self.query = query
                self.received.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10

    def do_GET(self) -> None:
        """Accept the redirect with the expected state; answer 404 to other paths, such as an icon."""
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            return self._send(403, _UNEXPECTED)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path != self.server.path:
            return self._send(404, _UNEXPECTED)
        if not self.server.is_expected(query.get("state", "")):
            return self._send(400, _UNEXPECTED)
        self._send(200, _DONE if "code" in query else _DENIED)
        return self.server.accept(parts.query)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing, because the address contains a code."""

    def _send(self, status: int, page: str) -> None:
        content = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()
        self.wfile.write(content)
