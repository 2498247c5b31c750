"""Sage as data: what each kind accepts, costs and posts, read from `specs/`.

Code never names a Sage field where the catalog can. The facts are Sage's own published documents;
a test holds the catalog to them field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.document import suggestion


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind, as it is sent.

    `type` is one of text, integer, decimal, boolean, date, datetime, object, list. `refers_to` names
    the kind whose id stands here. `answered_as` is its name in an answer: a link goes out as
    `contact_id` and comes back as the object `contact`. `fields` are those of an object, or of the
    objects of a list.
    """

    name: str
    type: str
    required: bool = False  #: on create
    max_length: int | None = None
    decimals: int | None = None
    enum: tuple[str, ...] = ()
    read_only: bool = False
    refers_to: str = ""
    countries: tuple[str, ...] = ()  #: empty means every country
    create: bool = True  #: may be sent in a POST
    update: bool = True  #: may be sent in a PUT
    fields: Mapping[str, Field] = field(default_factory=dict)
    about: str = ""

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
    """One thing that can be done with a kind: list, create, read, update, delete, release, reissue."""

    name: str
    method: str
    path: str
    editions: Mapping[str, tuple[str, ...]]  #: edition -> countries
    reversibility: str = ""  #: reversible, compensable, irreversible; empty for reading
    status: int = 200  #: on success

    def is_available(self, country: str, edition: str) -> bool:
        """Whether a business of this country and edition has it."""
        return country in self.editions.get(edition, ())


@dataclass(frozen=True, slots=True)
class NaturalKey:
    """A field by which a kind can be recognised on both sides, and the list filter that finds it."""

    field: str
    filter: str = ""  #: `search`, or empty where a listing must be read
    is_unique: bool = False


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
    natural_keys: tuple[NaturalKey, ...] = ()
    filters: tuple[str, ...] = ()
    sort_keys: tuple[str, ...] = ()
    changed_since: str = ""  #: the list filter for changes, or empty
    deleted_since: str = ""
    is_idempotent: bool = False  #: honours `idempotency_id` in its wrapper
    parallel_posts: bool = True
    is_fixed_list: bool = False
    amount: str = ""  #: the field that says what a document is worth
    yields: Mapping[str, str] = field(default_factory=dict)  #: part -> dotted path to an id in the answer
    label: tuple[str, ...] = ()  #: fields that name it for people, the first one present wins
    quirks: tuple[str, ...] = ()

    def can(self, operation: str) -> bool:
        """Whether the API offers the operation at all."""
        return operation in self.operations


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
class Api:
    """What concerns the whole API."""

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


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every kind by its singular name, and the API's own facts."""

    api: Api
    kinds: Mapping[str, Kind]

    def __getitem__(self, kind: str) -> Kind:
        return self.kinds[kind]

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())

    def by_resource(self, resource: str) -> Kind | None:
        """The kind whose path is `/resource`."""
        return next((kind for kind in self if kind.resource == resource), None)

    def suggest(self, kind: str) -> str:
        """`Did you mean …?` for a kind that is not here."""
        return suggestion(kind, self.kinds)


def read_catalog(api: Mapping[str, Any], resources: Iterable[Mapping[str, Any]]) -> Catalog:
    """The catalog of plain documents that `specs/schemas/resource.schema.json` accepts."""
    kinds = [_kind(document) for document in resources]
    return Catalog(_api(api), {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)})


def _kind(document: Mapping[str, Any]) -> Kind:
    return Kind(
        name=document["kind"],
        resource=document["resource"],
        path=document["path"],
        section=document["section"],
        about=document.get("about", ""),
        operations={
            name: _operation(name, document["path"], facts)
            for name, facts in document.get("operations", {}).items()
        },
        fields={name: _field(name, facts) for name, facts in document.get("fields", {}).items()},
        natural_keys=tuple(
            NaturalKey(key["field"], key.get("filter", ""), key.get("unique", False))
            for key in document.get("natural_keys", ())
        ),
        filters=tuple(document.get("filters", ())),
        sort_keys=tuple(document.get("sort_keys", ())),
        changed_since=document.get("changed_since", ""),
        deleted_since=document.get("deleted_since", ""),
        is_idempotent=document.get("idempotent", False),
        parallel_posts=document.get("parallel_posts", True),
        is_fixed_list=document.get("fixed_list", False),
        amount=document.get("amount", ""),
        yields=dict(document.get("yields", {})),
        label=tuple(document.get("label", ())),
        quirks=tuple(document.get("quirks", ())),
    )


_METHODS = {"list": "GET", "read": "GET", "create": "POST", "update": "PUT", "delete": "DELETE"}
_SUCCESS = {"create": 201, "delete": 204, "release": 201, "reissue": 201}


def _operation(name: str, path: str, facts: Mapping[str, Any]) -> Operation:
    return Operation(
        name=name,
        method=_METHODS.get(name, "POST"),
        path=facts.get("path", path if name in ("list", "create") else f"{path}/{{key}}"),
        editions={edition: tuple(countries) for edition, countries in facts.get("editions", {}).items()},
        reversibility=facts.get("reversibility", ""),
        status=facts.get("status", _SUCCESS.get(name, 200)),
    )


def _field(name: str, facts: Mapping[str, Any]) -> Field:
    sent = facts.get("sent", "create_and_update")
    return Field(
        name=name,
        type=facts["type"],
        required=facts.get("required", False),
        max_length=facts.get("max_length"),
        decimals=facts.get("decimals"),
        enum=tuple(facts.get("enum", ())),
        read_only=sent == "never",
        refers_to=facts.get("refers_to", ""),
        countries=tuple(facts.get("countries", ())),
        create=sent in ("create_and_update", "create"),
        update=sent in ("create_and_update", "update"),
        fields={child: _field(child, more) for child, more in facts.get("fields", {}).items()},
        about=facts.get("about", ""),
    )


def _api(document: Mapping[str, Any]) -> Api:
    addresses, tokens, paging = document["addresses"], document["tokens"], document["paging"]
    return Api(
        base_url=addresses["base"],
        authorize_url=addresses["authorize"],
        token_url=addresses["token"],
        revoke_url=addresses["revoke"],
        access_token_seconds=tokens["access_seconds"],
        refresh_token_seconds=tokens["refresh_seconds"],
        code_seconds=tokens["code_seconds"],
        items_per_page=paging["largest"],
        default_items_per_page=paging["default"],
        idempotency_days=document["idempotency"]["days"],
        limit_profiles={
            name: LimitProfile(
                name,
                profile.get("per_minute"),
                profile.get("per_day"),
                profile["in_flight"],
                profile["bytes_per_hour"],
                profile["app_per_day"],
            )
            for name, profile in document["limit_profiles"].items()
        },
    )
