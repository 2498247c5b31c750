"""Keys that differ only in what is hardly seen, and values changed on reading, up to the drafts."""

from pathlib import Path

import pytest
from source_cases import snapshot, table

from sagerecon.model.place import Place

TEXT = table("code: {type: text, required: true}\nn: {type: integer}")


def messages(tmp_path: Path, keys: list[str], key: list[str]) -> list[str]:
    data = "code,n\n" + "".join(f'"{code}",{number}\n' for number, code in enumerate(keys))
    with snapshot(tmp_path, TEXT, {"t.csv": data}) as opened:
        return [f"{found.severity.value} {found}" for found in opened.look_alike_keys("t", key)]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("A1", "A1 ", "blanks"),
        ("A 1", "A\u00a01", "blanks"),
        ("A1", "A1\u200b", "characters without width"),
        ("cafe\u0301", "caf\u00e9", "composed and decomposed letters"),
        ("abc", "aBc", "case"),
        ("I1", "\u01311", "letters that look alike"),
        ("A1", "\u04101", "letters that look alike"),
        ("A-1", "A\u20131", "letters that look alike"),
    ],
)
def test_keys_that_look_alike_are_a_warning(tmp_path: Path, one: str, other: str, reason: str) -> None:
    (found,) = messages(tmp_path, [one, "Z9", other], ["code"])
    assert found.startswith(f"warning t.csv:{2 if one < other else 4}: ")
    assert f"keys of dataset 't' differ in {reason} alone: " in found
    assert "(t.csv:2)" in found
    assert "(t.csv:4)" in found


def test_keys_that_differ_and_equal_keys_are_no_finding(tmp_path: Path) -> None:
    assert messages(tmp_path, ["A1", "A1", "A2", "1", "01", "Å1"], ["code"]) == []
    assert messages(tmp_path, ["A1", "a1"], ["n"]) == []
    assert messages(tmp_path, ["A1", "a1"], ["code", "n"]) == []


def test_changed_values_are_kept_in_the_snapshot_with_their_rows(tmp_path: Path) -> None:
    text = table(
        "code: {type: text, fill_down: true}\nn: {type: decimal, round: 2}", "path: t.csv\ncontrols: remove"
    )
    data = "code,n\nA\0,19.989999999999998\n,2.00\n"
    with snapshot(tmp_path, text, {"t.csv": data}) as opened:
        found = {(each.origin, each.change.field): each.change for each in opened.changes()}
        assert [str(each) for each in opened.facts.findings] == [
            "t.csv:2: code: 1 value changed by controls: remove: 'A\\x00' to 'A'.",
            "t.csv:2: n: 1 value changed by round: 2: '19.989999999999998' to '19.99'.",
            "t.csv:3: code: 1 value changed by fill_down: '' to 'A'.",
        ]
    rounded = found[Place("t.csv", 2), "t.n"]
    assert (rounded.before, rounded.after, rounded.rule) == ("19.989999999999998", "19.99", "round: 2")
    assert rounded.place.file == "sources.yaml"
    assert set(found) == {
        (Place("t.csv", 2), "t.code"),
        (Place("t.csv", 2), "t.n"),
        (Place("t.csv", 3), "t.code"),
    }


def test_changes_in_the_items_of_a_list_are_kept(tmp_path: Path) -> None:
    columns = "lines: {path: l, type: list, columns: {x: {type: decimal, round: 2}, y: {type: text}}}"
    data = '[{"l": [{"x": 1.005, "y": "a"}, {"x": 2, "y": "F\ufffdr"}]}]'
    with snapshot(tmp_path, table(columns, "path: t.json"), {"t.json": data}) as opened:
        (change,) = opened.changes()
        (row,) = opened.rows("t")
        assert (change.change.field, change.change.after) == ("t.lines.item 1, x", "1.01")
        assert [found.code for found in opened.facts.findings] == ["changed_on_reading", "letters_lost"]
    lines = row["lines"]
    assert isinstance(lines, list)
    assert [str(line["x"]) for line in lines] == ["1.01", "2.00"]
