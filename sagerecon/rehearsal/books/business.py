"""A business behind the door: it answers requests and keeps books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.books.apart import APART
from sagerecon.rehearsal.books.checking import read_wrapper
from sagerecon.rehearsal.books.company import Company, Identity
from sagerecon.rehearsal.books.conducts import CONDUCTS
from sagerecon.rehearsal.books.founding import found_company
from sagerecon.rehearsal.books.listing import attributes
from sagerecon.rehearsal.books.preferences import FACTS, setting
from sagerecon.rehearsal.books.presenting import base
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.books.refusal import Refusal, known, not_found
from sagerecon.rehearsal.books.reissuing import reissue
from sagerecon.rehearsal.books.returns import mark_returned
from sagerecon.rehearsal.books.routes import Route, Routes, check_access
from sagerecon.rehearsal.books.saving import load_company, save_company
from sagerecon.rehearsal.books.unkept import unkept, why_not
from sagerecon.rehearsal.books.views import Views
from sagerecon.rehearsal.books.worded import worded
from sagerecon.rehearsal.books.writing import change, delete, make, release, void
from sagerecon.rehearsal.reply import JSON
from sagerecon.rehearsal.request import ApiReply, ApiRequest


class Business:
    """One company in the rehearsal Sage; satisfies `request.Books`."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._routes = Routes(company.catalog)
        self._views = Views(company)

    @property
    def id(self) -> str:
        """32 hex characters."""
        return self._company.identity.id

    @property
    def name(self) -> str:
        """What the business is called."""
        return self._company.identity.name

    @property
    def country(self) -> str:
        """GB, IE or CA."""
        return self._company.identity.country

    @property
    def edition(self) -> str:
        """start, standard or plus."""
        return self._company.identity.edition

    def handle(self, request: ApiRequest) -> ApiReply:
        """The answer to `request`; a refusal is an error array and changes nothing."""
        self._company.now = request.now
        try:
            route = self._routes.find(request.method, request.path)
            reason = why_not(route.kind, route.operation.name)
            if reason:
                raise unkept(reason)
            check_access(route, request.user, self.country, self.edition)
            return self._answer(route, request)
        except Refusal as refusal:
            return ApiReply(refusal.status, refusal.body())

    def offers(self, kind: Kind, operation: str) -> bool:
        """Whether the operation is answered here at all."""
        if why_not(kind, operation):
            return False
        if self._company.words(kind.name) is not None and operation in ("list", "read"):
            return True
        return (kind.name, operation) in APART or (kind.name in _KEPT and operation in _ACTS)

    def facts(self) -> Mapping[str, Any]:
        """What `/businesses/{id}` says of it beside id, name, path and the asker's rights."""
        identity = self._company.identity
        own = setting(self._company, "business")
        opened = instant_text(identity.opened_at)
        country = base(self._company, Link("country", identity.country))
        return {
            "created_at": opened,
            "updated_at": instant_text(own.updated_at),
            **{name: own.values.get(name) for name in FACTS},
            "country": {"id": country["id"], "displayed_as": country["displayed_as"]},
            "is_demo": False,
            "ni_based": False,
            "subscriptions": [
                {
                    "created_at": opened,
                    "updated_at": opened,
                    "displayed_as": _TIERS.get(identity.edition, ("", ""))[1],
                    "id": _TIERS.get(identity.edition, (identity.edition.upper(), ""))[0],
                    "active": True,
                    "status": "active",
                }
            ],
        }

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON, for saving."""
        return save_company(self._company)

    @classmethod
    def from_document(cls, document: Any, catalog: Catalog) -> Business:
        """The business that `document` wrote."""
        return cls(load_company(document, catalog, CONDUCTS))

    def mark_returned(self, start: str, end: str, now: int) -> str:
        """The id of the tax return of a period of ISO days: what it takes in can't be changed any more.

        Nobody can do this through the API; it is for whoever plays the accountant at the desk.
        """
        self._company.now = now
        return mark_returned(self._company, start, end, now).id

    @property
    def company(self) -> Company:
        """The state behind the answers, for those who prove it."""
        return self._company

    def _answer(self, route: Route, request: ApiRequest) -> ApiReply:
        apart = self._read_apart(route, request)
        if apart is not None:
            return apart
        act = _ACTS.get(route.operation.name)
        if route.kind.name not in _KEPT or act is None:
            raise not_found()
        return act(self, route, request)

    def _read_apart(self, route: Route, request: ApiRequest) -> ApiReply | None:
        """Answers about what is not a table: fixed lists, settings, reports."""
        kind, name, query = route.kind, route.operation.name, request.query
        special = APART.get((kind.name, name))
        if special is not None:
            return special(self._company, self._views, route, request)
        words = self._company.words(kind.name)
        if words is not None and name == "list":
            return ApiReply(200, self._views.fixed(kind, words, query))
        if words is not None and name == "read":
            known(words.get(route.id))
            return ApiReply(200, worded(self._company, kind.name, route.id))
        return None

    def _list(self, route: Route, request: ApiRequest) -> ApiReply:
        if request.wants_text and attributes(request.query) is None:
            text = self._views.records_text(route.kind, request.query)
            return ApiReply(200, text, {"Content-Type": JSON})
        return ApiReply(200, self._views.records(route.kind, request.query))

    def _read(self, route: Route, request: ApiRequest) -> ApiReply:
        return ApiReply(200, self._views.record(route.kind, self._row(route), request.query))

    def _create(self, route: Route, request: ApiRequest) -> ApiReply:
        row = make(self._company, route.kind, read_wrapper(route.kind, request.body), request.now)
        return ApiReply(route.operation.status, self._views.record(route.kind, row, {}))

    def _update(self, route: Route, request: ApiRequest) -> ApiReply:
        row = self._row(route)
        change(self._company, route.kind, row, read_wrapper(route.kind, request.body), request.now)
        return ApiReply(route.operation.status, self._views.record(route.kind, row, {}))

    def _delete(self, route: Route, request: ApiRequest) -> ApiReply:
        row = self._row(route)
        if route.operation.status != 200:
            delete(self._company, route.kind, row, request.now)
            return ApiReply(route.operation.status)
        void(self._company, route.kind, row, _void_reason(route.kind, request), request.now)
        return ApiReply(200, self._views.record(route.kind, row, {}))

    def _release(self, route: Route, request: ApiRequest) -> ApiReply:
        row = self._row(route)
        release(self._company, route.kind, row, request.now)
        return ApiReply(route.operation.status, self._views.record(route.kind, row, {}))

    def _reissue(self, route: Route, request: ApiRequest) -> ApiReply:
        body = read_wrapper(route.kind, request.body) if request.body else {}
        row = reissue(self._company, route.kind, self._row(route), body, request.now)
        return ApiReply(route.operation.status, self._views.record(route.kind, row, {}))

    def _row(self, route: Route) -> Row:
        """The record under a path; a stock item is read among the products and written in its own place."""
        row = known(self._company.table(route.kind.name).get(route.id))
        is_stock = route.kind.name == "product" and row.id in self._company.table("stock_item").rows
        return known(None if is_stock and route.operation.method != "GET" else row)


def new_business(
    catalog: Catalog,
    id: str,
    name: str,
    *,
    country: str = "GB",
    edition: str = "plus",
    currency: str = "GBP",
    accounts_start: str = "2016-01-01",
    tax_registered: bool = True,
    tax_scheme: str = "STANDARD",
    multi_currency: bool = False,
    seed: int = 1,
    now: int = 0,
) -> Business:
    """A fresh business: the default chart, two bank accounts, the system contacts.

    `accounts_start` is an ISO day; ordinary bookings lie on or after it, opening ones before it.
    `now` is when it was opened, in milliseconds.
    """
    identity = Identity(id, name, country, edition, currency, now)
    scheme = tax_scheme if tax_registered else "NOT_REGISTERED"
    company = found_company(
        catalog, identity, accounts_start, tax_scheme=scheme, seed=seed, multi_currency=multi_currency
    )
    return Business(company)


def _void_reason(kind: Kind, request: ApiRequest) -> str:
    """The reason from the query or the body, bare or in the wrapper; Sage's documents show both."""
    body = request.body if isinstance(request.body, Mapping) else {}
    wrapped = body.get(kind.name)
    inner = wrapped if isinstance(wrapped, Mapping) else {}
    found = request.query.get("void_reason") or body.get("void_reason") or inner.get("void_reason") or ""
    return str(found).strip()[:200]


_TIERS = {
    "start": ("START", "Accounting Start"),
    "standard": ("ACCOUNTS", "Accounting Standard"),
    "plus": ("ACCOUNTING", "Accounting Plus"),
}

_Act = Callable[[Business, Route, ApiRequest], ApiReply]

_ACTS: Mapping[str, _Act] = {
    "list": Business._list,
    "read": Business._read,
    "create": Business._create,
    "update": Business._update,
    "delete": Business._delete,
    "release": Business._release,
    "reissue": Business._reissue,
}

#: Kinds with a table: those that are written, and the books they make. No tax return is ever made here,
#: so the lists of them are empty.
_KEPT = frozenset((*CONDUCTS, "transaction", "ledger_entry", "draft_tax_return", "tax_return"))
