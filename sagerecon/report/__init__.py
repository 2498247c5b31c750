"""Edge: pages of plan, run and reconciliation."""
