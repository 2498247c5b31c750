"""The rehearsal Sage: apps, users and businesses behind one door that takes requests as bytes.

It is reproducible from its seed, to the byte: ids, codes and tokens follow from it, and time is a clock
handed in. Requests may come from several threads; the books see one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.rehearsal.authorization import App, AuthorizationServer, Consent
from sagerecon.rehearsal.door import Door, split_target
from sagerecon.rehearsal.faults import Faults, NoFaults, Trouble, faults_document, faults_of
from sagerecon.rehearsal.idempotency import Idempotency
from sagerecon.rehearsal.ids import Ids
from sagerecon.rehearsal.limits import Limits
from sagerecon.rehearsal.membership import Member, Membership, members_of
from sagerecon.rehearsal.network import deliver, is_spoiled, server_error
from sagerecon.rehearsal.openapi import describe
from sagerecon.rehearsal.overview import overview
from sagerecon.rehearsal.pages import DESCRIPTION_PATH, start_page
from sagerecon.rehearsal.playing import altered, as_played, check_play, usual
from sagerecon.rehearsal.reply import Reply, html_reply, json_reply, refusal
from sagerecon.rehearsal.request import Books
from sagerecon.rehearsal.signing_in import AUTHORIZE_PATH, REVOKE_PATH, TOKEN_PATH, SignIn
from sagerecon.rehearsal.state_file import read_state, write_state


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str  #: without the API's version
    target: str  #: the same with its query
    is_api: bool
    headers: Mapping[str, str]  #: names in lower case
    body: bytes


class RehearsalSage:
    """A Sage of our own. `latency` is how long each answer takes, in milliseconds.

    What the sources on Sage leave open is a switch, named in `playing.SWITCHES`: given as `plays`, or later
    to `play`.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        seed: int = 1,
        *,
        profile: str = "standard",
        latency: int = 0,
        faults: Faults | None = None,
        plays: Mapping[str, str] | None = None,
    ) -> None:
        plays = plays or {}
        self.catalog = catalog = as_played(catalog, plays)
        self.clock = clock
        self.seed = seed
        self.latency = latency
        self.faults: Faults = faults or NoFaults()
        self.ids = Ids(seed)
        self.membership = Membership()
        self.authorization = AuthorizationServer(catalog.api, self.ids)
        self.limits = Limits(catalog.api.limit_profiles[profile])
        self.idempotency = Idempotency(catalog)
        self.door = Door(self.authorization, self.membership, self.limits, self.idempotency)
        self.plays = dict(plays)  #: the switches that were set
        for name, value in plays.items():
            self.play(name, value)
        self.spoiled: set[str] = set()  #: ids of records that no page can show whole
        self.calls = 0  #: requests that reached the API, refused ones included
        self._version = urlsplit(catalog.api.base_url).path
        self._lock = threading.RLock()

    def play(self, name: str, value: str) -> None:
        """Set a switch of `playing.SWITCHES`; the name of the change filter only when Sage is made.

        Raises:
            ProjectError: there is no such switch, or it has no such choice.
        """
        check_play(name, value)
        if name == "change_filter" and value != self.plays.get(name, usual(name)):
            raise ProjectError("The name of the change filter is settled when the rehearsal is made.")
        self.plays[name] = value
        match name:
            case "retry_after":
                self.door.retry_after = value
            case "idempotency":
                self.idempotency.is_honoured = value == "honoured"
            case "limits":
                self.limits.change(self.catalog.api.limit_profiles[value])
            case "same_id_other_body":
                self.idempotency.other_body = value
            case "repeated_refusal":
                self.idempotency.replays_errors = value == "replayed"
            case "refused_calls":
                self.limits.counts_refused = value == "counted"
            case "old_refresh_token":
                self.authorization.reuse = value

    def add_app(self, client_id: str, client_secret: str, *, name: str, redirect_uri: str) -> None:
        """Register a client application."""
        self.authorization.apps[client_id] = App(client_id, client_secret, name, redirect_uri)

    def add_user(self, user_id: str, displayed_as: str, initials: str) -> None:
        """Register a person."""
        self.membership.members[user_id] = Member(user_id, displayed_as, initials)

    def add_business(self, books: Books, members: Mapping[str, str]) -> None:
        """Open a business; `members` are the roles of its users by user id."""
        self.membership.add_business(books, members)

    def business(self, business: str) -> Books:
        """The books of a business, for whoever edits them by another hand."""
        return self.membership.businesses[business]

    def lapse(self, business: str, *, is_lapsed: bool = True) -> None:
        """End a business's subscription, or renew it."""
        (self.membership.lapsed.add if is_lapsed else self.membership.lapsed.discard)(business)

    def spoil(self, sage_id: str) -> None:
        """Let every page fail that holds this record and was asked for with `attributes=all`.

        A client in use has met it: one record that cannot be shown whole takes its page with it.
        """
        self.spoiled.add(sage_id)

    def expect_foreign(self, business: str, instants: Iterable[int]) -> None:
        """Other apps will call this business at these instants."""
        self.limits.expect_foreign(business, instants)

    def grant(
        self, client_id: str, user_id: str, business: str, scope: str = "full_access"
    ) -> dict[str, Any]:
        """A consent without the page: what the token endpoint answers to a code."""
        with self._lock:
            consent = Consent(client_id, user_id, business, scope)
            return self.authorization.issue_tokens(consent, self.clock.now())

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """What the server answers to an absolute address or a path.

        Raises:
            Dropped: it answers nothing.
        """
        arrived = self.clock.now()
        request = self._read(method, url, headers, body)
        with self._lock:
            faults = self.faults.strike(request.method, request.path)
            for struck in faults:
                if struck.edit is not None:
                    struck.edit()
        fault = next((fault for fault in faults if fault.trouble is not Trouble.EDIT), None)
        reply = deliver(fault, lambda: self._handled(request), self._refused, self.clock)
        with self._lock:
            named = {**reply.headers, self.catalog.api.request_id_header: self.ids.next("request")}
        return replace(reply, headers=named, took=self.clock.now() - arrived)

    def description(self, address: str) -> dict[str, Any]:
        """The OpenAPI document of what is answered here; `address` is where it is served."""
        return describe(self.catalog, self.door.offered(self.catalog), address)

    def save(self, path: Path) -> None:
        """All of it as a JSON file of mode 0600, whole or not at all; faults too, where they can be told.

        Raises:
            ProjectError: the file cannot be written.
        """
        with self._lock:
            write_state(path, self._document())

    @classmethod
    def load(
        cls,
        path: Path,
        catalog: Catalog,
        clock: Clock,
        read_books: Callable[[Any, Catalog], Books],
        *,
        faults: Faults | None = None,
    ) -> RehearsalSage:
        """The rehearsal that `save` wrote; `read_books` is `Business.from_document`.

        Without `faults`, those go on that were at work when it was saved.

        Raises:
            ProjectError: the file cannot be read, is not one, or is of another format.
        """
        document = read_state(path)
        try:
            return cls._restored(document, catalog, clock, read_books, faults)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProjectError(f"{path} is not a whole saved rehearsal.", "Name another file.") from error

    @classmethod
    def _restored(
        cls,
        document: Mapping[str, Any],
        catalog: Catalog,
        clock: Clock,
        read_books: Callable[[Any, Catalog], Books],
        faults: Faults | None,
    ) -> RehearsalSage:
        profile = document["limits"]["profile"]
        catalog = as_played(catalog, document["plays"])
        faults = faults or faults_of(document["faults"])
        sage = cls(
            catalog, clock, document["seed"], profile=profile, latency=document["latency"], faults=faults
        )
        sage.plays = dict(document["plays"])
        sage.ids = Ids(document["seed"], document["ids"])
        sage.membership.members = members_of(document["membership"])
        sage.membership.lapsed = set(document["membership"]["lapsed"])
        for facts in document["membership"]["businesses"]:
            books = read_books(facts, catalog)
            sage.membership.businesses[books.id] = books
        sage.authorization = AuthorizationServer.from_document(
            document["authorization"], catalog.api, sage.ids
        )
        sage.limits = Limits.from_document(document["limits"], catalog.api.limit_profiles[profile])
        sage.idempotency = Idempotency.from_document(document["idempotency"], catalog)
        sage.door = Door(
            sage.authorization, sage.membership, sage.limits, sage.idempotency, document["retry_after"]
        )
        sage.calls = document["calls"]
        sage.spoiled = set(document["spoiled"])
        return sage

    def _read(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Request:
        parts = urlsplit(url)
        path, is_api = parts.path or "/", False
        if path == self._version or path.startswith(f"{self._version}/"):
            path, is_api = path.removeprefix(self._version), True
        target = f"{path}?{parts.query}" if parts.query else path
        named = {name.lower(): value for name, value in headers.items()}
        return _Request(method.upper(), path, target, is_api, named, body)

    def _refused(self) -> Reply:
        """A 429 out of the blue."""
        now = self.clock.now()
        return self.door.too_many("per_minute", now + MINUTE, now)

    def _handled(self, request: _Request) -> Reply:
        if request.is_api:
            return self._called(request)
        sign_in, now = SignIn(self.authorization, self.membership), self.clock.now()
        with self._lock:
            match request.method, request.path:
                case "GET" | "POST", path if path == AUTHORIZE_PATH:
                    query = split_target(request.target)[1]
                    return sign_in.authorize(request.method, query, request.body, now)
                case "POST", path if path == TOKEN_PATH:
                    return sign_in.token(request.headers, request.body, now)
                case "POST", path if path == REVOKE_PATH:
                    return sign_in.revoke(request.headers, request.body)
                case "GET", "/":
                    return html_reply(200, self._start_page(_address(request), now))
                case "GET", path if path == DESCRIPTION_PATH:
                    return json_reply(200, self.description(_address(request)))
        return refusal(404, "RecordNotFound", "Couldn't find record.")

    def _called(self, request: _Request) -> Reply:
        """A call to the API. It counts when it arrives; the books see it when its time has passed."""
        now = self.clock.now()
        with self._lock:
            self.calls += 1
            visit = self.door.visit(request.headers, now)
            if isinstance(visit, Reply):
                return visit
            if (refused := self.door.limited(visit, now)) is not None:
                return refused
            self.limits.begin(visit.app_id)
        reply = None
        try:
            if self.latency:
                self.clock.sleep(self.latency)
            with self._lock:
                now = self.clock.now()
                reply = self.door.answer(
                    visit, request.method, request.target, request.headers, request.body, now
                )
            if self.spoiled and is_spoiled(request.method, request.target, reply.body, self.spoiled):
                reply = server_error(500)
            reply = altered(reply, self.plays)
            return reply
        finally:
            with self._lock:
                self.limits.end(visit.app_id, self.clock.now(), len(reply.body) if reply else 0)

    def _start_page(self, address: str, now: int) -> str:
        businesses = [overview(books, self.catalog, now) for books in self.membership.businesses.values()]
        apps = list(self.authorization.apps.values())
        return start_page(address, instant_text(now), businesses, apps)

    def _document(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "saved_at": instant_text(self.clock.now()),
            "latency": self.latency,
            "calls": self.calls,
            "spoiled": sorted(self.spoiled),
            "retry_after": self.door.retry_after,
            "plays": self.plays,
            "faults": faults_document(self.faults),
            "ids": self.ids.document(),
            "authorization": self.authorization.document(),
            "limits": self.limits.document(),
            "idempotency": self.idempotency.document(),
            "membership": self.membership.document(),
        }


def _address(request: _Request) -> str:
    """Where the visitor found us."""
    host = request.headers.get("host", "")
    return f"http://{host}" if host else ""
