"""The outcomes of all records, read from the file that is kept beside the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

from sagerecon.model.draft import Outcome
from sagerecon.model.errors import ProjectError
from sagerecon.model.record import Record
from sagerecon.project.outcome_file import DamagedFileError, OutcomeFile

#: Outcomes of so small a source stay in memory once they were read, a few kilobytes each.
KEPT_IN_MEMORY = 5_000

Found = TypeVar("Found")


class PreparedOutcomes(Sequence[Outcome]):
    """The outcomes in the order of the mappings, read from their file each time they are iterated over.

    A file that turns out to be damaged is made anew, once; what is made from the same inputs is the same, so
    that reading continues where it was.
    """

    def __init__(self, file: OutcomeFile, remake: Callable[[], OutcomeFile]) -> None:
        self._file = file
        self._remake = remake
        self._is_remade = False
        self._kept: tuple[Outcome, ...] | None = None

    def __len__(self) -> int:
        """Return the number of outcomes."""
        return len(self._file)

    def __iter__(self) -> Iterator[Outcome]:
        """Yield the outcomes in their order."""
        if len(self) <= KEPT_IN_MEMORY:
            if self._kept is None:
                self._kept = tuple(self._stream())
            return iter(self._kept)
        return self._stream()

    @overload
    def __getitem__(self, position: int) -> Outcome: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Outcome]: ...

    def __getitem__(self, position: int | slice) -> Outcome | Sequence[Outcome]:
        """Return the outcome at a position, or those of a slice."""
        places = range(len(self))[position]
        if isinstance(places, range):
            return [self[place] for place in places]
        return self.sound(lambda file: file.outcome(places))

    def fact(self, name: str) -> Any:
        """Return a fact about all records."""
        return self.sound(lambda file: file.fact(name))

    def record(self, position: int) -> Record:
        """Return the source record of the outcome at a position."""
        return self.sound(lambda file: file.record(position))

    def with_key(self, key: str) -> int | None:
        """Return the last position with a draft key."""
        return self.sound(lambda file: file.with_key(key))

    def with_label(self, label: str) -> int | None:
        """Return the first position with a label."""
        return self.sound(lambda file: file.with_label(label))

    def keys(self) -> list[str]:
        """Return every draft key."""
        return self.sound(lambda file: list(file.keys()))

    def sound(self, read: Callable[[OutcomeFile], Found]) -> Found:
        """Return what `read` finds in the file, or in one made anew where the file is damaged."""
        while True:
            try:
                return read(self._file)
            except DamagedFileError:
                self._make_anew()

    def _stream(self) -> Iterator[Outcome]:
        position = 0
        while position < len(self):
            try:
                for outcome in self._file.outcomes(position):
                    yield outcome
                    position += 1
            except DamagedFileError:
                self._make_anew()

    def _make_anew(self) -> None:
        """Replace the damaged file.

        Raises:
            ProjectError: the file was made anew before.
        """
        if self._is_remade:
            raise ProjectError("What was written to the project's folder cannot be read.", "Check its disk.")
        self._is_remade = True
        self._file = self._remake()
