"""Move invoices and credit notes from sales lines: stories C7 to C10 and C13."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
from moves import SHARED, Move, move
from pack_moves import refusal, snapshot, tied_out

from sagerecon.commands import plans
from sagerecon.documents.package import catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.money import grouped, total
from sagerecon.planning.plan import Header
from sagerecon.validation.rate_periods import RatePeriods

WHOLESALER = SHARED / "data" / "online-retail-gb"

needs_wholesaler = pytest.mark.skipif(
    not WHOLESALER.exists(), reason="the wholesaler's lines lie in ../shared/data, which is absent"
)

TITLES = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

DAYS = {
    "2010-12-31": """\
100,22001,MUG,6,2010-12-31 09:00:00,2.55,17001.0,United Kingdom
100,22001,MUG,6,2010-12-31 09:00:00,2.55,17001.0,United Kingdom
100,POST,POSTAGE,1,2010-12-31 09:01:00,4.95,17001.0,United Kingdom
101,22001a,,-20,2010-12-31 10:00:00,0.0,,United Kingdom
102,22001A,TRAY,10,2010-12-31 11:00:00,1.25,,United Kingdom
""",
    "2011-01-04": """\
103,22002,LAMP,3,2011-01-04 09:00:00,9.95,17001.0,Eire
C104,22001,MUG,-2,2011-01-04 10:00:00,2.55,17001.0,United Kingdom
105,22001,MUG,1,2011-01-04 11:00:00,2.55,17002.0,United Kingdom
105,22002,LAMP,1,2011-01-04 11:00:00,9.95,17002.0,United Kingdom
""",
}

NAMED = {"cash_customer: null": "cash_customer: Counter sales"}
CREATED = {**NAMED, "products: leave_out": "products: create"}


#: Plans the wholesaler's two months by one set of choices.
Plans: TypeAlias = "Callable[[str], Planned]"


def write_days(folder: Path, days: Mapping[str, str] = DAYS) -> Path:
    (folder / "by-day").mkdir(parents=True)
    for day, lines in days.items():
        (folder / "by-day" / f"{day}.csv").write_text(TITLES + lines)
    return folder


@contextmanager
def small(folder: Path, changes: Mapping[str, str] = NAMED) -> Iterator[Move]:
    """Yield the move of a few documents around the day on which the rate of VAT rose."""
    data = write_days(folder / "data", {**DAYS, "2011-01-04": DAYS["2011-01-04"].replace("Eire", "EIRE")})
    with move(folder / "project", "retail-csv", data, changes) as opened:
        yield opened


def counted(outcomes: tuple[Outcome, ...]) -> dict[str, int]:
    return dict(Counter(o.key.partition("/")[0] for o in outcomes if isinstance(o, Draft)))


def with_rate(draft: Draft, rate: str) -> Draft:
    """Return a document with one line, of this tax rate."""
    lines = catalog()[draft.kind].lines.items
    return replace(draft, body={**draft.body, lines: [{"tax_rate_id": rate}]})


@dataclass(frozen=True)
class Planned:
    """What a plan of the wholesaler's two months has."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    header: Header


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """Return a function that plans the wholesaler's two months, once by each set of choices."""
    kept = {**NAMED, "worth_nothing: leave_out": "worth_nothing: keep"}
    choices = {
        "plain": NAMED,
        "kept": {**kept, "vat: none": "vat: add"},
        "products": {**kept, **CREATED, "stock_codes: null": "stock_codes: keep"},
    }

    @cache
    def plan_of(choice: str) -> Planned:
        folder = tmp_path_factory.mktemp(choice) / "project"
        with move(folder, "retail-csv", WHOLESALER, choices[choice]) as moved:
            prepared = snapshot(moved)
            header = plans.plan(moved.project, moved.clock).header
            return Planned(prepared.outcomes, prepared.findings, header)

    return plan_of


def test_documents_are_built_from_their_lines_in_order(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        outcomes = snapshot(moved).outcomes
    assert not any(isinstance(o, Quarantined) for o in outcomes)
    documents = {
        o.key: o for o in outcomes if isinstance(o, Draft) and o.key.startswith(("sales_in", "sales_cr"))
    }
    assert {key: str(o.amount) for key, o in documents.items()} == {
        "sales_invoices/100": "35.55",
        "sales_invoices/102": "12.50",
        "sales_invoices/103": "29.85",
        "sales_invoices/105": "12.50",
        "sales_credit_notes/C104": "5.10",
    }
    lines = documents["sales_invoices/100"].body["invoice_lines"]
    assert isinstance(lines, list | tuple)
    assert [line["description"] for line in lines] == ["MUG (22001)", "MUG (22001)", "POSTAGE (POST)"]  # type: ignore[call-overload,index]
    left_out = {o.key: o.rule for o in outcomes if isinstance(o, LeftOut) and "products" not in o.key}
    assert left_out == {"sales_invoices/101": "worth_nothing"}


def test_lines_after_the_ninth_keep_their_order(tmp_path: Path) -> None:
    lines = "".join(f"9,S{n},ITEM {n},1,2011-01-05 09:00:00,1.00,1.0,EIRE\n" for n in range(1, 13))
    data = write_days(tmp_path / "data", {"2011-01-05": lines})
    with move(tmp_path / "project", "retail-csv", data) as moved:
        (invoice,) = (
            o for o in snapshot(moved).outcomes if isinstance(o, Draft) and o.kind == "sales_invoice"
        )
    found = invoice.body["invoice_lines"]
    assert isinstance(found, list | tuple)
    assert [line["description"] for line in found] == [f"ITEM {n} (S{n})" for n in range(1, 13)]  # type: ignore[call-overload,index]


def test_prices_are_carried_as_they_are(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        assert tied_out(moved) == {"debtors": "85.30", "tax": "85.30", "opening_control": "0.00"}


def test_vat_is_added_at_the_rate_of_the_day(tmp_path: Path) -> None:
    with small(tmp_path, {**NAMED, "vat: none": "vat: add"}) as moved:
        # 17.5 % of 15.30, 15.30, 4.95 and 12.50; 20 % of -5.10, 2.55 and 9.95; Ireland is zero rated
        vat = [Decimal(part) for part in ("2.68", "2.68", "0.87", "2.19", "-1.02", "0.51", "1.99")]
        assert tied_out(moved) == {
            "debtors": grouped(Decimal("85.30") + total(vat)),
            "tax": grouped(Decimal("85.30") + total(vat)),
            "opening_control": "0.00",
        }


def test_c8_sales_without_a_customer_need_a_rule(tmp_path: Path) -> None:
    with small(tmp_path, {}) as moved:
        message = refusal(moved)
    assert "1 documents have no customer (and 1 more that are worth nothing)" in message
    assert "parameters.cash_customer" in message


def test_c13_codes_that_differ_only_in_case_need_a_rule(tmp_path: Path) -> None:
    with small(tmp_path / "none", CREATED) as moved:
        assert "1 stock codes differ from another only in letter case: 22001A and 22001a." in refusal(moved)
    for choice, products in (("merge", 4), ("keep", 5)):
        with small(tmp_path / choice, {**CREATED, "stock_codes: null": f"stock_codes: {choice}"}) as moved:
            assert counted(snapshot(moved).outcomes)["products"] == products


def test_products_are_created_and_named_by_their_lines(tmp_path: Path) -> None:
    with small(tmp_path, {**CREATED, "stock_codes: null": "stock_codes: merge"}) as moved:
        assert tied_out(moved)["debtors"] == "85.30"


def test_a_choice_that_is_none_is_an_error(tmp_path: Path) -> None:
    with small(tmp_path, {"vat: none": "vat: some"}) as moved:
        assert "parameters.vat is 'some', which is none of its choices" in refusal(moved)


@needs_wholesaler
def test_c7_cancellations_become_credit_notes_and_corrections_do_not(planned: Plans) -> None:
    outcomes = planned("plain").outcomes
    assert counted(outcomes) == {
        "cash_customer": 1,
        "customers": 1_369,
        "sales_credit_notes": 586,
        "sales_invoices": 2_645,
    }
    assert len([o for o in outcomes if isinstance(o, LeftOut) and o.rule == "worth_nothing"]) == 270
    drafts = [o for o in outcomes if isinstance(o, Draft)]
    value = {
        kind: total(draft.amount or Decimal() for draft in drafts if draft.kind == kind)
        for kind in ("sales_invoice", "sales_credit_note")
    }
    assert value == {"sales_invoice": Decimal("1515110.70"), "sales_credit_note": Decimal("206153.42")}
    assert value["sales_invoice"] - value["sales_credit_note"] == Decimal("1308957.28")
    cash = [d for d in drafts if "cash_customer/cash" in {reference.key for reference in d.references}]
    assert len(cash) == 287


@needs_wholesaler
def test_c9_the_rate_of_vat_depends_on_the_day(planned: Plans) -> None:
    kept, naive = planned("kept"), RatePeriods(catalog())
    days = []
    for draft in kept.outcomes:
        if isinstance(draft, Draft) and draft.kind.startswith("sales_"):
            days.append(draft.body["date"])
            naive.add(with_rate(draft, "GB_STANDARD"))
    before = sum(1 for day in days if isinstance(day, date) and day < date(2011, 1, 4))
    assert (before, len(days) - before) == (2_025, 1_476)
    assert Code.RATE_CHANGES not in [finding.code for finding in kept.findings]
    counts = [
        tuple(int(count.replace(",", "")) for count in re.findall(r"([0-9,]+) documents", finding.message))
        for finding in naive.findings(lambda _mapping, _rate: ())
    ]
    assert len(counts) == 2  # invoices, credit notes
    assert tuple(map(sum, zip(*counts, strict=True))) == (2_025, 1_476)


@needs_wholesaler
def test_c8_and_c13_the_plan_counts_what_needs_a_rule(tmp_path: Path) -> None:
    products = {"products: leave_out": "products: create"}
    with move(tmp_path / "project", "retail-csv", WHOLESALER, products) as moved:
        message = refusal(moved)
    assert "287 documents have no customer (and 270 more that are worth nothing)" in message
    assert "69 stock codes differ from another only in letter case" in message


@needs_wholesaler
def test_c10_the_plan_says_how_long_it_takes(planned: Plans) -> None:
    plain, kept, products = (planned(choice).header for choice in ("plain", "kept", "products"))
    assert kept.calls - plain.calls == 270
    assert kept.calls >= 4_870
    assert products.calls - kept.calls >= 3_051
    assert len(kept.windows) >= 2
    assert len(products.windows) == 4


@needs_wholesaler
def test_the_first_trading_days_tie_out(tmp_path: Path) -> None:
    (tmp_path / "data" / "by-day").mkdir(parents=True)
    for day in ("2010-12-01", "2011-01-04"):
        shutil.copy(WHOLESALER / "by-day" / f"{day}.csv", tmp_path / "data" / "by-day")
    changes = {**NAMED, "vat: none": "vat: add"}
    with move(tmp_path / "project", "retail-csv", tmp_path / "data", changes) as moved:
        assert tied_out(moved)["opening_control"] == "0.00"
