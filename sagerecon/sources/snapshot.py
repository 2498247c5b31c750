"""The snapshot: the source's rows, typed, fingerprinted and frozen in one DuckDB file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sagerecon.model.control import Control
from sagerecon.model.finding import Finding
from sagerecon.model.record import Record
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar
from sagerecon.sources.declared import Sources
from sagerecon.sources.profile import ColumnProfile


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as it was when the snapshot was taken."""

    table: str
    path: str  #: relative to the data folder
    sha256: str
    rows: int
    bytes: int


def take_snapshot(
    sources: Sources,
    folder: Path,
    target: Path,
    taken_at: int,
    progress: Callable[[str, int], None] = lambda _path, _rows: None,
) -> tuple[str, list[Finding]]:
    """The fingerprint of the snapshot written to `target`, and what was found while reading.

    With a finding of severity error nothing is written and the fingerprint is empty; an older
    snapshot at `target` stays as it was. `taken_at` is milliseconds since 1970; `progress` is told
    the file and the rows read of it so far.

    Raises:
        SourceError: a file cannot be read at all; its `findings` hold everything else that was found.
        StoreError: the snapshot cannot be written.
    """
    raise NotImplementedError


def open_snapshot(path: Path, sources: Sources, parameters: Mapping[str, Scalar]) -> Snapshot:
    """The snapshot at `path`, to be closed by its user (`with`).

    Raises:
        StoreError: there is none, or it cannot be read.
        SourceError: it was taken with other declarations, or the SQL of a dataset does not fit it.
    """
    raise NotImplementedError


class Snapshot:
    """Frozen source rows, and the datasets and controls shaped from them."""

    fingerprint: str
    taken_at: int
    files: Sequence[FileFacts]

    def __enter__(self) -> Snapshot:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file."""
        raise NotImplementedError

    def columns(self, dataset: str) -> Columns:
        """The types of a dataset's columns, `_origin` among them."""
        raise NotImplementedError

    def count(self, dataset: str) -> int:
        """How many records a dataset has."""
        raise NotImplementedError

    def records(self, dataset: str, key: Sequence[str]) -> Iterator[Record]:
        """A dataset's records one by one in the SQL's order, the same order every time.

        Raises:
            SourceError: the SQL fails on this data, or a column of `key` is not there.
        """
        raise NotImplementedError

    def controls(self) -> list[Control]:
        """The control totals taken on these rows."""
        raise NotImplementedError

    def profile(self) -> list[ColumnProfile]:
        """Rows, nulls, distinct values, least, greatest and longest of each column of each table."""
        raise NotImplementedError
