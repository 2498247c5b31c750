"""Signing in to Sage for a project: consent by browser, the business it reaches, and the way out."""

from __future__ import annotations

from collections.abc import Callable

import requests

from sagerecon.model.call import Call
from sagerecon.model.clock import Clock
from sagerecon.model.errors import AuthorizationError, ProjectError, SageError
from sagerecon.model.tokens import Tokens
from sagerecon.project.project import FILE, GRANT, Project
from sagerecon.sage.authorization import Authorization
from sagerecon.sage.loopback import LoopbackListener
from sagerecon.store.opening import Store

#: How long we wait for a person at the consent page.
SIGN_IN_SECONDS = 300

#: The largest page of businesses; a practice with more names the one it means.
BUSINESSES = 500


def sign_in(
    project: Project, store: Store, session: requests.Session, clock: Clock, show: Callable[[str], None]
) -> Tokens:
    """New tokens in the vault, after a person has consented on the page whose address `show` is given.

    Raises:
        AuthorizationError: access was denied, or nobody came back in time.
    """
    authorization = Authorization(project.app(), session, clock)
    with LoopbackListener() as listener:
        request = authorization.request(listener.redirect_uri, country=project.business.country)
        show(request.url)
        callback = listener.wait(request.state, SIGN_IN_SECONDS)
    return store.vault.save(GRANT, authorization.exchange(request, callback), None)


def sign_out(project: Project, store: Store, session: requests.Session, clock: Clock) -> None:
    """Revoke the grant at Sage, then forget it.

    Raises:
        AuthorizationError: nobody is signed in, or Sage refuses.
    """
    Authorization(project.app(), session, clock).revoke(newest_tokens(store))
    store.vault.forget(GRANT)


def newest_tokens(store: Store) -> Tokens:
    """The newest tokens.

    Raises:
        AuthorizationError: nobody is signed in.
    """
    tokens = store.vault.load(GRANT)
    if tokens is None:
        raise AuthorizationError("Nobody has signed in.", "Sign in: sagerecon auth login.")
    return tokens


def find_business(project: Project, store: Store, session: requests.Session, clock: Clock) -> tuple[str, str]:
    """Id and name of the business to move into: the one named, or the only one there is.

    Raises:
        ProjectError: the one named is not there, or there are several and none is named.
        SageError: Sage does not list them.
    """
    answer = project.open_sage(store, session, clock).call(
        Call("GET", "/businesses", {"items_per_page": str(BUSINESSES)})
    )
    if answer.status != 200:
        raise SageError(f"Sage does not list the businesses (status {answer.status}).", "Try again later.")
    found = {item["id"]: item["displayed_as"] for item in answer.body["$items"]}
    if project.business.id in found:
        return project.business.id, found[project.business.id]
    if len(found) == 1 and not project.business.id:
        return next(iter(found.items()))
    names = ", ".join(f"{name} ({business})" for business, name in found.items()) or "none"
    raise ProjectError(
        f"The sign-in reaches these businesses: {names}.",
        f"Put the id of the one to move into into {FILE}: business.id.",
    )
