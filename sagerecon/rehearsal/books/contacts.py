"""Contacts with their addresses and contact persons."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import currency_faults
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault

#: Kinds that belong to a contact but are not bookings.
_PARTS = ("address", "contact_person", "attachment")

#: Addresses nested in a contact's body, and whether each is the main one.
_ADDRESSES = {"main_address": True, "delivery_address": False}


def contact_defaults(company: Company) -> Values:
    """Return the values of a contact's fields that were not given."""
    return {
        "locale": "en",
        "currency": Link("currency", company.identity.currency),
        "is_active": True,
        "gb_based": company.identity.country == "GB",
        "send_statements": True,
        "tax_treatment": {
            "home_tax": True,
            "eu_tax_registered": False,
            "eu_not_tax_registered": False,
            "rest_of_world_tax": False,
            "is_importer": None,
        },
    }


def _complete_contact(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    types = values["contact_types"]
    if len(types) != 1:
        yield Fault("Contact types is invalid: choose exactly one.", "contact_type_ids")
    elif old is not None and types != old.values["contact_types"] and _is_used(company, old.id):
        yield Fault("You cannot change the type of a contact that is in use.", "contact_type_ids")
    reference = values.get("reference")
    if reference:
        holder = company.keys.get(("contact.reference", reference.casefold()))
        if holder is not None and (old is None or holder != old.id):
            yield Fault("Reference has already been taken.", "reference")
    if old is not None and old.values.get("system"):
        yield Fault("You cannot edit a system contact.", "base")
    currency = values.get("currency")
    yield from currency_faults(company, currency)
    if old is not None and currency != old.values.get("currency") and _is_used(company, old.id):
        yield Fault("You cannot change the currency of a contact that is in use.", "currency_id")
    if company.identity.edition == "start" and isinstance(values.get("delivery_address"), dict):
        yield Fault("The start edition keeps one address per contact.", "delivery_address")


def _write_contact(company: Company, row: Row, now: int) -> None:
    _write_parts(company, row, {}, now)


def _write_parts(company: Company, row: Row, before: Values, now: int) -> None:
    """Index the reference, and store nested addresses and the main person as records."""
    values = row.values
    if values.get("reference"):
        company.keys["contact.reference", values["reference"].casefold()] = row.id
    for name, is_main in _ADDRESSES.items():
        if isinstance(values.get(name), dict):
            values[name] = _write_address(company, row, values[name], before.get(name), is_main, now)
    person = values.get("main_contact_person")
    if isinstance(person, dict):
        if values.get("main_address") is None:
            values["main_address"] = _write_address(company, row, {}, None, True, now)
        values["main_contact_person"] = _write_person(
            company, row, person, before.get("main_contact_person"), now
        )
    values["preferred_address"] = values.get("main_address")
    values["preferred_contact_person"] = values.get("main_contact_person")


def _write_address(
    company: Company, contact: Row, given: Values, known: Link | None, is_main: bool, now: int
) -> Link:
    address = company.find(known)
    if address is not None:
        address.values = {**address.values, **given}
        company.table("address").touch(address, now)
        return Link("address", address.id)
    values: Values = {
        "name": "Main Address" if is_main else "Delivery Address",
        "address_type": Link("address_type", "ACCOUNTS" if is_main else "DELIVERY"),
        "country": Link("country", company.identity.country),
        **{name: value for name, value in given.items() if value is not None},
        "contact": Link("contact", contact.id),
        "is_main_address": is_main,
    }
    return Link("address", company.add("address", values, now, contact.id).id)


def _write_person(company: Company, contact: Row, given: Values, known: Link | None, now: int) -> Link:
    person = company.find(known)
    if person is not None:
        person.values = {**person.values, **given}
        company.table("contact_person").touch(person, now)
        contact.values["email"] = person.values.get("email")
        return Link("contact_person", person.id)
    values: Values = {
        "name": "Main Contact",
        "contact_person_types": [Link("contact_person_type", "ACCOUNTS")],
        "address": contact.values["main_address"],
        **{name: value for name, value in given.items() if value is not None},
        "is_main_contact": True,
        "contact": Link("contact", contact.id),
    }
    contact.values["email"] = values.get("email")
    return Link("contact_person", company.add("contact_person", values, now, contact.id).id)


def _change_contact(company: Company, row: Row, before: Values, now: int) -> None:
    if before.get("reference"):
        company.keys.pop(("contact.reference", before["reference"].casefold()), None)
    _write_parts(company, row, before, now)


def _remove_contact(company: Company, row: Row, now: int) -> None:
    if row.values.get("reference"):
        company.keys.pop(("contact.reference", row.values["reference"].casefold()), None)
    for kind in _PARTS:
        table = company.table(kind)
        for part in list(table.owned(row.id)):
            table.remove(part, now, row.id)


def _is_used(company: Company, contact: str) -> bool:
    return any(table.has_owned(contact) for kind, table in company.tables.items() if kind not in _PARTS)


def is_contact_deletable(company: Company, row: Row) -> bool:
    """Return whether a contact is not a system contact and has no bookings."""
    return not row.values.get("system") and not _is_used(company, row.id)


def _contact_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
    if not is_contact_deletable(company, row):
        yield Fault("You cannot delete a contact that is in use.", code="MethodNotAllowed")


CONTACT = Hooks(
    complete=_complete_contact,
    delete_faults=_contact_delete_faults,
    after_create=_write_contact,
    after_update=_change_contact,
    after_delete=_remove_contact,
    defaults=contact_defaults,
)


def _complete_address(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    contact = values.get("contact")
    if contact is None and values.get("bank_account") is None:
        yield Fault(REQUIRED, "contact_id")
    is_new = old is None or old.values.get("contact") != contact
    is_start = company.identity.edition == "start"
    if contact is not None and is_new and is_start and company.table("address").has_owned(contact.id):
        yield Fault("The start edition keeps one address per contact.", "contact_id")


def _write_main_address(company: Company, row: Row, now: int) -> None:
    """Make this the only main address of its contact, if it is a main one."""
    contact = company.find(row.values.get("contact"))
    if contact is None or not row.values.get("is_main_address"):
        return
    link = Link("address", row.id)
    earlier = company.find(contact.values.get("main_address"))
    if earlier is not None and earlier.id != row.id:
        earlier.values["is_main_address"] = False
        company.table("address").touch(earlier, now)
    for name in ("main_address", "preferred_address"):
        contact.values[name] = link
    company.table("contact").touch(contact, now)


def _forget(company: Company, row: Row, link: Link, now: int) -> None:
    """Remove the reference to a deleted record from its contact."""
    contact = company.find(row.values.get("contact"))
    if contact is None:
        return
    for name, value in list(contact.values.items()):
        if value == link:
            contact.values[name] = None
    company.table("contact").touch(contact, now)


ADDRESS = Hooks(
    _complete_address,
    after_create=_write_main_address,
    after_update=lambda company, row, _before, now: _write_main_address(company, row, now),
    after_delete=lambda company, row, now: _forget(company, row, Link("address", row.id), now),
)


def _complete_person(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    address = company.find(values["address"])
    values["contact"] = address.values.get("contact") if address is not None else None
    yield from ()


def _write_main_person(company: Company, row: Row, now: int) -> None:
    contact = company.find(row.values.get("contact"))
    if contact is None or not row.values.get("is_main_contact"):
        return
    link = Link("contact_person", row.id)
    earlier = company.find(contact.values.get("main_contact_person"))
    if earlier is not None and earlier.id != row.id:
        earlier.values["is_main_contact"] = False
        company.table("contact_person").touch(earlier, now)
    for name in ("main_contact_person", "preferred_contact_person"):
        contact.values[name] = link
    contact.values["email"] = row.values.get("email")
    company.table("contact").touch(contact, now)


PERSON = Hooks(
    _complete_person,
    after_create=_write_main_person,
    after_update=lambda company, row, _before, now: _write_main_person(company, row, now),
    after_delete=lambda company, row, now: _forget(company, row, Link("contact_person", row.id), now),
)
