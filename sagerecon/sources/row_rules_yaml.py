"""Reading and checking the conditions of a `sources.yaml` for the rows of a file."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.sources.definitions import CellTest, RowRule

_TESTS = ("is", "starts_with", "ends_with", "contains", "blank")


def read_row_rules(node: Node, key: str) -> tuple[RowRule, ...]:
    """Return the named conditions under `key`."""
    child = node.get(key)
    return tuple(_rule(name, each) for name, each in (child.children() if child is not None else {}).items())


def read_row_rule(node: Node, key: str) -> RowRule | None:
    """Return the one condition under `key`, if there is one."""
    child = node.get(key)
    return None if child is None else _rule(key, child)


def check_row_rules(node: Node, has_header: bool) -> Iterator[Finding]:
    """Yield a finding for each condition of a file that the JSON Schema takes and that means nothing."""
    header = node.get("header")
    if header is not None and isinstance(header.value, str) and has_header:
        message = f"header is '{header.text}'; it must be a list of titles, or none."
        yield Finding(Code.BAD_CONDITION, header.place, message, f"Write it as [{header.text}].")
    for key in ("start", "end"):
        if key in node:
            yield from _check(node[key], key, has_header and key != "start", is_end=key == "end")
    for key in ("keep", "pass_over"):
        child = node.get(key)
        for name, each in (child.children() if child is not None else {}).items():
            yield from _check(each, name, has_header, is_end=False)


def _check(node: Node, name: str, has_titles: bool, *, is_end: bool) -> Iterator[Finding]:
    if isinstance(node.value, str) and node.value not in ("header", "blank"):
        message = f"'{name}' is no condition: '{node.text}'."
        yield Finding(Code.BAD_CONDITION, node.place, message, "Test a column: {column: 1, is: Total}.")
    elif node.value == "blank" and not is_end:
        message = f"'{name}' cannot be blank rows: those are never read."
        yield Finding(Code.BAD_CONDITION, node.place, message, "Test a column: {column: 1, is: Total}.")
    elif node.value == "header" and (not has_titles or is_end):
        message = f"'{name}' cannot be the header row here."
        yield Finding(Code.BAD_CONDITION, node.place, message, "Test a column: {column: 1, is: Total}.")
    for test in _tests(node):
        if not any(key in test for key in _TESTS):
            message = f"'{name}' tests nothing of the column."
            yield Finding(Code.BAD_CONDITION, test.place, message, f"Add one of {', '.join(_TESTS)}.")
        column = test.get("column")
        if column is not None and not isinstance(column.value, int) and not has_titles:
            message = f"'{name}' tests a column by its title, and no header row is read before."
            yield Finding(Code.BAD_CONDITION, column.place, message, "Give its position: column: 1.")


def _rule(name: str, node: Node) -> RowRule:
    return RowRule(
        name=name,
        tests=tuple(_test(each) for each in _tests(node)),
        is_header=node.value == "header",
        is_blank=node.value == "blank",
        place=node.named_at,
    )


def _tests(node: Node) -> tuple[Node, ...]:
    return node.items() or ((node,) if node.children() else ())


def _test(node: Node) -> CellTest:
    title, number, occurrence = read_column_address(node)
    blank = node.get("blank")
    return CellTest(
        title=title,
        number=number,
        occurrence=occurrence,
        equals=_texts(node, "is"),
        starts_with=_texts(node, "starts_with"),
        ends_with=_texts(node, "ends_with"),
        contains=_texts(node, "contains"),
        is_blank=None if blank is None else blank.value is True,
        place=node.place,
    )


def read_column_address(node: Node) -> tuple[str, int, int]:
    """Return where the cells of a column are: its title, its position from 1, and which one of that title."""
    column = node.get("column")
    number = column.value if column is not None and type(column.value) is int else 0
    occurrence = node.get("occurrence")
    return (
        " ".join(column.text.split()) if column is not None and not number else "",
        number,
        occurrence.value if occurrence is not None and isinstance(occurrence.value, int) else 0,
    )


def _texts(node: Node, key: str) -> tuple[str, ...]:
    child = node.get(key)
    return () if child is None else tuple(item.text for item in child.items() or (child,))
