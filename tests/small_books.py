"""A project with books as text: a customer, a supplier, two open documents each, the rest of the balances.

Everything lies before the cut-over and every total agrees, so that a test breaks one thing and sees it.
"""

from collections.abc import Mapping
from pathlib import Path

PROJECT = """\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
crosswalks: [crosswalks/*.csv]
cut_over: 2017-03-31
as_at: 2017-04-30
business: {country: GB, currency: GBP}
control_accounts: {debtors: 1100, creditors: 2100, opening: 9999}
tie_outs:
  trial_balance: {dataset: balances, crosswalk: nominals}
  debtors: {dataset: debtors}
  creditors: {dataset: creditors}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  parties:
    path: parties.csv
    columns: {ref: {type: text, required: true}, name: {type: text, required: true}, side: {type: text}}
  documents:
    path: documents.csv
    columns:
      number: {type: text, required: true}
      ref: {type: text, required: true}
      type: {type: text, required: true}
      date: {type: date, required: true}
      amount: {type: decimal, scale: 2, required: true}
  accounts:
    path: accounts.csv
    columns:
      account: {type: text, required: true}
      name: {type: text, required: true}
      amount: {type: decimal, scale: 2, required: true}
      adjustment: {type: text}
datasets:
  parties: {sql: SELECT * FROM parties ORDER BY ref}
  documents: {sql: SELECT * FROM documents ORDER BY number}
  balances: {sql: SELECT * FROM accounts ORDER BY account}
  opening:
    sql: |
      SELECT 'TB' AS id, list(_origin ORDER BY account) AS _origin,
             list({account: account, debit: greatest(amount, 0), credit: greatest(-amount, 0)}
                  ORDER BY account) AS lines
      FROM accounts WHERE account NOT IN ('DEBTORS', 'CREDITORS')
  debtors:
    sql: |
      SELECT 'parties/' || p.ref AS contact, p.name, d.number AS document, d.date,
             CASE d.type WHEN 'INVOICE' THEN d.amount ELSE -d.amount END AS amount,
             d._origin
      FROM documents d JOIN parties p ON p.ref = d.ref WHERE p.side = 'CUSTOMER' ORDER BY ALL
  creditors:
    sql: |
      SELECT 'parties/' || p.ref AS contact, p.name, d.number AS document, d.date,
             CASE d.type WHEN 'INVOICE' THEN d.amount ELSE -d.amount END AS amount,
             d._origin
      FROM documents d JOIN parties p ON p.ref = d.ref WHERE p.side = 'VENDOR' ORDER BY ALL
controls:
  trial_balance:
    about: the trial balance
    severity: error
    hint: Export accounts.csv again.
    figures:
      sum:
        about: sum of all balances
        sql: SELECT '' AS bucket, sum(amount) AS amount FROM accounts
"""
PARTIES = """\
sagerecon: mapping/v1
mapping: parties
source: {dataset: parties, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
fields:
  reference: {from: ref}
  name: {from: name}
  contact_type_ids: {items: [{from: side}]}
"""
DOCUMENTS = """\
sagerecon: mapping/v1
mapping: documents
source: {dataset: documents, key: [number]}
target: {kind: contact_opening_balance, identity: {reference: reference}, on_existing: create}
label: number
amount: amount
fields:
  contact_opening_balance_type_id: {from: type}
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  date: {from: date}
  reference: {from: number}
  total_amount: {from: amount}
"""
OPENING = """\
sagerecon: mapping/v1
mapping: opening
source: {dataset: opening, key: [id]}
target: {kind: opening_balance_journal, identity: {reference: reference}, on_existing: create}
unmapped: {source: ignore, target: error_if_required}
fields:
  date: {from: param.cut_over}
  reference: {from: id}
  journal_lines:
    each: lines
    fields:
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: item.account}, do: [{crosswalk: nominals}],
              on_missing: quarantine}
      debit: {from: item.debit}
      credit: {from: item.credit}
      details: {from: item.account}
"""

FILES = {
    "sagerecon.yaml": PROJECT,
    "sources.yaml": SOURCES,
    "mappings/parties.yaml": PARTIES,
    "mappings/documents.yaml": DOCUMENTS,
    "mappings/opening.yaml": OPENING,
    "crosswalks/nominals.csv": "source,target\nDEBTORS,1100\nCREDITORS,2100\nVANS,30\nCAPITAL,3000\n",
    "data/parties.csv": "ref,name,side\nC1,Oak Ltd,CUSTOMER\nS1,Elm plc,VENDOR\n",
    "data/documents.csv": (
        "number,ref,type,date,amount\n"
        "I1,C1,INVOICE,2017-03-01,130.00\n"
        "N1,C1,CREDIT_NOTE,2017-03-31,10.00\n"
        "B1,S1,INVOICE,2017-03-01,30.00\n"
        "B2,S1,CREDIT_NOTE,2017-03-31,10.00\n"
    ),
    "data/accounts.csv": (
        "account,name,amount,adjustment\n"
        "DEBTORS,Debtors,120.00,\n"
        "CREDITORS,Creditors,-20.00,\n"
        "VANS,Vans,50.00,\n"
        "CAPITAL,Capital,-150.00,\n"
    ),
}


def write_small_books(folder: Path, changes: Mapping[str, tuple[str, str]] = {}) -> Path:
    """Write the project into `folder` and return the folder.

    Args:
        changes: by file, a text to replace and what takes its place.
    """
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before, after = changes.get(name, ("", ""))
        assert before in text, before
        path.write_text(text.replace(before, after) if before else text)
    return folder
