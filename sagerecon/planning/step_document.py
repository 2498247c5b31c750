"""Steps as JSON and back. A property that is empty is left out, so that a line stays readable."""

from __future__ import annotations

from typing import Any

from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.model.draft import Change, OnExisting, node_document, read_node
from sagerecon.model.finding import finding_document, read_finding
from sagerecon.model.money import decimal, decimal_text
from sagerecon.model.place import Place
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.standing import Standing
from sagerecon.planning.step import (
    Action,
    AdoptStep,
    CreateStep,
    KeepStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
    WriteStep,
)

#: What a property that is left out would have been.
_EMPTY: tuple[Any, ...] = ("", None, {}, [])


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as JSON: the properties of its class that are not empty."""
    document: dict[str, Any] = {
        "number": step.number,
        "action": step.action.value,
        "kind": step.kind,
        "key": step.key,
        "reason": step.reason,
        "label": step.label,
    }
    if isinstance(step, ReadStep):
        document |= {
            "calls": step.calls,
            "window": step.window,
            "path": step.path,
            "query": dict(step.query),
            "expect": dict(step.expect),
            "sage_id": step.sage_id,
        }
    else:
        document["amount"] = None if step.amount is None else decimal_text(step.amount)
        document["origins"] = [place.address for place in step.origins]
    match step:
        case CreateStep() | AdoptStep() | UpdateStep() | SkipStep() | RenameStep() | ReverseStep():
            document |= _draft_document(step)
        case LeftOutStep():
            document["rule"] = step.rule
        case QuarantinedStep():
            document["findings"] = [finding_document(finding) for finding in step.findings]
            document["changes"] = _changes_document(step.changes)
        case WaitStep():
            document |= {
                **_draft_document(step),
                "standing": step.standing.value,
                "rule": step.rule,
                "earlier": list(step.earlier),
                "may_be": list(step.may_be),
                "refers_to": step.refers_to,
                "decided": step.decided,
                "refused": step.refused,
                "on_existing": _on_existing_text(step.on_existing),
                "apart": list(step.apart),
            }
        case KeepStep():
            document |= {
                "standing": step.standing.value,
                "rule": step.rule,
                "edited": list(step.edited),
            }
        case SettledStep():
            document |= {"standing": step.standing.value, "answer": step.answer.value}
    if isinstance(step, CreateStep | UpdateStep):
        document |= {"window": step.window, "reversibility": step.reversibility}
    if isinstance(step, RenameStep):
        document |= {"earlier": step.earlier, "sage_id": step.sage_id}
    if isinstance(step, ReverseStep):
        document |= {
            "window": step.window,
            "sage_id": step.sage_id,
            "void_reason": step.void_reason,
            "compare": {path: _comparison_document(rule) for path, rule in step.compare.items()},
        }
    if isinstance(step, AdoptStep):
        document |= {
            "window": step.window,
            "look_calls": step.look_calls,
            "sage_id": step.sage_id,
            "replaces": step.replaces,
            "is_equal": step.is_equal or None,
            "compare": {path: _comparison_document(rule) for path, rule in step.compare.items()},
            "on_existing": _on_existing_text(step.on_existing),
        }
    if isinstance(step, UpdateStep):
        document |= {
            "changed": list(step.changed),
            "look_calls": step.look_calls,
            "compare": {path: _comparison_document(rule) for path, rule in step.compare.items()},
            "covers": step.covers,
            "left": list(step.left),
        }
    if isinstance(step, CreateStep):
        document |= {
            "on_existing": step.on_existing.value,
            "replaces": step.replaces,
            "apart": list(step.apart),
        }
    return {name: value for name, value in document.items() if value not in _EMPTY}


def read_step(document: dict[str, Any]) -> Step:
    """Return the step that `step_document` wrote.

    Raises:
        KeyError: a property is missing.
        ValueError: a property has a value that is none of its own.
    """
    get = document.get
    every: dict[str, Any] = {
        "number": document["number"],
        "kind": document["kind"],
        "key": document["key"],
        "reason": get("reason", ""),
        "label": get("label", ""),
    }
    action = Action(document["action"])
    if action is Action.READ:
        return ReadStep(
            **every,
            calls=document["calls"],
            window=document["window"],
            path=document["path"],
            query=get("query", {}),
            expect=get("expect", {}),
            sage_id=get("sage_id", ""),
        )
    every["amount"] = None if get("amount") is None else decimal(document["amount"])
    every["origins"] = tuple(Place.parse(text) for text in get("origins", ()))
    changes = tuple(_read_change(change) for change in get("changes", ()))
    if action is Action.LEAVE_OUT:
        return LeftOutStep(**every, rule=get("rule", ""))
    if action is Action.QUARANTINE:
        findings = tuple(read_finding(finding) for finding in get("findings", ()))
        return QuarantinedStep(**every, findings=findings, changes=changes)
    if action is Action.WAIT:
        return WaitStep(
            **every,
            standing=Standing(document["standing"]),
            rule=get("rule", ""),
            earlier=tuple(get("earlier", ())),
            may_be=tuple(get("may_be", ())),
            refers_to=get("refers_to", ""),
            decided=get("decided", ""),
            refused=get("refused", ""),
            changes=changes,
            body=read_node(get("body", {})),
            identity=get("identity", {}),
            mapping=Place.parse(get("mapping", "")),
            on_existing=OnExisting(get("on_existing", OnExisting.CREATE.value)),
            apart=tuple(get("apart", ())),
        )
    if action is Action.KEEP:
        return KeepStep(
            **every,
            standing=Standing(document["standing"]),
            rule=get("rule", ""),
            edited=tuple(get("edited", ())),
        )
    if action is Action.SETTLED:
        answer = DecisionAnswer(document["answer"])
        return SettledStep(**every, standing=Standing(document["standing"]), answer=answer)
    every["body"] = read_node(get("body", {}))
    every["identity"] = get("identity", {})
    every["mapping"] = Place.parse(get("mapping", ""))
    every["changes"] = changes
    if action is Action.SKIP:
        return SkipStep(**every)
    if action is Action.RENAME:
        return RenameStep(**every, earlier=document["earlier"], sage_id=document["sage_id"])
    every["window"] = document["window"]
    if action is Action.REVERSE:
        return ReverseStep(
            **every,
            sage_id=document["sage_id"],
            void_reason=get("void_reason", ""),
            compare={path: _read_comparison(rule) for path, rule in get("compare", {}).items()},
        )
    if action is Action.ADOPT:
        return AdoptStep(
            **every,
            look_calls=get("look_calls", 1),
            sage_id=document["sage_id"],
            replaces=get("replaces", ""),
            is_equal=get("is_equal", False),
            compare={path: _read_comparison(rule) for path, rule in get("compare", {}).items()},
            on_existing=OnExisting(get("on_existing", OnExisting.CREATE.value)),
        )
    every["reversibility"] = get("reversibility", "")
    if action is Action.UPDATE:
        return UpdateStep(
            **every,
            changed=tuple(get("changed", ())),
            look_calls=get("look_calls", 1),
            compare={path: _read_comparison(rule) for path, rule in get("compare", {}).items()},
            covers=get("covers", ""),
            left=tuple(get("left", ())),
        )
    on_existing = OnExisting(document["on_existing"])
    apart = tuple(get("apart", ()))
    return CreateStep(**every, on_existing=on_existing, replaces=get("replaces", ""), apart=apart)


def read_write_step(document: dict[str, Any]) -> WriteStep:
    """Return the step that `step_document` wrote, which creates, updates or deletes.

    Raises:
        ValueError: it has another action.
    """
    match read_step(document):
        case CreateStep() | UpdateStep() | ReverseStep() as step:
            return step
        case step:
            raise ValueError(f"step {step.number} has the action {step.action.value}, which writes nothing")


def _draft_document(
    step: CreateStep | AdoptStep | UpdateStep | SkipStep | RenameStep | ReverseStep | WaitStep,
) -> dict[str, Any]:
    """Return what a step has of its draft."""
    return {
        "body": node_document(step.body),
        "identity": dict(step.identity),
        "mapping": step.mapping.address,
        "changes": _changes_document(step.changes),
    }


def _on_existing_text(on_existing: OnExisting) -> str:
    return "" if on_existing is OnExisting.CREATE else on_existing.value


def _comparison_document(rule: Comparison) -> str | list[str]:
    """Return a comparison rule: what counts as equal, followed by the tolerance where there is one."""
    if rule.tolerance is None:
        return rule.how.value
    return [rule.how.value, rule.tolerance.name, decimal_text(rule.tolerance.size), rule.tolerance.reason]


def _read_comparison(document: str | list[str]) -> Comparison:
    if isinstance(document, str):
        return Comparison(How(document))
    how, name, size, reason = document
    return Comparison(How(how), Tolerance(name, decimal(size), reason))


def _changes_document(changes: tuple[Change, ...]) -> list[list[str]]:
    return [[c.field, c.before, c.after, c.rule, c.place.address] for c in changes]


def _read_change(document: list[str]) -> Change:
    field, before, after, rule, place = document
    return Change(field=field, before=before, after=after, rule=rule, place=Place.parse(place))
