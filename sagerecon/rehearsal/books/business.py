"""A business that answers API requests and keeps books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.books.company import Company, Identity
from sagerecon.rehearsal.books.fixed_entries import fixed_entry
from sagerecon.rehearsal.books.handlers import HANDLERS
from sagerecon.rehearsal.books.kinds import KIND_HOOKS
from sagerecon.rehearsal.books.listing import attributes
from sagerecon.rehearsal.books.persistence import load_company, save_company
from sagerecon.rehearsal.books.preferences import DETAILS, settings_row
from sagerecon.rehearsal.books.presentation import reference_answer
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.books.refusal import Refusal, not_found, require_found
from sagerecon.rehearsal.books.reissuing import reissue
from sagerecon.rehearsal.books.routes import Route, Routes, check_access
from sagerecon.rehearsal.books.setup import create_company
from sagerecon.rehearsal.books.tax_returns import file_tax_return
from sagerecon.rehearsal.books.unsupported import unsupported, unsupported_reason
from sagerecon.rehearsal.books.validation import read_wrapper
from sagerecon.rehearsal.books.views import Views
from sagerecon.rehearsal.books.writing import create, delete, release, update, void
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
        """The name of the business."""
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
        """Answer a request; a refusal is an error array and changes nothing."""
        self._company.now = request.now
        try:
            route = self._routes.find(request.method, request.path)
            reason = unsupported_reason(route.kind, route.operation.name)
            if reason:
                raise unsupported(reason)
            check_access(route, request.user, self.country, self.edition)
            return self._answer(route, request)
        except Refusal as refusal:
            return ApiReply(refusal.status, refusal.body())

    def offers(self, kind: Kind, operation: str) -> bool:
        """Return whether this business offers the operation."""
        if unsupported_reason(kind, operation):
            return False
        if self._company.fixed_list(kind.name) is not None and operation in ("list", "read"):
            return True
        return (kind.name, operation) in HANDLERS or (kind.name in _SUPPORTED and operation in _ACTIONS)

    def facts(self) -> Mapping[str, Any]:
        """Return the fields of `/businesses/{id}` besides id, name, path and the user's permissions."""
        identity = self._company.identity
        own = settings_row(self._company, "business")
        opened = instant_text(identity.opened_at)
        country = reference_answer(self._company, Link("country", identity.country))
        return {
            "created_at": opened,
            "updated_at": instant_text(own.updated_at),
            **{name: own.values.get(name) for name in DETAILS},
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
        """Return the whole state as plain JSON, for saving."""
        return save_company(self._company)

    @classmethod
    def from_document(cls, document: Any, catalog: Catalog) -> Business:
        """Read the business that `document` returned."""
        return cls(load_company(document, catalog, KIND_HOOKS))

    def file_tax_return(self, start: str, end: str, now: int) -> str:
        """File the tax return of a period and return its id; its bookings can no longer be changed.

        The API has no operation for this: in Sage, an accountant does it in the user interface.

        Args:
            start: first ISO day of the period.
            end: last ISO day of the period.
            now: time of filing, in milliseconds.
        """
        self._company.now = now
        return file_tax_return(self._company, start, end, now).id

    @property
    def company(self) -> Company:
        """The state behind the answers, for tests that check it."""
        return self._company

    def _answer(self, route: Route, request: ApiRequest) -> ApiReply:
        special = self._handle_special(route, request)
        if special is not None:
            return special
        action = _ACTIONS.get(route.operation.name)
        if route.kind.name not in _SUPPORTED or action is None:
            raise not_found()
        return action(self, route, request)

    def _handle_special(self, route: Route, request: ApiRequest) -> ApiReply | None:
        """Answer requests that are not about a table: fixed lists, settings, reports."""
        kind, name, query = route.kind, route.operation.name, request.query
        special = HANDLERS.get((kind.name, name))
        if special is not None:
            return special(self._company, self._views, route, request)
        entries = self._company.fixed_list(kind.name)
        if entries is not None and name == "list":
            return ApiReply(200, self._views.fixed(kind, entries, query))
        if entries is not None and name == "read":
            require_found(entries.get(route.id))
            return ApiReply(200, fixed_entry(self._company, kind.name, route.id))
        return None

    def _list(self, route: Route, request: ApiRequest) -> ApiReply:
        if request.wants_text and attributes(request.query) is None:
            text = self._views.records_text(route.kind, request.query)
            return ApiReply(200, text, {"Content-Type": JSON})
        return ApiReply(200, self._views.records(route.kind, request.query))

    def _read(self, route: Route, request: ApiRequest) -> ApiReply:
        return ApiReply(200, self._views.record(route.kind, self._row(route), request.query))

    def _create(self, route: Route, request: ApiRequest) -> ApiReply:
        row = create(self._company, route.kind, read_wrapper(route.kind, request.body), request.now)
        return ApiReply(route.operation.status, self._views.record(route.kind, row, {}))

    def _update(self, route: Route, request: ApiRequest) -> ApiReply:
        row = self._row(route)
        update(self._company, route.kind, row, read_wrapper(route.kind, request.body), request.now)
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
        """Return the record under a path.

        A stock item is also listed as a product, but can only be written under its own path.
        """
        row = require_found(self._company.table(route.kind.name).get(route.id))
        is_stock = route.kind.name == "product" and row.id in self._company.table("stock_item").rows
        return require_found(None if is_stock and route.operation.method != "GET" else row)


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
    """Return a new business with the default chart, two bank accounts and the system contacts.

    Args:
        accounts_start: an ISO day; ordinary bookings are dated on or after it, opening ones before it.
        now: when the business was opened, in milliseconds.
    """
    identity = Identity(id=id, name=name, country=country, edition=edition, currency=currency, opened_at=now)
    scheme = tax_scheme if tax_registered else "NOT_REGISTERED"
    company = create_company(
        catalog, identity, accounts_start, tax_scheme=scheme, seed=seed, multi_currency=multi_currency
    )
    return Business(company)


def _void_reason(kind: Kind, request: ApiRequest) -> str:
    """Return the reason from the query or the body, bare or in the wrapper; Sage documents both."""
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

_Action = Callable[[Business, Route, ApiRequest], ApiReply]

_ACTIONS: Mapping[str, _Action] = {
    "list": Business._list,
    "read": Business._read,
    "create": Business._create,
    "update": Business._update,
    "delete": Business._delete,
    "release": Business._release,
    "reissue": Business._reissue,
}

#: Kinds with a table: those that can be written, and those that bookings create.
_SUPPORTED = frozenset((*KIND_HOOKS, "transaction", "ledger_entry", "draft_tax_return", "tax_return"))
