"""The report files: equal figures in HTML and JSON, self-contained, escaped, accessible."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from reconciliation_cases import contact, readings_of, small_company, with_opening_control
from report_cases import ACCEPTED, cover, decision, edited_company, facts, plan_of, reconciled, settled

from sagerecon.model.draft import Change
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.visible import visible
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.tie_out import TieOutName, TieOutNotTaken
from sagerecon.report.document import report_document
from sagerecon.report.facts import ReportFacts
from sagerecon.report.formatting import money
from sagerecon.report.pages import write_plan_report, write_reports
from sagerecon.report.reconciliation_document import reconciliation_document

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7*7 }}'\x1b\u202e\u2028\u200b"""
HOSTILE_SHOWN = visible(HOSTILE)
VOID = {"meta", "br"}


class Page(HTMLParser):
    """A parsed HTML page: its tags and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return "\n".join(self.texts) + "\n"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def write(folder: Path, given: ReportFacts | None = None) -> tuple[Page, str, dict[str, Any]]:
    html, document = write_reports(folder, given or facts())
    text = html.read_text(encoding="utf-8")
    return Page(text), text, json.loads(document.read_text(encoding="utf-8"))


def test_report_files_match_the_golden_files(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    page, _, _ = write(tmp_path)
    golden("report/report.json", (tmp_path / "report.json").read_text(encoding="utf-8"))
    golden("report/report.txt", page.text)


def test_plan_report_files_match_the_golden_files(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    html, document = write_plan_report(tmp_path, facts())
    golden("report/plan.json", document.read_text(encoding="utf-8"))
    golden("report/plan.txt", Page(html.read_text(encoding="utf-8")).text)


def test_a_report_with_accepted_differences_matches_the_golden_files(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    page, _, document = write(tmp_path, facts(settlement=settled()))
    found = document["reconciliation"]
    parts = {name: found[name] for name in ("verdict", "accepted", "decisions")}
    golden("report/accepted.json", json.dumps(parts, ensure_ascii=False, indent=1) + "\n")
    first, last = page.text.index("Migration to Sage"), page.text.index("3 Completeness\nEvery record")
    golden("report/accepted.txt", page.text[first:last])
    assert [amount for amount in sorted(set(amounts(found))) if money(amount) not in page.text] == []


def test_accepted_differences_add_up_with_all_others(tmp_path: Path) -> None:
    """Each record is in one class of the cover, and each amount in one decision."""
    _, _, document = write(tmp_path, facts(settlement=settled()))
    found = document["reconciliation"]
    verdict, accepted = found["verdict"], found["accepted"]
    assert sum(verdict["records"].values()) == verdict["all_records"] == 12
    assert verdict["records"]["accepted by decision"] == verdict["accepted"] == len(accepted) == 2
    _, _, before = write(tmp_path, facts())
    plain = before["reconciliation"]
    assert verdict["exceptions"] + len(accepted) == plain["verdict"]["exceptions"]
    assert sum(decision["accepted"] for decision in found["decisions"]) == len(accepted)
    totals = [
        Decimal(verdict["amount_accepted"]),
        sum(Decimal(record["amount_at_risk"]) for record in accepted),
        sum(Decimal(decision["amount_accepted"]) for decision in found["decisions"]),
        Decimal(plain["verdict"]["amount_at_risk"]) - Decimal(verdict["amount_at_risk"]),
    ]
    assert totals == [totals[0]] * 4 and totals[0] > 0
    for tie_out, other in zip(found["tie_outs"], plain["tie_outs"], strict=True):
        assert (tie_out["totals"], tie_out["ties_out"]) == (other["totals"], other["ties_out"])
    shown = [
        share["verdict"]
        for tie_out in found["tie_outs"]
        for line in tie_out["lines"]
        for share in line["records"]
    ]
    assert "edited in Sage, accepted by decision" in shown


def test_what_ties_out_with_accepted_differences_says_so_at_the_top(tmp_path: Path) -> None:
    company = small_company()
    company.edit("customers/C1", name="Oak Limited")
    found = with_opening_control(company.reconcile())
    assert not found.ties_out
    made = decision(Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, kind="contact", key="customers/C1")
    accepted = with_accepted(found, Settlement(by_record={("contact", "customers/C1"): made}), ())
    page, _, document = write(tmp_path, ReportFacts(cover(), reconciliation_document(accepted)))
    sentence = "Everything ties out with 1 accepted difference: 8 records verified, 1 tie-out agrees."
    assert sentence in page.texts[:12]
    assert document["reconciliation"]["verdict"]["ties_out"] is True
    for words in (
        "name: source Oak Ltd, Sage Oak Limited",
        "J. Reviewer, 3 April 2017",
        "its figures change",
    ):
        assert words in page.texts


def test_three_hundred_differences_of_one_decision_are_one_card(tmp_path: Path) -> None:
    found = with_accepted(reconciled(edited_company()), settled(), ())
    sample = next(verdict for verdict in found.verdicts if verdict.accepted is ACCEPTED)
    many = tuple(
        replace(sample, key=f"open_invoices/{number}", label=f"invoice {number}", at_risk=Decimal("1.00"))
        for number in range(300)
    )
    page, _, document = write(
        tmp_path, ReportFacts(cover(), reconciliation_document(replace(found, verdicts=many)))
    )
    assert len([a for a in page.all("li") if a.get("class") == "card"]) == 1
    assert "All 300 differences" in page.texts and "300.00 accepted" in page.texts
    assert all(f"invoice {number}" in page.texts for number in range(300))
    assert document["reconciliation"]["verdict"]["records"] == {"accepted by decision": 300}


def amounts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for child in node.values():
            yield from amounts(child)
    elif isinstance(node, list):
        for child in node:
            yield from amounts(child)
    elif isinstance(node, str) and re.fullmatch(r"-?\d+\.\d\d", node):
        yield node


def test_every_amount_of_the_json_is_on_the_page(tmp_path: Path) -> None:
    page, _, document = write(tmp_path)
    found = set(amounts(document["reconciliation"]))
    assert len(found) > 20
    assert [amount for amount in sorted(found) if money(amount) not in page.text] == []


def test_totals_of_the_page_are_the_sums_of_its_lines(tmp_path: Path) -> None:
    _, _, document = write(tmp_path)
    for tie in document["reconciliation"]["tie_outs"]:
        for figure in ("source", "adjustment", "expected", "sage", "difference"):
            assert sum(Decimal(line[figure]) for line in tie["lines"]) == Decimal(tie["totals"][figure])
    for line in document["reconciliation"]["completeness"]:
        parts = [value for name, value in line.items() if name not in ("kind", "mapping", "read")]
        assert sum(part["count"] for part in parts) == line["read"]["count"]
        assert sum(Decimal(part["amount"]) for part in parts) == Decimal(line["read"]["amount"])


def test_every_exception_has_reason_row_id_and_remedy(tmp_path: Path) -> None:
    page, _, document = write(tmp_path)
    for record in document["reconciliation"]["exceptions"]:
        assert record["reason"] and record["remedy"]
        for word in (record["label"], record["reason"], record["remedy"], *record["source_rows"]):
            assert word in page.text
        assert not record["sage_id"] or record["sage_id"] in page.text


def test_the_verdict_is_at_the_top_in_one_sentence(tmp_path: Path) -> None:
    page, _, _ = write(tmp_path)
    assert "Needs review: 4 exceptions, 4 of 4 tie-outs with differences." in page.texts[:12]
    clean = ReportFacts(cover(), reconciliation_document(with_opening_control(small_company().reconcile())))
    page, _, document = write(tmp_path, clean)
    assert document["reconciliation"]["verdict"]["ties_out"] is True
    assert "Everything ties out: 9 records verified, 1 tie-out agrees." in page.texts


def test_what_was_not_read_and_not_taken_is_named_on_the_page_and_in_the_json(tmp_path: Path) -> None:
    why = "contacts cannot be read: Sage gave no usable answer."
    found = small_company().reconcile(
        readings=readings_of(("ledger_account", "opening_balance_journal"), contact=why)
    )
    name = TieOutName.DEBTORS
    given = ReportFacts(
        cover(), reconciliation_document(found.with_tie_outs((), [TieOutNotTaken(name, why)]))
    )
    page, _, document = write(tmp_path, given)
    reconciliation = document["reconciliation"]
    assert reconciliation["verdict"]["ties_out"] is False
    assert reconciliation["tie_outs_not_taken"] == [
        {"name": "debtors", "title": "Debtors per customer", "reason": why}
    ]
    (reading,) = [r for r in reconciliation["coverage"]["readings"] if not r["whole"]]
    assert (reading["kind"], reading["reason"]) == ("contact", why)
    assert "Needs review: 8 exceptions, 1 tie-out not taken, Sage was not read completely." in page.text
    assert f"Not read: {why}" in page.text and f"Debtors per customer: {why}" in page.text


def hostile_facts() -> ReportFacts:
    company = edited_company()
    company.drafts[1] = contact("C2", HOSTILE)
    bad = Change(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Place(HOSTILE, 1))
    company.outcomes = [replace(company.drafts[1], changes=(bad,)), *company.outcomes[2:]]
    company.edit("customers/C2", name="x", displayed_as=HOSTILE)
    company.edit("open_invoices/1002", displayed_as=HOSTILE)
    plan = plan_of(company)
    finding = Finding(HOSTILE, Place(HOSTILE), HOSTILE, HOSTILE)
    return ReportFacts(
        cover(HOSTILE), reconciliation_document(reconciled(company)), plan, facts().run, (finding,)
    )


@pytest.mark.parametrize("writer", [write_reports, write_plan_report])
def test_data_never_becomes_markup(tmp_path: Path, writer: Callable[[Path, ReportFacts], list[Path]]) -> None:
    given = hostile_facts()
    text = writer(tmp_path, given)[0].read_text(encoding="utf-8")
    page = Page(text)
    assert HOSTILE_SHOWN in page.text
    assert not re.search("[\x1b\u202e\u2028\u200b]", text)
    assert not {"script", "img", "iframe", "object", "form", "input"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in page.text


@pytest.mark.parametrize("writer", [write_reports, write_plan_report])
def test_a_page_is_self_contained(tmp_path: Path, writer: Callable[[Path, ReportFacts], list[Path]]) -> None:
    text = writer(tmp_path, facts())[0].read_text(encoding="utf-8")
    page = Page(text)
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert not page.all("link") and not page.all("script")
    assert all((attributes["href"] or "").startswith("#") for attributes in page.all("a"))
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#hatch"}
    assert "@import" not in text and "http://" not in text and "https://" not in text


@pytest.mark.parametrize("writer", [write_reports, write_plan_report])
def test_a_page_is_accessible(tmp_path: Path, writer: Callable[[Path, ReportFacts], list[Path]]) -> None:
    page = Page(writer(tmp_path, facts())[0].read_text(encoding="utf-8"))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    ids = Counter(attributes["id"] for _, attributes in page.tags if attributes.get("id"))
    assert set(ids.values()) == {1}
    targets = {(attributes["href"] or "")[1:] for attributes in page.all("a")}
    assert targets <= set(ids) and "content" in targets
    labels = {attributes.get("aria-labelledby") for attributes in page.all("section")}
    assert labels <= set(ids)
    assert all("aria-label" in s or "aria-hidden" in s or s.get("class") == "key" for s in page.all("svg"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def luminance(colour: str) -> Decimal:
    parts = [Decimal(int(colour[start : start + 2], 16)) / 255 for start in (1, 3, 5)]
    linear = [
        part / Decimal("12.92") if part <= Decimal("0.04045")
        else ((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
        for part in parts
    ]  # fmt: skip
    weights = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
    return sum((weight * part for weight, part in zip(weights, linear, strict=True)), Decimal())


def test_text_has_sufficient_contrast(tmp_path: Path) -> None:
    _, text, _ = write(tmp_path)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", text))
    for ink in ("ink", "soft", "accent"):
        for paper in ("#ffffff", colours["wash"]):
            lighter, darker = luminance(paper), luminance(colours[ink])
            assert (lighter + Decimal("0.05")) / (darker + Decimal("0.05")) >= Decimal("4.5"), (ink, paper)


def test_amounts_have_a_minus_sign_and_separators() -> None:
    assert money("-1234.5") == "\u22121,234.50"
    line = next(iter(report_document(facts())["reconciliation"]["tie_outs"][0]["lines"]))
    assert line["difference"] == "-312.00"


def test_negative_amounts_and_dates_are_unambiguous(tmp_path: Path) -> None:
    page, text, _ = write(tmp_path)
    assert "\u2212312.00" in text and "less in Sage" in page.texts and "credit" in page.texts
    assert not re.search(r">-\d", text)
    assert "From QuickBooks Online, cut-over 31 March 2017. Reported on 4 April 2017." in page.texts
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", page.text)


def test_five_thousand_exceptions_fit_on_the_page(tmp_path: Path) -> None:
    found = reconciled(edited_company())
    sample = found.open_verdicts[0]
    many = tuple(
        replace(sample, key=f"open_invoices/{number}", reason=f"Reason {'x' * (number % 90)}.")
        for number in range(5_000)
    )
    page, text, document = write(
        tmp_path, ReportFacts(cover(), reconciliation_document(replace(found, verdicts=many)))
    )
    assert len(document["reconciliation"]["exceptions"]) == 5_000
    assert len([a for a in page.all("li") if a.get("class") == "card"]) == 40
    assert len(text) < 2_500_000


def test_like_exceptions_are_one_card_that_counts_and_lists_them(tmp_path: Path) -> None:
    found = reconciled(edited_company())
    sample = found.open_verdicts[0]
    many = tuple(
        replace(sample, key=f"invoices/{number}", label=f"invoice {number}", at_risk=Decimal("1.50"))
        for number in range(1_000)
    )
    page, text, document = write(
        tmp_path, ReportFacts(cover(), reconciliation_document(replace(found, verdicts=many)))
    )
    assert len([a for a in page.all("li") if a.get("class") == "card"]) == 1
    (summary,) = (text for text in page.texts if text.startswith("and 999 more like it: "))
    first, *others = (record["label"] for record in document["reconciliation"]["exceptions"])
    assert (
        summary
        == f"and 999 more like it: {others[0]}, {others[1]}, {others[2]}, …; 1,500.00 at risk in total"
    )
    assert all(label in page.texts for label in others) and f"{first}: " in text


def test_a_page_lists_five_thousand_of_many_exceptions_and_the_json_has_all(tmp_path: Path) -> None:
    found = reconciled(edited_company())
    sample = found.open_verdicts[0]
    reasons = ["Edited.", "Gone.", *(f"Reason {'x' * number}." for number in range(100))]
    many = tuple(
        replace(sample, key=f"i/{number}", reason=reasons[number if number < len(reasons) else number % 2])
        for number in range(12_000)
    )
    page, text, document = write(
        tmp_path, ReportFacts(cover(), reconciliation_document(replace(found, verdicts=many)))
    )
    assert len(document["reconciliation"]["exceptions"]) == 12_000
    assert "12,000 records, sorted by amount at risk." in page.texts
    assert len([a for a in page.all("li") if a.get("class") == "card"]) == 40
    hidden = [text for text in page.texts if text.endswith("are shown here; report.json has all.")]
    assert len(hidden) == 2 and len(text) < 4_000_000
    shown = [int(text.split(" of ")[0].replace(",", "")) for text in hidden]
    assert 4_900 < sum(shown) <= 5_000 and "62 more records" in page.texts


def test_a_report_without_a_reconciliation_says_how_to_get_one(tmp_path: Path) -> None:
    page, _, document = write(tmp_path, ReportFacts(cover()))
    assert document["reconciliation"] is None
    assert "Not reconciled yet. Run: sagerecon reconcile" in page.texts


def test_a_folder_that_cannot_be_written_is_an_error_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ProjectError, match="cannot be written"):
        write_reports(tmp_path / "file", facts())
