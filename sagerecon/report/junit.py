"""Results as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from sagerecon.model.place import Place
from sagerecon.model.visible import visible

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One result: its name, the group it is in, its place, and what is wrong; empty where nothing is."""

    name: str
    group: str
    place: Place
    failures: tuple[str, ...] = ()


def junit_xml(suite: str, cases: Iterable[JUnitCase]) -> str:
    """Return a JUnit document: the same text for the same results, without times."""
    listed: Sequence[JUnitCase] = tuple(cases)
    failed = sum(bool(case.failures) for case in listed)
    counts = {"tests": str(len(listed)), "failures": str(failed), "errors": "0"}
    root = ElementTree.Element("testsuites", {"name": suite, **counts})
    element = ElementTree.SubElement(root, "testsuite", {"name": suite, **counts})
    for case in listed:
        named = {
            "name": visible(case.name),
            "classname": visible(case.group),
            "file": visible(case.place.file),
        }
        if case.place.line:
            named["line"] = str(case.place.line)
        child = ElementTree.SubElement(element, "testcase", named)
        if case.failures:
            failure = ElementTree.SubElement(child, "failure", {"message": visible(case.failures[0])})
            failure.text = "\n".join(map(visible, case.failures))
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"
