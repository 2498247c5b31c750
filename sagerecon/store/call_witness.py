"""The witness of a company's calls: files outside the project that record the calls of the last days.

An older copy of a store does not know the newest calls, and a new store knows none. What this user's machine
has sent is recorded here too, so that such a store counts it in the windows of the call budget.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sagerecon.files.folders import make_private_folder
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import open_own
from sagerecon.model.clock import DAY, LAST_INSTANT
from sagerecon.model.limits import STATE_FILE
from sagerecon.store.witness import WitnessError, WitnessFolder, business_prefix

#: Days for which the files are kept; no limit of Sage's counts a call for longer than one.
KEPT_DAYS = 2

#: In the place of a call: the line says until when Sage accepts no calls.
_CLOSED = "closed"

#: Digits of the last instant that has a date.
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class WitnessedCall:
    """A call as the ledger booked it. Instants are milliseconds since 1970."""

    call: str  #: its random name
    at: int  #: from when it counts; 0 where it was never sent
    newest: int  #: the newest receive time that was known then


@dataclass(frozen=True, slots=True)
class WitnessedCalls:
    """What the files record: calls that were sent, by the time from which they count."""

    calls: tuple[WitnessedCall, ...] = ()
    closed_until: int = 0  #: the instant before which Sage accepts no calls


class CallWitness:
    """The witness of the calls to one business, whichever store of this user booked them."""

    def __init__(self, folder: WitnessFolder, business: str) -> None:
        self._folder = folder
        self._prefix = business_prefix(folder, business)

    def add(self, call: WitnessedCall, now: int) -> None:
        """Append a call, or what became of it.

        Raises:
            WitnessError: the file cannot be written.
        """
        self._append(now, f"{call.call} {call.at} {call.newest}")

    def add_closure(self, until: int, now: int) -> None:
        """Append that Sage accepts no calls before `until`; errors as `add`."""
        self._append(now, f"{_CLOSED} {until} {now}")

    def read(self) -> WitnessedCalls:
        """Return the calls of every file.

        Raises:
            WitnessError: a file cannot be read.
        """
        found: dict[str, WitnessedCall] = {}
        closed_until = 0
        for path in self._files():
            for line in _lines(path):
                if line.call == _CLOSED:
                    closed_until = max(closed_until, line.at)
                elif line.call not in found or _is_newer(line, found[line.call]):
                    found[line.call] = line
        sent = [call for call in found.values() if call.at]
        return WitnessedCalls(tuple(sorted(sent, key=lambda call: call.at)), closed_until)

    def delete_earlier(self, now: int) -> None:
        """Delete the files whose calls no limit counts any more.

        Args:
            now: the time by Sage's clock, because the clock of this machine may be ahead.
        """
        for path in self._files():
            if _day(path) < now // DAY - KEPT_DAYS:
                path.unlink(missing_ok=True)

    def _append(self, moment: int, line: str) -> None:
        folder = self._require_folder()
        path = folder / f"{self._prefix}-{moment // DAY}.calls"
        try:
            make_private_folder(folder)
            with open_own(path, os.O_WRONLY | os.O_APPEND) as handle:
                os.write(handle, f"{line}\n".encode())  # one write, so that lines of two processes stay whole
        except OSError as error:
            raise WitnessError(
                f"The calls in the witness of the store, {path}, cannot be written: {error.strerror}.",
                "Set XDG_STATE_HOME to a folder that can be written.",
            ) from error

    def _files(self) -> list[Path]:
        """Return the files of the business by day, the earliest first."""
        found = self._require_folder().glob(f"{self._prefix}-*.calls")
        return sorted((path for path in found if _day(path) >= 0), key=_day)

    def _require_folder(self) -> Path:
        if self._folder.path is None:
            raise WitnessError(
                "The witness of the store has no folder, because this user has no home folder.",
                "Set XDG_STATE_HOME to a folder that can be written.",
            )
        return self._folder.path


def _is_newer(line: WitnessedCall, other: WitnessedCall) -> bool:
    """Return whether a line says what became of the call in the other: it counts from its answer, or never.

    Their order in the files does not, because the clock may have stepped in between.
    """
    return (line.newest, -line.at) > (other.newest, -other.at)


def _lines(path: Path) -> Iterator[WitnessedCall]:
    """Yield the lines of a file; one that a crash cut short is left out."""
    try:
        text = read_bounded(path, STATE_FILE, follow=False).decode(errors="replace")
    except FileNotFoundError:
        return  # another process has just deleted it
    except OSError as error:
        raise WitnessError(
            f"The calls in the witness of the store, {path}, cannot be read: {error.strerror}.",
            "Check its permissions.",
        ) from error
    for line in text.split("\n"):
        call, _, instants = line.partition(" ")
        at, _, newest = instants.partition(" ")
        if call.isprintable() and call and _is_instant(at) and _is_instant(newest):
            yield WitnessedCall(call, int(at), int(newest))


def _is_instant(text: str) -> bool:
    """Return whether a text is milliseconds since 1970; another one was damaged."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) <= LAST_INSTANT


def _day(path: Path) -> int:
    """Return the day in the name of a file, counted from 1970; -1 where there is none."""
    day = path.stem.rpartition("-")[2]
    return int(day) if day.isdecimal() and len(day) <= _MOST_DIGITS else -1
