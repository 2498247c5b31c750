"""Routing: from a method and a path to an operation of a kind, with a check of the user's access."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.catalog import Catalog, Kind, Operation
from sagerecon.rehearsal.books.refusal import access_denied, not_allowed, not_found, not_in_edition
from sagerecon.rehearsal.request import FULL, READ_ONLY, RESTRICTED, User

_RANK = {READ_ONLY: 0, RESTRICTED: 1, FULL: 2}


@dataclass(frozen=True, slots=True)
class Route:
    """The operation a request calls; `id` is the key in its path, or empty."""

    kind: Kind
    operation: Operation
    id: str


class Routes:
    """All paths of the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._methods: dict[tuple[str, ...], dict[str, tuple[Kind, Operation]]] = {}
        for kind in catalog:
            for operation in kind.operations.values():
                pattern = tuple("*" if part == "{key}" else part for part in _parts(operation.path))
                self._methods.setdefault(pattern, {})[operation.method] = (kind, operation)

    def find(self, method: str, path: str) -> Route:
        """Return the operation of a method and a path.

        Raises:
            Refusal: 404 for an unknown path, 405 for a method it does not support.
        """
        parts = _parts(path)
        keyed = (parts[0], "*", *parts[2:]) if len(parts) > 1 else parts
        methods = self._methods.get(parts) or self._methods.get(keyed)
        if methods is None:
            raise not_found()
        found = methods.get(method)
        if found is None:
            raise not_allowed("The method is not allowed for this resource.")
        return Route(found[0], found[1], parts[1] if len(parts) > 1 else "")


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def check_access(route: Route, user: User, country: str, edition: str) -> None:
    """Check that the user's role and the subscription permit the operation.

    Raises:
        Refusal: the role does not permit the operation, or the subscription does not include it.
    """
    operation = route.operation
    if _RANK.get(user.role, 0) < _least(operation):
        raise access_denied()
    if operation.editions and not operation.is_available(country, edition):
        raise not_in_edition(route.kind.resource, edition)


def _least(operation: Operation) -> int:
    """Return the rank of the lowest role that is sufficient; a user has one role in all areas."""
    by_method = {"GET": 0, "DELETE": 2}.get(operation.method, 1)
    ranks = [_RANK.get(role, 2) for role in operation.needs.values()]
    if not ranks:
        return by_method
    return max(ranks) if operation.needs_every_area else min(ranks)
