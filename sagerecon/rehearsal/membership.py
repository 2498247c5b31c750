"""Users and their roles in businesses, and the endpoints `/businesses` and `/user`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.reply import Reply, json_reply, refusal
from sagerecon.rehearsal.request import FULL, READ_ONLY, Books, User

_PAGE = 25  #: default page size of `/businesses`; other lists have 20
_LARGEST_PAGE = 500
_SUBSCRIPTIONS = {"start": "START", "standard": "ACCOUNTS", "plus": "ACCOUNTING"}


@dataclass(slots=True)
class Member:
    """A user with a role in some businesses."""

    id: str
    displayed_as: str
    initials: str
    roles: dict[str, str] = field(default_factory=dict)  #: by business id
    lead: str = ""  #: business used when the request has no business header
    locale: str = "en-GB"
    changed_at: int = 0  #: milliseconds; 0 means never

    def in_business(self, business: str) -> User | None:
        """Return the user with their role in this business, or None if they have none."""
        role = self.roles.get(business)
        return None if role is None else User(self.id, self.displayed_as, self.initials, role)


class Membership:
    """Users, businesses and the roles between them."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.businesses: dict[str, Books] = {}
        self.lapsed: set[str] = set()  #: businesses whose subscription has ended

    def add_business(self, books: Books, roles: Mapping[str, str]) -> None:
        """Add a business with its users' roles; a user's first business is their lead business."""
        self.businesses[books.id] = books
        for user_id, role in roles.items():
            member = self.members[user_id]
            member.roles[books.id] = role
            member.lead = member.lead or books.id

    def businesses_answer(self, member: Member, parts: Sequence[str], query: Mapping[str, str]) -> Reply:
        """Answer `/businesses`, `/businesses/lead` and `/businesses/{id}`."""
        if not parts:
            return self._list(member, query)
        business = member.lead if parts[0] == "lead" else parts[0]
        if len(parts) > 1 or business not in member.roles:
            return refusal(404, "RecordNotFound", "Couldn't find record.")
        return json_reply(200, self._facts(member, self.businesses[business]))

    def user_answer(self, member: Member) -> Reply:
        """Answer `/user`."""
        first, _, last = member.displayed_as.partition(" ")
        created = self.businesses[member.lead].facts().get("created_at") if member.lead else None
        document = {
            "created_at": created,
            "updated_at": instant_text(member.changed_at) if member.changed_at else created,
            "displayed_as": member.displayed_as,
            "id": member.id,
            "first_name": first,
            "last_name": last,
            "initials": member.initials,
            "email": f"{member.id}@example.com",
            "locale": member.locale,
        }
        return json_reply(200, document)

    def change_user(self, member: Member, given: Mapping[str, Any], now: int) -> None:
        """Update a user from fields that have been checked."""
        first, _, last = member.displayed_as.partition(" ")
        first, last = given.get("first_name") or first, given.get("last_name") or last
        member.displayed_as = f"{first} {last}".strip()
        member.initials = given.get("initials") or member.initials
        member.locale = given.get("locale") or member.locale
        member.changed_at = now

    def document(self) -> dict[str, Any]:
        """Return users and businesses as JSON, for saving."""
        return {
            "members": [asdict(member) for member in self.members.values()],
            "businesses": [books.document() for books in self.businesses.values()],
            "lapsed": sorted(self.lapsed),
        }

    def _list(self, member: Member, query: Mapping[str, str]) -> Reply:
        size = _number(query.get("items_per_page", ""), _PAGE, _LARGEST_PAGE)
        wanted = query.get("name", "").casefold()
        found = [
            books
            for business in member.roles
            if wanted in (books := self.businesses[business]).name.casefold()
            and not (query.get("active_only") == "true" and business in self.lapsed)
        ]
        last = max(1, -(-len(found) // size))
        page = _number(query.get("page", ""), 1, last)  # a page beyond the end returns the last one
        document = {
            "$total": len(found),
            "$page": page,
            "$next": _page_path(page + 1, size) if page < last else None,
            "$back": _page_path(page - 1, size) if page > 1 else None,
            "$items_per_page": size,  # only here; every other list has $itemsPerPage
            "$items": [_link(books) for books in found[(page - 1) * size : page * size]],
        }
        return json_reply(200, document)

    def _facts(self, member: Member, books: Books) -> dict[str, Any]:
        is_active = books.id not in self.lapsed
        role = member.roles[books.id]
        facts = books.facts()
        tier = {"id": _SUBSCRIPTIONS.get(books.edition, books.edition.upper())}
        state = {"active": is_active, "status": "active" if is_active else "expired"}
        return {
            **_link(books),
            "name": books.name,
            "country": {
                "id": books.country,
                "displayed_as": books.country,
                "$path": f"/countries/{books.country}",
            },
            **facts,
            "subscriptions": [{**each, **state} for each in facts.get("subscriptions", [tier])],
            "user_roles": [],
            "user_permissions": [{"area": area, "role": _role(role)} for area in _AREAS],
        }


_AREAS = ("Sales", "Purchases", "Contacts", "Products", "Bank", "Journals", "Reporting", "Settings")


def members_from_document(document: Mapping[str, Any]) -> dict[str, Member]:
    """Read the members that `Membership.document` returned."""
    return {facts["id"]: Member(**facts) for facts in document["members"]}


def _role(role: str) -> str:
    return {FULL: "Full Access", READ_ONLY: "Read Only"}.get(role, "Restricted")


def _link(books: Books) -> dict[str, Any]:
    return {"id": books.id, "displayed_as": books.name, "$path": f"/businesses/{books.id}"}


def _page_path(page: int, size: int) -> str:
    return f"/businesses?page={page}&items_per_page={size}"


def _number(text: str, default: int, largest: int) -> int:
    return min(max(int(text), 1), largest) if text.isdecimal() else min(default, largest)
