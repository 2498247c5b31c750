"""What a pattern matches: files in the folder, whatever links, pipes and devices somebody prepared there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sagerecon.files.found import files_found
from sagerecon.files.patterns import matching_paths, pattern_fault
from sagerecon.model.code import Code
from sagerecon.model.limits import Limit
from sagerecon.model.place import Place

PLACE = Place("sources.yaml", 4, 11)
SMALL = Limit(10, "bytes", "a test")


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a,b\n")
    return folder


def found(folder: Path, pattern: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in matching_paths(folder, pattern, [folder])]


def faults(folder: Path, pattern: str, *more: Path) -> list[tuple[Code, str]]:
    findings = files_found(folder, pattern, PLACE, [folder, *more], SMALL)[1]
    assert all(finding.place == PLACE for finding in findings)
    return [(Code(finding.code), finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.csv", ["a.csv", "b.csv"]),
        ("./a.csv", ["a.csv"]),
        ("[ab].csv", ["a.csv", "b.csv"]),
        ("?.csv", ["a.csv", "b.csv"]),
        ("*/*.csv", ["x/c.csv", "y/d.csv"]),
        ("**/*.csv", ["a.csv", "b.csv", "x/c.csv", "x/z/e.csv", "y/d.csv"]),
        ("**/**/c.csv", ["x/c.csv"]),
        ("x/**", ["x/c.csv", "x/z/e.csv"]),
        ("x//c.csv", ["x/c.csv"]),
        ("A.csv", []),
        ("a.csv/*", []),
        ("none/*.csv", []),
    ],
)
def test_matches_are_in_the_order_of_their_names(tmp_path: Path, pattern: str, names: list[str]) -> None:
    make(tmp_path, "b.csv", "a.csv", "c.txt", "x/c.csv", "y/d.csv", "x/z/e.csv")
    assert found(tmp_path, pattern) == names


@pytest.mark.parametrize(
    "pattern",
    ["", " ", ".", "a\0b", "/etc/passwd", "**foo", "a**", "../x", "a/../../x", "a\\b", "a/" * 60 + "b"],
)
def test_what_is_no_pattern_is_a_finding(tmp_path: Path, pattern: str) -> None:
    assert pattern_fault(pattern)
    assert [code for code, _ in faults(tmp_path, pattern)] == [Code.NOT_A_PATTERN]


def test_whatever_is_no_file_is_a_finding(tmp_path: Path) -> None:
    make(tmp_path, "a.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.csv"))
        (tmp_path / "self.csv").symlink_to(tmp_path / "self.csv")
        (tmp_path / "large.csv").write_text("more than that")
        (tmp_path / "folder.csv").mkdir()
        assert faults(tmp_path, "*.csv", Path("/dev")) == [
            (Code.FILE_TOO_LARGE, "large.csv, which is named here, is not read: it has 14 bytes; a test may"
             " have at most 10 bytes."),
            (Code.UNREADABLE, "pipe.csv, which is named here, cannot be read: it is a pipe, not a file."),
            (Code.UNREADABLE, "s.csv, which is named here, cannot be read: it is a socket, not a file."),
            (Code.UNREADABLE, "self.csv, which is named here, cannot be read: its links lead in a circle, or"
             " its name holds a nul."),
            (Code.UNREADABLE, "zero.csv, which is named here, cannot be read: it is a device, not a file."),
        ]  # fmt: skip
    assert faults(tmp_path, "folder.csv") == [
        (Code.UNREADABLE, "folder.csv, which is named here, cannot be read: it is a folder, not a file.")
    ]


def test_a_way_out_is_a_finding_and_is_not_followed(tmp_path: Path) -> None:
    data, outside = make(tmp_path / "data", "a.csv"), make(tmp_path / "outside", "b/secret.csv")
    (data / "link.csv").symlink_to(outside / "b/secret.csv")
    (data / "deep").symlink_to(outside)
    assert found(data, "deep/**/*.csv") == ["deep"]
    for pattern, name in (("*.csv", "link.csv"), ("deep/b/*", "deep"), ("*/b/*.csv", "deep")):
        ((code, message),) = faults(data, pattern)
        assert code is Code.OUTSIDE_FOLDER
        assert f"{name}, which is named here, is not read: it leads to {outside}" in message
        assert faults(data, pattern, outside) == []
    assert found(data, "**/*.csv") == ["a.csv", "link.csv"]


def test_a_name_that_is_not_utf_8_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.csv")).touch()
    assert [code for code, _ in faults(tmp_path, "*.csv")] == [Code.UNREADABLE]


def test_no_more_is_looked_at_than_the_limits_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a", "b", "x/c")
    monkeypatch.setattr("sagerecon.files.patterns.FILES_MATCHED", Limit(2, "files", "a pattern"))
    assert found(tmp_path, "[ab]") == ["a", "b"]
    with pytest.raises(OSError, match="a pattern may have at most 2 files"):
        matching_paths(tmp_path, "**/*", [tmp_path])
    monkeypatch.setattr("sagerecon.files.patterns.ENTRIES_SEEN", Limit(3, "entries", "a folder"))
    assert found(tmp_path, "a*") == ["a"]
    with pytest.raises(OSError, match="a folder may have at most 3 entries"):
        matching_paths(tmp_path, "**/none", [tmp_path])
