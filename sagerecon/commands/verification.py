"""What Sage holds, against the source: what to read back, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sagerecon.commands.plan_file import provenance, read_plan_file
from sagerecon.commands.preparation import Expectations, Prepared
from sagerecon.documents.package import catalog
from sagerecon.model.clock import Clock, instant_text
from sagerecon.model.entity import Entity
from sagerecon.model.errors import PlanningError
from sagerecon.model.finding import Finding
from sagerecon.model.money import total
from sagerecon.model.posting import LedgerRole, Side
from sagerecon.pairing.identity import Identities
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Purpose, plan_lines
from sagerecon.planning.planner import Calendar, plan_reading
from sagerecon.planning.settling import RunState
from sagerecon.planning.step import ReadStep
from sagerecon.project.project import Project, write_private
from sagerecon.reconciliation.balances import (
    closing_balances,
    tie_bank,
    tie_opening_control,
    tie_trial_balance,
)
from sagerecon.reconciliation.chart_of_accounts import ControlAccounts
from sagerecon.reconciliation.comparer import DraftInputs
from sagerecon.reconciliation.open_items import OpenItem, open_items_held
from sagerecon.reconciliation.reconcile import reconcile
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.subledger import tie_contacts
from sagerecon.reconciliation.tax import taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import ControlPair, TieOut
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import ReconciliationLog
from sagerecon.store.run_history import RunHistory


@dataclass(frozen=True, slots=True)
class History:
    """What came before a reconciliation: the load runs, and what the last reconciliation said."""

    load_runs: tuple[str, ...]
    began_at: int | None
    last: Mapping[str, str]


def history_of(
    run_history: RunHistory, reconciliations: ReconciliationLog, reading: str = "", before: str = ""
) -> History:
    """The load runs of a company, and what the reconciliation before the one of `reading` said."""
    loads = [known for known in run_history.runs() if known.purpose is Purpose.LOAD]
    return History(
        load_runs=tuple(known.id for known in loads),
        began_at=min((known.started_at for known in loads), default=None),
        last={
            name: verdict.fingerprint
            for name, verdict in reconciliations.last_verdicts().items()
            if verdict.last_run == before or (verdict.last_run == reading and verdict.first_run != reading)
        },
    )


#: What earlier runs wrote or adopted, by kind and Sage id.
Ours = Sequence[tuple[str, str]]


def plan_read_back(
    project: Project,
    prepared: Prepared,
    id_map: str,
    ours: Ours,
    calendar: Calendar,
    budget: Budget,
) -> Plan:
    """Return a plan that reads back every kind we wrote, and the trial balance as at the date.

    Accounts, bank accounts and contacts are read in any case: the trial balance and the open items need them.
    """
    counts = Counter(kind for kind, _ in ours)
    counts.update(dict.fromkeys((kind.name for kind in catalog().ledger_kinds), 0))
    readable = [(kind, count) for kind, count in counts.items() if catalog()[kind].can("list")]
    trial_balance = _reading(
        "trial_balance",
        "trial_balance/as-at",
        "the balance of every account, in one call",
        {"from_date": project.cut_over.isoformat(), "to_date": project.as_at.isoformat()},
    )
    return _plan(project, prepared, readable, [trial_balance], id_map, calendar, budget)


def plan_deletions(
    project: Project,
    prepared: Prepared,
    id_map: str,
    ours: Ours,
    history: History,
    found: Collection[tuple[str, str]],
    calendar: Calendar,
    budget: Budget,
) -> Plan | None:
    """Whether what is missing was deleted: one call for each kind that lacks something, or None."""
    missing = {kind for kind, sage_id in ours if (kind, sage_id) not in found}
    since = instant_text((history.began_at or 0) - 1_000)
    steps = [
        _reading(
            kind,
            f"{catalog()[kind].resource}/deleted",
            "whether what is missing was deleted there",
            {catalog()[kind].deleted_since: since, "items_per_page": str(catalog().api.items_per_page)},
        )
        for kind in sorted(missing)
        if catalog()[kind].deleted_since
    ]
    return _plan(project, prepared, [], steps, id_map, calendar, budget) if steps else None


@dataclass(frozen=True, slots=True)
class Reading:
    """Reading Sage back within the budget. Its plans are kept, so that a paused reading goes on."""

    project: Project
    prepared: Prepared
    company: CompanyStore
    clock: Clock
    budget: Budget
    max_calls: int | None
    on_plan: Callable[[Plan], None]
    on_progress: Callable[[Progress], None]

    def read_back(self, sage: Sage) -> tuple[str, ...] | RunOutcome:
        """The runs that read everything and looked for deletions, or the outcome of one that paused.

        Raises:
            PlanningError: it takes more than `max_calls`.
        """
        run_history = self.company.history
        history = history_of(run_history, self.company.reconciliations)
        ours = [(written.kind, written.sage_id) for written in run_history.written()]
        parts = (self.project, self.prepared, self.company.id_map.fingerprint(), ours)
        whole = self._carry_out("reading.jsonl", plan_read_back(*parts, self._calendar(), self.budget), sage)
        if whole.ended is not Ended.FINISHED:
            return whole
        found = {(entity.kind, entity.sage_id) for entity in run_history.entities_read(whole.run)}
        deletions = plan_deletions(*parts, history, found, self._calendar(), self.budget)
        if deletions is None:
            runs: tuple[str, ...] = (whole.run,)
        else:
            gone = self._carry_out("deletions.jsonl", deletions, sage)
            if gone.ended is not Ended.FINISHED:
                return gone
            runs = (whole.run, gone.run)
        self.project.remember_readings(runs)
        return runs

    def _carry_out(self, name: str, fresh: Plan, sage: Sage) -> RunOutcome:
        file = self.project.state / name
        made = self._begun(file) or fresh
        if self.max_calls is not None and made.header.calls > self.max_calls:
            raise PlanningError(
                f"Reading back takes {made.header.calls:,} calls, and --max-calls allows {self.max_calls:,}."
            )
        self.on_plan(made)
        write_private(file, plan_lines(made))
        log = self.company.run_log
        outcome = run(made, sage, log, self.clock, self.budget, catalog(), on_progress=self.on_progress)
        if outcome.ended is Ended.FINISHED:
            file.unlink()
        return outcome

    def _begun(self, file: Path) -> Plan | None:
        """The reading plan in `file` where a run of it has begun and not ended."""
        if not file.exists():
            return None
        made = read_plan_file(file, file.name)
        runs = self.company.history.runs()
        is_open = any(known.plan == made.hash and known.state is RunState.OPEN for known in runs)
        return made if is_open else None

    def _calendar(self) -> Calendar:
        now = self.clock.now()
        return Calendar(now, booked=tuple(at - now for at in self.company.history.calls_of_last_day()))


def judge(
    project: Project,
    prepared: Prepared,
    run_history: RunHistory,
    reconciliations: ReconciliationLog,
    readings: Sequence[str],
) -> Reconciliation:
    """One verdict a record, and the tie-outs, from what the readings found."""
    history = history_of(run_history, reconciliations, readings[0], project.reading_before())
    written = list(run_history.written())
    held = [e for e in run_history.entities_read(readings[0]) if e.kind != "trial_balance"]
    trial_balance = next(run_history.entities_read(readings[0], "trial_balance"), None)
    identities = Identities(written, held, catalog())
    rejected: dict[str, tuple[Finding, ...]] = {a.step.key: a.findings for a in run_history.set_aside()}
    reconciliation = reconcile(
        prepared.outcomes,
        written,
        held,
        {mapping.name: mapping.comparisons for mapping in prepared.compiled.mappings},
        catalog(),
        read={entity.kind for entity in held} | {w.kind for w in written},
        inputs=DraftInputs(prepared.snapshot, project.content()),
        pre_existing={
            entity.sage_id for run in history.load_runs for entity in run_history.entities_read(run)
        },
        deleted={entity.sage_id for run in readings[1:] for entity in run_history.entities_read(run)},
        began_at=history.began_at,
        rejected=rejected,
        accounts=_control_accounts(project),
        last=history.last,
        identities=identities,
    )
    if trial_balance is None:
        return reconciliation
    return reconciliation.with_tie_outs(
        tuple(_tie_outs(project, prepared.expectations, reconciliation, trial_balance, held, identities))
    )


def _tie_outs(
    project: Project,
    expectations: Expectations,
    reconciliation: Reconciliation,
    trial_balance: Entity,
    held: Sequence[Entity],
    identities: Identities,
) -> Iterator[TieOut]:
    accounts = [entity for entity in held if catalog()[entity.kind].has_role(LedgerRole.ACCOUNT)]
    verdicts = reconciliation.verdicts
    controls = _control_accounts(project)
    balances = closing_balances(trial_balance, accounts)
    as_at = project.as_at
    if expectations.balances is not None:
        yield tie_trial_balance(
            expectations.balances,
            trial_balance,
            as_at,
            adjustments=expectations.adjustments,
            accounts=accounts,
            verdicts=verdicts,
        )
    sides: tuple[tuple[str, str, Side, str, tuple[OpenItem, ...] | None], ...] = (
        ("debtors", "Debtors per customer", Side.CUSTOMER, controls.debtors, expectations.debtors),
        ("creditors", "Creditors per supplier", Side.VENDOR, controls.creditors, expectations.creditors),
    )
    for name, about, side, code, items in sides:
        if items is not None:
            yield tie_contacts(
                name,
                about,
                items,
                open_items_held(held, identities, side, catalog()),
                as_at,
                control=_control_pair(code, expectations, balances),
                verdicts=verdicts,
            )
    if expectations.banks is not None:
        banks = [entity for entity in held if catalog()[entity.kind].has_role(LedgerRole.BANK_ACCOUNT)]
        yield tie_bank(
            expectations.banks,
            banks,
            trial_balance,
            as_at,
            catalog(),
            accounts=accounts,
            verdicts=verdicts,
        )
    if expectations.tax is not None:
        yield tie_tax(expectations.tax, taxed_held(held, identities, catalog()), as_at)
    yield tie_opening_control(trial_balance, as_at, controls.opening, accounts=accounts, verdicts=verdicts)


def _control_pair(
    code: str, expectations: Expectations, balances: Mapping[str, tuple[str, Decimal]]
) -> ControlPair:
    name, sage = balances.get(code, ("", Decimal()))
    source = None
    if expectations.balances is not None:
        adjusted = [entry.amount for entry in expectations.adjustments if entry.target == code]
        source = total([*(b.amount for b in expectations.balances if b.target == code), *adjusted])
    return ControlPair(code, name, source, sage)


def _control_accounts(project: Project) -> ControlAccounts:
    named = {name: str(code) for name, code in project.control_accounts.items()}
    return ControlAccounts(**named)


def _plan(
    project: Project,
    prepared: Prepared,
    kinds: Sequence[tuple[str, int]],
    extra: Sequence[ReadStep],
    id_map: str,
    calendar: Calendar,
    budget: Budget,
) -> Plan:
    stated = provenance(project, prepared.snapshot)
    return plan_reading(kinds, extra, id_map, catalog(), budget, stated, calendar)


def _reading(kind: str, key: str, reason: str, query: Mapping[str, str]) -> ReadStep:
    return ReadStep(
        kind=kind,
        key=key,
        reason=reason,
        path=catalog()[kind].path,
        query=query,
        label=key.replace("_", " "),
    )
