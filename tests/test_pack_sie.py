"""Move a general ledger from SIE files: stories C16 to C18 and F2 to F5."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from moves import SHARED, Move, move
from pack_moves import snapshot, tied_out

from sagerecon.commands import plans
from sagerecon.commands.preparation import Prepared
from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.model.errors import SourceError, ValidationError
from sagerecon.model.finding import Severity

EXPORTS = SHARED / "data" / "sie-exports"

needs_exports = pytest.mark.skipif(
    not EXPORTS.exists(), reason="the SIE files lie in ../shared/data, which is absent"
)

LEDGER = """\
#FLAGGA 0
#FORMAT PC8
#SIETYP 4
#FNAMN "Sjö och Ås AB"
#RAR 0 20260101 20261231
#RAR -1 20250101 20251231
#DIM 1 "Kostnadsställe"
#OBJEKT 1 "10" "Göteborg"
#OBJEKT 7 "A" "Anställd"
#KONTO 1930 "Företagskonto"
#KONTO 1510 "Kundfordringar"
#KONTO 2081 "Aktiekapital"
#KONTO 2098 "Vinst föregående år"
#KONTO 3010 "Försäljning"
#KONTO 5010 "Lokalhyra"
#KONTO 6110 "Kontorsmateriel"
#IB 0 1930 1000.00
#IB 0 2081 -1000.00
#UB 0 1930 1120.50
#UB 0 1510 79.50
#UB 0 2081 -1000.00
#RES 0 3010 -300.00
#RES 0 5010 100.00
#VER A 1 20260110 "Faktura"
{
#TRANS 1510 {} 300.00
#TRANS 3010 {1 "10"} -300.00
}
#VER A 2 20260120 "Inbetalning"
{
#TRANS 1930 {} 220.50
#TRANS 1510 {} -220.50
}
#VER B 1 20260131 "Hyra"
{
#TRANS 5010 {} 100.00
#TRANS 1930 {} -100.00
}
#VER B 1 20260228 "Makulerad"
{
#TRANS 5010 {} 0.00
}
"""

YEAR: Mapping[str, str] = {}
BALANCES = {"route: history": "route: balances", "2025-12-31        #": "2026-12-31        #"}


@contextmanager
def small(folder: Path, text: str = LEDGER, changes: Mapping[str, str] = YEAR) -> Iterator[Move]:
    """Yield the move of a small ledger, written in code page 437."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "ledger.se").write_bytes(text.encode("cp437"))
    with move(folder / "project", "sie", folder / "data", changes) as opened:
        yield opened


@contextmanager
def exported(folder: Path, name: str, changes: Mapping[str, str] = {}) -> Iterator[Move]:
    """Yield the move of an export whose accounts all have a row in the crosswalk."""
    (folder / "data").mkdir(parents=True)
    shutil.copy(EXPORTS / name, folder / "data" / name)
    text = (EXPORTS / name).read_bytes().decode("cp437")
    start, end = (date.fromisoformat(day) for day in re.findall(r"#RAR\s+0\s+(\d{8})\s+(\d{8})", text)[0])
    begins = end if "route: history" in changes else start - timedelta(1)
    dates = {"2025-12-31        #": f"{begins}        #", "as_at: 2026-12-31": f"as_at: {end}"}
    with move(folder / "project", "sie", folder / "data", {**dates, **changes}) as opened:
        path = opened.folder / "crosswalks" / "accounts.csv"
        known = path.read_text()
        named = sorted(set(re.findall(r"#(?:KONTO|IB\s+0|UB\s+0|RES\s+0)\s+(\d+)", text)))
        path.write_text(known + "".join(f"{code},1{code},\n" for code in named if f"\n{code}," not in known))
        yield opened


def refusal(moved: Move) -> str:
    with pytest.raises(ValidationError) as refused:
        plans.plan(moved.project, moved.clock)
    return "\n".join(str(f) for f in refused.value.findings if f.severity is Severity.ERROR)


def assert_tied_out(moved: Move) -> None:
    assert tied_out(moved).keys() == {"trial_balance", "bank", "opening_control"}


def warnings(prepared: Prepared) -> list[str]:
    """Return the findings that are more than information, but for records that a file may lack."""
    texts = [str(found) for found in prepared.findings if found.severity is not Severity.INFO]
    return [text for text in texts if not text.endswith("records.")]


def test_vouchers_become_journals_and_balances_tie_out(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        prepared = snapshot(moved)
        assert warnings(prepared) == []
        labels = {o.key: o.label for o in prepared.outcomes if isinstance(o, Draft)}
        assert labels["ledger_accounts/5010"] == "account 5010 Lokalhyra"
        assert labels["journals/B|1|2026-01-31"] == "voucher B 1 2026-01-31 Hyra"
        assert labels["analysis_categories/1|10"] == "object 1 10 Göteborg"
        left_out = {o.key: o.rule for o in prepared.outcomes if isinstance(o, LeftOut)}
        assert left_out == {
            "ledger_accounts/2098": "unused",
            "ledger_accounts/6110": "unused",
            "journals/B|1|2026-02-28": "empty",
            "analysis_categories/7|A": "no_type",
        }
        assert_tied_out(moved)


def test_the_closing_balances_alone_tie_out(tmp_path: Path) -> None:
    with small(tmp_path, changes=BALANCES) as moved:
        kinds = {o.kind for o in snapshot(moved).outcomes if isinstance(o, Draft)}
        assert "journal" not in kinds
        assert_tied_out(moved)


def test_a_result_that_was_not_carried_needs_its_account(tmp_path: Path) -> None:
    text = LEDGER.replace("#IB 0 2081 -1000.00", "#IB 0 2081 -900.00\n#RES -1 3010 -100.00")
    text = text.replace("#UB 0 2081 -1000.00", "#UB 0 2081 -900.00")
    with small(tmp_path / "unnamed", text) as moved:
        messages = "\n".join(map(str, snapshot(moved).findings))
        assert "out by 100.00, which is the result of last year: the source has not carried it" in messages
        assert "parameters.result_account" in refusal(moved)
    with small(tmp_path / "named", text, {"result_account: null": "result_account: '2098'"}) as moved:
        # the account is used by the adjusting entry alone, so the file need not have a balance of it
        (journal,) = (
            o
            for o in snapshot(moved).outcomes
            if isinstance(o, Draft) and o.kind == "opening_balance_journal"
        )
        lines = journal.body["journal_lines"]
        assert isinstance(lines, list | tuple)
        assert [(line["details"], str(line["credit"])) for line in lines] == [  # type: ignore[index,call-overload]
            ("2081", "900.00"),
            ("2098", "100.00"),
        ]
        assert_tied_out(moved)


def test_a_voucher_out_of_balance_is_named_with_the_account(tmp_path: Path) -> None:
    with small(tmp_path, LEDGER.replace("#TRANS 1930 {} 220.50", "#TRANS 1930 {} 210.50")) as moved:
        refused = [o.key for o in snapshot(moved).outcomes if isinstance(o, Quarantined)]
        assert refused == ["journals/A|2|2026-01-20"]
        message = refusal(moved)
        assert "voucher A 2 is off by -10.00" in message
        assert "10.00 less than as the file states it" in message and "in 1930 (10.00)" in message


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("#RES 0 3010 -300.00", "#RES 0 3010 -200.00", "should be zero and is 100.00"),
        ("20260101 20261231", "20260701 20270630", "the year of the file is 2026-07-01 to 2027-06-30"),
        ("#VER", "#XVER", "the file has no vouchers"),
    ],
)
def test_what_does_not_fit_stops_the_plan(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = LEDGER.replace(before, after)
    if after == "#XVER":
        text = text[: text.index("#XVER")]
    with small(tmp_path, text) as moved:
        snapshot(moved)
        assert message in refusal(moved)


def test_c16_an_account_with_a_balance_needs_a_rule_and_an_unused_one_does_not(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        path = moved.folder / "crosswalks" / "accounts.csv"
        rows = [row for row in path.read_text().splitlines() if not row.startswith(("5010,", "6110,"))]
        path.write_text("\n".join(rows) + "\n")
        snapshot(moved)
        message = refusal(moved)
    assert "5010" in message and "Lokalhyra" in message and "100.00" in message
    assert "6110" not in message


@needs_exports
@pytest.mark.parametrize(
    "name", ["bl_administration", "norstedts_bokslut", "mamut", "briljant", "edison", "magenta"]
)
def test_f5_a_clean_file_is_called_clean(tmp_path: Path, name: str) -> None:
    with exported(tmp_path, f"{name}_typ4.se") as moved:
        assert warnings(snapshot(moved)) == []
        assert_tied_out(moved)


@needs_exports
def test_f2_a_result_that_was_not_carried_is_in_the_source(tmp_path: Path) -> None:
    with exported(tmp_path / "unnamed", "avendo_typ4.se") as moved:
        found = "\n".join(map(str, snapshot(moved).findings))
        assert "out by 1151678.15, which is the result of last year: the source has not carried it" in found
        assert "the opening trial balance" in refusal(moved)
    with exported(
        tmp_path / "named", "avendo_typ4.se", {"result_account: null": "result_account: '2098'"}
    ) as moved:
        assert_tied_out(moved)


@needs_exports
def test_f3_one_bad_voucher_is_found(tmp_path: Path) -> None:
    changes = {"result_account: null": "result_account: '2098'"}
    with exported(tmp_path, "avendo_typ4_bad_balance.se", changes) as moved:
        journals = [o for o in snapshot(moved).outcomes if o.kind == "journal"]
        assert [type(o) for o in journals].count(Draft) == 162
        assert len(journals) == 163
        message = refusal(moved)
        assert message.count("voucher B 1 is off by -12771.00") == 1
        assert "in 1910 (12,771.00)" in message


@needs_exports
def test_f4_a_small_imbalance_is_not_rounded_away(tmp_path: Path) -> None:
    with exported(
        tmp_path / "b", "briljant_typ3_off_by_100.se", {"route: history": "route: balances"}
    ) as moved:
        snapshot(moved)
        assert "should be zero and is 100.00" in refusal(moved)
    with exported(tmp_path / "s", "softone_business_typ4_incomplete.se") as moved:
        snapshot(moved)
        message = refusal(moved)
        assert "should be zero and is -33,125.72" in message
        assert "2440 (-60,000.00), 2640 (12,000.00), 4010 (48,000.00) and FEL (-33,125.72)" in message


@needs_exports
def test_c17_a_web_page_is_no_sie_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(EXPORTS / "error_page_not_sie.se", tmp_path / "data")
    with move(tmp_path / "project", "sie", tmp_path / "data") as moved, pytest.raises(SourceError) as refused:
        snapshot(moved)
    assert "the file is a web page, not SIE" in str(refused.value)
    assert refused.value.exit_code == 2


@needs_exports
def test_c18_letters_survive_and_lost_ones_are_reported(tmp_path: Path) -> None:
    with exported(tmp_path / "pc8", "norstedts_bokslut_typ4.se") as moved:
        assert any("Checkräkningskonto" in o.label for o in snapshot(moved).outcomes)
    with exported(tmp_path / "utf8", "visma_admin_typ4_utf8.se") as moved:
        assert any(
            "letters were lost before the file was written" in text for text in warnings(snapshot(moved))
        )


@needs_exports
def test_c16_the_common_accounts_have_a_rule(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(EXPORTS / "norstedts_bokslut_typ4.se", tmp_path / "data")
    dates = {"2025-12-31        #": "2009-06-30        #", "as_at: 2026-12-31": "as_at: 2010-06-30"}
    with move(tmp_path / "project", "sie", tmp_path / "data", dates) as moved:
        balances = snapshot(moved).expectations.balances or ()
        missing = {b.code: b.amount for b in balances if b.target == b.code}
        message = refusal(moved) if missing else ""
        assert all(code in message for code in missing)
        assert sum((b.amount for b in balances), Decimal()) == 0
