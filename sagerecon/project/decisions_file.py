"""Reads `decisions.yaml`: what users have settled about records. Each error names its place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.package import schema
from sagerecon.documents.schema import check_schema
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import instant
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectFileError
from sagerecon.model.finding import Finding
from sagerecon.model.money import decimal
from sagerecon.model.suggestion import suggestion
from sagerecon.pairing.answers import STANDINGS, DecisionAnswer, answers
from sagerecon.pairing.decisions import Covers, Decision, Side
from sagerecon.pairing.standing import Standing
from sagerecon.project.private_files import is_there
from sagerecon.project.project import Project

#: The name of the file with the decisions of a project, beside the project file.
DECISIONS_FILE = "decisions.yaml"


def project_decisions(project: Project) -> tuple[Decision, ...]:
    """Return the decisions of a project, in the order of the file; none where there is no file.

    Raises:
        ProjectError: the file cannot be read.
        ProjectFileError: the file has errors; every finding is attached.
    """
    path = project.folder / DECISIONS_FILE
    return read_decisions(project.text(path, follow=False), project.catalog) if is_there(path) else ()


def read_decisions(text: str, catalog: Catalog) -> tuple[Decision, ...]:
    """Return the decisions of a `decisions.yaml`, in its order.

    Raises:
        ProjectFileError: the text has errors; every finding is attached.
    """
    root, findings = read_document(text, DECISIONS_FILE)
    if not findings:
        entries = root["decisions"].items() if "decisions" in root else ()
        findings = check_schema(root, schema("decisions"))
        faulty = {finding.place for finding in findings}
        findings += [
            found
            for entry in entries
            for found in (*_check(entry, catalog), *_check_days(entry), *_check_instant(entry))
            if found.place not in faulty
        ]
        findings = findings or list(_check_selectors(tuple(map(_decision, entries))))
    if findings:
        raise ProjectFileError(sorted(findings, key=lambda finding: finding.place))
    return tuple(map(_decision, root["decisions"].items()))


def _decision(node: Node) -> Decision:
    covers = node["covers"]
    amount = _text(covers, "amount").replace(",", "")
    return Decision(
        standing=STANDINGS[node["standing"].text],
        kind=node["kind"].text,
        answer=DecisionAnswer(node["answer"].text),
        because=node["because"].text,
        by=node["by"].text,
        on=date.fromisoformat(node["on"].text),
        covers=Covers(
            records=int(covers["records"].text),
            amount=decimal(amount) if amount else None,
            fingerprint=covers["fingerprint"].text,
            theirs=_text(covers, "theirs"),
            refused=instant(covers["refused"].text) if "refused" in covers else 0,
        ),
        rule=_text(node, "rule"),
        key=_text(node, "key") or _text(node, "to"),
        earlier=_text(node, "from"),
        sage_id=_text(node, "sage_id"),
        fields={name: Side(side.text) for name, side in _fields(node).items()},
        until=date.fromisoformat(node["until"].text) if "until" in node else None,
        place=node.place,
    )


def _text(node: Node, key: str) -> str:
    child = node.get(key)
    return "" if child is None else child.text


def _fields(node: Node) -> dict[str, Node]:
    return node["fields"].children() if "fields" in node else {}


def _check(node: Node, catalog: Catalog) -> Iterator[Finding]:
    """Yield what the schema cannot see in one entry: its kind, its answer, and what the answer needs."""
    if "kind" in node and node["kind"].text not in catalog.kinds:
        kind = node["kind"]
        hint = suggestion(kind.text, catalog.kinds) or "See the kinds: sagerecon catalog list"
        yield Finding(Code.NOT_ALLOWED, kind.place, f"there is no kind '{kind.text}'.", hint)
    standing = STANDINGS.get(_text(node, "standing"))
    if standing is None or "answer" not in node:
        return
    answer = node["answer"]
    allowed = [allowed.value for allowed in answers(standing)]
    if answer.text not in allowed:
        yield Finding(
            Code.NOT_ALLOWED,
            answer.place,
            f"'{answer.text}' is no answer to the standing '{node['standing'].text}'.",
            f"Allowed: {', '.join(allowed)}.",
        )
    yield from _check_keys(node, standing, answer.text)


def _check_keys(node: Node, standing: Standing, answer: str) -> Iterator[Finding]:
    """Yield the keys that the standing or the answer does not go with, and those that it needs."""
    is_renamed = standing is Standing.RENAMED_IN_SOURCE
    of_source = standing is Standing.DUPLICATE_IN_SOURCE
    is_adopted = answer == DecisionAnswer.ADOPT.value and "key" in node
    takes_id = answer == DecisionAnswer.THIS_ONE.value or is_adopted
    misplaced = [
        ("until", of_source, "Remove it; it does not apply to a duplicate in the source."),
        ("to", not is_renamed, "Write `key`; `to` is for the standing 'renamed'."),
        ("from", not is_renamed, "Remove it; `from` is for the standing 'renamed'."),
        ("key", is_renamed, "Write `to` for the key now, and `from` for the earlier one."),
        ("fields", answer != DecisionAnswer.FIELDS.value, "Remove it; it belongs to 'field_by_field'."),
        ("sage_id", not takes_id, "Remove it; it belongs to 'this_one', or to 'adopt' about one record."),
    ]
    for key, is_wrong, hint in misplaced:
        if is_wrong and (child := node.get(key)) is not None:
            yield Finding(Code.UNKNOWN_KEY, child.named_at, f"'{key}' does not apply here.", hint)
    needed = {"to": "from" in node, "fields": answer == DecisionAnswer.FIELDS.value}
    for_one = answer in (DecisionAnswer.FIELDS.value, DecisionAnswer.THIS_ONE.value)
    needed["key"] = for_one and not is_renamed
    needed["sage_id"] = answer == DecisionAnswer.THIS_ONE.value and standing is Standing.DUPLICATE_IN_SAGE
    for key, is_needed in needed.items():
        if is_needed and key not in node:
            yield Finding(Code.MISSING_KEY, node.place, f"this decision needs the key '{key}'.")


def _check_days(node: Node) -> Iterator[Finding]:
    for key in ("on", "until"):
        day = node.get(key)
        try:
            date.fromisoformat("2026-01-01" if day is None else day.text)
        except ValueError:
            where = node[key].place
            yield Finding(
                Code.NOT_A_DATE, where, f"'{node[key].text}' is not a date.", "Write it as 2027-03-31."
            )


def _check_instant(node: Node) -> Iterator[Finding]:
    refused = node["covers"].get("refused") if "covers" in node else None
    try:
        instant("2026-01-01" if refused is None else refused.text)
    except ValueError:
        where = node["covers"]["refused"]
        yield Finding(
            Code.NOT_A_DATE,
            where.place,
            f"'{where.text}' is no instant.",
            "Write it as 2027-03-31T08:00:00Z.",
        )


def _check_selectors(decisions: tuple[Decision, ...]) -> Iterator[Finding]:
    """Yield a finding for each decision about what an earlier one is about."""
    first: dict[tuple[str, ...], Decision] = {}
    for decision in decisions:
        before = first.setdefault(decision.selector, decision)
        if before is not decision:
            yield Finding(
                Code.DUPLICATE_KEY,
                decision.place,
                f"a second decision about {decision.subject}; the first is on line {before.place.line}.",
                "Remove one of them.",
            )
