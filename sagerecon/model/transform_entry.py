"""What the reference says of a transform of the mapping language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEntry:
    """One option of a transform; `default` is empty where it has none."""

    name: str
    type: str
    is_required: bool
    default: str
    choices: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The option as one text, marked for Markdown."""
        words = " or ".join(f"`{word}`" for word in self.choices)
        shown = f"`{self.name}`" + (f": {words}" if words else "")
        if self.is_required:
            return shown
        return shown + (f" (default `{self.default}`)" if self.default else " (optional)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformEntry:
    """One transform; `example` is YAML: a step, a value, and what the step makes of it."""

    group: str
    name: str
    input_types: tuple[str, ...]
    output: str
    options: tuple[OptionEntry, ...]
    effect: str
    example: tuple[str, str, str]
    reports_change: bool

    @property
    def takes(self) -> str:
        """The types of values that it accepts, as one text."""
        return "any single value" if len(self.input_types) > 4 else ", ".join(self.input_types)

    @property
    def shown_options(self) -> str:
        """The options as one text, marked for Markdown."""
        return "; ".join(option.shown for option in self.options)

    @property
    def shown_example(self) -> str:
        """The example as one text, marked for Markdown."""
        do, before, after = self.example
        return f"`{do}`: `{before}` → `{after}`"


def transform_document(entry: TransformEntry) -> dict[str, Any]:
    """Return an entry as JSON."""
    do, before, after = entry.example
    return {
        "name": entry.name,
        "group": entry.group,
        "input": list(entry.input_types),
        "output": entry.output,
        "options": [
            {
                "name": option.name,
                "type": option.type,
                "required": option.is_required,
                "default": option.default,
                "choices": list(option.choices),
            }
            for option in entry.options
        ],
        "effect": entry.effect,
        "reports_change": entry.reports_change,
        "example": {"do": do, "before": before, "after": after},
    }
