"""What a history must not do, judged from Sage's own books and its own log of requests.

Nothing here asks the code under test: an entity belongs to the source record whose number the request that
created it bore, and what a user changed by hand is known because the tests changed it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from history_source import BANK, CUSTOMER, PER_DAY, PER_MINUTE, Record, Source

from sagerecon.documents.package import catalog
from sagerecon.model.catalog import Kind
from sagerecon.model.clock import DAY, MINUTE
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.request import ApiReply, ApiRequest, User

#: Another user of the company, who works in Sage directly.
OTHER_HAND = User("f" * 32, "Kim Other", "KO")


class Violation(AssertionError):
    """A history broke a promise."""


@dataclass(frozen=True)
class State:
    """What Sage held of an entity from an instant on."""

    at: int
    is_live: bool
    content: tuple[str, ...]


@dataclass
class Entity:
    """An entity that was created during the history; `uid` is its source record, empty if it has none."""

    sage_id: str
    kind: str
    uid: str
    is_ours: bool
    number: str
    states: list[State] = field(default_factory=list)
    is_deleted_by_hand: bool = False

    @property
    def is_live(self) -> bool:
        return self.states[-1].is_live

    @property
    def content(self) -> tuple[str, ...]:
        return self.states[-1].content

    def since(self, start: int) -> list[State]:
        """Return what Sage held at any time from `start` on."""
        first = max(bisect_right([state.at for state in self.states], start) - 1, 0)
        return self.states[first:]


@dataclass(frozen=True)
class Edit:
    """What a user entered in a field, and when."""

    at: int
    value: str


@dataclass(frozen=True)
class Listing:
    """A page that Sage was asked for, and whether the answer arrived whole."""

    at: int
    kind: str
    query: Mapping[str, str]
    is_whole: bool


class Books:
    """The books of a business, which note each change before the answer leaves; satisfies `request.Books`."""

    def __init__(self, books: Business, source: Source, requests: Requests) -> None:
        self._books = books
        self._source = source
        self._requests = requests
        self.entities: dict[str, Entity] = {}
        self.by_hand: dict[tuple[str, str], Edit] = {}  #: by Sage id and field
        #: What may be overwritten by decision: of an entity, in a field, which value and by which other.
        self.given_up: set[tuple[str, str, str, str]] = set()
        #: What else was permitted by decision: of an entity, with its record as it was in the source then.
        self.permitted: dict[tuple[DecisionAnswer, str], tuple[str, ...] | None] = {}
        #: The records of which it was decided that nothing is done, as they were in the source then.
        self.settled: dict[str, tuple[str, ...] | None] = {}
        self.is_remembered = True  #: whether no earlier store was put back
        self.violations: list[str] = []
        self.writes = 0  #: of the program under test

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    def handle(self, request: ApiRequest) -> ApiReply:
        reply = self._books.handle(request)
        if request.method != "GET" and reply.status < 300:
            self._note(request, reply)
        return reply

    def live(self, *kinds: str) -> list[Entity]:
        """Return the entities that are in Sage now."""
        return [e for e in self.entities.values() if e.is_live and (not kinds or e.kind in kinds)]

    def of(self, record: Record) -> list[Entity]:
        """Return the live entities of a source record."""
        return [entity for entity in self.live() if entity.uid == record.uid]

    def ever_of(self, record: Record) -> list[Entity]:
        """Return the entities of a source record, also those that were deleted."""
        return [entity for entity in self.entities.values() if entity.uid == record.uid]

    def values(self, entity: Entity) -> Mapping[str, Any]:
        """Return the fields of an entity as Sage has them now."""
        table = self._books.company.table(entity.kind)
        row = table.get(entity.sage_id)
        return {} if row is None else row.values

    def id_of(self, kind: str, **values: Any) -> str:
        """Return the Sage id of the one row of a kind that has these values."""
        rows = self._books.company.table(kind)
        (found,) = (row.id for row in rows if values.items() <= row.values.items())
        return str(found)

    def give_up(self, sage_id: str, name: str, seen: object, ours: object) -> None:
        """Let the program overwrite a value that a user entered by hand and the person deciding saw.

        Args:
            ours: what the source has instead; None where it has nothing.
        """
        self.given_up.add((sage_id, name, str(seen or ""), str(ours or "")))

    def permit(self, answer: DecisionAnswer, sage_id: str) -> None:
        """Let the program delete an entity, or create it again, while its record stays as it is."""
        self.permitted[answer, sage_id] = self._in_source(self.entities[sage_id].uid)

    def decided(self, uid: str, *, is_settled: bool) -> None:
        """Note a decision about a record, in place of any earlier one."""
        self.settled.pop(uid, None)
        for permission in [each for each in self.permitted if self.entities[each[1]].uid == uid]:
            del self.permitted[permission]
        if is_settled:
            self.settled[uid] = self._in_source(uid)

    def undone(self, waiting: Set[str]) -> Iterator[str]:
        """Yield a sentence for each record that was decided to be written again, and could be, and is not.

        Args:
            waiting: the keys of the records that the plan leaves until they are decided on; what refers to
                one of them waits, too.
        """
        for answer, sage_id in self.permitted:
            uid = self.entities[sage_id].uid
            if answer is not DecisionAnswer.WRITE_AGAIN or not self._is_permitted(sage_id, answer):
                continue
            record = self._source.records[uid]
            customer = self._source.records.get(record.customer)
            is_free = customer is None or (self.of(customer) and customer.draft_key not in waiting)
            is_possible = record.is_present and is_free
            newest = [entity.sage_id for entity in self.entities.values() if entity.uid == uid][-1]
            if is_possible and self.is_remembered and newest == sage_id:
                yield f"undone: {uid} was decided to be written again, and is not in Sage"

    def _in_source(self, uid: str) -> tuple[str, ...] | None:
        """Return the content of a record by the newest snapshot; None where the source does not have it."""
        return next((record.content() for record in self._source.frozen.values() if record.uid == uid), None)

    def _is_permitted(self, sage_id: str, *answers: DecisionAnswer) -> bool:
        """Return whether one of these answers was given about an entity, and the source is as it was then."""
        now = self._in_source(self.entities[sage_id].uid)
        return any(self.permitted.get((answer, sage_id), ()) == now for answer in answers)

    def _is_settled(self, uid: str) -> bool:
        """Return whether it is decided that nothing is done about a record."""
        return uid in self.settled and self.settled[uid] == self._in_source(uid)

    def _note(self, request: ApiRequest, reply: ApiReply) -> None:
        kind = _kind(request.path)
        if kind is None:
            return
        is_ours = request.user != OTHER_HAND
        self.writes += is_ours
        body = (request.body or {}).get(kind.name, {}) if isinstance(request.body, Mapping) else {}
        if request.method == "POST":
            entity = self._created(kind.name, reply.body["id"], body, is_ours)
        else:
            known = self.entities.get(request.path.rpartition("/")[2])
            if known is None:
                return
            entity = known
            if request.method == "DELETE" and entity.is_live:
                self._deleted(entity, is_ours)
            self._changed(entity, body, request.now, is_ours)
        values = self.values(entity)
        is_live = bool(values) and getattr(values.get("status"), "id", "") != "VOID"
        entity.states.append(State(request.now, is_live, _content(entity.kind, values)))
        self.entities[entity.sage_id] = entity

    def _created(self, kind: str, sage_id: str, body: Mapping[str, Any], is_ours: bool) -> Entity:
        number = "Bank" if kind == BANK else str(body.get("reference") or "")
        uid = self._source.uids.get((kind, number), "")
        if is_ours and not uid:
            self.violations.append(f"{kind} {number!r} was created, and the source never had it")
        twins = [
            entity.sage_id
            for entity in self.live(kind)
            if uid and entity.uid == uid and (entity.is_ours or entity.number == number)
        ]
        if is_ours and twins:
            self.violations.append(f"doubled: {uid} ({number}) was created again beside {twins}")
        if is_ours:
            self._require_permission(uid, number)
        return Entity(sage_id, kind, uid, is_ours, number)

    def _require_permission(self, uid: str, number: str) -> None:
        """Note a violation where a record is created that was decided or found to be created no more."""
        if self._is_settled(uid):
            self.violations.append(f"against a decision: {uid} ({number}) was created")
        gone = [entity.sage_id for entity in self.entities.values() if uid and entity.uid == uid]
        gone = [sage_id for sage_id in gone if self.entities[sage_id].is_ours]
        last = self.entities[gone[-1]] if gone else None
        if last is None or not last.is_deleted_by_hand or not self.is_remembered:
            return
        if not self._is_permitted(last.sage_id, DecisionAnswer.WRITE_AGAIN, DecisionAnswer.REPLACE):
            self.violations.append(f"put back: {uid} ({number}) was created, and a user had deleted it")

    def _deleted(self, entity: Entity, is_ours: bool) -> None:
        """Note a deletion, and a violation where the program deletes what it may not."""
        entity.is_deleted_by_hand = not is_ours
        if not is_ours:
            return
        what = f"deleted: {entity.uid or entity.sage_id} ({entity.number})"
        if not entity.is_ours:
            self.violations.append(f"{what} was created by a user")
        if not self._is_permitted(entity.sage_id, DecisionAnswer.REVERSE, DecisionAnswer.REPLACE):
            self.violations.append(f"{what} without a decision")
        if edits := [name for sage_id, name in self.by_hand if sage_id == entity.sage_id]:
            self.violations.append(f"{what} although a user had edited {edits}")

    def _changed(self, entity: Entity, body: Mapping[str, Any], now: int, is_ours: bool) -> None:
        if is_ours and body.keys() - {"void_reason"} and self._is_settled(entity.uid):
            self.violations.append(f"against a decision: {entity.uid} was changed: {dict(body)}")
        for name, value in body.items():
            edit = self.by_hand.get((entity.sage_id, name))
            if not is_ours:
                self.by_hand[entity.sage_id, name] = Edit(now, value)
            elif edit is not None and edit.value != value:
                del self.by_hand[entity.sage_id, name]
                if (entity.sage_id, name, edit.value, str(value or "")) in self.given_up:
                    continue
                of = entity.uid or entity.sage_id
                self.violations.append(f"overwritten: {name} of {of} was {edit.value!r}, is {value!r}")


@dataclass
class Requests:
    """The requests that reached Sage's API, by Sage's clock."""

    arrivals: list[int] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)

    def overspent(self, since: int) -> Iterator[str]:
        """Yield a sentence for each window from `since` on that had more calls than the project allows."""
        arrivals = [at for at in self.arrivals if at >= since]
        for limit, span, name in ((PER_MINUTE, MINUTE, "a minute"), (PER_DAY, DAY, "24 hours")):
            for last in range(limit, len(arrivals)):
                first = arrivals[last - limit]
                if arrivals[last] - first < span:
                    yield f"overspent: {limit + 1} calls within {name} from {first}"
                    break

    def is_read(self, kind: str, since: int) -> bool:
        """Return whether a listing of a kind arrived whole at `since` or later."""
        return any(
            listing.is_whole and listing.kind == kind and listing.at >= since and _is_full(listing.query)
            for listing in self.listings
        )


def _is_full(query: Mapping[str, str]) -> bool:
    """Return whether a listing is of the whole kind."""
    return not any(name in query for name in ("deleted_since", "updated_or_created_since", "search"))


def _kind(path: str) -> Kind | None:
    resource = path.strip("/").partition("/")[0]
    return next((kind for kind in catalog() if kind.path == f"/{resource}"), None)


def kind_of(path: str) -> str:
    """Return the kind that a path lists; empty where it lists none."""
    kind = _kind(path)
    return "" if kind is None else kind.name


def _content(kind: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `Record.content` returns, of an entity in Sage."""
    if not values:
        return ()
    if kind == BANK:
        return (str(values["bank_account_details"]["account_name"]),)
    names = ("reference", "name", "notes") if kind == CUSTOMER else ("reference", "date")
    texts = tuple(str(values.get(name) or "") for name in names)
    return texts if kind == CUSTOMER else (*texts, f"{values['total_amount']:.2f}")


def require(violations: Iterable[str]) -> None:
    """Raise where a promise was broken."""
    if found := list(violations):
        raise Violation("\n".join(found))
