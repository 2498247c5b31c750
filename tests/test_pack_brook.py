"""The pack for Brook on the demo company: compiled, screened, planned, posted, tied out."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sagerecon.documents import package
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.model.catalog import Kind
from sagerecon.model.control import Control
from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined, Reference, node_document
from sagerecon.model.finding import Severity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.record import Record
from sagerecon.model.value import Scalar
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.planning.budget import Budget
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.plan import Plan
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.planning.step import CreateStep, LeftOutStep, QuarantinedStep, ReadStep, Step
from sagerecon.project.named_files import TESTS_ENDING
from sagerecon.rehearsal.books.business import Business, new_business
from sagerecon.rehearsal.request import ApiRequest, User
from sagerecon.sources.dataset import compile_queries
from sagerecon.sources.snapshot import open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources
from sagerecon.validation.chart import accounts_are_mapped
from sagerecon.validation.invariants import opening_control_closes
from sagerecon.validation.preflight import compare_figures
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import screen

HOME = package.fixture("wholesaler")
EXTRACTS = HOME / "extracts"
PACK = package.pack("brook")
TOTALS: dict[str, Any] = json.loads((HOME / "control_totals.json").read_text("utf-8"))
FAULTS = TOTALS["faults"]
PARAMETERS: Mapping[str, Scalar] = {"cut_over": date(2010, 9, 30), "as_at": date(2011, 3, 31)}
SETTINGS = BusinessSettings(accounts_start=date(2010, 10, 1))
DOCUMENTS = ("sales_invoices", "sales_credit_notes", "purchase_invoices", "purchase_credit_notes")
#: Some of Sage's accounts and what must stand on them, written out so that the crosswalk is tested too.
SAGE_ACCOUNTS = {
    51: ("01290",),
    1100: ("11000",),
    1201: ("12010",),
    2100: ("21000",),
    2200: ("22000",),
    2201: ("22010",),
    3200: ("32000",),
    4001: ("40010",),
    4002: ("40020",),
    5004: ("50040",),
    7200: ("60110", "60120"),
    7300: ("60410", "60420"),
    7500: ("60220", "60310"),
    8000: ("61110", "61120"),
}
VAT_ACCOUNTS = {"(2200)": "sales", "(2201)": "purchases"}
TIED = ("trial_balance", "debtors", "creditors", "bank_balances", "tax_totals")


@dataclass(frozen=True)
class Case:
    """The demo company as the program sees it, up to the outcomes."""

    mappings: Sequence[CompiledMapping]
    crosswalks: Mapping[str, Crosswalk]
    controls: Sequence[Control]
    records: Mapping[str, Sequence[Record]]  #: of the tied datasets
    outcomes: Sequence[Outcome]

    def drafts(self, mapping: str) -> list[Draft]:
        return [o for o in self.outcomes if isinstance(o, Draft) and o.mapping == mapping]

    def by_sort(self, sort: type) -> dict[str, Any]:
        return {o.key: o for o in self.outcomes if isinstance(o, sort)}


def _crosswalks() -> dict[str, Crosswalk]:
    found = {}
    for path in sorted((PACK / "crosswalks").glob("*.csv")):
        found[path.stem], findings = read_crosswalk(path.stem, path.read_text("utf-8"), path.name)
        assert findings == []
    return found


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    text = (PACK / "sources.yaml").read_text("utf-8")
    sources, findings = read_sources(text, "sources.yaml", package.schema("sources"))
    assert findings == []
    shape, findings = compile_queries(sources, PARAMETERS)
    assert findings == []
    crosswalks = _crosswalks()
    paths = [p for p in sorted((PACK / "mappings").glob("*.yaml")) if not p.name.endswith(TESTS_ENDING)]
    files = {p.name: p.read_text("utf-8") for p in paths}
    mappings, findings = compile_mappings(
        files, shape.columns, package.catalog(), crosswalks, PARAMETERS, package.schema("mapping")
    )
    assert [str(finding) for finding in findings] == []
    target = tmp_path_factory.mktemp("brook") / "snapshot.duckdb"
    _, findings = take_snapshot(sources, EXTRACTS, target, taken_at=0)
    assert [str(finding) for finding in findings] == []
    outcomes: list[Outcome] = []
    with open_snapshot(target, shape) as snapshot:
        for mapping in mappings:
            for record in snapshot.records(mapping.dataset, mapping.key):
                outcomes.extend(mapping.outcomes(record))
        tied = {name: list(snapshot.records(name, ())) for name in TIED}
        controls = snapshot.controls()
    return Case(mappings, crosswalks, controls, tied, screen(outcomes, package.catalog(), SETTINGS))


@pytest.fixture(scope="module")
def plan(case: Case) -> Plan:
    budget = Budget(per_minute=100, per_day=2_500, reserve=250)
    provenance = Provenance("demo", "snapshot", "mappings", "catalog")
    positions = pair_with_recorded(case.outcomes, Recorded(), package.catalog())
    return plan_steps(positions, KnownEntities(), package.catalog(), budget, provenance, Calendar(0))


def test_every_sound_record_becomes_a_draft(case: Case) -> None:
    counts = TOTALS["counts"]
    expected = {
        "customers": counts["customers"],
        "suppliers": counts["suppliers"],
        "customer_openings": counts["opening_customer_items"],
        "supplier_openings": counts["opening_supplier_items"],
        "sales_invoices": counts["sales_invoices"],
        "sales_credit_notes": counts["sales_credit_notes"],
        "purchase_invoices": counts["purchase_invoices"],
        "purchase_credit_notes": counts["purchase_credit_notes"],
        "receipts": counts["receipts"],
        "payments": counts["payments"],
        "journals": counts["journals"],
        "cash_entries": counts["cash_entries"],
        "bank_transfers": counts["transfers"],
        "bank_accounts": 3,
        "bank_openings": 3,
        "opening_journal": 1,
        "products": 19,
        "services": 2,
        "ledger_accounts": 11,
    }
    found = Counter(outcome.mapping for outcome in case.outcomes if isinstance(outcome, Draft))
    allocations = found.pop("customer_allocations") + found.pop("supplier_allocations")
    assert allocations == counts["later_allocations"]
    assert found == expected


@pytest.mark.parametrize(
    "name",
    [
        "sales_invoices",
        "sales_credit_notes",
        "purchase_invoices",
        "purchase_credit_notes",
        "receipts",
        "payments",
    ],
)
def test_drafts_are_worth_what_the_control_totals_say(case: Case, name: str) -> None:
    assert sum(draft.amount or 0 for draft in case.drafts(name)) == Decimal(TOTALS["sums"][name])


def test_just_the_planted_faults_are_quarantined(case: Case) -> None:
    quarantined = case.by_sort(Quarantined)
    orphan, without_lines = FAULTS["missing_contact"]["document"], FAULTS["without_lines"]["document"]
    payment, journal = FAULTS["payment_of_it"]["payment"], FAULTS["uneven_journal"]["journal"]
    reasons = {key: " ".join(str(f) for f in outcome.findings) for key, outcome in quarantined.items()}
    assert set(reasons) == {
        f"sales_invoices/{orphan}",
        f"sales_invoices/{without_lines}",
        f"receipts/{payment}",
        f"journals/{journal}",
        f"customers/{FAULTS['duplicate_account']}",
    }
    assert sum(isinstance(outcome, Quarantined) for outcome in case.outcomes) == 6  # both twins
    assert FAULTS["missing_contact"]["account"] in reasons[f"sales_invoices/{orphan}"]
    assert "the document has no line" in reasons[f"sales_invoices/{without_lines}"]
    assert without_lines in reasons[f"receipts/{payment}"]
    assert "0.10" in reasons[f"journals/{journal}"]
    assert "contacts.csv" in reasons[f"customers/{FAULTS['duplicate_account']}"]


def test_what_is_left_out_is_left_out_by_a_named_rule(case: Case) -> None:
    rules = Counter(o.rule for o in case.outcomes if isinstance(o, LeftOut))
    assert rules == {"worth_nothing": len(FAULTS["worth_nothing"]), "in_the_chart": 36}
    left = case.by_sort(LeftOut)
    assert {f"sales_invoices/{number}" for number in FAULTS["worth_nothing"]} <= set(left)


def test_the_long_name_is_cut_and_every_change_has_its_rule(case: Case) -> None:
    changes = [change for o in case.outcomes if isinstance(o, Draft) for change in o.changes]
    cut = [change for change in changes if change.field == "name" and len(change.before) > 100]
    assert [len(change.after) <= 100 for change in cut] == [True]
    assert all(change.rule and change.place.line for change in changes)
    assert {"name", "main_address.postal_code", "main_address.country_id"} <= {c.field for c in changes}


def test_preflight_names_the_refused_documents_and_nothing_else(case: Case) -> None:
    findings = {control.name: list(compare_figures(control)) for control in case.controls}
    wrong = {name: [f for f in found if f.severity is not Severity.INFO] for name, found in findings.items()}
    assert {name for name, found in wrong.items() if found} == {"receivables"}
    assert all(finding.severity is Severity.WARNING for finding in wrong["receivables"])
    text = " ".join(str(finding) for finding in wrong["receivables"])
    assert FAULTS["missing_contact"]["document"] in text
    assert FAULTS["without_lines"]["document"] in text


def test_the_opening_closes_and_every_account_has_a_rule(case: Case) -> None:
    drafts = [outcome for outcome in case.outcomes if isinstance(outcome, Draft)]
    assert list(opening_control_closes(drafts, package.catalog())) == []
    target = case.crosswalks["accounts"].lookup
    assert list(accounts_are_mapped(case.records["trial_balance"], target, "accounts")) == []


def test_the_plan_takes_three_days_and_no_call_too_many(plan: Plan) -> None:
    header = plan.header
    assert 5_000 <= header.calls <= 5_900
    assert header.calls == header.lower_bound
    assert len(header.windows) == 3


def test_nothing_goes_before_what_it_refers_to(plan: Plan) -> None:
    sent: set[tuple[str, str]] = set()
    planned = {(step.kind, step.key) for step in plan.steps if isinstance(step, CreateStep)}
    for step in plan.steps:
        if isinstance(step, LeftOutStep | QuarantinedStep | ReadStep):
            continue
        for reference in _references(step.body):
            target = (reference.kind, reference.key)
            assert target not in planned or target in sent
        sent.add((step.kind, step.key))


def test_open_items_go_before_history(plan: Plan) -> None:
    kinds = [step.kind for step in plan.steps if isinstance(step, CreateStep)]
    last = max(n for n, kind in enumerate(kinds) if kind == "contact_opening_balance")
    first = min(n for n, kind in enumerate(kinds) if kind == "sales_invoice")
    assert last < first


def test_the_tied_datasets_are_the_control_totals(case: Case) -> None:
    values = {name: [record.values for record in case.records[name]] for name in TIED}
    balances = {row["account"]: row["amount"] for row in values["trial_balance"]}
    assert balances == _amounts(TOTALS["trial_balance"])
    assert {row["account"]: row["amount"] for row in values["bank_balances"]} == _amounts(TOTALS["banks"])
    for name, mapping in (("debtors", "customers"), ("creditors", "suppliers")):
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in values[name]:
            owed[str(row["contact"])] += _decimal(row["amount"])
        assert {key: amount for key, amount in owed.items() if amount} == {
            f"{mapping}/{account}": amount for account, amount in _amounts(TOTALS[name]).items()
        }
    vat = [
        {name: str(row[name]) for name in ("ledger", "code", "rate", "period", "net", "tax")}
        for row in values["tax_totals"]
    ]
    assert sorted(vat, key=str) == sorted(TOTALS["vat"], key=str)


@pytest.fixture(scope="module")
def poster(plan: Plan) -> Poster:
    poster = Poster()
    for step in plan.steps:
        poster.carry_out(step)
    return poster


def test_the_books_in_sage_are_the_control_totals(poster: Poster, case: Case) -> None:
    """Post every step in order: trial balance, debtors, creditors and banks agree to the cent."""
    expected: dict[int, Decimal] = defaultdict(Decimal)
    for account, amount in _amounts(TOTALS["trial_balance"]).items():
        expected[int(case.crosswalks["accounts"].lookup(account) or "0")] += amount
    found = poster.balances()
    assert {code: amount for code, amount in found.items() if amount} == {
        code: amount for code, amount in expected.items() if amount
    }
    assert not found.get(9999)
    for code, accounts in SAGE_ACCOUNTS.items():
        assert found[code] == sum(Decimal(TOTALS["trial_balance"][account]) for account in accounts)


@pytest.mark.parametrize(("side", "mapping"), [("debtors", "customers"), ("creditors", "suppliers")])
def test_each_contact_owes_what_the_control_totals_say(poster: Poster, side: str, mapping: str) -> None:
    found = poster.contact_balances(mapping)
    assert {account: amount for account, amount in found.items() if amount} == _amounts(TOTALS[side])


def test_each_document_is_as_open_as_in_brook(poster: Poster) -> None:
    """Compare what is outstanding, document by document, so that every part payment and allocation landed."""
    expected = {number: amount for number, amount in _outstanding() if (number in poster.references)}
    found = {
        entity["reference"]: Decimal(entity["outstanding_amount"])
        for kind in DOCUMENTS
        for entity in poster.listing(f"/{kind}", {"attributes": "reference,outstanding_amount"})
    }
    assert len(found) == 2_995
    assert found == expected


def test_vat_by_rate_and_month_is_that_of_the_control_totals(poster: Poster) -> None:
    rates = {"S": "GB_STANDARD", "R": "GB_LOWER", "Z": "GB_ZERO"}
    expected: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in TOTALS["vat"]:
        expected[row["ledger"], rates[row["code"]], row["period"]] += Decimal(row["tax"])
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for entry in poster.listing(
        "/ledger_entries", {"attributes": "date,debit,credit,ledger_account,tax_rate"}
    ):
        side = VAT_ACCOUNTS.get(entry["ledger_account"]["displayed_as"][-6:])
        if side is not None and entry["tax_rate"] is not None:
            amount = Decimal(entry["credit"]) - Decimal(entry["debit"])
            signed = amount if side == "sales" else -amount
            found[side, entry["tax_rate"]["id"], entry["date"][:7]] += signed
    assert found == {key: amount for key, amount in expected.items() if amount}


def _outstanding() -> Iterator[tuple[str, Decimal]]:
    with (EXTRACTS / "documents.csv").open(encoding="cp1252", newline="") as file:
        for row in csv.DictReader(file):
            yield row["Number"], Decimal(row["Outstanding"])


class Poster:
    """Carries out a plan's steps against a fresh business in process, keeping ids as a run would."""

    def __init__(self) -> None:
        self.catalog = package.catalog()
        self.business: Business = new_business(
            self.catalog,
            "b" * 32,
            TOTALS["company"],
            accounts_start="2010-10-01",
            seed=1,
            now=1_293_840_000_000,
        )
        self.user = User("u" * 32, "Ann Reed", "AP")
        self.ids: dict[tuple[str, Key], str] = {}
        self.references: set[str] = set()

    def carry_out(self, step: Step) -> None:
        kind = self.catalog[step.kind]
        if isinstance(step, ReadStep):
            for entity in self.listing(step.path, dict(step.query)):
                self._know_by_natural_keys(kind, entity)
        elif isinstance(step, CreateStep):
            identity = [NaturalKey(field, value) for field, value in step.identity.items()]
            there = next((self.ids[kind.name, key] for key in identity if (kind.name, key) in self.ids), None)
            self.ids[kind.name, step.key] = there or self._create(kind, step)

    def _create(self, kind: Kind, step: CreateStep) -> str:
        answer = self.request("POST", kind.path, {}, {kind.name: self._resolved(step.body)}, 201)
        self._know_by_natural_keys(kind, answer)
        self.references.add(str(step.body.get("reference")))
        for part, path in kind.yields.items():
            if (id_ := _at(answer, path)) is not None:
                self.ids[kind.name, f"{step.key}#{part}"] = id_
        return str(answer["id"])

    def _know_by_natural_keys(self, kind: Kind, entity: Mapping[str, Any]) -> None:
        for key in kind.natural_keys:
            value = _at(entity, key.field)
            if value is not None and not isinstance(value, Mapping):
                self.ids.setdefault((kind.name, NaturalKey(key.field, str(value))), str(entity["id"]))

    def _resolved(self, node: Any) -> Any:
        if isinstance(node, Reference):
            return self.ids[node.kind, f"{node.key}#{node.part}" if node.part else node.key]
        if isinstance(node, Mapping):
            return {name: self._resolved(child) for name, child in node.items()}
        if isinstance(node, list | tuple):
            return [self._resolved(child) for child in node]
        return node_document(node) if not isinstance(node, date) else node.isoformat()

    def request(self, method: str, path: str, query: dict[str, str], body: Any, status: int = 200) -> Any:
        reply = self.business.handle(ApiRequest(method, path, query, body, self.user, 1_300_000_000_000))
        assert reply.status == status, (path, body, reply.body)
        return reply.body

    def listing(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        read, page = 0, 1
        while True:
            asked = {"items_per_page": "200", **query, "page": str(page)}
            body = self.request("GET", path, asked, None)
            yield from body["$items"]
            read += len(body["$items"])
            if read >= body["$total"]:
                return
            page += 1

    def balances(self) -> dict[int, Decimal]:
        """Return the closing balance of each ledger account by its code, debit positive."""
        query = {"from_date": "2010-10-01", "to_date": "2011-03-31"}
        body = self.request("GET", "/trial_balance", query, None)
        codes = {
            row["id"]: row["nominal_code"]
            for row in self.listing("/ledger_accounts", {"attributes": "nominal_code"})
        }
        accounts = body.get("trial_balance", body)["ledger_accounts"]
        found = {}
        for row in accounts:
            closing = row["closing_balance"]
            found[codes[row["id"]]] = Decimal(str(closing["debit"])) - Decimal(str(closing["credit"]))
        return found

    def contact_balances(self, mapping: str) -> dict[str, Decimal]:
        """Return what each contact of a mapping owes or is owed, by Brook's account."""
        query = {"attributes": "balance", "show_balance": "true"}
        amounts = {row["id"]: Decimal(str(row["balance"])) for row in self.listing("/contacts", query)}
        return {
            key.removeprefix(f"{mapping}/"): amounts[id_]
            for (kind, key), id_ in self.ids.items()
            if kind == "contact" and isinstance(key, str) and key.startswith(f"{mapping}/") and "#" not in key
        }


def _references(node: Any) -> Iterator[Reference]:
    if isinstance(node, Reference):
        yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _references(child)


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _amounts(texts: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in texts.items()}


def _decimal(value: Any) -> Decimal:
    assert isinstance(value, Decimal)
    return value
