"""JSON objects of which many are held and few are read at a time: compressed, and parsed when read."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from functools import lru_cache
from typing import Any
from zlib import compressobj, decompressobj

from sagerecon.model.errors import DamagedStoreError
from sagerecon.model.value import read_json

#: How many objects stay parsed; whoever reads an object reads several of its fields one after the other.
_KEPT_PARSED = 64


class PackedJson(Mapping[str, Any]):
    """A JSON object that is parsed each time it is read. It equals the mapping it holds.

    Its parts are plain values of `read_json`, and must not be changed.
    """

    __slots__ = ("_data", "_dictionary", "_name")

    def __init__(self, data: bytes, dictionary: bytes, name: str = "") -> None:
        """Hold what a `Packer` compressed, or the object that has a name inside it."""
        self._data = data
        self._dictionary = dictionary
        self._name = name

    def parsed(self) -> dict[str, Any]:
        """Return the object as a dict."""
        found: dict[str, Any] = _parsed(self._data, self._dictionary)
        return found.get(self._name, {}) if self._name else found

    def __getitem__(self, name: str) -> Any:
        """Return the value of a field."""
        return self.parsed()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, or the default where there is none."""
        return self.parsed().get(name, default)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a field of this name."""
        return name in self.parsed()

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the fields."""
        return iter(self.parsed())

    def __len__(self) -> int:
        """Return the number of fields."""
        return len(self.parsed())

    def values(self) -> ValuesView[Any]:
        """Return the values of the fields."""
        return self.parsed().values()

    def items(self) -> ItemsView[str, Any]:
        """Return the fields as pairs of name and value."""
        return self.parsed().items()

    def __repr__(self) -> str:
        """Return the object as Python shows a dict."""
        return repr(self.parsed())


class Packer:
    """Packs like objects: the first of each sort is the dictionary by which the others are compressed."""

    def __init__(self) -> None:
        self._dictionaries: dict[str, bytes] = {}

    def pack(self, text: str, sort: str, name: str = "") -> PackedJson:
        """Return a JSON text as an object.

        Args:
            sort: what the texts have in common, such as the kind of an entity.
            name: of the object inside it that is meant; empty for the whole.
        """
        data = text.encode()
        dictionary = self._dictionaries.setdefault(sort, data)
        packing = compressobj(level=1, zdict=dictionary)
        return PackedJson(packing.compress(data) + packing.flush(), dictionary, name)


@lru_cache(maxsize=_KEPT_PARSED)
def _parsed(data: bytes, dictionary: bytes) -> Any:
    """Return the object of a text of the store, which is not looked at before.

    Raises:
        DamagedStoreError: the text is not that of an object.
    """
    try:
        found = read_json(decompressobj(zdict=dictionary).decompress(data).decode())
    except ValueError as error:
        raise DamagedStoreError from error
    if not isinstance(found, dict):
        raise DamagedStoreError
    return found
