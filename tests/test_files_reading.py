"""Files are read if they are regular, not too large, and inside the folders in which they may lie."""

import os
from pathlib import Path

import pytest

from sagerecon.files.own import OutsideError, TooLargeError
from sagerecon.files.reading import open_bounded, read_bounded, require_within
from sagerecon.model import limits
from sagerecon.model.limits import Limit

SMALL = Limit(4, "bytes", "a test")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"four")
    assert read_bounded(tmp_path / "file", SMALL) == b"four"


def test_a_larger_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"fives")
    with pytest.raises(TooLargeError, match="it has 5 bytes; a test may have at most 4 bytes"):
        read_bounded(tmp_path / "file", SMALL)


def test_a_file_whose_size_the_system_does_not_tell_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="more than 4 bytes"):
        read_bounded(Path("/proc/self/environ"), SMALL)


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, sort in (
        (tmp_path / "pipe", "a pipe"),
        (Path("/dev/zero"), "a device"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(OSError, match=sort), open_bounded(path, SMALL):
            pass


def test_a_path_may_lead_within_any_of_the_folders(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "file").write_text("")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "more" / "file")
    folders = [tmp_path / "data", tmp_path / "more"]
    assert require_within(tmp_path / "data" / "link", folders) == tmp_path / "more" / "file"
    with pytest.raises(OutsideError, match="it leads to"):
        require_within(tmp_path / "data" / "link", folders[:1])
    with pytest.raises(OutsideError):
        require_within(tmp_path / "data" / ".." / "other", folders)
    with pytest.raises(OutsideError):
        require_within(tmp_path / "data-of-another", folders)


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError), open_bounded(require_within(tmp_path / "a", [tmp_path]), SMALL):
        pass


def test_a_link_is_refused_where_it_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_bounded(tmp_path / "link", SMALL) == b""
    with pytest.raises(OSError, match="it is a link"):
        read_bounded(tmp_path / "link", SMALL, follow=False)


def test_the_table_of_limits_holds_each_of_them_once() -> None:
    assert len(limits.LIMITS) >= 15
    assert len({(limit.of, limit.unit) for limit in limits.LIMITS}) == len(limits.LIMITS)
    assert all(limit.most > 0 for limit in limits.LIMITS)
    assert limits.TEXT.sentence == (
        "a text that an expression or a transform makes may have at most 1,000,000 characters"
    )
