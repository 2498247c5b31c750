"""A mapping that uses one tax rate across the day on which its percentage changed is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from moves import move
from pack_moves import snapshot
from test_pack_retail_csv import NAMED, write_days

from sagerecon.documents.package import catalog
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Severity
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place
from sagerecon.rehearsal.books.tax import TAX_RATES
from sagerecon.validation.rate_periods import RatePeriods

PLACE = Place("mappings/sales.yaml", 5, 1)


def invoice(number: int, day: str, *rates: str | Reference) -> Draft:
    return Draft(
        kind="sales_invoice",
        key=f"sales/{number}",
        body={"date": date.fromisoformat(day), "invoice_lines": [{"tax_rate_id": rate} for rate in rates]},
        identity={},
        origins=(),
        place=PLACE,
        label=f"invoice {number}",
    )


def messages(*drafts: Draft, effective: tuple[str, ...] = ()) -> list[str]:
    periods = RatePeriods(catalog())
    for draft in drafts:
        periods.add(draft)
    days = {date.fromisoformat(day) for day in effective}
    found = list(periods.findings(lambda _mapping, _rate: days))
    assert all((f.code, f.severity, f.place) == (Code.RATE_CHANGES, Severity.WARNING, PLACE) for f in found)
    return [finding.message for finding in found]


BEFORE = [
    invoice(number, f"2010-12-0{number}", "GB_STANDARD", "GB_STANDARD", "GB_ZERO") for number in range(1, 6)
]
FIRST_DAY = invoice(8, "2011-01-04", Reference("tax_rate", NaturalKey("id", "GB_STANDARD")))
MESSAGE = (
    "mapping sales uses tax rate GB_STANDARD on both sides of 2011-01-04, when it changed "
    "from 17.50 % to 20.00 %: 5 documents before it (invoice 1 of 2010-12-01, invoice 2 of 2010-12-02, "
    "invoice 3 of 2010-12-03), and 1 document from it on (invoice 8 of 2011-01-04)."
)


def test_the_documents_on_both_sides_are_counted_once_each() -> None:
    assert messages(*BEFORE, FIRST_DAY) == [MESSAGE]


def test_one_side_alone_or_a_rate_that_never_changed_is_no_finding() -> None:
    assert messages(*BEFORE, invoice(7, "2011-01-03", "GB_STANDARD")) == []
    assert messages(FIRST_DAY, invoice(9, "2026-01-01", "GB_STANDARD")) == []
    assert messages(invoice(1, "2010-12-01", "GB_LOWER"), invoice(2, "2011-02-01", "GB_LOWER")) == []
    # 17.5 % before December 2008 and in 2010
    assert messages(invoice(1, "2008-11-30", "GB_STANDARD"), invoice(2, "2010-01-01", "GB_STANDARD")) == []


def test_each_change_is_named_by_itself() -> None:
    days = ["2008-11-30", "2008-12-01", "2009-12-31", "2010-01-01", "2011-01-04"]
    drafts = [invoice(number, day, "GB_STANDARD") for number, day in enumerate(days)]
    assert [message[message.index("both") : message.index(":")] for message in messages(*drafts)] == [
        "both sides of 2008-12-01, when it changed from 17.50 % to 15.00 %",
        "both sides of 2010-01-01, when it changed from 15.00 % to 17.50 %",
        "both sides of 2011-01-04, when it changed from 17.50 % to 20.00 %",
    ]
    counts = [message.partition(": ")[2] for message in messages(*drafts)]
    assert "1 document before it" in counts[0] and "4 documents from it on" in counts[0]
    assert "4 documents before it" in counts[2] and "1 document from it on" in counts[2]


def test_a_crosswalk_that_changes_on_that_day_is_the_way_out() -> None:
    assert messages(*BEFORE, FIRST_DAY, effective=("2011-01-04",)) == []
    assert messages(*BEFORE, FIRST_DAY, effective=("2011-01-01",)) == [MESSAGE]


def test_the_days_of_a_crosswalk_are_those_on_which_its_rows_change() -> None:
    table, faults = read_crosswalk(
        "tax",
        "source,target,valid_from,valid_to\nS,OLD,,2011-01-03\nS,NEW,2011-01-04,2012-06-30\nZ,ZERO,,\n",
        "tax.csv",
    )
    assert not faults
    found = {target: [str(day) for day in table.effective_days(target)] for target in ("OLD", "NEW", "ZERO")}
    assert found == {"OLD": ["2011-01-04"], "NEW": ["2011-01-04", "2012-07-01"], "ZERO": []}


def test_the_catalog_has_the_percentages_of_the_rehearsal() -> None:
    every = {id: rate.steps for rates in TAX_RATES.values() for id, rate in rates.items()}
    changed = {id: steps for id, steps in every.items() if len({percentage for _, percentage in steps}) > 1}
    found = {
        id: tuple((str(day), percentage) for day, percentage in steps)
        for id, steps in catalog()["tax_rate"].percentages.items()
    }
    assert found == changed


def test_a_snapshot_shows_the_warning_until_the_crosswalk_has_dates(tmp_path: Path) -> None:
    data = write_days(tmp_path / "data")
    with move(tmp_path / "project", "retail-csv", data, {**NAMED, "vat: none": "vat: add"}) as moved:
        crosswalk = moved.folder / "crosswalks" / "tax_codes.csv"
        assert Code.RATE_CHANGES not in [finding.code for finding in snapshot(moved).findings]
        crosswalk.write_text("source,target\nnone,GB_NO_TAX\nUnited Kingdom,GB_STANDARD\n*,GB_ZERO\n")
        for name in ("sales_invoices", "sales_credit_notes"):
            path = moved.folder / "mappings" / f"{name}.yaml"
            path.write_text(
                path.read_text().replace("{crosswalk: tax_codes, at: date}", "{crosswalk: tax_codes}")
            )
        (found,) = (f for f in snapshot(moved).findings if f.code is Code.RATE_CHANGES)
    assert str(found).startswith(
        "mappings/sales_invoices.yaml:6:1: mapping sales_invoices uses tax rate GB_STANDARD"
    )
    assert "2 documents before it (invoice 100 of 2010-12-31, invoice 102 of 2010-12-31)" in found.message
    assert "1 document from it on (invoice 105 of 2011-01-04)" in found.message
    assert "{crosswalk: tax_codes, at: date}" in found.hint
