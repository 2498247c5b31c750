"""Plan, run and reconciliation for a terminal of 80 columns, as rich renderables."""
