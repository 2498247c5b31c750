"""Read Sage back within the call budget, by plans of reading steps alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sagerecon.commands.budget import calendar
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import DAY, Clock, instant_text
from sagerecon.model.count import counted
from sagerecon.model.errors import ProjectError
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.planner import Provenance, plan_reading
from sagerecon.planning.readings import confirm_absence
from sagerecon.planning.step import ReadStep
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import ReadingRuns

#: How long before its outcome was recorded a record may have been in Sage: lost answers, waits, a pause.
MARGIN = DAY


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Reading Sage back. A paused reading is resumed while it still answers the same question."""

    cut_over: date
    as_at: date
    provenance: Provenance
    company: CompanyStore
    catalog: Catalog
    clock: Clock
    budget: Budget
    max_calls: int | None
    also: Collection[str]  #: kinds that are read although no run wrote any
    on_plan: Callable[[Plan], None]
    on_progress: Callable[[Progress], None]

    def run(self, sage: Sage) -> ReadingRuns | RunOutcome:
        """Read every kind, then look for deletions and for what listings in several pages lack.

        Return the runs, or the outcome of a paused one.

        Raises:
            ProjectError: reading back takes more than `max_calls`.
        """
        ours = [(written.kind, written.sage_id) for written in self.company.history.ids_written()]
        kinds = self._plan_kinds(ours)
        reading = self._carry_out(kinds, sage, 0)
        made = reading.calls
        if reading.is_interrupted:
            return reading
        runs = ReadingRuns(reading.run, id_map=kinds.header.id_map)
        if (deletions := self._plan_deletions(ours, reading.run)) is not None:
            deleted = self._carry_out(deletions, sage, made)
            made += deleted.calls
            if deleted.is_interrupted:
                return deleted
            runs = replace(runs, deletions=deleted.run)
        if (confirmation := self._plan_confirmation(ours, runs)) is not None:
            confirmed = self._carry_out(confirmation, sage, made)
            if confirmed.is_interrupted:
                return confirmed
            runs = replace(runs, confirmation=confirmed.run)
        return runs

    def _plan_kinds(self, ours: Sequence[tuple[str, str]]) -> Plan:
        """Plan every kind we wrote, in full pages, and the trial balance as at the date.

        Accounts and contacts are read in any case: the trial balance and the open items need them. So are the
        kinds of the records that Sage may hold already: the reading shows what was corrected there since, and
        what a store wrote that was lost.
        """
        counts = Counter(kind for kind, _ in ours)
        counts.update(dict.fromkeys((kind.name for kind in self.catalog.ledger_kinds), 0))
        counts.update({kind: 0 for kind, _ in self.company.history.suspects()})
        counts.update(dict.fromkeys(self.also, 0))
        readable = [(kind, count) for kind, count in counts.items() if self.catalog[kind].can("list")]
        trial_balance = self._step(
            "trial_balance",
            "trial_balance/as-at",
            "trial balance",
            "the balance of every account, in one call",
            {"from_date": self.cut_over.isoformat(), "to_date": self.as_at.isoformat()},
        )
        return self._plan(readable, [trial_balance])

    def _plan_deletions(self, ours: Sequence[tuple[str, str]], reading: str) -> Plan | None:
        """Plan one call for each kind that was read whole and misses records; None if nothing is missing.

        Args:
            ours: kind and Sage id of all that earlier runs wrote or adopted.
            reading: the run that read every kind.
        """
        held = set(self.company.history.ids_read(reading))
        whole = {found.kind for found in self.company.history.readings(reading) if found.is_whole}
        missing = {kind for kind, sage_id in ours if kind in whole and (kind, sage_id) not in held}
        since = instant_text(self._first_write() - MARGIN)
        per_page = str(self.catalog.api.items_per_page)
        steps = [
            self._step(
                kind,
                f"{self.catalog[kind].resource}/deleted",
                f"deleted {self.catalog[kind].resource.replace('_', ' ')}",
                "whether missing records were deleted there",
                {self.catalog[kind].deleted_since: since, "items_per_page": per_page},
            )
            for kind in sorted(missing)
            if self.catalog[kind].deleted_since
        ]
        return self._plan([], steps) if steps else None

    def _plan_confirmation(self, ours: Sequence[tuple[str, str]], runs: ReadingRuns) -> Plan | None:
        """Plan to look for the records that a listing in several pages lacks; None if there are none.

        Those that Sage reports as deleted are not looked for.
        """
        history, catalog = self.company.history, self.catalog
        known = {*history.ids_read(runs.reading), *history.ids_read(runs.deletions)}
        missing: dict[str, list[str]] = {}
        for kind, sage_id in dict.fromkeys(ours):
            if (kind, sage_id) not in known:
                missing.setdefault(kind, []).append(sage_id)
        steps = [
            step
            for read in history.readings(runs.reading)
            if read.is_whole and read.pages > 1 and read.kind in missing
            for step in confirm_absence(read, catalog[read.kind], missing[read.kind], runs.reading, catalog)
        ]
        return self._plan([], steps) if steps else None

    def _first_write(self) -> int:
        """Return an instant before which nothing of ours was in Sage.

        A run begins before Sage states its time, perhaps by a clock that is ahead; what it recorded came
        after an answer, by Sage's clock.
        """
        history = self.company.history
        loads = [known.started_at for known in history.runs() if known.purpose is Purpose.LOAD]
        return min((*loads, *(written.written_at for written in history.ids_written())), default=MARGIN)

    def _plan(self, kinds: Sequence[tuple[str, int]], extra: Sequence[ReadStep]) -> Plan:
        return plan_reading(
            kinds,
            extra,
            self.company.id_map.fingerprint(),
            self.catalog,
            self.budget,
            self.provenance,
            calendar(self.company, self.clock.now()),
        )

    def _step(self, kind: str, key: str, label: str, reason: str, query: Mapping[str, str]) -> ReadStep:
        return ReadStep(
            kind=kind,
            key=key,
            reason=reason,
            path=self.catalog[kind].path,
            query=query,
            label=label,
        )

    def _carry_out(self, plan: Plan, sage: Sage, made: int) -> RunOutcome:
        """Run the plan; where a finished run asked the same and was not judged yet, return that one.

        Args:
            made: the calls of the readings before.
        """
        if finished := self.company.history.finished_reading(plan):
            return RunOutcome(run=finished, ended=Ended.FINISHED, calls=0, counts={})
        if self.max_calls is not None and made + plan.header.calls > self.max_calls:
            raise _too_many(plan.header.calls, made, self.max_calls)
        self.on_plan(plan)
        return run(
            plan,
            sage,
            self.company.run_log,
            self.clock,
            self.budget,
            self.catalog,
            on_progress=self.on_progress,
        )


def _too_many(calls: int, made: int, most: int) -> ProjectError:
    """Return the error of a reading of `calls` calls after `made` calls, where `most` are allowed."""
    needed = counted(calls, "call")
    if not made:
        return ProjectError(
            f"Reading back takes {needed}, and --max-calls allows {most:,}.",
            f"Allow at least {needed}, or leave out --max-calls.",
        )
    return ProjectError(
        f"Looking for what the listings lack takes {needed} after the {made:,} already made, and --max-calls"
        f" allows {most:,} in all.",
        f"What was read is kept. Run the same command again with --max-calls {calls} or more, or without it.",
    )
