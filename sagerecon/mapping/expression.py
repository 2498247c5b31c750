"""Compile expressions: check them against the names and types in scope, and turn them into closures.

The syntax is Jinja2's, the semantics are not: numbers are exact, text and numbers are never converted
silently, a comparison with null is false (except `== null` and `!= null`), an unknown name is a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from sagerecon.documents.document import Node
from sagerecon.mapping import arithmetic
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.function import Function, compile_call, unfit
from sagerecon.mapping.functions import FUNCTIONS, LIST_FUNCTIONS
from sagerecon.mapping.record_context import (
    NOTHING,
    NUMBERS,
    CompiledValue,
    RecordContext,
    RefusalError,
    constant,
    plain_text,
    require_small,
    type_of,
    with_article,
)
from sagerecon.mapping.scope import PARAMETERS, Scope, attribute, for_each, listed
from sagerecon.mapping.syntax import ExpressionSyntaxError, parse_expression
from sagerecon.model.code import Code
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import BOOLEAN, DECIMAL, INTEGER, TEXT, UNKNOWN, Type, list_of

#: The syntax of Jinja2 that is not supported: its name, and what to write instead.
_UNSUPPORTED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Filter: ("a filter (|)", "Use a function: upper(name)."),
    nodes.Test: ("a test (is)", "Compare: x == null, x != null."),
    nodes.Pow: ("the power operator (**)", "Multiply."),
    nodes.FloorDiv: ("integer division (//)", "Use round(a / b, 0)."),
    nodes.Dict: ("an object ({})", "Use the transform enum or a crosswalk."),
    nodes.Slice: ("a slice", "Use left(text, n)."),
}


def compile_expression(node: Node, scope: Scope, faults: Faults, wanted: Type | None = None) -> CompiledValue:
    """Compile the expression in a YAML scalar; add its faults to `faults`.

    With `wanted`, a value of another type is a fault, as for a condition that is not a boolean.
    """
    try:
        tree = parse_expression(node.text)
    except ExpressionSyntaxError as error:
        faults.add(
            Code.EXPRESSION_SYNTAX,
            faults.place_in(node, error.offset),
            f"invalid expression: {error.message}.",
        )
        return NOTHING
    value = _Checker(node, scope, faults).check(tree)
    if wanted is not None and value.type not in (wanted, UNKNOWN):
        faults.add(
            Code.WRONG_RESULT,
            node.place,
            f"the expression gives {with_article(value.type)}, and {with_article(wanted)} is needed.",
            "Compare it, for example: name != null." if wanted == BOOLEAN else "",
        )
    return value


#: The function that gives the number of the item of the innermost `each`, 1 for the first.
POSITION = "position"

#: The word `null` itself, as opposed to a parameter whose value is null.
_NULL = constant(None, UNKNOWN)


class _Checker:
    """Checks one expression; each method returns the compiled value of one sort of node."""

    def __init__(self, node: Node, scope: Scope, faults: Faults) -> None:
        self._node = node
        self._scope = scope
        self._faults = faults

    def check(self, tree: nodes.Node) -> CompiledValue:
        match tree:
            case nodes.Const(value=None) | nodes.Name(name="null"):
                return _NULL
            case nodes.Const(value=value):
                return constant(value, type_of(value))
            case nodes.Name(name=name):
                return self._name(name, tree)
            case nodes.Getattr(node=nodes.Name(name="param"), attr=name):
                return self._parameter(name, tree)
            case nodes.Getattr(node=inner, attr=name):
                return self._attribute(self.check(inner), name, tree)
            case nodes.Getitem(node=inner, arg=nodes.Const(value=key)) if type(key) in (int, str):
                return self._item(self.check(inner), key, tree)
            case nodes.List(items=items) | nodes.Tuple(items=items):
                return self._list([self.check(item) for item in items], tree)
            case nodes.And(left=left, right=right):
                return CompiledValue(BOOLEAN, arithmetic.both(self._condition(left), self._condition(right)))
            case nodes.Or(left=left, right=right):
                return CompiledValue(
                    BOOLEAN, arithmetic.either(self._condition(left), self._condition(right))
                )
            case nodes.Not(node=inner):
                return CompiledValue(BOOLEAN, arithmetic.negation(self._condition(inner)))
            case nodes.Compare(expr=first, ops=operands):
                return self._compare(first, operands)
            case nodes.CondExpr(test=test, expr1=yes, expr2=no):
                return self._choice(test, yes, no, tree)
            case nodes.Concat(nodes=parts):
                return CompiledValue(TEXT, arithmetic.joined([self._concatenable(part) for part in parts]))
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Div() | nodes.Mod():
                return self._calculation(tree)
            case nodes.Neg(node=inner):
                return self._sign(inner, Decimal.copy_negate)
            case nodes.Pos(node=inner):
                return self._sign(inner, None)
            case nodes.Call(node=nodes.Name(name=name), args=arguments):
                return self._call(name, arguments, tree)
            case _:
                what, hint = _UNSUPPORTED.get(
                    type(tree), ("this syntax", "docs/mapping.md lists what an expression may contain.")
                )
                return self._fault(
                    Code.NOT_IN_LANGUAGE, tree, f"{what} is not part of the expression language.", hint
                )

    def _fault(self, code: Code, tree: nodes.Node, message: str, hint: str = "") -> CompiledValue:
        self._faults.add(code, self._faults.place_in(self._node, tree.lineno), message, hint)
        return NOTHING

    def _name(self, name: str, tree: nodes.Node) -> CompiledValue:
        found = self._scope.find(name)
        if found is None:
            known = list(self._scope.names())
            hint = suggestion(name, known)
            if name in FUNCTIONS or name in LIST_FUNCTIONS or name == POSITION:
                hint = f"{name} is a function: {name}(…)."
            elif name == PARAMETERS:
                hint = f"Name a parameter of the project: {PARAMETERS}.cut_over."
            return self._fault(Code.UNKNOWN_NAME, tree, f"there is no column or name '{name}'.", hint)
        return found

    def _parameter(self, name: str, tree: nodes.Node) -> CompiledValue:
        found = self._scope.parameter(name)
        if found is None:
            hint = (
                suggestion(name, self._scope.parameters) or "Declare it under parameters in sagerecon.yaml."
            )
            return self._fault(Code.UNKNOWN_PARAMETER, tree, f"the project has no parameter '{name}'.", hint)
        return found

    def _attribute(self, whole: CompiledValue, name: str, tree: nodes.Node) -> CompiledValue:
        if whole.type.name not in ("object", "unknown"):
            hint = f"Test each item: count(…, item.{name} != null)." if whole.type.name == "list" else ""
            return self._fault(
                Code.UNKNOWN_ATTRIBUTE, tree, f"{with_article(whole.type)} has no attribute '{name}'.", hint
            )
        if whole.type.fields and name not in whole.type.fields:
            hint = suggestion(name, whole.type.fields) or f"Available: {', '.join(whole.type.fields)}."
            return self._fault(Code.UNKNOWN_ATTRIBUTE, tree, f"the object has no attribute '{name}'.", hint)
        return attribute(whole, name)

    def _item(self, whole: CompiledValue, key: int | str, tree: nodes.Node) -> CompiledValue:
        if isinstance(key, str):
            return self._attribute(whole, key, tree)
        if whole.type.name not in ("list", "unknown"):
            return self._fault(Code.UNKNOWN_ATTRIBUTE, tree, f"{with_article(whole.type)} has no item {key}.")
        return CompiledValue(whole.type.item or UNKNOWN, arithmetic.nth(whole.read, key))

    def _list(self, items: list[CompiledValue], tree: nodes.Node) -> CompiledValue:
        common = UNKNOWN
        for item in items:
            joined = common_type(common, item.type)
            if joined is None:
                return self._fault(
                    Code.MIXED_TYPES,
                    tree,
                    f"a list of {common} cannot also contain {with_article(item.type)}.",
                )
            common = joined
        if all(item.constants for item in items):
            return self._constant_list([item.constants[0][0] for item in items], common, tree)
        reads, may_nest = [item.read for item in items], common.name in ("list", "unknown")

        def read_all(record: RecordContext) -> Any:
            made = [read(record) for read in reads]
            if may_nest:
                require_small(made)
            return made

        return CompiledValue(list_of(common), read_all)

    def _constant_list(self, values: list[Any], common: Type, tree: nodes.Node) -> CompiledValue:
        try:
            require_small(values)
        except RefusalError as error:
            return self._fault(Code.TOO_MANY_ITEMS, tree, f"{error.message}.", "Write a shorter list.")
        return constant(values, list_of(common))

    def _condition(self, tree: nodes.Node) -> Callable[[RecordContext], Any]:
        value = self.check(tree)
        if value.type not in (BOOLEAN, UNKNOWN):
            self._fault(
                Code.WRONG_OPERAND,
                tree,
                f"a condition must be a boolean, not {with_article(value.type)}.",
                "Compare it, for example: name != null.",
            )
        return value.read

    def _compare(self, first: nodes.Node, operands: list[nodes.Operand]) -> CompiledValue:
        left = self.check(first)
        links: list[Callable[[RecordContext], Any]] = []
        for operand in operands:
            right = self.check(operand.expr)
            links.append(self._comparison(operand.op, left, right, operand.expr))
            left = right
        read = links[0]
        for link in links[1:]:
            read = arithmetic.both(read, link)
        return CompiledValue(BOOLEAN, read)

    def _comparison(
        self, op: str, left: CompiledValue, right: CompiledValue, tree: nodes.Node
    ) -> Callable[[RecordContext], Any]:
        if op in ("in", "notin"):
            return self._membership(op, left, right, tree)
        if op in ("eq", "ne") and (left is _NULL or right is _NULL):
            return arithmetic.null_test(left.read if right is _NULL else right.read, op == "eq")
        if common_type(left.type, right.type) is None or left.type.name in ("list", "object", "reference"):
            self._fault(
                Code.NOT_COMPARABLE,
                tree,
                f"{with_article(left.type)} cannot be compared with {with_article(right.type)}.",
                _comparison_hint(left, right),
            )
        elif op not in ("eq", "ne") and BOOLEAN in (left.type, right.type):
            self._fault(Code.NOT_COMPARABLE, tree, "true and false have no order; use == or !=.")
        guarded = UNKNOWN in (left.type, right.type)
        if right.constants and not guarded:
            return arithmetic.comparison_with(op, left.read, right.constants[0][0])
        return arithmetic.comparison(op, left.read, right.read, guarded=guarded)

    def _membership(
        self, op: str, left: CompiledValue, right: CompiledValue, tree: nodes.Node
    ) -> Callable[[RecordContext], Any]:
        if right.type.name == "list":
            fits = common_type(left.type, right.type.item or UNKNOWN) is not None
        else:
            fits = {left.type.name, right.type.name} <= {"text", "unknown"}
        if not fits:
            self._fault(
                Code.NOT_COMPARABLE,
                tree,
                f"{with_article(left.type)} cannot be searched for in {with_article(right.type)}.",
            )
        return arithmetic.membership(left.read, right.read, wanted=op == "in")

    def _choice(
        self, test: nodes.Node, yes: nodes.Node, no: nodes.Node | None, tree: nodes.Node
    ) -> CompiledValue:
        condition, first = self._condition(test), self.check(yes)
        second = self.check(no) if no is not None else _NULL
        common = common_type(first.type, second.type)
        if common is None:
            return self._fault(
                Code.MIXED_TYPES,
                tree,
                f"the branches have different types: {first.type} and {second.type}.",
            )
        return CompiledValue(common, arithmetic.choice(condition, first.read, second.read))

    def _concatenable(self, tree: nodes.Node) -> Callable[[RecordContext], Any]:
        value = self.check(tree)
        if value.type.name in ("list", "object", "reference"):
            self._fault(Code.WRONG_OPERAND, tree, f"{with_article(value.type)} cannot be joined to text.")
        return arithmetic.as_text(value.read, value.type == TEXT)

    def _calculation(self, tree: nodes.BinExpr) -> CompiledValue:
        left, right = self.check(tree.left), self.check(tree.right)
        for value, side in ((left, tree.left), (right, tree.right)):
            if value.type.name not in (*NUMBERS, "unknown"):
                hint = {"text": "Join text with ~, or convert it with decimal(…)."}.get(value.type.name, "")
                if value.type.name == "date":
                    hint = "Use days(date, n)."
                return self._fault(
                    Code.WRONG_OPERAND,
                    side,
                    f"arithmetic needs numbers, not {with_article(value.type)}.",
                    hint,
                )
        whole = left.type == right.type == INTEGER and not isinstance(tree, nodes.Div)
        read = arithmetic.calculation(tree.operator, left.read, right.read)
        return CompiledValue(INTEGER if whole else DECIMAL, read)

    def _sign(self, tree: nodes.Node, change: Any) -> CompiledValue:
        value = self.check(tree)
        if value.type.name not in (*NUMBERS, "unknown"):
            return self._fault(
                Code.WRONG_OPERAND, tree, f"a sign needs a number, not {with_article(value.type)}."
            )
        return CompiledValue(value.type, arithmetic.negative(value.read)) if change else value

    def _call(self, name: str, arguments: list[nodes.Expr], tree: nodes.Node) -> CompiledValue:
        if isinstance(tree, nodes.Call) and (tree.kwargs or tree.dyn_args or tree.dyn_kwargs):
            return self._fault(Code.WRONG_ARGUMENT, tree, f"{name} accepts positional arguments only.")
        if name == POSITION and not arguments:
            return self._position(tree)
        if name in LIST_FUNCTIONS and arguments:
            first = self.check(arguments[0])
            if first.type.name in ("list", "unknown") or name not in ("min", "max"):
                return self._over_list(name, first, arguments, tree)
        function = FUNCTIONS.get(name)
        if function is None:
            hint = suggestion(name, [*FUNCTIONS, *LIST_FUNCTIONS, POSITION])
            return self._fault(Code.UNKNOWN_FUNCTION, tree, f"there is no function '{name}'.", hint)
        return self._plain_call(function, [self.check(argument) for argument in arguments], tree)

    def _position(self, tree: nodes.Node) -> CompiledValue:
        if not self._scope.elements:
            message = f"{POSITION}() is used outside each:."
            return self._fault(Code.WRONG_ARGUMENT, tree, message, "Use it in a field of each:.")
        return CompiledValue(INTEGER, _read_position)

    def _plain_call(
        self, function: Function, arguments: list[CompiledValue], tree: nodes.Node
    ) -> CompiledValue:
        problem = function.argument_error([argument.type for argument in arguments])
        if problem:
            return self._fault(Code.WRONG_ARGUMENT, tree, problem, f"Write {function.signature}.")
        return compile_call(function, arguments)

    def _over_list(
        self, name: str, items: CompiledValue, arguments: list[nodes.Expr], tree: nodes.Node
    ) -> CompiledValue:
        function = LIST_FUNCTIONS[name]
        if items.type.name not in ("list", "unknown") or len(arguments) > 2:
            message = f"{name} needs a list and, for each item, an expression of `item`."
            return self._fault(Code.WRONG_ARGUMENT, tree, message, f"Write {function.signature}.")
        each = CompiledValue(items.type.item or UNKNOWN, lambda record: record.elements.get("item"))
        if len(arguments) == 2:
            inner = self._scope.with_element("item", items.type.item or UNKNOWN)
            each = _Checker(self._node, inner, self._faults).check(arguments[1])
        elif function.needs_body:
            return self._fault(
                Code.WRONG_ARGUMENT, tree, f"{name} needs a condition.", f"Write {function.signature}."
            )
        if not function.accepts(each.type, len(arguments)):
            message = f"{name} does not accept {with_article(each.type)}."
            return self._fault(Code.WRONG_ARGUMENT, tree, message, f"Write {function.signature}.")
        return CompiledValue(
            function.result_type(each.type),
            _apply_to_list(name, function.apply, items, each, len(arguments) == 2),
        )


def _read_position(record: RecordContext) -> int:
    if not record.indices:
        raise RefusalError(Code.NO_ITEM, f"{POSITION}() is used outside each:")
    return record.indices[-1] + 1


def _apply_to_list(
    name: str, apply: Callable[[list[Any]], Any], items: CompiledValue, each: CompiledValue, has_body: bool
) -> Callable[[RecordContext], Any]:
    values = (
        for_each("item", items.read, each.read) if has_body else lambda record: listed(items.read(record))
    )

    def read(record: RecordContext) -> Any:
        found = list(values(record))
        try:
            return apply(found)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise unfit(name, error) from None  # of a type that was not known before this record was read

    return read


def common_type(left: Type, right: Type) -> Type | None:
    """Return the type of a value that may be of either type, or None where they cannot be mixed."""
    if left in (UNKNOWN, right):
        return right
    if right == UNKNOWN:
        return left
    if left.name in NUMBERS and right.name in NUMBERS:
        return DECIMAL
    if left.name == right.name == "list":
        item = common_type(left.item or UNKNOWN, right.item or UNKNOWN)
        return list_of(item) if item is not None else None
    return None


def _comparison_hint(left: CompiledValue, right: CompiledValue) -> str:
    names = {left.type.name, right.type.name}
    texts = [value for value in (left, right) if value.type == TEXT and value.constants]
    if "date" in names and texts:
        return f"Write date('{plain_text(texts[0].constants[0][0])}')."
    if "text" in names and names & set(NUMBERS):
        return "Write the number without quotes, or convert the text with decimal(…)."
    return ""
