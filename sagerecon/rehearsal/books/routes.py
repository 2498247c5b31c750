"""From a method and a path to an operation of a kind, and whether this user may use it."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.catalog import Catalog, Kind, Operation
from sagerecon.rehearsal.books.refusal import access_denied, not_allowed, not_found, not_in_edition
from sagerecon.rehearsal.request import FULL, READ_ONLY, RESTRICTED, User

_RANK = {READ_ONLY: 0, RESTRICTED: 1, FULL: 2}


@dataclass(frozen=True, slots=True)
class Route:
    """What a request asks for; `id` is the key in its path, or empty."""

    kind: Kind
    operation: Operation
    id: str


class Routes:
    """Every path of the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._methods: dict[tuple[str, ...], dict[str, tuple[Kind, Operation]]] = {}
        for kind in catalog:
            for operation in kind.operations.values():
                pattern = tuple("*" if part == "{key}" else part for part in _parts(operation.path))
                self._methods.setdefault(pattern, {})[operation.method] = (kind, operation)

    def find(self, method: str, path: str) -> Route:
        """The operation behind a path.

        Raises:
            Refusal: 404 for a path that nobody knows, 405 for a method that it does not have.
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
    """Nothing, or why not.

    Raises:
        Refusal: the user's role does not reach so far, or the subscription does not include it.
    """
    operation = route.operation
    if _RANK.get(user.role, 0) < _least(operation):
        raise access_denied()
    if operation.editions and not operation.is_available(country, edition):
        raise not_in_edition(route.kind.resource, edition)


def _least(operation: Operation) -> int:
    """The lowest role that will do, where a user has the same role in every area."""
    by_method = {"GET": 0, "DELETE": 2}.get(operation.method, 1)
    ranks = [_RANK.get(role, 2) for role in operation.needs.values()]
    if not ranks:
        return by_method
    return max(ranks) if operation.needs_every_area else min(ranks)
