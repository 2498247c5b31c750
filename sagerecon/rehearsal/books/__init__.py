"""The books of a simulated Sage business: records, double entry, sub-ledgers, stock, tax and reports."""
