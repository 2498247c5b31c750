"""A source row as typed values, with its place in the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.model.place import Place
from sagerecon.model.value import Value


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a dataset.

    `key` is the key in the source, as `source_key` writes it; `origins` are the rows of the source files it
    was made from: one or, for a grouped dataset, several.
    """

    dataset: str
    key: str
    values: Mapping[str, Value]
    origins: tuple[Place, ...]
