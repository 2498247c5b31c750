"""A simulated Sage business: double entry, quotas, faults and a virtual clock."""
