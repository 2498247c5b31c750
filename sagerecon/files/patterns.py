"""Find files by a pattern such as `mappings/**/*.yaml`, and look at no more of a folder than it may hold.

Python's own `glob` follows a link out of the folder and walks whatever lies there, and its errors differ from
version to version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

from sagerecon.files.own import TooLargeError
from sagerecon.files.reading import require_within
from sagerecon.model.limits import ENTRIES_SEEN, FILES_MATCHED

#: What makes a name a pattern.
_MARKS = frozenset("*?[")

#: Any number of folders.
_ANY_DEPTH = "**"

#: Folders of a path; each is a level of recursion.
_MOST_PARTS = 50


def pattern_fault(pattern: str) -> str:
    """Return why a text is no pattern of files inside a folder, for a message; empty where it is one."""
    if not pattern.strip():
        return "it is empty"
    if "\0" in pattern:
        return "it holds a NUL"
    if "\\" in pattern:
        return r"it holds a \; write / between folders"
    if pattern.startswith("/"):
        return "it does not begin in the folder"
    parts = _parts(pattern)
    if ".." in parts or not parts:
        return "it does not lead to files in the folder"
    if len(parts) > _MOST_PARTS:
        return f"it has more than {_MOST_PARTS} folders"
    if any(_ANY_DEPTH in part and part != _ANY_DEPTH for part in parts):
        return "** stands for any number of folders and cannot be a part of a name"
    return ""


def matching_paths(folder: Path, pattern: str, folders: Collection[Path]) -> list[Path]:
    """Return what matches a pattern below `folder`, in the order of their names.

    Folders are left out where the pattern has a mark such as `*`. A link on the way that leads out of
    `folders` is returned in place of what lies behind it, and is not followed.

    Raises:
        ValueError: the text is no pattern.
        OSError: a folder cannot be read, or more files match, or are looked at, than the limits allow.
    """
    if fault := pattern_fault(pattern):
        raise ValueError(fault)
    walk = _Walk(folders)
    found = dict.fromkeys(walk.matches(folder, _parts(pattern)))
    if _MARKS.isdisjoint(pattern):
        return sorted(found)
    return sorted(path for path in found if not (path.is_dir() and walk.is_inside(path)))


class _Walk:
    """One walk through a folder; it counts what it looks at."""

    def __init__(self, folders: Collection[Path]) -> None:
        self._folders = folders
        self._seen = 0
        self._matched = 0

    def matches(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
        """Yield what matches the parts of a pattern below a folder; some of it twice."""
        part, rest = parts[0], parts[1:]
        if part == _ANY_DEPTH:
            if rest:
                yield from self.matches(folder, rest)
            for path in self._entries(folder):
                if path.is_dir() and not path.is_symlink():
                    yield from self.matches(path, parts)
                elif not rest:
                    yield self._match(path, folder)
            return
        for path in [folder / part] if _MARKS.isdisjoint(part) else self._entries(folder):
            if not _name(part).fullmatch(path.name) or not (path.exists() or path.is_symlink()):
                continue
            if not rest:
                yield self._match(path, folder)
            elif path.is_dir():
                inside = self.is_inside(path)
                yield from self.matches(path, rest) if inside else [self._match(path, folder)]

    def is_inside(self, path: Path) -> bool:
        """Return whether a path leads to within the folders."""
        try:
            require_within(path, self._folders)
        except OSError:
            return False
        return True

    def _entries(self, folder: Path) -> Iterator[Path]:
        for path in folder.iterdir():
            self._seen += 1
            if self._seen > ENTRIES_SEEN.most:
                raise TooLargeError(ENTRIES_SEEN.sentence, folder)
            yield path

    def _match(self, path: Path, folder: Path) -> Path:
        self._matched += 1
        if self._matched > FILES_MATCHED.most:
            raise TooLargeError(FILES_MATCHED.sentence, folder)
        return path


def _parts(pattern: str) -> tuple[str, ...]:
    """Return the names between the slashes; several `**` in a row are one."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return tuple(
        part for part, before in zip(parts, ["", *parts], strict=False) if (part, before) != (_ANY_DEPTH,) * 2
    )


@lru_cache
def _name(part: str) -> re.Pattern[str]:
    return re.compile(translate(part) if not _MARKS.isdisjoint(part) else re.escape(part))
