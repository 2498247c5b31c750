"""What the names of columns say, in English, German, French, Dutch, Spanish and Swedish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum


class Subject(Enum):
    """What a column has the number of."""

    CONTACT = "contact"
    DOCUMENT = "document"
    ACCOUNT = "account"
    ITEM = "item"


#: Words for those whom a contact is, by which the mapping of suppliers is told from that of customers.
_SIDES = {
    "customer": (
        "customer customers cust client clients debtor debtors kunde kunden kund debitor debitoren "
        "klant klanten debiteur debiteuren cliente clientes kunder"
    ),
    "supplier": (
        "supplier suppliers vendor vendors creditor creditors lieferant lieferanten kreditor "
        "kreditoren fournisseur fournisseurs leverancier leveranciers crediteur crediteuren proveedor "
        "proveedores leverantor leverantors leverantorer"
    ),
}

_SUBJECT_WORDS = {
    Subject.CONTACT: f"contact {' '.join(_SIDES.values())}",
    Subject.DOCUMENT: (
        "invoice inv document doc voucher bill rechnung rechnungs beleg facture piece factuur stuk "
        "factura faktura verifikat verifikations"
    ),
    Subject.ACCOUNT: "account acct nominal konto sachkonto compte rekening grootboekrekening cuenta",
    Subject.ITEM: "item product stock sku artikel produkt article produit articulo producto art",
}
_SUBJECTS = {word: subject for subject, words in _SUBJECT_WORDS.items() for word in words.split()}

#: What a name has besides its subject where the column holds numbers or codes.
_NUMBER = re.compile(
    r"_?(?:number|nummer|numero|num|code|kod|nr|no|id|ref)$|^(?:numero|num|codigo|code|no|nr|n|id)_(?:de_|du_)?"
)

_FIELD_WORDS = {
    "reference": "ref number no nr code id",
    "name": (
        "company company_name customer_name supplier_name account_name customer supplier display_name "
        "title description firma bezeichnung kundenname lieferantenname nom raison_sociale naam "
        "bedrijfsnaam nombre razon_social namn foretag"
    ),
    "description": (
        "name title item details bezeichnung beschreibung designation omschrijving descripcion "
        "beskrivning benamning"
    ),
    "nominal_code": "code number",
    "item_code": "code part number",
    "display_name": "name",
    "date": (
        "invoice_date document_date txn_date issued posted datum belegdatum rechnungsdatum "
        "date_facture date_piece factuurdatum fecha fecha_factura fakturadatum bokforingsdatum"
    ),
    "due_date": (
        "due due_on fallig faellig fallig_am faellig_am falligkeit faelligkeit falligkeitsdatum "
        "faelligkeitsdatum echeance date_echeance vervaldatum vervaldag vencimiento fecha_vencimiento "
        "forfallodatum forfallodag"
    ),
    "total_amount": (
        "total outstanding open amount_due balance_due balance amount gross offen offener_betrag "
        "restbetrag saldo betrag brutto bruttobetrag solde montant_ttc montant openstaand "
        "openstaand_bedrag bedrag pendiente importe restbelopp belopp summa"
    ),
    "tax_number": (
        "vat_number vat_no vat tax_id ustid ust_idnr ustidnr tva numero_tva btw_nummer btwnr nif cif "
        "momsnr vatnr"
    ),
    "notes": "note memo comment comments notiz bemerkung remarque opmerking notas",
    "credit_limit": "limit kreditlimit plafond kredietlimiet",
    "address_line_1": (
        "address address_1 street strasse adresse rue straat adres direccion calle domicilio adress "
        "gatuadress gata"
    ),
    "city": "town ort stadt ville plaats woonplaats ciudad poblacion localidad postort stad",
    "postal_code": (
        "postcode post_code zip zip_code plz postleitzahl code_postal cp codigo_postal postnr postnummer"
    ),
    "email": "e_mail mail email_address courriel correo epost e_post",
    "telephone": "phone tel telefon telefoon telefono",
}

#: Words by which other systems call a field of Sage, without blanks and accents.
WORDS: Mapping[str, tuple[str, ...]] = {name: tuple(words.split()) for name, words in _FIELD_WORDS.items()}


def plain(name: str) -> str:
    """Return the name of a column in lower case, without accents, its words joined by `_`."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def joined(name: str) -> str:
    """Return a plain name without what joins its words: `kunden_nr` and `kundennr` are one."""
    return plain(name).replace("_", "")


def subject(name: str) -> tuple[Subject | None, bool]:
    """Return whose number a column has by its name, and whether the name says that it is a number."""
    stem, found = _NUMBER.subn("", plain(name), count=1)
    of = _SUBJECTS.get(stem.replace("_", ""))
    return (of, True) if found and of else (_SUBJECTS.get(joined(name)), False)


def side(*names: str) -> str:
    """Return `supplier` or `customer` where the names are about one of them alone, else an empty text."""
    words = {_NUMBER.sub("", word) for name in names for word in (plain(name), *plain(name).split("_"))}
    sides = {each for each, known in _SIDES.items() if not words.isdisjoint(known.split())}
    return sides.pop() if len(sides) == 1 else ""
