"""Every message of the compiler: a small bad mapping in tests/error_gallery, with the messages beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from mapping_cases import ROOT, compile_texts, outcome

from sagerecon.model.draft import Quarantined

GALLERY = Path(__file__).parent / "error_gallery"
PIECES = sorted(GALLERY.glob("*.yaml"))

#: A code in the source of the compiler: `faults.add(Code.UNKNOWN_KIND, …)`.
_STATED = re.compile(r"(?:faults\.add|faults\.add_unknown|\._fault)\(\s*Code\.([A-Z_]+)")
_REFUSED = re.compile(r"RefusalError\(\s*Code\.([A-Z_]+)")

#: By code: a field of a contact, and a record that cannot fill it.
REFUSALS = {
    "too_long": ("notes: {from: name, do: [{max_length: 5}]}", '{"name": "Oakham"}'),
    "not_a_number": ("credit_limit: {from: name, do: [decimal]}", '{"name": "12,50"}'),
    "not_whole": ("credit_days: {from: name}", '{"name": "A7"}'),
    "not_a_date": ("opened: {from: name, do: [{date: '%d/%m/%Y'}]}", '{"name": "2017-03-31"}'),
    "ambiguous_date": (
        "opened: {from: name, do: [{date: ['%d/%m/%Y', '%m/%d/%Y']}]}",
        '{"name": "04/03/2017"}',
    ),
    "invalid_number": ("notes: {from: vat_no, do: [{valid: gb_vat}]}", '{"vat_no": "GB980780685"}'),
    "not_matched": ("notes: {from: name, do: [{matches: '[A-Z]{3}'}]}", '{"name": "Oak"}'),
    "not_in_enum": ("notes: {from: kind, do: [{enum: {T: trade, S: supply}}]}", '{"kind": "X"}'),
    "not_in_crosswalk": ("notes: {from: kind, do: [{crosswalk: types}]}", '{"kind": "X"}'),
    "division_by_zero": ("credit_limit: {expr: 'limit / 0'}", '{"limit": 5}'),
    "too_many_digits": ("credit_limit: {expr: 'limit * limit * limit'}", '{"limit": 12345678901234.55}'),
    "not_comparable": ("notes: {value: late, when: 'odd > 5'}", '{"odd": "6"}'),
    "wrong_field_type": ("is_active: {from: odd}", '{"odd": "yes"}'),
    "no_choice": (
        "notes: {choose: [{when: 'kind == \"T\"', value: trade}, {otherwise: quarantine}]}",
        '{"kind": "X"}',
    ),
    "no_reference": (
        "default_ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: name}}}",
        "{}",
    ),
    "too_many_items": (
        "notes: {pick: {each: people}, from: item.nm}",
        '{"people": [{"nm": "A"}, {"nm": "B"}]}',
    ),
    "not_a_list": ("credit_days: {expr: 'count(odd, item != null)'}", '{"odd": "text"}'),
    "wrong_input": ("notes: {from: odd, do: [trim]}", '{"odd": 5}'),
    "no_item": ("notes: {pick: {each: people, expect: exactly_one}, from: item.nm}", '{"people": []}'),
}

#: Codes that need several files, project settings or a rule; test_mapping_compiler has them.
_BY_SEVERAL = {"duplicate_mapping", "merged_into_another_kind", "kind_not_available", "field_not_available"}
_BY_RULE = {"quarantined_by_rule", "plugin_fails", "no_part", "check_failed", "no_identity"}

#: Codes of limits that take a large mapping; test_mapping_limits has them.
_BY_SIZE = {"too_many_items", "too_many_lets", "too_deep"}


def text_of(piece: Path) -> str:
    _, findings = compile_texts({piece.name: piece.read_text(encoding="utf-8")})
    return "".join(f"{finding.severity.value} {finding.code}\n  {finding}\n" for finding in findings)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.stem)
def test_the_messages_of_a_bad_mapping(piece: Path, golden: Callable[[str | Path, str], None]) -> None:
    text = text_of(piece)
    assert text, f"{piece.name} has no findings"
    golden(piece.with_suffix(".txt"), text)


def test_every_code_of_the_compiler_is_in_the_gallery() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "sagerecon/mapping").glob("*.py")]
    stated = {code.lower() for source in sources for code in _STATED.findall(source)}
    shown = {line.split()[1] for piece in PIECES for line in text_of(piece).splitlines() if line[0] != " "}
    assert len(stated) > 40
    assert stated - shown - _BY_SEVERAL - _BY_SIZE == set()


def test_every_fault_of_all_files_is_reported_in_one_pass() -> None:
    """Compile all files of the gallery together; each has its findings."""
    texts = {piece.name: piece.read_text(encoding="utf-8") for piece in PIECES}
    texts = {
        name: text.replace("mapping: customers\n", f"mapping: m{number}\n")
        for number, (name, text) in enumerate(texts.items())
    }
    _, findings = compile_texts(texts)
    assert {finding.place.file for finding in findings} >= set(texts)


@pytest.mark.parametrize("code", REFUSALS)
def test_the_code_of_a_refused_record(code: str) -> None:
    field, values = REFUSALS[code]
    made = outcome(f"fields:\n  {field}\n", values)
    assert isinstance(made, Quarantined)
    assert [finding.code for finding in made.findings] == [code]


def test_the_message_of_every_refusal(golden: Callable[[str | Path, str], None]) -> None:
    texts = []
    for field, values in REFUSALS.values():
        made = outcome(f"fields:\n  {field}\n", values)
        assert isinstance(made, Quarantined)
        texts += [f"{field}   {values}\n", *(f"  {finding}\n" for finding in made.findings)]
    golden(GALLERY / "records.txt", "".join(texts))


def test_every_refusal_is_shown() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "sagerecon/mapping").glob("*.py")]
    stated = {code.lower() for source in sources for code in _REFUSED.findall(source)}
    assert stated - set(REFUSALS) - _BY_RULE - _BY_SIZE == set()
