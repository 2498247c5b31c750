"""The rehearsal Sage as an HTTP server on loopback, for any client."""

from __future__ import annotations

from sagerecon.rehearsal.sage import RehearsalSage


class Server:
    """A running server on 127.0.0.1; a context manager."""

    host: str
    port: int
    url: str  #: `http://127.0.0.1:4001`; the API stands under `/v3.1`

    def close(self) -> None:
        """Stop answering."""
        raise NotImplementedError


def serve(sage: RehearsalSage, port: int = 0) -> Server:
    """A server that has begun to answer; port 0 takes a free one."""
    raise NotImplementedError
