"""Measure contacts per second through the whole rehearsal Sage, and lists of 200 out of 100,000.

Every call is bytes through `RehearsalSage.request`: a granted token that is refreshed as it expires,
X-Business, an idempotency id, and the rolling limits of the standard profile under a virtual clock that
each wait advances. The floor is the least that any server could do with the same bytes.

python benchmarks/rehearsal.py [contacts]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from statistics import median
from urllib.parse import urlencode

from sagerecon.documents.package import catalog
from sagerecon.model.clock import DAY, MINUTE, SECOND, instant_text
from sagerecon.rehearsal.books.business import new_business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.gateway import SECONDS
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.request import FULL
from sagerecon.rehearsal.sage import RehearsalSage

BUSINESS = "a" * 32
APP = ("bench", "secret")
REPEATS = 9


def body(number: int) -> bytes:
    """Return the request body of a contact, as a migration sends it."""
    contact = {
        "idempotency_id": f"{number:032x}",
        "name": f"Customer {number} Ltd",
        "contact_type_ids": ["CUSTOMER"],
        "reference": f"C{number:07d}",
        "source_guid": f"erp-{number}",
        "credit_limit": "2500.00",
        "main_address": {
            "address_line_1": f"{number} High St",
            "city": "Leeds",
            "postal_code": "LS1 1AA",
        },
        "main_contact_person": {"name": "Jo Dale", "email": f"p{number}@example.com"},
    }
    return json.dumps({"contact": contact}).encode()


class Caller:
    """An app with access: it waits after a 429 and refreshes its token after a 401."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sage = RehearsalSage(catalog(), self.clock)
        self.sage.gateway.retry_after = SECONDS
        self.sage.add_app(*APP, name="Bench", redirect_uri="http://127.0.0.1/back")
        self.sage.add_user("u1", "A Clerk", "AC")
        self.sage.add_business(
            new_business(catalog(), BUSINESS, "Benchmark Ltd", now=self.clock.now()), {"u1": FULL}
        )
        self.base = catalog().api.base_url
        self.waits = self.refreshes = 0
        self.take(self.sage.grant(APP[0], "u1", BUSINESS))

    def take(self, tokens: dict[str, str]) -> None:
        """Use these tokens from now on."""
        self.refresh_token = tokens["refresh_token"]
        self.headers = {
            "Authorization": f"Bearer {tokens['access_token']}",
            "X-Business": BUSINESS,
            "Content-Type": "application/json",
        }

    def call(self, method: str, path: str, sent: bytes = b"") -> Reply:
        """Return the first answer that is neither a 429 nor a 401."""
        while True:
            reply = self.sage.request(method, f"{self.base}{path}", self.headers, sent)
            if reply.status == 429:
                self.waits += 1
                self.clock.sleep(int(reply.headers["Retry-After"]) * SECOND)
            elif reply.status == 401:
                self.refreshes += 1
                self.refresh()
            else:
                return reply

    def refresh(self) -> None:
        """Exchange the refresh token for new tokens at the token endpoint."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": APP[0],
            "client_secret": APP[1],
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = self.sage.request("POST", catalog().api.token_url, headers, urlencode(form).encode())
        self.take(json.loads(reply.body))


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds of `work`; other processes do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    bodies = [body(number) for number in range(count)]
    caller = Caller()
    answer = json.loads(caller.call("GET", "/contacts?attributes=all").body)["$items"][0]
    shown = json.dumps(answer)

    def floor() -> None:
        kept: dict[int, object] = {}
        for number, text in enumerate(bodies):
            kept[number] = json.loads(text)
            json.dumps(json.loads(shown)).encode()

    def create() -> None:
        for text in bodies:
            reply = caller.call("POST", "/contacts", text)
            assert reply.status == 201, reply.body

    least = timed(floor)
    started, clock = time.perf_counter(), caller.clock.now()
    taken = timed(create)
    elapsed = time.perf_counter() - started
    days = (caller.clock.now() - clock) / DAY
    print(f"{count:,} contacts with address and person, tokens, limits: {elapsed:.1f} s on the wall,")
    print(
        f"  {taken:.1f} s of the processor, {count / taken:,.0f} a second; {days:.1f} days of virtual time,"
    )
    print(f"  {caller.waits:,} waits on a limit, {caller.refreshes:,} refreshed tokens")
    print(f"  floor (dict insert, json of the same sizes): {least:.1f} s, {taken / least:.1f} x")
    recent = instant_text(caller.clock.now() - MINUTE)
    middle = instant_text(clock + (caller.clock.now() - clock) // 2)
    lists: dict[str, dict[str, str]] = {
        "first page": {},
        "first page, attributes=all": {"attributes": "all"},
        "page in the middle, attributes=all": {"page": str(count // 400), "attributes": "all"},
        "search for one": {"search": f"C{count - 1:07d}"},
        "search for none": {"search": "no such name"},
        "search for all": {"search": "customer", "page": "3"},
        "changed since a minute ago": {"updated_or_created_since": recent},
        "changed since half of them": {"updated_or_created_since": middle, "page": "3"},
        "changed since all of them": {"updated_or_created_since": "2020-01-01", "page": "3"},
        "nested_attributes=all": {"attributes": "all", "nested_attributes": "all", "page": "100"},
        "show_balance": {"attributes": "reference", "show_balance": "true", "page": "100"},
    }
    for name, query in lists.items():
        path = f"/contacts?{urlencode({**query, 'items_per_page': '200'})}"
        seconds = []
        for _ in range(REPEATS):
            caller.clock.sleep(DAY)
            seconds.append(timed(lambda path=path: caller.call("GET", path)))
        figures = f"{median(seconds) * 1000:.1f} ms, at most {max(seconds) * 1000:.1f} ms"
        print(f"  list of 200, {name}: {figures}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  at most {memory:,.0f} MB of memory, the bodies to send among them")


if __name__ == "__main__":
    main()
