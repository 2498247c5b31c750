"""Files are written whole, for their owner alone, and never through a link that somebody prepared."""

import ast
import os
import stat
from pathlib import Path

import pytest

import sagerecon
from sagerecon.files.folders import make_private_folder
from sagerecon.files.own import RefusedFileError
from sagerecon.files.writing import append, open_own, replacing, write_bytes, write_first, write_text

PACKAGE = Path(sagerecon.__file__).parent


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file outside, to which prepared links lead."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("precious")
    return outside / "victim"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_for_its_owner_alone(folder: Path) -> None:
    os.umask(before := os.umask(0))
    os.umask(0)
    try:
        write_text(folder / "plan", ["a £\n", "b\n"])
        append(folder / "log", b"one\n")
        write_first(folder / "key", b"secret")
        make_private_folder(folder / "a" / "b")
    finally:
        os.umask(before)
    assert (folder / "plan").read_bytes() == "a £\nb\n".encode()
    assert [mode(folder / name) for name in ("plan", "log", "key")] == [0o600] * 3
    assert [mode(folder / "a"), mode(folder / "a" / "b")] == [0o700] * 2
    assert sorted(path.name for path in folder.iterdir()) == ["a", "key", "log", "plan"]


def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_is_left_alone(
    folder: Path, victim: Path
) -> None:
    (folder / "report.html").symlink_to(victim)
    write_bytes(folder / "report.html", b"ours")
    assert victim.read_text() == "precious"
    assert not (folder / "report.html").is_symlink()
    assert (folder / "report.html").read_bytes() == b"ours"


def test_names_that_can_be_foreseen_are_not_used(folder: Path, victim: Path) -> None:
    for ending in (".new", ".part", ".tmp", f".{os.getpid()}"):
        (folder / f"plan{ending}").symlink_to(victim)
        (folder / f".plan{ending}").symlink_to(victim)
    write_bytes(folder / "plan", b"ours")
    write_first(folder / "key", b"ours")
    assert victim.read_text() == "precious"


def test_an_error_leaves_the_old_file_and_nothing_beside_it(folder: Path) -> None:
    write_bytes(folder / "plan", b"old")
    with pytest.raises(ZeroDivisionError), replacing(folder / "plan") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert (folder / "plan").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["plan"]


def test_of_two_first_writers_the_first_wins(folder: Path) -> None:
    assert write_first(folder / "key", b"one")
    assert not write_first(folder / "key", b"two")
    assert (folder / "key").read_bytes() == b"one"
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_a_link_counts_as_written_by_another(folder: Path, victim: Path) -> None:
    (folder / "key").symlink_to(victim)
    assert not write_first(folder / "key", b"two")
    assert victim.read_text() == "precious"


def test_our_own_file_is_appended_to_and_nothing_else(folder: Path, victim: Path) -> None:
    append(folder / "log", b"one\n")
    append(folder / "log", b"two\n")
    assert (folder / "log").read_bytes() == b"one\ntwo\n"
    (folder / "link").symlink_to(victim)
    (folder / "hard").hardlink_to(victim)
    os.mkfifo(folder / "pipe")
    for name in ("link", "hard", "pipe"):
        with pytest.raises(OSError):
            append(folder / name, b"x")
    assert victim.read_text() == "precious"


def test_the_error_says_what_is_wrong(folder: Path, victim: Path) -> None:
    (folder / "hard").hardlink_to(victim)
    with pytest.raises(RefusedFileError, match="hard link"), open_own(folder / "hard", os.O_RDWR):
        pass
    os.mkfifo(folder / "pipe")
    with (
        pytest.raises(RefusedFileError, match="it is a pipe, not a file"),
        open_own(folder / "pipe", os.O_RDWR),
    ):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_file_is_not_changed(folder: Path) -> None:
    append(folder / "log", b"one\n")
    os.chown(folder / "log", 12345, 12345)
    with pytest.raises(RefusedFileError, match="another user"):
        append(folder / "log", b"two\n")


def test_a_folder_that_is_a_link_is_refused(folder: Path, victim: Path) -> None:
    (folder / "state").symlink_to(victim.parent)
    with pytest.raises(RefusedFileError, match="it is a link to"):
        make_private_folder(folder / "state")


def test_a_folder_behind_a_link_is_refused_within_a_foreign_folder_alone(folder: Path, victim: Path) -> None:
    (folder / "a").symlink_to(victim.parent)
    with pytest.raises(RefusedFileError, match="it is a link to"):
        make_private_folder(folder / "a" / "b", within=folder)
    assert not (victim.parent / "b").exists()
    make_private_folder(folder / "a" / "b")  # as on systems on which /tmp is a link
    assert (victim.parent / "b").is_dir()


def test_a_folder_that_exists_keeps_its_mode(folder: Path) -> None:
    folder.chmod(0o755)
    make_private_folder(folder)
    assert mode(folder) == 0o755


def test_a_file_in_the_place_of_a_folder_is_an_error(folder: Path) -> None:
    write_bytes(folder / "state", b"")
    with pytest.raises(FileExistsError):
        make_private_folder(folder / "state")


#: What makes or changes a file, and may be called in `sagerecon.files` alone.
WRITES = {"write_text", "write_bytes", "mkdir", "makedirs", "copytree", "copyfile", "copy2"}


def test_no_other_module_writes_a_file() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name == "files" or "_data" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            text = ast.unparse(node)
            opens = node.func.attr in ("open", "fdopen") and any(
                isinstance(part, ast.Constant) and part.value in ("w", "wb", "a", "ab", "w+b")
                for part in ast.walk(node)
            )
            creates = text.startswith("os.open(") and "O_CREAT" in text
            if opens or creates or node.func.attr in WRITES:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {text[:60]}")
    assert found == []
