"""Check a project's mappings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sagerecon.documents.package import schema
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import Environment, MappingFile, compile_files, read_mapping
from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.mapping.probe import Probe
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison
from sagerecon.model.errors import MappingError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.type import Columns
from sagerecon.model.value import fingerprint
from sagerecon.project.project import Project, TieOutSource
from sagerecon.project.source import compile_source
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
    """
    crosswalks, crosswalk_findings = _read_crosswalks(project)
    sources, source_findings = compile_source(project)
    environment = mapping_environment(project, sources, crosswalks, probe)
    mappings, mapping_findings = compile_files(mapping_documents(project), environment)
    tie_outs = _tie_out_findings(project.tie_outs, sources.columns, crosswalks)
    findings = (*crosswalk_findings, *source_findings, *mapping_findings, *tie_outs)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise MappingError(findings)
    return Compiled(mappings, crosswalks, sources, findings)


def mapping_documents(project: Project) -> list[MappingFile]:
    """Return the mapping files of a project as YAML, with the findings about their form."""
    texts = project.texts(project.mapping_files)
    return [read_mapping(name, text, schema("mapping")) for name, text in texts.items()]


def mapping_environment(
    project: Project,
    sources: CompiledSources,
    crosswalks: Mapping[str, Crosswalk],
    probe: Probe | None = None,
) -> Environment:
    """Return what the mappings of a project are compiled against."""
    settings = {"country": project.business.country, "edition": project.business.edition}
    return Environment(
        datasets=sources.columns,
        catalog=project.catalog,
        crosswalks=crosswalks,
        parameters={**project.parameters, **settings},
        probe=probe,
    )


def _read_crosswalks(project: Project) -> tuple[dict[str, Crosswalk], list[Finding]]:
    crosswalks: dict[str, Crosswalk] = {}
    findings: list[Finding] = []
    for path in project.crosswalk_files:
        crosswalk, found = read_crosswalk(path.stem, project.text(path), project.name(path))
        crosswalks[crosswalk.name] = crosswalk
        findings += found
    return crosswalks, findings


def _tie_out_findings(
    sources: Mapping[str, TieOutSource],
    datasets: Mapping[str, Columns],
    crosswalks: Collection[str],
) -> Iterator[Finding]:
    """Yield what keeps the tie-outs of a project from being computed, as far as it shows without data."""
    for name, source in sources.items():
        yield from tie_out_columns(name, source.dataset, source.place, datasets)
        if source.crosswalk and source.crosswalk not in crosswalks:
            yield Finding(
                Code.UNKNOWN_CROSSWALK,
                source.place,
                f"the tie-out {name} names crosswalk '{source.crosswalk}', which the project does not have.",
                f"Name one of: {', '.join(sorted(crosswalks)) or 'none is declared'}.",
            )
