"""The declaration of a project's source: datasets, columns, and the fingerprint of the mappings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sagerecon.documents.package import schema
from sagerecon.documents.plugins import plugin_versions
from sagerecon.model.code import Code
from sagerecon.model.errors import MappingError, ProjectError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.value import fingerprint
from sagerecon.project.project import Project
from sagerecon.sources.dataset import CompiledSources, compile_queries
from sagerecon.sources.definitions import Sources
from sagerecon.sources.sources_yaml import read_sources


def declared_sources(project: Project) -> Sources:
    """Return the declaration in `sources.yaml`.

    Raises:
        MappingError: the file has errors; every finding is attached.
    """
    text = project.text(project.sources_file)
    sources, findings = read_sources(text, project.name(project.sources_file), schema("sources"))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise MappingError(findings)
    return sources


def compile_source(project: Project) -> tuple[CompiledSources, list[Finding]]:
    """Return the compiled SQL of `sources.yaml`, without reading any row, and the findings about the file.

    What has errors is left out, and so is what reads it.
    """
    texts, findings = read_texts(project, [project.sources_file])
    sources = Sources(project.name(project.sources_file), is_whole=False)
    for name, text in texts.items():
        sources, findings = read_sources(text, name, schema("sources"))
    compiled, errors = compile_queries(sources, project.parameters, project.sql_seconds)
    return compiled, [*findings, *errors]


def read_texts(project: Project, paths: Iterable[Path]) -> tuple[dict[str, str], list[Finding]]:
    """Return the texts of project files by their names, and a finding for each that cannot be read."""
    texts: dict[str, str] = {}
    findings: list[Finding] = []
    for path in paths:
        name = project.name(path)
        try:
            texts[name] = project.text(path)
        except ProjectError as error:
            findings.append(Finding(Code.UNREADABLE, Place(name), error.message, error.hint))
    return texts, findings


def mappings_fingerprint(project: Project) -> str:
    """Return the fingerprint of all that shapes the drafts: mappings, crosswalks, datasets, parameters."""
    parts = (*project.block_files, *project.overlay_files)
    files = (project.sources_file, *project.mapping_files, *project.crosswalk_files, *parts)
    made_from: dict[str, object] = {"files": project.texts(files), "parameters": dict(project.parameters)}
    if parts:
        made_from["environment"] = project.environment
    if plugins := list(plugin_versions()):
        made_from["plugins"] = plugins
    return fingerprint(made_from)
