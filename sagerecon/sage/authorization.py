"""Consent, code exchange, refresh and revoke, with `requests-oauthlib`.

Never its automatic refresh: it races, and loses the rotated token to whoever is slower.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests_oauthlib import OAuth2Session

from sagerecon.model.clock import Clock
from sagerecon.model.errors import AuthorizationError, NoAnswerError, ProjectError
from sagerecon.model.tokens import Tokens
from sagerecon.sage.client import cause, may_have_been_sent
from sagerecon.sage.session import LOOPBACK, borrow
from sagerecon.sage.tokens import GrantEndedError, tokens_of

#: Shows the businesses of this version on the consent page; without it Sage shows its older countries.
_FILTER = "apiv3.1"

#: Seconds; two tries must fit into the lease on refreshing.
_TIMEOUTS = (5, 15)

_AGAIN = "Sign in again: sagerecon auth login."


class _NoSecrets(logging.Filter):
    """Both tokens stand in the library's DEBUG records, and the client's secret with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


logging.getLogger("requests_oauthlib.oauth2_session").addFilter(_NoSecrets())


@dataclass(frozen=True, slots=True)
class App:
    """A client application as registered with Sage, and where its sign-in takes place.

    Raises:
        ProjectError: an address is neither https nor on this machine.
    """

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    revoke_url: str

    def __post_init__(self) -> None:
        for url in (self.authorize_url, self.token_url, self.revoke_url):
            parts = urlsplit(url)
            if parts.scheme == "https":
                continue
            if parts.scheme != "http" or parts.hostname not in LOOPBACK:
                raise ProjectError(f"{url} is not an https address.", "Tokens are never sent in the clear.")
            # oauthlib refuses http on loopback too unless told otherwise; other hosts were refused here.
            os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """Where to send the person who consents, and what must be remembered until they come back."""

    url: str
    state: str
    redirect_uri: str
    verifier: str = field(repr=False)


class Authorization:
    """Talks to the sign-in's endpoints over the connections of `session`."""

    def __init__(self, app: App, session: requests.Session, clock: Clock) -> None:
        self._app = app
        self._session = session
        self._clock = clock

    def request(self, redirect_uri: str, *, country: str = "", scope: str = "full_access") -> ConsentRequest:
        """A new request for consent, with a state and a PKCE challenge of its own."""
        client = WebApplicationClient(self._app.client_id)
        verifier = secrets.token_urlsafe(48)
        more = {"country": country.lower()} if country else {}
        if "filter=" not in urlsplit(self._app.authorize_url).query:
            more["filter"] = _FILTER
        oauth = self._oauth(redirect_uri)
        oauth.scope = scope
        url, state = oauth.authorization_url(
            self._app.authorize_url,
            state=secrets.token_urlsafe(24),
            code_challenge=client.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            **more,
        )
        return ConsentRequest(url, state, redirect_uri, verifier)

    def exchange(self, request: ConsentRequest, callback: str) -> Tokens:
        """The first tokens, for the address the browser came back to.

        Raises:
            AuthorizationError: consent was denied, the state is another, or the code is not accepted.
            NoAnswerError: no usable answer came.
        """
        query = dict(parse_qsl(urlsplit(callback).query))
        if not hmac.compare_digest(query.get("state", "").encode(), request.state.encode()):
            raise AuthorizationError("The browser came back from another sign-in.", _AGAIN)
        if "code" not in query:
            reason = query.get("error", "no code came back")
            raise AuthorizationError(f"Access was not allowed: {reason}.", _AGAIN)
        oauth = self._oauth(request.redirect_uri)
        try:
            document = oauth.fetch_token(
                self._app.token_url,
                code=query["code"],
                code_verifier=request.verifier,
                include_client_id=True,
                client_secret=self._app.client_secret,
                timeout=_TIMEOUTS,
            )
        except (OAuth2Error, requests.RequestException) as error:
            raise _translated(error) from None
        return tokens_of(document, self._clock.now())

    def refresh(self, tokens: Tokens) -> Tokens:
        """The next generation. The caller holds the lease, and stores the answer before using it.

        Raises:
            GrantEndedError: the refresh token is not accepted any more.
            AuthorizationError: the app is not accepted.
            NoAnswerError: no usable answer; where `sent`, the old refresh token may be used up.
        """
        oauth = self._oauth("")
        try:
            document = oauth.refresh_token(
                self._app.token_url,
                refresh_token=tokens.refresh,
                client_id=self._app.client_id,
                client_secret=self._app.client_secret,
                timeout=_TIMEOUTS,
            )
        except (OAuth2Error, requests.RequestException) as error:
            raise _translated(error) from None
        return tokens_of(document, self._clock.now())

    def revoke(self, tokens: Tokens) -> None:
        """End the grant at Sage; the access token lives out its five minutes.

        Raises:
            AuthorizationError: refused.
            NoAnswerError: no usable answer came.
        """
        secret = {"client_id": self._app.client_id, "client_secret": self._app.client_secret}
        try:
            response = self._session.post(
                self._app.revoke_url,
                data={**secret, "token": tokens.refresh},
                headers={"Accept": "application/json"},
                timeout=_TIMEOUTS,
            )
        except requests.RequestException as error:
            raise _translated(error) from None
        if _usable(response).status_code != 200:
            raise AuthorizationError("Sage did not revoke the sign-in.")

    def _oauth(self, redirect_uri: str) -> OAuth2Session:
        """A session for one conversation: it keeps what it is told, and must not be shared."""
        oauth = OAuth2Session(self._app.client_id, redirect_uri=redirect_uri or None)
        borrow(self._session, oauth)
        oauth.register_compliance_hook("access_token_response", _usable)
        oauth.register_compliance_hook("refresh_token_response", _usable)
        return oauth


def _usable(response: requests.Response) -> requests.Response:
    """The answer of the token endpoint, if it is one: errors of its own are 400 with JSON."""
    if response.status_code < 429 and "json" in response.headers.get("Content-Type", ""):
        return response
    raise NoAnswerError(f"The sign-in answered with status {response.status_code}.", sent=True)


def _translated(error: OAuth2Error | requests.RequestException) -> Exception:
    if isinstance(error, requests.RequestException):
        sent = may_have_been_sent(error)
        return NoAnswerError(f"The sign-in gave no answer: {cause(error)}.", sent=sent)
    if error.error == "invalid_grant":
        return GrantEndedError(f"The sign-in has ended: {_text(error)}", _AGAIN)
    if error.error == "invalid_client":
        return AuthorizationError(
            "Sage does not know the app, or its secret is another.",
            "Check client_id and client_secret.",
        )
    return AuthorizationError(f"The sign-in was refused: {_text(error)}", _AGAIN)


def _text(error: Any) -> str:
    text = str(error.description or error.error or "no reason was given")
    return text if text.endswith(".") else f"{text}."
