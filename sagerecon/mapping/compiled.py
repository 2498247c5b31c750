"""A mapping ready to run: records in, drafts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Outcome
from sagerecon.model.record import Record


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """One mapping file, checked; what it does with a record depends on nothing but the record."""

    name: str
    file: str
    dataset: str
    key: tuple[str, ...]  #: the columns of the source key
    kind: str
    priority: int
    comparisons: Mapping[str, Comparison]  #: by dotted field path

    def outcomes(self, record: Record) -> Iterator[Outcome]:
        """What becomes of the record: one draft, quarantined or left-out outcome; none where `where` fails."""
        raise NotImplementedError
