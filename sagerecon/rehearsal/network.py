"""Delivery of a request and its answer, with a fault applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from sagerecon.model.clock import Clock
from sagerecon.rehearsal.faults import Fault, FaultType
from sagerecon.rehearsal.reply import HTML, Dropped, Reply, refusal

_GATEWAY_PAGE = b"<html><head><title>Gateway</title></head><body><h1>Please try again</h1></body></html>"


def deliver(
    fault: Fault | None, handle: Callable[[], Reply], refuse: Callable[[], Reply], clock: Clock
) -> Reply:
    """Deliver a request under a fault and return the answer the client gets.

    Args:
        handle: carries the request out.
        refuse: returns Sage's 429.

    Raises:
        Dropped: the connection ends without an answer.
    """
    if fault is None:
        return handle()
    match fault.type:
        case FaultType.REFUSED:
            raise Dropped(sent=False)
        case FaultType.RESET:
            raise Dropped(sent=True)
        case FaultType.ERROR:
            return server_error(fault.status)
        case FaultType.TOO_MANY:
            return refuse()
        case FaultType.DUPLICATE:
            handle()
    return _apply_fault(fault, handle(), clock)


def _apply_fault(fault: Fault, reply: Reply, clock: Clock) -> Reply:
    """Return the answer to a completed request as the client receives it."""
    match fault.type:
        case FaultType.ANSWER_LOST:
            raise Dropped(sent=True)
        case FaultType.ERROR_SAVED:
            return server_error(fault.status)
        case FaultType.TRUNCATED:
            return replace(reply, is_cut=True)
        case FaultType.NOT_JSON:
            return Reply(200, {"Content-Type": HTML}, _GATEWAY_PAGE)
        case FaultType.SLOW:
            clock.sleep(fault.milliseconds)
        case FaultType.WRONG_ECHO:
            return replace(reply, headers={**reply.headers, "X-Business": "0" * 32})
    return reply


def has_unreadable_record(method: str, target: str, body: bytes, unreadable: Set[str]) -> bool:
    """Return whether the answer is a page with `attributes=all` that has an `unreadable` record."""
    if method != "GET" or parse_qs(urlsplit(target).query).get("attributes") != ["all"]:
        return False
    page = json.loads(body)
    items = page.get("$items", ()) if isinstance(page, dict) else ()
    return any(item.get("id") in unreadable for item in items)


def server_error(status: int) -> Reply:
    """Return a 500 as Sage answers it; any other status comes from the gateways in front of it."""
    if status == 500:
        return refusal(500, "UnexpectedError", "An unexpected error occurred.")
    return Reply(status, {"Content-Type": HTML}, _GATEWAY_PAGE)
