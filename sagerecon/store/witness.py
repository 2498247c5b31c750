"""The witness of a store: a file outside the project that records how much the store knew.

A store restored from an old copy, or a new one in its place, does not know what was written to Sage since.
Its witness does: it is kept in the user's own folder, one file for each store and business, so that the next
run stops before it creates the same records again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagerecon.files.folders import make_private_folder
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_text
from sagerecon.model.clock import LAST_INSTANT, SECOND, Clock, instant_text
from sagerecon.model.errors import IncompleteStoreError, StoreError
from sagerecon.model.limits import WITNESS_FILE
from sagerecon.model.value import fingerprint

#: Increased when the content of a witness changes.
VERSION = 2

#: The first version does not say when the move began.
_READABLE = frozenset({1, VERSION})

#: What to do where no complete copy of the store exists.
IF_LOST = (
    "If it is lost, run: sagerecon apply --distrust-store, which reads Sage and adopts what it holds already."
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a store knows of one company's runs. Both numbers only grow."""

    generation: int  #: how often a run was begun or resumed
    writes: int  #: how many requests to create or change a record were made durable before they were sent

    def is_less_than(self, other: Extent) -> bool:
        """Return whether something that `other` knows is missing here."""
        return self.generation < other.generation or self.writes < other.writes

    def __str__(self) -> str:
        return f"{_count(self.writes, 'write')} in {_count(self.generation, 'start')} of apply"


@dataclass(frozen=True, slots=True)
class StoreName:
    """Which store this is: its random identity, and where it is kept, without a password."""

    identity: str
    location: str


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """The folder of the witnesses, and what its files say of the project that opened the store."""

    path: Path | None  #: None where the user has no home folder
    project: str
    address: str = ""  #: of the sandbox that is the project's Sage; empty for Sage itself


@dataclass(frozen=True, slots=True)
class _Statement:
    """The content of one witness."""

    store: StoreName
    extent: Extent
    project: str
    written_at: int
    began_at: int


class WitnessError(StoreError):
    """A witness cannot be read or written."""


class Witness:
    """The witness of one store for one business."""

    def __init__(self, folder: WitnessFolder, store: StoreName, business: str, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._business = business
        self._clock = clock
        self._written_at: int | None = None

    def require_complete(self, extent: Extent) -> bool:
        """Check that the store knows all that was written to the business from this project.

        Args:
            extent: how much the store knows.

        Returns:
            Whether the store has a witness, which it is compared with.

        Raises:
            IncompleteStoreError: the store knows less than its witness, or another store has written.
            WitnessError: a witness cannot be read.
        """
        own = self._own_path()
        if own.exists():
            statement = _read(own)
            if extent.is_less_than(statement.extent):
                raise IncompleteStoreError(
                    f"The store {self._store.location} is an older copy: it records {extent}, and on"
                    f" {instant_text(statement.written_at)} it recorded {statement.extent}."
                    " What it does not know would be created in Sage again. Nothing was sent.",
                    f"Put the newest copy of the store back, then run the same command again. {IF_LOST}",
                )
            return True
        for path, statement in self._of_other_stores():
            raise IncompleteStoreError(
                f"The store {self._store.location} is not the one that wrote to business {self._business}"
                f" from this project: until {instant_text(statement.written_at)} the store"
                f" {statement.store.location} recorded {statement.extent}, and this one records {extent}."
                " What it does not know would be created in Sage again. Nothing was sent.",
                f"Put the earlier store back, then run the same command again. {IF_LOST}"
                f" If the business itself is new, delete the witness {path}.",
            )
        return False

    def supersede_others(self) -> None:
        """Delete the witness of each other store of the project: this store knows what they wrote.

        Where such a store comes back, it has no witness that calls it complete.

        Raises:
            WitnessError: a witness cannot be read or deleted.
        """
        for path, _ in list(self._of_other_stores()):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise WitnessError(
                    f"The witness of an earlier store, {path}, cannot be deleted: {error.strerror}.",
                    "Delete it, then run the same command again.",
                ) from error

    def is_due(self) -> bool:
        """Return whether the file was written a second ago or earlier, or the clock has stepped back."""
        return self._written_at is None or not 0 <= self._clock.now() - self._written_at < SECOND

    def began_at(self) -> int:
        """Return when the move began by the witnesses of this project, 0 where none states it.

        Raises:
            WitnessError: a witness cannot be read.
        """
        own = self._own_path()
        found = [statement for _, statement in self._of_other_stores()]
        if own.exists():
            found.append(_read(own))
        return min((statement.began_at for statement in found), default=0)

    def write(self, extent: Extent, began_at: int) -> None:
        """Write the file, and replace the one before in one step.

        Args:
            extent: how much the store knows; it must be committed already.
            began_at: when the first run of the move began, in milliseconds since 1970; 0 where unknown.

        Raises:
            WitnessError: the file cannot be written; the one before is unchanged.
        """
        path, now = self._own_path(), self._clock.now()
        document = {
            "version": VERSION,
            "store": self._store.identity,
            "location": self._store.location,
            "business": self._business,
            "address": self._folder.address,
            "project": self._folder.project,
            "generation": extent.generation,
            "writes": extent.writes,
            "written_at": now,
            "began_at": began_at,
        }
        try:
            make_private_folder(path.parent)
            write_text(path, [json.dumps(document, indent=1)])
        except OSError as error:
            raise WitnessError(
                f"The witness of the store, {path}, cannot be written: {error.strerror}.",
                "Set XDG_STATE_HOME to a folder that can be written.",
            ) from error
        self._written_at = now

    def _of_other_stores(self) -> Iterator[tuple[Path, _Statement]]:
        """Yield the witness of each other store that wrote to this business from this project."""
        own = self._own_path()
        for path in sorted(own.parent.glob(f"{self._prefix()}-*.json")):
            statement = _read(path)
            if path != own and statement.project == self._folder.project and statement.extent.writes:
                yield path, statement

    def _own_path(self) -> Path:
        """Return the path of the file. Its name is made of hashes, whatever characters the names have."""
        if self._folder.path is None:
            raise WitnessError(
                "The witness of the store has no folder, because this user has no home folder.",
                "Set XDG_STATE_HOME to a folder that can be written.",
            )
        return self._folder.path / f"{self._prefix()}-{fingerprint(self._store.identity)[:16]}.json"

    def _prefix(self) -> str:
        return business_prefix(self._folder, self._business)


def business_prefix(folder: WitnessFolder, business: str) -> str:
    """Return how the names of the files begin that are about one business."""
    return fingerprint([folder.address, business])[:16]


def _read(path: Path) -> _Statement:
    """Return the content of a witness.

    Raises:
        WitnessError: the file cannot be read, or another version of sagerecon wrote it.
    """
    try:
        document = json.loads(read_bounded(path, WITNESS_FILE, follow=False))
        version = _count_in(document, "version")
        statement = _Statement(
            store=StoreName(str(document["store"]), str(document["location"])),
            extent=Extent(_count_in(document, "generation"), _count_in(document, "writes")),
            project=str(document["project"]),
            written_at=_count_in(document, "written_at"),
            began_at=_count_in(document, "began_at") if "began_at" in document else 0,
        )
    except OSError as error:
        raise WitnessError(
            f"The witness of the store, {path}, cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise WitnessError(
            f"{path} is not the witness of a store.",
            "If this project's store is complete, delete the file, then run the same command again.",
        ) from error
    if version not in _READABLE:
        raise WitnessError(
            f"The witness {path} has version {version}; this sagerecon reads version {VERSION}.",
            "Use the version of sagerecon that wrote it.",
        )
    return statement


def _count_in(document: Mapping[str, Any], name: str) -> int:
    """Return a count, or an instant, of a witness.

    Raises:
        ValueError: it is none.
    """
    value = document[name]
    if type(value) is not int or not 0 <= value <= LAST_INSTANT:
        raise ValueError(f"{name} is {type(value).__name__}")
    return value


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
