"""The declaration of a project's source: datasets, columns, and the fingerprint of the mappings."""

from __future__ import annotations

from sagerecon.documents.package import schema
from sagerecon.model.errors import MappingError
from sagerecon.model.finding import Finding, Severity
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
    """Return the compiled SQL of `sources.yaml`, without reading any row, and the findings about it."""
    return compile_queries(declared_sources(project), project.parameters, project.sql_seconds)


def mappings_fingerprint(project: Project) -> str:
    """Return the fingerprint of all that shapes the drafts: mappings, crosswalks, datasets, parameters."""
    texts = project.texts((project.sources_file, *project.mapping_files, *project.crosswalk_files))
    return fingerprint({"files": texts, "parameters": dict(project.parameters)})
