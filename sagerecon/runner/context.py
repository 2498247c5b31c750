"""What the handlers of one run share."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.planning.settling import SetAside, State
from sagerecon.planning.step import Step, place_of
from sagerecon.runner.caller import Caller
from sagerecon.runner.conversation import RETRY
from sagerecon.runner.ports import RunLog
from sagerecon.runner.progress import Event, Reporter


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
    unreadable: set[str] = field(default_factory=set)  #: kinds whose listing could not be read
    forbidden: dict[tuple[str, str], str] = field(default_factory=dict)  #: method and kind -> Sage's reason
    uncertain_steps: set[int] = field(default_factory=set)  #: steps of this run that are still in doubt
    has_parked: bool = False

    def set_aside(self, step: Step, state: State, code: Code, message: str) -> None:
        """Record and report that a step cannot be carried out."""
        hint = "" if state is State.QUARANTINED else RETRY
        self.log.set_aside(self.run, SetAside(step, state, (Finding(code, place_of(step), message, hint),)))
        self.report_set_aside(step, state, message)

    def report_set_aside(self, step: Step, state: State, message: str) -> None:
        """Report a step whose reason is recorded; a run with a parked step does not use its plan up."""
        self.has_parked |= state is State.PARKED
        self.reporter.report(Event(state.value), step, message)
