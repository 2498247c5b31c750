"""The rehearsal Sage as an HTTP server on loopback, for any client.

A lost answer is a real connection reset; a truncated answer is a body shorter than its Content-Length.
"""

from __future__ import annotations

import socket
import struct
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sagerecon.model.clock import SECOND
from sagerecon.model.errors import ProjectError
from sagerecon.rehearsal.reply import Dropped, Reply, refusal
from sagerecon.rehearsal.sage import RehearsalSage

HOST = "127.0.0.1"

#: How long an idle connection is kept open. A request sent on it later is lost.
IDLE_SECONDS = 120

_LARGEST_BODY = 32 * 1024 * 1024
_NAMES = (HOST, "localhost")

#: SO_LINGER of zero seconds: closing the socket sends a RST instead of a FIN.
_RESET = struct.pack("ii", 1, 0)


class Server:
    """A running server on 127.0.0.1, usable as a context manager. Its API is below `url` + `/v3.1`."""

    def __init__(self, sage: RehearsalSage, port: int, idle_seconds: int) -> None:
        try:
            self._http = _HttpServer((HOST, port), sage, idle_seconds)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ProjectError(
                f"Port {port} cannot be used: {reason}.", "Name another port: --port"
            ) from error
        self.sage = sage
        self.host = HOST
        self.port: int = self._http.server_address[1]
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Block until the server is closed."""
        self._thread.join()

    @property
    def failures(self) -> list[Exception]:
        """Unexpected exceptions of the rehearsal; each was answered with a 500."""
        return self._http.failures

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(sage: RehearsalSage, port: int = 0, idle_seconds: int = IDLE_SECONDS) -> Server:
    """Start a server and return it; port 0 picks a free port.

    Args:
        idle_seconds: how long a connection may be idle before the server closes it.

    Raises:
        ProjectError: the port cannot be used.
    """
    return Server(sage, port, idle_seconds)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # keep-alive connections would block it; their threads end with their sockets

    def __init__(self, address: tuple[str, int], sage: RehearsalSage, idle_seconds: int) -> None:
        self.sage = sage
        self.idle_seconds = idle_seconds
        self.failures: list[Exception] = []
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)  # closes itself if it cannot bind

    def process_request_thread(self, request: object, client_address: object) -> None:
        connection: socket.socket = request  # type: ignore[assignment]
        self._open.add(connection)
        try:
            super().process_request_thread(connection, client_address)
        finally:
            self._open.discard(connection)

    def server_close(self) -> None:
        super().server_close()
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a client that disconnected."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each answer waits 40 ms for the client's acknowledgement
    wbufsize = -1
    server: _HttpServer

    def setup(self) -> None:
        """Set the idle timeout of the connection."""
        super().setup()
        self.connection.settimeout(self.server.idle_seconds)

    def handle_any(self) -> None:
        """Answer one request."""
        length = self.headers.get("Content-Length", "0")
        is_number = length.isdecimal() and len(length) <= len(str(_LARGEST_BODY))
        if not is_number or int(length) > _LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(refusal(411, "LengthRequired", "Content-Length is required."))
            return
        body = self.rfile.read(int(length))
        if urlsplit(f"//{self.headers.get('Host', HOST)}").hostname not in _NAMES:
            self._send(refusal(403, "Forbidden", "Only requests from this machine are accepted."))
            return
        try:
            reply = self.server.sage.request(self.command, self.path, dict(self.headers.items()), body)
        except Dropped:
            self._reset()
        except Exception as failure:  # a server must answer every request
            self.server.failures.append(failure)
            self._send(refusal(500, "UnexpectedError", "An unexpected error occurred."))
        else:
            self._send(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def version_string(self) -> str:
        """Return the `Server` header."""
        return "RehearsalSage"

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
        """Return the `Date` header, in the rehearsal's own time."""
        return formatdate(self.server.sage.clock.now() // SECOND, usegmt=True)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing: the address may contain an authorization code."""

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body)
        self.wfile.flush()
        if reply.is_cut:
            self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True
        self.connection.close()
