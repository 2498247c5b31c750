"""A listener on this machine to which the browser is redirected after consent."""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from sagerecon.model.errors import AuthorizationError, ProjectError

_HOST = "127.0.0.1"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>sagerecon</title></head>
<body style="font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>
"""
_DONE = _PAGE.format(title="Signed in", text="You can close this window and go back to the terminal.")
_DENIED = _PAGE.format(title="Not signed in", text="Access was not allowed. You can close this window.")
_UNEXPECTED = _PAGE.format(
    title="Unexpected answer", text="This answer does not belong to the current sign-in."
)


class LoopbackListener:
    """Listens on 127.0.0.1 until it is closed. Port 0 is any free one, if the app is registered for that."""

    def __init__(self, port: int = 0, path: str = "/callback") -> None:
        try:
            self._http = _Listener((_HOST, port), path)
        except (OSError, OverflowError) as error:
            raise ProjectError(
                f"Port {port} cannot be used: {error}.", "Check which program uses it."
            ) from error
        self.redirect_uri = f"http://{_HOST}:{self._http.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait(self, state: str, seconds: float) -> str:
        """Return the address to which the browser was redirected with this state.

        Raises:
            AuthorizationError: it was not redirected within `seconds`.
        """
        self._http.state = state
        if not self._http.received.wait(seconds):
            raise AuthorizationError(
                f"The sign-in was not completed in the browser within {seconds:.0f} seconds.",
                "Try again: sagerecon auth login",
            )
        return f"{self.redirect_uri}?{self._http.query}"

    def close(self) -> None:
        """Stop listening, and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Listener(HTTPServer):
    def __init__(self, address: tuple[str, int], path: str) -> None:
        super().__init__(address, _Handler)
        self.path = path
        self.state = ""
        self.query = ""
        self.received = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10

    def do_GET(self) -> None:
        """Accept the redirect with the expected state; answer 404 to other paths, such as an icon."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path != self.server.path:
            self._send(404, _UNEXPECTED)
        elif not self.server.state or not hmac.compare_digest(
            query.get("state", "").encode(), self.server.state.encode()
        ):
            self._send(400, _UNEXPECTED)
        else:
            self._send(200, _DONE if "code" in query else _DENIED)
            if not self.server.received.is_set():
                self.server.query = parts.query
                self.server.received.set()

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing, because the address contains a code."""

    def _send(self, status: int, page: str) -> None:
        content = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)
