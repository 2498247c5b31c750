"""A project with a trade as text: contacts, products, invoices, credits, payments, journals, allocations.

Every kind but products is created without looking for what Sage holds, and no record has a number: two
invoices of one customer are alike in everything.
"""

from __future__ import annotations

from pathlib import Path

PROJECT = """\
sagerecon: project/v1
company: Trade Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-01-31
as_at: 2017-04-30
business: {country: GB, currency: GBP}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  parties:
    path: parties.csv
    columns: {ref: {type: text, required: true}, name: {type: text, required: true}}
  goods:
    path: goods.csv
    columns: {code: {type: text, required: true}, name: {type: text, required: true}}
  documents:
    path: documents.csv
    columns:
      id: {type: text, required: true}
      type: {type: text, required: true}
      ref: {type: text}
      date: {type: date, required: true}
      amount: {type: decimal, scale: 2, required: true}
      other: {type: text}
datasets:
  parties: {sql: SELECT * FROM parties ORDER BY ref}
  goods: {sql: "SELECT *, 4000 AS n4, 5000 AS n5 FROM goods ORDER BY code"}
  banks: {sql: "SELECT '1200' AS nominal, 'Till' AS name, any_value(_origin) AS _origin FROM parties"}
  invoices: {sql: "SELECT *, 4000 AS n4, 5000 AS n5 FROM documents WHERE type = 'I' ORDER BY id"}
  credit_notes: {sql: "SELECT *, 4000 AS n4, 5000 AS n5 FROM documents WHERE type = 'C' ORDER BY id"}
  receipts: {sql: "SELECT *, '1200' AS bank FROM documents WHERE type = 'R' ORDER BY id"}
  journals: {sql: "SELECT *, 4000 AS n4, 5000 AS n5 FROM documents WHERE type = 'J' ORDER BY id"}
  allocations:
    sql: |
      SELECT id, ref, date, amount, _origin,
             [{side: 'I', document: string_split(other, '/')[1], amount: amount},
              {side: 'C', document: string_split(other, '/')[2], amount: -amount}] AS parts
      FROM documents WHERE type = 'A' ORDER BY id
"""
_HEAD = "sagerecon: mapping/v1\nunmapped: {source: ignore, target: error_if_required}\n"
MAPPINGS = {
    "parties": """\
source: {dataset: parties, key: [ref]}
target: {kind: contact, on_existing: create}
priority: 10
label: name
fields:
  name: {from: name}
  contact_type_ids: {value: [CUSTOMER]}
""",
    "goods": """\
source: {dataset: goods, key: [code]}
target: {kind: product, identity: {item_code: code}, on_existing: adopt_if_equal}
priority: 20
fields:
  item_code: {from: code}
  description: {from: name}
  sales_ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n4}, on_missing: quarantine}}
  purchase_ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n5}, on_missing: quarantine}}
""",
    "banks": """\
source: {dataset: banks, key: [nominal]}
target: {kind: bank_account, on_existing: create}
priority: 20
fields:
  bank_account_type_id: {value: CASH_IN_HAND}
  nominal_code: {value: 1260}
  bank_account_details: {fields: {account_name: {from: name}}}
""",
    "invoices": """\
source: {dataset: invoices, key: [id]}
target: {kind: sales_invoice, on_existing: create}
priority: 40
label: id
amount: amount
fields:
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  date: {from: date}
  due_date: {from: date}
  invoice_lines:
    items:
      - fields:
          description: {value: Work}
          ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n4}, on_missing: quarantine}}
          product_id: {ref: {mapping: goods, by: other, on_missing: omit}}
          quantity: {value: '1'}
          unit_price: {from: amount}
          tax_rate_id: {value: GB_ZERO}
          tax_amount: {value: '0.00'}
""",
    "credit_notes": """\
source: {dataset: credit_notes, key: [id]}
target: {kind: sales_credit_note, on_existing: create}
priority: 40
label: id
amount: amount
fields:
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  date: {from: date}
  original_invoice_date: {from: date}
  credit_note_lines:
    items:
      - fields:
          description: {value: Work}
          ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n4}, on_missing: quarantine}}
          quantity: {value: '1'}
          unit_price: {from: amount}
          tax_rate_id: {value: GB_ZERO}
          tax_amount: {value: '0.00'}
""",
    "receipts": """\
source: {dataset: receipts, key: [id]}
target: {kind: contact_payment, on_existing: create}
priority: 50
label: id
amount: amount
fields:
  transaction_type_id: {value: CUSTOMER_RECEIPT}
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  bank_account_id: {ref: {mapping: banks, by: bank, on_missing: quarantine}}
  date: {from: date}
  total_amount: {from: amount}
  allocated_artefacts:
    items:
      - fields:
          artefact_id: {ref: {mapping: invoices, by: other, on_missing: quarantine}}
          amount: {from: amount}
""",
    "journals": """\
source: {dataset: journals, key: [id]}
target: {kind: journal, on_existing: create}
priority: 50
label: id
amount: amount
fields:
  date: {from: date}
  reference: {value: JNL}
  description: {value: Depreciation}
  journal_lines:
    items:
      - fields:
          ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n4}, on_missing: quarantine}}
          debit: {from: amount}
          credit: {value: '0.00'}
      - fields:
          ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: n5}, on_missing: quarantine}}
          debit: {value: '0.00'}
          credit: {from: amount}
""",
    "allocations": """\
source: {dataset: allocations, key: [id]}
target: {kind: contact_allocation, on_existing: create}
priority: 60
label: id
amount: amount
fields:
  transaction_type_id: {value: CUSTOMER_ALLOCATION}
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  date: {from: date}
  allocated_artefacts:
    each: parts
    fields:
      artefact_id:
        choose:
          - {when: 'item.side == "C"', ref: {mapping: credit_notes, by: item.document, on_missing: omit}}
          - {otherwise: {ref: {mapping: invoices, by: item.document, on_missing: quarantine}}}
      amount: {from: item.amount}
""",
}
DOCUMENTS = """\
id,type,ref,date,amount,other
I1,I,P1,2017-02-01,10.00,G1
I2,I,P1,2017-02-01,10.00,G1
I3,I,P2,2017-02-02,30.00,
I4,I,P3,2017-02-02,30.00,
C1,C,P2,2017-02-03,5.00,
R1,R,P1,2017-02-04,4.00,I1
R2,R,P3,2017-02-04,30.00,I4
J1,J,,2017-02-05,7.00,
J2,J,,2017-02-05,8.00,
A1,A,P2,2017-02-06,5.00,I3/C1
"""

#: How many records of each kind the project has.
COUNTS = {
    "contact": 3,
    "product": 2,
    "sales_invoice": 4,
    "sales_credit_note": 1,
    "contact_payment": 2,
    "journal": 2,
    "contact_allocation": 1,
}


def write_small_trade(folder: Path) -> Path:
    """Write the project into `folder` and return the folder."""
    files = {
        "sagerecon.yaml": PROJECT,
        "sources.yaml": SOURCES,
        "data/parties.csv": "ref,name\nP1,Oak Ltd\nP2,Elm Ltd\nP3,Ash Ltd\n",
        "data/goods.csv": "code,name\nG1,Bolts\nG2,Nuts\n",
        "data/documents.csv": DOCUMENTS,
        **{f"mappings/{name}.yaml": f"{_HEAD}mapping: {name}\n{text}" for name, text in MAPPINGS.items()},
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
