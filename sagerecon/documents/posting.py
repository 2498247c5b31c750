"""The parts of a catalog file that say what a kind books, as values of `model.posting`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.posting import (
    Direction,
    Family,
    LedgerFacts,
    LedgerRole,
    Lines,
    Posting,
    Settlement,
    Side,
)


def read_lines(document: Mapping[str, Any]) -> Lines:
    """Return the fields of a kind's lines."""
    return Lines(**document.get("lines", {}))


def read_ledger(document: Mapping[str, Any]) -> LedgerFacts | None:
    """Return what a kind is to the ledger; None where it is nothing."""
    facts = dict(document.get("ledger", {}))
    return LedgerFacts(LedgerRole(facts.pop("role")), **facts) if facts else None


def read_posting(document: Mapping[str, Any]) -> Posting | None:
    """Return what a kind books; None where it books nothing."""
    facts = document.get("posts")
    if facts is None:
        return None
    types = facts.get("types", {})
    return Posting(
        family=Family(facts["family"]),
        direction=_direction(facts),
        types={
            name: {value: _direction(known) for value, known in values.items()}
            for name, values in types.items()
        },
        account=facts.get("account", ""),
        from_account=facts.get("from_account", ""),
        amounts=tuple(facts.get("amounts", ())),
        due_date=facts.get("due_date", ""),
        outstanding=facts.get("outstanding", ""),
        settled=facts.get("settled", ""),
        settles=Settlement(**facts["settles"]) if "settles" in facts else None,
    )


def _direction(facts: Mapping[str, Any]) -> Direction:
    return Direction(Side(facts["side"].upper()) if "side" in facts else None, facts.get("sign", 0))
