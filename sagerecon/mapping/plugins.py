"""Transforms of installed packages, which declare their signatures as those of the program do."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

from sagerecon.documents.plugins import transform_plugins
from sagerecon.mapping.record_context import RecordContext, RefusalError
from sagerecon.mapping.transform import BoundTransform, Options, Transform
from sagerecon.model.code import Code


def load_plugins(taken: Container[str]) -> tuple[list[Transform], list[str]]:
    """Return the transforms of installed packages, and a sentence for each that cannot be used.

    Args:
        taken: the names that the program's own transforms have.
    """
    found: list[Transform] = []
    faults: list[str] = []
    names: set[str] = set()
    for point in transform_plugins():
        try:
            given = list(_transforms(point))
        except Exception as error:
            faults.append(f"the plugin {_shown(point)} cannot be loaded: {type(error).__name__}: {error}.")
            continue
        for transform in given:
            if transform.name in taken or transform.name in names:
                faults.append(f"the plugin {_shown(point)} has a transform '{transform.name}', which exists.")
            else:
                names.add(transform.name)
                found.append(_guarded(transform, point))
    return found, faults


def _transforms(point: EntryPoint) -> Iterator[Transform]:
    """Yield the transforms that an entry point names: one, or several.

    Raises:
        TypeError: it names something else.
    """
    given = point.load()
    for each in given if isinstance(given, tuple | list) else (given,):
        if not isinstance(each, Transform):
            raise TypeError(f"{point.value} is no Transform and no tuple of them")
        yield each


def _shown(point: EntryPoint) -> str:
    return f"{point.name} of {point.dist.name} {point.dist.version}" if point.dist else point.name


def _guarded(transform: Transform, point: EntryPoint) -> Transform:
    """Return a transform whose results are counted, and whose own errors refuse the record."""

    def build(options: Options) -> BoundTransform | None:
        bound = transform.build(options)
        if bound is None:
            return None
        apply = bound.apply

        def guarded(value: Any, record: RecordContext) -> Any:
            try:
                return apply(value, record)
            except RefusalError:
                raise
            except Exception as error:
                message = f"{transform.name} of {_shown(point)} fails: {type(error).__name__}: {error}"
                raise RefusalError(Code.PLUGIN_FAILS, message) from None

        return replace(bound, apply=guarded)

    return replace(transform, build=build, grows=True)
