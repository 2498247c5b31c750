"""Reading a file with tests of mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.schema import check_schema
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place


@dataclass(frozen=True, slots=True)
class Case:
    """One test: a record as it comes from its dataset, and what its mapping is expected to make of it."""

    name: str
    mapping: str
    given: Mapping[str, Node]  #: columns that are not given are null
    expect: Node
    place: Place
    part: str = ""  #: of those into which its mapping splits the record
    parameters: Mapping[str, Node] = field(default_factory=dict)  #: in the place of those of the project
    crosswalks: Mapping[str, Node] = field(default_factory=dict)  #: likewise, each `source: target`


@dataclass(frozen=True, slots=True)
class Sample:
    """A folder of source files, and the file with the outcomes that all mappings are expected to give."""

    data: Node
    expect: Node


@dataclass(frozen=True, slots=True)
class TestsFile:
    """The contents of a file with tests."""

    __test__ = False  # not one of pytest's

    name: str
    cases: tuple[Case, ...] = ()
    samples: tuple[Sample, ...] = ()
    references: tuple[Node, ...] | None = None  #: the records and entities that there are; None for any


def read_tests(
    text: str, name: str, schema: Mapping[str, Any], mapping: str = ""
) -> tuple[TestsFile, list[Finding]]:
    """Return the tests in a YAML text, and the findings about it; with an error there are no tests.

    Args:
        name: of the file, in messages.
        schema: the JSON Schema of such a file.
        mapping: the mapping that the tests are of where the file does not say so.
    """
    root, findings = read_document(text, name)
    findings = findings or check_schema(root, schema)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return TestsFile(name), findings
    stated = root.get("mapping")
    usual = stated.text if stated is not None else mapping
    shared = _entries(root, "row")
    cases: list[Case] = []
    names: dict[str, Place] = {}
    for node in root["tests"].items() if "tests" in root else ():
        own = node.get("mapping")
        case = Case(
            name=node["test"].text,
            mapping=own.text if own is not None else usual,
            given=shared | node["given"].children(),
            expect=node["expect"],
            place=node["test"].place,
            part=node["part"].text if "part" in node else "",
            parameters={**_entries(root, "parameters"), **_entries(node, "parameters")},
            crosswalks=_entries(root, "crosswalks"),
        )
        if not case.mapping:
            hint = "Write mapping: at the top of the file, or in the test."
            findings.append(Finding(Code.MISSING_KEY, case.place, "the test names no mapping.", hint))
        if case.name in names:
            message = f"the name '{case.name}' is that of the test at {names[case.name]} as well."
            findings.append(Finding(Code.DUPLICATE_TEST, case.place, message, "Give each its own name."))
        names[case.name] = case.place
        cases.append(case)
    samples = (Sample(root["sample"]["data"], root["sample"]["expect"]),) if "sample" in root else ()
    file = TestsFile(
        name=name,
        cases=tuple(cases),
        samples=samples,
        references=root["references"].items() if "references" in root else None,
    )
    return file, findings


def _entries(node: Node, name: str) -> dict[str, Node]:
    child = node.get(name)
    return {} if child is None else child.children()
