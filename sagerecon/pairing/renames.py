"""Find records that were written under another key: their key is spelt otherwise now, or was replaced."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.draft import Draft, node_document
from sagerecon.model.entity import Written
from sagerecon.model.key import NaturalKey
from sagerecon.model.value import fingerprint
from sagerecon.pairing.identity import Identities, Link, as_decimal, as_reference


class RenameRule(Enum):
    """What explains that one record has two keys, the most reliable first. The value is what people read."""

    OTHER_KIND = "another kind"  #: the same key, and the mapping makes another kind of it now
    OTHER_MAPPING = "another mapping"  #: the same source key, and a mapping of another name
    SAME_REFERENCE = "same reference"  #: another source key, and the same identity in Sage
    LEADING_ZEROS = "leading zeros"
    LETTER_CASE = "letter case"
    SPACES = "spaces"
    DECIMALS = "decimals"  #: a spreadsheet wrote the number 1042 as 1042.0
    SPELLING = "spelling"  #: punctuation, accents, or several of the above
    CONTENT = "contact, date and amount"
    OTHER_FIELDS = "all other fields"
    DATE_AND_AMOUNT = "date and amount"  #: of a record without a contact
    NAME = "same name"  #: of a kind that has no date, such as a contact


@dataclass(frozen=True, slots=True)
class Rename:
    """The records written earlier that a new draft may be, at least one, and the rule that explains it."""

    earlier: tuple[Written, ...]
    rule: RenameRule


@dataclass(frozen=True, slots=True)
class MappingNames:
    """The names of the mappings that have records in the source now, and of those that had some earlier."""

    now: Set[str]
    earlier: Set[str]


def find_renames(
    new: Sequence[Draft],
    lost: Sequence[Written],
    names: MappingNames,
    catalog: Catalog,
    identities: Identities | None = None,
) -> Mapping[str, Rename]:
    """Return by draft key the drafts that may be records written earlier.

    The rungs are tried in order; what one has paired, the next does not see. Where several records fit, the
    draft gets all of them: it must not be created while it is open which of them it is. Contacts come first:
    a document of one that may be an earlier contact is compared with the documents of that.

    Args:
        new: drafts that no run has recorded, without those that are certainly other records.
        lost: records of earlier runs whose key the source does not have.
        identities: the id map; it knows which record has the contact of an earlier one today.
    """
    renames: dict[str, Rename] = {}
    contacts = _Contacts(identities or Identities())
    for has_contact in (False, True) if lost else ():
        of = {kind.name for kind in catalog if bool(kind.contact) is has_contact}
        renames |= _climb(
            [_Side.of_draft(draft, catalog, contacts) for draft in new if draft.kind in of],
            {(record.kind, record.key): record for record in lost if record.kind in of},
            names,
            catalog,
            contacts,
        )
        contacts = _Contacts(contacts.identities, {key: at.earlier[0].key for key, at in renames.items()})
    return renames


def _climb(
    drafts: list[_Side],
    records: Mapping[tuple[str, str], Written],
    names: MappingNames,
    catalog: Catalog,
    contacts: _Contacts,
) -> dict[str, Rename]:
    """Return what the rungs find for drafts among records written earlier."""
    earlier = [_Side.of_written(record, catalog, contacts) for record in records.values()] if drafts else []
    renames: dict[str, Rename] = {}
    for rung in _RUNGS:
        candidates: dict[Hashable, list[_Side]] = {}
        for side in earlier:
            if (bucket := rung.bucket(side)) is not None:
                candidates.setdefault(bucket, []).append(side)
        taken: set[tuple[str, str]] = set()
        for draft in drafts:
            alike = candidates.get(rung.bucket(draft), [])
            found = [side for side in alike if not rung.keeps_to_mapping or _may_share(draft, side, names)]
            if found:
                taken.update((side.kind, side.key) for side in found)
                earlier_records = tuple(records[side.kind, side.key] for side in found)
                renames[draft.key] = Rename(earlier_records, rung.rule(draft, found[0]))
        drafts = [draft for draft in drafts if draft.key not in renames]
        earlier = [side for side in earlier if (side.kind, side.key) not in taken]
    return renames


def marks(draft: Draft, catalog: Catalog, earlier: Mapping[str, str] = {}) -> frozenset[str]:
    """Return the digests of what may tell a draft under another key: its identity, and its content.

    These are its identity in Sage as it is spelt, its contact, date and amount, all its other fields, and the
    name of a record without a date.

    Args:
        earlier: by the key of a contact the one that it had, by which the draft is told too.
    """
    rungs = (_identity_spelling, _content, _other_fields, _date_and_amount, _name)
    known = [{}, earlier] if earlier else [{}]
    sides = [_Side.of_draft(draft, catalog, _Contacts(Identities(), keys)) for keys in known]
    buckets = (rung(side) for side in sides for rung in rungs)
    return frozenset(fingerprint(bucket)[:_MARK_LENGTH] for bucket in buckets if bucket is not None)


def spelling(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a key, without case, accents, punctuation and leading zeros.

    `C-001`, `c1` and `C 01` are spelt alike; `A-1-2` and `A-12` are not.
    """
    folded = unicodedata.normalize("NFKD", _DECIMALS.sub("", text)).casefold()
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in _WORDS.findall(letters))


def names_in(
    body: Mapping[str, Any], kind: Kind, keys: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each field with a name for people of a record of a kind without a date, and its spelling.

    Args:
        keys: the fields of its key; they are no names.
    """
    for path in kind.label if not kind.date else ():
        value: Any = body
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value and path not in keys:
            yield path, spelling(value)


def key_fields(kind: Kind, identity: Iterable[str]) -> frozenset[str]:
    """Return the fields of the key of a record: those of its identity, and those that are unique in Sage."""
    return frozenset(identity).union(key.field for key in kind.natural_keys if key.is_unique)


def spelling_rule(one: str, other: str) -> RenameRule:
    """Return the simplest rule by which two keys of one spelling differ."""
    rules: dict[RenameRule, Callable[[str], str]] = {
        RenameRule.LEADING_ZEROS: lambda text: _LEADING_ZEROS.sub("", text),
        RenameRule.LETTER_CASE: str.casefold,
        RenameRule.SPACES: lambda text: "".join(text.split()),
        RenameRule.DECIMALS: lambda text: _DECIMALS.sub("", text),
    }
    return next((rule for rule, plain in rules.items() if plain(one) == plain(other)), RenameRule.SPELLING)


#: Characters of a mark: enough to tell the records of one kind from each other.
_MARK_LENGTH = 16

_WORDS = re.compile(r"\d+|[^\W\d_]+")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_DECIMALS = re.compile(r"(?<=\d)\.0+(?!\d)")


@dataclass(frozen=True, slots=True)
class _Contacts:
    """Tells by which key the contact of a record is known, today or as an earlier run wrote it."""

    identities: Identities
    earlier: Mapping[str, str] = field(default_factory=dict)  #: by draft key, the record that it may be

    def of(self, value: object) -> tuple[str, ...]:
        """Return the spelling of the key of the contact that a body names; empty where it names none."""
        reference = as_reference(value)
        if reference is None:
            return self._spelt(self.identities.by_id(value)) if isinstance(value, str) and value else ()
        link = self.identities.by_reference(reference)
        if isinstance(reference.key, NaturalKey) and not self.identities.has_record(link):
            return spelling(reference.key.value)
        return self._spelt(link)

    def _spelt(self, link: Link) -> tuple[str, ...]:
        key = self.earlier.get(link.key, link.key)
        return spelling(key.partition("/")[2]) if "/" in key else (key,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What the rungs compare of a draft or of a record written earlier."""

    kind: str
    key: str
    identity: tuple[tuple[str, str], ...]
    contact: tuple[str, ...]  #: the key of its contact, as `spelling` returns it; empty where it has none
    date: str
    amount: Decimal | None
    body: Mapping[str, Any]  #: as it is sent
    name: tuple[str, ...]  #: of a kind without a date: its name for people, where that is no part of its key

    @classmethod
    def of_draft(cls, draft: Draft, catalog: Catalog, contacts: _Contacts) -> _Side:
        """Return the side of a draft."""
        return cls._of(draft.kind, draft.key, draft.identity, draft.body, draft.amount, catalog, contacts)

    @classmethod
    def of_written(cls, record: Written, catalog: Catalog, contacts: _Contacts) -> _Side:
        """Return the side of a record written earlier."""
        return cls._of(
            record.kind, record.key, record.identity, record.sent, record.amount, catalog, contacts
        )

    @classmethod
    def _of(
        cls,
        kind: str,
        key: str,
        identity: Mapping[str, str],
        body: Mapping[str, Any],
        amount: Decimal | None,
        catalog: Catalog,
        contacts: _Contacts,
    ) -> _Side:
        known = catalog[kind]
        return cls(
            kind=kind,
            key=key,
            identity=tuple(sorted(identity.items())),
            contact=contacts.of(body.get(f"{known.contact}_id")) if known.contact else (),
            date=str(body.get(known.date) or "")[:10],
            amount=as_decimal(body.get(known.amount)) if amount is None else amount,
            body=body,
            name=next(names_in(body, known, key_fields(known, identity)), ("", ()))[1],
        )

    @property
    def mapping(self) -> str:
        """The name of the mapping that made it."""
        return self.key.partition("/")[0]

    @property
    def source_key(self) -> str:
        """Its key in the source."""
        return self.key.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    """A way to pair records: equal buckets may be one record; None is paired with nothing."""

    bucket: Callable[[_Side], Hashable]
    rule: Callable[[_Side, _Side], RenameRule]
    keeps_to_mapping: bool = False  #: keys of two mappings that are both in use are not compared


def _may_share(draft: _Side, record: _Side, names: MappingNames) -> bool:
    """Return whether a record of one mapping may be a draft of the other: one of the two is not in use."""
    is_renamed = record.mapping not in names.now or draft.mapping not in names.earlier
    return draft.mapping == record.mapping or is_renamed


def _content(side: _Side) -> Hashable:
    """Return contact, date and amount; None where one of them is not known."""
    return (side.kind, side.contact, side.date, side.amount) if side.contact and _has_amount(side) else None


def _date_and_amount(side: _Side) -> Hashable:
    """Return date and amount of a record without a contact; None where one of them is not known."""
    return (side.kind, side.date, side.amount) if not side.contact and _has_amount(side) else None


def _has_amount(side: _Side) -> bool:
    return bool(side.date) and side.amount is not None


def _other_fields(side: _Side) -> Hashable:
    """Return the digest of all fields without the key, and the amount; None where less than two are left."""
    keys = {value for _, value in side.identity} | {side.source_key}
    others = {
        name: value
        for name, value in node_document(side.body).items()
        if not isinstance(value, str) or value not in keys
    }
    return (side.kind, side.amount, fingerprint(others)) if len(others) > 1 else None


def _name(side: _Side) -> Hashable:
    return (side.kind, side.name, side.contact) if side.name else None


def _identity(side: _Side) -> Hashable:
    return (side.kind, side.identity, side.contact) if side.identity else None


def _identity_spelling(side: _Side) -> Hashable:
    spelt = tuple((field, spelling(value)) for field, value in side.identity)
    return (side.kind, spelt, side.contact) if spelt else None


def _identity_rule(draft: _Side, record: _Side) -> RenameRule:
    values = [" ".join(value for _, value in side.identity) for side in (draft, record)]
    return spelling_rule(*values)


_RUNGS: tuple[_Rung, ...] = (
    _Rung(bucket=lambda side: side.key, rule=lambda *_: RenameRule.OTHER_KIND),
    _Rung(
        bucket=lambda side: (side.kind, side.source_key),
        rule=lambda *_: RenameRule.OTHER_MAPPING,
        keeps_to_mapping=True,
    ),
    _Rung(bucket=_identity, rule=lambda *_: RenameRule.SAME_REFERENCE),
    _Rung(
        bucket=lambda side: (side.kind, spelling(side.source_key)),
        rule=lambda draft, record: spelling_rule(draft.source_key, record.source_key),
        keeps_to_mapping=True,
    ),
    _Rung(bucket=_identity_spelling, rule=_identity_rule),
    _Rung(bucket=_content, rule=lambda *_: RenameRule.CONTENT),
    _Rung(bucket=_other_fields, rule=lambda *_: RenameRule.OTHER_FIELDS, keeps_to_mapping=True),
    _Rung(bucket=_date_and_amount, rule=lambda *_: RenameRule.DATE_AND_AMOUNT),
    _Rung(bucket=_name, rule=lambda *_: RenameRule.NAME, keeps_to_mapping=True),
)
