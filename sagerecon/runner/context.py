"""What the handlers of one run share."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.entity import Entity
from sagerecon.model.finding import Finding
from sagerecon.pairing.position import EntityReading
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.reversals import Reversals
from sagerecon.planning.settling import SetAside, State
from sagerecon.planning.step import AdoptStep, Step, WriteStep, place_of
from sagerecon.runner.caller import Caller
from sagerecon.runner.conversation import RETRY
from sagerecon.runner.ports import RunLog
from sagerecon.runner.progress import Event, Reporter

#: The hint of an update that is not sent because Sage's side was edited; with the draft key.
DECIDE = "See what can be decided: sagerecon decide show {key}. Then create a new plan: sagerecon plan"


@dataclass(slots=True, kw_only=True)
class RunContext:
    """The ports of one run, and what it has learned since it was started."""

    run: str
    business: str
    log: RunLog
    clock: Clock
    catalog: Catalog
    caller: Caller
    reporter: Reporter
    key_fields: Mapping[str, Set[str]]  #: kind -> fields by which the plan recognises its entities
    used_keys: Mapping[str, Set[str]]  #: those of them that its identities and references name
    retry: str = RETRY  #: the hint of what the next start of the plan may resolve
    listed: Set[str]  #: kinds that the plan lists, so that the next start finds what was added in Sage
    created: Set[tuple[str, str]] = frozenset()  #: kind and draft key of what the plan creates
    awaited: Mapping[str, Set[str]] = field(default_factory=dict)  #: kind -> Sage ids of what is looked at
    looks: dict[tuple[str, str], EntityReading] = field(default_factory=dict)  #: of these, as a listing shows
    reversals: Reversals = field(default_factory=Reversals)
    #: kind and Sage id of what this run did not find in Sage, though an earlier one recorded it
    absent: set[tuple[str, str]] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)  #: kinds whose listing could not be read
    forbidden: dict[tuple[str, str], str] = field(default_factory=dict)  #: method and kind -> Sage's reason
    uncertain_steps: set[int] = field(default_factory=set)  #: steps of this run that are still in doubt
    retried: set[str] = field(default_factory=set)  #: keys of steps that the next start can carry out

    def quarantine(self, step: Step, code: Code, message: str, hint: str = "") -> None:
        """Record and report that a step needs review; this plan does not try it again."""
        self._set_aside(step, State.QUARANTINED, code, message, hint)

    def suspect(
        self, step: WriteStep | AdoptStep, entities: Sequence[Entity], reason: str, *, by_key: bool = False
    ) -> None:
        """Record that one of these entities may be the record of `step`, so that the next plan waits.

        Args:
            by_key: whether a look for the record's natural key has found them.
        """
        self.log.suspect([Suspect.of(step, entities, reason, self.clock.now(), by_key=by_key)])

    def leave_undecided(self, step: Step, message: str, run: str = "", hint: str = "") -> None:
        """Record and report that a step is not carried out until it is decided which side counts.

        Args:
            run: the run of the step; by default this one.
        """
        hint = hint or DECIDE.format(key=shlex.quote(step.key))
        self._set_aside(step, State.UNDECIDED, Code.UNDECIDED, message, hint, run)

    def park(self, step: Step, code: Code, message: str, hint: str = RETRY) -> None:
        """Record and report that a step cannot be carried out for a reason outside its record."""
        self._set_aside(step, State.PARKED, code, message, hint)

    def block(self, step: Step, message: str, hint: str, *, is_retried: bool) -> None:
        """Record and report that a step waits for another record.

        Args:
            is_retried: whether the next start of this plan can carry it out.
        """
        if is_retried:
            self.retried.add(step.key)
        self._set_aside(step, State.BLOCKED, Code.BLOCKED, message, hint)

    def report_set_aside(self, step: Step, state: State, message: str) -> None:
        """Report a step whose reason is recorded."""
        if state is State.PARKED:
            self.retried.add(step.key)
        self.reporter.report(Event(state.value), step, message)

    def _set_aside(
        self, step: Step, state: State, code: Code, message: str, hint: str, run: str = ""
    ) -> None:
        self.log.set_aside(
            run or self.run, SetAside(step, state, (Finding(code, place_of(step), message, hint),))
        )
        self.report_set_aside(step, state, message)
