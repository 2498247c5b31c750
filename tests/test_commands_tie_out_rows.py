"""A tie-out whose dataset lacks a column is found by `check`; one whose rows lack a value is not taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from moves import Move, signed_in
from small_books import write_small_books

from sagerecon.commands import mappings, plans
from sagerecon.model.code import Code
from sagerecon.model.errors import MappingError, ValidationError
from sagerecon.reconciliation.tie_out import TieOutName

DEBTORS = "p.name, d.number AS document, d.date,\n             CASE d.type WHEN 'INVOICE' THEN d.amount"


def change(move: Move, before: str, now: str, file: str = "sources.yaml") -> None:
    path = move.folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, now, 1))


@pytest.mark.parametrize(
    ("file", "before", "now", "code", "message"),
    [
        (
            "sources.yaml",
            "AS contact",
            "AS who",
            Code.MISSING_COLUMN,
            "debtors needs the column 'contact' (text",
        ),
        ("sources.yaml", "p.name, d", "d", Code.MISSING_COLUMN, "debtors needs the column 'name' (text)"),
        ("sources.yaml", "d.date,", "", Code.MISSING_COLUMN, "debtors needs the column 'date' (date)"),
        (
            "sources.yaml",
            "d.date,",
            "d.date::TEXT AS date,",
            Code.WRONG_COLUMN,
            "the column 'date' of dataset 'debtors' as date; it is text",
        ),
        (
            "sources.yaml",
            "d.date,",
            "d.date, 'GBP' AS currency,",
            Code.MISSING_COLUMN,
            "debtors needs the column 'currency_amount' (decimal)",
        ),
        ("sagerecon.yaml", "dataset: debtors", "dataset: owed", Code.UNKNOWN_DATASET, "names dataset 'owed'"),
        (
            "sagerecon.yaml",
            "crosswalk: nominals",
            "crosswalk: charts",
            Code.UNKNOWN_CROSSWALK,
            "names crosswalk 'charts'",
        ),
        (
            "sagerecon.yaml",
            "  creditors:",
            "  tax: {dataset: balances, crosswalk: nominals}\n  creditors:",
            Code.MISSING_COLUMN,
            "tax needs the column 'ledger' (text)",
        ),
    ],
)
def test_check_names_what_the_dataset_of_a_tie_out_lacks(
    tmp_path: Path, file: str, before: str, now: str, code: Code, message: str
) -> None:
    with signed_in(write_small_books(tmp_path)) as move:
        change(move, before, now, file)
        with pytest.raises(MappingError) as refused:
            mappings.check(move.project)
    finding = refused.value.findings[0]
    assert (finding.code, finding.place.file) == (code, "sagerecon.yaml")
    assert finding.place.line > 0 and message in finding.message


@pytest.mark.parametrize(
    "value", ["NULL::DECIMAL(18, 2)", "CASE d.number WHEN 'I1' THEN NULL ELSE d.amount END"]
)
def test_a_tie_out_is_not_taken_where_a_row_has_no_amount(tmp_path: Path, value: str) -> None:
    with signed_in(write_small_books(tmp_path)) as move:
        move.load()
        assert not move.reconcile().reconciliation.not_taken
        change(move, DEBTORS, DEBTORS.replace("THEN d.amount", f"THEN {value}"))
        found = move.reconcile().reconciliation
        with pytest.raises(ValidationError) as refused:
            plans.plan(move.project, move.clock)
    (missing,) = found.not_taken
    assert missing.name is TieOutName.DEBTORS and "needs 'amount' in each row" in missing.why
    assert TieOutName.DEBTORS not in {tie.name for tie in found.tie_outs}
    assert not found.ties_out
    assert Code.MISSING_VALUE in {finding.code for finding in refused.value.findings}
