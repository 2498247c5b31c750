"""Blocks that mappings share, and overlays that change them for an environment or a country."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sagerecon.documents.document import Node, read_document
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import MAPPING_FILES
from sagerecon.model.suggestion import suggestion

#: The parts of a mapping that a block may hold.
_BLOCK = ("ignore", "let", "leave_out", "quarantine", "choices", "fields", "checks", "reconcile")

#: The parts of a mapping that an overlay may change.
_OVERLAY = (*_BLOCK, "source", "target", "split", "amount", "label", "priority")

#: The conditions of an overlay.
_CONDITIONS = ("env", "country")


@dataclass(frozen=True, slots=True)
class Part:
    """The contents of one file with parts of mappings."""

    name: str
    file: str
    text: str
    root: Node
    mapping: str = ""  #: that an overlay changes
    env: str = ""  #: in which an overlay applies; any where it is empty
    country: str = ""


@dataclass(slots=True)
class Parts:
    """The blocks of a project by name, and its overlays in the order in which they are laid.

    `room` is left for the characters of blocks: each mapping that includes one is so much longer.
    """

    blocks: Mapping[str, Part]
    overlays: Sequence[Part]
    room: int = MAPPING_FILES.most

    def texts(self) -> dict[str, str]:
        """Return the texts of the files, by name, in which findings have their places."""
        return {part.file: part.text for part in (*self.blocks.values(), *self.overlays)}

    def unused(self, roots: Iterable[Node]) -> list[Finding]:
        """Return a finding for each overlay of a mapping that there is not."""
        names = {root["mapping"].text for root in roots if "mapping" in root}
        return [
            Finding(
                Code.UNKNOWN_MAPPING,
                part.root["mapping"].place,
                f"there is no mapping '{part.mapping}'.",
                suggestion(part.mapping, names),
            )
            for part in self.overlays
            if part.mapping not in names
        ]

    def laid_on(self, root: Node) -> tuple[Node, list[Finding]]:
        """Return a mapping with the blocks that it includes and the overlays that are for it.

        What the mapping states itself is kept where a block states the same, and replaced where an overlay
        does. A finding names each block that there is not.
        """
        findings: list[Finding] = []
        include = root.get("include")
        whole = root
        for item in reversed((include.items() or (include,)) if include is not None else ()):
            block = self.blocks.get(item.text)
            if block is None:
                message = f"there is no block '{item.text}'."
                hint = suggestion(item.text, self.blocks) or "Name its file under blocks: in sagerecon.yaml."
                findings.append(Finding(Code.UNKNOWN_BLOCK, item.place, message, hint))
            elif self.room < len(block.text):
                message = f"the mappings include too many blocks; {MAPPING_FILES.sentence}."
                findings.append(
                    Finding(Code.FILE_TOO_LARGE, item.place, message, "Include fewer, or shorter ones.")
                )
            else:
                self.room -= len(block.text)
                whole = _joined(block.root, whole, _BLOCK, own=whole)
        name = root["mapping"].text if "mapping" in root else ""
        for overlay in self.overlays:
            if overlay.mapping == name:
                whole = _joined(whole, overlay.root, _OVERLAY, own=whole)
        return whole, findings


def _joined(under: Node, over: Node, names: Iterable[str], own: Node) -> Node:
    """Return the node `own` with the named parts of two nodes, of which `over` counts where both have one."""
    parts = dict(own.children())
    for name in names:
        one, other = under.get(name), over.get(name)
        found = one if other is None else other if one is None else _both(one, other)
        if found is not None:
            parts[name] = found
    return replace(own, value=parts)


def _both(under: Node, over: Node) -> Node:
    """Return two parts as one: keys of `over` count, null removes a key; rules are told apart by name."""
    if under.children() or over.children():
        joined = {**under.children(), **over.children()}
        return replace(over, value={name: node for name, node in joined.items() if not _is_null(node)})
    if under.items() and over.items():
        names = {item["name"].text for item in over.items() if "name" in item}
        kept = [item for item in under.items() if "name" not in item or item["name"].text not in names]
        return replace(over, value=(*kept, *over.items()))
    return over


def _is_null(node: Node) -> bool:
    return node.value is None


def read_block(text: str, file: str) -> tuple[Part | None, list[Finding]]:
    """Return the block in a YAML text, and the findings about its form; None where there are some."""
    root, findings = read_document(text, file)
    findings = findings or list(_faults(root, "block", ("about", *_BLOCK)))
    if findings:
        return None, findings
    return Part(root["block"].text, file, text, root), []


def read_overlay(text: str, file: str) -> tuple[Part | None, list[Finding]]:
    """Return the overlay in a YAML text, and the findings about its form; None where there are some."""
    root, findings = read_document(text, file)
    findings = findings or list(_faults(root, "overlay", ("about", "mapping", "when", *_OVERLAY)))
    when = root.get("when")
    if not findings and (when is None or not when.children()):
        hint = "Write for example: when: {env: uat}."
        findings = [Finding(Code.MISSING_KEY, root.place, "the overlay does not say when it applies.", hint)]
    for name, node in (when.children() if when is not None else {}).items():
        if name not in _CONDITIONS:
            hint = suggestion(name, _CONDITIONS) or "Allowed here: country, env."
            findings.append(Finding(Code.UNKNOWN_KEY, node.named_at, f"unknown key '{name}'.", hint))
    if not findings and "mapping" not in root:
        findings = [Finding(Code.MISSING_KEY, root.place, "the overlay names no mapping.", "Add mapping:.")]
    if findings or when is None:
        return None, findings
    conditions = {name: node.text for name, node in when.children().items()}
    part = Part(
        name=root["overlay"].text,
        file=file,
        text=text,
        root=root,
        mapping=root["mapping"].text,
        env=conditions.get("env", ""),
        country=conditions.get("country", ""),
    )
    return part, []


def _faults(root: Node, sort: str, allowed: Sequence[str]) -> Iterable[Finding]:
    """Yield what is wrong with the keys of a file of a sort: a block or an overlay."""
    stated = root.get("sagerecon")
    if stated is None or stated.text != f"{sort}/v1":
        place = stated.place if stated is not None else root.place
        yield Finding(
            Code.WRONG_FORMAT, place, f"the file is no {sort}.", f"Begin it with: sagerecon: {sort}/v1"
        )
    if sort not in root:
        yield Finding(Code.MISSING_KEY, root.place, f"the {sort} has no name.", f"Add {sort}: NAME.")
    for name, node in root.children().items():
        if name not in ("sagerecon", sort, *allowed):
            hint = suggestion(name, allowed) or f"Allowed here: {', '.join(sorted(allowed))}."
            yield Finding(Code.UNKNOWN_KEY, node.named_at, f"unknown key '{name}'.", hint)
