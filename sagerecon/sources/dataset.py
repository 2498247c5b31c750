"""Datasets: SQL over the snapshot, and the columns it gives."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.model.finding import Finding
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar
from sagerecon.sources.declared import Sources


def describe(
    sources: Sources, parameters: Mapping[str, Scalar]
) -> tuple[Mapping[str, Columns], list[Finding]]:
    """The columns of each dataset, worked out without a row of data, and what is wrong with any SQL.

    Datasets with an error are not in the answer. `_origin` is among the columns.
    """
    raise NotImplementedError
