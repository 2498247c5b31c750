"""Format a YAML text: indentation, spaces, blank lines, needless quotes and the order of its keys.

Comments, and all that a value says, stay. The text is not written anew from its values: the space between its
tokens is. Long lines stay long, and what was written in one line or in several stays so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from sagerecon.documents.document import Node, read_document

#: The spaces of one level.
_STEP = 2

#: Quoted text that every reader of YAML takes for the same text without its quotes; expressions keep them.
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")

#: Words that some reader of YAML takes for something else than text.
_TYPED = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"))

#: Characters that end a line in YAML, but not for an editor.
_OTHER_LINE_ENDS = "\u0085\u2028\u2029"

#: The tokens after which no blank line stays.
_OPENING = (yaml.ValueToken, yaml.BlockEntryToken, yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_FLOW_START = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_FLOW_END = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)

#: What is not formatted: directives, and keys after a question mark.
_FOREIGN = (yaml.DirectiveToken, yaml.DocumentEndToken, yaml.TagToken)


def format_text(text: str, file: str, keys: Sequence[str] = ()) -> str | None:
    """Return the text in the format; None where that would change what it says.

    Args:
        text: without errors, as `read_document` reads it.
        file: its name.
        keys: the order of the keys at its top; others follow in their own order.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(sign in text for sign in _OTHER_LINE_ENDS):
        return None
    try:
        made = _Formatter(text).formatted()
        made = made if made is None else _in_order(made, keys)
        is_same = made is not None and _content(made, file) == _content(text, file)
    except (yaml.YAMLError, RecursionError):
        return None
    return made if is_same else None


def _content(text: str, file: str) -> tuple[list[str], dict[str, str] | str]:
    """Return what formatting must not change: all comments, and all values with their types and order."""
    root, findings = read_document(text, file)
    if findings:
        return [], str(findings)
    return sorted(_comments(text)), {key: _json(node) for key, node in root.children().items()} or _json(root)


def _json(node: Node) -> str:
    return json.dumps(node.plain())


def _tokens(text: str) -> list[yaml.Token]:
    # The two readers of PyYAML end a block of text at different places: this one is always there.
    return list(yaml.scan(text, Loader=yaml.SafeLoader))


def _comments(text: str) -> Iterator[str]:
    """Yield the comments of a text, without the space around them."""
    end = 0
    for token in _tokens(text):
        if (start := _index(token)) > end or isinstance(token, yaml.StreamEndToken):
            gap = text[end:] if isinstance(token, yaml.StreamEndToken) else text[end:start]
            yield from (line.strip() for line in gap.split("\n") if "#" in line)
        end = max(end, _end(token, text))


def _index(token: yaml.Token) -> int:
    return int(token.start_mark.index)


def _end(token: yaml.Token, text: str) -> int:
    """Return where a token ends; a block of text without the lines after it."""
    start, end = _index(token), int(token.end_mark.index)
    if not _is_block_text(token):
        return end
    body = text[start:end]
    if "+" in body.partition("\n")[0].partition("#")[0]:  # blank lines at its end count
        return start + max(body.rfind("\n"), 1)
    return start + len(body.rstrip())


def _is_block_text(token: yaml.Token) -> bool:
    return isinstance(token, yaml.ScalarToken) and token.style in ("|", ">")


@dataclass(slots=True)
class _Block:
    """A list or the keys of an object, one a line: where it stands, and where it will."""

    old: int
    new: int
    is_list: bool = False
    is_bare: bool = False  #: a list in the column of its key, of which no token tells the end


@dataclass(slots=True)
class _Formatter:
    """Writes the tokens of a text with new space between them."""

    text: str
    out: list[str] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)
    depth: int = 0  #: of lists in brackets and objects in braces

    def formatted(self) -> str | None:
        """Return the text in its new form; None where it has something foreign to our files."""
        before: yaml.Token | None = None
        blocks_before: list[_Block] = []
        is_key = False
        for token in _tokens(self.text):
            is_shown = int(token.end_mark.index) > _index(token)
            if isinstance(token, _FOREIGN) or (isinstance(token, yaml.KeyToken) and is_shown):
                return None
            self._enter_or_leave(token)
            if isinstance(token, yaml.KeyToken):
                is_key = True
            elif is_shown or isinstance(token, yaml.StreamEndToken):
                if isinstance(token, _FLOW_END):
                    self.depth -= 1
                starts_line = is_key or isinstance(token, yaml.BlockEntryToken | yaml.StreamEndToken)
                self._write_gap(before, token, blocks_before, starts_line=starts_line)
                self._write(token)
                if isinstance(token, _FLOW_START):
                    self.depth += 1
                before, blocks_before, is_key = token, list(self.blocks), False
        return "".join(self.out).strip("\n") + "\n"

    def _enter_or_leave(self, token: yaml.Token) -> None:
        """Keep up with the blocks that a token begins or ends."""
        if self.depth:
            return
        new = self.blocks[-1].new + _STEP if self.blocks else 0
        if isinstance(token, yaml.BlockMappingStartToken | yaml.BlockSequenceStartToken):
            is_list = isinstance(token, yaml.BlockSequenceStartToken)
            self.blocks.append(_Block(int(token.start_mark.column), new, is_list))
        elif isinstance(token, yaml.BlockEntryToken):
            if not self.blocks[-1].is_list:
                self.blocks.append(_Block(int(token.start_mark.column), new, is_list=True, is_bare=True))
        elif isinstance(token, yaml.KeyToken | yaml.BlockEndToken):
            while self.blocks[-1].is_bare:
                self.blocks.pop()
            if isinstance(token, yaml.BlockEndToken):
                self.blocks.pop()

    def _write_gap(
        self, before: yaml.Token | None, token: yaml.Token, blocks: Sequence[_Block], *, starts_line: bool
    ) -> None:
        """Write the space and the comments before a token."""
        start = len(self.text) if isinstance(token, yaml.StreamEndToken) else _index(token)
        gap = self.text[_end(before, self.text) if before is not None else 0 : start]
        if before is not None and "\n" not in gap and "#" not in gap:
            self.out.append(_space(before, token))
            return
        indent = self._indent(token, starts_line=starts_line)
        first, *lines = gap.split("\n")
        if before is None:
            first, lines = "", [first, *lines]
        comment = first.rstrip()
        self.out.append(f" {comment}" if comment.startswith("#") else comment)
        may_be_blank = before is not None and not isinstance(before, _OPENING)
        for line in lines[:-1] if not isinstance(token, yaml.StreamEndToken) else lines:
            if comment := line.strip():
                column = len(line) - len(line.lstrip())
                at = self._comment_indent(column, blocks, indent)
                self.out.append(f"\n{' ' * at}{comment}")
                may_be_blank = True
            elif may_be_blank:
                self.out.append("\n")
                may_be_blank = False
        self.out.append("\n" + " " * indent)

    def _indent(self, token: yaml.Token, *, starts_line: bool) -> int:
        """Return the column of a token that is the first in its line."""
        if not self.blocks:
            return _STEP * self.depth
        here = self.blocks[-1].new
        if self.depth or isinstance(token, _FLOW_END):
            return here + _STEP * (self.depth + self.blocks[-1].is_list)
        return here if starts_line else here + _STEP

    def _comment_indent(self, column: int, blocks: Sequence[_Block], indent: int) -> int:
        """Return the column of a comment: that of the block at whose end it stands, or of what follows."""
        for block in reversed(blocks):
            if any(block is other for other in self.blocks):
                break
            if column >= block.old:
                return block.new
        return indent

    def _write(self, token: yaml.Token) -> None:
        written = self.text[_index(token) : _end(token, self.text)]
        if isinstance(token, yaml.StreamEndToken):
            return
        if _is_block_text(token):
            written = self._block_text(written)
        elif isinstance(token, yaml.ScalarToken):
            written = self._scalar(written, token)
        self.out.append(written)

    def _block_text(self, written: str) -> str:
        """Return a block of text, `|` or `>`, under its key."""
        head, *lines = written.split("\n")
        here = self.blocks[-1] if self.blocks else _Block(0, 0)
        stated = re.search(r"[1-9]", head.partition("#")[0])
        if stated:
            old, new = here.old + int(stated[0]), here.new + int(stated[0])
        else:
            indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
            old = next(indents, max(map(len, lines), default=0))
            new = here.new + _STEP
        moved = (" " * new + line[old:] if line[old:] else "" for line in lines)
        return "\n".join((head.rstrip(), *moved))

    def _scalar(self, written: str, token: yaml.ScalarToken) -> str:
        """Return a text in its line or lines, without quotes that nothing needs."""
        if "\n" not in written:
            is_word = _WORDS.fullmatch(str(token.value)) and str(token.value).lower() not in _TYPED
            return str(token.value) if token.style and is_word else written
        if token.style == '"' and "\\" in written:  # which may keep the spaces around the end of a line
            return written
        first, *lines = written.split("\n")
        indent = " " * (self._indent(token, starts_line=False) + (_STEP if self.depth else 0))
        return "\n".join((first.rstrip(), *(indent + line.strip() if line.strip() else "" for line in lines)))


def _space(before: yaml.Token, token: yaml.Token) -> str:
    """Return the space between two tokens of one line."""
    if isinstance(token, yaml.ValueToken):
        return " " if isinstance(before, yaml.AliasToken) else ""
    if isinstance(token, yaml.StreamEndToken):
        return ""
    if isinstance(token, (yaml.FlowEntryToken, *_FLOW_END)):
        return " " if isinstance(before, yaml.ValueToken) else ""
    return "" if isinstance(before, _FLOW_START) else " "


def _in_order(text: str, keys: Sequence[str]) -> str:
    """Return a formatted text with its keys at the top in an order, each with the comments above it."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not keys or not isinstance(root, yaml.MappingNode) or root.flow_style or _has_anchors(text):
        return text
    lines = text.split("\n")[:-1]
    starts: list[tuple[int, str]] = []
    for key, _ in root.value:
        start = int(key.start_mark.line)
        while starts and start - 1 > starts[-1][0] and (not lines[start - 1] or lines[start - 1][0] == "#"):
            start -= 1
        starts.append((start, str(key.value)))
    ends = [*(start for start, _ in starts[1:]), len(lines)]
    sections = [(name, lines[start:end]) for (start, name), end in zip(starts, ends, strict=True)]
    rank = {name: number for number, name in enumerate(keys)}
    ordered = sorted(sections, key=lambda section: rank.get(section[0], len(rank)))
    if ordered == sections:
        return text
    made = [*lines[: starts[0][0]], *(line for _, section in ordered for line in section)]
    kept = [line for number, line in enumerate(made) if line or (number and made[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def _has_anchors(text: str) -> bool:
    return any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in _tokens(text))
