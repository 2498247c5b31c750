"""OAuth as Sage does it: consent, codes valid for sixty seconds, rotating tokens.

Errors of the token endpoint are flat objects, not the API's arrays.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from sagerecon.model.catalog import Api
from sagerecon.model.clock import MINUTE, SECOND
from sagerecon.rehearsal.ids import Ids

#: What happens to a refresh token that is not the newest. Sage documents `invalid_grant`; whether the newest
#: one is revoked too, or the previous one has a grace period, is not known, so all three are supported.
REFUSE = "refuse"
GRACE = "grace"
REVOKE = "revoke"

GRACE_TIME = 30 * MINUTE  #: as another vendor documents it; Sage's is not known
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_TOKEN_LENGTH = 400


@dataclass(frozen=True, slots=True)
class App:
    """A registered client application."""

    client_id: str
    client_secret: str
    name: str
    redirect_uri: str

    def may_redirect_to(self, uri: str) -> bool:
        """Return whether a code may be sent to this address: on loopback the port is ignored."""
        if uri == self.redirect_uri:
            return True
        asked, registered = urlsplit(uri), urlsplit(self.redirect_uri)
        return (
            asked.hostname is not None
            and registered.hostname in LOOPBACK
            and (asked.scheme, asked.hostname, asked.path)
            == (registered.scheme, registered.hostname, registered.path)
        )


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user allowed: which app, on whose behalf, with which scope."""

    client_id: str
    user_id: str
    business_id: str  #: the one chosen on the consent page; its country prefixes the code
    scope: str


@dataclass(frozen=True, slots=True)
class _Code:
    consent: Consent
    redirect_uri: str
    challenge: str
    method: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Grant:
    consent: Consent
    refresh: str
    refresh_expires_at: int
    previous: str = ""
    rotated_at: int = 0


class TokenError(Exception):
    """A refusal by the token endpoint: always status 400, with a flat object."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.document = {"error": error, "error_description": description}


class AuthorizationServer:
    """Codes and tokens of all grants."""

    def __init__(self, api: Api, ids: Ids, reuse: str = REFUSE) -> None:
        self._api = api
        self._ids = ids
        self.reuse = reuse
        self.apps: dict[str, App] = {}
        self._codes: dict[str, _Code] = {}
        self._grants: dict[str, _Grant] = {}
        self._access: dict[str, tuple[Consent, int]] = {}
        self._page_key = secrets.token_bytes(32)  # not from `ids`, which anybody can foresee

    def page_token(self, query: Mapping[str, str]) -> str:
        """Return what the form of the consent page for this request carries: no other site can read it."""
        text = json.dumps(sorted(query.items()))
        return hmac.new(self._page_key, text.encode(), "sha256").hexdigest()

    def issue_code(
        self, consent: Consent, country: str, redirect_uri: str, challenge: str, method: str, now: int
    ) -> str:
        """Issue a code for one exchange within sixty seconds, prefixed with the country."""
        code = f"{country}/{self._ids.next('code')}"
        expires_at = now + self._api.code_seconds * SECOND
        self._codes[code] = _Code(
            consent=consent,
            redirect_uri=redirect_uri,
            challenge=challenge,
            method=method,
            expires_at=expires_at,
        )
        return code

    def issue_tokens(self, consent: Consent, now: int) -> dict[str, Any]:
        """Create a grant and return its tokens, as the token endpoint answers."""
        return self._rotate(self._ids.next("grant"), consent, "", now)

    def token(self, form: Mapping[str, str], basic: str, now: int) -> dict[str, Any]:
        """Return the answer of `POST /token`.

        Raises:
            TokenError: the request is refused.
        """
        app = self._client(form, basic)
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(app, form, now)
            case "refresh_token":
                return self._refresh(app, form, now)
            case None:
                raise TokenError("invalid_request", "grant_type is missing.")
            case _:
                raise TokenError("unsupported_grant_type", "Only codes and refresh tokens are exchanged.")

    def revoke(self, form: Mapping[str, str], basic: str) -> dict[str, Any]:
        """Return the answer of `POST /revoke`; access tokens stay valid until they expire.

        Raises:
            TokenError: the request is refused.
        """
        app = self._client(form, basic)
        if not (token := form.get("token")):
            raise TokenError("invalid_request", "token is missing.")
        for grant_id, grant in list(self._grants.items()):
            if grant.refresh == token and grant.consent.client_id == app.client_id:
                del self._grants[grant_id]
        return {"success": "ok"}

    def consent_of(self, authorization: str, now: int) -> Consent | None:
        """Return the consent behind an `Authorization` header, or None if it is not valid."""
        scheme, _, token = authorization.partition(" ")
        found = self._access.get(token.strip()) if scheme.lower() == "bearer" else None
        if found is None or now >= found[1]:
            return None
        return found[0]

    def document(self) -> dict[str, Any]:
        """Return all codes, grants and tokens as JSON, for saving."""
        return {
            "reuse": self.reuse,
            "apps": [asdict(app) for app in self.apps.values()],
            "codes": {code: asdict(facts) for code, facts in self._codes.items()},
            "grants": {grant_id: asdict(grant) for grant_id, grant in self._grants.items()},
            "access": {token: [asdict(consent), end] for token, (consent, end) in self._access.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], api: Api, ids: Ids) -> AuthorizationServer:
        """Read what `document` returned."""
        server = cls(api, ids, document["reuse"])
        server.apps = {app["client_id"]: App(**app) for app in document["apps"]}
        server._codes = {
            code: _Code(**{**facts, "consent": Consent(**facts["consent"])})
            for code, facts in document["codes"].items()
        }
        server._grants = {
            grant_id: _Grant(**{**facts, "consent": Consent(**facts["consent"])})
            for grant_id, facts in document["grants"].items()
        }
        server._access = {
            token: (Consent(**consent), end) for token, (consent, end) in document["access"].items()
        }
        return server

    def _client(self, form: Mapping[str, str], basic: str) -> App:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if basic.lower().startswith("basic "):
            client_id, secret = _basic(basic)
        app = self.apps.get(client_id)
        if app is None or not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            raise TokenError("invalid_client", "The client is unknown or its secret is wrong.")
        return app

    def _exchange(self, app: App, form: Mapping[str, str], now: int) -> dict[str, Any]:
        text = form.get("code", "")
        # A code is used up even if the exchange is refused.
        code = self._codes.pop(text, None) or self._codes.pop(unquote(text), None)
        if code is None or code.consent.client_id != app.client_id or now >= code.expires_at:
            raise TokenError("invalid_grant", "The code is unknown, was used, or is older than 60 seconds.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise TokenError("invalid_grant", "redirect_uri is not the one the code was sent to.")
        if code.challenge and pkce_challenge(form.get("code_verifier", ""), code.method) != code.challenge:
            raise TokenError("invalid_grant", "code_verifier does not match the challenge.")
        return self.issue_tokens(code.consent, now)

    def _refresh(self, app: App, form: Mapping[str, str], now: int) -> dict[str, Any]:
        token = form.get("refresh_token", "")
        if not token:
            raise TokenError("invalid_request", "refresh_token is missing.")
        for grant_id, grant in self._grants.items():
            if grant.consent.client_id != app.client_id or token not in (grant.refresh, grant.previous):
                continue
            if now >= grant.refresh_expires_at:
                break
            if token == grant.refresh or self._has_grace(grant, now):
                return self._rotate(grant_id, grant.consent, grant.refresh, now)
            if self.reuse == REVOKE:
                del self._grants[grant_id]
            break
        raise TokenError("invalid_grant", "The refresh token is unknown, expired, or not the newest.")

    def _has_grace(self, grant: _Grant, now: int) -> bool:
        return self.reuse == GRACE and now < grant.rotated_at + GRACE_TIME

    def _rotate(self, grant_id: str, consent: Consent, previous: str, now: int) -> dict[str, Any]:
        api = self._api
        access = self._ids.secret("access", _TOKEN_LENGTH)
        refresh = self._ids.secret("refresh", _TOKEN_LENGTH)
        self._access = {token: held for token, held in self._access.items() if now < held[1]}
        self._access[access] = (consent, now + api.access_token_seconds * SECOND)
        self._grants[grant_id] = _Grant(
            consent=consent,
            refresh=refresh,
            refresh_expires_at=now + api.refresh_token_seconds * SECOND,
            previous=previous,
            rotated_at=now,
        )
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": api.access_token_seconds,
            "refresh_token": refresh,
            "refresh_token_expires_in": api.refresh_token_seconds,
            "scope": consent.scope,
            "requested_by_id": consent.user_id,
        }


def pkce_challenge(verifier: str, method: str) -> str:
    """Return the PKCE challenge of a verifier."""
    if method == "plain":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _basic(header: str) -> tuple[str, str]:
    try:
        client_id, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(client_id), unquote(secret)
