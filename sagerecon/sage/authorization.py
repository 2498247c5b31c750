"""Consent, code exchange, refresh and revocation, with `requests-oauthlib`.

The automatic refresh of that library is not used: two processes could refresh at once, and the later one
would lose the rotated token.
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

from sagerecon.model.address import LOOPBACK
from sagerecon.model.clock import Clock
from sagerecon.model.errors import AuthorizationError, NoAnswerError, ProjectError, SagereconError
from sagerecon.model.tokens import Tokens
from sagerecon.sage.client import error_text, may_have_been_sent
from sagerecon.sage.session import Undirected, raise_on_redirect, share_connections
from sagerecon.sage.tokens import GrantEndedError, read_tokens
from sagerecon.sage.wire import observe_time

#: Selects the API version on the consent page; without it Sage lists the countries of an older one.
_FILTER = "apiv3.1"

#: Seconds to connect and to read; two requests must fit into the lease on refreshing.
_TIMEOUTS = (5, 15)

_AGAIN = "Sign in again: sagerecon auth login"


class _OAuthSession(Undirected, OAuth2Session):
    """A session of the library that follows no redirect."""


class _NoSecrets(logging.Filter):
    """Drops the DEBUG records of the library, which contain both tokens and the client secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


logging.getLogger("requests_oauthlib.oauth2_session").addFilter(_NoSecrets())


@dataclass(frozen=True, slots=True)
class App:
    """A client application as registered with Sage, and the endpoints of its sign-in.

    Raises:
        ProjectError: a URL is neither https nor on this machine.
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
                raise ProjectError(
                    f"{url} is not an https URL, and tokens are sent only in encrypted form.",
                    "Set an https URL in sagerecon.yaml.",
                )
            # oauthlib refuses http on loopback too unless this is set; other hosts were refused above.
            os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """The URL of the consent page, and what is needed to accept the answer to it."""

    url: str
    state: str
    redirect_uri: str
    verifier: str = field(repr=False)


class Authorization:
    """Sends requests to the endpoints of the sign-in over the connections of `session`."""

    def __init__(self, app: App, session: requests.Session, clock: Clock) -> None:
        self._app = app
        self._session = session
        self._clock = clock

    def request(
        self, redirect_uri: str, *, state: str = "", country: str = "", scope: str = "full_access"
    ) -> ConsentRequest:
        """Return a new request for consent, with its own PKCE challenge, and a state if none is given."""
        client = WebApplicationClient(self._app.client_id)
        verifier = secrets.token_urlsafe(48)
        more = {"country": country.lower()} if country else {}
        if "filter=" not in urlsplit(self._app.authorize_url).query:
            more["filter"] = _FILTER
        oauth = self._oauth(redirect_uri)
        oauth.scope = scope
        url, state = oauth.authorization_url(
            self._app.authorize_url,
            state=state or secrets.token_urlsafe(24),
            code_challenge=client.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            **more,
        )
        return ConsentRequest(url, state, redirect_uri, verifier)

    def exchange(self, request: ConsentRequest, callback: str) -> Tokens:
        """Exchange the code in the redirect for the first tokens.

        Args:
            callback: the address to which the browser was redirected.

        Raises:
            AuthorizationError: consent was denied, the state differs, or the code is not accepted.
            NoAnswerError: no usable answer came.
        """
        query = dict(parse_qsl(urlsplit(callback).query))
        if not hmac.compare_digest(query.get("state", "").encode(), request.state.encode()):
            raise AuthorizationError("The redirect belongs to another sign-in: its state differs.", _AGAIN)
        if "code" not in query:
            reason = query.get("error", "the redirect contains no code")
            raise AuthorizationError(f"Access was denied: {reason}.", _AGAIN)
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
        except Exception as error:
            raise _translate(error) from None
        return read_tokens(document, self._clock.now())

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return the next generation of tokens. The caller has the lease, and stores them before using them.

        Raises:
            GrantEndedError: Sage no longer accepts the refresh token.
            AuthorizationError: Sage does not accept the app.
            NoAnswerError: no usable answer came; where `sent`, Sage may have replaced the refresh token.
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
        except Exception as error:
            raise _translate(error) from None
        return read_tokens(document, self._clock.now())

    def revoke(self, tokens: Tokens) -> None:
        """Revoke the grant at Sage; the access token remains valid for up to five minutes.

        Raises:
            AuthorizationError: Sage refused.
            NoAnswerError: no usable answer came.
        """
        secret = {"client_id": self._app.client_id, "client_secret": self._app.client_secret}
        try:
            response = self._session.post(
                self._app.revoke_url,
                data={**secret, "token": tokens.refresh},
                headers={"Accept": "application/json"},
                timeout=_TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _translate(error) from None
        if _usable(response).status_code != 200:
            raise AuthorizationError(
                f"Sage did not revoke the sign-in: status {response.status_code}.",
                "Remove the app in Sage, under the settings of your user.",
            )

    def _oauth(self, redirect_uri: str) -> OAuth2Session:
        """Return a session for one exchange; it stores tokens, and therefore must not be shared."""
        oauth = _OAuthSession(self._app.client_id, redirect_uri=redirect_uri or None)
        share_connections(self._session, oauth)
        asked_at = self._clock.now()

        def read_time(response: requests.Response) -> requests.Response:
            observe_time(self._clock, response.headers.get("Date"), asked_at)
            return _usable(response)

        oauth.register_compliance_hook("access_token_response", read_time)
        oauth.register_compliance_hook("refresh_token_response", read_time)
        return oauth


def _usable(response: requests.Response) -> requests.Response:
    """Return an answer of the token endpoint; its own errors are 400 with JSON.

    Raises:
        NoAnswerError: the answer is not the endpoint's.
        RedirectedError: it is a redirect.
    """
    raise_on_redirect(response)
    if response.status_code < 429 and "json" in response.headers.get("Content-Type", ""):
        return response
    message = f"The token endpoint answered with status {response.status_code}."
    raise NoAnswerError(message, sent=True, has_answer=True)


def _translate(error: Exception) -> Exception:
    """Return the error for whatever the libraries make of an answer of the token endpoint."""
    if isinstance(error, SagereconError):
        return error
    if not isinstance(error, OAuth2Error | requests.RequestException):
        return NoAnswerError("The answer of the token endpoint cannot be read.", sent=True, has_answer=True)
    if isinstance(error, requests.RequestException):
        sent = may_have_been_sent(error)
        return NoAnswerError(f"The token endpoint gave no answer: {error_text(error)}.", sent=sent)
    if error.error == "invalid_grant":
        return GrantEndedError(f"The sign-in has ended: {_text(error)}", _AGAIN)
    if error.error == "invalid_client":
        return AuthorizationError(
            "Sage does not accept the app: its client_id or client_secret is wrong.",
            "Check client_id and client_secret.",
        )
    return AuthorizationError(f"The sign-in was refused: {_text(error)}", _AGAIN)


def _text(error: Any) -> str:
    text = str(error.description or error.error or "no reason was given")
    return text if text.endswith(".") else f"{text}."
