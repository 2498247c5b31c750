"""Sign in to Sage, show the sign-in, and sign out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from sagerecon.model.call import Call
from sagerecon.model.clock import Clock
from sagerecon.model.errors import AuthorizationError, ProjectError, SageError
from sagerecon.model.tokens import Tokens
from sagerecon.project.project import FILE, Project
from sagerecon.project.sage import GRANT, sage_access
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.sage.authorization import Authorization
from sagerecon.sage.client import SageClient
from sagerecon.sage.loopback import LoopbackListener, PastedLines
from sagerecon.sage.session import require_listener
from sagerecon.store.vault import SealedVault

#: How long to wait for consent in the browser, in seconds.
SIGN_IN_SECONDS = 300

#: Businesses read from Sage: one page. A practice with more names the one it means.
BUSINESSES = 500


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in: the business, its name if it was just read, and when it ends if unused."""

    business: str
    name: str
    until: int


def login(
    project: Project,
    clock: Clock,
    session: requests.Session,
    show: Callable[[str, str], None],
    *,
    port: int = 0,
    pasted: PastedLines | None = None,
) -> SignedIn:
    """Sign in by browser, and record the business that the project moves into.

    Args:
        show: receives the address of the consent page, and the address on this machine to which the browser
            is redirected after it.
        port: of that address; 0 is any free one.
        pasted: where the user may paste that address with its answer, if the browser is on another machine.

    Raises:
        AuthorizationError: access was denied, or no consent came in time.
        SageError: the project's sandbox does not run.
        ProjectError: the sign-in reaches several businesses and the project names none.
    """
    access = sage_access(project)
    if project.address:
        require_listener(project.address)  # or the user would wait for a page that cannot open
    with open_store(project, clock) as store:
        authorization = access.authorization(session, clock)
        with LoopbackListener(port) as listener:
            granted = _consent(authorization, project.business.country, listener, show, pasted)
        saved = store.vault.save(GRANT, granted, None)
        sage = access.open_sage(store.vault, session, clock)
        business, name = _choose(project.business.id, _businesses(sage))
        write_business(project.state, business)
    return SignedIn(business, name, saved.refresh_expires_at)


def status(project: Project, clock: Clock) -> SignedIn:
    """Return the current sign-in.

    Raises:
        AuthorizationError: not signed in.
    """
    with open_store(project, clock) as store:
        tokens = _tokens(store.vault)
    return SignedIn(project.business.id, "", tokens.refresh_expires_at)


def logout(project: Project, clock: Clock, session: requests.Session) -> None:
    """Revoke the sign-in at Sage, then delete its tokens here.

    Raises:
        AuthorizationError: not signed in, or Sage refuses the revocation.
    """
    access = sage_access(project)
    with open_store(project, clock) as store:
        access.authorization(session, clock).revoke(_tokens(store.vault))
        store.vault.forget(GRANT)


def _consent(
    authorization: Authorization,
    country: str,
    listener: LoopbackListener,
    show: Callable[[str, str], None],
    pasted: PastedLines | None,
) -> Tokens:
    """Show the consent page, wait for the answer, and exchange it for tokens."""
    request = authorization.request(listener.redirect_uri, country=country)
    show(request.url, listener.redirect_uri)
    callback = listener.wait(request.state, SIGN_IN_SECONDS, pasted)
    return authorization.exchange(request, callback)


def _tokens(vault: SealedVault) -> Tokens:
    tokens = vault.load(GRANT)
    if tokens is None:
        raise AuthorizationError("Not signed in.", "Run: sagerecon auth login")
    return tokens


def _businesses(sage: SageClient) -> dict[str, str]:
    """Read the names of the businesses that the sign-in reaches, by id."""
    answer = sage.call(Call("GET", "/businesses", {"items_per_page": str(BUSINESSES)}))
    if answer.status != 200:
        raise SageError(f"Sage does not list the businesses (status {answer.status}).", "Try again later.")
    return {item["id"]: item["displayed_as"] for item in answer.body["$items"]}


def _choose(wanted: str, found: dict[str, str]) -> tuple[str, str]:
    """Return id and name of the business `wanted`, or of the only one if none is wanted."""
    if wanted in found:
        return wanted, found[wanted]
    if len(found) == 1 and not wanted:
        return next(iter(found.items()))
    names = ", ".join(f"{name} ({business})" for business, name in found.items()) or "none"
    raise ProjectError(
        f"The sign-in reaches these businesses: {names}.", f"Set business.id in {FILE} to one of them."
    )
