"""What a request and its answer go through between the client and Sage."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from sagerecon.model.clock import Clock
from sagerecon.rehearsal.faults import Fault, Trouble
from sagerecon.rehearsal.reply import HTML, Dropped, Reply, refusal

_GATEWAY_PAGE = b"<html><head><title>Gateway</title></head><body><h1>Please try again</h1></body></html>"


def deliver(
    fault: Fault | None, handle: Callable[[], Reply], refuse: Callable[[], Reply], clock: Clock
) -> Reply:
    """What comes back to the client. `handle` carries the request out; `refuse` is Sage's 429.

    Raises:
        Dropped: nothing comes back.
    """
    if fault is None:
        return handle()
    match fault.trouble:
        case Trouble.REFUSED:
            raise Dropped(sent=False)
        case Trouble.RESET:
            raise Dropped(sent=True)
        case Trouble.ERROR:
            return server_error(fault.status)
        case Trouble.TOO_MANY:
            return refuse()
        case Trouble.DUPLICATE:
            handle()
    return _spoilt(fault, handle(), clock)


def _spoilt(fault: Fault, reply: Reply, clock: Clock) -> Reply:
    """The answer to a request that was carried out, as the client sees it."""
    match fault.trouble:
        case Trouble.ANSWER_LOST:
            raise Dropped(sent=True)
        case Trouble.ERROR_SAVED:
            return server_error(fault.status)
        case Trouble.TRUNCATED:
            return replace(reply, is_cut=True)
        case Trouble.NOT_JSON:
            return Reply(200, {"Content-Type": HTML}, _GATEWAY_PAGE)
        case Trouble.SLOW:
            clock.sleep(fault.milliseconds)
        case Trouble.WRONG_ECHO:
            return replace(reply, headers={**reply.headers, "X-Business": "0" * 32})
    return reply


def is_spoiled(method: str, target: str, body: bytes, spoiled: Set[str]) -> bool:
    """Whether an answer is a page asked for with `attributes=all` that holds one of the `spoiled` records."""
    if method != "GET" or parse_qs(urlsplit(target).query).get("attributes") != ["all"]:
        return False
    page = json.loads(body)
    items = page.get("$items", ()) if isinstance(page, dict) else ()
    return any(item.get("id") in spoiled for item in items)


def server_error(status: int) -> Reply:
    """500 as Sage words it; anything else comes from the gateways in front of it."""
    if status == 500:
        return refusal(500, "UnexpectedError", "An unexpected error occurred.")
    return Reply(status, {"Content-Type": HTML}, _GATEWAY_PAGE)
