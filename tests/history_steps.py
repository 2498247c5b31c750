"""The operations of a history, and the promises that are checked after each and at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from history_oracle import Entity, require
from history_source import CUSTOMER, INVOICE, PAYMENT, Record
from history_world import Ran, Trouble, World

from sagerecon.commands import status
from sagerecon.documents.package import catalog
from sagerecon.model.clock import HOUR, MINUTE
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.census import is_blind
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action, WaitStep
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.runner.run import RunOutcome


class History:
    """A history as it happens: the world, and what is known of it from outside."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moment = 0  #: increased by whatever changes source, Sage or store
        self.judged_at = -1  #: the moment of the newest reconciliation
        self.judged: Reconciliation | None = None
        self.reading_since: int | None = None  #: when the reading that the next reconciliation uses began
        self.counted_from = 0  #: nothing that this machine has knows the calls before this instant
        self.has_applied = False
        self.answers: list[DecisionAnswer] = []  #: those given, in order
        self.newest: Path | None = None  #: the newest store, where an older one was put back

    def check(self) -> None:
        """Check what must hold at every moment."""
        books, requests = self.world.books, self.world.requests
        require(books.violations)
        require(requests.overspent(since=self.counted_from))

    def forget_calls(self) -> None:
        """Count calls from now: an older store is on a machine that did not make those it does not know."""
        self.counted_from = self.world.clock.now()

    def snapshot(self) -> Ran:
        self.moment += 1
        return self.world.snapshot()

    def plan(self) -> Ran:
        ran = self.world.plan()
        if isinstance(ran.value, Plan) and self.judged is not None and self.judged_at == self.moment:
            require(disagreements(ran.value, self.judged))
        return ran

    def apply(self, trouble: Trouble = None, *, waits: bool = False, distrusts: bool = False) -> Ran:
        self.moment += 1
        self.has_applied = True
        ran = self.world.apply(trouble, waits=waits, distrusts=distrusts)
        if isinstance(ran.value, RunOutcome) and not ran.value.is_interrupted:
            self.newest = None  # the store in place knows all that was written
        return ran

    def reconcile(self, trouble: Trouble = None) -> Ran:
        self.moment += 1
        if self.reading_since is None:
            self.reading_since = self.world.clock.now()
        ran = self.world.reconcile(trouble)
        if isinstance(ran.value, Reconciliation):
            require(self.unfounded(ran.value, self.reading_since, ran.code))
            require(self.unsettled(ran.value))
            self.judged, self.judged_at, self.reading_since = ran.value, self.moment, None
        return ran

    def unsettled(self, found: Reconciliation) -> Sequence[str]:
        """Return a sentence for each record that `decide list` says is decided otherwise."""
        if not self.answers:
            return []
        listed = self.world.settlement()
        subjects = [{each.decision.subject for each in one.lapsed} for one in (found.settlement, listed)]
        records = found.settlement.by_record.keys() ^ listed.by_record.keys()
        records |= found.settlement.renames.keys() ^ listed.renames.keys()
        return [
            *(f"decided in one of reconciliation and decide list: {key}" for _, key in sorted(records)),
            *(
                f"lapsed in one of reconciliation and decide list: {it}"
                for it in sorted(subjects[0] ^ subjects[1])
            ),
        ]

    def unfounded(self, found: Reconciliation, since: int, code: int) -> Sequence[str]:
        """Return a sentence for each verdict without evidence, and each that Sage's books contradict."""
        return [
            f"{verdict.verdict.value} {verdict.key or verdict.sage_id}: {why}"
            for verdict in found.verdicts
            if (why := self._objection(verdict, since, code))
        ]

    def _objection(self, verdict: RecordVerdict, since: int, code: int) -> str:
        name, kind = verdict.verdict, verdict.kind
        is_read = self.world.requests.is_read(kind, since)
        if not is_read and name not in _WITHOUT_READING and kind in _KINDS:
            return "its kind was not read whole"
        if name is Verdict.NOT_READ and not code:
            return "and the exit code is 0"
        record = self.world.source.frozen.get(verdict.key)
        if record is None:
            return ""
        books = self.world.books
        ours = [entity for entity in books.entities.values() if entity.uid == record.uid]
        states = [state for entity in ours for state in entity.since(since)]
        match name:
            case Verdict.VERIFIED:
                is_true = any(state.is_live and state.content == record.content() for state in states)
            case Verdict.DELETED | Verdict.MISSING:
                is_true = any(not state.is_live for state in states)
            case Verdict.EDITED:
                is_true = any(state.is_live and state.content != record.content() for state in states)
                ids = {entity.sage_id for entity in ours}
                is_true = is_true or any(sage_id in ids for sage_id, _ in books.by_hand)
            case _:
                is_true = True
        return "" if is_true else f"Sage held {states}, and the source has {record}"

    def put_back(self, copy: Path) -> None:
        """Put a copy of the store in the place of the newest one."""
        self.world.put_back(copy)
        if self.world.machine_of[copy] != self.world.machines:
            self.forget_calls()

    def close(self) -> None:
        """End the history: the newest store, an export of the source, and all commands to their end."""
        self.check()
        self._load_to_the_end()
        self._finish(self.reconcile, lambda ran: isinstance(ran.value, Reconciliation))
        self.check()
        planned = self.plan()
        assert isinstance(planned.value, Plan), planned
        self.check()
        require(self._lost(planned.value))
        require(self._edits_lost())
        waiting = {step.key for step in planned.value.steps if isinstance(step, WaitStep)}
        require(self.world.books.undone(waiting))

    def _load_to_the_end(self) -> None:
        distrusts = False
        for _ in range(4):
            assert self.snapshot().code == 0
            planned = self.plan()
            assert isinstance(planned.value, Plan), planned
            apply = partial(self.apply, waits=True, distrusts=distrusts)
            ran = self._finish(apply, lambda ran: not _is_to_wait(ran))
            if not isinstance(ran.error, IncompleteStoreError):
                assert ran.error is None, ran
                return
            if self.newest is None:
                distrusts = True  # as the error says: no newer copy is left
            else:
                self.put_back(self.newest)
                self.newest = None
        raise AssertionError(ran)

    def _finish(self, command: Callable[[], Ran], is_done: Callable[[Ran], bool]) -> Ran:
        for _ in range(12):
            ran = command()
            self.check()
            if is_done(ran):
                return ran
            until = getattr(ran.value, "until", None) or getattr(ran.error, "until", None) or 0
            now = self.world.machine_clock.now()
            self.world.clock.sleep(max(until - now, MINUTE))
        raise AssertionError(f"no end: {ran}")

    def _lost(self, plan: Plan) -> Sequence[str]:
        """Return a sentence for each record that is neither in Sage nor named by plan or status."""
        named = {step.key for step in plan.steps if step.action in _NAMING}
        aside = status.status(self.world.project, self.world.machine_clock).aside
        named |= {each.step.key for each in aside}
        assert self.judged is not None
        return [
            f"lost: {record.uid} ({record.draft_key}) is not in Sage, and nothing names it"
            for record in self.world.source.present()
            if not self.world.books.of(record) and record.draft_key not in named
        ]

    def _edits_lost(self) -> Sequence[str]:
        books = self.world.books
        live = {entity.sage_id: entity for entity in books.live()}
        return [
            f"overwritten: {name} of {sage_id} was {edit.value!r} by hand"
            for (sage_id, name), edit in books.by_hand.items()
            if sage_id in live and str(books.values(live[sage_id]).get(name) or "") != edit.value
        ]


_KINDS = frozenset({"bank_account", CUSTOMER, INVOICE, PAYMENT})

#: Verdicts that need no reading of Sage.
_WITHOUT_READING = frozenset(
    {
        Verdict.NOT_READ,
        Verdict.QUARANTINED,
        Verdict.LEFT_OUT,
        Verdict.NOT_YET_WRITTEN,
        Verdict.ALREADY_IN_SAGE,
        Verdict.DUPLICATE,
        Verdict.DELETED,
        Verdict.GONE,
        Verdict.RENAMED,
    }
)

#: Actions by which a plan says that a record is not in Sage, and why.
_NAMING = frozenset({Action.WAIT, Action.QUARANTINE, Action.LEAVE_OUT, Action.SETTLED})

#: What a plan may do about a record with each verdict of the reconciliation of the same facts.
_AGREEING: Mapping[Verdict, frozenset[Action]] = {
    Verdict.VERIFIED: frozenset({Action.SKIP}),
    Verdict.ROUNDING: frozenset({Action.SKIP}),
    Verdict.EDITED: frozenset({Action.KEEP, Action.SKIP}),
    Verdict.BOTH_CHANGED: frozenset({Action.WAIT, Action.KEEP}),
    Verdict.SOURCE_CHANGED: frozenset({Action.UPDATE, Action.WAIT, Action.QUARANTINE}),
    Verdict.GONE: frozenset({Action.KEEP}),
    Verdict.RENAMED: frozenset({Action.WAIT}),
    Verdict.MISSING: frozenset({Action.WAIT}),
    Verdict.DELETED: frozenset({Action.WAIT}),
    Verdict.NOT_YET_WRITTEN: frozenset({Action.CREATE, Action.WAIT}),
    Verdict.ALREADY_IN_SAGE: frozenset({Action.ADOPT, Action.CREATE, Action.WAIT}),
    Verdict.QUARANTINED: frozenset({Action.QUARANTINE, Action.CREATE, Action.WAIT}),
    Verdict.LEFT_OUT: frozenset({Action.LEAVE_OUT}),
}

#: What a plan may do besides, by a decision; where that has lapsed, the record waits.
_BY_DECISION: Mapping[Verdict, frozenset[Action]] = {
    Verdict.SOURCE_CHANGED: frozenset({Action.SETTLED, Action.REVERSE, Action.CREATE}),
    Verdict.EDITED: frozenset({Action.SETTLED, Action.UPDATE, Action.WAIT, Action.RENAME}),
    Verdict.BOTH_CHANGED: frozenset({Action.SETTLED, Action.UPDATE, Action.RENAME}),
    Verdict.GONE: frozenset({Action.SETTLED, Action.REVERSE, Action.WAIT}),
    Verdict.RENAMED: frozenset({Action.RENAME, Action.CREATE}),
    Verdict.MISSING: frozenset({Action.SETTLED, Action.CREATE}),
    Verdict.DELETED: frozenset({Action.SETTLED, Action.CREATE}),
    Verdict.NOT_YET_WRITTEN: frozenset({Action.SETTLED}),
    Verdict.ALREADY_IN_SAGE: frozenset({Action.SETTLED}),
    Verdict.VERIFIED: frozenset({Action.RENAME}),
}


def disagreements(plan: Plan, found: Reconciliation) -> Sequence[str]:
    """Return a sentence for each record of which plan and reconciliation say different things."""
    by_decision = _BY_DECISION if plan.header.decisions else {}
    steps = {(step.kind, step.key): step.action for step in plan.steps}
    steps |= {(step.kind, step.key): step.action for step in plan.steps if step.action is Action.RENAME}
    blind = {(step.kind, step.key) for step in plan.steps if is_blind(step)}
    doubled = [
        f"{verdict.key} is in Sage already, and the plan creates it without looking"
        for verdict in found.verdicts
        if verdict.verdict is Verdict.ALREADY_IN_SAGE
        and (verdict.kind, verdict.key) in blind
        and not by_decision
    ]
    return doubled + [
        f"{verdict.key} is {verdict.verdict.value}, and the plan says {action.value}"
        for verdict in found.verdicts
        if (action := steps.get((verdict.kind, verdict.key))) is not None
        and action not in _AGREEING.get(verdict.verdict, frozenset(Action))
        and action not in by_decision.get(verdict.verdict, frozenset())
    ]


def _is_to_wait(ran: Ran) -> bool:
    """Return whether the same command may succeed later: it paused, or a dead machine still holds a lock."""
    return ran.code == 3 or (ran.error is not None and "is working on this company" in str(ran.error))


def _pick(values: Sequence[Any], place: int) -> Any:
    return values[place % len(values)] if values else None


@dataclass(frozen=True)
class EditSource:
    """Change a field of a record in the source."""

    place: int
    value: int

    def __call__(self, history: History) -> None:
        source, books = history.world.source, history.world.books
        record = _pick(source.present(CUSTOMER, INVOICE, PAYMENT), self.place)
        if not any(_is_renumbered(record, entity) for entity in books.of(record)):
            source.edit(record, self.value)


def _is_renumbered(record: Record, entity: Entity) -> bool:
    """Return whether only contact, date and amount, or the name, show that a record and an entity are one."""
    return entity.content[0].lstrip("0") != record.key.lstrip("0")


@dataclass(frozen=True)
class DeleteSource:
    """Remove a record from the source."""

    kind: str
    place: int = 0

    def __call__(self, history: History) -> None:
        records = history.world.source.present(self.kind)
        if len(records) > 1:  # a file without rows is refused as a failed export
            _pick(records, self.place).is_present = False


@dataclass(frozen=True)
class RestoreSource:
    """Put a removed record back into the source."""

    place: int

    def __call__(self, history: History) -> None:
        record = _pick(history.world.source.removed(), self.place)
        if record is not None:
            record.is_present = True


@dataclass(frozen=True)
class DoubleSource:
    """Give a second row the number of a customer, so that it is quarantined; take it away again next time."""

    place: int = 0

    def __call__(self, history: History) -> None:
        record = _pick(history.world.source.present(CUSTOMER), self.place)
        if record is not None:
            record.is_doubled = not record.is_doubled


@dataclass(frozen=True)
class AddSource:
    """Add a record to the source."""

    kind: str
    place: int = 0

    def __call__(self, history: History) -> None:
        source = history.world.source
        customer = _pick(source.present(CUSTOMER), self.place)
        if self.kind == CUSTOMER:
            source.add(CUSTOMER)
        elif customer is not None:
            source.add(self.kind, customer.uid)


@dataclass(frozen=True)
class ReplaceSource:
    """Remove an invoice from the source, and add another with the same contact, date and amount."""

    place: int

    def __call__(self, history: History) -> None:
        source = history.world.source
        record = _pick(source.present(INVOICE), self.place)
        if record is not None:
            record.is_present = False
            other = source.add(INVOICE, record.customer)
            other.day, other.amount = record.day, record.amount


@dataclass(frozen=True)
class Renumber:
    """Give a record another number, and leave all else as it is."""

    place: int
    kind: str = INVOICE

    def __call__(self, history: History) -> None:
        source, books = history.world.source, history.world.books
        record = _pick(source.present(self.kind), self.place)
        if record is None or any(entity.content != record.content() for entity in books.ever_of(record)):
            return  # nothing would show that they are one record
        source.name(record, record.key.removeprefix("R") if record.key[0] == "R" else f"R{record.key}")


@dataclass(frozen=True)
class Spreadsheet:
    """Save the source again by a spreadsheet, which takes the zeros off the numbers; or undo that."""

    def __call__(self, history: History) -> None:
        source = history.world.source
        for record in source.present(CUSTOMER, INVOICE, PAYMENT):
            if record.key.isdigit():
                source.name(record, record.key.lstrip("0") if record.key[0] == "0" else record.key.zfill(4))


@dataclass(frozen=True)
class EditSage:
    """Change a field of an entity in Sage, as another user."""

    place: int
    value: int

    def __call__(self, history: History) -> None:
        world = history.world
        entity: Entity | None = _pick(world.books.live(CUSTOMER, INVOICE, PAYMENT), self.place)
        record = None if entity is None else world.source.records.get(entity.uid)
        if entity is None or (record is not None and _is_renumbered(record, entity)):
            return
        fields = {"name": f"By hand {self.value}"} if entity.kind == CUSTOMER else {"date": "2017-06-01"}
        if self.value % 2 == 0 and entity.kind != PAYMENT:
            fields = {"notes": f"seen {self.value}"}
        path = f"{catalog()[entity.kind].path}/{entity.sage_id}"
        world.by_hand("PUT", path, {entity.kind: fields})
        history.moment += 1


@dataclass(frozen=True)
class DeleteSage:
    """Delete an entity in Sage, or void it, as another user."""

    place: int

    def __call__(self, history: History) -> None:
        world = history.world
        entity: Entity | None = _pick(world.books.live(CUSTOMER, INVOICE, PAYMENT), self.place)
        if entity is not None:
            path = f"{catalog()[entity.kind].path}/{entity.sage_id}"
            world.by_hand("DELETE", path, void_reason="entered twice")
            history.moment += 1


class Who(Enum):
    """What another user enters in Sage."""

    STRANGER = "stranger"  #: what the source does not have
    TWIN = "twin"  #: what the source has, as the source has it
    NAMESAKE = "namesake"  #: what the source does not have, and what looks like a record that it has
    UNNUMBERED = "unnumbered"  #: what the source has, without its number


@dataclass(frozen=True)
class AddSage:
    """Add a customer in Sage, as another user, before the program has created it."""

    place: int
    who: Who

    def __call__(self, history: History) -> None:
        record: Record | None = _pick(history.world.source.present(CUSTOMER), self.place)
        if self.who is Who.STRANGER or record is None:
            _enter(history, CUSTOMER, "", _customer("By hand"))
        elif not history.world.books.of(record):
            uid, name = ("", "By hand") if self.who is Who.NAMESAKE else (record.uid, record.name)
            fields = dict(_customer(name, record))
            if self.who is Who.UNNUMBERED:
                del fields["reference"]
            _enter(history, CUSTOMER, uid, fields)


@dataclass(frozen=True)
class AddSageInvoice:
    """Add an invoice in Sage, and its customer, as another user, before the program first looks there."""

    place: int
    who: Who

    def __call__(self, history: History) -> None:
        world = history.world
        record: Record | None = _pick(world.source.present(INVOICE), self.place)
        if record is None or history.has_applied:
            return
        of = world.source.records[record.customer]
        if not world.books.of(of):
            _enter(history, CUSTOMER, of.uid, _customer(of.name, of))
        if not world.books.of(of):  # another customer has its reference
            return
        line = {
            "description": "Work",
            "ledger_account_id": world.books.id_of("ledger_account", nominal_code=4000),
            "quantity": 1,
            "unit_price": str(record.amount + 9 * (self.who is Who.STRANGER)),
            "tax_rate_id": "GB_NO_TAX",
            "tax_amount": 0,
        }
        fields = {
            "contact_id": world.books.of(of)[0].sage_id,
            "date": record.day,
            "reference": record.key if self.who is Who.TWIN else "",
            "invoice_lines": [line],
        }
        _enter(history, INVOICE, record.uid if self.who is Who.TWIN else "", fields)


def _customer(name: str, record: Record | None = None) -> Mapping[str, Any]:
    """Return the fields of a customer, with the reference and the notes of a record."""
    fields = {"name": name, "contact_type_ids": ["CUSTOMER"]}
    return fields if record is None else {**fields, "reference": record.key, "notes": record.notes}


def _enter(history: History, kind: str, uid: str, fields: Mapping[str, Any]) -> None:
    """Create an entity as another user. `uid` is the source record that it is; empty if it is none."""
    world = history.world
    added = world.by_hand("POST", catalog()[kind].path, {kind: fields})
    if added.status < 300:  # Sage has a reference of a customer once
        world.books.entities[added.body["id"]].uid = uid
        history.moment += 1


@dataclass(frozen=True)
class Snapshot:
    def __call__(self, history: History) -> None:
        history.snapshot()


@dataclass(frozen=True)
class MakePlan:
    def __call__(self, history: History) -> None:
        if history.world.prepared is not None:
            history.plan()


@dataclass(frozen=True)
class Apply:
    trouble: Trouble = None
    waits: bool = False

    def __call__(self, history: History) -> None:
        history.apply(self.trouble, waits=self.waits)


@dataclass(frozen=True)
class Load:
    """Take a snapshot, plan and apply."""

    trouble: Trouble = None

    def __call__(self, history: History) -> None:
        if history.snapshot().code == 0 and history.plan().value is not None:
            history.apply(self.trouble)


@dataclass(frozen=True)
class Reconcile:
    trouble: Trouble = None

    def __call__(self, history: History) -> None:
        if history.world.prepared is not None:
            history.reconcile(self.trouble)


@dataclass(frozen=True)
class KeepStore:
    def __call__(self, history: History) -> None:
        history.world.keep_store()


@dataclass(frozen=True)
class RestoreStore:
    """Put an earlier copy of the store back."""

    place: int

    def __call__(self, history: History) -> None:
        world = history.world
        copy = _pick(world.kept, self.place)
        if copy is not None:
            if history.newest is None:
                history.newest = world.keep_store()
                world.kept.remove(history.newest)
            history.put_back(copy)
            world.books.is_remembered = False
            history.moment += 1
            history.reading_since = 0  # the copy may know of a reading that was begun before


@dataclass(frozen=True)
class ChangeMachine:
    def __call__(self, history: History) -> None:
        history.world.change_machine()
        if history.newest is not None:
            history.forget_calls()


@dataclass(frozen=True)
class Wait:
    hours: int

    def __call__(self, history: History) -> None:
        history.world.clock.sleep(self.hours * HOUR)


@dataclass(frozen=True)
class StepClock:
    """Step the clock of the machine, and not Sage's."""

    hours: int

    def __call__(self, history: History) -> None:
        history.world.skew += self.hours * HOUR


Operation = Callable[[History], None]


def happen(world: World, operations: Sequence[Operation]) -> History:
    """Let a history happen, check it after each operation, and bring it to its end."""
    history = History(world)
    for operation in operations:
        operation(history)
        history.check()
    history.close()
    return history
