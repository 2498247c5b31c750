"""Check a project's mappings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePath

from sagerecon.commands.test_suite import check_suite
from sagerecon.documents.allowances import without_allowed
from sagerecon.documents.package import schema
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import (
    Environment,
    MappingFile,
    compile_files,
    name_in,
    named_mappings,
    read_mapping,
)
from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.mapping.parts import Part, Parts, read_block, read_overlay
from sagerecon.mapping.probe import Probe
from sagerecon.mapping.transforms import PLUGIN_FAULTS
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison
from sagerecon.model.count import counted
from sagerecon.model.errors import FindingsError, MappingError, ProjectError, ProjectFileError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import NOWHERE
from sagerecon.model.value import fingerprint
from sagerecon.project.file import ProjectDraft, read_project_with_faults
from sagerecon.project.project import FILE, Project, TieOutSource
from sagerecon.project.source import compile_source, read_texts
from sagerecon.sources.dataset import CompiledSources
from sagerecon.validation.tie_out_rows import tie_out_columns


@dataclass(frozen=True, slots=True)
class Compiled:
    """A project's mappings and crosswalks without errors, and the warnings about them."""

    mappings: tuple[CompiledMapping, ...]
    crosswalks: Mapping[str, Crosswalk]
    sources: CompiledSources
    findings: tuple[Finding, ...]

    @property
    def comparisons(self) -> Mapping[str, Mapping[str, Comparison]]:
        """The comparison rules of each mapping, by field path."""
        return {mapping.name: mapping.comparisons for mapping in self.mappings}

    @property
    def rules(self) -> Mapping[str, str]:
        """The fingerprint of the comparison rules of each mapping; of a tolerance only its size counts."""
        return {name: fingerprint(_rules_document(rules)) for name, rules in self.comparisons.items()}


def _rules_document(rules: Mapping[str, Comparison]) -> list[list[object]]:
    sizes = {path: str(rule.tolerance.size) if rule.tolerance else "" for path, rule in rules.items()}
    return [[path, rules[path].how.value, sizes[path]] for path in sorted(rules)]


def check(project: Project, probe: Probe | None = None) -> Compiled:
    """Check the mappings against the catalog and the datasets, without reading a row or making a call.

    Args:
        probe: counts which parts of the mappings are used.

    Raises:
        MappingError: with every error of every file. If the catalog itself has errors, only with those.
        ProjectFileError: with the same, where a file of the project cannot be read.
    """
    return _check(project, probe)


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found in a project; `files` are those in which it looked, named as findings name them."""

    files: tuple[str, ...]
    mappings: int
    findings: tuple[Finding, ...]
    exit_code: int  #: 0 where no finding is an error
    prefix: str  #: the path from the root of the repository to the project, with a slash at its end

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def sentence(self) -> str:
        """How many errors there are, in words."""
        files = {finding.place.file for finding in self.errors}
        return f"{counted(len(self.errors), 'error')} in {counted(len(files), 'file')}."


def check_folder(
    folder: Path,
    today: date,
    allow_hosts: Collection[str] = (),
    paths: Sequence[Path] = (),
    environment: str = "",
) -> Checked:
    """Check the project in a folder, the project file with the mappings, without raising on findings.

    What is wrong in the project file is not said again of what follows from it.

    Args:
        today: after which what is ignored or allowed until a day is not.
        allow_hosts: as for `read_project`.
        paths: the mapping files, or folders of them, that are checked; all where there are none. What they
            depend on, such as `sources.yaml`, is checked in any case.

    Raises:
        ProjectError: the folder has no project file, it cannot be read, or a path has no file of the project.
    """
    draft = read_project_with_faults(folder, allow_hosts, environment)
    # Other commands work without mappings; a check that finds none to check has failed.
    missing = [replace(finding, severity=Severity.ERROR) for finding in draft.project.warnings]
    draft = replace(draft, findings=(*draft.findings, *missing))
    project = draft.project
    chosen = _chosen(project, paths)
    others = (project.sources_file, *project.crosswalk_files, *project.block_files, *project.overlay_files)
    files = ("sagerecon.yaml", *map(project.name, (*others, *chosen)))
    checked = Checked(
        files=files, mappings=len(chosen), findings=(), exit_code=0, prefix=_prefix(project.folder)
    )
    findings: Sequence[Finding] = ()
    try:
        scope = _Scope(draft, project.mapping_files, today)
        findings = _check(replace(project, mapping_files=chosen), None, scope).findings
    except FindingsError as error:
        findings, checked = error.findings, replace(checked, exit_code=error.exit_code)
    texts = read_texts(project, (project.folder / FILE, project.sources_file, *chosen))[0]
    return replace(checked, findings=tuple(without_allowed(findings, texts, today)))


def _prefix(folder: Path) -> str:
    """Return the path from the root of the git repository to a folder, with a slash at its end."""
    for root in (folder, *folder.parents):
        if (root / ".git").exists():
            return "" if root == folder else f"{folder.relative_to(root).as_posix()}/"
    return ""


def _chosen(project: Project, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the mapping files of a project that paths name.

    Raises:
        ProjectError: a path has no file of the project.
    """
    if not paths:
        return project.mapping_files
    others = (project.folder / FILE, project.sources_file, *project.crosswalk_files, *project.test_files)
    chosen: dict[Path, None] = {}
    for path in paths:
        resolved = path.resolve()
        found = [file for file in project.mapping_files if file.is_relative_to(resolved)]
        if not found and not any(file.is_relative_to(resolved) for file in others):
            hint = "Name a mapping file, or a folder of them; sagerecon.yaml says which files are mappings."
            raise ProjectError(f"{path} is no file of the project, and no folder with one.", hint)
        chosen |= dict.fromkeys(found)
    return tuple(file for file in project.mapping_files if file in chosen)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What `check` asks beyond what other commands do."""

    draft: ProjectDraft  #: what the project file gave, where it has errors
    named: Sequence[Path]  #: all mapping files, of which those of the project are checked
    today: date


def _check(project: Project, probe: Probe | None, scope: _Scope | None = None) -> Compiled:
    """Check the mappings of a project.

    Args:
        probe: counts which parts of the mappings are used.
        scope: None for the usual one: all mappings of a project file without errors.
    """
    crosswalks, findings = _read_crosswalks(project)
    sources, source_findings = compile_source(project)
    documents, unreadable = _mapping_documents(project)
    environment = mapping_environment(project, sources, crosswalks, probe)
    others: list[MappingFile] = []
    named: list[Path] = []
    if scope is not None:
        named = [path for path in scope.named if path not in project.mapping_files]
        others = _referred_to(project, documents, named)
        environment = replace(environment, today=scope.today)
    mappings, mapping_findings = compile_files(documents, environment, others)
    is_whole = not named and len(mappings) == len(documents)
    if scope is not None and is_whole:  # else a test may name a mapping that is not there for its errors
        findings += check_suite(project, mappings, sources.columns)[1]
    if not named:  # else some mappings were not read
        findings += _read_parts(project)[0].unused(document.root for document in documents)
    tie_outs = _tie_out_findings(project.tie_outs, sources, crosswalks)
    findings += [*source_findings, *unreadable, *mapping_findings, *tie_outs]
    draft = scope.draft if scope is not None else None
    findings = [finding for finding in findings if finding.code not in _following(sources, draft)]
    findings += _plugin_findings()
    if draft is None:
        findings += project.warnings
    elif draft.findings:
        raise ProjectFileError([*draft.findings, *findings])
    if any(finding.severity is Severity.ERROR for finding in findings):
        is_unread = any(finding.code is Code.UNREADABLE for finding in findings)
        raise ProjectFileError(findings) if is_unread else MappingError(findings)
    known = {name: crosswalk for name, crosswalk in crosswalks.items() if crosswalk is not None}
    return Compiled(mappings, known, sources, tuple(findings))


def _plugin_findings() -> Iterator[Finding]:
    """Yield a warning for each installed plugin that cannot be used."""
    hint = "Install a version of it that works with this one, or uninstall it."
    for fault in PLUGIN_FAULTS:
        yield Finding(Code.PLUGIN_NOT_USED, NOWHERE, fault, hint, severity=Severity.WARNING)


def _following(sources: CompiledSources, draft: ProjectDraft | None) -> set[Code]:
    """Return the codes of the findings that would follow from a part that cannot be read."""
    codes = set() if sources.declared.is_whole else {Code.UNKNOWN_DATASET}
    broken = draft.broken if draft is not None else ()
    if "parameters" in broken:
        codes.add(Code.UNKNOWN_PARAMETER)
    if "crosswalks" in broken:
        codes.add(Code.UNKNOWN_CROSSWALK)
    if "mappings" in broken:
        codes.add(Code.UNKNOWN_MAPPING)
    return codes


def mapping_documents(project: Project) -> list[MappingFile]:
    """Return the mapping files of a project as YAML, with the findings about their form."""
    return _mapping_documents(project)[0]


def _mapping_documents(project: Project) -> tuple[list[MappingFile], list[Finding]]:
    """Return the mapping files that can be read, and a finding for each other one."""
    texts, findings = read_texts(project, project.mapping_files)
    parts, faults = _read_parts(project)
    files = [read_mapping(name, text, schema("mapping"), parts) for name, text in texts.items()]
    return files, [*findings, *faults]


def _read_parts(project: Project) -> tuple[Parts, list[Finding]]:
    """Return the blocks of a project, the overlays that apply, and the findings about the form of all."""
    found: list[list[Part]] = []
    findings: list[Finding] = []
    for files, read in ((project.block_files, read_block), (project.overlay_files, read_overlay)):
        texts, faults = read_texts(project, files)
        findings += faults
        parts = [read(text, name) for name, text in texts.items()]
        findings += (finding for _, faults in parts for finding in faults)
        found.append([part for part, _ in parts if part is not None])
    blocks, overlays = found
    applying = [
        part
        for part in overlays
        if part.env in ("", project.environment) and part.country in ("", project.business.country)
    ]
    return Parts({part.name: part for part in blocks}, applying), findings


def _referred_to(
    project: Project, documents: Iterable[MappingFile], others: Iterable[Path]
) -> list[MappingFile]:
    """Return those of other mapping files that some refer to."""
    wanted = {name for document in documents for name in named_mappings(document.root)}
    texts = read_texts(project, others)[0]
    return [
        read_mapping(name, text, schema("mapping")) for name, text in texts.items() if name_in(text) in wanted
    ]


def mapping_environment(
    project: Project,
    sources: CompiledSources,
    crosswalks: Mapping[str, Crosswalk | None],
    probe: Probe | None = None,
) -> Environment:
    """Return what the mappings of a project are compiled against."""
    settings = {"country": project.business.country, "edition": project.business.edition}
    return Environment(
        datasets=sources.columns,
        catalog=project.catalog,
        crosswalks=crosswalks,
        parameters={**project.parameters, **settings},
        broken=sources.broken,
        probe=probe,
    )


def _read_crosswalks(project: Project) -> tuple[dict[str, Crosswalk | None], list[Finding]]:
    """Return the crosswalks by name, None for one of which nothing could be read, and the findings."""
    crosswalks: dict[str, Crosswalk | None] = {path.stem: None for path in project.crosswalk_files}
    texts, findings = read_texts(project, project.crosswalk_files)
    for name, text in texts.items():
        crosswalk, found = read_crosswalk(PurePath(name).stem, text, name)
        is_read = crosswalk.entries or all(finding.severity is not Severity.ERROR for finding in found)
        crosswalks[crosswalk.name] = crosswalk if is_read else None
        findings += found
    return crosswalks, findings


def _tie_out_findings(
    tie_outs: Mapping[str, TieOutSource],
    sources: CompiledSources,
    crosswalks: Collection[str],
) -> Iterator[Finding]:
    """Yield what keeps the tie-outs of a project from being computed, as far as it shows without data."""
    for name, source in tie_outs.items():
        yield from tie_out_columns(name, source.dataset, source.place, sources.columns, sources.broken)
        if source.crosswalk and source.crosswalk not in crosswalks:
            yield Finding(
                Code.UNKNOWN_CROSSWALK,
                source.place,
                f"the tie-out {name} names crosswalk '{source.crosswalk}', which the project does not have.",
                f"Name one of: {', '.join(sorted(crosswalks)) or 'none is declared'}.",
            )
