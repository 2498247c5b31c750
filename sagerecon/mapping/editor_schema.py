"""The JSON Schema of the mappings of one project: what an editor completes, explains and refuses.

It is narrower than the schema of the language: a dataset, a column, a field, a value, a mapping and a
crosswalk must be one that there is. What needs types or expressions is left to `sagerecon check`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.scope import PARAMETERS, PART
from sagerecon.mapping.transform import Parameter, Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.catalog import Catalog, Field, Kind
from sagerecon.model.type import Columns, Type

Schema: TypeAlias = dict[str, Any]

#: The definitions of the language that name columns: each dataset has its own.
_WITH_COLUMNS = ("fields", "value", "branch", "each", "pick", "by", "reference", "default")

#: The item of a list, where `each` and `pick` give it no other name.
_ITEM = "item"

_REF = re.compile(r"#/\$defs/(\w+)")


@dataclass(frozen=True, slots=True)
class ProjectNames:
    """What the mappings of a project may name."""

    datasets: Mapping[str, Columns]
    mappings: Sequence[Node]  #: the mappings that there are, each as its YAML
    crosswalks: Collection[str]
    parameters: Collection[str]
    blocks: Collection[str]


def mapping_schema(language: Mapping[str, Any], catalog: Catalog, names: ProjectNames) -> Schema:
    """Return the JSON Schema of the mappings of a project.

    Args:
        language: the schema of the language, which every mapping must also meet.
    """
    schema: Schema = deepcopy(dict(language))
    schema.pop("title", None)  # an editor would show it over every word
    keys, definitions = schema["properties"], schema["$defs"]
    definitions["transform"] = _transform(names.crosswalks)
    definitions["reference"]["properties"]["kind"] |= _enum({kind.name: kind.about for kind in catalog})
    known = {root["mapping"].text: root.get("about") for root in names.mappings if "mapping" in root}
    mappings = _enum({name: about.text if about else "" for name, about in known.items()})
    merge_into = keys["leave_out"]["items"]["properties"]["merge_into"]["properties"]
    for properties in (definitions["reference"]["properties"], merge_into):
        properties["mapping"] |= mappings
    keys["include"]["items"] = {"type": "string"} | _enum(dict.fromkeys(names.blocks, ""))
    creatable = {kind.name: kind.about for kind in catalog if kind.can("create")}
    keys["target"]["properties"]["kind"] |= _enum(creatable)
    cases = []
    for number, (dataset, columns) in enumerate(sorted(names.datasets.items())):
        roots = [root for root in names.mappings if _dataset(root) == dataset]
        definitions |= _of_dataset(language["$defs"] | definitions, number, columns, roots, names.parameters)
        cases.append(_case("source", "dataset", dataset, _keys_of_dataset(number, columns)))
    for kind in creatable:
        definitions |= _of_kind(catalog, catalog[kind])
        fields: Schema = {"properties": {"fields": {"$ref": f"#/$defs/kind:{kind}"}}}
        cases.append(_case("target", "kind", kind, fields))
    if names.datasets:
        keys["source"]["properties"]["dataset"] |= _enum(
            {name: ", ".join(columns) for name, columns in names.datasets.items()}
        )
        for name in ("fields", "let"):  # described by the case of the dataset
            keys[name] = {"type": "object"}
        for name in _WITH_COLUMNS:
            del definitions[name]
        merge_into["by"] = {}
    return schema | {"allOf": cases}


def _enum(about: Mapping[str, str]) -> Schema:
    """Return a schema of the names of a table, each with its text; any value where there are none."""
    return {"enum": list(about), "enumDescriptions": list(about.values())} if about else {}


def _case(part: str, key: str, value: str, then: Schema) -> Schema:
    """Return a schema that holds for the mappings with this value at `part.key`."""
    inner = {"properties": {key: {"const": value}}, "required": [key]}
    return {"if": {"properties": {part: inner}, "required": [part]}, "then": then}


def _dataset(root: Node) -> str:
    source = root.get("source")
    named = source.get("dataset") if source is not None else None
    return named.text if named is not None else ""


# columns


def _keys_of_dataset(number: int, columns: Columns) -> Schema:
    """Return what the dataset of a mapping says about its keys."""
    value, names = {"$ref": f"#/$defs/value_{number}"}, {"$ref": f"#/$defs/from_{number}"}
    by = {"properties": {"by": {"$ref": f"#/$defs/by_{number}"}}}
    about = {name: str(column) for name, column in columns.items()}
    ignored = {name: {"description": text} for name, text in about.items()}
    keys: Schema = {
        "source": {"properties": {"key": {"items": _enum(about)}}},
        "ignore": {"properties": ignored, "additionalProperties": False},
        "let": {"additionalProperties": value},
        "fields": {"additionalProperties": value},
        "choices": {"items": {"properties": {"from": names}}},
        "leave_out": {"items": {"properties": {"merge_into": by}}},
    }
    return {"properties": keys}


def _of_dataset(
    language: Mapping[str, Any],
    number: int,
    columns: Columns,
    roots: Sequence[Node],
    parameters: Collection[str],
) -> Schema:
    """Return the definitions of values that are made of the columns of a dataset."""
    names = {"$ref": f"#/$defs/from_{number}"}
    part = {"anyOf": [names, {"type": "object"}]}
    made: Schema = {name: _renamed(language[name], number) for name in _WITH_COLUMNS}
    for name in ("value", "branch", "each", "default"):
        made[name]["properties"]["from"] = names
    made["pick"]["properties"]["each"] = names
    made["each"] = {"anyOf": [names, made["each"] | {"type": "object"}]}
    fields = {"type": "object", "additionalProperties": part}
    stated = [{"type": "object", "required": [name]} for name in ("value", "expr")]
    made["by"] = {"anyOf": [names, {"type": "array", "items": part}, fields, *stated]}
    made["from"] = _names(columns, roots, parameters)
    return {f"{name}_{number}": each for name, each in made.items()}


def _renamed(schema: Any, number: int) -> Any:
    """Return a definition of the language whose references lead to those of a dataset."""
    if isinstance(schema, list):
        return [_renamed(each, number) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = {name: _renamed(each, number) for name, each in schema.items()}
    match = _REF.fullmatch(str(schema.get("$ref", "")))
    return {"$ref": f"{schema['$ref']}_{number}"} if match and match[1] in _WITH_COLUMNS else changed


def _names(columns: Columns, roots: Sequence[Node], parameters: Collection[str]) -> Schema:
    """Return the schema of what `from` may name: a column, a let, an item, a parameter, or a part of one."""
    about = {name: str(column) for name, column in columns.items()}
    about |= {path: kind for name, column in columns.items() for path, kind in _parts(name, column)}
    lets = {name for root in roots for name in (root["let"].children() if "let" in root else ())}
    items = {_ITEM} | {name for root in roots for name in _item_names(root)}
    about |= dict.fromkeys(sorted(lets), "let") | dict.fromkeys(sorted(items), "the item of a list")
    about |= dict.fromkeys((f"{PARAMETERS}.{name}" for name in parameters), "parameter of the project")
    about |= {PART: "the part of the record"} if any("split" in root for root in roots) else {}
    objects = {name for name, column in columns.items() if column.name in ("object", "unknown")}
    deep = "|".join(re.escape(name) for name in sorted(objects | lets | items))
    return {"type": "string", "anyOf": [_enum(about), {"pattern": rf"^({deep})\."}]}


def _parts(path: str, type_: Type) -> Iterator[tuple[str, str]]:
    """Yield the path and the type of each field of an object."""
    for name, part in type_.fields.items():
        yield f"{path}.{name}", str(part)
        yield from _parts(f"{path}.{name}", part)


def _item_names(node: Node) -> Iterator[str]:
    """Yield the names that a mapping gives to the items of lists."""
    for name, child in node.children().items():
        if name in ("each", "pick") and "as" in child:
            yield child["as"].text
        yield from _item_names(child)
    for item in node.items():
        yield from _item_names(item)


# fields


def _of_kind(catalog: Catalog, kind: Kind) -> Schema:
    """Return the definitions of the fields of a kind, and of the fields of its objects."""
    made: Schema = {}
    _add_object(f"kind:{kind.name}", kind.fields, catalog, made)
    return made


def _add_object(name: str, fields: Mapping[str, Field], catalog: Catalog, made: Schema) -> None:
    """Add the definition of an object with these fields, as they are sent, to `made`."""
    properties: Schema = {}
    for field in fields.values():
        if field.read_only or not field.create:
            continue
        path = f"{name}.{field.name}"
        properties[field.name] = {"description": _about_field(field)}
        content: Schema = {}
        if allowed := _allowed(field, catalog):
            content["value"] = allowed
        if field.fields:
            _add_object(f"{path}.", field.fields, catalog, made)
            content["fields"] = {"$ref": f"#/$defs/{path}."}
        if content:
            same = {"$ref": f"#/$defs/{path}"}
            nested = {"items": {"items": same}, "choose": {"items": same}}
            made[path] = {"properties": {**content, **nested, "otherwise": same, "default": same}}
            properties[field.name] |= {"allOf": [same]}
    made[name] = {"properties": properties, "additionalProperties": False}


def _allowed(field: Field, catalog: Catalog) -> Schema:
    """Return the schema of a constant in a field; empty where any may be."""
    if choices := catalog.choices(field):
        target = catalog.kinds.get(field.refers_to)
        meanings = target.values if target is not None else {}
        one = _enum({choice: meanings.get(choice, "") for choice in choices})
        one["enum"] += [int(choice) for choice in choices if choice.isdecimal() and choice.isascii()]
        return {"anyOf": [one, {"type": "array", "items": one}]} if field.type == "list" else one
    return {"type": "boolean"} if field.type == "boolean" else {}


def _about_field(field: Field) -> str:
    """Return what an editor shows of a field: what it is, its type, and its limits."""
    facts = [f"The id of a {field.refers_to}" if field.refers_to else field.type.capitalize()]
    if field.max_length is not None:
        facts.append(f"at most {field.max_length} characters")
    if field.required:
        facts.append("required")
    sentence = f"{', '.join(facts)}."
    return f"{field.about.rstrip('.')}. {sentence}" if field.about else sentence


# transforms


def _transform(crosswalks: Collection[str]) -> Schema:
    """Return the schema of one transform: its name, or its name with its options."""
    options: dict[str, list[Schema]] = {}
    steps: Schema = {}
    for transform in TRANSFORMS.values():
        parameters = {each.name: _option(each, crosswalks) for each in transform.parameters}
        steps[transform.name] = {"description": _about(transform), **_written(transform, parameters)}
        for name, schema in parameters.items():
            options.setdefault(name, []).append(schema)
    beside = {
        name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        for name, schemas in options.items()
        if name not in steps
    }
    words: Schema = {"type": "string"} | _enum({each.name: _about(each) for each in TRANSFORMS.values()})
    keys: Schema = {"type": "object", "minProperties": 1, "additionalProperties": False}
    return {"anyOf": [keys | {"properties": steps | beside}, words]}


def _written(transform: Transform, parameters: Mapping[str, Schema]) -> Schema:
    """Return the schema of what follows the name of a transform: its first option, or all as keys."""
    if not transform.parameters:
        return {"enum": [None, True]}
    first = transform.parameters[0]
    if first.type == "table":
        return {"type": ["object", "null"]}
    inside = {"type": "object", "properties": dict(parameters), "additionalProperties": False}
    return {"anyOf": [parameters[first.name], inside, {"type": "null"}]}


def _option(parameter: Parameter, crosswalks: Collection[str]) -> Schema:
    match parameter.type:
        case "word":
            return {"enum": list(parameter.choices)}
        case "integer":
            bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
            return {"type": "integer"} | {name: bound for name, bound in bounds.items() if bound is not None}
        case "table":
            return {"type": "object"}
        case "names" | "texts":
            return {"type": ["string", "integer", "array"]}
        case "text" if parameter.name == "table":
            return {"type": "string"} | _enum(dict.fromkeys(sorted(crosswalks), "crosswalk"))
        case "text" | "name" | "number":
            return {"type": ["string", "integer"]}
        case _:
            return {}


def _about(transform: Transform) -> str:
    """Return what an editor shows of a transform: its effect, its options, and an example."""
    options = ", ".join(_about_option(parameter) for parameter in transform.parameters)
    example = transform.example
    lines = [
        f"{transform.about} {transform.note}".strip(),
        f"Options: {options}." if options else "",
        f"Example: {example.do} makes {example.after} of {example.before}.",
    ]
    return "\n\n".join(line for line in lines if line)


def _about_option(parameter: Parameter) -> str:
    words = f" ({' or '.join(parameter.choices)})" if parameter.choices else ""
    return f"{parameter.name}{words}" + (", required" if parameter.required else "")
