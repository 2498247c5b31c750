"""The rehearsal Sage: apps, users and businesses behind one entry point that takes HTTP requests as bytes.

It is reproducible to the byte from its seed: ids, codes and tokens are derived from it, and the clock is
passed in. Requests may come from several threads; the books handle one at a time.
"""

from __future__ import annotations

import json
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
from sagerecon.rehearsal.faults import Faults, FaultType, NoFaults, faults_document, faults_from_document
from sagerecon.rehearsal.gateway import Gateway, split_target
from sagerecon.rehearsal.idempotency import Idempotency
from sagerecon.rehearsal.ids import Ids
from sagerecon.rehearsal.limits import Limits
from sagerecon.rehearsal.membership import Member, Membership, members_from_document
from sagerecon.rehearsal.network import deliver, has_unreadable_record, server_error
from sagerecon.rehearsal.openapi import describe
from sagerecon.rehearsal.overview import overview
from sagerecon.rehearsal.pages import DESCRIPTION_PATH, start_page
from sagerecon.rehearsal.reply import Reply, html_reply, json_reply, refusal
from sagerecon.rehearsal.request import Books
from sagerecon.rehearsal.sign_in import AUTHORIZE_PATH, REVOKE_PATH, TOKEN_PATH, SignIn
from sagerecon.rehearsal.state_file import damaged, read_state, write_state
from sagerecon.rehearsal.switches import apply_switches, check_switch, default_choice, with_change_filter


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str  #: without the API's version prefix
    target: str  #: `path` with its query
    is_api: bool
    headers: Mapping[str, str]  #: names in lower case
    body: bytes


class RehearsalSage:
    """A simulated Sage.

    Where public sources do not settle how Sage behaves, a switch chooses the behaviour: see
    `switches.SWITCHES`. Switches are given as `switches` or set later with `set_switch`.

    Args:
        latency: how long each answer takes, in milliseconds.
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
        switches: Mapping[str, str] | None = None,
    ) -> None:
        switches = switches or {}
        self.catalog = catalog = with_change_filter(catalog, switches)
        self.clock = clock
        self.seed = seed
        self.latency = latency
        self.faults: Faults = faults or NoFaults()
        self.ids = Ids(seed)
        self.membership = Membership()
        self.authorization = AuthorizationServer(catalog.api, self.ids)
        self.limits = Limits(catalog.api.limit_profiles[profile])
        self.idempotency = Idempotency(catalog)
        self.gateway = Gateway(self.authorization, self.membership, self.limits, self.idempotency)
        self.switches = dict(switches)  #: choice by switch, for the switches that were set
        for name, value in switches.items():
            self.set_switch(name, value)
        self.unreadable: set[str] = set()  #: ids of records that Sage cannot render
        self.calls = 0  #: requests that reached the API, including refused ones
        self._version = urlsplit(catalog.api.base_url).path
        self._lock = threading.RLock()

    def set_switch(self, name: str, value: str) -> None:
        """Set a switch of `switches.SWITCHES`; `change_filter` cannot change after construction.

        Raises:
            ProjectError: there is no such switch, it has no such choice, or it can no longer be changed.
        """
        check_switch(name, value)
        if name == "change_filter" and value != self.switches.get(name, default_choice(name)):
            raise ProjectError("The switch change_filter can only be set when the rehearsal is created.")
        self.switches[name] = value
        match name:
            case "retry_after":
                self.gateway.retry_after = value
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
        """Register a user."""
        self.membership.members[user_id] = Member(user_id, displayed_as, initials)

    def add_business(self, books: Books, members: Mapping[str, str]) -> None:
        """Add a business; `members` gives the role of each of its users by user id."""
        self.membership.add_business(books, members)

    def business(self, business: str) -> Books:
        """Return the books of a business, for editing them outside the API."""
        return self.membership.businesses[business]

    def lapse(self, business: str, *, is_lapsed: bool = True) -> None:
        """End the subscription of a business, or renew it."""
        (self.membership.lapsed.add if is_lapsed else self.membership.lapsed.discard)(business)

    def mark_unreadable(self, sage_id: str) -> None:
        """Make every page that contains this record fail when read with `attributes=all`.

        A client in production has met this: one record that Sage cannot render makes its whole page fail.
        """
        self.unreadable.add(sage_id)

    def schedule_foreign_calls(self, business: str, instants: Iterable[int]) -> None:
        """Schedule calls of other apps to this business at these instants."""
        self.limits.schedule_foreign_calls(business, instants)

    def grant(
        self, client_id: str, user_id: str, business: str, scope: str = "full_access"
    ) -> dict[str, Any]:
        """Issue tokens without the consent page; return what the token endpoint answers to a code."""
        with self._lock:
            consent = Consent(client_id, user_id, business, scope)
            return self.authorization.issue_tokens(consent, self.clock.now())

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Handle a request to an absolute address or a path and return the server's answer.

        Raises:
            Dropped: a fault dropped the connection before an answer came.
        """
        arrived = self.clock.now()
        request = self._read(method, url, headers, body)
        with self._lock:
            faults = self.faults.faults_for(request.method, request.path)
            for struck in faults:
                if struck.edit is not None:
                    struck.edit()
        fault = next((fault for fault in faults if fault.type is not FaultType.EDIT), None)
        reply = deliver(fault, lambda: self._handle(request), self._too_many_requests, self.clock)
        with self._lock:
            named = {**reply.headers, self.catalog.api.request_id_header: self.ids.next("request")}
        return replace(reply, headers=named, elapsed_milliseconds=self.clock.now() - arrived)

    def description(self, address: str) -> dict[str, Any]:
        """Return the OpenAPI document of the operations offered; `address` is the server's base URL."""
        return describe(self.catalog, self.gateway.offered(self.catalog), address)

    def save(self, path: Path) -> None:
        """Write the whole state atomically to a JSON file of mode 0600.

        Faults are included, except those that call a function.

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
        """Load the rehearsal that `save` wrote; `read_books` is `Business.from_document`.

        Without `faults`, the saved faults continue.

        Raises:
            ProjectError: the file cannot be read, is not a saved rehearsal, or has another format.
        """
        document = read_state(path)
        try:
            sage = cls._from_document(document, catalog, clock, read_books, faults)
            sage._start_page("", clock.now())  # reads each of the books
            json.dumps(sage._document())
        except Exception as error:  # of any part of the books, each of which trusts what it saved itself
            raise damaged(path, "the books of a business cannot be loaded") from error
        return sage

    @classmethod
    def _from_document(
        cls,
        document: Mapping[str, Any],
        catalog: Catalog,
        clock: Clock,
        read_books: Callable[[Any, Catalog], Books],
        faults: Faults | None,
    ) -> RehearsalSage:
        profile = document["limits"]["profile"]
        catalog = with_change_filter(catalog, document["plays"])
        faults = faults or faults_from_document(document["faults"])
        sage = cls(
            catalog, clock, document["seed"], profile=profile, latency=document["latency"], faults=faults
        )
        sage.switches = dict(document["plays"])
        sage.ids = Ids(document["seed"], document["ids"])
        sage.membership.members = members_from_document(document["membership"])
        sage.membership.lapsed = set(document["membership"]["lapsed"])
        for facts in document["membership"]["businesses"]:
            books = read_books(facts, catalog)
            sage.membership.businesses[books.id] = books
        sage.authorization = AuthorizationServer.from_document(
            document["authorization"], catalog.api, sage.ids
        )
        sage.limits = Limits.from_document(document["limits"], catalog.api.limit_profiles[profile])
        sage.idempotency = Idempotency.from_document(document["idempotency"], catalog)
        sage.gateway = Gateway(
            authorization=sage.authorization,
            membership=sage.membership,
            limits=sage.limits,
            idempotency=sage.idempotency,
            retry_after=document["retry_after"],
        )
        sage.calls = document["calls"]
        sage.unreadable = set(document["spoiled"])
        return sage

    def _read(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Request:
        parts = urlsplit(url)
        path, is_api = parts.path or "/", False
        if path == self._version or path.startswith(f"{self._version}/"):
            path, is_api = path.removeprefix(self._version), True
        target = f"{path}?{parts.query}" if parts.query else path
        named = {name.lower(): value for name, value in headers.items()}
        return _Request(
            method=method.upper(), path=path, target=target, is_api=is_api, headers=named, body=body
        )

    def _too_many_requests(self) -> Reply:
        """Return a 429 that no limit explains."""
        now = self.clock.now()
        return self.gateway.too_many("per_minute", now + MINUTE, now)

    def _handle(self, request: _Request) -> Reply:
        if request.is_api:
            return self._handle_call(request)
        sign_in, now = SignIn(self.authorization, self.membership), self.clock.now()
        with self._lock:
            match request.method, request.path:
                case "GET" | "POST", path if path == AUTHORIZE_PATH:
                    query = split_target(request.target)[1]
                    return sign_in.authorize(request.method, query, request.headers, request.body, now)
                case "POST", path if path == TOKEN_PATH:
                    return sign_in.token(request.headers, request.body, now)
                case "POST", path if path == REVOKE_PATH:
                    return sign_in.revoke(request.headers, request.body)
                case "GET", "/":
                    return html_reply(200, self._start_page(_address(request), now))
                case "GET", path if path == DESCRIPTION_PATH:
                    return json_reply(200, self.description(_address(request)))
        return refusal(404, "RecordNotFound", "Couldn't find record.")

    def _handle_call(self, request: _Request) -> Reply:
        """Handle a call to the API: count it on arrival, run it after the latency."""
        now = self.clock.now()
        with self._lock:
            self.calls += 1
            caller = self.gateway.authenticate(request.headers, now)
            if isinstance(caller, Reply):
                return caller
            if (refused := self.gateway.check_limits(caller, now)) is not None:
                return refused
            self.limits.begin_call(caller.app_id)
        reply = None
        try:
            if self.latency:
                self.clock.sleep(self.latency)
            with self._lock:
                now = self.clock.now()
                reply = self.gateway.handle(
                    caller, request.method, request.target, request.headers, request.body, now
                )
            if self.unreadable and has_unreadable_record(
                request.method, request.target, reply.body, self.unreadable
            ):
                reply = server_error(500)
            reply = apply_switches(reply, self.switches)
            return reply
        finally:
            with self._lock:
                self.limits.end_call(caller.app_id, self.clock.now(), len(reply.body) if reply else 0)

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
            "spoiled": sorted(self.unreadable),
            "retry_after": self.gateway.retry_after,
            "plays": self.switches,
            "faults": faults_document(self.faults),
            "ids": self.ids.document(),
            "authorization": self.authorization.document(),
            "limits": self.limits.document(),
            "idempotency": self.idempotency.document(),
            "membership": self.membership.document(),
        }


def _address(request: _Request) -> str:
    """Return the base URL the client used, or an empty string where it sent no `Host` header."""
    host = request.headers.get("host", "")
    return f"http://{host}" if host else ""
