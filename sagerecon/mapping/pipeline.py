"""The `do:` of a value: transforms one after the other, each checked against what comes before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.frame import NOTHING, Frame, Read, Typed, a, plain_text
from sagerecon.mapping.scope import Scope
from sagerecon.mapping.transform import Apply, Options, Parameter, Step, Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.code import Code
from sagerecon.model.money import decimal
from sagerecon.model.place import Place


@dataclass(frozen=True, slots=True)
class _Link:
    """A step in its place: what it does, and what a change by it is called."""

    apply: Apply
    on_null: bool
    alters: bool
    rule: str
    place: Place


def through(
    value: Typed,
    do: Node | None,
    path: str,
    scope: Scope,
    faults: Faults,
    crosswalks: Mapping[str, Crosswalk],
) -> Typed:
    """`value` after the transforms of `do`; with a `path`, what they alter is remembered as changes."""
    if do is None:
        return value
    links: list[_Link] = []
    for node in do.items():
        used = _use(node, value, scope, faults, crosswalks)
        if used is None:
            return NOTHING
        transform, step = used
        links.append(
            _Link(step.apply, step.on_null, transform.alters and bool(path), _rule(node), node.place)
        )
        value = Typed(step.gives, value.read, step.constants)
    return Typed(value.type, _run(value.read, links, path), value.constants)


def _run(read: Read, links: Sequence[_Link], path: str) -> Read:
    if len(links) == 1 and not links[0].alters and not links[0].on_null:
        apply = links[0].apply

        def run_one(frame: Frame) -> Any:
            value = read(frame)
            return None if value is None else apply(value, frame)

        return run_one

    steps = [(link.apply, link.on_null, link.alters, link) for link in links]

    def run(frame: Frame) -> Any:
        value = read(frame)
        for apply, on_null, alters, link in steps:
            if value is None and not on_null:
                continue
            after = apply(value, frame)
            if alters and after != value and not _is_read(value, after):
                frame.change(path, value, after, link.rule, link.place)
            value = after
        return value

    return run


def _is_read(before: Any, after: Any) -> bool:
    """Whether an amount was only read from its text and is the same number."""
    if not isinstance(before, str) or not isinstance(after, Decimal):
        return False
    try:
        return decimal(before.strip()) == after
    except ValueError:
        return False


def _use(
    node: Node, value: Typed, scope: Scope, faults: Faults, crosswalks: Mapping[str, Crosswalk]
) -> tuple[Transform, Step] | None:
    children = node.children()
    named = [name for name in children if name in TRANSFORMS]
    name = named[0] if named else node.text if not children else next(iter(children), "")
    transform = TRANSFORMS.get(name)
    place = children[name].named_at if name in children else node.place
    if transform is None:
        faults.unknown(Code.UNKNOWN_TRANSFORM, place, f"there is no transform '{name}'.", name, TRANSFORMS)
        return None
    given = _given(transform, node, faults)
    values = _read_options(transform, given, place, faults)
    if values is None:
        return None
    if not transform.accepts(value.type):
        takes = " or ".join(transform.takes if len(transform.takes) < 4 else ("a single value",))
        hint = _bridge(value.type.name, transform)
        faults.add(
            Code.WRONG_INPUT, place, f"{name} takes {takes}, and what comes here is {a(value.type)}.", hint
        )
        return None
    step = transform.build(Options(values, place, value, scope, faults, crosswalks, given))
    return (transform, step) if step is not None else None


def _given(transform: Transform, node: Node, faults: Faults) -> dict[str, Node]:
    """The options as written: the one behind the name, those inside it, and those beside it."""
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
            f"Write {transform.name} alone.",
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
            faults.unknown(Code.UNKNOWN_OPTION, node.named_at, message, name, known)
            fine = False
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in given:
            problem = _problem(parameter, given[name])
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
                f"{transform.name} needs {name}.",
                f"For example: {transform.example.do}.",
            )
            fine = False
        else:
            values[name] = parameter.default
    return values if fine else None


def _problem(parameter: Parameter, node: Node) -> str:
    """What the option must be, where it is not."""
    value = node.value
    match parameter.type:
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole:
                return "a whole number"
            return (
                f"{parameter.least} or more"
                if parameter.least is not None and int(node.text) < parameter.least
                else ""
            )
        case "word":
            return "" if value in parameter.words else " or ".join(parameter.words)
        case "table":
            return "" if node.children() else "a table of values"
        case "text" | "name":
            return (
                "" if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else "text"
            )
        case "names":
            parts = node.items() or (node,)
            return "" if all(isinstance(part.value, str) for part in parts) else "a list of names"
        case _:
            return "" if not node.children() else "a plain value"


def _option(parameter: Parameter, node: Node) -> Any:
    if parameter.type == "table":
        return node.children()
    return node.text if parameter.type in ("text", "name") else node.value


def _bridge(name: str, transform: Transform) -> str:
    if "text" in transform.takes and name in ("integer", "decimal", "boolean", "date", "datetime"):
        return "Put the transform text before it."
    if name == "text" and "decimal" in transform.takes:
        return "Put the transform decimal before it."
    if name == "text" and "date" in transform.takes:
        return "Put the transform date before it."
    if name == "list":
        return "Take one item with {nth: 1}, or {join: ', '}."
    return ""


def _rule(node: Node) -> str:
    if not node.children():
        return node.text
    return ", ".join(f"{name}: {_shown(child)}" for name, child in node.children().items())


def _shown(node: Node) -> str:
    if node.children():
        return "{" + _rule(node) + "}"
    if node.items():
        return "[" + ", ".join(_shown(item) for item in node.items()) + "]"
    return plain_text(node.value)
