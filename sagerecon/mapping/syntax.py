"""Parse an expression into Jinja2's syntax tree, with exact numbers and a position on each node.

Jinja2 counts lines and reads `2.345` as a float. Here each token has the offset of its first character
instead of a line number, and a number with a decimal point is a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from sagerecon.model.limits import DIGITS, EXPRESSION_CHARACTERS, EXPRESSION_DEPTH

#: Nodes on the longest path down the tree, so that the checker's recursion ends.
_TALLEST = 100


class ExpressionSyntaxError(Exception):
    """The text is not an expression; `offset` is the position of the first character that is wrong."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def parse_expression(text: str) -> nodes.Expr:
    """Return the syntax tree of `text`; `lineno` of each node is the offset of its first token.

    Raises:
        ExpressionSyntaxError: The text is not one complete expression, or exceeds a limit.
    """
    longest = EXPRESSION_CHARACTERS.most
    if len(text) > longest:
        raise ExpressionSyntaxError(
            f"it has {len(text):,} characters; at most {longest:,} are allowed", longest
        )
    _check_depth(text)
    try:
        parser = Parser(_ENVIRONMENT, text, state="variable")
        tree = parser.parse_expression()
    except jinja2.TemplateSyntaxError as error:
        raise ExpressionSyntaxError(
            _translated(error.message or "not an expression"), error.lineno
        ) from error
    except RecursionError as error:
        raise ExpressionSyntaxError("it is nested too deeply", 0) from error
    if not parser.stream.eos:
        current = parser.stream.current
        raise ExpressionSyntaxError(f"unexpected '{current.value}' after the end", current.lineno)
    if _depth(tree) > _TALLEST:
        raise ExpressionSyntaxError("it is nested too deeply", 0)
    return tree


class _OffsetEnvironment(jinja2.Environment):
    """Jinja2's grammar over tokens that have their offset."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        return TokenStream(self._tokens(source, state), name, filename)

    def _tokens(self, source: str, state: str | None) -> Iterator[Token]:
        offset = 0
        try:
            for _, kind, text in self.lexer.tokeniter(source, None, None, state):
                if kind in ("integer", "float"):
                    _check_number(text, offset)
                for token in self.lexer.wrap([(offset, kind, text)]):
                    yield Token(offset, token.type, _value(token, text))
                offset += len(text)
        except jinja2.TemplateSyntaxError as error:
            raise jinja2.TemplateSyntaxError(error.message or "", offset) from error


_ENVIRONMENT = _OffsetEnvironment()


def _check_number(text: str, offset: int) -> None:
    if not text.isascii():
        raise jinja2.TemplateSyntaxError("a number is written with the digits 0 to 9", offset)
    if len(text) > DIGITS.most + 1:
        raise jinja2.TemplateSyntaxError(f"a number has at most {DIGITS.most} digits", offset)


def _value(token: Token, text: str) -> Any:
    if token.type != "float":
        return token.value
    if "e" in text.lower():
        raise jinja2.TemplateSyntaxError("a number cannot have an exponent", token.lineno)
    return Decimal(text.replace("_", ""))


def _depth(tree: nodes.Node) -> int:
    """Return the number of nodes on the longest path down the tree; a sum of n numbers is n deep."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.iter_child_nodes()]
    return depth


def _check_depth(text: str) -> None:
    depth, deepest = 0, EXPRESSION_DEPTH.most
    for offset, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > deepest:
            raise ExpressionSyntaxError(f"brackets are nested more than {deepest} deep", offset)


def _translated(message: str) -> str:
    if message.startswith("unexpected char"):
        message = message.rpartition(" at ")[0]
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message[0].lower() + message[1:].rstrip(".")


_WORDS = (
    ("unexpected end of template, expected", "it ends too early, expected"),
    ("unexpected 'end of template'", "it ends too early"),
    ("got 'end of template'", "and it ends there"),
    ("'end of print statement'", "'}}'"),
)
