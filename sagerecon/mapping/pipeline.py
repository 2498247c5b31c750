"""The `do:` of a value: a pipeline of transforms, each checked against the type before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.probe import Probe
from sagerecon.mapping.record_context import (
    FREE_TEXT,
    NOTHING,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    plain_text,
    type_of,
    with_article,
)
from sagerecon.mapping.scope import Scope
from sagerecon.mapping.transform import Apply, BoundTransform, Options, Parameter, Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.code import Code
from sagerecon.model.money import decimal
from sagerecon.model.place import Place

#: What a step raises for a value of a type that it does not take.
_WRONG_TYPE = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class _PipelineStep:
    """One step of a pipeline, with the rule and place that its changes are reported under."""

    name: str
    apply: Apply
    accepts_null: bool
    reports_change: bool
    rule: str
    place: Place


def apply_transforms(
    value: CompiledValue,
    do: Node | None,
    path: str,
    scope: Scope,
    faults: Faults,
    crosswalks: Mapping[str, Crosswalk | None],
    probe: Probe | None = None,
) -> CompiledValue:
    """Compile the transforms of `do` over `value`; with a `path`, what they alter is recorded as changes."""
    if do is None:
        return value
    links: list[_PipelineStep] = []
    is_whole = True
    for node in do.items():
        used = _compile_step(node, value, path, scope, faults, crosswalks, probe)
        if used is None:  # the steps after it are checked as well, against a type that is not known
            is_whole, value = False, NOTHING
            continue
        transform, step = used
        apply = _counted(step.apply) if transform.grows else step.apply
        links.append(
            _PipelineStep(
                name=transform.name,
                apply=apply,
                accepts_null=step.accepts_null,
                reports_change=transform.reports_change and bool(path),
                rule=_rule_text(node),
                place=node.place,
            )
        )
        value = CompiledValue(step.output_type, value.read, step.constants)
    if not is_whole:
        return NOTHING
    return CompiledValue(value.type, _run(value.read, links, path), value.constants)


def _run(read: Reader, links: Sequence[_PipelineStep], path: str) -> Reader:
    if len(links) == 1 and not links[0].reports_change and not links[0].accepts_null:
        apply, name = links[0].apply, links[0].name

        def run_one(record: RecordContext) -> Any:
            value = read(record)
            try:
                return None if value is None else apply(value, record)
            except _WRONG_TYPE:
                raise _unfit(name, value) from None

        return run_one

    steps = [(link.apply, link.accepts_null, link.reports_change, link) for link in links]

    def run(record: RecordContext) -> Any:
        value = read(record)
        for apply, accepts_null, reports_change, link in steps:
            if value is None and not accepts_null:
                continue
            try:
                after = apply(value, record)
            except _WRONG_TYPE:
                raise _unfit(link.name, value) from None
            if reports_change and after != value and not _is_same_number(value, after):
                record.change(path, value, after, link.rule, link.place)
            value = after
        return value

    return run


def _counted(apply: Apply) -> Apply:
    """Return the step with the length of the text that it gives counted."""

    def counted(value: Any, record: RecordContext) -> Any:
        after = apply(value, record)
        if type(after) is str and len(after) > FREE_TEXT:
            record.spend_text(len(after))
        return after

    return counted


def _unfit(name: str, value: Any) -> RefusalError:
    """Return the refusal of a value whose type was not known before the record was read."""
    return RefusalError(Code.WRONG_INPUT, f"{name} cannot be applied to {with_article(type_of(value))}")


def _is_same_number(before: Any, after: Any) -> bool:
    """Return whether `after` is the number written in `before`, which is no change."""
    if not isinstance(before, str) or not isinstance(after, Decimal):
        return False
    try:
        return decimal(before.strip()) == after
    except ValueError:
        return False


def _compile_step(
    node: Node,
    value: CompiledValue,
    path: str,
    scope: Scope,
    faults: Faults,
    crosswalks: Mapping[str, Crosswalk | None],
    probe: Probe | None,
) -> tuple[Transform, BoundTransform] | None:
    children = node.children()
    named = [name for name in children if name in TRANSFORMS]
    name = named[0] if named else node.text if not children else next(iter(children), "")
    transform = TRANSFORMS.get(name)
    place = children[name].named_at if name in children else node.place
    if transform is None:
        faults.add_unknown(
            Code.UNKNOWN_TRANSFORM, place, f"there is no transform '{name}'.", name, TRANSFORMS
        )
        return None
    given = _written_options(transform, node, faults)
    values = _read_options(transform, given, place, faults)
    if values is None:
        return None
    if not transform.accepts(value.type):
        takes = " or ".join(transform.input_types if len(transform.input_types) < 4 else ("a single value",))
        hint = _conversion_hint(value.type.name, transform)
        faults.add(
            Code.WRONG_INPUT,
            place,
            f"{name} needs {takes}, and the value is {with_article(value.type)}.",
            hint,
        )
        return None
    step = transform.build(
        Options(
            values=values,
            place=place,
            input=value,
            scope=scope,
            faults=faults,
            crosswalks=crosswalks,
            nodes=given,
            probe=probe,
            path=path,
            rule=_rule_text(node),
        )
    )
    return (transform, step) if step is not None else None


def _written_options(transform: Transform, node: Node, faults: Faults) -> dict[str, Node]:
    """Return the options as written: the value of the transform, the keys inside it, those beside it."""
    given = {name: child for name, child in node.children().items() if name != transform.name}
    main = node.get(transform.name)
    if main is None or main.value is None:
        return given
    first = transform.parameters[0] if transform.parameters else None
    if main.children() and (first is None or first.type != "table"):
        given |= main.children()
    elif first is not None:
        given[first.name] = main
    elif main.value is not True:
        faults.add(
            Code.UNKNOWN_OPTION,
            main.place,
            f"{transform.name} has no options.",
            f"Write {transform.name} without a value.",
        )
    return given


def _read_options(
    transform: Transform, given: Mapping[str, Node], place: Place, faults: Faults
) -> dict[str, Any] | None:
    known = {parameter.name: parameter for parameter in transform.parameters}
    fine = True
    for name, node in given.items():
        if name not in known:
            message = f"{transform.name} has no option '{name}'."
            faults.add_unknown(Code.UNKNOWN_OPTION, node.named_at, message, name, known)
            fine = False
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in given:
            problem = _expected(parameter, given[name])
            if problem:
                faults.add(
                    Code.WRONG_OPTION, given[name].place, f"{transform.name}: {name} must be {problem}."
                )
                fine = False
            values[name] = _option(parameter, given[name])
        elif parameter.required:
            faults.add(
                Code.MISSING_OPTION,
                place,
                f"{transform.name} requires the option {name}.",
                f"For example: {transform.example.do}.",
            )
            fine = False
        else:
            values[name] = parameter.default
    return values if fine else None


def _expected(parameter: Parameter, node: Node) -> str:
    """Return what the option must be; empty where it is valid."""
    value = node.value
    match parameter.type:
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole:
                return "a whole number"
            if parameter.maximum is not None and int(node.text) > parameter.maximum:
                return f"{parameter.maximum:,} or less"
            return (
                f"{parameter.minimum:,} or more"
                if parameter.minimum is not None and int(node.text) < parameter.minimum
                else ""
            )
        case "word":
            return "" if value in parameter.choices else " or ".join(parameter.choices)
        case "table":
            return "" if node.children() else "a table of values"
        case "text" | "name":
            return (
                "" if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else "text"
            )
        case "number":
            return "" if _read_number(node) is not None else "a number of 0 or more"
        case "texts":
            parts = node.items() or (node,)
            given = [part.value for part in parts]
            return "" if all(isinstance(one, str) and one for one in given) else "text, or a list of texts"
        case "names":
            parts = node.items() or (node,)
            return "" if all(isinstance(part.value, str) for part in parts) else "a list of names"
        case _:
            return "" if not node.children() else "a plain value"


def _option(parameter: Parameter, node: Node) -> Any:
    if parameter.type == "table":
        return node.children()
    if parameter.type == "number":
        return _read_number(node)
    if parameter.type == "texts":
        return tuple(part.text for part in node.items() or (node,))
    return node.text if parameter.type in ("text", "name") else node.value


def _read_number(node: Node) -> Decimal | None:
    """Return the number of 0 or more that an option states; None where it states none."""
    if node.children() or node.items() or isinstance(node.value, bool):
        return None
    try:
        number = decimal(node.text)
    except ValueError:
        return None
    return number if number >= 0 else None


def _conversion_hint(name: str, transform: Transform) -> str:
    if "text" in transform.input_types and name in ("integer", "decimal", "boolean", "date", "datetime"):
        return "Add the transform text before it."
    if name == "text" and "decimal" in transform.input_types:
        return "Add the transform decimal before it."
    if name == "text" and "date" in transform.input_types:
        return "Add the transform date before it."
    if name == "list":
        return "Take one item with {nth: 1}, or join them with {join: ', '}."
    return ""


def _rule_text(node: Node) -> str:
    if not node.children():
        return node.text
    return ", ".join(f"{name}: {_node_text(child)}" for name, child in node.children().items())


def _node_text(node: Node) -> str:
    if node.children():
        return "{" + _rule_text(node) + "}"
    if node.items():
        return "[" + ", ".join(_node_text(item) for item in node.items()) + "]"
    return plain_text(node.value)
