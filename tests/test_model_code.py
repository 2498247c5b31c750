"""The catalogue of finding codes."""

import ast
from pathlib import Path

from sagerecon.model.code import CheckName, Code, read_code
from sagerecon.model.finding import Finding, Severity, finding_document, read_finding
from sagerecon.model.place import Place

PACKAGE = Path(__file__).parent.parent / "sagerecon"


def test_each_code_has_its_own_sentence() -> None:
    assert all(code.summary.endswith(".") and code.summary[0].isupper() for code in Code)
    assert len({code.summary for code in Code}) == len(Code)
    assert all(code.name == code.value.upper() for code in Code)


def test_each_code_is_used() -> None:
    used = {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code"
    }
    assert used == {code.name for code in Code}


def test_a_finding_survives_its_document() -> None:
    finding = Finding(Code.UNBALANCED, Place("a.csv", 3, 1), "off by 1.00", "Correct it.", Severity.WARNING)
    assert read_finding(finding_document(finding)) == finding
    assert read_finding(finding_document(finding)).code is Code.UNBALANCED


def test_a_projects_own_check_keeps_its_name() -> None:
    code = read_code("no_negative_stock")
    assert code == "no_negative_stock" and isinstance(code, CheckName)
