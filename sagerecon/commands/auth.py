"""Sign in to Sage, show the sign-in, and sign out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from sagerecon.commands.sign_in import find_business, newest_tokens, sign_in, sign_out
from sagerecon.model.clock import Clock
from sagerecon.project.project import Project


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in: into which business, and until when it lasts unused."""

    business: str
    name: str
    until: int


def login(project: Project, clock: Clock, session: requests.Session, show: Callable[[str], None]) -> SignedIn:
    """Sign in by browser: `show` is given the page's address, and the answer comes back to this machine.

    Raises:
        AuthorizationError: access was denied, or nobody came back.
        ProjectError: the sign-in reaches several businesses and the project names none.
    """
    with project.open_store(clock) as store:
        granted = sign_in(project, store, session, clock, show)
        business, name = find_business(project, store, session, clock)
        project.choose_business(business)
    return SignedIn(business, name, granted.refresh_expires_at)


def login_status(project: Project, clock: Clock) -> SignedIn:
    """Whether we are signed in.

    Raises:
        AuthorizationError: nobody is.
    """
    with project.open_store(clock) as store:
        tokens = newest_tokens(store)
    return SignedIn(project.business.id, "", tokens.refresh_expires_at)


def logout(project: Project, clock: Clock, session: requests.Session) -> None:
    """Revoke the sign-in at Sage and forget it here.

    Raises:
        AuthorizationError: nobody is signed in.
    """
    with project.open_store(clock) as store:
        sign_out(project, store, session, clock)
