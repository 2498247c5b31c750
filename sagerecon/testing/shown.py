"""An outcome as plain values and lines of text, to compare with what is expected and to read as a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import yaml

from sagerecon.mapping.record_context import plain_text
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined, Reference


def plain(node: Any) -> Any:
    """Return a part of a body as scalars, lists and objects, with references as `contact customers/C1`."""
    match node:
        case bool() | int() | Decimal() | None:
            return node
        case Mapping():
            return {name: plain(child) for name, child in node.items()}
        case list() | tuple():
            return [plain(child) for child in node]
        case _:
            return str(node) if isinstance(node, Reference) else plain_text(node)


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the lines that describe an outcome: what it is, then its fields, changes or reasons."""
    match outcome:
        case Draft():
            yield f"{outcome.key}: draft {outcome.kind}"
            for path, value in leaves(plain(outcome.body)):
                yield f"  {path}: {shown(value)}"
            for change in outcome.changes:
                yield f"  changed {change_text(change)}"
        case LeftOut():
            into = f", merged into {outcome.merged_into}" if outcome.merged_into else ""
            yield f"{outcome.key}: left out by {outcome.rule}{into}"
        case Quarantined():
            yield f"{outcome.key}: quarantined"
            for finding in outcome.findings:
                yield f"  {finding.code}: {finding.message}"


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each single value of an object with its path, such as `invoice_lines[1].quantity`."""
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for number, child in enumerate(node, start=1):
            yield from leaves(child, f"{path}[{number}]")
    else:
        yield path, node


def change_text(change: Change) -> str:
    """Return a change in one line: `name: 'Oak  Ltd' to 'Oak Ltd' by squeeze`."""
    return f"{change.field}: {shown(change.before)} to {shown(change.after)} by {change.rule}"


def shown(value: Any) -> str:
    """Return a value so that blanks and line breaks in it are seen."""
    text = plain_text(value)
    if isinstance(value, str) and (text != text.strip() or not text.isprintable() or not text):
        return repr(text)
    return text


def flow_yaml(row: Mapping[str, Any]) -> str:
    """Return a record as a test gives it, in one line of YAML: `{name: 'a  b', amount: '1.50'}`."""
    text = yaml.safe_dump(
        _yaml(row), default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.strip()


def _yaml(node: Any) -> Any:
    """Return a value as YAML has it: amounts and dates as text."""
    match node:
        case bool() | int() | None:
            return node
        case Mapping():
            return {name: _yaml(child) for name, child in node.items()}
        case list() | tuple():
            return [_yaml(child) for child in node]
        case _:
            return plain_text(node)
