"""Answers by `idempotency_id`: within seven days a repeated request gets its first answer, without effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import DAY
from sagerecon.model.value import fingerprint
from sagerecon.rehearsal.reply import JSON, Reply, refusal

#: What the same id with another body does. Sage does not document it, so all three are supported.
REPLAY = "replay"  #: repeat the first answer
REFUSE = "refuse"
WRITE = "write"  #: carry the request out, as with a new id


@dataclass(frozen=True, slots=True)
class _FirstAnswer:
    """A first answer; `body` is kept as text so that it is repeated byte for byte."""

    kind: str
    content: str
    status: int
    body: str
    answered_at: int
    asked: str = ""  #: method and path


class Idempotency:
    """First answers by business and id. With `is_honoured` off the id is ignored."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        is_honoured: bool = True,
        other_body: str = REPLAY,
        replays_errors: bool = False,
    ) -> None:
        self._catalog = catalog
        self._days = catalog.api.idempotency_days
        self.is_honoured = is_honoured
        self.other_body = other_body
        self.replays_errors = replays_errors
        self._first: dict[str, dict[str, _FirstAnswer]] = {}

    def unwrap(self, method: str, path: str, body: Any) -> tuple[Kind | None, str, Any]:
        """Return the kind, the id and the body without the id.

        The id is empty where the request has none, or the kind or the method does not support it.
        """
        kind = self._catalog.by_resource(path.strip("/").partition("/")[0])
        if kind is None or not kind.is_idempotent or method not in ("POST", "PUT"):
            return kind, "", body
        content = body.get(kind.name) if isinstance(body, dict) else None
        if not isinstance(content, dict) or "idempotency_id" not in content:
            return kind, "", body
        rest = {name: value for name, value in content.items() if name != "idempotency_id"}
        return kind, str(content["idempotency_id"]), {**body, kind.name: rest}

    def replay(
        self, business: str, kind: Kind, id_: str, body: Any, now: int, asked: str = ""
    ) -> Reply | None:
        """Return the first answer again, or a refusal; None if the request must be carried out.

        `asked` is the method and the path: an id that created one record must not answer for another.
        """
        memory = self._first.setdefault(business, {})
        first = memory.get(id_) if self.is_honoured else None
        if first is None:
            return None
        if self._has_expired(first, now):
            return None
        if first.kind != kind.name:
            return refusal(422, "IdempotencyResourceMismatch", "Entity type mismatch")
        is_elsewhere = first.asked != asked
        if is_elsewhere or first.content != fingerprint(body):
            if self.other_body == WRITE:
                return None
            if is_elsewhere or self.other_body == REFUSE:
                return refusal(422, "IdempotencyResourceMismatch", "The request is not the one first sent.")
        return Reply(first.status, {"Content-Type": JSON}, first.body.encode())

    def record(
        self, business: str, kind: Kind, id_: str, body: Any, reply: Reply, now: int, asked: str = ""
    ) -> None:
        """Keep a first answer; keep a refusal only where errors are replayed too."""
        if self.is_honoured and (reply.status < 400 or self.replays_errors):
            memory = self._first.setdefault(business, {})
            memory.pop(id_, None)  # keep the oldest first, so that expired answers are at the front
            memory[id_] = _FirstAnswer(
                kind=kind.name,
                content=fingerprint(body),
                status=reply.status,
                body=reply.body.decode(),
                answered_at=now,
                asked=asked,
            )
            while self._has_expired(next(iter(memory.values())), now):
                del memory[next(iter(memory))]

    def document(self) -> dict[str, Any]:
        """Return all answers and settings as JSON, for saving."""
        return {
            "is_honoured": self.is_honoured,
            "other_body": self.other_body,
            "replays_errors": self.replays_errors,
            "first": {
                business: {id_: asdict(first) for id_, first in memory.items()}
                for business, memory in self._first.items()
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], catalog: Catalog) -> Idempotency:
        """Read what `document` returned."""
        idempotency = cls(
            catalog,
            is_honoured=document["is_honoured"],
            other_body=document["other_body"],
            replays_errors=document["replays_errors"],
        )
        for business, memory in document["first"].items():
            idempotency._first[business] = {id_: _FirstAnswer(**first) for id_, first in memory.items()}
        return idempotency

    def _has_expired(self, first: _FirstAnswer, now: int) -> bool:
        return first.answered_at <= now - self._days * DAY
