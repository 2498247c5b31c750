"""A small export of Xero's tables: a British organisation that also trades in dollars and euros."""

from __future__ import annotations

from pathlib import Path

TABLES = {
    "account": """\
        account_id,name,code,type,class
        a1,Trading Account,090,BANK,ASSET
        a2,Company Card,,BANK,ASSET
        a3,Accounts Receivable,610,CURRENT,ASSET
        a4,Accounts Payable,800,CURRLIAB,LIABILITY
        a5,Sales,200,REVENUE,REVENUE
        a6,Cost of Goods Sold,310,DIRECTCOSTS,EXPENSE
        a7,Rounding,860,CURRLIAB,LIABILITY
        a8,Retained Earnings,960,EQUITY,EQUITY
        a9,Advertising,400,EXPENSE,EXPENSE
    """,
    "contact": """\
        contact_id,name,email_address
        c1,Elm Ltd,ap@elm.example
        c2,Fir Inc,
        c3,Idle Ltd,
    """,
    "invoice": """\
        invoice_id,contact_id,date,due_date,amount_due,total,currency_code,currency_rate,invoice_number,status,type
        i1,c1,2026-12-01,2026-12-31,100,100,GBP,1,INV-1,AUTHORISED,ACCREC
        i2,c1,2026-12-02,2027-01-01,100,100,USD,1.3,INV-2,AUTHORISED,ACCREC
        i3,c2,2026-12-03,2027-01-02,100,150,USD,1.3,INV-3,AUTHORISED,ACCREC
        i4,c2,2026-11-03,2026-12-02,0,50,USD,1.3,INV-4,PAID,ACCREC
        i5,c2,2026-11-04,2026-12-03,50,50,USD,1.3,INV-5,VOIDED,ACCREC
        i6,c1,2026-12-05,2027-01-04,60,60,EUR,1.2,,AUTHORISED,ACCPAY
        i7,c1,2026-12-06,2027-01-05,10,10,EUR,1.2,B-8,DRAFT,ACCPAY
    """,
    "credit_note": """\
        credit_note_id,credit_note_number,contact_id,date,currency_code,currency_rate,total,remaining_credit,status,type
        n1,CN-1,c1,2026-12-10,USD,1.25,20,10,AUTHORISED,ACCRECCREDIT
    """,
    "journal": """\
        journal_id,journal_date,journal_number
        j1,2025-06-30,1
        j2,2026-12-10,2
        j3,2026-12-10,3
        j4,2026-12-11,4
    """,
    "journal_line": """\
        journal_line_id,journal_id,account_id,net_amount
        l1,j1,a1,1000
        l2,j1,a5,-1000
        l3,j2,a3,245.85
        l4,j2,a5,-245.85
        l5,j3,a6,50
        l6,j3,a4,-50
        l7,j4,a9,12.5
        l8,j4,a2,-12.5
    """,
    "tracking_category": """\
        tracking_category_id,name,status
        t1,Department,ACTIVE
        t2,Colour,ACTIVE
    """,
    "tracking_category_option": """\
        tracking_option_id,name,status
        o1,Workshop,ACTIVE
        o2,Red,ACTIVE
        o3,Old shop,ARCHIVED
    """,
    "journal_line_has_tracking_category": """\
        journal_line_id,tracking_category_id,tracking_category_option_id
        l4,t1,o1
        l4,t2,o2
        l6,t1,o3
    """,
}


def write_export(folder: Path, **tables: str) -> Path:
    """Write the export into `folder`, one CSV file per table, and return the folder.

    Args:
        tables: texts that take the place of those above, by table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**TABLES, **tables}.items():
        lines = "".join(f"{line.strip()}\n" for line in text.strip().splitlines())
        (folder / f"{name}.csv").write_text(lines)
    return folder
