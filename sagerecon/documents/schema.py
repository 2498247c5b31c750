"""Check a document against a JSON Schema, each fault with its line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import YAML_FINDINGS
from sagerecon.model.suggestion import suggestion

#: How a message calls the types of JSON Schema.
_WORDS = {
    "array": "a list",
    "object": "keys with values",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "null": "empty",
}

#: How a value of a type is written.
_WRITTEN = {
    "array": "Write each item on a line of its own after '- ', or [] for none.",
    "object": "Write each key on a line of its own, as name: value.",
    "integer": "Write it without quotes.",
    "string": "Quote it.",
}


def check_schema(node: Node, schema: Mapping[str, Any]) -> list[Finding]:
    """Return the faults of a document by a JSON Schema, in the order of the file; no more than the limit."""
    validator = jsonschema.Draft202012Validator(schema)
    errors = validator.iter_errors(node.plain())
    findings = islice((finding for error in errors for finding in _explain(error, node)), YAML_FINDINGS.most)
    return sorted(set(findings), key=lambda finding: (finding.place, finding.code, finding.message))


def _explain(error: jsonschema.ValidationError, root: Node) -> Iterator[Finding]:
    node = root.at(error.absolute_path)
    where = _where(error)
    match error.validator:
        case "additionalProperties":
            allowed = _allowed(error.schema)
            for name, child in node.children().items():
                if name not in allowed:
                    hint = suggestion(name, allowed) or f"Allowed here: {', '.join(sorted(allowed))}."
                    if " " in name and child.value is None:  # {reason: one thing, and another}
                        hint = "A comma ends a text inside {}; quote the text."
                    yield Finding(Code.UNKNOWN_KEY, child.named_at, f"unknown key '{name}'.", hint)
        case "required":
            missing = [name for name in _texts(error.validator_value) if name not in node.children()]
            for name in missing:
                yield Finding(Code.MISSING_KEY, node.named_at, f"{where} needs the key '{name}'.")
        case "enum" | "const":
            values = error.validator_value if error.validator == "enum" else [error.validator_value]
            words = [str(word) for word in _texts(values)]
            hint = suggestion(node.text, words) or f"Allowed: {', '.join(words)}."
            yield Finding(Code.NOT_ALLOWED, node.place, f"{where} cannot be '{node.text}'.", hint)
        case "type":
            yield _wrong_type(error, node, _types([error]))
        case "pattern" if examples := _examples(error.schema):
            hint = f"Write it as {' or '.join(examples)}."
            yield Finding(Code.NOT_VALID, node.place, f"{where} cannot be '{node.text}'.", hint)
        case "oneOf" | "anyOf" if error.context:
            yield from _nearest(error, root)
        case _:
            yield Finding(Code.NOT_VALID, node.place, f"{where}: {error.message}.")


def _nearest(error: jsonschema.ValidationError, root: Node) -> Iterator[Finding]:
    """Yield the faults of the branch that fits best: the one that fails deepest, then with the fewest."""
    branches: dict[object, list[jsonschema.ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(child)
    if all(_is_of_another_type(branch, error) for branch in branches.values()):
        types = _types([child for branch in branches.values() for child in branch])
        yield _wrong_type(error, root.at(error.absolute_path), types)
        return
    depths = {key: max(len(child.absolute_path) for child in branch) for key, branch in branches.items()}
    best = min(
        branches,
        key=lambda key: (any(c.validator == "type" for c in branches[key]), -depths[key], len(branches[key])),
    )
    for child in branches[best]:
        yield from _explain(child, root)


def _is_of_another_type(
    branch: Sequence[jsonschema.ValidationError], error: jsonschema.ValidationError
) -> bool:
    """Return whether the branch fails because the value itself has another type."""
    return [(child.validator, child.absolute_path) for child in branch] == [("type", error.absolute_path)]


def _where(error: jsonschema.ValidationError) -> str:
    return ".".join(str(step) for step in error.absolute_path) or "the file"


def _wrong_type(error: jsonschema.ValidationError, node: Node, types: Sequence[str]) -> Finding:
    """Return the finding about a value of another type, with how the right one is written."""
    words = " or ".join(_WORDS.get(name, name) for name in types)
    hint = _WRITTEN.get(types[0], "") if len(types) == 1 else ""
    return Finding(Code.WRONG_TYPE, node.place, f"{_where(error)} must be {words}.", hint)


def _types(errors: Iterable[jsonschema.ValidationError]) -> Sequence[str]:
    """Return the types that the errors ask for, by their names in JSON Schema."""
    wanted = (error.validator_value for error in errors)
    return [name for value in wanted for name in (_texts(value) or [str(value)])]


def _allowed(schema: Any) -> set[str]:
    return set(schema.get("properties", {})) if isinstance(schema, Mapping) else set()


def _examples(schema: Any) -> list[str]:
    return [str(example) for example in schema.get("examples", ())] if isinstance(schema, Mapping) else []


def _texts(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
