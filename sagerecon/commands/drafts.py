"""Propose a mapping for a dataset."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sagerecon.commands.source_tables import open_dataset
from sagerecon.files.folders import make_private_folder
from sagerecon.files.writing import write_first, write_text
from sagerecon.mapping.proposal import REVIEW, KnownMapping, Proposal, mapping_text
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.project.file import read_project
from sagerecon.project.project import FILE, Project
from sagerecon.project.source import declared_sources
from sagerecon.sources.definitions import Sources
from sagerecon.sources.look import named_file

#: A project that has no mapping yet.
_NONE = re.compile(r"^mappings: \[\].*$", re.MULTILINE)

#: What each mapping says of itself.
_MAPPING = re.compile(r"^mapping: (\w+)", re.MULTILINE)
_KIND = re.compile(r"^target: \{kind: (\w+)", re.MULTILINE)
_KEY = re.compile(r"^source: \{.*key: \[(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DraftedMapping:
    """A mapping that was proposed, and how many of its lines need review."""

    file: Path
    to_review: int


def draft(
    folder: Path, dataset: str, kind: str, name: str = "", hosts: Collection[str] = ()
) -> DraftedMapping:
    """Write a proposed mapping of a dataset to a kind; an existing file is left alone.

    Args:
        name: of the mapping; empty for that of the dataset.
        hosts: those that are allowed for this command.

    Raises:
        ProjectError: there is no such kind or dataset, the file exists, or it cannot be written.
    """
    project = read_project(folder, hosts)
    if kind not in project.catalog:
        hint = suggestion(kind, (each.name for each in project.catalog)) or "See: sagerecon catalog list"
        raise ProjectError(f"Sage has no kind '{kind}'.", hint)
    name = name or dataset
    if re.fullmatch(r"[a-z][a-z0-9_]*", name) is None:
        raise ProjectError(f"'{name}' is not a valid name.", "Use lower-case letters, digits and _.")
    _require_dataset(dataset, declared_sources(project))
    with open_dataset(dataset, folder, hosts) as table:
        rows, columns = table.snapshot.look(table.dataset, table.seconds)
        unique = {each.name for each in columns if rows and each.distinct == each.rows == rows}
        negative = {each.name for each in columns if isinstance(each.least, Decimal | int) and each.least < 0}
        text = mapping_text(
            Proposal(
                name=name,
                dataset=dataset,
                columns=table.columns,
                unique=unique,
                kind=project.catalog[kind],
                mappings=_by_kind(project),
                negative=negative,
            )
        )
    target = project.folder / "mappings" / f"{name}.yaml"
    _write(project, target, text)
    return DraftedMapping(target, text.count(f"{REVIEW}: "))


def _require_dataset(name: str, sources: Sources) -> None:
    """Check that a mapping can read the dataset of this name.

    Raises:
        ProjectError: there is none.
    """
    if name in sources.datasets:
        return
    if name in sources.files:
        line = f'{name}: {{sql: SELECT * FROM "{name}"}}'  # noqa: S608 - a checked name
        raise ProjectError(
            f"{name} is a declared file, and a mapping reads a dataset.",
            f"Add one to sources.yaml, below datasets: {line}",
        )
    if named_file(name) is not None:
        hint = f"Declare it, with a dataset of its rows: sagerecon look {name} --declare"
        raise ProjectError(f"{name} is a file, and a mapping reads a dataset.", hint)
    hint = suggestion(name, sources.datasets) or f"Datasets: {', '.join(sources.datasets)}."
    raise ProjectError(f"There is no dataset '{name}'.", hint)


def _by_kind(project: Project) -> dict[str, list[KnownMapping]]:
    """Return the mappings to each kind, by what their files say."""
    found: dict[str, list[KnownMapping]] = {}
    for text in project.texts(project.mapping_files).values():
        mapping, kind, key = (each.search(text) for each in (_MAPPING, _KIND, _KEY))
        if mapping and kind:
            found.setdefault(kind[1], []).append(KnownMapping(mapping[1], key[1] if key else ""))
    return found


def _write(project: Project, target: Path, text: str) -> None:
    try:
        make_private_folder(target.parent, within=project.folder)
        if not write_first(target, text.encode()):
            raise ProjectError(f"{project.name(target)} exists already.", "Give another name: --name NAME")
        before = project.text(project.folder / FILE, follow=False)
        after = _NONE.sub("mappings: [mappings/*.yaml]", before)
        if after != before:
            write_text(project.folder / FILE, [after])
    except OSError as error:
        raise ProjectError(f"{project.name(target)} cannot be written: {error}.") from error
