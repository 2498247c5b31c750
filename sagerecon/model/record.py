"""A source row as a typed value that knows where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.model.place import Place
from sagerecon.model.value import Value


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a dataset.

    `key` is the source's own key, as `source_key` writes it; `origins` are the rows of the source
    files it was made from, one or, for a grouped dataset, several.
    """

    dataset: str
    key: str
    values: Mapping[str, Value]
    origins: tuple[Place, ...]
