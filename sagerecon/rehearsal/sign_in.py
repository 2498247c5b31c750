"""The sign-in as a browser and an app see it: the consent page, the token and revoke endpoints."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sagerecon.rehearsal.authorization import App, AuthorizationServer, Consent, TokenError
from sagerecon.rehearsal.membership import Membership
from sagerecon.rehearsal.pages import Choice, consent_page, problem_page
from sagerecon.rehearsal.reply import Reply, html_reply, json_reply
from sagerecon.rehearsal.request import FULL, READ_ONLY

AUTHORIZE_PATH = "/oauth2/auth/central"
TOKEN_PATH = "/token"  # noqa: S105 - a path
REVOKE_PATH = "/revoke"

_FILTER = "apiv3.1"
_SCOPES = ("full_access", "readonly")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Endpoints of the sign-in for one rehearsal."""

    authorization: AuthorizationServer
    membership: Membership

    def authorize(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: int
    ) -> Reply:
        """Return the consent page, or after the user's choice the redirect to the app.

        A choice is refused unless it comes from the form of the page itself: any site that the user visits
        could post one.
        """
        app = self.authorization.apps.get(query.get("client_id", ""))
        if app is None:
            return html_reply(400, problem_page("Unknown app: its client_id is not registered."))
        if not app.may_redirect_to(query.get("redirect_uri", "")):
            return html_reply(400, problem_page(f"redirect_uri is not registered for {app.name}."))
        if (problem := _problem(query)) is not None:
            return _redirect(query, {"error": problem})
        if method == "POST":
            form = _form(body)
            if not self._is_of_page(query, headers, form):
                return html_reply(403, problem_page("This form is not of this page. Open the page again."))
            return self._handle_choice(app, query, form, now)
        return html_reply(200, self._page(app, query))

    def token(self, headers: Mapping[str, str], body: bytes, now: int) -> Reply:
        """Answer `POST /token`."""
        try:
            form = _checked_form(headers, body)
            document = self.authorization.token(form, headers.get("authorization", ""), now)
        except TokenError as error:
            return json_reply(400, error.document)
        return json_reply(200, document, {"Cache-Control": "no-store"})

    def revoke(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer `POST /revoke`."""
        try:
            form = _checked_form(headers, body)
            return json_reply(200, self.authorization.revoke(form, headers.get("authorization", "")))
        except TokenError as error:
            return json_reply(400, error.document)

    def _is_of_page(
        self, query: Mapping[str, str], headers: Mapping[str, str], form: Mapping[str, str]
    ) -> bool:
        """Return whether a form is that of the page for this request, and is posted by it."""
        token = self.authorization.page_token(query)
        return _is_same_site(headers) and hmac.compare_digest(form.get("token", "").encode(), token.encode())

    def _page(self, app: App, query: Mapping[str, str]) -> str:
        choices = self._choices(query)
        reason = "No business of yours is on this version of the API."
        token = self.authorization.page_token(query)
        return consent_page(app.name, query.get("scope", "full_access"), choices, token, reason)

    def _choices(self, query: Mapping[str, str]) -> list[Choice]:
        """Return the users and businesses to choose from.

        Without the filter, Sage offers only countries of its older API versions; no business here is in one.
        """
        if query.get("filter") != _FILTER:
            return []
        country = query.get("country", "").upper()
        return [
            Choice(
                value=f"{member.id} {business}",
                user=member.displayed_as,
                role={FULL: "Full Access", READ_ONLY: "Read Only"}.get(role, "Restricted"),
                business=books.name,
                country=books.country,
                edition=books.edition,
            )
            for member in self.membership.members.values()
            for business, role in member.roles.items()
            if (books := self.membership.businesses[business]).country == (country or books.country)
        ]

    def _handle_choice(self, app: App, query: Mapping[str, str], form: Mapping[str, str], now: int) -> Reply:
        if form.get("answer") != "allow":
            return _redirect(query, {"error": "access_denied"})
        offered = {choice.value: choice for choice in self._choices(query)}
        if form.get("choice") not in offered:
            return html_reply(400, problem_page("Choose a user and a business."))
        user_id, _, business = form["choice"].partition(" ")
        country = offered[form["choice"]].country
        code = self.authorization.issue_code(
            Consent(app.client_id, user_id, business, query.get("scope", "full_access")),
            country,
            query["redirect_uri"],
            query.get("code_challenge", ""),
            query.get("code_challenge_method", "plain"),
            now,
        )
        return _redirect(query, {"code": code, "country": country})


def _is_same_site(headers: Mapping[str, str]) -> bool:
    """Return whether a browser says that a form was posted by a page of ours; other programs say nothing."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is not None and (not host or origin not in (f"http://{host}", f"https://{host}")):
        return False
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _problem(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if query.get("scope", "full_access") not in _SCOPES:
        return "invalid_scope"
    if query.get("code_challenge_method", "plain") not in ("S256", "plain"):
        return "invalid_request"
    return None


def _redirect(query: Mapping[str, str], answer: Mapping[str, str]) -> Reply:
    """Return a redirect to the app, with the app's own state."""
    state = {"state": query["state"]} if "state" in query else {}
    uri = query["redirect_uri"]
    location = f"{uri}{'&' if '?' in uri else '?'}{urlencode({**answer, **state})}"
    return Reply(302, {"Location": location, "Cache-Control": "no-store"})


def _checked_form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise TokenError("invalid_request", f"The content type must be {_FORM}.")
    return _form(body)


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
