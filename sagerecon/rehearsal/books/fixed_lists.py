"""Entries of Sage's fixed lists: display names, and entries the catalog has only examples of."""

from __future__ import annotations

from collections.abc import Mapping


def _entries(text: str) -> dict[str, str]:
    """Parse lines of `ID Display name` into a table."""
    pairs = (line.strip().partition(" ") for line in text.strip().splitlines())
    return {id: name for id, _, name in pairs}


_COUNTRIES = """
    AF Afghanistan|AL Albania|DZ Algeria|AD Andorra|AO Angola|AG Antigua and Barbuda|AR Argentina
    AM Armenia|AU Australia|AT Austria|AZ Azerbaijan|BS Bahamas|BH Bahrain|BD Bangladesh
    BB Barbados|BY Belarus|BE Belgium|BZ Belize|BJ Benin|BM Bermuda|BT Bhutan|BO Bolivia
    BA Bosnia and Herzegovina|BW Botswana|BR Brazil|BN Brunei Darussalam|BG Bulgaria
    BF Burkina Faso|BI Burundi|KH Cambodia|CM Cameroon|CA Canada|CV Cape Verde|KY Cayman Islands
    CF Central African Republic|TD Chad|CL Chile|CN China|CO Colombia|KM Comoros|CG Congo
    CD Congo (Democratic Republic)|CR Costa Rica|CI Ivory Coast|HR Croatia|CU Cuba|CY Cyprus
    CZ Czech Republic|DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic|EC Ecuador|EG Egypt
    SV El Salvador|GQ Equatorial Guinea|ER Eritrea|EE Estonia|SZ Eswatini|ET Ethiopia
    FK Falkland Islands|FO Faroe Islands|FJ Fiji|FI Finland|FR France|GA Gabon|GM Gambia|GE Georgia
    DE Germany|GH Ghana|GI Gibraltar|GR Greece|GL Greenland|GD Grenada|GT Guatemala|GG Guernsey
    GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HN Honduras|HK Hong Kong|HU Hungary|IS Iceland
    IN India|ID Indonesia|IR Iran|IQ Iraq|IE Ireland|IM Isle of Man|IL Israel|IT Italy|JM Jamaica
    JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan|KE Kenya|KI Kiribati|KP Korea (North)
    KR Korea (South)|KW Kuwait|KG Kyrgyzstan|LA Laos|LV Latvia|LB Lebanon|LS Lesotho|LR Liberia
    LY Libya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macao|MG Madagascar|MW Malawi
    MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MR Mauritania|MU Mauritius
    MX Mexico|FM Micronesia|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MS Montserrat|MA Morocco
    MZ Mozambique|MM Myanmar|NA Namibia|NR Nauru|NP Nepal|NL Netherlands|NZ New Zealand
    NI Nicaragua|NE Niger|NG Nigeria|MK North Macedonia|NO Norway|OM Oman|PK Pakistan|PW Palau
    PS Palestine|PA Panama|PG Papua New Guinea|PY Paraguay|PE Peru|PH Philippines|PL Poland
    PT Portugal|PR Puerto Rico|QA Qatar|RO Romania|RU Russia|RW Rwanda|KN Saint Kitts and Nevis
    LC Saint Lucia|VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino
    ST Sao Tome and Principe|SA Saudi Arabia|SN Senegal|RS Serbia|SC Seychelles|SL Sierra Leone
    SG Singapore|SK Slovakia|SI Slovenia|SB Solomon Islands|SO Somalia|ZA South Africa
    SS South Sudan|ES Spain|LK Sri Lanka|SD Sudan|SR Suriname|SE Sweden|CH Switzerland|SY Syria
    TW Taiwan|TJ Tajikistan|TZ Tanzania|TH Thailand|TL Timor-Leste|TG Togo|TO Tonga
    TT Trinidad and Tobago|TN Tunisia|TR Turkey|TM Turkmenistan|TC Turks and Caicos Islands
    TV Tuvalu|UG Uganda|UA Ukraine|AE United Arab Emirates|GB United Kingdom|US United States
    UY Uruguay|UZ Uzbekistan|VU Vanuatu|VA Vatican City|VE Venezuela|VN Vietnam
    VG Virgin Islands (British)|VI Virgin Islands (US)|YE Yemen|ZM Zambia|ZW Zimbabwe
"""

_CURRENCIES = """
    GBP Pound Sterling
    EUR Euro
    USD US Dollar
    CAD Canadian Dollar
    AUD Australian Dollar
    CHF Swiss Franc
    CNY Chinese Yuan
    CZK Czech Koruna
    DKK Danish Krone
    HKD Hong Kong Dollar
    HUF Hungarian Forint
    INR Indian Rupee
    JPY Japanese Yen
    NOK Norwegian Krone
    NZD New Zealand Dollar
    PLN Polish Zloty
    SEK Swedish Krona
    SGD Singapore Dollar
    ZAR South African Rand
"""

#: Each fixed list by the singular name of its kind: id -> display name.
FIXED: Mapping[str, Mapping[str, str]] = {
    "contact_type": {"CUSTOMER": "Customer", "VENDOR": "Supplier"},
    "contact_person_type": {
        "ACCOUNTS": "Accounts",
        "SALES": "Sales",
        "PURCHASING": "Purchasing",
        "DELIVERY": "Delivery",
    },
    "address_type": {
        "DELIVERY": "Delivery",
        "ACCOUNTS": "Accounts",
        "SALES": "Sales",
        "PURCHASING": "Purchasing",
    },
    "country": {
        code: f"{name} ({code})" for code, name in _entries(_COUNTRIES.strip().replace("|", "\n")).items()
    },
    "country_group": {
        "GBIE": "UK & Ireland",
        "EU": "European Union",
        "US": "United States",
        "CA": "Canada",
        "ALL": "Rest of the world",
    },
    "currency": {code: f"{name} ({code})" for code, name in _entries(_CURRENCIES).items()},
    "artefact_status": _entries("""
        UNPAID Unpaid
        PART_PAID Part Paid
        PAID Paid
        VOID Void
        DRAFT Draft
        DISPUTED Disputed
        DECLINED Declined
        PRO_FORMA Pro Forma
        ACCEPTED Accepted
        ACCEPTED_BY_CUSTOMER Accepted by Customer
        DECLINED_BY_CUSTOMER Declined by Customer
    """),
    "payment_method": _entries("""
        CASH Cash
        CHECK Cheque
        ELECTRONIC Electronic
        CREDIT_DEBIT Credit/Debit Card
        ONLINE_PAYMENT PayPal
    """),
    "bank_account_type": _entries("""
        CHECKING Current
        SAVINGS Savings
        CREDIT_CARD Credit Card
        CASH_IN_HAND Cash in Hand
        LOAN Loan
        OTHER Other
    """),
    "ledger_account_type": _entries("""
        SALES Sales
        OTHER_INCOME Other Income
        DIRECT_EXPENSES Direct Expenses
        OVERHEADS Overheads
        DEPRECIATION Depreciation
        CURRENT_ASSETS Current Assets
        FIXED_ASSETS Fixed Assets
        FUTURE_ASSETS Future Assets
        BANK Bank
        CURRENT_LIABILITY Current Liability
        FUTURE_LIABILITY Future Liability
        EQUITY Equity
        LINE_OF_CREDIT Credit Card / Loan
    """),
    "contact_opening_balance_type": {"INVOICE": "Invoice", "CREDIT_NOTE": "Cr Note"},
    "quick_entry_type": {"INVOICE": "Invoice", "CREDIT_NOTE": "Credit Note"},
    "catalog_item_type": {"STOCK_ITEM": "Stock", "PRODUCT": "Non-stock", "SERVICE": "Service"},
    "tax_return_frequency": {"MONTHLY": "Monthly", "QUARTERLY": "Quarterly", "ANNUALLY": "Annually"},
    "tax_type": {"MTD": "MTD", "MTD_PENDING": "MTD_PENDING"},
    "transaction_type": _entries("""
        BANK_OPENING_BALANCE Bank Opening Balance
        BANK_PAYMENT Bank Payment
        BANK_RECEIPT Bank Receipt
        BANK_TRANSFER Bank Transfer
        CUSTOMER_ALLOCATION Customer Allocation
        CUSTOMER_OPENING_BALANCE_CREDIT_NOTE Customer OB Credit Note
        CUSTOMER_OPENING_BALANCE_INVOICE Customer OB Invoice
        CUSTOMER_RECEIPT Customer Receipt
        CUSTOMER_REFUND Customer Refund
        DEPOSIT Deposit
        JOURNAL Journal
        LEDGER_ACCOUNT_OPENING_BALANCE Ledger Account Opening Balance
        OPENING_BALANCE_JOURNAL Opening Balance Journal
        OTHER_PAYMENT Other Payment
        OTHER_PAYMENT_REFUND Other Payment Refund
        OTHER_RECEIPT Other Receipt
        OTHER_RECEIPT_REFUND Other Receipt Refund
        PURCHASE_CREDIT_NOTE Purchase Credit Note
        PURCHASE_INVOICE Purchase Invoice
        SALES_CREDIT_NOTE Sales Credit Note
        SALES_INVOICE Sales Invoice
        VENDOR_ALLOCATION Supplier Allocation
        VENDOR_OPENING_BALANCE_CREDIT_NOTE Supplier OB Credit Note
        VENDOR_OPENING_BALANCE_INVOICE Supplier OB Invoice
        VENDOR_PAYMENT Supplier Payment
        VENDOR_REFUND Supplier Refund
    """),
}
