"""The files that `sagerecon.yaml` names by patterns, each checked before it is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sagerecon.documents.document import Node
from sagerecon.files.found import files_found
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import MAPPING_FILES, PROJECT_FILE

#: The declaration of the source, where the project file names no other.
_SOURCES = "sources.yaml"

#: What makes a name a pattern that several files may match, or none.
_WILDCARD = re.compile(r"[*?\[]")

#: How the names of files with tests end, which lie beside the mappings and are none.
TESTS_ENDING = ".tests.yaml"


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """The files of a project that its project file names, in the order of the patterns and then by name."""

    sources: Path
    mappings: tuple[Path, ...]
    crosswalks: tuple[Path, ...]
    tests: tuple[Path, ...]
    blocks: tuple[Path, ...]
    overlays: tuple[Path, ...]
    warnings: tuple[Finding, ...] = ()  #: about what they lack


def named_files(root: Node, folder: Path, folders: Collection[Path]) -> tuple[NamedFiles, list[Finding]]:
    """Return the files that a project file names, and a finding for each that may not be read.

    Args:
        root: of the project file, which has its schema's form.
        folders: those in which the files may lie with all links followed: the project, and the trusted ones.
    """
    findings: list[Finding] = []

    def matching(patterns: Iterable[Node]) -> tuple[Path, ...]:
        """Return the files, without duplicates, and add the findings."""
        matched: dict[Path, None] = {}
        for pattern in patterns:
            found, faults = files_found(folder, pattern.text, pattern.place, folders, PROJECT_FILE)
            if not found and not faults:
                message = f"no file matches '{pattern.text}'."
                faults.append(Finding(Code.NO_SUCH_FILE, pattern.place, message, "Check the path."))
            findings.extend(faults)
            matched.update(dict.fromkeys(found))
        return tuple(matched)

    sources = root.get("sources") or Node(_SOURCES, root.place)
    findings += files_found(folder, sources.text, sources.place, folders, PROJECT_FILE)[1]
    crosswalks = root["crosswalks"].items() if "crosswalks" in root else ()
    patterns = root["mappings"].items()
    warnings = list(_without_mappings(patterns, folder, folders))
    mappings = tuple(
        path for path in matching(() if warnings else patterns) if not path.name.endswith(TESTS_ENDING)
    )
    findings += _too_large(mappings, root["mappings"])
    others = {
        name: matching(root[name].items() if name in root else ()) for name in ("tests", "blocks", "overlays")
    }
    named = NamedFiles(
        sources=folder / sources.text,
        mappings=mappings,
        crosswalks=matching(crosswalks),
        warnings=tuple(warnings),
        **others,
    )
    return named, findings


def _without_mappings(
    patterns: Collection[Node], folder: Path, folders: Collection[Path]
) -> Iterator[Finding]:
    """Yield a warning for each pattern if together they name no file, as before the first mapping is written.

    A name without a wildcard stands for one file, which must be there.
    """
    if all(_WILDCARD.search(pattern.text) for pattern in patterns) and not any(
        any(files_found(folder, pattern.text, pattern.place, folders, PROJECT_FILE)) for pattern in patterns
    ):
        for pattern in patterns:
            message = f"no file matches '{pattern.text}', so the project has no mapping."
            hint = "Check the path, or write a mapping with: sagerecon draft DATASET KIND"
            yield Finding(
                code=Code.NO_SUCH_FILE,
                place=pattern.place,
                message=message,
                hint=hint,
                severity=Severity.WARNING,
            )


def _too_large(mappings: Iterable[Path], patterns: Node) -> Iterator[Finding]:
    """Yield a finding if the mappings are too large together, though none of them is."""
    with suppress(OSError):  # a file that is not there is another finding
        size = sum(path.stat().st_size for path in mappings)
        if size > MAPPING_FILES.most:
            message = f"the mappings have {size:,} bytes; {MAPPING_FILES.sentence}."
            yield Finding(Code.FILE_TOO_LARGE, patterns.place, message, "Name fewer files.")
