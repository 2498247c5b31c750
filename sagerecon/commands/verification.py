"""What Sage holds, against the source: what to read back, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from sagerecon.pairing.identity import Identities
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, plan_lines
from sagerecon.planning.planner import Calendar, plan_reading
from sagerecon.planning.step import ReadStep
from sagerecon.project.project import Project, write_private
from sagerecon.reconciliation.reconcile import ControlAccounts, Reconciliation, Today, reconcile
from sagerecon.reconciliation.subledger import OpenItem, open_items_held, tie_contacts
from sagerecon.reconciliation.tax import taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import (
    ControlPair,
    TieOut,
    closing_balances,
    tie_bank,
    tie_opening_control,
    tie_trial_balance,
)
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.store.run_log import BusinessStore

#: Kinds that are read back whatever was written: accounts give the trial balance its codes, contacts
#: their balances.
ALWAYS_READ = ("ledger_account", "bank_account", "contact")


@dataclass(frozen=True, slots=True)
class History:
    """What came before a reconciliation: the load runs, and what the last reconciliation said."""

    load_runs: tuple[str, ...]
    began_at: int | None
    last: Mapping[str, str]


def history_of(books: BusinessStore, reading: str = "", before: str = "") -> History:
    """The load runs of a company, and what the reconciliation before the one of `reading` said."""
    loads = [known for known in books.runs() if known.purpose == "load"]
    return History(
        load_runs=tuple(known.id for known in loads),
        began_at=min((known.started_at for known in loads), default=None),
        last={
            name: verdict.fingerprint
            for name, verdict in books.last_verdicts().items()
            if verdict.last_run == before or (verdict.last_run == reading and verdict.first_run != reading)
        },
    )


#: What earlier runs wrote or adopted, by kind and Sage id.
Ours = Sequence[tuple[str, str]]


def plan_read_back(
    project: Project, prepared: Prepared, books: BusinessStore, ours: Ours, clock: Clock, budget: Budget
) -> Plan:
    """Reading calls alone: every kind we wrote in full pages, and the trial balance as at the date."""
    counts = Counter(kind for kind, _ in ours)
    counts.update(dict.fromkeys(ALWAYS_READ, 0))
    readable = [(kind, count) for kind, count in counts.items() if catalog()[kind].can("list")]
    trial_balance = _reading(
        "trial_balance",
        "trial_balance/as-at",
        "the balance of every account, in one call",
        {"from_date": project.cut_over.isoformat(), "to_date": project.as_at.isoformat()},
    )
    return _plan(project, prepared, readable, [trial_balance], books, clock, budget)


def plan_deletions(
    project: Project,
    prepared: Prepared,
    books: BusinessStore,
    ours: Ours,
    history: History,
    read: str,
    clock: Clock,
    budget: Budget,
) -> Plan | None:
    """Whether what is missing was deleted: one call for each kind that lacks something, or None."""
    held = {(entity.kind, entity.sage_id) for entity in books.held(read)}
    missing = {kind for kind, sage_id in ours if (kind, sage_id) not in held}
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
    return _plan(project, prepared, [], steps, books, clock, budget) if steps else None


@dataclass(frozen=True, slots=True)
class Reading:
    """Reading Sage back within the budget. Its plans are kept, so that a paused reading goes on."""

    project: Project
    prepared: Prepared
    books: BusinessStore
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
        history = history_of(self.books)
        ours = [(written.kind, written.sage_id) for written in self.books.written()]
        parts = (self.project, self.prepared, self.books, ours)
        whole = self._carry_out("reading.jsonl", plan_read_back(*parts, self.clock, self.budget), sage)
        if whole.ended is not Ended.FINISHED:
            return whole
        deletions = plan_deletions(*parts, history, whole.run, self.clock, self.budget)
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
        outcome = run(
            made, sage, self.books, self.clock, self.budget, catalog(), on_progress=self.on_progress
        )
        if outcome.ended is Ended.FINISHED:
            file.unlink()
        return outcome

    def _begun(self, file: Path) -> Plan | None:
        """The reading plan in `file` where a run of it has begun and not ended."""
        if not file.exists():
            return None
        made = read_plan_file(file, file.name)
        is_open = any(known.plan == made.hash and known.state == "open" for known in self.books.runs())
        return made if is_open else None


def judge(
    project: Project, prepared: Prepared, books: BusinessStore, readings: Sequence[str]
) -> Reconciliation:
    """One verdict a record, and the tie-outs, from what the readings found."""
    history = history_of(books, readings[0], project.reading_before())
    written = list(books.written())
    held = [entity for entity in books.held(readings[0]) if entity.kind != "trial_balance"]
    trial_balance = next(books.held(readings[0], "trial_balance"), None)
    identities = Identities(written, held, catalog())
    rejected: dict[str, tuple[Finding, ...]] = {a.step.key: a.findings for a in books.quarantined()}
    reconciliation = reconcile(
        prepared.outcomes,
        written,
        held,
        {mapping.name: mapping.comparisons for mapping in prepared.compiled.mappings},
        catalog(),
        read={entity.kind for entity in held} | {w.kind for w in written},
        today=Today(prepared.snapshot, project.content()),
        before={entity.sage_id for run in history.load_runs for entity in books.held(run)},
        deleted={entity.sage_id for run in readings[1:] for entity in books.held(run)},
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
    accounts = [entity for entity in held if entity.kind == "ledger_account"]
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
    sides: tuple[tuple[str, str, str, str, tuple[OpenItem, ...] | None], ...] = (
        ("debtors", "Debtors per customer", "CUSTOMER", controls.debtors, expectations.debtors),
        ("creditors", "Creditors per supplier", "VENDOR", controls.creditors, expectations.creditors),
    )
    for name, about, side, code, items in sides:
        if items is not None:
            yield tie_contacts(
                name,
                about,
                items,
                open_items_held(held, identities, side),
                as_at,
                control=_control_pair(code, expectations, balances),
                verdicts=verdicts,
            )
    if expectations.banks is not None:
        banks = [entity for entity in held if entity.kind == "bank_account"]
        yield tie_bank(expectations.banks, banks, trial_balance, as_at, accounts=accounts, verdicts=verdicts)
    if expectations.tax is not None:
        yield tie_tax(expectations.tax, taxed_held(held, identities), as_at)
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
    books: BusinessStore,
    clock: Clock,
    budget: Budget,
) -> Plan:
    now = clock.now()
    return plan_reading(
        kinds,
        extra,
        books,
        catalog(),
        budget,
        provenance(project, prepared.snapshot),
        Calendar(now, booked=tuple(at - now for at in books.booked())),
    )


def _reading(kind: str, key: str, reason: str, query: Mapping[str, str]) -> ReadStep:
    return ReadStep(
        kind=kind,
        key=key,
        reason=reason,
        path=catalog()[kind].path,
        query=query,
        label=key.replace("_", " "),
    )
