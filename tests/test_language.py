"""The language of the package: a docstring says what its function does, beginning with a verb (PEP 257)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import sagerecon

PACKAGE = Path(sagerecon.__file__).parent

#: First words that show that a docstring describes a thing in place of saying what is done.
NOT_A_VERB = re.compile(
    r"(a|all|an|as|each|every|how|it|nothing|one|that|the|these|this|those|"
    r"what|whatever|when|where|whether|which|who|whoever|whose|why)\b",
    re.IGNORECASE,
)


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the place and the docstring of each function that is no property."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            text = ast.get_docstring(node)
            is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
            if text and not is_property:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", text


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    found = list(docstrings())
    assert len(found) > 1_000
    assert [place for place, text in found if NOT_A_VERB.match(text)] == []


def test_docstrings_are_sentences() -> None:
    unfinished = [place for place, text in docstrings() if not text.partition("\n\n")[0].endswith((".", ":"))]
    assert unfinished == []
