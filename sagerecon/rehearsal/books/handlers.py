"""Handlers of operations that do not read or write a table: settings, reports, rates, derived lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from sagerecon.rehearsal.books.accounts import open_required_accounts
from sagerecon.rehearsal.books.attachments import file_content
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.exchange_rates import market_currencies, rate_answer
from sagerecon.rehearsal.books.fixed_entries import chart_template, fixed_entry, template_account
from sagerecon.rehearsal.books.preferences import (
    DEFAULT_SETTINGS,
    preference_faults,
    preferences_answer,
    settings_row,
    update_details,
    write_preferences,
)
from sagerecon.rehearsal.books.quick_entries import SIDES, opening_as_entry
from sagerecon.rehearsal.books.records import Link
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, invalid, require_found
from sagerecon.rehearsal.books.reports import artefact_base, trial_balance
from sagerecon.rehearsal.books.routes import Route
from sagerecon.rehearsal.books.settings import settings_faults
from sagerecon.rehearsal.books.validation import check_body, read_wrapper
from sagerecon.rehearsal.books.views import Views
from sagerecon.rehearsal.books.writing import merge_update
from sagerecon.rehearsal.request import ApiReply, ApiRequest

Handler = Callable[[Company, Views, Route, ApiRequest], ApiReply]


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
    open_required_accounts(company, request.now)
    return ApiReply(200, views.settings(kind))


def _trial_balance(company: Company, _views: Views, _route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, trial_balance(company, request.query))


def _list_artefacts(_company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.artefacts(route.kind, request.query))


def _read_artefact(company: Company, _views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    artefact = require_found(company.artefacts.get(route.id))
    return ApiReply(200, {**artefact_base(company, artefact), "links": []})


def _list_rates(_company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.tax_rates(route.kind, request.query))


def _read_rate(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    return ApiReply(200, views.tax_rate(require_found(company.tax_rates.get(route.id)), request.query))


def _read_preferences(company: Company, views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    answer = views.preferences(route.kind, preferences_answer(company, route.kind.name))
    type = answer.get("business_type")
    if type:  # the only reference in the settings that is answered as a whole record
        answer["business_type"] = fixed_entry(company, "business_type", type["id"])
    return ApiReply(200, answer)


def _write_preferences(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    kind = route.kind
    given, faults = check_body(company, kind, read_wrapper(kind, request.body), creating=False)
    values = merge_update(kind, settings_row(company, kind.name).values, given)
    faults = faults or list(preference_faults(company, kind.name, values))
    if faults:
        raise invalid(*faults)
    write_preferences(company, kind.name, values, request.now)
    return _read_preferences(company, views, route, request)


def _determine(_company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    """List the country's tax rates; choosing the right one for a line is left to the client."""
    if not request.query.get("usage"):
        raise invalid(Fault(REQUIRED, "usage"))
    return ApiReply(200, views.tax_rates(route.kind, request.query))


def _list_market(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    answers = [rate_answer(company, route.kind, currency) or {} for currency in market_currencies(company)]
    return ApiReply(200, views.plain_list(route.kind, request.query, answers))


def _read_market(company: Company, _views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    return ApiReply(200, require_found(rate_answer(company, route.kind, route.id)))


def _list_template(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    found = chart_template(company.identity.country).items()
    template = request.query.get("coa_template_id")
    if template and not company.has(Link("coa_template", template)):
        found = {}.items()
    answers = [template_account(company, id, account) for id, account in found]
    return ApiReply(200, views.plain_list(route.kind, request.query, answers))


def _read_template(company: Company, _views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    account = require_found(chart_template(company.identity.country).get(route.id))
    return ApiReply(200, template_account(company, route.id, account))


def _read_file(company: Company, _views: Views, route: Route, _request: ApiRequest) -> ApiReply:
    row = require_found(company.table("attachment").get(route.id))
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.values['file_name'])}",
    }
    return ApiReply(200, file_content(row), headers)


def _read_entry(company: Company, views: Views, route: Route, request: ApiRequest) -> ApiReply:
    """Read a quick entry, or the opening balance that Sage shows under its path."""
    kind = route.kind
    row = company.table(kind.name).get(route.id) or opening_as_entry(company, kind.name, route.id)
    return ApiReply(200, views.record(kind, require_found(row), request.query))


def _write_business(company: Company, _views: Views, route: Route, request: ApiRequest) -> ApiReply:
    """Update the details of the business; the gateway answers with the whole record."""
    kind = route.kind
    given, faults = check_body(company, kind, read_wrapper(kind, request.body), creating=False)
    if "name" in given and not given["name"]:
        faults.append(Fault(REQUIRED, "name"))
    if faults:
        raise invalid(*faults)
    update_details(company, given, request.now)
    return ApiReply(200, given)


def _check_user(company: Company, _views: Views, route: Route, request: ApiRequest) -> ApiReply:
    """Check the fields given for a user; the gateway, which owns users, stores them."""
    kind = route.kind
    given, faults = check_body(company, kind, read_wrapper(kind, request.body), creating=False)
    for name in ("first_name", "last_name"):
        if name in given and not given[name]:
            faults.append(Fault(REQUIRED, name))
    if faults:
        raise invalid(*faults)
    return ApiReply(200, given)


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("financial_settings", "read"): _read_settings,
    ("financial_settings", "update"): _write_settings,
    ("trial_balance", "read"): _trial_balance,
    ("unallocated_artefact", "list"): _list_artefacts,
    ("unallocated_artefact", "read"): _read_artefact,
    ("tax_rate", "list"): _list_rates,
    ("tax_rate", "read"): _read_rate,
    ("tax_determination", "list"): _determine,
    **{(kind, "read"): _read_preferences for kind in DEFAULT_SETTINGS},
    **{(kind, "update"): _write_preferences for kind in DEFAULT_SETTINGS},
    ("exchange_rate", "list"): _list_market,
    ("exchange_rate", "read"): _read_market,
    ("live_exchange_rate", "list"): _list_market,
    ("live_exchange_rate", "read"): _read_market,
    ("coa_account", "list"): _list_template,
    ("coa_account", "read"): _read_template,
    ("business", "update"): _write_business,
    ("user", "update"): _check_user,
    ("attachment", "file"): _read_file,
    **{(kind, "read"): _read_entry for kind in SIDES},
}
