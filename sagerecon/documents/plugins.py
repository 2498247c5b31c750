"""The entry points by which packages add to the program, and the versions of the packages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points

#: The group of entry points that name transforms of the mapping language.
TRANSFORMS = "sagerecon.transforms"


@cache
def transform_plugins() -> tuple[EntryPoint, ...]:
    """Return the entry points that name transforms, by name."""
    return tuple(sorted(entry_points(group=TRANSFORMS), key=lambda point: point.name))


def plugin_versions() -> Iterator[str]:
    """Yield the name and version of each package with a plugin: what it does may depend on both."""
    for point in transform_plugins():
        yield f"{point.name}={point.value}" + (
            f" {point.dist.name} {point.dist.version}" if point.dist else ""
        )
