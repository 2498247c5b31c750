"""The catalog: what each kind of Sage entity accepts, costs and posts, read from `specs/`.

Code does not name a field of Sage where the catalog can. The facts are from Sage's published documents;
a test compares them field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.posting import LedgerFacts, LedgerRole, Lines, Posting
from sagerecon.model.suggestion import suggestion


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind: the form in which it is sent, or answered if it is never sent.

    `type` is one of text, integer, decimal, boolean, date, datetime, object, list. `refers_to` is the kind
    whose id the field holds, and `targets` are all kinds it may refer to where there are several, such as
    those that a payment settles. `answered_as` is its name in an answer: a link is sent as `contact_id` and
    answered as the object `contact`. `fields` are the fields of an object, or of the objects of a list.
    """

    name: str
    type: str
    required: bool = False  #: on create
    max_length: int | None = None
    decimals: int | None = None
    enum: tuple[str, ...] = ()
    read_only: bool = False
    refers_to: str = ""
    targets: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  #: empty means every country
    in_start: bool = True  #: whether the Start edition has it
    create: bool = True  #: whether it may be sent in a POST
    update: bool = True  #: whether it may be sent in a PUT
    answered: bool = True  #: whether it is in answers
    fields: Mapping[str, Field] = field(default_factory=dict)
    about: str = ""
    items: str = ""  #: the type of a list's elements: text, integer or object
    least: int | None = None
    most: int | None = None
    same_as: str = ""  #: the path that has the value where Sage answers none in the field itself
    needed: tuple[str, ...] = field(init=False, default=())  #: those of `fields` that a POST must give

    def __post_init__(self) -> None:
        object.__setattr__(self, "needed", _needed(self.fields))

    def accepts(self, kind: str) -> bool:
        """Return whether the field accepts the id of an entity of this kind."""
        return kind == self.refers_to or kind in self.targets

    @property
    def answered_as(self) -> str:
        """The field's name in an answer."""
        if self.refers_to and self.name.endswith("_ids"):
            return self.name.removesuffix("_ids") + "s"
        if self.refers_to and self.name.endswith("_id"):
            return self.name.removesuffix("_id")
        return self.name


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a kind: list, create, read, update, delete, release or reissue.

    `needs` is the lowest role that a user must have in each area: read_only, restricted or full. One of the
    areas is enough unless `needs_every_area`.
    """

    name: str
    method: str
    path: str
    editions: Mapping[str, tuple[str, ...]]  #: edition -> countries
    reversibility: str = ""  #: reversible, compensable, irreversible; empty for reading
    status: int = 200  #: on success
    needs: Mapping[str, str] = field(default_factory=dict)
    needs_every_area: bool = False
    query: tuple[str, ...] = ()  #: query parameters in addition to the filters of lists and readings
    headers: tuple[str, ...] = ()  #: request headers

    def is_available(self, country: str, edition: str) -> bool:
        """Return whether a business of this country and edition has it."""
        return country in self.editions.get(edition, ())


@dataclass(frozen=True, slots=True)
class KeyField:
    """A field that identifies entities of a kind on both sides, and the list filter that finds them."""

    field: str
    filter: str = ""  #: `search`, or empty where a listing must be read
    is_unique: bool = False
    same_as: str = ""  #: the path that has the value where Sage answers none in the field itself


#: The percentages of a tax rate, each with the first day of its period, oldest first.
Percentages: TypeAlias = "tuple[tuple[date, Decimal], ...]"

#: The lines of a kind that has none.
NO_LINES = Lines()

#: The fields in the answer of nearly every kind, whatever attributes were requested.
BASE_FIELDS = ("id", "displayed_as", "$path")


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of Sage entity."""

    name: str  #: singular, also the wrapper of its request body: `contact`
    resource: str  #: plural: `contacts`
    path: str  #: `/contacts`
    section: str
    about: str
    operations: Mapping[str, Operation]
    fields: Mapping[str, Field]
    natural_keys: tuple[KeyField, ...] = ()
    filters: tuple[str, ...] = ()  #: of the list; of the reading where there is no list
    required_filters: tuple[str, ...] = ()
    read_filters: tuple[str, ...] = ()  #: of the reading of one entity
    search: tuple[str, ...] = ()  #: the fields that the filter `search` searches
    sort_keys: tuple[str, ...] = ()
    changed_since: str = ""  #: the list filter for changes, or empty
    deleted_since: str = ""
    is_idempotent: bool = False  #: supports `idempotency_id` in its wrapper
    parallel_posts: bool = True
    is_fixed_list: bool = False
    amount: str = ""  #: the field with the amount of a document
    date: str = ""  #: the field whose date decides the period
    lines: Lines = NO_LINES
    yields: Mapping[str, str] = field(default_factory=dict)  #: part -> dotted path to an id in the answer
    label: tuple[str, ...] = ()  #: fields with its name for people; the first one present is used
    posting: Posting | None = None  #: None if it posts nothing
    base_fields: tuple[str, ...] = BASE_FIELDS  #: the fields of every answer in addition to `fields`
    values: Mapping[str, str] = field(default_factory=dict)  #: ids that are fixed words, with their meaning
    values_are_examples: bool = False  #: more ids than these exist, or they differ by country
    #: of the tax rates that have changed, by id
    percentages: Mapping[str, Percentages] = field(default_factory=dict)
    items_per_page: int | None = None  #: the largest page where it differs from the API's
    quirks: tuple[str, ...] = ()
    ledger: LedgerFacts | None = None  #: of accounts and contacts
    needed: tuple[str, ...] = field(init=False, default=())  #: those of `fields` that a POST must give
    contact: str = field(init=False, default="")  #: the field that names its contact, if any

    def __post_init__(self) -> None:
        object.__setattr__(self, "needed", _needed(self.fields))
        names = {known.answered_as for known in self.fields.values()}
        object.__setattr__(self, "contact", "contact" if "contact" in names else "")

    @property
    def posts(self) -> tuple[str, ...]:
        """What it books to, a word each: debtors, income, tax."""
        return () if self.posting is None else self.posting.accounts

    def has_role(self, role: LedgerRole) -> bool:
        """Return whether its entities are this to the ledger."""
        return self.ledger is not None and self.ledger.role is role

    @property
    def is_voided(self) -> bool:
        """Whether Sage keeps an entity that is deleted, as void."""
        return self.can("delete") and "void_reason" in self.operations["delete"].query

    def can(self, operation: str) -> bool:
        """Return whether the API has the operation for this kind, in any country or edition."""
        return operation in self.operations


def _needed(fields: Mapping[str, Field]) -> tuple[str, ...]:
    return tuple(f.name for f in fields.values() if f.required and f.create and not f.read_only)


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """How many calls the API allows, as rolling windows."""

    name: str
    per_minute: int | None
    per_day: int | None
    in_flight: int
    bytes_per_hour: int
    app_per_day: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter of a query, and its effect."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class ApiError:
    """A known error of the API: what it means, and how to react.

    `reaction` is one of refuse (quarantine the record), stop, refresh (the token), wait, look_up (the
    outcome is not known) and absent (the entity does not exist).
    """

    status: int
    code: str  #: `$dataCode`, or the token endpoint's `error`; empty where only the status is known
    meaning: str
    reaction: str


@dataclass(frozen=True, slots=True)
class Api:
    """The facts about the API as a whole."""

    base_url: str
    authorize_url: str
    token_url: str
    revoke_url: str
    access_token_seconds: int
    refresh_token_seconds: int
    code_seconds: int
    items_per_page: int  #: the largest page
    default_items_per_page: int
    idempotency_days: int
    limit_profiles: Mapping[str, LimitProfile]
    business_header: str = "X-Business"
    request_id_header: str = "x_request_id"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    errors: tuple[ApiError, ...] = ()
    settings: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  #: facts on which sources disagree, the published one first
    editions: Mapping[str, str] = field(default_factory=dict)  #: name by word: plus -> Plus
    countries: Mapping[str, str] = field(default_factory=dict)  #: name by code
    deviations: Mapping[str, str] = field(default_factory=dict)  #: from Sage's documents: subject -> reason


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every kind by its singular name, and the facts about the API."""

    api: Api
    kinds: Mapping[str, Kind]

    def __getitem__(self, kind: str) -> Kind:
        return self.kinds[kind]

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())

    @property
    def ledger_kinds(self) -> tuple[Kind, ...]:
        """Accounts, bank accounts and contacts, in the order in which they have to be read."""
        known = {kind.ledger.role: kind for kind in self if kind.ledger is not None}
        return tuple(known[role] for role in LedgerRole if role in known)

    def ledger_facts(self, role: LedgerRole) -> LedgerFacts | None:
        """Return the fields that link the kind of this role to the ledger; None where no kind has it."""
        return next((kind.ledger for kind in self.ledger_kinds if kind.has_role(role)), None)

    def by_resource(self, resource: str) -> Kind | None:
        """Return the kind whose path is `/resource`, or None."""
        return next((kind for kind in self if kind.resource == resource), None)

    def field_at(self, kind: str, path: str) -> Field | None:
        """Return the field at a dotted path of sent or answered names, following links, or None."""
        name, _, rest = path.partition(".")
        fields = self.kinds[kind].fields if kind in self.kinds else {}
        while True:
            found = fields.get(name) or next((f for f in fields.values() if f.answered_as == name), None)
            if found is None or not rest:
                return found
            if found.refers_to and not found.fields:
                return self.field_at(found.refers_to, rest)
            fields, (name, _, rest) = found.fields, rest.partition(".")

    def choices(self, field: Field) -> tuple[str, ...]:
        """Return the allowed values of a field: its enum, or the ids of a fixed list; empty if not known."""
        if field.enum or not field.refers_to:
            return field.enum
        target = self.kinds.get(field.refers_to)
        return tuple(target.values) if target and target.values and not target.values_are_examples else ()

    def suggest(self, kind: str) -> str:
        """Return `Did you mean …?` for a kind that does not exist."""
        return suggestion(kind, self.kinds)
