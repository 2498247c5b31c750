"""Contacts a second, and lists of 200 out of 100,000, beside the least that any server could do.

python benchmarks/rehearsal.py [contacts]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from sagerecon.package import catalog
from sagerecon.rehearsal.business import new_business
from sagerecon.rehearsal.request import ApiReply, ApiRequest, User

USER = User("u1", "A Clerk", "AC")
NOON = 1_767_268_800_000


def body(number: int) -> dict[str, Any]:
    """A contact as a migration sends it."""
    return {
        "contact": {
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
            "main_contact_person": {"name": "A Person", "email": f"p{number}@example.com"},
        }
    }


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor that `work` took; other people's work on the machine does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    bodies = [json.dumps(body(number)) for number in range(count)]
    business = new_business(catalog(), "a" * 32, "Benchmark Ltd", now=NOON)

    def ask(method: str, path: str, sent: Any = None, **query: str) -> ApiReply:
        return business.handle(ApiRequest(method, path, query, sent, USER, NOON))

    answer = json.dumps(ask("GET", "/contacts", attributes="all").body["$items"][0])

    def floor() -> None:
        kept: dict[int, Any] = {}
        for number, text in enumerate(bodies):
            kept[number] = json.loads(text)
            json.dumps(json.loads(answer))

    def create() -> None:
        for text in bodies:
            reply = ask("POST", "/contacts", json.loads(text))
            assert reply.status == 201, reply.body
            json.dumps(reply.body)

    least, taken = timed(floor), timed(create)
    print(f"{count:,} contacts with address and person: {taken:.1f} s, {count / taken:,.0f} a second")
    print(f"  floor (dict insert, json of the same sizes): {least:.1f} s, {taken / least:.1f} x")
    lists: dict[str, dict[str, str]] = {
        "first page": {},
        "page in the middle, attributes=all": {"page": str(count // 400), "attributes": "all"},
        "show_balance": {"attributes": "reference", "show_balance": "true", "page": "100"},
        "nested_attributes": {"attributes": "all", "nested_attributes": "all", "page": "100"},
        "search for one": {"search": f"C{count - 1:07d}"},
        "changed since a second ago": {"updated_or_created_since": "2026-01-01T11:59:59Z", "page": "3"},
        "changed since tomorrow": {"updated_or_created_since": "2026-01-02"},
    }
    for name, query in lists.items():
        seconds = min(
            timed(lambda query=query: json.dumps(ask("GET", "/contacts", items_per_page="200", **query).body))
            for _ in range(3)
        )
        print(f"  list of 200, {name}: {seconds * 1000:.1f} ms")


if __name__ == "__main__":
    main()
