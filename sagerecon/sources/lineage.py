"""Where the columns of a query come from: the cells of a table, as they are or through an expression."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Cells:
    """The column of a table from whose cells a column of a query is made.

    `shape` is the expression between the two, over the columns of the table, as the JSON of DuckDB's
    `json_serialize_sql`; it is empty where the cells are taken as they are.
    """

    table: str
    column: str
    shape: str = ""


#: The name of a column, and below it the names of the fields of its objects: `("lines", "amount")`.
Path: TypeAlias = "tuple[str, ...]"

#: The one column from which each column of a query is made; None where there are several, or it is not known.
Lineage: TypeAlias = "dict[Path, Cells | None]"

#: Names of the parts of an expression whose value does not follow from one row.
_OF_SEVERAL_ROWS = frozenset({"WINDOW", "SUBQUERY", "LAMBDA"})

#: Characters of the expressions that one expression may take in from the queries it reads; beyond them
#: nothing is said of it. Each query can double the expression of the one before.
_MOST_TAKEN_IN = 200_000

#: The aggregates that keep the values of the rows as they are.
_KEEPING = frozenset(
    {"any_value", "arbitrary", "arg_max", "arg_min", "array_agg", "first", "last", "list", "max", "min"}
)


class _Reader:
    def __init__(self, aggregates: Collection[str]) -> None:
        self._aggregates = aggregates
        self._taken_in = 0

    def of_query(self, node: Any, known: Mapping[str, Lineage]) -> Lineage:
        inner = dict(known)
        for entry in node.get("cte_map", {}).get("map", ()):
            name = str(entry["key"]).lower()
            query = entry["value"].get("query") or {"node": entry["value"].get("query_node")}
            inner[name] = self.of_query(query["node"], inner) if query.get("node") else {}
        if node.get("type") == "SET_OPERATION_NODE":
            return self._of_union(node, inner)
        if node.get("type") != "SELECT_NODE" or not node.get("from_table"):
            return {}
        sources = list(self._sources(node["from_table"], inner))
        found: Lineage = {}
        for item in node["select_list"]:
            found |= self._of_item(item, sources)
        return found

    def _of_union(self, node: Any, known: Mapping[str, Lineage]) -> Lineage:
        """Return the lineage of a union: a row of it is one of either side, so that both must agree."""
        children = node.get("children") or [node.get("left"), node.get("right")]
        sides = [self.of_query(child, known) for child in children if child]
        return {
            path: cells for path, cells in sides[0].items() if all(side.get(path) == cells for side in sides)
        }

    def _sources(self, table: Any, known: Mapping[str, Lineage]) -> Iterator[tuple[str, Lineage]]:
        """Yield the alias and the lineage of each table of a FROM clause."""
        match table.get("type"):
            case "BASE_TABLE":
                name = str(table["table_name"]).lower()
                yield str(table["alias"] or name).lower(), known.get(name, {})
            case "SUBQUERY":
                yield str(table["alias"]).lower(), self.of_query(table["subquery"]["node"], known)
            case "JOIN":
                yield from self._sources(table["left"], known)
                yield from self._sources(table["right"], known)
            case _:
                yield str(table.get("alias", "")).lower(), {}

    def _of_item(self, item: Any, sources: Sequence[tuple[str, Lineage]]) -> Lineage:
        if item["class"] != "STAR":
            name = str(item.get("alias") or (item.get("column_names") or [""])[-1]).lower()
            return _below(name, self._of_expression(item, sources))
        relation = str(item.get("relation_name") or "").lower()
        excluded = {str(name).lower() for name in item.get("exclude_list") or ()}
        found: Lineage = {}
        for alias, columns in sources:
            if relation in ("", alias):
                found |= {path: cells for path, cells in columns.items() if path[0] not in excluded}
        for entry in item.get("replace_list") or ():
            name = str(entry["key"]).lower()
            found = {path: cells for path, cells in found.items() if path[0] != name}
            found |= _below(name, self._of_expression(entry["value"], sources))
        return found

    def _of_expression(self, expression: Any, sources: Sequence[tuple[str, Lineage]]) -> Lineage:
        """Return the lineage of an expression, and of the fields of its objects."""
        if expression["class"] == "COLUMN_REF":
            return _of_reference(expression, sources)
        parts = [part["expression"] for part in expression.get("arguments") or ()]
        match str(expression.get("function_name", "")).lower():
            case "struct_pack":
                found: Lineage = {}
                for argument, part in zip(expression["arguments"], parts, strict=True):
                    name = str(argument["name"] or part.get("alias")).lower()
                    found |= _below(name, self._of_expression(part, sources))
                return found
            case name if name in _KEEPING and expression["class"] == "FUNCTION" and parts:
                return self._of_expression(parts[0], sources)
        if expression["type"] == "OPERATOR_COALESCE":  # of a list or an object: `coalesce(lines, [])`
            fields = self._of_expression(expression["children"][0], sources)
            if () not in fields:
                return fields
        return {(): self._of_scalar(expression, sources)}

    def _of_scalar(self, expression: Any, sources: Sequence[tuple[str, Lineage]]) -> Cells | None:
        """Return the one column whose cells an expression changes; conditions of a CASE may use others."""
        found: dict[Cells, bool] = {}  # and whether its cells are a value of the expression
        self._taken_in = 0
        try:
            shape = self._written(expression, sources, found, is_value=True)
        except LookupError:
            return None
        values = [cells for cells, is_value in found.items() if is_value] or list(found)
        if len(values) != 1 or len({cells.table for cells in found}) != 1:
            return None
        return replace(values[0], shape=json.dumps(shape))

    def _written(
        self, part: Any, sources: Sequence[tuple[str, Lineage]], found: dict[Cells, bool], *, is_value: bool
    ) -> Any:
        """Return an expression over the columns of the tables alone, and note those in `found`.

        Raises:
            LookupError: its value follows from several rows, a column is not known, or it takes in too much.
        """
        if isinstance(part, list):
            return [self._written(each, sources, found, is_value=is_value) for each in part]
        if not isinstance(part, dict):
            return part
        if part.get("class") in _OF_SEVERAL_ROWS or part.get("function_name") in self._aggregates:
            raise LookupError(part["class"])
        if part.get("class") == "COLUMN_REF":
            cells = _of_reference(part, sources)[()]
            if cells is None:
                raise LookupError(part["column_names"])
            column = Cells(cells.table, cells.column)
            found[column] = found.get(column, False) or is_value
            self._taken_in += len(cells.shape)
            if self._taken_in > _MOST_TAKEN_IN:
                raise LookupError(self._taken_in)
            return json.loads(cells.shape) if cells.shape else part | {"column_names": [cells.column]}
        return {
            name: self._written(each, sources, found, is_value=is_value and name != "when_expr")
            for name, each in part.items()
        }


def lineage(
    statement: Any, tables: Mapping[str, tuple[str, ...]], aggregates: Collection[str] = ()
) -> Lineage:
    """Return the lineage of the columns of a query.

    Args:
        statement: the query as DuckDB's `json_serialize_sql` describes it.
        tables: the columns of each table.
        aggregates: the names of the functions whose value follows from several rows.
    """
    known = {name: _of_table(name, columns) for name, columns in tables.items()}
    return _Reader(aggregates).of_query(statement["node"], known)


def _of_table(name: str, columns: tuple[str, ...]) -> Lineage:
    return {(column,): Cells(name, column) for column in columns}


def _below(name: str, found: Lineage) -> Lineage:
    return {(name, *path): cells for path, cells in found.items()}


def _of_reference(reference: Any, sources: Sequence[tuple[str, Lineage]]) -> Lineage:
    """Return the lineage of a column and of the fields below it; None where its name is in several tables."""
    names = [str(name).lower() for name in reference["column_names"]]
    alias, column = (names[-2] if len(names) > 1 else ""), names[-1]
    found = [
        {path[1:]: cells for path, cells in columns.items() if path[0] == column}
        for each, columns in sources
        if alias in ("", each) and any(path[0] == column for path in columns)
    ]
    return found[0] if len(found) == 1 else {(): None}
