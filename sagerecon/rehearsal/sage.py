"""The rehearsal Sage: apps, users and businesses behind one door that takes requests as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.rehearsal.request import Books


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False  #: the connection ends before the whole body is through
    took: int = 0  #: milliseconds between the request and this


class Dropped(Exception):  # noqa: N818 - an outcome of the network, not a fault of ours
    """The connection ended without an answer; `sent` says whether the request had left."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the connection ended without an answer")
        self.sent = sent


class RehearsalSage:
    """A Sage of our own, reproducible from its seed."""

    def __init__(self, catalog: Catalog, clock: Clock, seed: int = 1) -> None:
        raise NotImplementedError

    def add_app(self, client_id: str, client_secret: str, *, name: str, redirect_uri: str) -> None:
        """Register a client application."""
        raise NotImplementedError

    def add_user(self, user_id: str, displayed_as: str, initials: str) -> None:
        """Register a person."""
        raise NotImplementedError

    def add_business(self, books: Books, members: Mapping[str, str]) -> None:
        """Open a business; `members` are its users' roles by user id."""
        raise NotImplementedError

    def grant(
        self, client_id: str, user_id: str, business_id: str, scope: str = "full_access"
    ) -> Mapping[str, Any]:
        """A consent without the page: the answer of the token endpoint, as for a code."""
        raise NotImplementedError

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """What the server answers.

        Raises:
            Dropped: it answers nothing.
        """
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """All of it as a JSON file of mode 0600."""
        raise NotImplementedError

    @classmethod
    def load(
        cls, path: Path, catalog: Catalog, clock: Clock, read_books: Callable[[Any, Catalog], Books]
    ) -> RehearsalSage:
        """The rehearsal that `save` wrote; `read_books` is `Business.from_document`."""
        raise NotImplementedError
