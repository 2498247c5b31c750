"""The nominal code behind each account and the side of each contact, by identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity, Written
from sagerecon.model.posting import Direction, LedgerRole, Posting, Side
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import Identities, value_of


@dataclass(frozen=True, slots=True)
class ControlAccounts:
    """Nominal codes to which Sage posts the other side by itself; the defaults are the British chart's."""

    debtors: str = "1100"
    creditors: str = "2100"
    opening: str = "9999"
    sales_tax: str = "2200"
    purchase_tax: str = "2201"

    def control(self, side: Side | None) -> str:
        """Return the control account of a side."""
        return self.creditors if side is Side.VENDOR else self.debtors

    def tax(self, side: Side | None) -> str:
        """Return the account that takes the tax of a side."""
        return self.purchase_tax if side is Side.VENDOR else self.sales_tax


BRITISH = ControlAccounts()


def nominal_code(text: str) -> str:
    """Return a nominal code as Sage numbers it: its account 0030 is the integer 30."""
    if not (text.isascii() and text.isdecimal()):
        return text
    return text.lstrip("0") or "0"


class ChartOfAccounts:
    """Nominal codes and sides, learned from drafts, answers and what was read back; the first one wins."""

    def __init__(self, catalog: Catalog, identities: Identities, accounts: ControlAccounts = BRITISH) -> None:
        self.catalog = catalog
        self.identities = identities
        self.accounts = accounts
        self._codes: dict[str, str] = {}
        self._vendors: set[str] = set()
        facts = catalog.ledger_facts(LedgerRole.ACCOUNT)
        self._code_field = "" if facts is None else facts.code

    def learn_entities(self, entities: Iterable[Entity]) -> None:
        """Take codes and sides from what was read back."""
        found = [entity for entity in entities if self._is_learned(entity.kind)]
        for entity in sorted(found, key=lambda entity: not self._has_role(entity.kind, LedgerRole.ACCOUNT)):
            self._learn(entity.kind, self.identities.by_id(entity.sage_id).key, entity.body)

    def learn_written(self, records: Iterable[Written]) -> None:
        """Take codes and sides from Sage's answers to what was sent."""
        for record in records:
            if self._is_learned(record.kind):
                self._learn(record.kind, record.key, record.answer)

    def learn_drafts(self, drafts: Iterable[Draft]) -> None:
        """Take codes and sides from drafts."""
        for draft in drafts:
            if self._is_learned(draft.kind):
                self._learn(draft.kind, draft.key, draft.body)

    def code(self, identity: str) -> str:
        """Return the nominal code of an account or bank account; its identity where no code is known."""
        if identity in self._codes:
            return self._codes[identity]
        named = value_of(identity, self._code_field)
        return nominal_code(named) if named else identity

    def direction(self, posting: Posting, entity: FieldReader, contact: str) -> Direction:
        """Return side and sign of a draft or an answer; `contact` is the identity of its contact."""
        direction = posting.direction_of(entity.type_id)
        if direction.side is not None:
            return direction
        return Direction(Side.VENDOR if contact in self._vendors else Side.CUSTOMER, direction.sign)

    def _is_learned(self, kind: str) -> bool:
        return kind in self.catalog and self.catalog[kind].ledger is not None

    def _has_role(self, kind: str, role: LedgerRole) -> bool:
        return kind in self.catalog and self.catalog[kind].has_role(role)

    def _learn(self, kind: str, identity: str, content: Mapping[str, object]) -> None:
        facts = self.catalog[kind].ledger
        if facts is None:
            return
        entity = FieldReader(content, self.identities)
        if facts.types:
            if Side.VENDOR.value in entity.type_ids(facts.types):
                self._vendors.add(identity)
        elif code := entity.text(facts.code):
            self._codes.setdefault(identity, nominal_code(code))
        elif (account := entity.link(facts.account)) in self._codes:
            self._codes.setdefault(identity, self._codes[account])
