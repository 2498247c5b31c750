"""Sign in to Sage, show the sign-in, sign out, and change the key that encrypts the tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import requests

from sagerecon.commands.budget import call_budget
from sagerecon.model.call import Call
from sagerecon.model.clock import SECOND, Clock, ServerClock
from sagerecon.model.door import counted
from sagerecon.model.errors import AuthorizationError, ProjectError, SageError
from sagerecon.model.tokens import Tokens
from sagerecon.planning.budget import Budget
from sagerecon.project.project import FILE, Project
from sagerecon.project.sage import GRANT, sage_access
from sagerecon.project.state import is_business, write_business
from sagerecon.project.store import open_store
from sagerecon.runner.door import CompanyDoor
from sagerecon.runner.pages import read_page
from sagerecon.sage.authorization import Authorization, ConsentRequest
from sagerecon.sage.client import SageClient
from sagerecon.sage.loopback import LoopbackListener, PastedLines
from sagerecon.sage.session import require_listener
from sagerecon.store.company import CompanyStore
from sagerecon.store.vault import SealedVault

#: How long to wait for consent in the browser, in seconds.
SIGN_IN_SECONDS = 300

#: Businesses read from Sage: one page. A practice with more names the one it means.
BUSINESSES = 500

#: Requests of a sign-in: the exchange of the code for tokens, and the list of businesses.
SIGN_IN_REQUESTS = 2


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
    on_wait: Callable[[int, str], None] = lambda _until, _why: None,
    port: int = 0,
    pasted: PastedLines | None = None,
) -> SignedIn:
    """Sign in by browser, and record the business that the project moves into.

    Args:
        show: receives the address of the consent page, and the address on this machine to which the browser
            is redirected after it.
        on_wait: receives the end of a wait for the call budget, and its reason.
        port: of the address on this machine; 0 is any free one.
        pasted: where the user may paste that address with its answer, if the browser is on another machine.

    Raises:
        AuthorizationError: access was denied, or no consent came in time.
        PausedError: the call budget of the business has no room for the sign-in.
        SageError: the project's sandbox does not run.
        StoreError: the key of the vault cannot be used.
        ProjectError: the sign-in reaches several businesses and the project names none.
    """
    clock = ServerClock(clock)
    access = sage_access(project)
    known = project.business.id
    if project.address:
        require_listener(project.address)  # or the user would wait for a page that cannot open
    with open_store(project, clock) as store, _counting(store.company(known)) as company:
        store.vault.require_key()
        door = CompanyDoor(company.run_log, clock, _sign_in_budget(project), on_wait=on_wait)
        authorization = access.authorization(session, clock)
        with LoopbackListener(port) as listener:
            consent = partial(_consent, authorization, project.business.country, listener, show, pasted)
            granted = _sign_in(authorization, consent, door)
        saved = store.vault.save(GRANT, granted, None)
        sage = access.open_sage(store.vault, session, clock)
        business, name = _choose(known, _businesses(sage, door))
        if business != known:
            store.company(business).run_log.add_calls(_sign_in_budget(project), SIGN_IN_REQUESTS)
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
        PausedError: the call budget of the business has no room for the request.
    """
    access = sage_access(project)
    with open_store(project, clock) as store, _counting(store.company(project.business.id)) as company:
        tokens = _tokens(store.vault)
        door = CompanyDoor(company.run_log, clock, _sign_in_budget(project))
        door.book()
        with counted(door):
            access.authorization(session, clock).revoke(tokens)
        store.vault.forget(GRANT, tokens.generation)


def rotate_key(project: Project, clock: Clock) -> str:
    """Encrypt the tokens of the project with a new key, and return where it is kept. Sends nothing.

    Raises:
        AuthorizationError: not signed in, or not on this machine.
        StoreError: the new key cannot be kept, or it is in the environment, which only the user can change.
    """
    with open_store(project, clock) as store:
        return store.vault.rotate_key()


@contextmanager
def _counting(company: CompanyStore) -> Iterator[CompanyStore]:
    """Yield the company, and make what its calls count as durable however the block ends."""
    try:
        yield company
    finally:
        company.run_log.flush()


def _sign_in_budget(project: Project) -> Budget:
    """Return the limits of the business; signing in may use the calls that a run has to leave."""
    return replace(call_budget(project.limits, project.catalog.api), reserve=0, settle=0)


def _sign_in(
    authorization: Authorization, consent: Callable[[], tuple[ConsentRequest, str]], door: CompanyDoor
) -> Tokens:
    """Wait for the consent of the user, and exchange its answer for tokens.

    The exchange is booked before the page is shown, because the code in the answer is valid for a minute
    only, which a wait for the call budget can take.
    """
    door.book(sent_within=SIGN_IN_SECONDS * SECOND)
    try:
        request, callback = consent()
    except BaseException:
        door.refund()
        raise
    with counted(door):
        return authorization.exchange(request, callback)


def _consent(
    authorization: Authorization,
    country: str,
    listener: LoopbackListener,
    show: Callable[[str, str], None],
    pasted: PastedLines | None,
) -> tuple[ConsentRequest, str]:
    """Show the consent page, and return its request and the address to which the browser was redirected."""
    request = authorization.request(listener.redirect_uri, state=listener.state, country=country)
    show(request.url, listener.redirect_uri)
    return request, listener.wait(SIGN_IN_SECONDS, pasted)


def _tokens(vault: SealedVault) -> Tokens:
    tokens = vault.load(GRANT)
    if tokens is None:
        raise AuthorizationError("Not signed in.", "Run: sagerecon auth login")
    return tokens


def _businesses(sage: SageClient, door: CompanyDoor) -> dict[str, str]:
    """Read the names of the businesses that the sign-in reaches, by id."""
    sage.ready(door)
    door.book()
    with counted(door):
        answer = sage.call(Call("GET", "/businesses", {"items_per_page": str(BUSINESSES)}))
    if answer.status == 429:
        raise door.refused(answer.retry_after_ms)
    if answer.status != 200:
        raise SageError(f"Sage does not list the businesses (status {answer.status}).", "Try again later.")
    page = read_page(answer.body, 1, {})
    names = {str(item.get("id", "")): str(item.get("displayed_as", "")) for item in page.items}
    return {business: name for business, name in names.items() if is_business(business)}


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
