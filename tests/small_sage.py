"""A rehearsal Sage with minimal books: contacts in a dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.catalog import Api, Catalog, Kind, LimitProfile
from sagerecon.model.clock import Clock
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.request import FULL, READ_ONLY, RESTRICTED, ApiReply, ApiRequest, error
from sagerecon.rehearsal.sage import RehearsalSage

ADA = "a" * 32
BOB = "b" * 32
CYD = "c" * 32
OAK = "1" * 32  #: Ada's lead business, GB
ELM = "2" * 32  #: Ada's second business, IE
APP, SECRET = "small-app", "small-secret"
REDIRECT = "http://127.0.0.1:8765/callback"
BASE = "https://api.accounting.sage.com/v3.1"
TOKEN_URL = "https://oauth.accounting.sage.com/token"
REVOKE_URL = "https://oauth.accounting.sage.com/revoke"
AUTHORIZE_URL = "https://www.sageone.com/oauth2/auth/central?filter=apiv3.1"


def small_catalog(**profile: int | None) -> Catalog:
    """Return a catalog of three kinds; `profile` replaces limits of the standard profile."""
    limits: dict[str, Any] = {
        "per_minute": 100,
        "per_day": 2500,
        "in_flight": 150,
        "bytes_per_hour": 100_000_000,
        "app_per_day": 1_296_000,
    }
    api = Api(
        base_url=BASE,
        authorize_url=AUTHORIZE_URL,
        token_url=TOKEN_URL,
        revoke_url=REVOKE_URL,
        access_token_seconds=300,
        refresh_token_seconds=2_678_400,
        code_seconds=60,
        items_per_page=200,
        default_items_per_page=20,
        idempotency_days=7,
        limit_profiles={"standard": LimitProfile("standard", **{**limits, **profile})},
    )
    kinds = (
        _kind("contact", is_idempotent=True),
        _kind("product", is_idempotent=True),
        _kind("attachment", is_idempotent=False),
    )
    return Catalog(api, {kind.name: kind for kind in kinds})


def _kind(name: str, *, is_idempotent: bool) -> Kind:
    return Kind(name, f"{name}s", f"/{name}s", "small", "", {}, {}, is_idempotent=is_idempotent)


class SmallBooks:
    """Records by path; a contact without a name is refused."""

    def __init__(self, id: str, name: str, country: str = "GB") -> None:
        self.id, self.name, self.country, self.edition = id, name, country, "plus"
        self.records: dict[str, dict[str, Any]] = {}
        self.is_closed = False

    def handle(self, request: ApiRequest) -> ApiReply:
        parts = request.path.strip("/").split("/")
        if request.method == "GET" and len(parts) == 1:
            found = [body for path, body in self.records.items() if path.startswith(f"{parts[0]}/")]
            size = int(request.query.get("items_per_page", 20))
            page = min(int(request.query.get("page", 1)), max(1, -(-len(found) // size)))
            items = found[(page - 1) * size : page * size]
            return ApiReply(200, {"$total": len(found), "$page": page, "$next": None, "$items": items})
        if request.method == "POST":
            content = next(iter(request.body.values()))
            if self.is_closed or not content.get("name"):
                return ApiReply(422, [error("RecordInvalid", "This field is required.", "name")])
            id_ = f"{len(self.records) + 1:032x}"
            self.records[f"{parts[0]}/{id_}"] = {"id": id_, "displayed_as": content["name"], **content}
            return ApiReply(201, self.records[f"{parts[0]}/{id_}"])
        if "/".join(parts) not in self.records:
            return ApiReply(404, [error("RecordNotFound", "Couldn't find record.")])
        if request.method == "DELETE":
            del self.records["/".join(parts)]
            return ApiReply(204)
        return ApiReply(200, self.records["/".join(parts)])

    def offers(self, kind: Kind, operation: str) -> bool:
        return True

    def facts(self) -> Mapping[str, Any]:
        return {"website": "https://example.com"}

    def document(self) -> Any:
        return {"id": self.id, "name": self.name, "country": self.country, "records": self.records}

    @classmethod
    def from_document(cls, document: Any, catalog: Catalog) -> SmallBooks:
        books = cls(document["id"], document["name"], document["country"])
        books.records = document["records"]
        return books


def small_sage(clock: Clock | None = None, seed: int = 1, **profile: int | None) -> RehearsalSage:
    """Return a rehearsal with two businesses and three users.

    Ada has full access to both; Bob may only read Oak; Cyd may not delete there.
    """
    sage = RehearsalSage(small_catalog(**profile), clock or VirtualClock(), seed)
    sage.add_app(APP, SECRET, name="Small app", redirect_uri=REDIRECT)
    sage.add_user(ADA, "Ada Lane", "AL")
    sage.add_user(BOB, "Bob Hill", "BH")
    sage.add_user(CYD, "Cyd Moor", "CM")
    sage.add_business(SmallBooks(OAK, "Oak Ltd"), {ADA: FULL, BOB: READ_ONLY, CYD: RESTRICTED})
    sage.add_business(SmallBooks(ELM, "Elm <Ltd>", "IE"), {ADA: FULL})
    return sage


def records(sage: RehearsalSage, business: str = OAK) -> dict[str, dict[str, Any]]:
    """Return the records of a business."""
    books = sage.business(business)
    assert isinstance(books, SmallBooks)
    return books.records


def bearer(
    sage: RehearsalSage, user: str = ADA, business: str = OAK, scope: str = "full_access"
) -> dict[str, str]:
    """Return the headers of a signed-in user, with the business."""
    token = sage.grant(APP, user, business, scope)["access_token"]
    return {"Authorization": f"Bearer {token}", "X-Business": business, "Content-Type": "application/json"}
