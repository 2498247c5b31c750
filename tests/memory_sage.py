"""A minimal in-memory Sage with idempotency, limits and faults, for tests of the runner.

It does not reject duplicates, so that a request sent twice creates two entities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Kind
from sagerecon.model.clock import DAY, MINUTE, Clock, instant, instant_text
from sagerecon.model.door import Door
from sagerecon.model.errors import NoAnswerError
from sagerecon.model.value import canonical

#: Faults of a call, before or after it is carried out.
FAULTS = ("refuse", "lose_before", "lose_after", "fail_before", "fail_after", "limit")


_REFUSED = Answer(422, [{"$message": "This field is required.", "$source": "name"}])


class MemorySage:
    """Satisfies `runner.Sage`; `fault` returns the fault of the n-th call, or an empty string."""

    def __init__(
        self,
        clock: Clock,
        fault: Callable[[int, Call], str] = lambda number, call: "",
        *,
        latency: int = 100,
        honours_ids: bool = True,
        per_minute: int = 10**9,
        per_day: int = 10**9,
        lag: int = 0,
    ) -> None:
        self.clock = clock
        self.fault = fault
        self.latency = latency
        self.honours_ids = honours_ids
        self.lag = lag  # milliseconds until a saved entity appears in lists
        self.limits = ((MINUTE, per_minute), (DAY, per_day))
        self.entities: dict[str, list[dict[str, Any]]] = {}
        self.rejects: Callable[[str, dict[str, Any]], str] = lambda kind, body: ""
        self.forbidden: set[str] = set()
        self.remembered: dict[str, Any] = {}
        self.arrivals: list[int] = []
        self.bodies: dict[str, str] = {}
        self.calls: Counter[str] = Counter()

    def ready(self, door: Door) -> int:
        return self.clock.now() + 5 * MINUTE

    def call(self, call: Call) -> Answer:
        number = sum(self.calls.values())
        fault = self.fault(number, call)
        self.calls[call.method] += 1
        if fault == "refuse":
            raise NoAnswerError("Sage cannot be reached: connection refused.", sent=False)
        now = self.clock.now()
        for window, limit in self.limits:
            if sum(at > now - window for at in self.arrivals) >= limit:
                fault = "limit"
        self.arrivals.append(now)
        self.clock.sleep(self.latency)
        if fault == "limit":
            return Answer(429, None)
        if fault.endswith("before"):
            return self._broken(fault)
        answer = self._answer(call)
        return self._broken(fault) if fault else answer

    def bodies_of(self, kind: str) -> list[dict[str, Any]]:
        return self.entities.get(kind, [])

    def add(self, kind: str, **body: Any) -> dict[str, Any]:
        entities = self.entities.setdefault(kind, [])
        number = sum(map(len, self.entities.values())) + 1
        links = {f.removesuffix("_id"): {"id": v} for f, v in body.items() if f.endswith("_id")}
        links |= {
            f.removesuffix("_ids") + "s": [{"id": v} for v in values]
            for f, values in body.items()
            if f.endswith("_ids")
        }
        made = {"id": f"{number:032x}", **body, **links, "created_at": instant_text(self.clock.now())}
        entities.append(made)
        return made

    def _broken(self, fault: str) -> Answer:
        if fault.startswith("lose"):
            raise NoAnswerError("No usable answer came.", sent=True, expires_at=self.clock.now() + MINUTE)
        return Answer(500, [{"$message": "An unexpected error occurred.", "$source": ""}])

    def _answer(self, call: Call) -> Answer:
        kind = next(
            kind for kind in catalog() if call.path.startswith(kind.path + "/") or call.path == kind.path
        )
        if kind.name in self.forbidden:
            return Answer(403, [{"$message": "The current user is not allowed to do that.", "$source": ""}])
        if call.method == "GET":
            if call.path != kind.path:
                held = [e for e in self.bodies_of(kind.name) if e["id"] == call.path.rpartition("/")[2]]
                return Answer(200, dict(held[0]), size=100) if held else Answer(404, [])
            return Answer(200, self._page(kind.name, call), size=100)
        if call.method == "DELETE":
            return self._delete(kind, call)
        assert call.body is not None
        body = dict(call.body[kind.name])
        name = body.pop("idempotency_id", "")
        if name and not body:  # the proof that answers are replayed
            return self.remembered[name] if self.honours_ids and name in self.remembered else _REFUSED
        if name:
            said = canonical(body)
            assert self.bodies.setdefault(name, said) == said, "two bodies share an id"
        if name and self.honours_ids and name in self.remembered:
            return self.remembered[name]
        if why := self.rejects(kind.name, body):
            return Answer(422, [{"$message": why, "$source": ""}])
        if call.method == "PUT":
            made = next(e for e in self.bodies_of(kind.name) if e["id"] == call.path.rpartition("/")[2])
            made.update(body)
        else:
            made = self.add(kind.name, **body)
        self.remembered[name] = Answer(201, dict(made), size=100)
        return self.remembered[name]

    def _delete(self, kind: Kind, call: Call) -> Answer:
        """Delete or void an entity that no other refers to."""
        sage_id = call.path.rpartition("/")[2]
        held = [e for e in self.bodies_of(kind.name) if e["id"] == sage_id]
        if not held:
            return Answer(404, [])
        others = [e for found in self.entities.values() for e in found if e["id"] != sage_id]
        if any(sage_id in canonical(e) for e in others if e.get("status") != {"id": "VOID"}):
            return Answer(405, [{"$message": "You cannot delete what is in use.", "$source": ""}])
        if "void_reason" not in kind.operations["delete"].query:
            self.entities[kind.name].remove(held[0])
            return Answer(204, None)
        is_void = held[0].get("status") == {"id": "VOID"}
        if is_void or not call.query.get("void_reason"):
            return Answer(422, [{"$message": "It is void already, or has no reason.", "$source": ""}])
        held[0]["status"] = {"id": "VOID"}
        return Answer(200, dict(held[0]), size=100)

    def _page(self, kind: str, call: Call) -> dict[str, Any]:
        seen = [e for e in self.bodies_of(kind) if self._is_shown(e, call)]
        size, page = int(call.query["items_per_page"]), int(call.query.get("page", 1))
        items = seen[(page - 1) * size : page * size]
        return {"$total": len(seen), "$page": page, "$next": None, "$items": items}

    def _is_shown(self, entity: dict[str, Any], call: Call) -> bool:
        made = instant(entity["created_at"])
        since = call.query.get("updated_or_created_since")
        words = [str(value) for value in entity.values()]
        return (
            made <= self.clock.now() - self.lag
            and (not since or made >= instant(since))
            and ("search" not in call.query or any(call.query["search"] in word for word in words))
        )


def faults_at(**faults: int) -> Callable[[int, Call], str]:
    """Return a fault function that applies each named fault at the call with this number, from 0."""
    wanted = {number: fault for fault, number in faults.items()}
    return lambda number, call: wanted.get(number, "")


def duplicates(sage: MemorySage, kind: str, field: str) -> Iterator[str]:
    """Yield the values of a field that more than one entity has."""
    for value, count in Counter(entity.get(field) for entity in sage.bodies_of(kind)).items():
        if count > 1:
            yield str(value)
