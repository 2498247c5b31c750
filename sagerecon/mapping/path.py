"""Names and dotted paths outside of expressions: `from: addr.town`, `by: item.no`, `at: invoice_date`."""

from __future__ import annotations

from sagerecon.documents.document import Node
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.record_context import NOTHING, CompiledValue, with_article
from sagerecon.mapping.scope import PARAMETERS, Scope, attribute
from sagerecon.model.code import Code
from sagerecon.model.suggestion import suggestion


def read_path(node: Node, scope: Scope, faults: Faults) -> CompiledValue:
    """Return the value at a dotted path; an unknown name is added to `faults`."""
    path = node.text
    whole = scope.find(path)  # the name of a column may contain dots and spaces
    if whole is not None:
        return whole
    first, *rest = path.split(".")
    if first == PARAMETERS and rest:
        return _parameter(node, ".".join(rest), scope, faults)
    value = scope.find(first)
    if value is None:
        names = list(scope.names())
        hint = suggestion(path, names) or suggestion(first, names)
        if not hint and any(sign in path for sign in "+-*/~()'\""):
            hint = "If it is an expression, write expr: instead of from:."
        faults.add(Code.UNKNOWN_COLUMN, node.place, f"there is no column or name '{first}'.", hint)
        return NOTHING
    for name in rest:
        if value.type.name not in ("object", "unknown"):
            faults.add(
                Code.UNKNOWN_ATTRIBUTE, node.place, f"{with_article(value.type)} has no attribute '{name}'."
            )
            return NOTHING
        if value.type.fields and name not in value.type.fields:
            faults.add_unknown(
                Code.UNKNOWN_ATTRIBUTE,
                node.place,
                f"the object has no attribute '{name}'.",
                name,
                value.type.fields,
            )
            return NOTHING
        value = attribute(value, name)
    return value


def _parameter(node: Node, name: str, scope: Scope, faults: Faults) -> CompiledValue:
    value = scope.parameter(name)
    if value is None:
        hint = suggestion(name, scope.parameters) or "Declare it under parameters in sagerecon.yaml."
        faults.add(Code.UNKNOWN_PARAMETER, node.place, f"the project has no parameter '{name}'.", hint)
        return NOTHING
    return value
