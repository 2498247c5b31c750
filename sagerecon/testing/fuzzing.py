"""Search for a record that a mapping turns into neither a valid draft nor a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import jsonschema
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.record_context import plain_text
from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.model.outcome_document import outcome_document, read_outcome
from sagerecon.model.record import Record
from sagerecon.testing.case import Screen, outcome_of
from sagerecon.testing.rows import Row


def smallest(
    rows: SearchStrategy[Row], is_wanted: Callable[[Row], bool], tries: int, seed: int = 0
) -> Row | None:
    """Return the smallest row that was found to be wanted; None where none of so many tries is.

    The search is the same every time for a seed.
    """
    quiet = settings(
        max_examples=tries,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        return find(rows, is_wanted, settings=quiet, random=Random(seed))  # noqa: S311 - not for secrets
    except NoSuchExample:
        return None


def fault_of(mapping: CompiledMapping, row: Row, screen: Screen, schema: Mapping[str, Any]) -> str:
    """Return what is wrong with the outcome of a record; empty for a valid draft or a finding.

    Args:
        schema: the JSON Schema of the request that creates the kind.
    """
    record = Record(dataset=mapping.dataset, key="1", values=row, origins=())
    try:
        outcome = outcome_of(mapping, record, screen)
        if outcome is None:
            return ""
        if read_outcome(outcome_document(outcome)) != outcome:
            return "the outcome is another one after it was kept and read"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return _fault(mapping, outcome, schema)


def _fault(mapping: CompiledMapping, outcome: Outcome, schema: Mapping[str, Any]) -> str:
    if isinstance(outcome, Quarantined):
        return "" if outcome.findings else "it is quarantined without a finding"
    if isinstance(outcome, Draft):
        body = {mapping.kind: _wire(outcome.body)}
        error = jsonschema.Draft202012Validator(schema).iter_errors(body)
        first = next(error, None)
        if first is not None:
            path = ".".join(str(step) for step in first.absolute_path)
            return f"the draft is not valid: {path}: {first.message}"
    return ""


def _wire(node: Any) -> Any:
    """Return a part of a body as JSON, each reference as an id."""
    match node:
        case bool() | int() | None:
            return node
        case Mapping():
            return {name: _wire(child) for name, child in node.items()}
        case list() | tuple():
            return [_wire(child) for child in node]
        case Reference():
            return "0" * 32
        case _:
            return plain_text(node)
