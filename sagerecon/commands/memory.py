"""Compare the store with Sage before the first write, where it may not know all that was written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagerecon.commands.census import Census, entities_compared, may_lack_records, price_text
from sagerecon.commands.comparison import Comparison
from sagerecon.commands.read_since import suspects_read_since
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.count import counted
from sagerecon.model.draft import OnExisting
from sagerecon.model.entity import Entity
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.pairing.recovery import NUMBER, Found, Likeness, Rung, reason_of
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.census import (
    census_due,
    creations,
    is_blind,
    kinds_distrusted,
    kinds_listed,
    kinds_referred_to,
    record_counts,
    undecided_records,
    waiting_creations,
)
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import FINAL, State
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, name_of
from sagerecon.runner.recovery import Adoption, Recovery
from sagerecon.store.company import CompanyStore

#: Why Sage is read before the first write.
NO_WITNESS = "No witness states that the store is complete."
NOT_COMPARED = "The plan creates kinds that were not compared with Sage since the store had no witness."

#: Records named in a message.
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Memory:
    """The comparison of one company's store with Sage, for one plan."""

    plan: Plan
    company: CompanyStore
    catalog: Catalog
    clock: Clock
    census: Census
    on_notice: Callable[[str], None]

    def require_complete(self, *, is_witnessed: bool) -> Recovery | None:
        """Compare the records that the plan creates without looking with what Sage held without a record.

        Their kinds are read first, unless they were since the store had no witness last. A store that has
        written before is complete up to its last write, so that only what was changed in Sage since then is
        read.

        Args:
            is_witnessed: whether a witness states that the store is complete. What it lacked before it had
                the witness it may lack still.

        Returns:
            What waits for a decision, because Sage may hold it under another number; None where nothing does.

        Raises:
            IncompleteStoreError: Sage holds a record that the plan would create, or a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        memory = self.company.memory
        if not is_witnessed:
            memory.add_gap(self.company.history.last_write_at())
        steps = self._open_creations()
        listings = [step for step in self.plan.steps if isinstance(step, ReadStep)]
        kinds = census_due([*listings, *steps], self.catalog, is_witnessed=is_witnessed)
        unread = memory.not_compared(kinds)
        if unread:
            why = NOT_COMPARED if is_witnessed else NO_WITNESS
            calls = counted(len(unread), "call")
            self.on_notice(
                f"{why} Before the first write, Sage is read: {', '.join(unread)}, at least {calls}."
            )
            self.census.read(list(unread), record_counts(steps), unread)
        if not may_lack_records(self.company, kinds):
            return None
        held = entities_compared(self.company, kinds)
        comparison = self._comparison(held)
        suspected = [
            step for step in steps if len(comparison.holdings(step.kind)) and comparison.may_be_held(step)
        ]
        if not suspected:
            return None
        referred = [kind for kind in kinds_referred_to(suspected, self.catalog) if kind not in held]
        known = {kind for kind in memory.readings(referred) if not memory.not_compared([kind])}
        again = [kind for kind, known_until in unread.items() if known_until and kind in referred]
        self.census.read([kind for kind in referred if kind not in known] + again, record_counts(steps))
        held = entities_compared(self.company, [*held, *referred])
        found = list(self._comparison(held).compare([step for step in steps if step.kind in held]))
        ours = [step for step, like, body in found if is_blind(step) and _is_ours(like, body)]
        if ours:
            raise incomplete(ours, price_text(self.plan, self.catalog))
        suspects = [(step, self._suspect(step, like)) for step, like, _ in found if _is_suggested(step, like)]
        return Recovery(suspects=suspects) if suspects else None

    def recover(self) -> Recovery:
        """Read every kind of the plan whole, and return what is adopted and what waits for a decision.

        What waits already, and what the plan adopts because it was equal, is compared again.

        Raises:
            IncompleteStoreError: a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        self.company.memory.add_loss(self._began_at())
        steps = self._open_creations()
        waiting = {step.number: step for step in self._unrecorded(waiting_creations(self.plan))}
        compared = sorted((*steps, *waiting.values()), key=lambda step: step.number)
        undecided = frozenset(undecided_records(self.plan))
        kinds = kinds_distrusted(self.plan, self.catalog)
        self.census.read(kinds, record_counts(self.plan.steps))
        adoptions: list[Adoption] = []
        suspects: list[tuple[CreateStep, Suspect]] = []
        cleared: list[CreateStep] = []
        held = entities_compared(self.company, kinds)
        for step, found, body in self._comparison(held, besides=waiting).compare(compared):
            if found.likeness is Likeness.EQUAL and step.on_existing is not OnExisting.ERROR:
                adoptions.append(Adoption(step, body, found.entities[0]))
            elif found.likeness is not Likeness.NONE and (
                is_blind(step) or found.is_by_likeness or (step.kind, step.key) in undecided
            ):
                suspects.append((step, self._suspect(step, found)))
            elif found.likeness is Likeness.NONE:
                cleared.append(step)
        return Recovery(
            adoptions=adoptions,
            suspects=suspects,
            cleared=cleared,
            waiting=frozenset(waiting),
            undecided=undecided,
        )

    def _began_at(self) -> int:
        """Return when the move began by a witness, or by an earlier run that the store knows; 0 for neither.

        An older copy of a store knows the first run, if it knows one.
        """
        company = self.company
        known = filter(None, (company.run_log.began_before(), company.memory.began_at()))
        return min(known, default=0)

    def _suspect(self, step: CreateStep, found: Found) -> Suspect:
        return Suspect.of(step, found.entities, reason_of(name_of(step), found), self.clock.now())

    def suggested(self, run: str) -> Sequence[Suspect]:
        """Return what waits for a decision, because Sage may hold it.

        A listing of the plan, or a reconciliation since the plan was made, shows an entity like it.

        Args:
            run: that of the plan, which has read its listings.
        """
        return [*self._alike_in_listings(run), *self._read_since(run)]

    def _read_since(self, run: str) -> Sequence[Suspect]:
        reached = self.company.run_log.reached(run)
        sent = {number for number, step in reached.items() if step.state is State.SENT}
        steps = [step for step in self._open_creations() if step.number not in sent]
        return suspects_read_since(self.plan, steps, self.company, self.catalog)

    def _alike_in_listings(self, run: str) -> Sequence[Suspect]:
        listed = kinds_listed(self.plan.steps)
        steps = [step for step in self._open_creations() if step.kind in listed and not is_blind(step)]
        kinds = dict.fromkeys(step.kind for step in steps)
        held = {kind: list(self.company.history.entities_read(run, kind)) for kind in kinds}
        compared = Comparison(self.company, self.catalog, held).compare(steps)
        return [self._suspect(step, like) for step, like, _ in compared if _is_suggested(step, like)]

    def _open_creations(self) -> list[CreateStep]:
        """Return the creations that no run has carried out."""
        begun = next((known for known in self.company.history.runs() if known.plan == self.plan.hash), None)
        reached = self.company.run_log.reached(begun.id) if begun is not None else {}
        return [
            step
            for step in self._unrecorded(creations(self.plan))
            if step.number not in reached or reached[step.number].state not in FINAL
        ]

    def _unrecorded(self, steps: Iterable[CreateStep]) -> Iterator[CreateStep]:
        ids = self.company.id_map
        return (step for step in steps if ids.sage_id(step.kind, step.key) in (None, step.replaces))

    def _comparison(self, held: Mapping[str, Sequence[Entity]], besides: Collection[int] = ()) -> Comparison:
        """Return the comparison with what was read; what is adopted for a record is no other one's.

        Args:
            besides: the numbers of steps that are compared themselves.
        """
        adopted = (step for step in self.plan.steps if isinstance(step, AdoptStep))
        decided = [step for step in adopted if step.number not in besides]
        return Comparison(self.company, self.catalog, held, decided)


def created_again(plan: Plan, company: CompanyStore, catalog: Catalog) -> list[CreateStep]:
    """Return the creations of what Sage held when it was compared with the store. Sends nothing."""
    steps = creations(plan)
    blind = [step for step in steps if is_blind(step)]
    kinds = list(dict.fromkeys(step.kind for step in blind))
    if not may_lack_records(company, kinds):
        return []
    held = entities_compared(company, [*kinds, *kinds_referred_to(blind, catalog)])
    decided = [step for step in plan.steps if isinstance(step, AdoptStep)]
    compared = Comparison(company, catalog, held, decided).compare([s for s in steps if s.kind in held])
    return [step for step, like, body in compared if is_blind(step) and _is_ours(like, body)]


def incomplete(ours: Sequence[CreateStep], price: str) -> IncompleteStoreError:
    """Return the error of a store that lacks records which the plan would create again."""
    them = "it" if len(ours) == 1 else "them"
    return IncompleteStoreError(
        f"The store is not complete: Sage holds {counted(len(ours), 'record')} that the plan would"
        f" create again, and the store does not know {them}: {_examples(ours)}. Nothing was written.",
        "Put the newest copy of the store back, then run the same command again. If there is none,"
        f" run: sagerecon apply --distrust-store. It adopts what Sage holds already, and reads {price}.",
    )


def _is_ours(found: Found, body: Mapping[str, Any]) -> bool:
    """Return whether an entity was written for a draft: it is equal, or has the number and the contact.

    One with the number that was edited since, in Sage or in the source, is not equal.
    """
    if found.likeness in (Likeness.EQUAL, Likeness.SEVERAL):
        return True
    number = body.get(NUMBER)
    return bool(number) and any(entity.body.get(NUMBER) == number for entity in found.entities)


def _is_suggested(step: CreateStep, found: Found) -> bool:
    """Return whether an entity may be the record by the key ladder, and by its contact where it has one.

    In a business that is in use, an entity of another contact is none of ours.
    """
    if not is_blind(step):
        return found.is_by_likeness and (found.has_contact or found.rung is Rung.SPELLING)
    return found.has_contact and found.likeness in (Likeness.SIMILAR, Likeness.UNRESOLVED)


def _examples(steps: Sequence[CreateStep]) -> str:
    names = ", ".join(f"{step.key} ({name_of(step)})" for step in steps[:_EXAMPLES])
    return f"{names}, and {len(steps) - _EXAMPLES:,} more" if len(steps) > _EXAMPLES else names


def why_incomplete(company: CompanyStore) -> str:
    """Return why the store may lack what was written, and the remedy; empty where no witness states it."""
    try:
        company.run_log.is_witnessed()
    except IncompleteStoreError as error:
        return f"{error.message.removesuffix(' Nothing was sent.')} {error.hint}"
    return ""
