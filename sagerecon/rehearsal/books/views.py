"""Answers to reads: a record with the fields its query asks for, a page of a list, a fixed list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.model.clock import day_of, instant_text
from sagerecon.rehearsal.books.accounts import is_bank_deletable
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.computed import COMPUTED, computed_fields
from sagerecon.rehearsal.books.contacts import is_contact_deletable
from sagerecon.rehearsal.books.encoding import Pieces, Template, envelope_text, join_object, set_fields
from sagerecon.rehearsal.books.filters import is_true
from sagerecon.rehearsal.books.fixed_entries import fixed_entry, fixed_list_ids
from sagerecon.rehearsal.books.hooks import day_before
from sagerecon.rehearsal.books.listing import (
    Page,
    attributes,
    envelope,
    matching_records,
    page_of,
    select_fields,
)
from sagerecon.rehearsal.books.presentation import Answer, Shape, amount_text, present, reference_answer
from sagerecon.rehearsal.books.records import Link, Row
from sagerecon.rehearsal.books.reports import (
    artefact_base,
    balance_details,
    bank_balance,
    contact_balance,
    matching_rates,
    open_artefacts,
    payment_on_account,
    payments_allocations,
    read_day,
)
from sagerecon.rehearsal.books.stock import is_stock_deletable
from sagerecon.rehearsal.books.tax import TaxRate

Query = Mapping[str, str]


class Views:
    """Builds the answers to reads of a company."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._shapes: dict[str, Shape] = {}
        self._templates: dict[str, Template] = {}

    def record(self, kind: Kind, row: Row, query: Query) -> Answer:
        """Return one record: all fields unless `attributes` asks for fewer."""
        wanted = attributes(query) or None
        return self._answer(kind, row, query, wanted)

    def records(self, kind: Kind, query: Query) -> Answer:
        """Return a page of a list."""
        page = page_of(self._company.catalog.api, matching_records(self._company, kind, query), query)
        wanted = attributes(query)
        items = [self._answer(kind, row, query, wanted) for row in page.rows]
        return envelope(kind, page, query, items)

    def records_text(self, kind: Kind, query: Query) -> bytes:
        """Return a page of a list with whole records, as encoded bytes."""
        page = page_of(self._company.catalog.api, matching_records(self._company, kind, query), query)
        nested = attributes(query, "nested_attributes")
        if "nested_attributes" not in (*kind.filters, *kind.read_filters):
            nested = frozenset()
        items = [self._text(kind, row, query, nested) for row in page.rows]
        return envelope_text(envelope(kind, page, query, []), items)

    def fixed(self, kind: Kind, entries: Mapping[str, str], query: Query) -> Answer:
        """Return a page of a fixed list."""
        company = self._company
        ids, page = self._slice(fixed_list_ids(company, kind, entries, query), query)
        if attributes(query) == frozenset():
            return envelope(kind, page, query, [reference_answer(company, Link(kind.name, id)) for id in ids])
        answers = [fixed_entry(company, kind.name, id) for id in ids]
        return envelope(kind, page, query, select_fields(answers, attributes(query)))

    def artefacts(self, kind: Kind, query: Query) -> Answer:
        """Return a page of unsettled artefacts."""
        found, page = self._slice(open_artefacts(self._company, query), query)
        answers = [artefact_base(self._company, artefact) for artefact in found]
        if attributes(query) != frozenset():
            answers = [{**answer, "links": []} for answer in answers]
        return envelope(kind, page, query, answers)

    def tax_rates(self, kind: Kind, query: Query) -> Answer:
        """Return a page of the country's tax rates."""
        rates, page = self._slice(matching_rates(self._company, query), query)
        answers = [self.tax_rate(rate, query) for rate in rates]
        return envelope(kind, page, query, select_fields(answers, attributes(query)))

    def plain_list(self, kind: Kind, query: Query, answers: list[Answer]) -> Answer:
        """Return a page of answers that are not records of a table."""
        found, page = self._slice(answers, query)
        return envelope(kind, page, query, select_fields(found, attributes(query)))

    def tax_rate(self, rate: TaxRate, query: Query) -> Answer:
        """Return a tax rate with its percentage today, or on the `date` asked for."""
        company = self._company
        day = read_day(query, "date") or day_of(company.now).isoformat()
        ends = [day_before(start) for start, _ in rate.steps[1:]]
        opened = instant_text(company.identity.opened_at)
        parts = [company.tax_rates[id] for id in rate.components]
        components = [self.tax_rate(part, query) for part in parts]
        return {
            **reference_answer(company, Link("tax_rate", rate.id)),
            "created_at": opened,
            "updated_at": opened,
            "name": rate.name,
            "agency": None,
            "percentage": amount_text(rate.at(day)),
            "percentages": [
                {"percentage": amount_text(percentage), "from_date": start, "to_date": end}
                for (start, percentage), end in zip(rate.steps, [*ends, None], strict=True)
            ],
            "is_visible": True,
            "retailer": False,
            "editable": False,
            "deletable": False,
            "is_combined_rate": len(components) > 1,
            "component_tax_rates": components,
        }

    def settings(self, kind: Kind) -> Answer:
        """Return the financial settings."""
        company = self._company
        return self.preferences(kind, Row("", 0, company.settings_updated_at, company.settings))

    def preferences(self, kind: Kind, row: Row) -> Answer:
        """Return a kind of settings; most have a path and no id."""
        answer = present(self._company, self._shape(kind), row)
        path = {"$path": kind.path} if "$path" in kind.base_fields else {}
        apart = {"id", "displayed_as", "created_at", "$path"}
        if "updated_at" not in kind.fields:
            apart.add("updated_at")
        return {**path, **{name: answer[name] for name in answer if name not in apart}}

    def _slice(self, found: list[Any], query: Query) -> tuple[Sequence[Any], Page]:
        # `page_of` works on any sequence, also on one that has no rows.
        page = page_of(self._company.catalog.api, found, query)
        return page.rows, page

    def _shape(self, kind: Kind) -> Shape:
        shape = self._shapes.get(kind.name)
        if shape is None:
            shape = self._shapes[kind.name] = Shape(kind)
        return shape

    def _answer(self, kind: Kind, row: Row, query: Query, wanted: frozenset[str] | None) -> Answer:
        company = self._company
        answer = present(company, self._shape(kind), row, wanted)
        self._add_computed(kind, row, query, wanted, answer)
        if "id" not in kind.base_fields:
            del answer["id"]
        nested = attributes(query, "nested_attributes")
        if nested != frozenset() and "nested_attributes" in (*kind.filters, *kind.read_filters):
            self._expand(row, nested, answer)
        return answer

    def _text(self, kind: Kind, row: Row, query: Query, nested: frozenset[str] | None) -> str:
        pieces = self._template(kind).pieces(self._company, row)
        computed: Answer = {}
        self._add_computed(kind, row, query, None, computed)
        set_fields(pieces, computed)
        if "id" not in kind.base_fields:
            del pieces["id"]
        if nested is None:
            self._expand_text(row, pieces)
        elif nested:
            answer: Answer = dict.fromkeys(pieces)
            self._expand(row, nested, answer)
            set_fields(pieces, {name: value for name, value in answer.items() if value is not None})
        return join_object(pieces)

    def _expand_text(self, row: Row, pieces: Pieces) -> None:
        seen: dict[Link, str] = {}
        for name, value in row.values.items():
            if name not in pieces or not isinstance(value, Link):
                continue
            if value not in seen:
                target = self._company.find(value)
                kind = self._company.catalog.kinds.get(value.kind)
                if target is None or kind is None:
                    continue
                seen[value] = join_object(self._template(kind).pieces(self._company, target))
            pieces[name] = f'"{name}":{seen[value]}'

    def _template(self, kind: Kind) -> Template:
        template = self._templates.get(kind.name)
        if template is None:
            template = self._templates[kind.name] = Template(self._shape(kind))
        return template

    def _expand(self, row: Row, nested: frozenset[str] | None, answer: Answer) -> None:
        """Replace references with the referenced records' attributes, one level deep."""
        seen: dict[Link, Answer] = {}
        for name, value in row.values.items():
            if name not in answer or not isinstance(value, Link):
                continue
            target = self._company.find(value)
            kind = self._company.catalog.kinds.get(value.kind)
            if value not in seen and target is not None and kind is not None:
                seen[value] = present(self._company, self._shape(kind), target, nested)
            if value in seen:
                answer[name] = seen[value]

    def _add_computed(
        self, kind: Kind, row: Row, query: Query, wanted: frozenset[str] | None, answer: Answer
    ) -> None:
        """Add the fields that are computed on reading."""
        company, name = self._company, kind.name

        def requested(field: str) -> bool:
            return wanted is None or field in wanted

        if name == "contact":
            if requested("deletable"):
                answer["deletable"] = is_contact_deletable(company, row)
            if is_true(query.get("show_balance")):
                # `context_date` concerns the tax treatment; Sage has no balance of a contact as at a day.
                answer["balance"] = amount_text(contact_balance(company, row.id))
        elif name == "bank_account":
            if requested("balance"):
                answer["balance"] = amount_text(bank_balance(company, row))
            if requested("deletable"):
                answer["deletable"] = is_bank_deletable(company, row)
        elif name == "ledger_account":
            if is_true(query.get("show_balance_details")):
                answer["balance_details"] = balance_details(company, row.id, query)
        elif name in ("product", "service", "stock_item"):
            if requested("deletable"):
                is_stock = row.id in company.table("stock_item").rows
                named = Link(name, row.id) in company.used_items
                answer["deletable"] = is_stock_deletable(company, row) if is_stock else not named
        elif name in COMPUTED:
            answer.update(computed_fields(company, name, row, requested, self._shape))
        elif name == "contact_payment":
            self._add_payment(row, requested("payment_on_account"), requested("editable"), answer)
        elif is_true(query.get("show_payments_allocations")):
            artefact = company.artefacts.get(row.id)
            answer["payments_allocations"] = payments_allocations(company, artefact) if artefact else []

    def _add_payment(self, row: Row, shows_rest: bool, shows_flag: bool, answer: Answer) -> None:
        artefact = self._company.artefacts.get(row.values["on_account"])
        if shows_rest:
            answer["payment_on_account"] = payment_on_account(self._company, artefact) if artefact else None
        if shows_flag:
            is_free = artefact is None or not artefact.settled_by
            answer["editable"] = is_free and not row.values.get("tax_reconciled")
