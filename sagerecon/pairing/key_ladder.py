"""Which entity in Sage is this record: by the id map, else by natural key; a normalised key only suggests."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.identity import draft_keys, natural_keys


class Rung(Enum):
    """How a match was made, the surest first. The value is what people read."""

    ID_MAP = "id map"  #: recorded when it was written
    NATURAL_KEY = "natural key"  #: one entity bears the key, and no other record claims it
    AMBIGUOUS = "ambiguous key"  #: several entities bear it; a person decides
    SUGGESTION = "suggestion"  #: alike once normalised; never a match on its own
    NONE = "no match"


@dataclass(frozen=True, slots=True)
class Match:
    """Where the ladder ended, and the Sage ids found there."""

    rung: Rung
    sage_ids: tuple[str, ...] = ()


NO_MATCH = Match(Rung.NONE)


class KeyLadder:
    """Finds entities for records that no id map knows."""

    def __init__(self, held: Iterable[Entity], catalog: Catalog) -> None:
        self._exact: dict[tuple[str, NaturalKey], list[str]] = {}
        self._alike: dict[tuple[str, NaturalKey], list[str]] = {}
        for entity in held:
            for key in natural_keys(entity, catalog):
                self._exact.setdefault((entity.kind, key), []).append(entity.sage_id)
                self._alike.setdefault((entity.kind, normalised(key)), []).append(entity.sage_id)

    def climb(self, draft: Draft) -> Match:
        """The surest rung on which an entity stands for this draft."""
        for key in draft_keys(draft):
            if found := self._exact.get((draft.kind, key)):
                return Match(Rung.NATURAL_KEY if len(found) == 1 else Rung.AMBIGUOUS, tuple(found))
        for key in draft_keys(draft):
            if found := self._alike.get((draft.kind, normalised(key))):
                return Match(Rung.SUGGESTION, tuple(found))
        return NO_MATCH


def normalised(key: NaturalKey) -> NaturalKey:
    """Return a natural key without case, accents, punctuation and leading zeros: `c1` for `C-001`.

    Right for a suggestion and wrong as a match: ledger codes 42 and 0042 may be two accounts.
    """
    letters = unicodedata.normalize("NFKD", key.value).casefold()
    words = "".join(
        letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter)
    )
    return NaturalKey(key.field, "".join(_without_zeros(words)))


def _without_zeros(text: str) -> Iterable[str]:
    """The letters and digits of `text`, each run of digits without its leading zeros."""
    in_number = False
    for position, letter in enumerate(text):
        follows = text[position + 1 : position + 2].isdigit()
        if letter == "0" and not in_number and follows:
            continue
        in_number = letter.isdigit()
        if letter != " ":
            yield letter
