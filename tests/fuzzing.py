"""Requests by chance against a served rehearsal, made by schemathesis from its own /openapi.json.

No answer may be a fault of the server's, have a status or a shape that the description does not name, or
come with a type of content it does not name. `python tests/fuzzing.py` is the long run: over 5,000 requests.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.documents import package
from sagerecon.project.sage import SANDBOX_APP
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import Server, serve

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

#: How often a field that names another record gets the id of one that is there.
_TRUE_REFERENCES = 0.9

#: How much of what is optional a body keeps, with plain amounts and days but in the last case.
_SHARES = (0.0, 0.0, 0.1, 1.0)


@dataclass
class Outcome:
    """What a run came to; `findings` by operation and what was wrong, with one request that shows it."""

    requests: int = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    findings: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass
class Fuzzer:
    """Sends what schemathesis makes of the description, with references that lead somewhere."""

    server: Server
    session: requests.Session
    outcome: Outcome
    chance: random.Random
    document: dict[str, Any]
    ids: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    share: float = 1

    @property
    def sage(self) -> RehearsalSage:
        return self.server.sage

    def learn(self) -> None:
        """Note the ids of what is there."""
        for path, methods in self.document["paths"].items():
            if "{" in path or "get" not in methods:
                continue
            answered = self.call("GET", f"{path}?items_per_page=200")
            items = answered.json().get("$items", []) if answered.status_code == 200 else []
            kind = self.kind_of(methods["get"]["operationId"])
            self.ids[kind] = [item.get("id") or item["$path"].rpartition("/")[2] for item in items]

    def kind_of(self, operation_id: str) -> str:
        resource = operation_id.partition("_")[2]
        found = self.sage.catalog.by_resource(resource)
        return found.name if found is not None else resource

    def call(self, method: str, path: str) -> requests.Response:
        self.sign_in()
        return self.session.request(method, f"{self.server.url}/v3.1{path}", headers=self.headers, timeout=30)

    def sign_in(self) -> None:
        """A token that lives a little longer; a second passes with each request."""
        assert isinstance(self.sage.clock, VirtualClock)
        self.sage.clock.sleep(1_000)
        if self.outcome.requests % 200 == 0 or not self.headers:
            business = next(iter(self.sage.membership.businesses))
            token = self.sage.grant(SANDBOX_APP, "owner", business)["access_token"]
            self.headers = {"Authorization": f"Bearer {token}", "X-Business": business}

    def attempt(self, case: Case) -> None:
        """Send one request and hold its answer against the description."""
        parameters = case.operation.definition.raw.get("parameters", ())
        for parameter in parameters:
            if parameter.get("name") == "key" and case.path_parameters:
                case.path_parameters["key"] = self.referred(parameter, case.path_parameters["key"])
        case.headers.pop("X-Business", None)
        body = case.operation.definition.raw.get("requestBody")
        if body and isinstance(case.body, dict):
            schema = body["content"]["application/json"]["schema"]
            self.share = self.chance.choice(_SHARES)
            case.body = self.filled(self.resolved(schema), case.body)
            for content in case.body.values() if self.share < 1 else ():
                _balance(content)
        self.sign_in()
        self.outcome.requests += 1
        answered = case.call(session=self.session, headers=self.headers, timeout=30)
        self.outcome.statuses[answered.status_code] += 1
        self.outcome.asked.add(case.operation.label)
        if answered.status_code < 300:
            self.outcome.accepted.add(case.operation.label)
        if answered.status_code == 201:
            kind = self.kind_of(f"_{case.path.split('/')[1]}")
            self.ids.setdefault(kind, []).append(answered.json()["id"])
        try:
            case.validate_response(answered, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                name = (case.operation.label, f"{failure.title}: {str(failure.message)[:400]}")
                self.outcome.findings.setdefault(name, case.as_curl_command())

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            found: Mapping[str, Any] = self.document["components"]["schemas"][name]
            return found
        return schema

    def referred(self, schema: Mapping[str, Any], value: Any) -> Any:
        """An id of a record that is there, mostly."""
        known = [id for kind in schema["x-refers-to"] for id in self.ids.get(kind, ())]
        if not known or self.chance.random() > _TRUE_REFERENCES:
            return value
        return self.chance.choice(known)

    def filled(self, schema: Mapping[str, Any], value: Any) -> Any:
        """`value` with references that lead somewhere, and often without most of what is optional."""
        if isinstance(value, list):
            items = schema.get("items", {})
            if "x-refers-to" in schema and "enum" not in items:
                return [self.referred(schema, item) for item in value[:1]]
            return [self.filled(items, item) for item in value[:3]]
        if isinstance(value, dict):
            properties, required = schema.get("properties", {}), schema.get("required", ())
            value = {n: v for n, v in value.items() if n in required or self.chance.random() < self.share}
            return {name: self.filled(properties.get(name, {}), item) for name, item in value.items()}
        if isinstance(value, str) and "x-refers-to" in schema and "enum" not in schema:
            return self.referred(schema, value)
        if self.share < 1 and schema.get("format") == "date":
            return f"201{self.chance.randrange(6, 10)}-0{self.chance.randrange(1, 10)}-15"
        if self.share < 1 and "number" in schema.get("type", ()):
            return self.chance.choice(("1", "12.5", 40, "100.00"))
        return value


def _balance(content: Any) -> None:
    """Two lines that balance, where a body has lines of debits and credits."""
    lines = content.get("journal_lines") if isinstance(content, dict) else None
    if isinstance(lines, list) and lines and isinstance(lines[0], dict):
        sides = ({"debit": "10.00", "credit": "0"}, {"debit": "0", "credit": "10.00"})
        content["journal_lines"] = [{**lines[0], **side} for side in sides]


def fuzz(number: int, *, start: int = 1, mostly: str = "", report: bool = False) -> Outcome:
    """Send about `number` requests, spread over all operations; `mostly` names operations to keep to."""
    sage = open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), start, profile="published")
    outcome, chance = Outcome(), random.Random(start)
    with ExitStack() as stack:
        server = stack.enter_context(serve(sage))
        session = stack.enter_context(requests.Session())
        session.trust_env = False
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        fuzzer = Fuzzer(server, session, outcome, chance, schema.raw_schema)
        fuzzer.learn()
        found = [*_operations(schema, mostly)]
        outcome.operations = len(found)
        chance.shuffle(found)
        found.sort(key=_rank)
        weights = [_WEIGHTS.get(operation.method.upper(), 1) for operation in found]
        if report:
            sys.stdout.write(f"{len(found)} operations\n")
        done, looking = 0, False
        for place, operation in enumerate(found):
            if operation.method.upper() == "GET" and not looking:
                fuzzer.learn()  # what the bookings have made meanwhile
                looking = True
            upto = number * sum(weights[: place + 1]) // sum(weights)
            if upto > done:
                _run(fuzzer, operation, upto - done, start)
            done = upto
        for failure in server.failures:
            outcome.findings.setdefault(("server", repr(failure)[:300]), "")
    return outcome


def _operations(schema: Any, mostly: str) -> Iterator[Any]:
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in ("/token", "/revoke") and mostly in operation.label:
            yield operation


#: What makes records comes before what looks at them, and what takes them away comes last.
_RANKS = {"POST": 1, "PUT": 2, "GET": 3, "DELETE": 4}

#: What is written is worth more tries than what is looked at.
_WEIGHTS = {"POST": 3, "PUT": 2}

#: What documents name.
_FIRST = ("/contacts", "/products", "/services", "/stock_items", "/bank_accounts")


def _rank(operation: Any) -> int:
    if operation.method.upper() == "POST" and operation.path in _FIRST:
        return 0
    return _RANKS[operation.method.upper()]


def _run(fuzzer: Fuzzer, operation: Any, examples: int, start: int) -> None:
    wild = examples // 5  # bodies and queries that break the description on purpose
    for mode, count in ((GenerationMode.POSITIVE, examples - wild), (GenerationMode.NEGATIVE, wild)):
        if not count:
            continue
        try:
            strategy = operation.as_strategy(generation_mode=mode)
            attempt = given(case=strategy)(_attempting(fuzzer))
            settings(
                max_examples=count,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(seed(start)(attempt))()
        except schemathesis.errors.InvalidSchema:
            raise
        except Exception as error:
            if type(error).__name__ not in ("Unsatisfiable", "SkipTest"):
                raise


def _attempting(fuzzer: Fuzzer) -> Callable[[Case], None]:
    def attempt(case: Case) -> None:  # hypothesis wants a function of one argument by its name
        fuzzer.attempt(case)

    return attempt


def main() -> int:
    """Run it at length and say what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5_500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", default="", help="a part of the operations' names, such as 'POST /contacts'"
    )
    asked = parser.parse_args()
    began = monotonic()
    outcome = fuzz(asked.requests, start=asked.seed, mostly=asked.only, report=True)
    seconds = monotonic() - began
    counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(outcome.statuses.items()))
    sys.stdout.write(f"{outcome.requests:,} requests in {seconds:.0f} s: {counts}\n")
    never = sorted(outcome.asked - outcome.accepted)
    sys.stdout.write(f"{len(never)} of {len(outcome.asked)} operations were never done: {', '.join(never)}\n")
    for (label, what), curl in outcome.findings.items():
        sys.stdout.write(f"\n{label}\n  {what}\n  {curl[:600]}\n")
    sys.stdout.write(f"{len(outcome.findings)} findings\n")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
