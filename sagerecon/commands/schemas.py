"""Write the JSON Schemas of the files that people edit, for their editors."""

from __future__ import annotations

from pathlib import Path

from sagerecon.commands.language_schemas import language_schemas, schema_file, schema_text
from sagerecon.commands.mappings import mapping_documents
from sagerecon.documents.package import schema
from sagerecon.mapping.editor_schema import ProjectNames, mapping_schema
from sagerecon.mapping.parts import read_block
from sagerecon.project.private_files import make_private_folder, write_private
from sagerecon.project.project import STATE, Project
from sagerecon.project.source import compile_source, read_texts


def write_schemas(project: Project, folder: Path | None = None) -> list[Path]:
    """Write the JSON Schemas of a project and return the files; that of its mappings has what they may name.

    What `sources.yaml` has errors in is not offered; reads no data.

    Args:
        folder: where they are written; None for the place that the first lines of the files of a pack name.

    Raises:
        ProjectError: a file cannot be written.
    """
    narrow = mapping_schema(schema("mapping"), project.catalog, _names(project))
    texts = language_schemas() | {schema_file("mapping"): schema_text(narrow)}
    target = project.folder / STATE if folder is None else folder
    make_private_folder(target, within=project.folder if folder is None else None)
    written = []
    for name, text in texts.items():
        write_private(target / name, [text])
        written.append(target / name)
    return written


def _names(project: Project) -> ProjectNames:
    """Return what the mappings of a project may name."""
    texts = read_texts(project, project.block_files)[0]
    blocks = [read_block(text, name)[0] for name, text in texts.items()]
    return ProjectNames(
        datasets=compile_source(project)[0].columns,
        mappings=[document.root for document in mapping_documents(project)],
        crosswalks=[path.stem for path in project.crosswalk_files],
        parameters=[*project.parameters, "country", "edition"],
        blocks=[block.name for block in blocks if block is not None],
    )
