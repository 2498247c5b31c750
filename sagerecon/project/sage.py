"""The connection to Sage, or to the sandbox that the project names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from sagerecon.model.catalog import Api, Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.errors import ProjectError
from sagerecon.project.project import Project
from sagerecon.sage import session as sessions
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import ReadingClient, SageClient
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.tokens import Vault

#: The vault keeps tokens by grant; a project has one.
GRANT = "default"

#: The app that signs in wherever it is not Sage itself. Its secret is public: it opens rehearsals only.
SANDBOX_APP = "sagerecon"
SANDBOX_SECRET = "sandbox"  # noqa: S105


@dataclass(frozen=True, slots=True)
class SageAccess:
    """Where the API is, the app that signs in, and the business; without any token."""

    base_url: str
    app: App
    business: str
    catalog: Catalog

    def open_session(self) -> requests.Session:
        """Open connections to the API's hosts, with the environment's proxies and certificates."""
        return sessions.open_session(self.base_url, self.app.token_url, self.app.revoke_url)

    def authorization(self, session: requests.Session, clock: Clock) -> Authorization:
        """Return the sign-in, refresh and revocation of tokens for the app."""
        return Authorization(self.app, session, clock)

    def open_sage(self, vault: Vault, session: requests.Session, clock: Clock) -> SageClient:
        """Return the client for the business, with the tokens of the vault."""
        tokens = GrantTokens(GRANT, vault, self.authorization(session, clock), clock)
        return SageClient(self.base_url, self.business, tokens, session, clock, self.catalog)

    def open_reader(self, vault: Vault, session: requests.Session, clock: Clock) -> ReadingClient:
        """Return a client for the business that can send nothing but GET."""
        return ReadingClient(self.open_sage(vault, session, clock))


def sage_access(project: Project) -> SageAccess:
    """Return how to reach Sage, from the project file and the environment.

    Raises:
        ProjectError: the app's id or its secret is not set.
    """
    catalog, business = project.catalog, project.business.id
    api = catalog.api
    if not project.address:
        return SageAccess(api.base_url, _own_app(project.client_id, api), business, catalog)
    urls = (api.base_url, api.authorize_url, api.token_url, api.revoke_url)
    base_url, *sign_in = (f"{project.address}{urlsplit(url).path}" for url in urls)
    return SageAccess(base_url, App(SANDBOX_APP, SANDBOX_SECRET, *sign_in), business, catalog)


def _own_app(client_id: str, api: Api) -> App:
    """Return the user's own app, whose id and secret are sent to the addresses of the catalog alone."""
    client_id = client_id or os.environ.get("SAGERECON_CLIENT_ID", "")
    secret = os.environ.get("SAGERECON_CLIENT_SECRET", "")
    if not client_id or not secret:
        raise ProjectError(
            "The app's id and secret at Sage are not set.",
            "Put sage.client_id into sagerecon.yaml and the secret into SAGERECON_CLIENT_SECRET, "
            "or name a sandbox: sage.address.",
        )
    return App(
        client_id=client_id,
        client_secret=secret,
        authorize_url=api.authorize_url,
        token_url=api.token_url,
        revoke_url=api.revoke_url,
    )
