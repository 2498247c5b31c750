"""Where the browser comes back to after consent: a listener on this machine, for one answer."""

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
_STRANGE = _PAGE.format(title="Not expected", text="This answer does not belong to the sign-in under way.")


class LoopbackListener:
    """Listens on 127.0.0.1; a context manager. Port 0 takes a free one, where the app is registered so."""

    def __init__(self, port: int = 0, path: str = "/callback") -> None:
        try:
            self._http = _Listener((_HOST, port), path)
        except (OSError, OverflowError) as error:
            raise ProjectError(
                f"Port {port} cannot be used: {error}.", "Name another for the redirect."
            ) from error
        self.redirect_uri = f"http://{_HOST}:{self._http.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait(self, state: str, seconds: float) -> str:
        """The address the browser came back to with this state, with its code or its error.

        Raises:
            AuthorizationError: nobody came in time.
        """
        self._http.state = state
        if not self._http.came.wait(seconds):
            raise AuthorizationError(
                f"Nobody came back from the sign-in page within {seconds:.0f} seconds.",
                "Start again: sagerecon auth login.",
            )
        return f"{self.redirect_uri}?{self._http.query}"

    def close(self) -> None:
        """Stop listening."""
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
        self.came = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10

    def do_GET(self) -> None:
        """The browser with an answer; anything else, such as its icon, is not found."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path != self.server.path:
            self._send(404, _STRANGE)
        elif not self.server.state or not hmac.compare_digest(
            query.get("state", "").encode(), self.server.state.encode()
        ):
            self._send(400, _STRANGE)
        else:
            self._send(200, _DONE if "code" in query else _DENIED)
            if not self.server.came.is_set():
                self.server.query = parts.query
                self.server.came.set()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the address holds a code."""

    def _send(self, status: int, page: str) -> None:
        content = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)
