"""Where the columns of a query come from: the cells of a table, as they are or through an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Cells:
    """The column of a table from whose cells a column of a query is made."""

    table: str
    column: str
    is_shaped: bool = False  #: whether an expression stands between the two


#: The one column from which each column of a query is made; None where there are several, or it is not known.
Lineage: TypeAlias = "dict[str, Cells | None]"

#: Names of the parts of an expression whose value does not follow from one row.
_OF_SEVERAL_ROWS = frozenset({"WINDOW", "SUBQUERY"})


def lineage(statement: Any, tables: Mapping[str, tuple[str, ...]]) -> Lineage:
    """Return the lineage of the columns of a query.

    Args:
        statement: the query as DuckDB's `json_serialize_sql` describes it.
        tables: the columns of each table.
    """
    return _of_query(statement["node"], {name: _of_table(name, columns) for name, columns in tables.items()})


def _of_table(name: str, columns: tuple[str, ...]) -> Lineage:
    return {column: Cells(name, column) for column in columns}


def _of_query(node: Any, known: Mapping[str, Lineage]) -> Lineage:
    inner = dict(known)
    for entry in node.get("cte_map", {}).get("map", ()):
        name = str(entry["key"]).lower()
        query = entry["value"].get("query") or {"node": entry["value"].get("query_node")}
        inner[name] = _of_query(query["node"], inner) if query.get("node") else {}
    if node.get("type") == "SET_OPERATION_NODE":
        return _of_union(node, inner)
    if node.get("type") != "SELECT_NODE" or node.get("group_expressions") or not node.get("from_table"):
        return {}
    sources = list(_sources(node["from_table"], inner))
    found: Lineage = {}
    for item in node["select_list"]:
        for name, cells in _of_item(item, sources):
            found[name] = cells
    return found


def _of_union(node: Any, known: Mapping[str, Lineage]) -> Lineage:
    """Return the lineage of a union: a row of it is one of either side, so that both must agree."""
    children = node.get("children") or [node.get("left"), node.get("right")]
    sides = [_of_query(child, known) for child in children if child]
    return {name: cells for name, cells in sides[0].items() if all(side.get(name) == cells for side in sides)}


def _sources(table: Any, known: Mapping[str, Lineage]) -> Iterator[tuple[str, Lineage]]:
    """Yield the alias and the lineage of each table of a FROM clause."""
    match table.get("type"):
        case "BASE_TABLE":
            name = str(table["table_name"]).lower()
            yield str(table["alias"] or name).lower(), known.get(name, {})
        case "SUBQUERY":
            yield str(table["alias"]).lower(), _of_query(table["subquery"]["node"], known)
        case "JOIN":
            yield from _sources(table["left"], known)
            yield from _sources(table["right"], known)
        case _:
            yield str(table.get("alias", "")).lower(), {}


def _of_item(item: Any, sources: list[tuple[str, Lineage]]) -> Iterator[tuple[str, Cells | None]]:
    if item["class"] == "STAR":
        relation = str(item.get("relation_name") or "").lower()
        excluded = {str(name).lower() for name in item.get("exclude_list") or ()}
        for alias, columns in sources:
            for name, cells in columns.items():
                if name not in excluded and relation in ("", alias):
                    yield name, cells
        for entry in item.get("replace_list") or ():
            yield str(entry["key"]).lower(), _of_expression(entry["value"], sources)
        return
    name = str(item.get("alias") or (item.get("column_names") or [""])[-1]).lower()
    yield name, _of_expression(item, sources)


def _of_expression(expression: Any, sources: list[tuple[str, Lineage]]) -> Cells | None:
    """Return the one column of a table from which an expression is made."""
    if expression["class"] == "COLUMN_REF":
        return _of_reference(expression, sources)
    found: set[Cells | None] = set()
    stack: list[Any] = [expression]
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack += part
        elif isinstance(part, dict):
            if part.get("class") in _OF_SEVERAL_ROWS:
                return None
            if part.get("class") == "COLUMN_REF":
                cells = _of_reference(part, sources)
                found.add(None if cells is None else replace(cells, is_shaped=True))
            else:
                stack += part.values()
    return found.pop() if len(found) == 1 else None


def _of_reference(reference: Any, sources: list[tuple[str, Lineage]]) -> Cells | None:
    names = [str(name).lower() for name in reference["column_names"]]
    alias, column = (names[-2] if len(names) > 1 else ""), names[-1]
    found = [columns[column] for each, columns in sources if alias in ("", each) and column in columns]
    return found[0] if len(found) == 1 else None
