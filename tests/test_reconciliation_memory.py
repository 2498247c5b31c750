"""Reconcile without holding what is compared: outcomes one after the other, answers compressed."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from reconciliation_cases import Company, contact, small_company

from sagerecon.model.draft import Draft
from sagerecon.model.packed_json import Packer
from sagerecon.model.value import canonical


class _Watched(Draft):
    """A draft of which it can be asked whether it still exists."""

    __slots__ = ("__weakref__",)


class _Stream(Sequence[Draft]):
    """Drafts that are made each time they are iterated over, and the most that existed at a time."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._drafts = drafts
        self._made: list[weakref.ref[Draft]] = []
        self.most = 0

    def __len__(self) -> int:
        return len(self._drafts)

    def __iter__(self) -> Iterator[Draft]:
        for draft in self._drafts:
            made = _Watched(**{f.name: getattr(draft, f.name) for f in fields(draft) if f.init})
            self._made.append(weakref.ref(made))
            self.most = max(self.most, sum(each() is not None for each in self._made))
            yield made

    def __getitem__(self, position: Any) -> Any:
        return self._drafts[position]


def test_outcomes_are_not_held() -> None:
    drafts = [contact(f"C{number}", f"Customer {number}") for number in range(40)]
    company = Company(drafts)
    stream = _Stream(drafts)
    company.outcomes = stream  # type: ignore[assignment]
    found = company.reconcile()
    assert len(found.verdicts) == 40 and 0 < stream.most < 5


@pytest.mark.parametrize("edits", [{}, {"reference": "changed"}])
def test_compressed_answers_give_the_same_verdicts(edits: dict[str, str]) -> None:
    company, packer = small_company(), Packer()
    for key in [record.key for record in company.written][:3] if edits else ():
        company.edit(key, **edits)
    plain = company.reconcile()
    company.written = [
        replace(
            record,
            sent=packer.pack(canonical({"body": record.sent}), f"step {record.kind}", "body"),
            answer=packer.pack(canonical(record.answer), record.kind),
        )
        for record in company.written
    ]
    company.sage = {
        sage_id: replace(entity, body=packer.pack(canonical(entity.body), entity.kind))
        for sage_id, entity in company.sage.items()
    }
    packed = company.reconcile()
    assert packed == plain and bool(packed.open_verdicts) == bool(edits)
