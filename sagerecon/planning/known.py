"""What earlier runs recorded of a company, as a plan needs it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from sagerecon.model.key import NaturalKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntities:
    """The content of the id map when a plan is made."""

    fingerprint: str = ""  #: the name of this content
    contents: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Kind and key of each recorded draft -> the fingerprint of the body that was recorded."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Kind -> the number of its entities that the newest reading of Sage found."""
    natural_keys: Set[tuple[str, NaturalKey]] = frozenset()
    """Kind and natural key of what exactly one entity in Sage has, as `normal_key` spells it."""
