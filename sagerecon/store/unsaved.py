"""The file beside a store that keeps the statements for which its disk had no room.

Each line is one entry in JSON: `{"version": 1, "statements": [[name, values], ...]}`. The next start replays
the entries in their order and deletes the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagerecon.files.reading import read_bounded
from sagerecon.model.errors import StoreError
from sagerecon.model.limits import STATE_FILE
from sagerecon.model.value import encodable
from sagerecon.store.database import Values

#: Increased when a replayable statement or a table it writes changes.
VERSION = 1

#: A statement by its name, with its values.
NamedStatement = tuple[str, Values]


def entry_bytes(statements: Sequence[NamedStatement]) -> bytes:
    """Return an entry on a line of its own, even after a line that a crash has cut short."""
    listed = [[name, dict(values)] for name, values in statements]
    return b"\n" + json.dumps({"version": VERSION, "statements": listed}).encode() + b"\n"


def read_entries(path: Path) -> Iterator[list[NamedStatement]]:
    """Yield the entries of the file, oldest first; nothing where there is no file.

    A line that is not JSON was cut short by a crash. It is skipped, because `Disk.save_aside` had not yet
    reported it as saved.

    Raises:
        StoreError: the file cannot be read, another version of sagerecon wrote an entry, or an entry is none.
    """
    try:
        lines = read_bounded(path, STATE_FILE, follow=False).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    for line in lines:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        yield [(name, values) for name, values in _statements(entry, path)]


def _statements(entry: Any, path: Path) -> list[NamedStatement]:
    version = entry.get("version") if isinstance(entry, Mapping) else None
    if version != VERSION:
        written = "without a version" if version is None else f"of version {version}"
        raise StoreError(
            f"{path} keeps answers of Sage that are not in the store yet, in a format {written};"
            f" this sagerecon reads version {VERSION}.",
            "Open the store once with the version of sagerecon that wrote the file.",
        )
    statements = entry.get("statements")
    if not isinstance(statements, list) or not all(map(_is_statement, statements)):
        raise damaged_entry(path)
    return statements


def _is_statement(value: Any) -> bool:
    """Return whether a JSON value is a name with the values of a statement."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    name, values = value
    return isinstance(name, str) and isinstance(values, Mapping) and all(map(_is_value, values.values()))


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() or encodable(value) == value
    return isinstance(value, int)


def damaged_entry(path: Path) -> StoreError:
    """Return the error for an entry that this program did not write."""
    return StoreError(
        f"{path} keeps answers of Sage that are not in the store yet, and an entry of it is damaged.",
        "Restore the store and this file from their newest copies. Without the file, records that Sage has"
        " may be missing in the store: delete it, then run: sagerecon apply --distrust-store",
    )
