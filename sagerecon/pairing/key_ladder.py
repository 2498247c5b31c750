"""Find the entity of a record: by id map, by natural key, or as a suggestion by a similar key."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.identity import draft_keys, entity_keys


class MatchMethod(Enum):
    """How a match was made, the most reliable first. The value is what people read."""

    ID_MAP = "id map"  #: recorded when the entity was written or adopted
    NATURAL_KEY = "natural key"  #: exactly one entity has the key, and no other record claims it
    AMBIGUOUS = "ambiguous key"  #: several entities have the key; needs review
    SUGGESTION = "suggestion"  #: equal once normalised; never a match by itself
    NONE = "no match"


@dataclass(frozen=True, slots=True)
class Match:
    """How a record was matched, and the Sage ids that were found."""

    method: MatchMethod
    sage_ids: tuple[str, ...] = ()


NO_MATCH = Match(MatchMethod.NONE)


class KeyLadder:
    """Finds entities for records that the id map does not know."""

    def __init__(self, held: Iterable[Entity], catalog: Catalog) -> None:
        self._catalog = catalog
        self._exact: dict[tuple[str, NaturalKey], list[str]] = {}
        self._alike: dict[tuple[str, NaturalKey], list[str]] = {}
        for entity in held:
            for key in entity_keys(entity, catalog):
                self._exact.setdefault((entity.kind, key), []).append(entity.sage_id)
                self._alike.setdefault((entity.kind, normalised(key)), []).append(entity.sage_id)

    def match(self, draft: Draft) -> Match:
        """Return the most reliable match for a draft."""
        keys = list(draft_keys(draft, self._catalog))
        for key in keys:
            if found := self._exact.get((draft.kind, key)):
                method = MatchMethod.NATURAL_KEY if len(found) == 1 else MatchMethod.AMBIGUOUS
                return Match(method, tuple(found))
        for key in keys:
            if found := self._alike.get((draft.kind, normalised(key))):
                return Match(MatchMethod.SUGGESTION, tuple(found))
        return NO_MATCH


def normalised(key: NaturalKey) -> NaturalKey:
    """Return a natural key without case, accents, punctuation and leading zeros: `c1` for `C-001`.

    Use it for suggestions only: ledger codes 42 and 0042 may be two accounts.
    """
    letters = unicodedata.normalize("NFKD", key.value).casefold()
    words = "".join(
        letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter)
    )
    return NaturalKey(key.field, "".join(_without_zeros(words)))


def _without_zeros(text: str) -> Iterable[str]:
    """Yield the letters and digits of `text`, each run of digits without its leading zeros."""
    in_number = False
    for position, letter in enumerate(text):
        follows = text[position + 1 : position + 2].isdigit()
        if letter == "0" and not in_number and follows:
            continue
        in_number = letter.isdigit()
        if letter != " ":
            yield letter
