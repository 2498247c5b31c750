"""Compile mapping files, reporting every fault of every file in one pass."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.schema import check_schema
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.context import Context, Header
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.faults import Faults, TooManyFindingsError
from sagerecon.mapping.identity import compile_identity
from sagerecon.mapping.objects import ObjectReader, compile_fields
from sagerecon.mapping.parts import Parts
from sagerecon.mapping.probe import Probe, counted_outcomes
from sagerecon.mapping.recipe import Part, Recipe
from sagerecon.mapping.record_context import NUMBERS, CompiledValue, Reader, with_article
from sagerecon.mapping.rules import compile_checks, compile_choices, compile_comparisons, compile_rules
from sagerecon.mapping.scope import PART, Scope
from sagerecon.mapping.unmapped import check_unmapped
from sagerecon.mapping.value import compile_value
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.draft import SHORT_REFERENCE, OnExisting
from sagerecon.model.finding import Finding
from sagerecon.model.limits import MAPPING_LETS, YAML_FINDINGS
from sagerecon.model.money import decimal
from sagerecon.model.place import Place
from sagerecon.model.type import TEXT, Columns
from sagerecon.model.value import Scalar

_EMPTY = Node(None, Place(""))

#: The name of a mapping in a text that is no YAML.
_NAME = re.compile(r"^mapping:[ \t]*([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


def compile_mappings(
    files: Mapping[str, str],
    datasets: Mapping[str, Columns],
    catalog: Catalog,
    crosswalks: Mapping[str, Crosswalk | None],
    parameters: Mapping[str, Scalar],
    schema: Mapping[str, Any],
    probe: Probe | None = None,
) -> tuple[tuple[CompiledMapping, ...], list[Finding]]:
    """Return the compiled mappings, by priority, and the findings about all files.

    A file with an error gives no mapping.

    Args:
        files: The text of each file by the name that messages show.
        datasets: The columns of each dataset by its name.
        catalog: What Sage accepts.
        crosswalks: The crosswalks of the project by name.
        parameters: The parameters of the project, read as `param.cut_over`.
        schema: The JSON Schema of a mapping file.
        probe: Counts which parts the records use.
    """
    read = [read_mapping(file, text, schema) for file, text in files.items()]
    environment = Environment(
        datasets=datasets, catalog=catalog, crosswalks=crosswalks, parameters=parameters, probe=probe
    )
    return compile_files(read, environment)


def compile_files(
    files: Sequence[MappingFile], environment: Environment, others: Sequence[MappingFile] = ()
) -> tuple[tuple[CompiledMapping, ...], list[Finding]]:
    """Return the compiled mappings of files that were read, and the findings, as `compile_mappings`.

    Args:
        others: files that are not compiled, and that the mappings may refer to.
    """
    headers = dict(headers_of([*others, *files], environment.catalog))
    compiled = [compile_file(file, environment, headers) for file in files if file.root.children()]
    whole = [mapping for mapping in compiled if mapping is not None]
    findings = [finding for file in files for finding in file.faults.findings]
    findings.sort(key=lambda finding: (finding.place, finding.code, finding.message))
    return tuple(sorted(whole, key=lambda mapping: mapping.priority)), findings


def named_mappings(node: Node) -> Iterator[str]:
    """Yield the names of the mappings that a mapping file names: its own, and those that it refers to."""
    for name, child in node.children().items():
        if name == "mapping":
            yield child.text
        yield from named_mappings(child)
    for item in node.items():
        yield from named_mappings(item)


def name_in(text: str) -> str:
    """Return the name of the mapping in a text, without reading it as YAML; empty where it shows none."""
    found = _NAME.search(text)
    return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class MappingFile:
    """One mapping file as YAML, with its findings."""

    name: str
    root: Node
    faults: Faults
    guessed: str = ""  #: the name of its mapping, where it is no YAML

    def get(self, *path: str) -> Node | None:
        """Return the node at a path of keys, or None."""
        node: Node | None = self.root
        for key in path:
            node = node.get(key) if node is not None else None
        return node

    def text(self, *path: str) -> str:
        """Return the scalar at a path of keys; empty where there is none."""
        node = self.get(*path)
        return node.text if node is not None else ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What all files are compiled against; see `compile_mappings`."""

    datasets: Mapping[str, Columns]
    catalog: Catalog
    crosswalks: Mapping[str, Crosswalk | None]
    parameters: Mapping[str, Scalar]
    broken: Collection[str] = ()  #: datasets with a finding of their own, whose columns are not known
    probe: Probe | None = None
    today: date | None = None  #: after which what is ignored until a day is not; None where that is not asked

    def setting(self, name: str) -> str:
        """Return a parameter of the project as text; empty where it is not set."""
        return str(self.parameters.get(name) or "")


def read_mapping(name: str, text: str, schema: Mapping[str, Any], parts: Parts | None = None) -> MappingFile:
    """Return a mapping file as YAML, with the findings about its form.

    Args:
        name: of the file, in messages.
        schema: the JSON Schema of a mapping file.
        parts: the blocks that it may include, and the overlays that apply.
    """
    root, findings = read_document(text, name)
    faults = Faults(text, parts.texts() if parts is not None else {})
    if not findings and parts is not None:
        root, lacking = parts.laid_on(root)
        faults.findings += lacking
    faults.findings += findings
    if not findings:
        shown = set(_transform_places(root))
        # The compiler reports an unknown transform itself, with a suggestion from all of them.
        faults.findings += [finding for finding in check_schema(root, schema) if finding.place not in shown]
    return MappingFile(name, root, faults, "" if root.children() else name_in(text))


def _transform_places(node: Node) -> Iterator[Place]:
    """Yield the place of each name and option of a transform."""
    for name, child in node.children().items():
        for item in child.items() if name == "do" else ():
            yield item.place
            yield from (option.named_at for option in item.children().values())
        yield from _transform_places(child)
    for item in node.items():
        yield from _transform_places(item)


def _has_transform(node: Node, wanted: str) -> bool:
    """Return whether a transform of this name is anywhere in a value."""
    for name, child in node.children().items():
        if name == "do" and any(
            wanted == item.text or item.get(wanted) is not None for item in child.items()
        ):
            return True
        if _has_transform(child, wanted):
            return True
    return any(_has_transform(item, wanted) for item in node.items())


def _shortened(file: MappingFile) -> Iterator[tuple[str, str]]:
    """Yield each field whose references are shortened, with the field or let that its changes name."""
    lets = (file.get("let") or _EMPTY).children()
    for name, field in (file.get("fields") or _EMPTY).children().items():
        column = field.get("from")
        if _has_transform(field, SHORT_REFERENCE):
            yield name, name
        elif (
            column is not None and column.text in lets and _has_transform(lets[column.text], SHORT_REFERENCE)
        ):
            yield name, column.text


def _named_crosswalks(node: Node) -> Iterator[str]:
    """Yield the crosswalk of each transform that names one."""
    for name, child in node.children().items():
        for item in child.items() if name == "do" else ():
            if (table := item.get("crosswalk")) is not None:
                yield (table.get("table") or table).text
        yield from _named_crosswalks(child)
    for item in node.items():
        yield from _named_crosswalks(item)


def headers_of(files: Sequence[MappingFile], catalog: Catalog) -> Iterator[tuple[str, Header]]:
    """Yield what other mappings need to refer to one, by its name; a name used twice is a finding.

    What a mapping does not say, or says wrongly, is empty, so that nothing follows from it.
    """
    places: dict[str, Place] = {}
    for file in files:
        node = file.get("mapping")
        if node is None:
            if file.guessed:
                yield file.guessed, Header(file.guessed, "", ())
            continue
        if node.text in places:
            message = f"the mapping name '{node.text}' is also used in {places[node.text].file}."
            file.faults.add(Code.DUPLICATE_MAPPING, node.place, message, "Give each mapping its own name.")
            continue
        places[node.text] = node.place
        key = file.get("source", "key") or _EMPTY
        columns = tuple(item.text for item in key.items() or (key,) if item.text)
        columns += (PART,) if columns and file.get("split") is not None else ()
        kind = file.text("target", "kind")
        yield node.text, Header(node.text, kind if kind in catalog.kinds else "", columns)


def compile_file(
    file: MappingFile, environment: Environment, headers: Mapping[str, Header]
) -> CompiledMapping | None:
    """Return a compiled mapping; None where it has errors, which are then among the file's findings."""
    try:
        return _compile_file(file, environment, headers)
    except TooManyFindingsError as error:
        message = f"the file has more findings; {YAML_FINDINGS.sentence}."
        hint = "Correct those that are listed first."
        file.faults.findings.append(Finding(Code.MORE_FINDINGS, error.place, message, hint))
        return None


def _compile_file(
    file: MappingFile, environment: Environment, headers: Mapping[str, Header]
) -> CompiledMapping | None:
    name = file.text("mapping")
    header = headers.get(name, Header(name, file.text("target", "kind"), ()))
    kind = _kind(file, environment)
    scope = Scope(_with_part(file, _columns(file, environment)), environment.parameters)
    context = Context(
        scope=scope,
        catalog=environment.catalog,
        headers=headers,
        crosswalks=environment.crosswalks,
        faults=file.faults,
        country=environment.setting("country"),
        edition=environment.setting("edition"),
        probe=environment.probe,
        today=environment.today,
    )
    for item in (file.get("source", "key") or _EMPTY).items():
        context.path(item)
    context = _compile_lets(file, context)
    recipe = _recipe(file, context, kind)
    check_unmapped(file.root, context, kind)
    if file.faults.has_errors:
        return None
    priority = file.get("priority")
    return CompiledMapping(
        name=name,
        file=file.name,
        dataset=file.text("source", "dataset"),
        key=tuple(name for name in header.key if name != PART) if file.get("split") else header.key,
        kind=header.kind,
        priority=int(priority.text) if priority is not None else 0,
        comparisons=recipe.comparisons,
        recipe=recipe,
        tests=file.get("tests"),
        crosswalks=tuple(
            table
            for name in dict.fromkeys(_named_crosswalks(file.root))
            if (table := environment.crosswalks[name]) is not None
        ),
        shortened=dict(_shortened(file)),
    )


def _kind(file: MappingFile, environment: Environment) -> Kind | None:
    node = file.get("target", "kind")
    if node is None:
        return None
    kind = environment.catalog.kinds.get(node.text)
    if kind is None:
        message = f"there is no kind '{node.text}'."
        file.faults.add_unknown(Code.UNKNOWN_KIND, node.place, message, node.text, environment.catalog.kinds)
        return None
    create = kind.operations.get("create")
    if create is None:
        file.faults.add(
            Code.KIND_NOT_MADE,
            node.place,
            f"{kind.name} is read-only in Sage.",
            "Refer to it with ref:.",
        )
    country, edition = environment.setting("country"), environment.setting("edition")
    if create is not None and country and edition and not create.is_available(country, edition):
        message = f"{kind.name} cannot be created in the {edition} edition in {country}."
        file.faults.add(Code.KIND_NOT_AVAILABLE, node.place, message)
    return kind


def _columns(file: MappingFile, environment: Environment) -> Columns | None:
    node = file.get("source", "dataset")
    if node is None:
        return None
    if node.text in environment.broken:
        return None
    if node.text not in environment.datasets:
        message = f"there is no dataset '{node.text}'."
        file.faults.add_unknown(Code.UNKNOWN_DATASET, node.place, message, node.text, environment.datasets)
        return None
    return environment.datasets[node.text]


def _with_part(file: MappingFile, columns: Columns | None) -> Columns | None:
    """Return the columns of a dataset with the name of the part, where the mapping splits its records."""
    split = file.get("split")
    if split is None or columns is None:
        return columns
    if PART in columns:
        message = f"the dataset has a column '{PART}', which is the name of a part here."
        file.faults.add(Code.NAME_TAKEN, split.named_at, message, "Give the column another name in SQL.")
    return {**columns, PART: TEXT}


def _compile_split(node: Node | None, context: Context) -> Iterator[Part]:
    """Yield the parts into which records are split."""
    names: set[str] = set()
    for item in node.items() if node is not None else ():
        name, when = item.get("name"), item.get("when")
        if name is None:
            continue
        if name.text in names:
            message = f"the part '{name.text}' is there twice."
            context.faults.add(Code.DUPLICATE_RULE, name.place, message, "Give each part its own name.")
        names.add(name.text)
        condition = None
        if when is not None:
            probed = counted_outcomes(
                context.condition(when), context.probe, f"split {name.text}", when.place
            )
            condition = probed
        yield Part(name.text, condition, item.place)


def _compile_lets(file: MappingFile, context: Context) -> Context:
    lets = (file.get("let") or _EMPTY).children()
    if len(lets) > MAPPING_LETS.most:
        message = f"{len(lets):,} lets; {MAPPING_LETS.sentence}."
        file.faults.add(Code.TOO_MANY_LETS, file.root["let"].named_at, message, "Compute values in SQL.")
        return context
    for name, node in lets.items():
        if context.scope.is_taken(name):
            message = f"the name '{name}' is already in use."
            file.faults.add(
                Code.NAME_TAKEN, node.named_at, message, "Give the let a name that no column has."
            )
            continue
        value = compile_value(node, context, name)
        context = context.within(context.scope.with_let(name, value))
    return context


def _recipe(file: MappingFile, context: Context, kind: Kind | None) -> Recipe:
    fields = file.get("fields")
    where, target = file.get("source", "where"), file.get("target") or file.root
    on_existing = file.get("target", "on_existing")
    stated = file.get("target", "identity") or _EMPTY
    way = _on_existing(on_existing, bool(stated.items() or stated.children()))
    identity = compile_identity(
        stated, fields or _EMPTY, context, kind, is_looked_for=way is not OnExisting.CREATE
    )
    body = _body(fields, context, kind)
    return Recipe(
        place=target.named_at,
        where=counted_outcomes(context.condition(where), context.probe, "source.where", where.place)
        if where is not None
        else None,
        split=tuple(_compile_split(file.get("split"), context)),
        leave_out=tuple(compile_rules(file.get("leave_out"), context, kind)),
        quarantine=tuple(compile_rules(file.get("quarantine"), context)),
        body=body,
        checks=tuple(compile_checks(file.get("checks"), fields, kind, context)),
        choices=tuple(compile_choices(file.get("choices"), fields, context)),
        identity=identity,
        label=_expression_or_value(file.get("label"), context).read
        if file.get("label") is not None
        else None,
        amount=_amount(file.get("amount"), context),
        on_existing=way,
        comparisons=compile_comparisons(file.get("reconcile"), kind, context),
        readers={path: reads[0] for path, reads in context.readers.items() if len(reads) == 1},
    )


def _body(fields: Node | None, context: Context, kind: Kind | None) -> ObjectReader:
    if fields is None:
        return ObjectReader(())
    known, owner = (kind.fields, kind.name) if kind is not None else ({}, "")
    return compile_fields(fields, context, known, owner, "", compile_value)


def _expression_or_value(node: Node | None, context: Context) -> CompiledValue:
    """Compile an expression or a value: `label: name`, `label: {from: name}`."""
    node = node or _EMPTY
    return compile_value(node, context, "") if node.children() else context.expression(node)


def _amount(node: Node | None, context: Context) -> Reader | None:
    if node is None:
        return None
    value = _expression_or_value(node, context)
    if value.type.name not in (*NUMBERS, "unknown"):
        context.faults.add(
            Code.WRONG_RESULT, node.place, f"the amount is {with_article(value.type)}, not a number."
        )
    read = value.read

    def amount(record: Any) -> Any:
        found = read(record)
        return decimal(found) if isinstance(found, int) else found

    return amount


def _on_existing(node: Node | None, has_identity: bool) -> OnExisting:
    words = {way.value: way for way in OnExisting}
    usual = OnExisting.ADOPT_IF_EQUAL if has_identity else OnExisting.CREATE
    return words.get(node.text, usual) if node is not None else usual
