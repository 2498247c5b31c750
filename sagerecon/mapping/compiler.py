"""Mapping files to compiled mappings, with every fault of every file in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.model.catalog import Catalog
from sagerecon.model.finding import Finding
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar


def compile_mappings(
    files: Mapping[str, str],
    datasets: Mapping[str, Columns],
    catalog: Catalog,
    crosswalks: Mapping[str, Crosswalk],
    parameters: Mapping[str, Scalar],
    schema: Mapping[str, Any],
) -> tuple[tuple[CompiledMapping, ...], list[Finding]]:
    """The mappings of `files` (display name -> text), by priority, and what is wrong with them.

    A file with an error gives no mapping. `datasets` are the columns of each dataset, `parameters`
    the project's own values (`param.cut_over`), `schema` is `specs/schemas/mapping.schema.json`.
    """
    raise NotImplementedError
