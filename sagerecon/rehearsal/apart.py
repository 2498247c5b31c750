"""Answers about what is no table of records: settings, reports, rates, lists that are worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sagerecon.rehearsal.accounts import open_later_accounts
from sagerecon.rehearsal.checking import check_body, read_wrapper
from sagerecon.rehearsal.company import Company
from sagerecon.rehearsal.refusal import invalid, known
from sagerecon.rehearsal.reports import artefact_base, trial_balance
from sagerecon.rehearsal.request import ApiReply, ApiRequest
from sagerecon.rehearsal.routes import Route
from sagerecon.rehearsal.settings import settings_faults
from sagerecon.rehearsal.views import Views

Reading = Callable[[Company, Views, Route, ApiRequest], ApiReply]


def _read_settings(_company: Company, views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.settings(route.kind))


def _write_settings(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    kind = route.kind
    given, faults = check_body(company, kind, read_wrapper(kind, request.body), creating=False)
    values = {**company.settings, **given}
    faults = faults or list(settings_faults(company, values))
    if faults:
        raise invalid(*faults)
    company.settings, company.settings_updated_at = values, request.now
    open_later_accounts(company, request.now)
    return ApiReply(200, views.settings(kind))


def _trial_balance(company: Company, _views: Views, _route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, trial_balance(company, request.query))


def _list_artefacts(_company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.artefacts(route.kind, request.query))


def _read_artefact(company: Company, _views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    artefact = known(company.artefacts.get(route.id))
    return ApiReply(200, {**artefact_base(company, artefact), "links": []})


def _list_rates(_company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.tax_rates(route.kind, request.query))


def _read_rate(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.tax_rate(known(company.tax_rates.get(route.id)), request.query))


APART: Mapping[tuple[str, str], Reading] = {
    ("financial_settings", "read"): _read_settings,
    ("financial_settings", "update"): _write_settings,
    ("trial_balance", "read"): _trial_balance,
    ("unallocated_artefact", "list"): _list_artefacts,
    ("unallocated_artefact", "read"): _read_artefact,
    ("tax_rate", "list"): _list_rates,
    ("tax_rate", "read"): _read_rate,
}
