"""A small company on all three sides, for the tests of reconciliation and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.model.catalog import Api, Catalog, Field, KeyField, Kind, Operation
from sagerecon.model.clock import instant
from sagerecon.model.draft import Draft, Outcome, Reference, node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import decimal_text
from sagerecon.model.place import Place
from sagerecon.model.reading import Reading
from sagerecon.model.value import fingerprint
from sagerecon.reconciliation.comparer import DraftInputs
from sagerecon.reconciliation.reconcile import reconcile
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine, TieOutName

BEGAN = instant("2017-04-01T08:00:00Z")
AS_AT = date(2017, 3, 31)
INPUTS = DraftInputs("snapshot-1", "mappings-1")


def _fields(**types: str) -> dict[str, Field]:
    fields = {}
    for name, words in types.items():
        kind, _, refers_to = words.partition(" ")
        fields[name] = Field(name, kind, refers_to=refers_to)
    return fields


LINES = Field("journal_lines", "list", fields=_fields(
    ledger_account_id="text ledger_account", debit="decimal", credit="decimal", details="text"
))  # fmt: skip

_ALL = {
    name: Operation(name, "GET", "/x", {"plus": ("GB",)})
    for name in ("list", "read", "create", "update", "delete")
}


def _kind(name: str, fields: Mapping[str, Field], keys: Sequence[str] = (), amount: str = "") -> Kind:
    """Return a kind with few fields; what it books is as in the real catalog."""
    real = catalog()[name]
    return Kind(
        name,
        f"{name}s",
        f"/{name}s",
        "",
        "",
        _ALL,
        fields,
        tuple(KeyField(key) for key in keys),
        amount=amount,
        date=real.date,
        lines=real.lines,
        posting=real.posting,
        ledger=real.ledger,
    )


JOURNAL = {**_fields(date="date", reference="text"), "journal_lines": LINES}
ADDRESS = Field("main_address", "object", fields=_fields(city="text", postal_code="text"))

CATALOG = Catalog(
    Api("", "", "", "", 300, 1, 60, 200, 20, 7, {}),
    {
        kind.name: kind
        for kind in (
            _kind(
                "contact",
                {
                    **_fields(name="text", reference="text", contact_type_ids="list contact_type",
                              credit_limit="decimal", notes="text"),
                    "main_address": ADDRESS,
                },
                ("reference",),
            ),
            _kind("ledger_account", _fields(nominal_code="integer", name="text"), ("nominal_code",)),
            _kind(
                "contact_opening_balance",
                _fields(contact_id="text contact", contact_opening_balance_type_id="text x", date="date",
                        reference="text", details="text", total_amount="decimal"),
                amount="total_amount",
            ),
            _kind("opening_balance_journal", JOURNAL),
            _kind("journal", JOURNAL),
        )
    },
)  # fmt: skip

CHART = {
    "1100": "Trade Debtors",
    "2100": "Trade Creditors",
    "1200": "Bank",
    "9999": "Suspense",
    "3000": "Capital",
}


def contact(code: str, name: str, kind: str = "CUSTOMER", **more: Any) -> Draft:
    return Draft(
        "contact",
        f"customers/{code}",
        {"name": name, "reference": code, "contact_type_ids": [kind], **more},
        {"reference": code},
        (Place("customers.csv", int(code.strip("CS")) + 1),),
        Place("mappings/customers.yaml", 3),
        label=name,
    )


def invoice(number: str, customer: str, amount: str, due: date = date(2017, 3, 1), **more: Any) -> Draft:
    return Draft(
        "contact_opening_balance",
        f"open_invoices/{number}",
        {
            "contact_id": Reference("contact", f"customers/{customer}"),
            "contact_opening_balance_type_id": "INVOICE",
            "date": due,
            "reference": number,
            "total_amount": Decimal(amount),
            **more,
        },
        {},
        (Place("invoices.csv", int(number) - 1000),),
        Place("mappings/open_invoices.yaml", 4),
        amount=Decimal(amount),
        label=f"invoice {number}",
    )


def journal(*lines: tuple[str, str, str], kind: str = "opening_balance_journal") -> Draft:
    return Draft(
        kind,
        "opening/TB",
        {
            "date": AS_AT,
            "reference": "TB",
            "journal_lines": [
                {
                    "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", code)),
                    "debit": Decimal(debit),
                    "credit": Decimal(credit),
                }
                for code, debit, credit in lines
            ],
        },
        {},
        (Place("trial_balance.csv", 2),),
        Place("mappings/opening.yaml", 4),
        label="opening trial balance",
    )


def readings_of(kinds: Iterable[str], **incomplete: str) -> SageReadings:
    """Return whole readings of `kinds`, and incomplete ones of other kinds, each with its reason."""
    reasons = {**dict.fromkeys(kinds, ""), **incomplete}
    return SageReadings(
        tuple(
            Reading(
                kind=kind,
                key=f"{kind}s/read-back",
                query={},
                started_at=BEGAN,
                ended_at=BEGAN,
                pages=1,
                count=1,
                why_incomplete=why,
            )
            for kind, why in reasons.items()
        )
    )


def with_opening_control(found: Reconciliation) -> Reconciliation:
    """Return the reconciliation with one tie-out, which agrees."""
    line = TieOutLine(code="9999", name="Suspense", source=Decimal(), sage=Decimal())
    name = TieOutName.OPENING_CONTROL
    return found.with_tie_outs([TieOut(name=name, about=name.about, as_at=AS_AT, lines=(line,))])


@dataclass
class Company:
    """What a run wrote and what Sage answered. Tests then change Sage's side."""

    drafts: list[Draft]
    outcomes: list[Outcome] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    sage: dict[str, Entity] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    pre_existing: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def moved(cls, *drafts: Draft) -> Company:
        """Return a company whose drafts were all written to Sage."""
        company = cls(list(drafts), list(drafts))
        for code, name in CHART.items():
            company.hold("ledger_account", f"id-{code}", {"nominal_code": int(code), "name": name,
                         "displayed_as": f"{name} ({code})", "is_control_account": True})  # fmt: skip
            company.pre_existing.add(f"id-{code}")
        for draft in drafts:
            company.write(draft)
        return company

    def write(self, draft: Draft, **changes: Any) -> None:
        sage_id = f"id-{draft.key.partition('/')[2]}"
        self.ids[draft.key] = sage_id
        body = {**self._answer(draft.body, CATALOG[draft.kind].fields), **changes}
        body |= {"displayed_as": draft.label, "created_at": "2017-04-01T09:00:00Z"}
        sent = node_document(draft.body)
        entity = self.hold(draft.kind, sage_id, body)
        self.written.append(
            Written(
                draft.kind,
                draft.key,
                sage_id,
                sent,
                entity.body,
                BEGAN,
                fingerprint(sent),
                snapshot=INPUTS.snapshot,
                mappings=INPUTS.mappings,
            )
        )

    def hold(self, kind: str, sage_id: str, body: Mapping[str, Any]) -> Entity:
        self.sage[sage_id] = Entity(kind, sage_id, {"id": sage_id, **body})
        return self.sage[sage_id]

    def edit(self, key: str, **fields: Any) -> None:
        entity = self.sage[self.ids[key]]
        self.sage[entity.sage_id] = replace(entity, body={**entity.body, **fields})

    def delete(self, key: str, is_reported: bool = True) -> None:
        del self.sage[self.ids[key]]
        if is_reported:
            self.deleted.add(self.ids[key])

    def reconcile(self, comparisons: Mapping[str, Any] | None = None, **more: Any) -> Reconciliation:
        settings: dict[str, Any] = {
            "readings": readings_of(CATALOG.kinds), "inputs": INPUTS, "pre_existing": self.pre_existing,
            "deleted": self.deleted, "began_at": BEGAN, **more,
        }  # fmt: skip
        return reconcile(
            self.outcomes, self.written, self.sage.values(), comparisons or {}, CATALOG, **settings
        )

    def trial_balance(self, **closing: str) -> Entity:
        """Return Sage's trial balance, debit positive per code, given as `c1100="120.00"`."""
        rows = []
        for name, text in closing.items():
            amount = Decimal(text)
            side = {"debit": str(max(amount, Decimal(0))), "credit": str(max(-amount, Decimal(0)))}
            rows.append({"id": f"id-{name[1:]}", "displayed_as": f"? ({name[1:]})", "closing_balance": side})
        return Entity("trial_balance", "", {"ledger_accounts": rows})

    def accounts(self) -> list[Entity]:
        return [entity for entity in self.sage.values() if entity.kind == "ledger_account"]

    def _answer(self, body: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for name, value in body.items():
            known = fields[name]
            answer[known.answered_as] = self._value(value, known)
        return answer

    def _value(self, value: Any, known: Field) -> Any:
        if isinstance(value, Reference):
            if isinstance(value.key, NaturalKey):
                return {"id": f"id-{value.key.value}", "displayed_as": str(value.key)}
            return {"id": self.ids.get(value.key, "id-"), "displayed_as": value.key}
        if isinstance(value, Mapping):
            return self._answer(value, known.fields)
        if isinstance(value, list):
            return [self._answer(v, known.fields) if isinstance(v, Mapping) else {"id": v} for v in value]
        if isinstance(value, Decimal):
            return decimal_text(value, 1)
        if known.refers_to:
            return {"id": value, "displayed_as": value}
        return value.isoformat() if isinstance(value, date) else value


def small_company(capital: str = "400.00") -> Company:
    """Return a company of two customers, a supplier, four open invoices, a bill and a balanced opening."""
    bill = replace(invoice("1900", "S3", "100.00"), key="open_bills/1900", label="bill 1900")
    return Company.moved(
        contact(
            "C1",
            "Oak Ltd",
            credit_limit=Decimal("2000"),
            main_address={"city": "Leeds", "postal_code": "LS1"},
        ),
        contact("C2", "Ash Ltd"),
        contact("S3", "Elm Ltd", kind="VENDOR"),
        invoice("1001", "C1", "120.00"),
        invoice("1002", "C1", "80.50"),
        invoice("1003", "C2", "239.00"),
        invoice("1004", "C2", "4.00"),
        bill,
        journal(("1200", "56.50", "0"), ("3000", "0", capital)),
    )
