"""Describe the transforms of the mapping language."""

from __future__ import annotations

from sagerecon.mapping.transform import Parameter, Transform
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.transform_entry import OptionEntry, TransformEntry


def transform_entries() -> list[TransformEntry]:
    """Return what the reference says of every transform, in the order of their groups."""
    return [_entry(transform) for transform in TRANSFORMS.values()]


def _entry(transform: Transform) -> TransformEntry:
    example = transform.example
    return TransformEntry(
        group=transform.group.value,
        name=transform.name,
        input_types=transform.input_types,
        output=transform.gives,
        options=tuple(_option(parameter) for parameter in transform.parameters),
        effect=" ".join(part for part in (transform.about, transform.note) if part),
        example=(example.do, example.before, example.after),
        reports_change=transform.reports_change,
    )


def _option(parameter: Parameter) -> OptionEntry:
    default = parameter.default
    words = default if isinstance(default, tuple) else () if default is None else (str(default),)
    return OptionEntry(
        name=parameter.name,
        type=parameter.type,
        is_required=parameter.required,
        default=", ".join(words),
        choices=parameter.choices,
    )
