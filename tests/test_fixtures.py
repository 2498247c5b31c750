"""The demo company's extracts: the same bytes each time, at one with the control totals."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest

HOME = Path(__file__).parent.parent / "fixtures" / "wholesaler"
EXTRACTS = HOME / "extracts"
TOTALS = json.loads((HOME / "control_totals.json").read_text("utf-8"))
FAULTS = TOTALS["faults"]


def rows(name: str, delimiter: str = ",", encoding: str = "cp1252") -> list[dict[str, str]]:
    with (EXTRACTS / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@pytest.fixture(scope="module")
def documents() -> list[dict[str, str]]:
    return rows("documents.csv")


@pytest.fixture(scope="module")
def lines() -> dict[str, list[dict[str, str]]]:
    found = defaultdict(list)
    for line in rows("document_lines.csv"):
        found[line["Number"]].append(line)
    return found


@pytest.fixture(scope="module")
def contacts() -> list[dict[str, str]]:
    return rows("contacts.csv", ";", "utf-8-sig")


def test_the_generator_makes_the_same_bytes_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", str(HOME / "make.py"), str(tmp_path)], check=True)
    names = [path.relative_to(tmp_path) for path in sorted(tmp_path.rglob("*.*"))]
    assert names == sorted(
        [Path("control_totals.json"), *(Path("extracts") / p.name for p in EXTRACTS.iterdir())]
    )
    assert [name for name in names if (tmp_path / name).read_bytes() != (HOME / name).read_bytes()] == []


def test_the_extracts_stay_small() -> None:
    assert sum(path.stat().st_size for path in EXTRACTS.iterdir()) < 2_000_000


def test_the_nominal_list_is_the_trial_balance_and_closes() -> None:
    nominal = rows("nominal.csv")
    assert {row["Nominal"]: amount(row["Balance"]) for row in nominal} == {
        code: Decimal(text) for code, text in TOTALS["trial_balance"].items()
    }
    for row in nominal:
        moved = amount(row["Opening"]) + amount(row["Debits"]) - amount(row["Credits"])
        assert moved == amount(row["Balance"]), row["Nominal"]
    assert sum(amount(row["Balance"]) for row in nominal) == 0
    assert sum(amount(row["Opening"]) for row in nominal) == 0


def test_each_line_bears_its_vat_rounded_half_up(
    documents: list[dict[str, str]], lines: dict[str, list[dict[str, str]]]
) -> None:
    cent = Decimal("0.01")
    for document in documents:
        own = lines[document["Number"]]
        for line in own:
            assert amount(line["Quantity"]) * amount(line["Price"]) == amount(line["Net"])
            exact = amount(line["Net"]) * amount(line["Rate"]) / 100
            assert exact.quantize(cent, ROUND_HALF_UP) == amount(line["VAT"])
        if own:
            assert sum(amount(line["Net"]) for line in own) == amount(document["Net"])
            assert sum(amount(line["VAT"]) for line in own) == amount(document["VAT"])
        assert amount(document["Net"]) + amount(document["VAT"]) == amount(document["Gross"])


def test_the_standard_rate_changes_with_the_tax_point(
    documents: list[dict[str, str]], lines: dict[str, list[dict[str, str]]]
) -> None:
    rates: Counter[str] = Counter()
    for document in documents:
        day = "/".join(reversed(document["Tax Point"].split("/")))
        for line in lines[document["Number"]]:
            expected = {"S": "20.0" if day >= "2011/01/04" else "17.5", "R": "5.0", "Z": "0.0"}
            assert line["Rate"] == expected[line["Tax Code"]]
            rates[line["Rate"]] += 1
    assert set(rates) == {"17.5", "20.0", "5.0", "0.0"}
    assert min(rates.values()) > 500


def _open_items(ledger: str) -> Iterator[tuple[str, Decimal]]:
    invoice, credit = f"{ledger}I", f"{ledger}C"
    for row in rows("documents.csv"):
        if row["Batch"] and row["Type"] in (invoice, credit):
            yield row["Account"], amount(row["Outstanding"]) * (-1 if row["Type"] == credit else 1)
    for item in json.loads((EXTRACTS / "opening.json").read_text("utf-8"))["items"]:
        if item["type"] in (invoice, credit):
            yield item["account"], Decimal(item["outstanding"]) * (-1 if item["type"] == credit else 1)
    for row in rows("payments.csv"):
        if row["Batch"] and row["Ledger"] == ledger:
            yield row["Account"], -amount(row["Unallocated"])


@pytest.mark.parametrize(
    ("ledger", "control", "side", "column"),
    [("S", "11000", "debtors", "Sales Balance"), ("P", "21000", "creditors", "Purchase Balance")],
)
def test_open_items_contacts_and_control_account_agree(
    ledger: str, control: str, side: str, column: str, contacts: list[dict[str, str]]
) -> None:
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for account, value in _open_items(ledger):
        owed[account] += value
    expected = {account: Decimal(text) for account, text in TOTALS[side].items()}
    assert {account: value for account, value in owed.items() if value} == expected
    cards = {row["Account"]: amount(row[column]) for row in contacts if amount(row[column])}
    assert cards == expected
    sign = 1 if ledger == "S" else -1
    assert sum(expected.values()) == sign * Decimal(TOTALS["trial_balance"][control])


def test_nothing_is_settled_beyond_its_amount(documents: list[dict[str, str]]) -> None:
    """Settlements of each document sum to its gross less what is outstanding."""
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows("payment_allocations.csv"):
        settled[row["Target"]] += amount(row["Amount"])
        if row["Source Type"] == "CRN":
            settled[row["Source"]] += amount(row["Amount"])
    for row in documents:
        if row["Batch"]:
            assert amount(row["Gross"]) - settled[row["Number"]] == amount(row["Outstanding"]) >= 0


def test_counts_are_those_of_the_control_totals(
    documents: list[dict[str, str]], contacts: list[dict[str, str]]
) -> None:
    counts = TOTALS["counts"]
    assert len(contacts) == counts["contact_rows"] == 900
    assert len(documents) == counts["documents"] == 3_000
    names = {
        "SI": "sales_invoices",
        "SC": "sales_credit_notes",
        "PI": "purchase_invoices",
        "PC": "purchase_credit_notes",
    }
    for kind, name in names.items():
        sound = [d for d in documents if d["Type"] == kind and d["Batch"] and amount(d["Gross"])]
        assert len(sound) == counts[name]
        assert sum(amount(d["Gross"]) for d in sound) == Decimal(TOTALS["sums"][name])


def test_names_are_awkward(contacts: list[dict[str, str]]) -> None:
    names = [row["Name"] for row in contacts]
    text = "\n".join(names)
    for letters in ("ŷ", "ŵ", "Ł", "ś", "ę", "'", "’", "&", '"', "  "):
        assert letters in text
    for head in ("=", "+", "-", "@"):
        assert any(name.startswith(head) for name in names)
    assert sum(name != name.strip() for name in names) >= 3
    assert sum(len(name) > 100 for name in names) == 1
    folded = Counter(name.casefold() for name in set(names))
    assert sum(count > 1 for count in folded.values()) == 2
    assert sum(row["Account"].startswith("00") for row in contacts) > 50
    assert sum(row["Type"] == "B" for row in contacts) == 12
    assert any(row["Postcode"] != row["Postcode"].upper() for row in contacts)


def test_the_planted_faults_are_there(
    documents: list[dict[str, str]], lines: dict[str, list[dict[str, str]]], contacts: list[dict[str, str]]
) -> None:
    by_number = {row["Number"]: row for row in documents}
    accounts = Counter(row["Account"] for row in contacts)
    orphans = [row["Number"] for row in documents if row["Account"] not in accounts]
    assert orphans == [FAULTS["missing_contact"]["document"]]
    assert [n for n in by_number if not lines[n]] == [FAULTS["without_lines"]["document"]]
    assert [account for account, count in accounts.items() if count > 1] == [FAULTS["duplicate_account"]]
    paid = [
        r["Source"]
        for r in rows("payment_allocations.csv")
        if r["Target"] == FAULTS["without_lines"]["document"]
    ]
    assert paid == [FAULTS["payment_of_it"]["payment"]]
    assert [n for n, row in by_number.items() if not amount(row["Gross"])] == FAULTS["worth_nothing"]
    refused = [row["Number"] for row in (*documents, *rows("payments.csv")) if not row["Batch"]]
    assert sorted(refused) == sorted([orphans[0], FAULTS["without_lines"]["document"], paid[0]])


def test_one_journal_is_out_of_balance() -> None:
    book = openpyxl.load_workbook(EXTRACTS / "journals.xlsx", read_only=True)
    residual: dict[str, Decimal] = defaultdict(Decimal)
    for number, _, _, _, debit, credit, *_ in list(book["Journals"].values)[1:]:
        residual[str(number)] += Decimal(str(debit)) - Decimal(str(credit))
    book.close()
    uneven = {number: value for number, value in residual.items() if value}
    assert uneven == {FAULTS["uneven_journal"]["journal"]: Decimal(FAULTS["uneven_journal"]["off_by"])}


def test_the_readme_names_each_planted_record() -> None:
    text = (HOME / "README.md").read_text("utf-8")
    for name in (
        FAULTS["missing_contact"]["document"],
        FAULTS["missing_contact"]["account"],
        FAULTS["without_lines"]["document"],
        FAULTS["payment_of_it"]["payment"],
        FAULTS["uneven_journal"]["journal"],
        FAULTS["duplicate_account"],
        *FAULTS["worth_nothing"],
    ):
        assert name in text
