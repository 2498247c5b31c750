"""A small company in IIF files of QuickBooks Desktop: a joiner with jobs and suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

#: Cells are divided by `|` here and by tabs in the files.
LISTS = """\
!HDR|PROD|VER|REL|IIFVER|DATE
HDR|QuickBooks Pro|Version 30.0D|Release R1P|1|2026-12-31
!ACCNT|NAME|REFNUM|ACCNTTYPE|OBAMOUNT|ACCNUM
ACCNT|Checking|1|BANK|"7,065.00"|1000
ACCNT|Undeposited Funds|2|OCASSET|300.00|1020
ACCNT|Accounts Receivable|3|AR|525.00|1100
ACCNT|Inventory Asset|4|OCASSET|300.00|1200
ACCNT|Furniture and Equipment|5|FIXASSET|"1,200.00"|1500
ACCNT|Accounts Payable|6|AP|-550.00|2000
ACCNT|Company Credit Card|7|CCARD|-25.00|2100
ACCNT|Sales Tax Payable|8|OCLIAB|-120.00|2200
ACCNT|Capital Stock|9|EQUITY||3000
ACCNT|Retained Earnings|10|EQUITY||3900
ACCNT|Sales|11|INC||4000
ACCNT|Cost of Goods Sold|12|COGS||5000
ACCNT|Job Materials|13|COGS||5100
ACCNT|Rent Expense|14|EXP||6000
ACCNT|Office Supplies|15|EXP||6100
ACCNT|Vehicles|16|FIXASSET|0|1510
ACCNT|Estimates|17|NONPOSTING||4
!CUST|NAME|REFNUM|BADDR1|BADDR2|BADDR3|PHONE1|EMAIL|CONT1
CUST|Oakham Stores|1|Oakham Stores|1 High Street|Leeds|0113 496 0000|ap@oakham.example|Jo Dale
CUST|Oakham Stores:Shop fit|2|Oakham Stores|9 Mill Lane|Leeds||
CUST|Caf\u00e9 Elm|3||||||
!VEND|NAME|REFNUM|ADDR1|ADDR2|ADDR3|PHONE1|EMAIL|CONT1
VEND|Ash Timber|1|Ash Timber|2 Low Road|York||accounts@ash.example|
VEND|State Tax Board|2||||||
VEND|Beech Hardware|3||||||
!OTHERNAME|NAME|REFNUM
OTHERNAME|Petty cash box|1
!INVITEM|NAME|REFNUM|INVITEMTYPE|DESC|ACCNT|COGSACCNT|QNTY|QNTY|PRICE
INVITEM|Fitting|1|SERV|Fitting on site|Sales||||45
INVITEM|Door|2|INVENTORY|Oak door|Sales|Cost of Goods Sold|4||250
INVITEM|State Tax|3|COMPTAX|Sales tax|||||8%
"""

#: The years 2025 and 2026: sales tax, an invoice that is partly paid, a job, credit memos, a split bill,
#: payments that are not used up, a card, a journal, and an estimate, which posts nothing.
TRANSACTIONS = """\
!TRNS|TRNSID|TRNSTYPE|DATE|ACCNT|NAME|AMOUNT|DOCNUM|MEMO|DUEDATE|PAID
!SPL|SPLID|TRNSTYPE|DATE|ACCNT|NAME|AMOUNT|DOCNUM|MEMO|INVITEM
!ENDTRNS
TRNS||DEPOSIT|12/01/2025|Checking||8,000.00||Founding
SPL||DEPOSIT|12/01/2025|Capital Stock||-8,000.00
ENDTRNS
TRNS||CHECK|12/15/2025|Checking|Landlord|-400.00|101|December rent
SPL||CHECK|12/15/2025|Rent Expense||400.00
ENDTRNS
TRNS||BILL|02/03/2026|Accounts Payable|Ash Timber|-900.00|A-71||03/05/2026|N
SPL||BILL|02/03/2026|Job Materials||400.00||oak boards
SPL||BILL|02/03/2026|Inventory Asset||500.00||two doors
ENDTRNS
TRNS||INVOICE|03/02/2026|Accounts Receivable|Oakham Stores|540.00|1001||04/01/2026|Y
SPL||INVOICE|03/02/2026|Sales||-500.00||Fitting of shelves
SPL||INVOICE|03/02/2026|Sales Tax Payable|State Tax Board|-40.00
ENDTRNS
TRNS||PAYMENT|03/20/2026|Undeposited Funds|Oakham Stores|540.00|7001
SPL||PAYMENT|03/20/2026|Accounts Receivable|Oakham Stores|-540.00
ENDTRNS
TRNS||DEPOSIT|03/25/2026|Checking||540.00
SPL||DEPOSIT|03/25/2026|Undeposited Funds|Oakham Stores|-540.00
ENDTRNS
TRNS||INVOICE|05/04/2026|Accounts Receivable|Oakham Stores:Shop fit|1,080.00|1002||06/03/2026|N
SPL||INVOICE|05/04/2026|Sales||-1,000.00
SPL||INVOICE|05/04/2026|Sales Tax Payable|State Tax Board|-80.00
ENDTRNS
TRNS||PAYMENT|06/01/2026|Checking|Oakham Stores:Shop fit|480.00|7002
SPL||PAYMENT|06/01/2026|Accounts Receivable|Oakham Stores:Shop fit|-480.00
ENDTRNS
TRNS||CHECK|06/15/2026|Checking||-1,200.00|102|Bench
SPL||CHECK|06/15/2026|Furniture and Equipment||1,200.00
ENDTRNS
TRNS||BILLPMT|07/01/2026|Checking|Ash Timber|-300.00|103
SPL||BILLPMT|07/01/2026|Accounts Payable|Ash Timber|300.00
ENDTRNS
TRNS||INVOICE|08/10/2026|Accounts Receivable|Caf\u00e9 Elm|250.00|1003||09/09/2026|N
SPL||INVOICE|08/10/2026|Sales||-250.00||Oak door
ENDTRNS
TRNS||CREDIT MEMO|08/20/2026|Accounts Receivable|Caf\u00e9 Elm|-50.00|1004
SPL||CREDIT MEMO|08/20/2026|Sales||50.00||Scratch
ENDTRNS
TRNS||CREDIT CARD|09/05/2026|Company Credit Card|Beech Hardware|-75.00
SPL||CREDIT CARD|09/05/2026|Office Supplies||75.00
ENDTRNS
TRNS||INVOICE|10/05/2026|Accounts Receivable|Oakham Stores|300.00|1005||11/04/2026|N
SPL||INVOICE|10/05/2026|Sales||-200.00||Repair
SPL||INVOICE|10/05/2026|Sales||-120.00||Paint
SPL||INVOICE|10/05/2026|Sales||20.00||Discount
ENDTRNS
TRNS||BILL|10/12/2026|Accounts Payable|Beech Hardware|-220.00|B-9||11/11/2026|N
SPL||BILL|10/12/2026|Office Supplies||120.00||Paper
SPL||BILL|10/12/2026|Job Materials||100.00||Screws
ENDTRNS
TRNS||BILL CREDIT|10/20/2026|Accounts Payable|Beech Hardware|20.00|BC-1
SPL||BILL CREDIT|10/20/2026|Office Supplies||-20.00||Paper sent back
ENDTRNS
TRNS||CREDIT MEMO|11/02/2026|Accounts Receivable|Oakham Stores|-30.00|1006
SPL||CREDIT MEMO|11/02/2026|Sales||30.00||Paint
ENDTRNS
TRNS||PAYMENT|11/15/2026|Undeposited Funds|Oakham Stores:Shop fit|300.00|7003
SPL||PAYMENT|11/15/2026|Accounts Receivable|Oakham Stores:Shop fit|-300.00
ENDTRNS
TRNS||BILLPMT|12/01/2026|Checking|Ash Timber|-250.00|104
SPL||BILLPMT|12/01/2026|Accounts Payable|Ash Timber|250.00
ENDTRNS
TRNS||GENERAL JOURNAL|12/20/2026|Cost of Goods Sold||200.00|J1|A door left the stock
SPL||GENERAL JOURNAL|12/20/2026|Inventory Asset||-200.00
ENDTRNS
TRNS||PAYMENT|12/22/2026|Checking|Caf\u00e9 Elm|245.00|7004
SPL||PAYMENT|12/22/2026|Accounts Receivable|Caf\u00e9 Elm|-245.00
ENDTRNS
TRNS||TRANSFER|12/28/2026|Checking||-50.00
SPL||TRANSFER|12/28/2026|Company Credit Card||50.00
ENDTRNS
TRNS||ESTIMATES|12/29/2026|Estimates|Oakham Stores|500.00|E1
SPL||ESTIMATES|12/29/2026|Sales||-500.00
ENDTRNS
"""


def write_iif(folder: Path, files: Mapping[str, str]) -> Path:
    """Write each text into `folder` as an IIF file by its name, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.iif").write_text(text.replace("|", "\t"), encoding="cp1252")
    return folder
